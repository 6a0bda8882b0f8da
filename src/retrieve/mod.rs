//! a question → the chunks that answer it best
//!
//! By meaning (the vectors), by words (BM25), or by both fused. Each finds what the other misses: names and numbers
//! by words, paraphrases by meaning.

mod fuse;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::index::{ChunkNumber, Index};
use crate::vector::UnitVector;

/// How many chunks each way of finding hands to the fusion, at least.
const CANDIDATES: usize = 100;

/// Which ways of finding are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By meaning and by words, fused.
    #[default]
    Hybrid,
    /// By meaning only.
    Semantic,
    /// By words only.
    Lexical,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lexical, Self::Semantic, Self::Hybrid];

    /// Its name, as in the options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Semantic => "semantic",
            Self::Lexical => "lexical",
        }
    }
}

impl std::str::FromStr for Mode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name).ok_or_else(|| Error::OptionInvalid {
            option: "mode".into(),
            problem: format!("{name:?} is not known; use hybrid, semantic or lexical"),
        })
    }
}

/// A chunk that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Which chunk of the index.
    pub number: ChunkNumber,
    /// How well it fits; higher is better, comparable within one search only.
    pub score: f32,
    /// The cosine of its vector and the question's, where vectors were searched.
    pub semantic: Option<f32>,
    /// Its BM25 score, where words were searched; 0 where it shares none.
    pub lexical: Option<f32>,
}

/// Finds the best chunks for a question, best first; `vector` is the question's, needed in all modes but
/// [`Mode::Lexical`].
///
/// # Errors
/// `option_invalid` where the vector is missing.
pub fn retrieve(
    index: &Index,
    question: &str,
    vector: Option<&UnitVector>,
    mode: Mode,
    limit: usize,
) -> Result<Vec<Hit>> {
    let vector = || {
        vector.ok_or_else(|| Error::OptionInvalid {
            option: "mode".into(),
            problem: "the question's vector is needed in this mode".into(),
        })
    };
    Ok(match mode {
        Mode::Lexical => index
            .matching(question)
            .into_iter()
            .take(limit)
            .map(|(number, score)| Hit { number, score, semantic: None, lexical: Some(score) })
            .collect(),
        Mode::Semantic => index
            .nearest(vector()?, limit)
            .into_iter()
            .map(|(number, score)| Hit { number, score, semantic: Some(score), lexical: None })
            .collect(),
        Mode::Hybrid => {
            let vector = vector()?;
            let pool = CANDIDATES.max(2 * limit);
            let semantic = index.nearest(vector, pool);
            let lexical = index.matching(question);
            let mut hits = fuse::fuse(&semantic, &lexical, pool, |number| index.cosine(vector, number));
            hits.truncate(limit);
            hits
        }
    })
}
