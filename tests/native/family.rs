//! Any BERT-family model of sentence-transformers gives the vectors that sentence-transformers gives, from the folder's
//! own configs: tiny random models of each kind, see the README of the fixture.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use carrel::carrel::Carrel;
use carrel::embed::{Embedder, prepare};
use carrel::error::Result;
use carrel::ingest::Content;
use carrel::model::{Model, OPTIONAL_FILES, PREPARED_FILE, REQUIRED_FILES};
use carrel::vector::UnitVector;
use proptest::prelude::*;
use safetensors::{SafeTensors, serialize};
use tokenizers::Tokenizer;

use crate::desk::{project, source};

const DIMENSIONS: usize = 32;
/// The most tokens that each of the models reads, marks and prompt among them.
const LIMIT: usize = 48;
const COSINE: f64 = 0.99999;
const COMPONENT: f32 = 1e-5;

/// Folder, prompt of a question, prompt of a passage, how many tokens of text that leaves.
const MODELS: [(&str, &str, &str, usize); 5] = [
    ("bert-mean", "", "", 46),
    ("bert-cls", "Represent this sentence for searching relevant passages: ", "", 46),
    ("bert-unigram", "query: ", "passage: ", 0),
    ("xlm-roberta", "query: ", "passage: ", 0),
    ("roberta", "", "", 46),
];

/// A model's files by name.
pub type Folder = BTreeMap<String, Vec<u8>>;

pub fn folder(name: &str) -> Folder {
    let folder = project("tests/fixtures/family").join(name);
    let files = REQUIRED_FILES.into_iter().chain(OPTIONAL_FILES);
    files.filter_map(|file| Some((file.to_owned(), std::fs::read(folder.join(file)).ok()?))).collect()
}

pub fn load(folder: &Folder) -> Result<Embedder> {
    Embedder::new(Model::read(|name| folder.get(name).cloned())?)
}

fn embedders() -> &'static [Embedder] {
    static EMBEDDERS: OnceLock<Vec<Embedder>> = OnceLock::new();
    EMBEDDERS.get_or_init(|| MODELS.iter().map(|model| load(&folder(model.0)).unwrap()).collect())
}

/// The texts of the vectors, as the fixture's generator chooses them.
fn texts() -> &'static [String] {
    static TEXTS: OnceLock<Vec<String>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let read = |path: &str| -> Vec<serde_json::Value> {
            serde_json::from_slice(&std::fs::read(project(path)).unwrap()).unwrap()
        };
        let golden = read("tests/fixtures/golden/texts.json").into_iter().step_by(4);
        let all = golden.chain(read("tests/fixtures/family/texts.json"));
        all.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
    })
}

