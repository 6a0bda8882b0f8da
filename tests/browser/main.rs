//! What only a browser can tell: that the vectors are the same in WebAssembly, and that the binding speaks
//! JavaScript's language. All else is tested natively.
#![cfg(target_arch = "wasm32")]

mod engine;
mod golden;

use std::collections::HashMap;

use carrel::web::Engine;
use js_sys::{Array, Function, JSON, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A file of the model's folder, which `make model` puts there.
fn model_file(name: &str) -> Option<&'static [u8]> {
    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../../models/all-MiniLM-L6-v2/", $name))
        };
    }
    match name {
        "config.json" => Some(file!("config.json")),
        "tokenizer.json" => Some(file!("tokenizer.json")),
        "model.safetensors" => Some(file!("model.safetensors")),
        "sentence_bert_config.json" => Some(file!("sentence_bert_config.json")),
        "1_Pooling/config.json" => Some(file!("1_Pooling/config.json")),
        _ => None,
    }
}

/// A JavaScript function from the name of a file to its bytes.
fn files(file: impl Fn(&str) -> Option<Vec<u8>> + 'static) -> Function {
    let bytes = move |name: String| file(&name).map(|bytes| Uint8Array::from(bytes.as_slice()));
    Closure::<dyn Fn(String) -> Option<Uint8Array>>::new(bytes).into_js_value().unchecked_into()
}

fn engine() -> Engine {
    Engine::new(&files(|name| model_file(name).map(<[u8]>::to_vec))).unwrap()
}

fn json(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

/// A property, reached by a path such as `sources.0.text`.
fn get(value: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(value.clone(), |value, name| Reflect::get(&value, &name.into()).unwrap())
}

fn text(value: &JsValue, path: &str) -> String {
    get(value, path).as_string().unwrap()
}

fn number(value: &JsValue, path: &str) -> u32 {
    get(value, path).as_f64().unwrap() as u32
}

/// What JavaScript cuts out of a text by a span.
fn slice(whole: &str, span: &JsValue) -> String {
    JsString::from(whole).slice(number(span, "start"), number(span, "end")).into()
}

/// Adds a text step by step, as the desk does; what is handed out is embedded by `Engine::encode`.
fn add(engine: &mut Engine, name: &str, content: &str) -> JsValue {
    let source = json("{}");
    for (key, value) in [("id", name), ("name", name), ("text", content)] {
        Reflect::set(&source, &key.into(), &value.into()).unwrap();
    }
    let mut adding = engine.begin(source, None).unwrap();
    while !adding.is_done() {
        let batch = engine.next_batch(&mut adding);
        if batch.is_null() {
            engine.cut(&mut adding);
            continue;
        }
        let texts = Array::from(&get(&batch, "texts")).iter().map(|text| text.as_string().unwrap()).collect();
        engine.put(&mut adding, number(&batch, "first") as usize, &engine.encode(texts).unwrap()).unwrap();
    }
    assert_eq!(adding.progress(), 1.0);
    engine.finish(adding).unwrap()
}

/// The files of pairs of name and bytes, by name.
fn by_name(pairs: &Array) -> HashMap<String, Vec<u8>> {
    let file = |pair: JsValue| (text(&pair, "0"), Uint8Array::from(get(&pair, "1")).to_vec());
    pairs.iter().map(file).collect()
}
