//! a question → the chunks that answer it best
//!
//! By meaning (the vectors), by words (BM25), or by both [fused](fuse). Each finds what the other misses: names and
//! numbers by words, paraphrases by meaning. A [`Filter`] says which documents take part; what is found can be
//! [thinned and spread](diversify).

mod diversify;
mod facets;
mod filter;
mod fuse;
mod options;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::index::{Allowed, Index, Place, Question};
use crate::vector::UnitVector;
use fuse::Scale;

pub use facets::{Facets, MOST_VALUES};
pub use filter::Filter;
pub use options::{MOST_NEIGHBOURS, MOST_PASSAGES, Mode, SearchOptions};

/// How many chunks each way of finding hands on, at least.
const CANDIDATES: usize = 100;

/// A chunk that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Where it is in the index.
    pub place: Place,
    /// How well it fits; higher is better, at most 1 but for rounding, comparable within one search only.
    ///
    /// By meaning it is the cosine, by words the share of the question's weight that its words carry, and else a
    /// mean of both.
    pub score: f32,
    /// The cosine of its vector and the question's, where vectors were searched.
    pub semantic: Option<f32>,
    /// Its BM25 score, where words were searched; 0 where it shares none.
    pub lexical: Option<f32>,
}

impl Hit {
    fn new(place: Place, score: f32, semantic: Option<f32>, lexical: Option<f32>) -> Self {
        Self { place, score, semantic, lexical }
    }

    /// Best first; what is equal by place, so that the order is always the same.
    fn order(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.place.cmp(&other.place))
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// For each field that was asked for.
    pub facets: Facets,
}

/// Finds the best chunks for a question, best first; `vector` is the question's, needed in all modes but
/// [`Mode::Lexical`]. Neighbours are joined by whoever makes passages of the hits.
///
/// # Errors
/// `option_invalid`, `filter_invalid`; the former also where the vector is missing.
pub fn retrieve(
    index: &Index,
    question: &Question,
    vector: Option<&UnitVector>,
    options: &SearchOptions,
) -> Result<Found> {
    options.check()?;
    let vector = match (options.mode, vector) {
        (Mode::Lexical, _) => None,
        (_, Some(vector)) => Some(vector),
        (_, None) => {
            let problem = "the question's vector is needed in this mode".into();
            return Err(Error::OptionInvalid { option: "mode".into(), problem });
        }
    };
    let allowed = options.filter.as_ref().map(|filter| filter.allowed(index));
    let allowed = allowed.as_deref();
    let mut hits = candidates(index, question, vector, allowed, options);
    if options.collapse {
        diversify::collapse(&mut hits, index);
    }
    if options.diversity > 0.0 {
        diversify::diversify(&mut hits, index, options.diversity, options.limit);
    }
    hits.truncate(options.limit);
    Ok(Found { hits, facets: facets::count(index, allowed, &options.facets) })
}

/// The best chunks of those that may be found, more than are wanted where some will be left out.
fn candidates(
    index: &Index,
    question: &Question,
    vector: Option<&UnitVector>,
    allowed: Option<&Allowed>,
    &SearchOptions { limit, mode, .. }: &SearchOptions,
) -> Vec<Hit> {
    if allowed.is_some_and(|allowed| allowed.chunks() == 0) {
        return Vec::new();
    }
    let pool = CANDIDATES.max(2 * limit);
    let semantic = vector.map(|vector| index.nearest(vector, pool, None, allowed));
    let lexical = (mode != Mode::Semantic).then(|| index.matching(question, allowed));
    match (vector, semantic, lexical) {
        (Some(vector), Some(semantic), Some(mut lexical)) => {
            let scale = Scale { most: lexical.most, spread: index.spread(vector) };
            let mut hits = fuse::fuse(&semantic, &lexical.found, scale, pool, index.cosine_to(vector));
            fuse::reconsider(&mut hits, scale, |place| index.closeness(&mut lexical.wanted, place));
            hits
        }
        (_, Some(semantic), _) => {
            semantic.into_iter().map(|(place, cosine)| Hit::new(place, cosine, Some(cosine), None)).collect()
        }
        (_, _, Some(lexical)) => {
            let best = lexical.found.into_iter().take(pool);
            best.map(|(place, score)| Hit::new(place, score / lexical.most, None, Some(score))).collect()
        }
        _ => Vec::new(),
    }
}
