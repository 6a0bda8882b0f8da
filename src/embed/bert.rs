//! tokens → the states of BERT's last layer
//!
//! Devlin et al. 2018 (arXiv:1810.04805), encoder only, as in
//! <https://github.com/huggingface/transformers/blob/main/src/transformers/models/bert/modeling_bert.py>.
//! Written here in the few lines that an encoder needs; candle-transformers, which has it among many other models, is
//! the oracle of the tests. Weights come as candle's tensors. The texts of a batch stand one behind the other,
//! without padding: only attention needs to know where one ends.

use std::ops::Range;

use candle_core::Result;
use candle_nn::VarBuilder;

use super::kernels::row::{Norm, add_bias, add_bias_gelu, add_normalize, normalize, softmax};
use super::kernels::{Layout, multiply};
use crate::model::BertConfig;

pub(super) struct Bert {
    hidden: usize,
    /// One row for each word piece, with the vector of the (one) token type added.
    words: Vec<f32>,
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    heads: usize,
    /// Query, key and value side by side.
    projections: Linear,
    attended: Linear,
    attended_norm: Norm,
    wide: Linear,
    narrow: Linear,
    norm: Norm,
}

/// `x·Wᵀ + b`; the weight is kept as in the file, outputs × inputs.
struct Linear {
    inputs: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Bert {
    pub(super) fn load(config: &BertConfig, weights: VarBuilder) -> Result<Self> {
        // Some folders keep the encoder under a prefix, as it was trained with a head.
        let weights = match weights.contains_tensor("embeddings.word_embeddings.weight") {
            true => weights,
            false => weights.pp("bert"),
        };
        let hidden = config.hidden_size;
        let tables = weights.pp("embeddings");
        let table = |name: &str, rows: usize| values(&tables.pp(name), "weight", &[rows, hidden]);
        let types = table("token_type_embeddings", config.type_vocab_size)?;
        let mut words = table("word_embeddings", config.vocab_size)?;
        // A text alone is all of type 0.
        add_bias(&mut words, &types[..hidden]);
        Ok(Self {
            hidden,
            words,
            positions: table("position_embeddings", config.max_position_embeddings)?,
            norm: norm(config, &tables.pp("LayerNorm"))?,
            layers: (0..config.num_hidden_layers)
                .map(|index| Layer::load(config, &weights.pp(format!("encoder.layer.{index}"))))
                .collect::<Result<_>>()?,
        })
    }

    /// The states of all tokens of all texts, one behind the other, each of `hidden` numbers.
    pub(super) fn forward(&self, texts: &[&[u32]]) -> Vec<f32> {
        let hidden = self.hidden;
        let mut states = Vec::with_capacity(texts.iter().map(|text| text.len() * hidden).sum());
        let mut ranges = Vec::new();
        for text in texts {
            let start = states.len() / hidden;
            for (&token, position) in text.iter().zip(self.positions.chunks_exact(hidden)) {
                let word = &self.words[token as usize * hidden..][..hidden];
                states.extend(word.iter().zip(position).map(|(word, position)| word + position));
            }
            ranges.push(start..states.len() / hidden);
        }
        states.chunks_exact_mut(hidden).for_each(|row| normalize(row, &self.norm));
        for layer in &self.layers {
            states = layer.forward(states, &ranges);
        }
        states
    }
}

impl Layer {
    fn load(config: &BertConfig, weights: &VarBuilder) -> Result<Self> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let attention = weights.pp("attention");
        let mut projections = Linear { inputs: hidden, weight: Vec::new(), bias: Vec::new() };
        for name in ["query", "key", "value"] {
            let part = Linear::load(hidden, hidden, &attention.pp("self").pp(name))?;
            projections.weight.extend(part.weight);
            projections.bias.extend(part.bias);
        }
        Ok(Self {
            heads: config.num_attention_heads,
            projections,
            attended: Linear::load(hidden, hidden, &attention.pp("output.dense"))?,
            attended_norm: norm(config, &attention.pp("output.LayerNorm"))?,
            wide: Linear::load(hidden, wide, &weights.pp("intermediate.dense"))?,
            narrow: Linear::load(wide, hidden, &weights.pp("output.dense"))?,
            norm: norm(config, &weights.pp("output.LayerNorm"))?,
        })
    }

    fn forward(&self, states: Vec<f32>, texts: &[Range<usize>]) -> Vec<f32> {
        let attended = self.attend(&states, texts);
        let mut after = self.attended.multiply(&attended);
        add_normalize(&mut after, &states, &self.attended.bias, &self.attended_norm);
        let mut wide = self.wide.multiply(&after);
        add_bias_gelu(&mut wide, &self.wide.bias);
        let mut narrow = self.narrow.multiply(&wide);
        add_normalize(&mut narrow, &after, &self.narrow.bias, &self.norm);
        narrow
    }

    /// Each token's mixture of the values of all tokens of its text, head by head.
    fn attend(&self, states: &[f32], texts: &[Range<usize>]) -> Vec<f32> {
        let mut projected = self.projections.multiply(states);
        add_bias(&mut projected, &self.projections.bias);
        let hidden = self.projections.inputs;
        let size = hidden / self.heads;
        let mut mixed = vec![0.0; states.len()];
        let longest = texts.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
        let mut scores = vec![0.0; longest * longest];
        let part = Layout::rows(3 * hidden);
        for text in texts {
            let length = text.len();
            let scores = &mut scores[..length * length];
            for head in 0..self.heads {
                let start = text.start * 3 * hidden + head * size;
                let (query, key, value) = (part.at(start), part.at(start + hidden), part.at(start + 2 * hidden));
                let scale = 1.0 / (size as f32).sqrt();
                let square = Layout::rows(length);
                multiply(
                    (length, size, length),
                    scale,
                    (&projected, query),
                    (&projected, key.transposed()),
                    (scores, square),
                );
                softmax(scores, length);
                let place = Layout::rows(hidden).at(text.start * hidden + head * size);
                multiply((length, length, size), 1.0, (scores, square), (&projected, value), (&mut mixed, place));
            }
        }
        mixed
    }
}

impl Linear {
    fn load(inputs: usize, outputs: usize, weights: &VarBuilder) -> Result<Self> {
        Ok(Self {
            inputs,
            weight: values(weights, "weight", &[outputs, inputs])?,
            bias: values(weights, "bias", &[outputs])?,
        })
    }

    /// `x·Wᵀ`, without the bias, which is added with what comes next.
    fn multiply(&self, rows: &[f32]) -> Vec<f32> {
        let (count, outputs) = (rows.len() / self.inputs, self.bias.len());
        let mut product = vec![0.0; count * outputs];
        multiply(
            (count, self.inputs, outputs),
            1.0,
            (rows, Layout::rows(self.inputs)),
            (&self.weight, Layout::rows(self.inputs).transposed()),
            (&mut product, Layout::rows(outputs)),
        );
        product
    }
}

fn norm(config: &BertConfig, weights: &VarBuilder) -> Result<Norm> {
    let values = |name| values(weights, name, &[config.hidden_size]);
    Ok(Norm { scale: values("weight")?, shift: values("bias")?, epsilon: config.layer_norm_eps as f32 })
}

fn values(weights: &VarBuilder, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    weights.get(shape, name)?.flatten_all()?.to_vec1()
}
