//! text → the numbers of its tokens
//!
//! `tokenizer.json` says all of it: how text is normalised, split and numbered (WordPiece, Unigram, byte-level BPE),
//! and which marks go around it. What it says of padding and cutting is for another use and is switched off: the
//! limit is the model's own.

use tokenizers::decoders::DecoderWrapper;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::{Lowercase, NormalizerWrapper, Sequence};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{EncodeInput, Tokenizer, TokenizerImpl, TruncationDirection};

use super::folder::Description;
use super::{charsmap, invalid};
use crate::error::{Error, Result};

/// Fewer tokens than these, beside marks and prompt, are no room for text.
const LEAST_ROOM: usize = 4;

/// The kind that most models have. The library would find out the kind by way of two copies of all words, which takes as
/// long as all else together when a page opens.
type WordPieces =
    TokenizerImpl<WordPiece, NormalizerWrapper, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

/// The tokenizer of one model.
pub(crate) struct WordTokenizer {
    tokenizer: Tokenizer,
    vocabulary: usize,
    limit: usize,
    /// How many tokens of the limit the model's own marks take ([CLS], [SEP]).
    marks: usize,
    /// What stands before a passage, and how many tokens of the limit it takes.
    passage_prompt: String,
    passage_prompt_tokens: usize,
    /// How many tokens of the limit stand before a question.
    query_prompt_tokens: usize,
}

impl WordTokenizer {
    /// Reads `tokenizer.json`.
    ///
    /// # Errors
    /// `model_invalid` where it is damaged or does not fit the network.
    pub fn new(bytes: &[u8], description: &Description) -> Result<Self> {
        let damaged = |error: tokenizers::Error| invalid(format!("tokenizer.json: {error}"));
        charsmap::check(bytes)?;
        let mut tokenizer = match serde_json::from_slice::<WordPieces>(bytes) {
            Ok(tokenizer) => Tokenizer::from(tokenizer),
            Err(_) => Tokenizer::from_bytes(bytes).map_err(damaged)?,
        };
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(damaged)?;
        if description.lower_case {
            let own = tokenizer.get_normalizer().cloned();
            if !own.as_ref().is_some_and(lowers) {
                let steps = [NormalizerWrapper::from(Lowercase)].into_iter().chain(own).collect();
                tokenizer.with_normalizer(Some(Sequence::new(steps))).map_err(damaged)?;
            }
        }
        let vocabulary = description.architecture.vocabulary;
        let highest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
        if highest as usize >= vocabulary {
            return Err(invalid(format!(
                "tokenizer.json numbers tokens up to {highest}, and the network knows {vocabulary} words"
            )));
        }
        let mut this = Self {
            tokenizer,
            vocabulary,
            limit: description.token_limit,
            marks: 0,
            passage_prompt: description.passage_prompt.clone(),
            passage_prompt_tokens: 0,
            query_prompt_tokens: 0,
        };
        this.marks = this.encode_within("", usize::MAX)?.len();
        if this.marks == 0 {
            return Err(invalid("tokenizer.json puts no marks around a text, such as [CLS] and [SEP]".into()));
        }
        this.passage_prompt_tokens = this.prompt_tokens(&description.passage_prompt)?;
        this.query_prompt_tokens = this.prompt_tokens(&description.query_prompt)?;
        for (name, tokens) in [("passage", this.passage_prompt_tokens), ("question", this.query_prompt_tokens)] {
            if this.limit < this.marks + tokens + LEAST_ROOM {
                return Err(invalid(format!(
                    "of the {} tokens that it reads, marks take {} and the prompt of a {name} takes {tokens}, which \
                     leaves no room for text",
                    this.limit, this.marks
                )));
            }
        }
        Ok(this)
    }

    /// The most tokens of a passage's text, without the model's own marks and the prompt, that it reads.
    pub fn text_limit(&self) -> usize {
        self.limit - self.marks - self.passage_prompt_tokens
    }

