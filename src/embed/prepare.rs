//! a sentence-transformers folder → one file with its weights as bytes
//!
//! Each column of weights gets a scale of its own. What costs most in fidelity are not the weights but the inputs, which
//! have seven bits for a whole row: in every layer some few of them are many times larger than the rest, whatever the
//! text, and leave the rest only the lowest of these bits. So these are divided, and their weights multiplied by as much
//! (as in SmoothQuant, Xiao et al. 2023, arXiv:2211.10438, for the few only): on real passages the cosine to the f32 model
//! rises from 0.9973 to 0.9986. Which they are, a run over texts of random words tells: it needs no data, and it is done
//! by the portable kernels, so that the file is the same bytes wherever it is made.

use std::collections::BTreeMap;
use std::f32::consts::SQRT_2;

use super::Embedder;
use super::bert::{Bert, Part};
use super::kernels::{MOST_SUMMED, Norm, byte_steps, portable};
use super::weights::{Published, Source, panels, rows};
use crate::checksum::sha256;
use crate::error::Result;
use crate::model::folder::{Architecture, Description, Parts};
use crate::model::prepared::{Section, write};
use crate::model::tokenizer::WordTokenizer;
use crate::model::weights::Weights;
use crate::model::{Model, PREPARED_FILE};

/// The lengths of the texts of random words.
const LENGTHS: [usize; 6] = [4, 12, 30, 46, 30, 12];
/// One in so many inputs may be divided, by this much at most.
const LARGE: usize = 12;
const MOST_DIVIDED: f32 = 8.0;