fn expected(model: &str, file: &str) -> Vec<Vec<f32>> {
    let bytes = std::fs::read(project("tests/fixtures/family").join(model).join(file)).unwrap();
    assert_eq!(bytes.len(), texts().len() * DIMENSIONS * 4);
    let numbers = |row: &[u8]| row.chunks_exact(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect();
    bytes.chunks_exact(DIMENSIONS * 4).map(numbers).collect()
}

fn assert_alike(what: &str, ours: &UnitVector, theirs: &[f32]) {
    let ours = ours.as_slice();
    let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let cosine = dot(ours, theirs) / (dot(ours, ours) * dot(theirs, theirs)).sqrt();
    let furthest = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(ours.len() == theirs.len() && cosine >= COSINE && furthest <= COMPONENT, "{what}: {cosine}, {furthest:e}");
}

/// All vectors of a model, those of questions and then those of passages.
fn vectors(embedder: &Embedder) -> Vec<UnitVector> {
    let all: Vec<&str> = texts().iter().map(String::as_str).collect();
    let questions = all.iter().map(|text| embedder.embed_query(text).unwrap());
    questions.collect::<Vec<_>>().into_iter().chain(embedder.embed_passages(&all).unwrap()).collect()
}

#[test]
fn prepared_they_read_the_same_and_come_near() {
    for ((name, ..), published) in MODELS.iter().zip(embedders()) {
        let files = folder(name);
        let file = prepare(|name| files.get(name).cloned()).unwrap();
        let prepared = load(&Folder::from([(PREPARED_FILE.to_owned(), file)])).unwrap();
        assert_eq!(prepared.token_limit(), published.token_limit(), "{name}");
        assert_eq!(prepared.query_token_limit(), published.query_token_limit(), "{name}");
        let texts: Vec<&str> = texts().iter().map(String::as_str).collect();
        for text in &texts {
            assert_eq!(prepared.token_starts(text), published.token_starts(text), "{name}: {text:?}");
        }
        let passages = |embedder: &Embedder| embedder.embed_passages(&texts).unwrap();
        let questions = |embedder: &Embedder| -> Vec<UnitVector> {
            texts.iter().map(|text| embedder.embed_query(text).unwrap()).collect()
        };
        let near = passages(&prepared).into_iter().chain(questions(&prepared));
        let exact = passages(published).into_iter().chain(questions(published));
        let cosines: Vec<f32> = near.zip(exact).map(|(near, exact)| near.cosine(&exact)).collect();
        let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
        let least = cosines.iter().fold(1.0f32, |least, cosine| least.min(*cosine));
        // Weights at random have less to agree on than trained ones.
        assert!(mean >= 0.995 && least >= 0.98, "{name}: {mean}, {least}");
    }
}

#[test]
fn every_kind_of_model_gives_questions_and_passages_the_vectors_that_sentence_transformers_gives_them() {
    assert!(texts().len() > 50);
    for (embedder, (model, ..)) in embedders().iter().zip(MODELS) {
        assert_eq!(embedder.dimensions(), DIMENSIONS);
        let theirs = expected(model, "queries.f32").into_iter().chain(expected(model, "passages.f32"));
        let names = texts().iter().chain(texts());
        for ((ours, theirs), text) in vectors(embedder).iter().zip(theirs).zip(names) {
            assert_alike(&format!("{model}, {text:?}"), ours, &theirs);
        }
    }
}

#[test]
fn a_prompt_changes_the_vector_of_what_it_stands_before() {
    for (embedder, (model, query, passage, _)) in embedders().iter().zip(MODELS) {
        let text = "the library opens at nine";
        let question = embedder.embed_query(text).unwrap();
        let read = embedder.embed_passages(&[text]).unwrap().remove(0);
        assert_eq!(question == read, query == passage, "{model}");
    }
}

#[test]
fn prompts_and_marks_take_their_tokens_of_the_limit() {
    for (embedder, (model, query, passage, room)) in embedders().iter().zip(MODELS) {
        let tokens = |text: &str| tokenizer(model).encode(text, false).unwrap().len();
        if room > 0 {
            assert_eq!(embedder.token_limit(), room, "{model}");
        }
        assert_eq!(embedder.token_limit(), LIMIT - 2 - tokens(passage.trim_end()), "{model}");
        assert_eq!(embedder.query_token_limit(), LIMIT - 2 - tokens(query.trim_end()), "{model}");
        // What is beyond the limit is not read, and what is within is.
        let word = embedder.token_starts("a a").len() - embedder.token_starts("a").len();
        assert_eq!(word, 1, "{model}: the test needs a word of one token");
        let full = vec!["a"; embedder.token_limit()].join(" ");
        let embed = |text: &str| embedder.embed_passages(&[text]).unwrap().remove(0);
        assert_eq!(embed(&full), embed(&format!("{full} b")), "{model}");
        assert_ne!(embed(&full), embed(&format!("{} b", &full[..full.len() - 2])), "{model}");
    }
}

/// The tokenizer of a model as the library has it, without what its file says of padding and cutting.
fn tokenizer(model: &str) -> Tokenizer {
    let mut tokenizer = Tokenizer::from_bytes(&folder(model)["tokenizer.json"]).unwrap();
    tokenizer.with_padding(None).with_truncation(None).unwrap();
    tokenizer
}

#[test]
fn every_chunk_of_a_document_is_read_to_its_end() {
    let text: String = texts().iter().map(|text| format!("{text}\n\n")).collect();
    for (model, _, passage, _) in MODELS {
        let mut carrel = Carrel::new(Model::read(|name| folder(model).get(name).cloned()).unwrap()).unwrap();
        carrel.add_all([source("all.txt", Content::Text(text.clone()))]).remove(0).unwrap();
        let entry = carrel.entry("all.txt").unwrap();
        assert!(entry.chunks.len() > 20);
        let tokenizer = tokenizer(model);
        for chunk in &entry.chunks {
            let chunk = chunk.span.of(&entry.document.text);
            // Its folder says do_lower_case, and its tokenizer.json does not.
            let seen = if model == "bert-unigram" { chunk.to_lowercase() } else { chunk.to_owned() };
            let read = tokenizer.encode(format!("{passage}{seen}"), true).unwrap().len();
            assert!(read <= LIMIT, "{model}: {read} tokens of {chunk:?}");
        }
    }
}

fn check_starts(embedder: &Embedder, text: &str) -> std::result::Result<(), TestCaseError> {
    let starts = embedder.token_starts(text);
    prop_assert!(starts.is_sorted(), "{starts:?}");
    for &start in &starts {
        prop_assert!(start <= text.len() && text.is_char_boundary(start), "{start} in {text:?}");
    }
    Ok(())
}

/// Characters that normalisers make more, fewer or others of.
const STRANGE: &str = "[a-z ﬁ…Ａ\u{200b}\u{301}éİß한ᄒ日本👩\u{200d}🇫\u{a0}\n\t<>\\[\\]/pads]{0,60}";

proptest! {
    #[test]
    fn tokens_begin_in_order_and_at_characters(text in prop_oneof![any::<String>(), STRANGE.prop_map(|it| it)]) {
        for embedder in embedders() {
            check_starts(embedder, &text)?;
        }
    }

    #[test]
    fn a_token_begins_with_every_word(words in prop::collection::vec("[a-z]{1,12}", 1..20), gap in " |  |\n\n") {
        let text = words.join(&gap);
        let mut at = 0;
        for word in words {
            for (embedder, (model, ..)) in embedders().iter().zip(MODELS) {
                prop_assert!(embedder.token_starts(&text).contains(&at), "{model}: {at} in {text:?}");
            }
            at += word.len() + gap.len();
        }
    }
}

/// The same tensors under other names.
fn renamed(weights: &[u8], rename: impl Fn(&str) -> String) -> Vec<u8> {
    let tensors = SafeTensors::deserialize(weights).unwrap();
    serialize(tensors.iter().map(|(name, tensor)| (rename(name), tensor)), None).unwrap()
}

#[test]
fn the_same_network_is_known_by_its_other_names() {
    let same = |model: &str, folder: &Folder| {
        let at = MODELS.iter().position(|it| it.0 == model).unwrap();
        assert_eq!(vectors(&load(folder).unwrap()), vectors(&embedders()[at]), "{model}");
    };
    let mut camembert = folder("xlm-roberta");
    edit(&mut camembert, "config.json", |config| config["model_type"] = "camembert".into());
    same("xlm-roberta", &camembert);
    for (model, prefix) in [("bert-mean", "bert."), ("roberta", "roberta.")] {
        let mut prefixed = folder(model);
        let weights = renamed(&prefixed["model.safetensors"], |name| format!("{prefix}{name}"));
        prefixed.insert("model.safetensors".into(), weights);
        same(model, &prefixed);
    }
    let mut first = folder("bert-mean");
    let older =
        |name: &str| name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
    let weights = renamed(&first["model.safetensors"], older);
    first.insert("model.safetensors".into(), weights);
    same("bert-mean", &first);
}

/// Changes one of the folder's JSON files.
pub fn edit(folder: &mut Folder, file: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let mut value = serde_json::from_slice(&folder[file]).unwrap();
    change(&mut value);
    folder.insert(file.to_owned(), serde_json::to_vec(&value).unwrap());
}
