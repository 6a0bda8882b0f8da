//! tokens → the states of BERT's last layer
//!
//! Devlin et al. 2018 (arXiv:1810.04805), encoder only, as in
//! <https://github.com/huggingface/transformers/blob/main/src/transformers/models/bert/modeling_bert.py>; RoBERTa's kinds
//! (arXiv:1907.11692) differ only in where positions begin. Written here in the few lines that an encoder needs;
//! candle-transformers, which has it among many other models, is the oracle of the tests. The texts of a batch stand one
//! behind the other, without padding: only attention needs to know where one ends.

use std::ops::Range;

use super::kernels::{ByteMatrix, FloatMatrix, Kernels, LONGEST, Norm, Projected, Quantized, Scratch};
use super::weights::{Source, Table};
use crate::error::Result;
use crate::model::folder::Architecture;

/// How many rows go through the feed-forward part at once: what lies between its two products stays in the cache.
const BLOCK: usize = 128;

pub(super) struct Bert {
    kernels: &'static Kernels,
    architecture: Architecture,
    words: Table,
    /// With the vector of the (one) token type added: a text alone is all of type 0.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    /// The model's file, where its weights are bytes.
    bytes: Vec<u8>,
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

/// `x·Wᵀ + b`, in panels as the kernels read them.
pub(super) struct Linear {
    pub inputs: usize,
    pub weights: Matrix,
    pub bias: Vec<f32>,
}

pub(super) enum Matrix {
    Floats(Vec<f32>),
    /// Where they stand in the model's file, and for each column its scale and the sum of its bytes. Inputs are
    /// multiplied by `factors` first, where there are such: see [`super::prepare`].
    Bytes {
        range: Range<usize>,
        scales: Vec<f32>,
        sums: Vec<f32>,
        factors: Vec<f32>,
    },
}

/// The products of a layer whose inputs come from a layer norm: some few are far larger than the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Projections,
    Wide,
}

/// Memory that is used again from product to product.
#[derive(Default)]
struct Buffers {
    quantized: Quantized,
    scratch: Scratch,
    projected: Vec<f32>,
    mixed: Vec<f32>,
    wide: Vec<f32>,
    narrow: Vec<f32>,
}

impl Bert {
    pub(super) fn load(architecture: &Architecture, mut source: Source, kernels: &'static Kernels) -> Result<Self> {
        let Architecture { hidden, intermediate, heads, layers, .. } = *architecture;
        let words = source.words(architecture)?;
        let positions = source.positions(architecture)?;
        let norm = source.norm("norm", architecture)?;
        let layers = (0..layers)
            .map(|index| {
                let name = |part: &str| format!("layers.{index}.{part}");
                Ok(Layer {
                    heads,
                    projections: source.linear(&name("projections"), hidden, 3 * hidden)?,
                    attended: source.linear(&name("attended"), hidden, hidden)?,
                    attended_norm: source.norm(&name("attended.norm"), architecture)?,
                    wide: source.linear(&name("wide"), hidden, intermediate)?,
                    narrow: source.linear(&name("narrow"), intermediate, hidden)?,
                    norm: source.norm(&name("norm"), architecture)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            kernels,
            architecture: architecture.clone(),
            words,
            positions,
            norm,
            layers,
            bytes: source.into_bytes(),
        })
    }

    pub(super) fn instructions(&self) -> &'static str {
        self.kernels.name
    }

    /// The states of all tokens of all texts, one behind the other, each of `hidden` numbers.
    pub(super) fn forward(&self, texts: &[&[u32]]) -> Vec<f32> {
        self.forward_seen(texts, &mut |_, _, _| ())
    }

    /// As [`forward`](Self::forward); `see` is told the number of a layer, a part of it, and rows of that part's inputs.
    pub(super) fn forward_seen(&self, texts: &[&[u32]], see: &mut dyn FnMut(usize, Part, &[f32])) -> Vec<f32> {
        let hidden = self.architecture.hidden;
        let tokens: usize = texts.iter().map(|text| text.len()).sum();
        let mut states = vec![0.0; tokens * hidden];
        let places = texts.iter().flat_map(|text| text.iter().zip(self.architecture.position_rows(text)));
        for ((&token, position), state) in places.zip(states.chunks_exact_mut(hidden)) {
            let position = &self.positions[position * hidden..][..hidden];
            self.words.add(token as usize, position, &self.bytes, state);
        }
        (self.kernels.normalize)(&mut states, None, &self.norm);
        let mut buffers = Buffers::default();
        for (number, layer) in self.layers.iter().enumerate() {
            layer.forward(self, &mut states, texts, &mut buffers, &mut |part, rows| see(number, part, rows));
        }
        states
    }
}

impl Layer {
    fn forward(
        &self,
        bert: &Bert,
        states: &mut [f32],
        texts: &[&[u32]],
        buffers: &mut Buffers,
        see: &mut dyn FnMut(Part, &[f32]),
    ) {
        let Buffers { quantized, scratch, projected, mixed, wide, narrow } = buffers;
        let (hidden, Kernels { normalize, gelu, gelu_roughly, .. }) = (bert.architecture.hidden, bert.kernels);
        see(Part::Projections, states);
        self.projections.apply(bert, states, quantized, projected);
        mixed.resize(states.len(), 0.0);
        let (mut rows, mut out) = (projected.as_slice(), mixed.as_mut_slice());
        for text in texts {
            let own;
            (own, rows) = rows.split_at(3 * hidden * text.len());
            let (own_out, rest) = out.split_at_mut(hidden * text.len());
            let text = Projected { rows: own, heads: self.heads, hidden };
            match self.projections.weights {
                Matrix::Bytes { .. } if own_out.len() <= LONGEST * hidden => {
                    (bert.kernels.attend_bytes)(text, scratch, own_out);
                }
                _ => (bert.kernels.attend_floats)(text, scratch, own_out),
            }
            out = rest;
        }
        for (states, mixed) in states.chunks_mut(BLOCK * hidden).zip(mixed.chunks(BLOCK * hidden)) {
            self.attended.apply(bert, mixed, quantized, narrow);
            normalize(narrow, Some(states), &self.attended_norm);
            states.copy_from_slice(narrow);
            see(Part::Wide, states);
            self.wide.apply(bert, states, quantized, wide);
            match self.narrow.weights {
                Matrix::Bytes { .. } => gelu_roughly(wide),
                Matrix::Floats(_) => gelu(wide),
            }
            self.narrow.apply(bert, wide, quantized, narrow);
            normalize(narrow, Some(states), &self.norm);
            states.copy_from_slice(narrow);
        }
    }
}

impl Linear {
    fn apply(&self, bert: &Bert, rows: &[f32], quantized: &mut Quantized, into: &mut Vec<f32>) {
        into.resize(rows.len() / self.inputs * self.bias.len(), 0.0);
        let (inputs, bias) = (self.inputs, self.bias.as_slice());
        match &self.weights {
            Matrix::Floats(weights) => {
                (bert.kernels.multiply_floats)(rows, &FloatMatrix { inputs, weights, bias }, into);
            }
            Matrix::Bytes { range, scales, sums, factors } => {
                (bert.kernels.quantize)(rows, inputs, factors, quantized);
                let weights = &bert.bytes[range.clone()];
                (bert.kernels.multiply_bytes)(quantized, &ByteMatrix { inputs, weights, scales, sums, bias }, into);
            }
        }
    }
}
