//! Our vectors are those of sentence-transformers and of candle-transformers, alone and in any company.

use std::sync::OnceLock;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use carrel::vector::UnitVector;
use proptest::prelude::*;
use tokenizers::{Tokenizer, TruncationParams};

use crate::desk::{embedder, model_folder, project};

const DIMENSIONS: usize = 384;
const TOKENS: usize = 256;
/// How near in cosine, and how near in each component, the same text must come.
const COSINE: f64 = 0.99999;
const COMPONENT: f32 = 1e-5;

struct Golden {
    name: String,
    text: String,
    vector: Vec<f32>,
}

/// What Python made: see the README of the fixture.
fn golden() -> &'static [Golden] {
    static GOLDEN: OnceLock<Vec<Golden>> = OnceLock::new();
    GOLDEN.get_or_init(|| {
        let folder = project("tests/fixtures/golden");
        let texts: Vec<serde_json::Value> =
            serde_json::from_slice(&std::fs::read(folder.join("texts.json")).unwrap()).unwrap();
        let bytes = std::fs::read(folder.join("minilm.f32")).unwrap();
        assert_eq!(bytes.len(), texts.len() * DIMENSIONS * 4);
        let rows = bytes.chunks_exact(DIMENSIONS * 4);
        let vector = |row: &[u8]| row.chunks_exact(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect();
        let string = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        texts
            .iter()
            .zip(rows)
            .map(|(it, row)| Golden { name: string(&it["name"]), text: string(&it["text"]), vector: vector(row) })
            .collect()
    })
}

/// Each text alone, once for all tests.
fn alone() -> &'static [UnitVector] {
    static ALONE: OnceLock<Vec<UnitVector>> = OnceLock::new();
    ALONE.get_or_init(|| golden().iter().map(|it| embedder().embed_query(&it.text).unwrap()).collect())
}

fn cosine(left: &[f32], right: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}

fn furthest(left: &UnitVector, right: &UnitVector) -> f32 {
    left.as_slice().iter().zip(right.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_golden_text_has_the_vector_that_sentence_transformers_gives_it() {
    assert!(golden().len() >= 60);
    for (Golden { name, vector, .. }, ours) in golden().iter().zip(alone()) {
        let cosine = cosine(ours.as_slice(), vector);
        assert!(cosine >= COSINE, "{name}: {cosine}");
    }
}

#[test]
fn every_golden_text_has_the_vector_that_candle_transformers_gives_it() {
    let folder = model_folder();
    let config: Config = serde_json::from_slice(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let weights = std::fs::read(folder.join("model.safetensors")).unwrap();
    let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).unwrap();
    let bert = BertModel::load(weights, &config).unwrap();
    let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).unwrap();
    tokenizer.with_padding(None);
    tokenizer.with_truncation(Some(TruncationParams { max_length: TOKENS, ..TruncationParams::default() })).unwrap();
    for (Golden { name, text, .. }, ours) in golden().iter().zip(alone()) {
        let encoding = tokenizer.encode(text.as_str(), true).unwrap();
        let tokens = Tensor::new(encoding.get_ids(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let states = bert.forward(&tokens, &tokens.zeros_like().unwrap(), None).unwrap();
        let theirs: Vec<f32> = states.mean(1).unwrap().squeeze(0).unwrap().to_vec1().unwrap();
        let cosine = cosine(ours.as_slice(), &theirs);
        assert!(cosine >= COSINE, "{name}: {cosine}");
    }
}

#[test]
fn all_texts_in_one_batch_have_the_vectors_they_have_alone() {
    let texts: Vec<&str> = golden().iter().map(|it| it.text.as_str()).collect();
    let together = embedder().embed_passages(&texts).unwrap();
    for ((it, alone), together) in golden().iter().zip(alone()).zip(&together) {
        assert!(furthest(alone, together) <= COMPONENT, "{}: {}", it.name, furthest(alone, together));
        assert!(cosine(alone.as_slice(), together.as_slice()) >= COSINE);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn batch_mates_and_their_order_never_change_a_vector(chosen in prop::sample::subsequence((0..golden().len()).collect::<Vec<_>>(), 1..40).prop_shuffle()) {
        let texts: Vec<&str> = chosen.iter().map(|&at| golden()[at].text.as_str()).collect();
        for (&at, together) in chosen.iter().zip(embedder().embed_passages(&texts).unwrap()) {
            let difference = furthest(&alone()[at], &together);
            prop_assert!(difference <= COMPONENT, "{}: {difference}", golden()[at].name);
            prop_assert!(cosine(alone()[at].as_slice(), together.as_slice()) >= COSINE);
        }
    }
}

#[test]
fn vectors_have_length_one() {
    for (it, vector) in golden().iter().zip(alone()) {
        let length: f64 = vector.as_slice().iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        assert!((length - 1.0).abs() < 1e-6, "{}: {length}", it.name);
        assert_eq!(vector.as_slice().len(), DIMENSIONS);
    }
}

#[test]
fn a_padding_token_that_is_written_out_counts() {
    let text = "padding [PAD][PAD][PAD] in the middle";
    let with = embedder().embed_query(text).unwrap();
    let without = embedder().embed_query("padding in the middle").unwrap();
    assert!(with.cosine(&without) < 0.99, "{}", with.cosine(&without));
    // Beside a longer text, whose batch is padded with the same token.
    let long = "a longer text ".repeat(30);
    let beside = embedder().embed_passages(&[&long, text]).unwrap().swap_remove(1);
    assert!(furthest(&with, &beside) <= COMPONENT, "{}", furthest(&with, &beside));
}

#[test]
fn no_text_at_all_gives_no_vector_at_all() {
    assert_eq!(embedder().embed_passages(&[]).unwrap(), []);
}
