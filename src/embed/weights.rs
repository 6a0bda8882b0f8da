//! a model's file → weights as the kernels read them
//!
//! From safetensors as they were published, in f32, or from a file that [`super::prepare`] made, in bytes and in place.

use super::bert::{Linear, Matrix};
use super::kernels::{Norm, PANEL, byte_steps};
use crate::error::Result;
use crate::model::folder::Architecture;
use crate::model::invalid;
use crate::model::prepared::Prepared;
use crate::model::weights::Weights;

/// Under which names folders keep the encoder, as it was trained alone or with a head.
const PREFIXES: [&str; 3] = ["", "bert.", "roberta."];

/// Where weights come from.
pub(super) enum Source {
    Floats(Published),
    Bytes(Prepared),
}

/// Weights as they were published.
pub(super) struct Published {
    weights: Weights,
    prefix: &'static str,
}

/// The vectors of words.
pub(super) enum Table {
    Floats(Vec<f32>),
    /// Where they stand in the model's file, one row of bytes for each word, and each word's scale.
    Bytes {
        start: usize,
        scales: Vec<f32>,
    },
}

impl Published {
    pub(super) fn new(weights: Weights) -> Self {
        let is_there = |prefix: &&str| weights.contains(&format!("{prefix}embeddings.word_embeddings.weight"));
        let prefix = PREFIXES.into_iter().find(is_there).unwrap_or_default();
        Self { weights, prefix }
    }

    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.weights.tensor(&format!("{}{name}", self.prefix), shape)
    }
}

impl Source {
    pub(super) fn words(&mut self, architecture: &Architecture) -> Result<Table> {
        let Architecture { hidden, vocabulary, .. } = *architecture;
        Ok(match self {
            Self::Floats(tensors) => {
                Table::Floats(tensors.tensor("embeddings.word_embeddings.weight", &[vocabulary, hidden])?)
            }
            Self::Bytes(prepared) => Table::Bytes {
                start: prepared.bytes("words", vocabulary.saturating_mul(hidden))?.start,
                scales: prepared.floats("words.scales", vocabulary)?,
            },
        })
    }

    /// The rows that a text can reach, with the vector of token type 0 added.
    pub(super) fn positions(&mut self, architecture: &Architecture) -> Result<Vec<f32>> {
        let Architecture { hidden, positions, token_types, .. } = *architecture;
        match self {
            Self::Floats(tensors) => {
                let mut rows = tensors.tensor("embeddings.position_embeddings.weight", &[positions, hidden])?;
                let types = tensors.tensor("embeddings.token_type_embeddings.weight", &[token_types, hidden])?;
                for row in rows.chunks_exact_mut(hidden) {
                    row.iter_mut().zip(&types).for_each(|(value, of_type)| *value += of_type);
                }
                Ok(rows)
            }
            Self::Bytes(prepared) => {
                prepared.floats("positions", prepared.description().positions_reached().saturating_mul(hidden))
            }
        }
    }

    pub(super) fn norm(&mut self, name: &str, architecture: &Architecture) -> Result<Norm> {
        let Architecture { hidden, norm_epsilon: epsilon, .. } = *architecture;
        let (scale, shift) = match self {
            Self::Floats(tensors) => {
                let name = published_norm(name);
                (
                    tensors.tensor(&format!("{name}.weight"), &[hidden])?,
                    tensors.tensor(&format!("{name}.bias"), &[hidden])?,
                )
            }
            Self::Bytes(prepared) => {
                (prepared.floats(&format!("{name}.scale"), hidden)?, prepared.floats(&format!("{name}.shift"), hidden)?)
            }
        };
        Ok(Norm { scale, shift, epsilon })
    }