    /// The same for a question.
    pub fn query_limit(&self) -> usize {
        self.limit - self.marks - self.query_prompt_tokens
    }

    /// How many tokens `text` has, without the model's own marks and any prompt.
    pub fn count(&self, text: &str) -> usize {
        // A text that cannot be encoded counts as too long, so that it is never sent to the model.
        self.tokenizer.encode_fast(EncodeInput::from(text), false).map_or(usize::MAX, |encoding| encoding.len())
    }

    /// Where each token of a passage's `text` begins, in bytes and in order, without the model's own marks.
    ///
    /// It is tokenised behind its prompt, as the model will read it: byte-level BPE cuts a first word otherwise than
    /// the same word behind a space. A token that is space, or takes it along, begins with the word behind, as chunks do.
    pub fn starts(&self, text: &str) -> Vec<usize> {
        // A text that cannot be encoded counts by its characters, which is more than any model would.
        self.starts_after(&self.passage_prompt, text)
            .unwrap_or_else(|_| text.char_indices().map(|(at, _)| at).collect())
    }

    fn starts_after(&self, prompt: &str, text: &str) -> Result<Vec<usize>> {
        let whole = format!("{prompt}{text}");
        let encoding = self.tokenizer.encode(EncodeInput::from(whole.as_str()), false).map_err(failed)?;
        let mut least = 0;
        let starts = encoding.get_offsets().iter().map(|&(start, _)| {
            // Bytes of one character may be several tokens, and a normaliser may put them anywhere near it.
            let start = (0..=start.min(whole.len())).rev().find(|&at| whole.is_char_boundary(at)).unwrap_or(0);
            // Space is passed over once only, however many tokens it has.
            if start >= least {
                let rest = &whole[start..];
                least = start + rest.len() - rest.trim_start().len();
            }
            least
        });
        Ok(starts.filter_map(|start| start.checked_sub(prompt.len())).collect())
    }

    /// How many tokens `prompt` takes before a text.
    fn prompt_tokens(&self, prompt: &str) -> Result<usize> {
        let text = "a";
        let whole = self.tokenizer.encode_fast(EncodeInput::from(format!("{prompt}{text}")), false).map_err(failed)?;
        Ok(whole.len() - self.starts_after(prompt, text)?.len())
    }

    /// The numbers of the tokens of `text`, with the model's own marks, cut at its limit so that they stay.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let numbers = self.encode_within(text, self.limit - self.marks)?;
        match numbers.len() <= self.limit {
            true => Ok(numbers),
            false => Err(invalid(format!("tokenizer.json takes a text for {} tokens after all", numbers.len()))),
        }
    }

    fn encode_within(&self, text: &str, limit: usize) -> Result<Vec<u32>> {
        let mut encoding = self.tokenizer.encode_fast(EncodeInput::from(text), false).map_err(failed)?;
        if encoding.len() > limit {
            encoding.truncate(limit, 0, TruncationDirection::Right);
        }
        let encoding = self.tokenizer.post_process(encoding, None, true).map_err(failed)?;
        let numbers = encoding.get_ids();
        if let Some(number) = numbers.iter().find(|&&number| number as usize >= self.vocabulary) {
            return Err(invalid(format!(
                "tokenizer.json gives the number {number}, and the network knows {} words",
                self.vocabulary
            )));
        }
        Ok(numbers.to_vec())
    }
}

fn failed(error: tokenizers::Error) -> Error {
    invalid(format!("its tokenizer fails on a text: {error}"))
}

/// Whether it turns text to lower case; asked as sentence-transformers asks it.
fn lowers(normalizer: &NormalizerWrapper) -> bool {
    match normalizer {
        NormalizerWrapper::Sequence(steps) => steps.as_ref().iter().any(lowers),
        other => matches!(other, NormalizerWrapper::Lowercase(_)),
    }
}
