//! Every target that this machine can run, held against plain definitions in f64 and against the portable one.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::{wasm_bindgen_test as test, wasm_bindgen_test_configure};

use super::*;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Numbers like those of a network's states: many small ones and a few large ones.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|at| next() * if at % 29 == 3 { 12.0 } else { 2.0 }).collect()
}

/// A matrix, outputs × inputs, and its forms: in f32, and in bytes with scales and sums.
struct Weights {
    inputs: usize,
    rows: Vec<Vec<f32>>,
    bytes: Vec<Vec<i8>>,
    scales: Vec<f32>,
    sums: Vec<f32>,
    bias: Vec<f32>,
}

impl Weights {
    fn new(inputs: usize, outputs: usize, seed: u64) -> Self {
        let rows: Vec<Vec<f32>> = (0..outputs).map(|row| numbers(inputs, seed + row as u64)).collect();
        let scales: Vec<f32> = rows.iter().map(|row| row.iter().fold(1e-9f32, |m, v| m.max(v.abs())) / 64.0).collect();
        let bytes: Vec<Vec<i8>> = rows
            .iter()
            .zip(&scales)
            .map(|(row, scale)| row.iter().map(|v| (v / scale).round() as i8).collect())
            .collect();
        let sums = bytes.iter().map(|row| row.iter().map(|&byte| f32::from(byte)).sum()).collect();
        Self { inputs, rows, bytes, scales, sums, bias: numbers(outputs, seed + 7) }
    }

    /// By the layout's definition: value `inner` of column `output`.
    fn panels<T: Copy + Default>(&self, of: impl Fn(usize, usize) -> T, steps: usize, together: usize) -> Vec<T> {
        let outputs = self.bias.len();
        let mut panels = Vec::new();
        for panel in 0..outputs.div_ceil(PANEL) {
            for step in 0..steps {
                for column in panel * PANEL..(panel + 1) * PANEL {
                    for inner in step * together..(step + 1) * together {
                        let inside = column < outputs && inner < self.inputs;
                        panels.push(if inside { of(column, inner) } else { T::default() });
                    }
                }
            }
        }
        panels
    }
}

fn multiplied_bytes(kernels: &Kernels, rows: &[f32], weights: &Weights) -> Vec<f32> {
    let panels = weights.panels(|column, inner| weights.bytes[column][inner] as u8, weights.inputs.div_ceil(8) * 2, 4);
    let Weights { inputs, scales, sums, bias, .. } = weights;
    let mut quantized = Quantized::default();
    // Used before, for something longer: what is left of it must not matter.
    (kernels.quantize)(&numbers(rows.len() + inputs, 99), *inputs, &[], &mut quantized);
    // Halved here and doubled there, so that only the way is another.
    let (halves, doubled) = (vec![0.5; *inputs], rows.iter().map(|value| 2.0 * value).collect::<Vec<_>>());
    match inputs.is_multiple_of(2) {
        true => (kernels.quantize)(rows, *inputs, &[], &mut quantized),
        false => (kernels.quantize)(&doubled, *inputs, &halves, &mut quantized),
    }
    let mut product = vec![f32::NAN; rows.len() / inputs * bias.len()];
    let matrix = ByteMatrix { inputs: *inputs, weights: &panels, scales, sums, bias };
    (kernels.multiply_bytes)(&quantized, &matrix, &mut product);
    product
}

fn naive_product(row: &[f32], weights: &Weights, column: usize, of: impl Fn(usize) -> f64) -> f64 {
    let products = row.iter().enumerate().map(|(inner, value)| f64::from(*value) * of(inner));
    products.sum::<f64>() + f64::from(weights.bias[column])
}

/// Attention by its definition, in f64.
fn naive_attention(text: Projected) -> Vec<f64> {
    let (length, size) = (text.rows.len() / (3 * text.hidden), text.hidden / text.heads);
    let part = |token: usize, which: usize, head: usize, at: usize| {
        f64::from(text.rows[(3 * token + which) * text.hidden + head * size + at])
    };
    let mut mixed = vec![0.0; length * text.hidden];
    for head in 0..text.heads {
        for query in 0..length {
            let score = |key: usize| -> f64 {
                let dot: f64 = (0..size).map(|at| part(query, 0, head, at) * part(key, 1, head, at)).sum();
                (dot / (size as f64).sqrt()).exp()
            };
            let scores: Vec<f64> = (0..length).map(score).collect();
            let sum: f64 = scores.iter().sum();
            for at in 0..size {
                let value: f64 = (0..length).map(|key| scores[key] / sum * part(key, 2, head, at)).sum();
                mixed[query * text.hidden + head * size + at] = value;
            }
        }
    }
    mixed
}

