//! worked examples + how near each is to the question → those that are shown
//!
//! A model does as it is shown (few-shot). Where there are more examples than a prompt should hold, those that are most
//! like the question help most (Liu et al. 2022, "What Makes Good In-Context Examples for GPT-3?"), the nearest last,
//! where a model minds it most.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Result};
use crate::order;

/// How many of a pool are shown where it is not told.
const MOST: usize = 3;

/// A worked example shown to the model before the question (few-shot).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// As a person would ask.
    pub question: String,
    /// As the model should answer.
    pub answer: String,
}

/// Which examples are shown.
///
/// In JSON a list of examples, or an object with `pool`, a list, and `most`, 3 where it is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examples {
    /// All of these, in this order.
    Fixed(Vec<Example>),
    /// Those of the pool that are most like the question.
    Pool {
        /// To choose from.
        pool: Vec<Example>,
        /// How many at most.
        most: usize,
    },
}

impl Default for Examples {
    fn default() -> Self {
        Self::Fixed(Vec::new())
    }
}

impl Examples {
    /// The examples for a question. `similarity` tells of each of these questions how much it is like the one that is
    /// asked; it is not called where there is nothing to choose.
    ///
    /// # Errors
    /// `option_invalid` where an example lacks its question or its answer; those of `similarity`.
    pub fn choose(&self, similarity: &dyn Fn(&[&str]) -> Result<Vec<f32>>) -> Result<Vec<Example>> {
        let (Self::Fixed(given) | Self::Pool { pool: given, .. }) = self;
        let lacks = |example: &Example| [&example.question, &example.answer].iter().any(|text| text.trim().is_empty());
        if let Some(at) = given.iter().position(lacks) {
            let problem = format!("example {} lacks its question or its answer; give both, or leave it out", at + 1);
            return Err(Error::OptionInvalid { option: "examples".into(), problem });
        }
        let most = match self {
            Self::Pool { pool, most } if *most < pool.len() => *most,
            Self::Pool { pool, .. } if pool.len() > 1 => pool.len(), // For their order.
            _ => return Ok(given.clone()),
        };
        if most == 0 {
            return Ok(Vec::new());
        }
        let questions: Vec<&str> = given.iter().map(|example| example.question.as_str()).collect();
        let mut ranked: Vec<(&Example, f32)> = given.iter().zip(similarity(&questions)?).collect();
        order::sort(&mut ranked, |left, right| right.1.total_cmp(&left.1));
        Ok(ranked.into_iter().take(most).rev().map(|(example, _)| example.clone()).collect())
    }
}

impl<'de> Deserialize<'de> for Examples {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListOrPool)
    }
}

/// Reads examples as a list or as a pool.
struct ListOrPool;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    pool: Vec<Example>,
    most: Option<usize>,
}

impl<'de> Visitor<'de> for ListOrPool {
    type Value = Examples;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of examples, or an object with pool and most")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Examples, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Examples::Fixed)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Examples, A::Error> {
        let Pool { pool, most } = Pool::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Examples::Pool { pool, most: most.unwrap_or(MOST) })
    }
}
