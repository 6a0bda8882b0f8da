//! A text's meaning as a direction
//!
//! Every embedding in Carrel is a [`UnitVector`]: of length one, so that the dot product is the cosine. What is kept of
//! it to be searched are [`Codes`].

use crate::error::{Error, Result};

mod dot;
mod quantize;
mod scan;
#[cfg(test)]
pub(crate) mod tests;

pub use dot::dot;
pub use quantize::{Codes, Query};

/// A vector of length one, in f32.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitVector(Vec<f32>);

impl UnitVector {
    /// Scales `values` to length one.
    ///
    /// # Errors
    /// `model_invalid` where no direction is left: all zero, or not finite. Only a broken model gives that.
    pub fn normalize(mut values: Vec<f32>) -> Result<Self> {
        let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() || length == 0.0 {
            return Err(Error::ModelInvalid { problem: "it gave a vector without direction".into() });
        }
        values.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
        Ok(Self(values))
    }

    /// Takes values that were normalised elsewhere, and keeps them to the bit.
    ///
    /// # Errors
    /// `model_invalid` where their length is not one.
    pub fn of_length_one(values: Vec<f32>) -> Result<Self> {
        let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if (length - 1.0).abs() < 1e-5 {
            return Ok(Self(values));
        }
        Err(Error::ModelInvalid { problem: format!("it gave a vector of length {length} instead of 1") })
    }

    /// Its components.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// The cosine of the angle between two vectors, −1 to 1.
    ///
    /// Panics when their dimensions differ.
    pub fn cosine(&self, other: &Self) -> f32 {
        dot(&self.0, &other.0)
    }
}
