//! [`Error`] → a JavaScript `Error` with a `code`

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::error::Error;

/// What JavaScript catches; `www/errors.js` makes a `CarrelError` of it.
pub(super) fn thrown(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    thrown.set_name("CarrelError");
    // Setting a property of a new object cannot fail.
    let _ = Reflect::set(&thrown, &"code".into(), &error.code().into());
    thrown.into()
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(message: &str);
}

/// Writes the message of a panic to the console before the module is given up.
#[wasm_bindgen(start)]
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| console_error(&panic.to_string())));
}