    pub(super) fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        match self {
            Self::Floats(tensors) => {
                let (rows, bias) = rows(tensors, name, inputs, outputs)?;
                Ok(Linear { inputs, weights: Matrix::Floats(panels(&rows, inputs, (inputs, 1))), bias })
            }
            Self::Bytes(prepared) => {
                let size = outputs.next_multiple_of(PANEL).saturating_mul(4 * byte_steps(inputs));
                Ok(Linear {
                    inputs,
                    weights: Matrix::Bytes {
                        range: prepared.bytes(name, size)?,
                        scales: prepared.floats(&format!("{name}.scales"), outputs)?,
                        sums: prepared.floats(&format!("{name}.sums"), outputs)?,
                        factors: match prepared.has(&format!("{name}.factors")) {
                            true => prepared.floats(&format!("{name}.factors"), inputs)?,
                            false => Vec::new(),
                        },
                    },
                    bias: prepared.floats(&format!("{name}.bias"), outputs)?,
                })
            }
        }
    }

    /// The file, for the weights that stay in it.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Floats(_) => Vec::new(),
            Self::Bytes(prepared) => prepared.into_bytes(),
        }
    }
}

impl Table {
    /// `into` = a word's vector + `position`.
    pub(super) fn add(&self, word: usize, position: &[f32], file: &[u8], into: &mut [f32]) {
        let hidden = position.len();
        let places = into.iter_mut().zip(position);
        match self {
            Self::Floats(rows) => {
                let row = &rows[word * hidden..][..hidden];
                places.zip(row).for_each(|((into, position), value)| *into = value + position);
            }
            Self::Bytes { start, scales } => {
                let (row, scale) = (&file[start + word * hidden..][..hidden], scales[word]);
                places.zip(row).for_each(|((into, position), &byte)| {
                    *into = f32::from(byte as i8) * scale + position;
                });
            }
        }
    }
}

/// The rows of a matrix (outputs × inputs) as columns in panels of 16, so many steps with so many values of each column;
/// filled up with zeros to whole panels and whole steps.
pub(super) fn panels<T: Copy + Default>(rows: &[T], inputs: usize, (steps, together): (usize, usize)) -> Vec<T> {
    let outputs = rows.len() / inputs;
    let mut panels = vec![T::default(); outputs.next_multiple_of(PANEL) * steps * together];
    for (output, row) in rows.chunks_exact(inputs).enumerate() {
        let panel = output / PANEL * PANEL * steps * together;
        for (step, values) in row.chunks(together).enumerate() {
            let at = panel + (step * PANEL + output % PANEL) * together;
            panels[at..at + values.len()].copy_from_slice(values);
        }
    }
    panels
}

/// A matrix and its bias as published: outputs × inputs. Query, key and value become one.
pub(super) fn rows(tensors: &Published, name: &str, inputs: usize, outputs: usize) -> Result<(Vec<f32>, Vec<f32>)> {
    let (layer, part) = name.rsplit_once('.').ok_or_else(|| invalid(format!("{name} names no part")))?;
    let layer = layer.replace("layers", "encoder.layer");
    let parts: &[&str] = match part {
        "projections" => &["attention.self.query", "attention.self.key", "attention.self.value"],
        "attended" => &["attention.output.dense"],
        "wide" => &["intermediate.dense"],
        _ => &["output.dense"],
    };
    let (mut weights, mut bias) = (Vec::new(), Vec::new());
    for part in parts {
        let outputs = outputs / parts.len();
        weights.extend(tensors.tensor(&format!("{layer}.{part}.weight"), &[outputs, inputs])?);
        bias.extend(tensors.tensor(&format!("{layer}.{part}.bias"), &[outputs])?);
    }
    Ok((weights, bias))
}

/// The name of a layer norm as published.
fn published_norm(name: &str) -> String {
    match name.strip_prefix("layers.") {
        None => "embeddings.LayerNorm".into(),
        Some(rest) => match rest.strip_suffix(".attended.norm") {
            Some(index) => format!("encoder.layer.{index}.attention.output.LayerNorm"),
            None => format!("encoder.layer.{}.output.LayerNorm", rest.trim_end_matches(".norm")),
        },
    }
}
