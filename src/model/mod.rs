//! A folder of files → a model ready to compute
//!
//! What a model is comes from its folder's configs ([`folder`]), how text becomes tokens from `tokenizer.json`
//! ([`tokenizer`]), what it has learnt from `model.safetensors` ([`weights`]); or all of it from one prepared file
//! ([`prepared`]). The files come as bytes; who fetched them does not matter here.

mod charsmap;
pub(crate) mod folder;
mod modules;
mod network;
pub(crate) mod prepared;
pub(crate) mod tokenizer;
pub(crate) mod weights;

use crate::error::{Error, Result};
use folder::{Description, Parts};
use prepared::Prepared;
use tokenizer::WordTokenizer;
use weights::Weights;

pub use folder::{OPTIONAL_FILES, REQUIRED_FILES};
pub use prepared::{PREPARED_FILE, verify};

/// A model: what it is, its tokenizer and its weights.
pub struct Model {
    pub(crate) description: Description,
    pub(crate) tokenizer: WordTokenizer,
    pub(crate) file: ModelFile,
    pub(crate) fingerprint: String,
}

/// What holds the weights.
pub(crate) enum ModelFile {
    Published(Weights),
    Prepared(Prepared),
}

impl Model {
    /// Reads a model; `file` gives the bytes of a file of its folder, or nothing where it has none of that name. The
    /// prepared file is read where there is one, and is not held against its checksum here: see [`verify`].
    ///
    /// # Errors
    /// `model_invalid`: a file is missing or damaged, or the architecture is not known.
    pub fn read(mut file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Self> {
        if let Some(bytes) = file(PREPARED_FILE) {
            let prepared = Prepared::read(bytes)?;
            let (description, fingerprint) = (prepared.description().clone(), prepared.fingerprint());
            let tokenizer = WordTokenizer::new(prepared.tokenizer()?, &description)?;
            return Ok(Self { description, tokenizer, file: ModelFile::Prepared(prepared), fingerprint });
        }
        let Parts { description, tokenizer, weights, fingerprint } = Parts::read(file)?;
        let tokenizer = WordTokenizer::new(&tokenizer, &description)?;
        let file = ModelFile::Published(Weights::new(weights)?);
        Ok(Self { description, tokenizer, file, fingerprint })
    }

    /// A short name for exactly this model: vectors of different fingerprints must not be mixed.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

pub(crate) fn invalid(problem: String) -> Error {
    Error::ModelInvalid { problem }
}