/// The largest distance, in parts of the largest magnitude.
fn distance(ours: &[f32], theirs: impl Iterator<Item = f64>) -> f64 {
    let theirs: Vec<f64> = theirs.collect();
    assert_eq!(ours.len(), theirs.len());
    let most = theirs.iter().fold(1e-9f64, |most, value| most.max(value.abs()));
    ours.iter()
        .zip(&theirs)
        .map(|(a, b)| if a.is_nan() { f64::NAN } else { (f64::from(*a) - b).abs() / most })
        .fold(0.0, |most, distance| if distance <= most { most } else { distance })
}

fn cosine(ours: &[f32], theirs: &[f64]) -> f64 {
    let product = doubles(ours).zip(theirs).map(|(a, b)| a * b).sum::<f64>();
    let length = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    product / (length(&mut doubles(ours)) * length(&mut theirs.iter().copied()))
}

fn doubles(values: &[f32]) -> impl Iterator<Item = f64> + '_ {
    values.iter().map(|value| f64::from(*value))
}

fn products_are_those_of_the_definition(rows: usize, inputs: usize, outputs: usize, seed: u64) {
    let (values, weights) = (numbers(rows * inputs, seed), Weights::new(inputs, outputs, seed));
    let panels = weights.panels(|column, inner| weights.rows[column][inner], inputs, 1);
    let mut exact = Vec::new();
    for row in values.chunks_exact(inputs) {
        for column in 0..outputs {
            exact.push(naive_product(row, &weights, column, |inner| f64::from(weights.rows[column][inner])));
        }
    }
    let portable = multiplied_bytes(&plain::KERNELS, &values, &weights);
    // A row's step and half of it, times a column's sum of magnitudes, bounds what quantising may change.
    for (row, products) in values.chunks_exact(inputs).zip(portable.chunks_exact(outputs)) {
        let range = row.iter().fold(0.0f32, |m, v| m.max(*v)) - row.iter().fold(0.0f32, |m, v| m.min(*v));
        for (column, product) in products.iter().enumerate() {
            let of = |inner: usize| f64::from(weights.bytes[column][inner]) * f64::from(weights.scales[column]);
            let bound: f64 = (0..inputs).map(|inner| of(inner).abs()).sum::<f64>() * f64::from(range) / 127.0;
            let difference = (f64::from(*product) - naive_product(row, &weights, column, of)).abs();
            assert!(difference <= 0.51 * bound + 1e-5, "{difference} of {bound}");
        }
    }
    for kernels in able() {
        let mut product = vec![f32::NAN; rows * outputs];
        let matrix = FloatMatrix { inputs, weights: &panels, bias: &weights.bias };
        (kernels.multiply_floats)(&values, &matrix, &mut product);
        assert!(distance(&product, exact.iter().copied()) < 1e-5, "{}", kernels.name);
        let bytes = multiplied_bytes(kernels, &values, &weights);
        // Where a value lies in the middle between two bytes, another rounding of its product may take the other.
        assert!(distance(&bytes, doubles(&portable)) < 1e-2, "{}", kernels.name);
        let close = bytes.iter().zip(&portable).filter(|(a, b)| (**a - **b).abs() < 1e-4 * (1.0 + b.abs())).count();
        assert!(close * 10 >= bytes.len() * 9, "{}: {close} of {}", kernels.name, bytes.len());
    }
}

