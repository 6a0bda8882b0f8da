//! texts → [`UnitVector`]s
//!
//! The model reads several texts at once, one behind the other and without padding, so that their order and their
//! lengths do not matter. Who waits between batches (a browser's worker, to hear of a cancel) calls once per batch.

mod bert;
mod kernels;
mod pooling;
#[cfg(not(target_arch = "wasm32"))]
mod prepare;
mod weights;

use crate::error::Result;
use crate::model::folder::Description;
use crate::model::tokenizer::WordTokenizer;
use crate::model::{Model, ModelFile};
use crate::vector::UnitVector;
use bert::Bert;
use weights::{Published, Source};

#[cfg(not(target_arch = "wasm32"))]
pub use prepare::prepare;

/// How many tokens of text the model is given at once: some hundred milliseconds of work on the web.
pub const BATCH_TOKENS: usize = 1024;
/// How many tokens go through the network at once: with marks and prompts, so that what was given at once is not cut.
const NETWORK_TOKENS: usize = BATCH_TOKENS + BATCH_TOKENS / 4;

/// A loaded model that embeds texts.
pub struct Embedder {
    bert: Bert,
    tokenizer: WordTokenizer,
    description: Description,
    fingerprint: String,
}

impl Embedder {
    /// Makes the network from its weights.
    ///
    /// # Errors
    /// `model_invalid` where a weight is missing or has another shape than the config says.
    pub fn new(model: Model) -> Result<Self> {
        let Model { description, tokenizer, file, fingerprint } = model;
        let source = match file {
            ModelFile::Published(weights) => Source::Floats(Published::new(weights)),
            ModelFile::Prepared(prepared) => Source::Bytes(prepared),
        };
        let bert = Bert::load(&description.architecture, source, kernels::kernels())?;
        Ok(Self { bert, tokenizer, description, fingerprint })
    }

    /// How many components its vectors have.
    pub fn dimensions(&self) -> usize {
        self.description.architecture.hidden
    }

    /// The most tokens of a passage that it reads; what is beyond is cut off unread.
    pub fn token_limit(&self) -> usize {
        self.tokenizer.text_limit()
    }

    /// The most tokens of a question that it reads; what is beyond is cut off unread.
    pub fn query_token_limit(&self) -> usize {
        self.tokenizer.query_limit()
    }

    /// How many tokens `text` has.
    pub fn count_tokens(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    /// Where each token of a passage begins, in bytes and in order.
    pub fn token_starts(&self, passage: &str) -> Vec<usize> {
        self.tokenizer.starts(passage)
    }

    /// The fingerprint of its model.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The instructions that it computes with on this machine, such as "x86-64 AVX2".
    pub fn instructions(&self) -> &'static str {
        self.bert.instructions()
    }

    /// Embeds a question, behind the prompt that the model was trained to find before questions.
    ///
    /// # Errors
    /// `model_invalid` where the model computes no direction for it.
    pub fn embed_query(&self, question: &str) -> Result<UnitVector> {
        Ok(self.embed(&self.description.query_prompt, &[question])?.swap_remove(0))
    }

    /// Embeds passages, each behind the prompt that the model was trained to find before passages; the vectors come in
    /// the order of the texts.
    ///
    /// # Errors
    /// `model_invalid` where the model computes no direction for one of them.
    pub fn embed_passages(&self, texts: &[&str]) -> Result<Vec<UnitVector>> {
        self.embed(&self.description.passage_prompt, texts)
    }

    fn embed(&self, prompt: &str, texts: &[&str]) -> Result<Vec<UnitVector>> {
        let encode = |text: &&str| match prompt.is_empty() {
            true => self.tokenizer.encode(text),
            false => self.tokenizer.encode(&format!("{prompt}{text}")),
        };
        let tokens: Vec<Vec<u32>> = texts.iter().map(encode).collect::<Result<_>>()?;
        let batches: Vec<&[Vec<u32>]> = batches(&tokens);
        // On the web one instance has one thread.
        #[cfg(not(target_arch = "wasm32"))]
        let embedded: Vec<Vec<UnitVector>> = {
            use rayon::prelude::*;
            batches.into_par_iter().map(|batch| self.embed_batch(batch)).collect::<Result<_>>()?
        };
        #[cfg(target_arch = "wasm32")]
        let embedded: Vec<Vec<UnitVector>> =
            batches.into_iter().map(|batch| self.embed_batch(batch)).collect::<Result<_>>()?;
        Ok(embedded.into_iter().flatten().collect())
    }

    fn embed_batch(&self, batch: &[Vec<u32>]) -> Result<Vec<UnitVector>> {
        let texts: Vec<&[u32]> = batch.iter().map(Vec::as_slice).collect();
        let hidden = self.dimensions();
        let states = self.bert.forward(&texts);
        let mut rest = states.as_slice();
        let pool = |text: &&[u32]| {
            let (own, others) = rest.split_at(text.len() * hidden);
            rest = others;
            UnitVector::normalize(pooling::pool(own, hidden, self.description.pooling))
        };
        texts.iter().map(pool).collect()
    }
}

/// Parts of the texts that are computed at once: as many as fit, in their order, since nothing is padded.
fn batches(tokens: &[Vec<u32>]) -> Vec<&[Vec<u32>]> {
    let mut batches = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (at, text) in tokens.iter().enumerate() {
        if at > start && sum + text.len() > NETWORK_TOKENS {
            batches.push(&tokens[start..at]);
            (start, sum) = (at, 0);
        }
        sum += text.len();
    }
    if start < tokens.len() {
        batches.push(&tokens[start..]);
    }
    batches
}
