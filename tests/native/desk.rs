//! What the tests work with: the real model, loaded once, and the places of files.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use carrel::carrel::Carrel;
use carrel::document::{Document, Format, Metadata};
use carrel::embed::Embedder;
use carrel::ingest::{self, Content, Source};
use carrel::model::{Model, PREPARED_FILE};

/// A file of this project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file of the test data beside the project, which must be there.
pub fn shared(path: &str) -> PathBuf {
    let file = project("../shared").join(path);
    assert!(file.exists(), "{} is missing: these tests need the data that DATA.md describes", file.display());
    file
}

/// The text of such a file.
pub fn shared_text(path: &str) -> String {
    std::fs::read_to_string(shared(path)).unwrap()
}

/// The folder of the model, which must be there.
pub fn model_folder() -> PathBuf {
    let folder = project("models/all-MiniLM-L6-v2");
    assert!(folder.join("model.safetensors").is_file(), "the model is missing: run `make model`");
    folder
}

/// The model as it was published, in f32.
pub fn model() -> Model {
    let folder = model_folder();
    Model::read(|name| (name != PREPARED_FILE).then(|| std::fs::read(folder.join(name)).ok()).flatten()).unwrap()
}

/// The model's prepared file, made once for all tests.
pub fn prepared_file() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    let folder = model_folder();
    FILE.get_or_init(|| carrel::embed::prepare(|name| std::fs::read(folder.join(name)).ok()).unwrap())
}

/// The model with its weights as bytes.
pub fn prepared_model() -> Model {
    Model::read(|name| (name == PREPARED_FILE).then(|| prepared_file().to_vec())).unwrap()
}

/// The one embedder that all tests share.
pub fn embedder() -> &'static Embedder {
    static EMBEDDER: OnceLock<Embedder> = OnceLock::new();
    EMBEDDER.get_or_init(|| Embedder::new(model()).unwrap())
}

/// As [`embedder`], with weights as bytes.
pub fn prepared_embedder() -> &'static Embedder {
    static EMBEDDER: OnceLock<Embedder> = OnceLock::new();
    EMBEDDER.get_or_init(|| Embedder::new(prepared_model()).unwrap())
}

/// A desk with these documents.
pub fn carrel(sources: impl IntoIterator<Item = Source>) -> Carrel {
    let mut carrel = Carrel::new(model()).unwrap();
    for outcome in carrel.add_all(sources) {
        outcome.unwrap();
    }
    carrel
}

/// A source of that name, which is its id, too.
pub fn source(name: &str, content: Content) -> Source {
    Source {
        id: name.into(),
        name: name.into(),
        title: None,
        url: None,
        format: None,
        metadata: Metadata::new(),
        warnings: Vec::new(),
        language: None,
        content,
    }
}

/// The document read from a text in that format.
pub fn document(format: Format, text: &str) -> Document {
    let source = Source { format: Some(format), ..source("test", Content::Text(text.into())) };
    ingest::read(source).unwrap()
}
