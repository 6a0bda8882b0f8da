//! The vectors of sentence-transformers, in WebAssembly with its SIMD.

use carrel::embed::Embedder;
use carrel::model::Model;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::model_file;

const DIMENSIONS: usize = 384;

#[wasm_bindgen_test]
fn every_golden_text_has_its_vector_in_webassembly_too() {
    let texts: Vec<serde_json::Value> = serde_json::from_str(include_str!("../fixtures/golden/texts.json")).unwrap();
    let rows = include_bytes!("../fixtures/golden/minilm.f32").chunks_exact(DIMENSIONS * 4);
    assert_eq!(rows.len(), texts.len());
    let model = Model::read(|name| model_file(name).map(<[u8]>::to_vec)).unwrap();
    let embedder = Embedder::new(model).unwrap();
    let all: Vec<&str> = texts.iter().map(|it| it["text"].as_str().unwrap()).collect();
    for ((it, row), ours) in texts.iter().zip(rows).zip(embedder.embed_passages(&all).unwrap()) {
        let theirs = row.chunks_exact(4).map(|it| f64::from(f32::from_le_bytes(it.try_into().unwrap())));
        let cosine: f64 = ours.as_slice().iter().zip(theirs).map(|(a, b)| f64::from(*a) * b).sum();
        assert!(cosine >= 0.99999, "{}: {cosine}", it["name"]);
    }
    // Alone as in the batch of all.
    for at in [0, 9, 46, 80] {
        let alone = embedder.embed_query(all[at]).unwrap();
        let together = &embedder.embed_passages(&all[..=at]).unwrap()[at];
        let differences = alone.as_slice().iter().zip(together.as_slice()).map(|(a, b)| (a - b).abs());
        assert!(differences.fold(0.0, f32::max) <= 1e-5, "{}", texts[at]["name"]);
    }
}