fn attention_is_that_of_the_definition(length: usize, heads: usize, size: usize, seed: u64) {
    let hidden = heads * size;
    let rows = numbers(length * 3 * hidden, seed);
    let text = Projected { rows: &rows, heads, hidden };
    let exact = naive_attention(text);
    for kernels in able() {
        // The scratch was used before, for another text and other sizes.
        let (mut scratch, mut mixed) = (Scratch::default(), vec![f32::NAN; length * hidden]);
        let other = numbers(70 * 3 * 2 * hidden, seed + 1);
        for attend in [kernels.attend_bytes, kernels.attend_floats] {
            let other = Projected { rows: &other, heads: 1, hidden: 2 * hidden };
            attend(other, &mut scratch, &mut vec![0.0; 70 * 2 * hidden]);
        }
        (kernels.attend_floats)(text, &mut scratch, &mut mixed);
        assert!(distance(&mixed, exact.iter().copied()) < 1e-5, "{}", kernels.name);
        mixed.fill(f32::NAN);
        (kernels.attend_bytes)(text, &mut scratch, &mut mixed);
        let bytes = distance(&mixed, exact.iter().copied());
        assert!(bytes < 0.25, "{}: {bytes}", kernels.name);
        let cosine = cosine(&mixed, &exact);
        assert!(cosine > 0.99, "{}: {cosine}", kernels.name);
        let mut portable = vec![f32::NAN; length * hidden];
        (plain::KERNELS.attend_bytes)(text, &mut Scratch::default(), &mut portable);
        assert!(distance(&mixed, doubles(&portable)) < 2e-2, "{}", kernels.name);
    }
}

