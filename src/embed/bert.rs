//! tokens → the states of BERT's last layer
//!
//! Devlin et al. 2018 (arXiv:1810.04805), encoder only, as in
//! <https://github.com/huggingface/transformers/blob/main/src/transformers/models/bert/modeling_bert.py>.
//! Written here in the few lines that an encoder needs; candle-transformers, which has them among many other models,
//! is the oracle of the tests.

use candle_core::{D, Result, Tensor};
use candle_nn::{
    Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, ops::softmax_last_dim,
};

use crate::model::BertConfig;

pub(super) struct Bert {
    words: Embedding,
    positions: Embedding,
    types: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    norm: LayerNorm,
    heads: usize,
}

impl Bert {
    pub(super) fn load(config: &BertConfig, weights: VarBuilder) -> Result<Self> {
        // Some folders keep the encoder under a prefix, as it was trained with a head.
        let weights = match weights.contains_tensor("embeddings.word_embeddings.weight") {
            true => weights,
            false => weights.pp("bert"),
        };
        let (hidden, eps) = (config.hidden_size, config.layer_norm_eps);
        let table = weights.pp("embeddings");
        Ok(Self {
            words: embedding(config.vocab_size, hidden, table.pp("word_embeddings"))?,
            positions: embedding(config.max_position_embeddings, hidden, table.pp("position_embeddings"))?,
            types: embedding(config.type_vocab_size, hidden, table.pp("token_type_embeddings"))?,
            norm: layer_norm(hidden, eps, table.pp("LayerNorm"))?,
            layers: (0..config.num_hidden_layers)
                .map(|index| Layer::load(config, weights.pp(format!("encoder.layer.{index}"))))
                .collect::<Result<_>>()?,
        })
    }

    /// `tokens` (texts × tokens, u32) and `mask` (the same shape, 1 for a token, 0 for padding) →
    /// texts × tokens × hidden.
    pub(super) fn forward(&self, tokens: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (_, length) = tokens.dims2()?;
        let positions = Tensor::arange(0u32, length as u32, tokens.device())?;
        let states = self
            .words
            .forward(tokens)?
            .broadcast_add(&self.positions.forward(&positions)?)?
            .broadcast_add(&self.types.forward(&positions.zeros_like()?)?)?;
        let mut states = self.norm.forward(&states)?;
        // Padding is pushed so far down that softmax gives it nothing: texts × 1 × 1 × tokens.
        let hidden = ((mask - 1.0)? * f64::from(f32::MAX))?.unsqueeze(1)?.unsqueeze(1)?;
        for layer in &self.layers {
            states = layer.forward(&states, &hidden)?;
        }
        Ok(states)
    }
}

impl Layer {
    fn load(config: &BertConfig, weights: VarBuilder) -> Result<Self> {
        let (hidden, wide, eps) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let attention = weights.pp("attention");
        Ok(Self {
            query: linear(hidden, hidden, attention.pp("self.query"))?,
            key: linear(hidden, hidden, attention.pp("self.key"))?,
            value: linear(hidden, hidden, attention.pp("self.value"))?,
            attended: linear(hidden, hidden, attention.pp("output.dense"))?,
            attended_norm: layer_norm(hidden, eps, attention.pp("output.LayerNorm"))?,
            wide: linear(hidden, wide, weights.pp("intermediate.dense"))?,
            narrow: linear(wide, hidden, weights.pp("output.dense"))?,
            norm: layer_norm(hidden, eps, weights.pp("output.LayerNorm"))?,
            heads: config.num_attention_heads,
        })
    }

    fn forward(&self, states: &Tensor, hidden: &Tensor) -> Result<Tensor> {
        let (texts, length, width) = states.dims3()?;
        let size = width / self.heads;
        let split = |projection: &Linear| {
            projection.forward(states)?.reshape((texts, length, self.heads, size))?.transpose(1, 2)?.contiguous()
        };
        let (query, key, value) = (split(&self.query)?, split(&self.key)?, split(&self.value)?);
        let scores = (query.matmul(&key.transpose(D::Minus1, D::Minus2)?.contiguous()?)? / (size as f64).sqrt())?;
        let weights = softmax_last_dim(&scores.broadcast_add(hidden)?)?;
        let attended = weights.matmul(&value)?.transpose(1, 2)?.contiguous()?.reshape((texts, length, width))?;
        let states = self.attended_norm.forward(&(self.attended.forward(&attended)? + states)?)?;
        let wide = self.wide.forward(&states)?.gelu_erf()?;
        self.norm.forward(&(self.narrow.forward(&wide)? + states)?)
    }
}
