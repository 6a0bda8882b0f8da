//! texts → [`UnitVector`]s
//!
//! The model reads texts in batches of similar length, since every text of a batch costs as much as its longest.
//! Who waits between batches (a browser's worker, to hear of a cancel) calls once per batch.

mod bert;
mod pooling;

use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::model::{Model, invalid};
use crate::vector::UnitVector;
use bert::Bert;

/// How many tokens the model reads at once, padding included: some hundred milliseconds of work on the web.
pub const BATCH_TOKENS: usize = 1024;

/// A loaded model that embeds texts.
pub struct Embedder {
    model: Model,
    bert: Bert,
}

impl Embedder {
    /// Makes the network from its weights.
    ///
    /// # Errors
    /// `model_invalid` where a weight is missing or has another shape than the config says.
    pub fn new(model: Model) -> Result<Self> {
        let bert = Bert::load(&model.config, model.weights.clone()).map_err(|error| invalid(error.to_string()))?;
        Ok(Self { model, bert })
    }

    /// How many components its vectors have.
    pub fn dimensions(&self) -> usize {
        self.model.config.hidden_size
    }

    /// The most tokens of text that it reads; what is beyond is cut off unread.
    pub fn token_limit(&self) -> usize {
        self.model.tokenizer.text_limit()
    }

    /// How many tokens `text` has.
    pub fn count_tokens(&self, text: &str) -> usize {
        self.model.tokenizer.count(text)
    }

    /// Where each token of `text` begins, in bytes.
    pub fn token_starts(&self, text: &str) -> Vec<usize> {
        self.model.tokenizer.starts(text)
    }

    /// The fingerprint of its model.
    pub fn fingerprint(&self) -> &str {
        self.model.fingerprint()
    }

    /// Embeds one text.
    ///
    /// # Errors
    /// `model_invalid` where the model computes no direction for it.
    pub fn embed(&self, text: &str) -> Result<UnitVector> {
        Ok(self.embed_all(&[text])?.swap_remove(0))
    }

    /// Embeds texts, in batches sorted by length; the vectors come in the order of the texts.
    ///
    /// # Errors
    /// `model_invalid` where the model computes no direction for one of them.
    pub fn embed_all(&self, texts: &[&str]) -> Result<Vec<UnitVector>> {
        let tokens: Vec<Vec<u32>> =
            texts.iter().map(|text| self.model.tokenizer.encode(text)).collect::<Result<_>>()?;
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|&index| tokens[index].len());
        // Sorted, the last of a batch is its longest.
        let mut batches: Vec<&[usize]> = Vec::new();
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let fits = |count: &usize| count * tokens[rest[count - 1]].len() <= BATCH_TOKENS;
            let (batch, later) = rest.split_at((1..=rest.len()).take_while(fits).last().unwrap_or(1));
            batches.push(batch);
            rest = later;
        }
        let embed_batch = |batch: &[usize]| -> Result<Vec<(usize, UnitVector)>> {
            let sequences: Vec<&[u32]> = batch.iter().map(|&index| tokens[index].as_slice()).collect();
            let rows = self.forward(&sequences).map_err(|error| invalid(error.to_string()))?;
            batch.iter().zip(rows).map(|(&index, row)| Ok((index, UnitVector::normalize(row)?))).collect()
        };
        // On the web one instance has one thread.
        #[cfg(not(target_arch = "wasm32"))]
        let embedded: Vec<Vec<(usize, UnitVector)>> = {
            use rayon::prelude::*;
            batches.into_par_iter().map(embed_batch).collect::<Result<_>>()?
        };
        #[cfg(target_arch = "wasm32")]
        let embedded: Vec<Vec<(usize, UnitVector)>> = batches.into_iter().map(embed_batch).collect::<Result<_>>()?;
        let mut vectors: Vec<(usize, UnitVector)> = embedded.into_iter().flatten().collect();
        vectors.sort_by_key(|&(index, _)| index);
        Ok(vectors.into_iter().map(|(_, vector)| vector).collect())
    }

    fn forward(&self, sequences: &[&[u32]]) -> candle_core::Result<Vec<Vec<f32>>> {
        let length = sequences.iter().map(|sequence| sequence.len()).max().unwrap_or(0);
        let shape = (sequences.len(), length);
        let pad = self.model.config.pad_token_id;
        let padded = |sequence: &&[u32]| {
            sequence.iter().copied().chain(std::iter::repeat(pad)).take(length).collect::<Vec<u32>>()
        };
        let mask =
            |sequence: &&[u32]| (0..length).map(|at| f32::from(u8::from(at < sequence.len()))).collect::<Vec<f32>>();
        let tokens = Tensor::from_vec(sequences.iter().flat_map(padded).collect::<Vec<u32>>(), shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(sequences.iter().flat_map(mask).collect::<Vec<f32>>(), shape, &Device::Cpu)?;
        let states = self.bert.forward(&tokens, &mask)?;
        pooling::mean(&states, &mask)?.to_vec2()
    }
}
