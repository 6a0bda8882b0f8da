//! What is done to rows of numbers between matrix products.

use std::f32::consts::LOG2_E;

/// Adds the bias to each row.
pub(in crate::embed) fn add_bias(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
    }
}

/// Adds the bias to each row, then applies the Gaussian error linear unit, `x·Φ(x)` (Hendrycks & Gimpel 2016).
///
/// Φ by the error function of Abramowitz & Stegun 7.1.26, whose absolute error is below 1.5e-7.
pub(in crate::embed) fn add_bias_gelu(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        row.iter_mut().zip(bias).for_each(|(value, bias)| *value = gelu(*value + bias));
    }
}

/// Adds `residual` and the bias to each row, then brings it to mean 0 and variance 1, then scales and shifts it
/// (Ba, Kiros & Hinton 2016).
pub(in crate::embed) fn add_normalize(rows: &mut [f32], residual: &[f32], bias: &[f32], norm: &Norm) {
    let width = bias.len();
    for (row, residual) in rows.chunks_exact_mut(width).zip(residual.chunks_exact(width)) {
        row.iter_mut().zip(residual).zip(bias).for_each(|((value, residual), bias)| *value += residual + bias);
        normalize(row, norm);
    }
}

/// The parameters of a layer norm.
pub(in crate::embed) struct Norm {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    pub epsilon: f32,
}

/// Brings a row to mean 0 and variance 1, then scales and shifts it.
pub(in crate::embed) fn normalize(row: &mut [f32], norm: &Norm) {
    let mean = sum(row, |value| value) / row.len() as f32;
    let variance = sum(row, |value| (value - mean) * (value - mean)) / row.len() as f32;
    let factor = 1.0 / (variance + norm.epsilon).sqrt();
    for ((value, scale), shift) in row.iter_mut().zip(&norm.scale).zip(&norm.shift) {
        *value = (*value - mean) * factor * scale + shift;
    }
}

/// Each row becomes positive with sum 1, in the proportions of its exponentials.
pub(in crate::embed) fn softmax(rows: &mut [f32], width: usize) {
    for row in rows.chunks_exact_mut(width) {
        let highest =
            row.iter().fold(f32::NEG_INFINITY, |highest, &value| if value > highest { value } else { highest });
        row.iter_mut().for_each(|value| *value = exp(*value - highest));
        let factor = 1.0 / sum(row, |value| value);
        row.iter_mut().for_each(|value| *value *= factor);
    }
}

/// Several running sums, so that the compiler may keep them in one register.
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0f32; 8];
    let blocks = row.chunks_exact(8);
    let tail: f32 = blocks.remainder().iter().map(|&value| of(value)).sum();
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(sum, &value)| *sum += of(value));
    }
    sums.iter().sum::<f32>() + tail
}

fn gelu(x: f32) -> f32 {
    // erf(|x|/√2) = 1 - (a₁t + … + a₅t⁵)·e^(-x²/2), with t = 1/(1 + p·|x|/√2).
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let polynomial = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    let erf = 1.0 - polynomial * exp(-z * z);
    0.5 * x * (1.0 + erf.copysign(x))
}

/// e^x for x ≤ 0, with a relative error below 3e-7: 2^n · e^r by a polynomial of degree 6 on |r| ≤ ln 2 / 2.
fn exp(x: f32) -> f32 {
    let x = if x > -87.0 { x } else { -87.0 };
    // Adding and taking off 1.5 · 2²³ rounds to a whole number, by the same instructions on every machine.
    const ROUND: f32 = 12_582_912.0;
    let n = (x * LOG2_E + ROUND) - ROUND;
    // ln 2 in two parts (Cody & Waite), the first short enough for its product with n to be exact.
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let polynomial =
        1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    polynomial * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_standard_library() {
        for step in 0..87_000 {
            let x = -(step as f32) / 1000.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 1e-6 * exact, "{x}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn gelu_is_within_its_error_bound() {
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
        for step in -6000..6000 {
            let x = f64::from(step) / 1000.0;
            assert!((f64::from(gelu(x as f32)) - x * phi(x)).abs() < 1e-6, "{x}");
        }
        assert_eq!((gelu(0.0), gelu(-50.0), gelu(50.0)), (0.0, 0.0, 50.0));
    }

    #[test]
    fn softmax_and_normalize_do_what_they_say() {
        let mut rows = vec![1.0, 2.0, 3.0, -1000.0, 0.0, 0.0];
        softmax(&mut rows, 3);
        assert!((rows[0] - 0.090_030_57).abs() < 1e-6 && (rows[2] - 0.665_240_94).abs() < 1e-6);
        assert_eq!(rows[3..], [rows[3], 0.5, 0.5]);
        let norm = Norm { scale: vec![2.0; 9], shift: vec![1.0; 9], epsilon: 0.0 };
        let mut row: Vec<f32> = (0..9).map(|at| at as f32).collect();
        normalize(&mut row, &norm);
        assert!((row.iter().sum::<f32>() / 9.0 - 1.0).abs() < 1e-6);
        assert!((row[8] - (1.0 + 2.0 * 4.0 / (60.0f32 / 9.0).sqrt())).abs() < 1e-5);
    }
}
