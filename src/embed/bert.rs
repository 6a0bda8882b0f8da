//! tokens → the states of BERT's last layer
//!
//! Devlin et al. 2018 (arXiv:1810.04805), encoder only, as in
//! <https://github.com/huggingface/transformers/blob/main/src/transformers/models/bert/modeling_bert.py>.
//! Written here in the few lines that an encoder needs; candle-transformers, which has it among many other models, is
//! the oracle of the tests. The texts of a batch stand one behind the other, without padding: only attention needs to
//! know where one ends.

use std::ops::Range;

use super::kernels::row::{Norm, add_bias, add_bias_gelu, add_normalize, normalize, softmax};
use super::kernels::{Layout, multiply};
use crate::error::Result;
use crate::model::folder::Architecture;
use crate::model::weights::Weights;

/// Under which names folders keep the encoder, as it was trained alone or with a head.
const PREFIXES: [&str; 3] = ["", "bert.", "roberta."];

pub(super) struct Bert {
    architecture: Architecture,
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
    pub(super) fn load(architecture: &Architecture, weights: &Weights) -> Result<Self> {
        let is_there = |prefix: &&str| weights.contains(&format!("{prefix}embeddings.word_embeddings.weight"));
        let prefix = PREFIXES.into_iter().find(is_there).unwrap_or_default();
        let hidden = architecture.hidden;
        let tables = format!("{prefix}embeddings");
        let table = |name: &str, rows: usize| weights.tensor(&format!("{tables}.{name}.weight"), &[rows, hidden]);
        let types = table("token_type_embeddings", architecture.token_types)?;
        let mut words = table("word_embeddings", architecture.vocabulary)?;
        // A text alone is all of type 0.
        add_bias(&mut words, &types[..hidden]);
        Ok(Self {
            architecture: architecture.clone(),
            words,
            positions: table("position_embeddings", architecture.positions)?,
            norm: norm(architecture, weights, &format!("{tables}.LayerNorm"))?,
            layers: (0..architecture.layers)
                .map(|index| Layer::load(architecture, weights, &format!("{prefix}encoder.layer.{index}")))
                .collect::<Result<_>>()?,
        })
    }

    /// The states of all tokens of all texts, one behind the other, each of `hidden` numbers.
    pub(super) fn forward(&self, texts: &[&[u32]]) -> Vec<f32> {
        let hidden = self.architecture.hidden;
        let mut states = Vec::with_capacity(texts.iter().map(|text| text.len() * hidden).sum());
        let mut ranges = Vec::new();
        for text in texts {
            let start = states.len() / hidden;
            for (&token, position) in text.iter().zip(self.architecture.position_rows(text)) {
                let word = &self.words[token as usize * hidden..][..hidden];
                let position = &self.positions[position * hidden..][..hidden];
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
    fn load(architecture: &Architecture, weights: &Weights, name: &str) -> Result<Self> {
        let (hidden, wide) = (architecture.hidden, architecture.intermediate);
        let mut projections = Linear { inputs: hidden, weight: Vec::new(), bias: Vec::new() };
        for part in ["query", "key", "value"] {
            let part = Linear::load(hidden, hidden, weights, &format!("{name}.attention.self.{part}"))?;
            projections.weight.extend(part.weight);
            projections.bias.extend(part.bias);
        }
        Ok(Self {
            heads: architecture.heads,
            projections,
            attended: Linear::load(hidden, hidden, weights, &format!("{name}.attention.output.dense"))?,
            attended_norm: norm(architecture, weights, &format!("{name}.attention.output.LayerNorm"))?,
            wide: Linear::load(hidden, wide, weights, &format!("{name}.intermediate.dense"))?,
            narrow: Linear::load(wide, hidden, weights, &format!("{name}.output.dense"))?,
            norm: norm(architecture, weights, &format!("{name}.output.LayerNorm"))?,
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
    fn load(inputs: usize, outputs: usize, weights: &Weights, name: &str) -> Result<Self> {
        Ok(Self {
            inputs,
            weight: weights.tensor(&format!("{name}.weight"), &[outputs, inputs])?,
            bias: weights.tensor(&format!("{name}.bias"), &[outputs])?,
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

fn norm(architecture: &Architecture, weights: &Weights, name: &str) -> Result<Norm> {
    let values = |part: &str| weights.tensor(&format!("{name}.{part}"), &[architecture.hidden]);
    Ok(Norm { scale: values("weight")?, shift: values("bias")?, epsilon: architecture.norm_epsilon })
}