fn rows_are_normalised_as_defined(rows: usize, width: usize, residual: bool, seed: u64) {
    let (values, other) = (numbers(rows * width, seed), numbers(rows * width, seed + 1));
    let norm = Norm { scale: numbers(width, seed + 2), shift: numbers(width, seed + 3), epsilon: 1e-6 };
    let rows = values.chunks_exact(width).zip(other.chunks_exact(width));
    let exact: Vec<f64> = rows
        .flat_map(|(row, other)| {
            let other = other.iter().map(|value| if residual { f64::from(*value) } else { 0.0 });
            let sums: Vec<f64> = row.iter().zip(other).map(|(a, b)| f64::from(*a) + b).collect();
            let mean = sums.iter().sum::<f64>() / width as f64;
            let variance = sums.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / width as f64;
            let scaled = sums.into_iter().map(move |sum| (sum - mean) / (variance + 1e-6).sqrt());
            scaled.zip(doubles(&norm.scale).zip(doubles(&norm.shift))).map(|(sum, (scale, shift))| sum * scale + shift)
        })
        .collect();
    for kernels in able() {
        let mut ours = values.clone();
        (kernels.normalize)(&mut ours, residual.then_some(&other), &norm);
        assert!(distance(&ours, exact.iter().copied()) < 1e-4, "{}", kernels.name);
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod any {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn products_are_those_of_the_definition(rows in 1usize..21, inputs in 1usize..90, outputs in 1usize..50, seed in 0u64..1000) {
            super::products_are_those_of_the_definition(rows, inputs, outputs, seed);
        }

        #[test]
        fn attention_is_that_of_the_definition(length in 1usize..75, heads in 1usize..4, size in 1usize..40, seed in 0u64..1000) {
            super::attention_is_that_of_the_definition(length, heads, size, seed);
        }

        #[test]
        fn rows_are_normalised_as_defined(rows in 1usize..5, width in 1usize..100, residual in any::<bool>(), seed in 0u64..1000) {
            super::rows_are_normalised_as_defined(rows, width, residual, seed);
        }
    }
}

/// The same in the browser, where proptest is not: sizes that have no common period, up to the same ones.
#[cfg(target_arch = "wasm32")]
mod many {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn products_attention_and_rows_are_those_of_the_definition() {
        for seed in 0..60 {
            let at = seed as usize;
            products_are_those_of_the_definition(1 + at % 20, 1 + 7 * at % 89, 1 + 11 * at % 49, seed);
            attention_is_that_of_the_definition(1 + 5 * at % 74, 1 + at % 3, 1 + 7 * at % 39, seed);
            rows_are_normalised_as_defined(1 + at % 4, 1 + 17 * at % 99, at % 2 == 0, seed);
        }
    }

    #[test]
    fn all_of_the_browser_is_there_and_the_faster_one_first() {
        let names: Vec<&str> = able().iter().map(|kernels| kernels.name).collect();
        match cfg!(feature = "relaxed-simd") {
            true => assert!(names.len() == 3 && names[..2].iter().all(|name| name.contains("relaxed")), "{names:?}"),
            false => assert_eq!(names, ["wasm simd128", "portable"]),
        }
    }
}

#[test]
fn gelu_is_within_its_error_bounds() {
    // Φ by its series, in f64: an independent way.
    let phi = |x: f64| {
        let (mut term, mut sum, mut n) = (x, x, 1.0);
        while term.abs() > 1e-18 && n < 400.0 {
            term *= x * x / (2.0 * n + 1.0);
            sum += term;
            n += 1.0;
        }
        0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
    };
    let points: Vec<f32> = (-6000..6000).map(|step| step as f32 / 1000.0).chain([50.0, -50.0]).collect();
    for kernels in able() {
        let (mut exact, mut rough) = (points.clone(), points.clone());
        (kernels.gelu)(&mut exact);
        (kernels.gelu_roughly)(&mut rough);
        for (at, &x) in points.iter().enumerate() {
            let x = f64::from(x);
            let expected = if x.abs() > 6.0 { x.max(0.0) } else { x * phi(x) };
            assert!((f64::from(exact[at]) - expected).abs() < 1e-6, "{}: {x}", kernels.name);
            // Past its last point the polynomial's own error at that point grows with x.
            let bound = 2e-4 * (x.abs() / 3.9).max(1.0);
            assert!((f64::from(rough[at]) - expected).abs() < bound, "{}: {x}: {}", kernels.name, rough[at]);
        }
        assert_eq!((exact[6000], exact[points.len() - 2]), (0.0, 50.0), "{}", kernels.name);
    }
}

#[test]
fn sums_at_their_limits_are_exact() {
    let inputs = 40;
    // The largest weights that may stand in one sum, of either sign, at every of its places; and inputs of 0 and 127.
    let column = |turn: usize, sign: i8| -> Vec<i8> {
        let large = [127, 127, 3, 1];
        (0..inputs).map(|inner| large[(inner % 2 + inner % 8 / 4 * 2 + turn) % 4] * sign).collect()
    };
    let bytes: Vec<Vec<i8>> = (0..8).map(|at| column(at % 4, if at < 4 { 1 } else { -1 })).collect();
    assert!(bytes[0][..8].iter().map(|&byte| i32::from(byte)).sum::<i32>() == 2 * MOST_SUMMED);
    let sums = bytes.iter().map(|row| row.iter().map(|&byte| f32::from(byte)).sum()).collect();
    let (scales, bias) = (vec![1.0; 8], vec![0.0; 8]);
    let weights = Weights { inputs, rows: Vec::new(), bytes, scales, sums, bias };
    let rows: Vec<f32> = (0..3 * inputs).map(|at| if at % inputs == 39 { 0.0 } else { 127.0 }).collect();
    for kernels in able() {
        let products = multiplied_bytes(kernels, &rows, &weights);
        for (product, (column, sum)) in products.iter().zip(weights.bytes.iter().zip(&weights.sums).cycle()) {
            assert_eq!(*product, 127.0 * (sum - f32::from(column[39])), "{}", kernels.name);
        }
    }
}

#[test]
fn attention_over_the_longest_text_stays_within_its_sums() {
    let (heads, size) = (1, 16);
    // All keys are alike, so that every share is the largest; and all values are as large as values are.
    let rows: Vec<f32> = (0..LONGEST).flat_map(|_| (0..48).map(|at| if at < 32 { 0.5 } else { -3.0 })).collect();
    for kernels in able() {
        let mut mixed = vec![f32::NAN; LONGEST * size];
        let text = Projected { rows: &rows, heads, hidden: heads * size };
        (kernels.attend_bytes)(text, &mut Scratch::default(), &mut mixed);
        assert!(mixed.iter().all(|value| (value + 3.0).abs() < 0.01), "{}: {:?}", kernels.name, &mixed[..4]);
    }
}

#[test]
fn what_is_not_a_number_does_no_harm() {
    for kernels in able() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = numbers(2 * 40, 5);
            values[7] = wrong;
            let product = multiplied_bytes(kernels, &values, &Weights::new(40, 20, 5));
            assert!(
                product[20..].iter().all(|value| value.is_finite()),
                "{}: the other row is as it was",
                kernels.name
            );
            let rows = numbers(40 * 3 * 16, 6).into_iter().enumerate();
            let rows: Vec<f32> = rows.map(|(at, value)| if at == 50 { wrong } else { value }).collect();
            let text = Projected { rows: &rows, heads: 2, hidden: 16 };
            (kernels.attend_bytes)(text, &mut Scratch::default(), &mut [0.0; 40 * 16]);
        }
    }
}
