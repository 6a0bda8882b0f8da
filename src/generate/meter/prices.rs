//! tokens of a model → money
//!
//! Prices change and differ by contract, so none is built in: until a person gives some, money is not known, which is
//! not the same as nothing.

use serde::{Deserialize, Serialize};

use super::Tokens;
use crate::generate::limits::{Amount, Cost};

/// What models cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Prices {
    /// What the money is called, such as `USD`; for display only.
    pub currency: String,
    /// The first whose name fits counts.
    pub models: Vec<Price>,
}

/// What a million tokens of a model cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Price {
    /// The model's name, where `*` stands for anything.
    pub model: String,
    /// Of the prompt.
    pub prompt: Amount,
    /// Of what the server had read before; as the rest of the prompt where nothing is given.
    #[serde(default)]
    pub cached_prompt: Option<Amount>,
    /// Of the answer.
    pub completion: Amount,
}

impl Prices {
    /// What so many tokens of a model cost; none where its price is not known.
    pub fn money(&self, model: &str, tokens: &Tokens) -> Option<f64> {
        let price = self.models.iter().find(|price| fits(price.model.as_bytes(), model.as_bytes()))?;
        let cached = tokens.cached_prompt.min(tokens.prompt);
        let parts = [
            ((tokens.prompt - cached), price.prompt),
            (cached, price.cached_prompt.unwrap_or(price.prompt)),
            (tokens.completion, price.completion),
        ];
        Some(parts.iter().map(|(count, price)| *count as f64 * price.get()).sum::<f64>() / 1e6)
    }

    /// The same beside the count of tokens, as a [`Spending`](crate::generate::limits::Spending) wants it.
    pub fn cost(&self, model: &str, tokens: &Tokens) -> Cost {
        Cost { tokens: tokens.total(), money: self.money(model, tokens) }
    }
}

/// Whether a name fits a pattern. A star takes as little as it can, and more where the rest does not fit then; only
/// the last star needs to, so this does not grow beyond the product of both lengths.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut taken, mut star) = (0, 0, None);
    while taken < name.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, taken));
            at += 1;
        } else if pattern.get(at) == Some(&name[taken]) {
            (at, taken) = (at + 1, taken + 1);
        } else if let Some((place, began)) = star {
            star = Some((place, began + 1));
            (at, taken) = (place + 1, began + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Prices {
        let table = r#"{"currency": "USD", "models": [
            {"model": "small-2026-*", "prompt": 0.5, "cachedPrompt": 0.05, "completion": 2},
            {"model": "small*", "prompt": 1, "completion": 4},
            {"model": "*:free", "prompt": 0, "completion": 0}]}"#;
        serde_json::from_str(table).unwrap()
    }

    #[test]
    fn money_is_known_by_the_first_price_that_fits_and_not_without_one() {
        let tokens = Tokens { prompt: 1_000_000, cached_prompt: 400_000, completion: 250_000, reasoning: 1 };
        let money = |model: &str| prices().money(model, &tokens);
        assert!((money("small-2026-11").unwrap() - (0.3 + 0.02 + 0.5)).abs() < 1e-12);
        assert!((money("small").unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(money("org/large:free"), Some(0.0));
        assert_eq!(money("large"), None);
        assert_eq!(Prices::default().money("small", &tokens), None);
        assert_eq!(prices().cost("large", &tokens), Cost { tokens: 1_250_000, money: None });
    }

    #[test]
    fn a_table_is_written_as_it_is_read_and_a_negative_price_is_refused() {
        let again: Prices = serde_json::from_str(&serde_json::to_string(&prices()).unwrap()).unwrap();
        assert_eq!(again, prices());
        for bad in [
            r#"{"models": [{"model": "a", "prompt": -1, "completion": 1}]}"#,
            r#"{"models": [{"model": "a", "prompt": 1}]}"#,
            r#"{"models": [{"model": "a", "prompt": 1, "completion": 1, "cached": 1}]}"#,
        ] {
            assert!(serde_json::from_str::<Prices>(bad).is_err(), "{bad}");
        }
    }

    /// The oracle tries every length for every star.
    #[test]
    fn patterns_fit_as_trying_all_ways_says() {
        fn naive(pattern: &[u8], name: &[u8]) -> bool {
            match pattern.split_first() {
                None => name.is_empty(),
                Some((b'*', rest)) => (0..=name.len()).any(|taken| naive(rest, &name[taken..])),
                Some((byte, rest)) => {
                    name.split_first().is_some_and(|(first, name)| first == byte && naive(rest, name))
                }
            }
        }
        let texts = |letters: &[u8], longest: u32| -> Vec<Vec<u8>> {
            let count = letters.len();
            let of_length = |length: u32| {
                (0..count.pow(length)).map(move |code| {
                    (0..length).map(|place| letters[code / count.pow(place) % count]).collect::<Vec<u8>>()
                })
            };
            (0..=longest).flat_map(of_length).collect()
        };
        let names = texts(b"ab", 6);
        let mut fitting = 0;
        for pattern in texts(b"ab*", 5) {
            for name in &names {
                assert_eq!(fits(&pattern, name), naive(&pattern, name), "{pattern:?} {name:?}");
                fitting += usize::from(fits(&pattern, name));
            }
        }
        assert!(fitting > 1_000);
    }
}
