//! The model alone, for the workers that embed documents.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::engine::bytes_of;
use super::error::thrown;
use crate::embed::Embedder;
use crate::model::Model;

/// A model that turns passages into vectors.
#[wasm_bindgen]
pub struct Encoder {
    embedder: Embedder,
}

#[wasm_bindgen]
impl Encoder {
    /// `file(name)` gives the bytes of a file of the model's folder, or nothing.
    #[wasm_bindgen(constructor)]
    pub fn new(file: &Function) -> Result<Encoder, JsValue> {
        let model = Model::read(|name| bytes_of(file, name)).map_err(thrown)?;
        Ok(Self { embedder: Embedder::new(model).map_err(thrown)? })
    }

    /// The vectors of passages, of length one each, one behind the other.
    pub fn encode(&self, texts: Vec<String>) -> Result<Vec<f32>, JsValue> {
        encoded(&self.embedder, &texts)
    }
}

/// The vectors of texts, one behind the other.
pub(super) fn encoded(embedder: &Embedder, texts: &[String]) -> Result<Vec<f32>, JsValue> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = embedder.embed_passages(&texts).map_err(thrown)?;
    Ok(vectors.iter().flat_map(|vector| vector.as_slice()).copied().collect())
}
