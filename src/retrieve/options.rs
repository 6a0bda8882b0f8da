//! how a search is done
//!
//! Plain data that comes from a page, a command line or a file; [`SearchOptions::check`] says what of it cannot be.

use serde::{Deserialize, Serialize};

use super::filter::Filter;
use crate::error::{Error, Result};

/// The most passages that a search gives.
pub const MOST_PASSAGES: usize = 1_000;
/// The most neighbours on each side that are joined to a passage.
pub const MOST_NEIGHBOURS: usize = 10;
/// The most fields whose values are counted.
const MOST_FACETS: usize = 100;

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

/// How a search is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchOptions {
    /// How many passages are wanted at most, 1 to [`MOST_PASSAGES`].
    pub limit: usize,
    /// Which ways of finding are used.
    pub mode: Mode,
    /// Which documents may be found; all without it.
    pub filter: Option<Filter>,
    /// The fields whose values are counted over the documents that may be found.
    pub facets: Vec<String>,
    /// Whether the question is still being typed, so that its last word may be the beginning of one.
    pub typing: bool,
    /// How much passages are to differ from those before them, 0 (by fit alone) to 1.
    pub diversity: f32,
    /// Whether passages that say the same as a better one are left out.
    pub collapse: bool,
    /// How many chunks before and after are joined to each passage, at most [`MOST_NEIGHBOURS`].
    pub neighbours: usize,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            limit: 10,
            mode: Mode::default(),
            filter: None,
            facets: Vec::new(),
            typing: false,
            diversity: 0.0,
            collapse: false,
            neighbours: 0,
        }
    }
}

impl SearchOptions {
    /// Whether all is within its range.
    ///
    /// # Errors
    /// `option_invalid`, `filter_invalid`.
    pub fn check(&self) -> Result<()> {
        let problem = if !(1..=MOST_PASSAGES).contains(&self.limit) {
            ("limit", format!("{} is not from 1 to {MOST_PASSAGES}", self.limit))
        } else if !(0.0..=1.0).contains(&self.diversity) {
            ("diversity", format!("{} is not from 0 to 1", self.diversity))
        } else if self.neighbours > MOST_NEIGHBOURS {
            ("neighbours", format!("{} is not from 0 to {MOST_NEIGHBOURS}", self.neighbours))
        } else if self.facets.len() > MOST_FACETS {
            ("facets", format!("{} are too many; at most {MOST_FACETS} are counted", self.facets.len()))
        } else {
            return self.filter.as_ref().map_or(Ok(()), Filter::check);
        };
        Err(Error::OptionInvalid { option: problem.0.into(), problem: problem.1 })
    }
}
