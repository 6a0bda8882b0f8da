//! text → the numbers of its tokens
//!
//! `tokenizer.json` says all of it: how text is normalised, split and numbered, and which marks go around it. What it
//! says of padding and cutting is for another use and is switched off: the limit is the model's own.

use tokenizers::{EncodeInput, Tokenizer, TruncationDirection};

use super::folder::Description;
use super::invalid;
use crate::error::Result;

/// The tokenizer of one model.
pub(crate) struct WordTokenizer {
    tokenizer: Tokenizer,
    limit: usize,
    /// How many tokens of the limit the model's own marks take ([CLS], [SEP]).
    marks: usize,
}

impl WordTokenizer {
    /// Reads `tokenizer.json`.
    ///
    /// # Errors
    /// `model_invalid` where it is damaged or does not fit the network.
    pub fn new(bytes: &[u8], description: &Description) -> Result<Self> {
        let mut tokenizer =
            Tokenizer::from_bytes(bytes).map_err(|error| invalid(format!("tokenizer.json: {error}")))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| invalid(format!("tokenizer.json: {error}")))?;
        let highest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
        if highest as usize >= description.architecture.vocabulary {
            return Err(invalid("its tokenizer knows more words than the network".into()));
        }
        let mut this = Self { tokenizer, limit: description.token_limit, marks: 0 };
        this.marks = this.encode("")?.len();
        Ok(this)
    }

    /// The most tokens of text, without the model's own marks, that it reads.
    pub fn text_limit(&self) -> usize {
        self.limit - self.marks
    }

    /// How many tokens `text` has, without the model's own marks.
    pub fn count(&self, text: &str) -> usize {
        // A text that cannot be encoded counts as too long, so that it is never sent to the model.
        self.tokenizer.encode_fast(EncodeInput::from(text), false).map_or(usize::MAX, |encoding| encoding.len())
    }

    /// Where each token of `text` begins, in bytes, without the model's own marks.
    pub fn starts(&self, text: &str) -> Vec<usize> {
        match self.tokenizer.encode(EncodeInput::from(text), false) {
            Ok(encoding) => encoding.get_offsets().iter().map(|offsets| offsets.0).collect(),
            // A text that cannot be encoded counts by its characters, which is more than any model would.
            Err(_) => text.char_indices().map(|(at, _)| at).collect(),
        }
    }

    /// The numbers of the tokens of `text`, with the model's own marks, cut at its limit.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let mut encoding = self
            .tokenizer
            .encode_fast(EncodeInput::from(text), true)
            .map_err(|error| invalid(format!("its tokenizer fails on a text: {error}")))?;
        if encoding.len() > self.limit {
            let last = encoding.get_ids().last().copied();
            encoding.truncate(self.limit, 0, TruncationDirection::Right);
            let mut numbers = encoding.get_ids().to_vec();
            if let (Some(end), Some(mark)) = (numbers.last_mut(), last) {
                *end = mark; // The closing mark stays, as the model was trained.
            }
            return Ok(numbers);
        }
        Ok(encoding.get_ids().to_vec())
    }
}
