//! an API's address → which language models it has, for the page to send and receive
//!
//! Needs neither an index nor an embedding model: whoever connects a language model asks this first.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::convert;
use super::engine::text_of;
use super::error::thrown;
use crate::generate::{self, Settings};

/// The request for the list: `[url, headers]`, to be sent by GET.
#[wasm_bindgen(js_name = modelsRequest)]
pub fn models_request(generator: JsValue) -> Result<JsValue, JsValue> {
    let request = generate::models_request(&settings(generator)?).map_err(thrown)?;
    Ok(convert::out(&(&request.url, &request.headers)))
}

/// The names in the answer to it; `header(name)` gives a header, where it can be seen.
#[wasm_bindgen]
pub fn models(
    generator: JsValue,
    url: &str,
    status: u16,
    header: &Function,
    body: &[u8],
) -> Result<Vec<String>, JsValue> {
    let settings = settings(generator)?;
    let names = match status {
        200..300 => generate::models(settings.api, url, body),
        _ => Err(generate::failure(url, &settings.model, status, &|name| text_of(header, name), body)),
    };
    names.map_err(thrown)
}

/// The error for an API that could not be reached.
#[wasm_bindgen]
pub fn unreachable(url: &str) -> JsValue {
    thrown(generate::broken(url, false))
}

fn settings(generator: JsValue) -> Result<Settings, JsValue> {
    convert::given("generator", generator)
}