/// Makes one file of a sentence-transformers folder, with its weights as bytes; `file` gives the bytes of a file of the
/// folder. The same folder gives the same bytes.
///
/// # Errors
/// `model_invalid` as for [`Model::read`].
pub fn prepare(mut file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>> {
    let mut sums = BTreeMap::new();
    let Parts { description, tokenizer, weights, .. } = Parts::read(|name| {
        let bytes = file(name)?;
        sums.insert(name.to_owned(), sha256(&bytes));
        Some(bytes)
    })?;
    let marks = WordTokenizer::new(&tokenizer, &description)?.encode("")?;
    let architecture = &description.architecture;
    let bert = Bert::load(architecture, Source::Floats(Published::new(Weights::new(weights.clone())?)), portable())?;
    let divisors = divisors(&bert, architecture, &marks, description.token_limit);
    drop(bert);
    let sections = sections(&description, Published::new(Weights::new(weights)?), &divisors)?;
    let file = write(&description, tokenizer, sums, sections)?;
    // What cannot be read again must not be written.
    Embedder::new(Model::read(|name| (name == PREPARED_FILE).then(|| file.clone()))?)?;
    Ok(file)
}

/// By how much each input of a layer's parts is divided: powers of two, so that nothing is rounded.
struct Divisors {
    projections: Vec<f32>,
    wide: Vec<f32>,
}

fn divisors(bert: &Bert, architecture: &Architecture, marks: &[u32], token_limit: usize) -> Vec<Divisors> {
    let Architecture { hidden, layers, vocabulary, .. } = *architecture;
    let zeros = |_| Divisors { projections: vec![0.0; hidden], wide: vec![0.0; hidden] };
    let mut largest: Vec<Divisors> = (0..layers).map(zeros).collect();
    let mut state = 1u64;
    for length in LENGTHS {
        let words = length.min(token_limit.saturating_sub(marks.len()));
        let mut text = marks.to_vec();
        // Between the marks, where there are two; Knuth's generator.
        let place = text.len().div_ceil(2);
        for _ in 0..words {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.insert(place, ((state >> 33) % vocabulary as u64) as u32);
        }
        bert.forward_seen(&[&text], &mut |layer, part, rows| {
            let largest = match part {
                Part::Projections => &mut largest[layer].projections,
                Part::Wide => &mut largest[layer].wide,
            };
            for row in rows.chunks_exact(largest.len()) {
                largest.iter_mut().zip(row).for_each(|(most, value)| *most = most.max(value.abs()));
            }
        });
    }
    let divide = |Divisors { projections, wide }| Divisors { projections: divide(&projections), wide: divide(&wide) };
    largest.into_iter().map(divide).collect()
}

fn divide(largest: &[f32]) -> Vec<f32> {
    let mut sorted = largest.to_vec();
    sorted.sort_by(|left, right| right.total_cmp(left));
    let usual = sorted[largest.len() / LARGE].max(f32::MIN_POSITIVE);
    let divisor = |most: &f32| {
        let mut divisor = 1.0;
        while divisor < MOST_DIVIDED && most / usual > divisor * SQRT_2 {
            divisor *= 2.0;
        }
        divisor
    };
    largest.iter().map(divisor).collect()
}

fn sections(description: &Description, published: Published, divisors: &[Divisors]) -> Result<Vec<Section>> {
    let architecture = &description.architecture;
    let Architecture { hidden, intermediate, vocabulary, .. } = *architecture;
    let mut sections = Vec::new();
    let words = published.tensor("embeddings.word_embeddings.weight", &[vocabulary, hidden])?;
    let (bytes, scales): (Vec<Vec<u8>>, Vec<f32>) = words.chunks_exact(hidden).map(|row| quantize(row, 1.0)).unzip();
    sections.push(section("words", bytes.concat()));
    sections.push(floats("words.scales", &scales));
    for (layer, Divisors { projections, wide }) in divisors.iter().enumerate() {
        for (part, inputs, outputs, divisors) in [
            ("projections", hidden, 3 * hidden, projections.as_slice()),
            ("attended", hidden, hidden, &[]),
            ("wide", hidden, intermediate, wide),
            ("narrow", intermediate, hidden, &[]),
        ] {
            let name = format!("layers.{layer}.{part}");
            let (mut rows, bias) = rows(&published, &name, inputs, outputs)?;
            if !divisors.is_empty() {
                for row in rows.chunks_exact_mut(inputs) {
                    row.iter_mut().zip(divisors).for_each(|(weight, divisor)| *weight *= divisor);
                }
                let factors: Vec<f32> = divisors.iter().map(|divisor| 1.0 / divisor).collect();
                sections.push(floats(&format!("{name}.factors"), &factors));
            }
            let (bytes, scales): (Vec<Vec<u8>>, Vec<f32>) = rows.chunks_exact(inputs).map(quantize_closely).unzip();
            let sum = |bytes: &Vec<u8>| bytes.iter().map(|&byte| i32::from(byte as i8)).sum::<i32>() as f32;
            let sums: Vec<f32> = bytes.iter().map(sum).collect();
            sections.push(section(&name, panels(&bytes.concat(), inputs, (byte_steps(inputs), 4))));
            sections.push(floats(&format!("{name}.scales"), &scales));
            sections.push(floats(&format!("{name}.sums"), &sums));
            sections.push(floats(&format!("{name}.bias"), &bias));
        }
    }
    // What stays as it is.
    let mut source = Source::Floats(published);
    let positions = source.positions(architecture)?;
    sections.push(floats("positions", &positions[..description.positions_reached() * hidden]));
    let of_layer = |layer| [format!("layers.{layer}.attended.norm"), format!("layers.{layer}.norm")];
    for name in std::iter::once("norm".to_owned()).chain((0..architecture.layers).flat_map(of_layer)) {
        let Norm { scale, shift, .. } = source.norm(&name, architecture)?;
        sections.push(floats(&format!("{name}.scale"), &scale));
        sections.push(floats(&format!("{name}.shift"), &shift));
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

/// As [`quantize`], within [`MOST_SUMMED`], with the share whose squared error is least: cutting off the largest few is
/// often better.
fn quantize_closely(row: &[f32]) -> (Vec<u8>, f32) {
    let error = |(bytes, scale): &(Vec<u8>, f32)| -> f64 {
        let errors = bytes.iter().zip(row).map(|(&byte, value)| f64::from(f32::from(byte as i8) * scale - value));
        errors.map(|error| error * error).sum()
    };
    let candidates = (0..=16).map(|step| {
        let (mut bytes, scale) = quantize(row, 1.12 - 0.02 * step as f32);
        lower(&mut bytes, row, scale);
        (bytes, scale)
    });
    let best = candidates
        .map(|candidate| (error(&candidate), candidate))
        .reduce(|best, other| if other.0 < best.0 { other } else { best });
    best.map_or_else(|| quantize(row, 1.0), |(_, candidate)| candidate)
}

/// Lowers bytes that are summed in 16 bits until they keep to [`MOST_SUMMED`], always the one whose error rises least.
/// One sum in a thousand needs it: the cosine to the f32 model stays what it is.
fn lower(bytes: &mut [u8], row: &[f32], scale: f32) {
    for (bytes, values) in bytes.chunks_mut(8).zip(row.chunks(8)) {
        for summed in [[0, 1, 4, 5], [2, 3, 6, 7]] {
            for sign in [1, -1] {
                let magnitude = |byte: u8| i32::from(byte as i8) * sign;
                let inside = || summed.into_iter().filter(|place| *place < values.len());
                let sum: i32 = inside().map(|place| magnitude(bytes[place]).max(0)).sum();
                for _ in MOST_SUMMED..sum {
                    let left = |place: &usize| (values[*place] / scale) * sign as f32 - magnitude(bytes[*place]) as f32;
                    let positive = inside().filter(|place| magnitude(bytes[*place]) > 0);
                    if let Some(place) = positive.min_by(|one, other| left(one).total_cmp(&left(other))) {
                        bytes[place] = (i32::from(bytes[place] as i8) - sign) as i8 as u8;
                    }
                }
            }
        }
    }
}
