//! a model's file → weights as the kernels read them
//!
//! From safetensors as they were published, in f32, or from a prepared file, in bytes and in place. Preparing is here,
//! too, so that who writes a layout and who reads it stand side by side.

use super::bert::{Linear, Matrix};
use super::kernels::{Norm, PANEL};
use crate::error::Result;
use crate::model::folder::{Architecture, Description};
use crate::model::invalid;
use crate::model::prepared::{Prepared, Section};
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

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
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
                Ok(Linear { inputs, weights: Matrix::Floats(panels(&rows, inputs, 1)), bias })
            }
            Self::Bytes(prepared) => {
                let size = outputs.next_multiple_of(PANEL).saturating_mul(inputs.next_multiple_of(4));
                Ok(Linear {
                    inputs,
                    weights: Matrix::Bytes {
                        range: prepared.bytes(name, size)?,
                        scales: prepared.floats(&format!("{name}.scales"), outputs)?,
                        sums: prepared.floats(&format!("{name}.sums"), outputs)?,
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

/// What a sentence-transformers folder becomes as one file: its weights as bytes, laid out as the kernels read them.
///
/// # Errors
/// `model_invalid` where a weight is missing or has another shape than the config says.
pub(super) fn prepare(description: &Description, weights: Weights) -> Result<Vec<Section>> {
    let architecture = &description.architecture;
    let Architecture { hidden, intermediate, layers, vocabulary, .. } = *architecture;
    let tensors = Published::new(weights);
    let mut sections = Vec::new();
    let words = tensors.tensor("embeddings.word_embeddings.weight", &[vocabulary, hidden])?;
    let (bytes, scales): (Vec<Vec<u8>>, Vec<f32>) = words.chunks_exact(hidden).map(|row| quantize(row, 1.0)).unzip();
    sections.push(section("words", bytes.concat()));
    sections.push(floats("words.scales", &scales));
    let mut source = Source::Floats(tensors);
    let positions = source.positions(architecture)?;
    let reached = description.positions_reached() * hidden;
    sections.push(floats("positions", &positions[..reached]));
    let norm = |source: &mut Source, name: &str, sections: &mut Vec<Section>| -> Result<()> {
        let Norm { scale, shift, .. } = source.norm(name, architecture)?;
        sections.push(floats(&format!("{name}.scale"), &scale));
        sections.push(floats(&format!("{name}.shift"), &shift));
        Ok(())
    };
    norm(&mut source, "norm", &mut sections)?;
    for index in 0..layers {
        for (part, inputs, outputs) in [
            ("projections", hidden, 3 * hidden),
            ("attended", hidden, hidden),
            ("wide", hidden, intermediate),
            ("narrow", intermediate, hidden),
        ] {
            let name = format!("layers.{index}.{part}");
            let Source::Floats(tensors) = &source else { continue };
            let (rows, bias) = rows(tensors, &name, inputs, outputs)?;
            let quantized: Vec<(Vec<u8>, f32)> = rows.chunks_exact(inputs).map(quantize_closely).collect();
            let sum = |bytes: &Vec<u8>| bytes.iter().map(|&byte| i32::from(byte as i8)).sum::<i32>() as f32;
            let sums: Vec<f32> = quantized.iter().map(|(bytes, _)| sum(bytes)).collect();
            let (bytes, scales): (Vec<Vec<u8>>, Vec<f32>) = quantized.into_iter().unzip();
            sections.push(section(&name, panels(&bytes.concat(), inputs, 4)));
            sections.push(floats(&format!("{name}.scales"), &scales));
            sections.push(floats(&format!("{name}.sums"), &sums));
            sections.push(floats(&format!("{name}.bias"), &bias));
        }
        norm(&mut source, &format!("layers.{index}.attended.norm"), &mut sections)?;
        norm(&mut source, &format!("layers.{index}.norm"), &mut sections)?;
    }
    Ok(sections)
}

fn section(name: &str, bytes: Vec<u8>) -> Section {
    Section { name: name.to_owned(), bytes }
}

fn floats(name: &str, values: &[f32]) -> Section {
    section(name, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// Signed bytes of a row, and what one of them stands for. `share` of the largest magnitude is the largest byte.
fn quantize(row: &[f32], share: f32) -> (Vec<u8>, f32) {
    let most = row.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let scale = if most > 0.0 { most * share / 127.0 } else { 1.0 };
    let byte = |value: &f32| (value / scale).round().clamp(-127.0, 127.0) as i8 as u8;
    (row.iter().map(byte).collect(), scale)
}

/// As [`quantize`], with the share whose squared error is least: cutting off the largest few is often better.
fn quantize_closely(row: &[f32]) -> (Vec<u8>, f32) {
    let error = |(bytes, scale): &(Vec<u8>, f32)| -> f64 {
        let errors = bytes.iter().zip(row).map(|(&byte, value)| f64::from(f32::from(byte as i8) * scale - value));
        errors.map(|error| error * error).sum()
    };
    let candidates = (0..=10).map(|step| quantize(row, 1.0 - 0.02 * step as f32));
    let best = candidates
        .map(|candidate| (error(&candidate), candidate))
        .reduce(|best, other| if other.0 < best.0 { other } else { best });
    best.map_or_else(|| quantize(row, 1.0), |(_, candidate)| candidate)
}

/// The rows of a matrix (outputs × inputs) as columns in panels of 16, `together` values of each column at a time;
/// filled up with zeros to whole panels and whole steps.
fn panels<T: Copy + Default>(rows: &[T], inputs: usize, together: usize) -> Vec<T> {
    let (outputs, steps) = (rows.len() / inputs, inputs.div_ceil(together));
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
fn rows(tensors: &Published, name: &str, inputs: usize, outputs: usize) -> Result<(Vec<f32>, Vec<f32>)> {
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
