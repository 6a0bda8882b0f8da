//! a number that a person set → one that can be reckoned with
//!
//! Limits, prices, budgets and timeouts come from settings. One that is negative or no number is refused where it is
//! read, so that nothing behind has to think of it.

use serde::{Deserialize, Serialize};

/// A finite number from 0 up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Amount(f64);

impl Amount {
    /// None where it is negative, infinite or no number.
    pub fn new(value: f64) -> Option<Self> {
        (value >= 0.0 && value.is_finite()).then_some(Self(value))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Amount {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        Self::new(value).ok_or("a number from 0 up is needed")
    }
}

impl From<Amount> for f64 {
    fn from(amount: Amount) -> f64 {
        amount.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_negative_or_no_number_is_refused_when_it_is_read() {
        assert_eq!(serde_json::from_str::<Amount>("0").unwrap().get(), 0.0);
        assert_eq!(serde_json::to_string(&Amount::new(2.5)).unwrap(), "2.5");
        for bad in ["-1", "-0.001", "null", "\"5\""] {
            assert!(serde_json::from_str::<Amount>(bad).is_err(), "{bad}");
        }
        assert_eq!([f64::NAN, f64::INFINITY, -1.0].map(Amount::new), [None; 3]);
    }
}
