//! A folder of files → a model ready to compute
//!
//! What a model is comes from its folder's configs ([`folder`]), how text becomes tokens from `tokenizer.json`
//! ([`tokenizer`]), what it has learnt from `model.safetensors` ([`weights`]). The files come as bytes; who fetched
//! them does not matter here.

mod charsmap;
pub(crate) mod folder;
mod modules;
mod network;
pub(crate) mod tokenizer;
pub(crate) mod weights;

use crate::error::{Error, Result};
use folder::{Description, Parts};
use tokenizer::WordTokenizer;
use weights::Weights;

pub use folder::{OPTIONAL_FILES, REQUIRED_FILES};

/// A model: what it is, its tokenizer and its weights.
pub struct Model {
    pub(crate) description: Description,
    pub(crate) tokenizer: WordTokenizer,
    pub(crate) weights: Weights,
    pub(crate) fingerprint: String,
}

impl Model {
    /// Reads a model; `file` gives the bytes of a file of its folder, or nothing where it has none of that name.
    ///
    /// # Errors
    /// `model_invalid`: a file is missing or damaged, or the architecture is not known.
    pub fn read(file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Self> {
        let Parts { description, tokenizer, weights, fingerprint } = Parts::read(file)?;
        let tokenizer = WordTokenizer::new(&tokenizer, &description)?;
        let weights = Weights::new(weights)?;
        Ok(Self { description, tokenizer, weights, fingerprint })
    }

    /// A short name for exactly this model: vectors of different fingerprints must not be mixed.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

pub(crate) fn invalid(problem: String) -> Error {
    Error::ModelInvalid { problem }
}
