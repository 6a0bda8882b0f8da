//! two rankings → one
//!
//! A mean of both scores, weighted for each question by how much each says: it keeps what rank fusion throws away, by
//! how much one chunk is better than the next (Bruch, Gai & Ingber 2023, arXiv:2210.11934), and needs no minimum and
//! maximum of the candidates, which depend on how many are looked at.
//!
//! - **Meaning.** Models differ in how far apart their cosines are, from 0.0 to 0.8 or from 0.7 to 0.9, and so do
//!   questions. The cosine is measured in standard deviations of the question's cosines to all chunks.
//! - **Words.** A BM25 score grows with the question's length; what a chunk beats by chance grows with its root. The
//!   score is measured in the root of the most that this question could reach, words that no chunk has included: where
//!   the rare word of a question is nowhere, words say less.

use super::Hit;
use crate::index::Place;

/// How much the words' part weighs against one standard deviation of cosines.
const WORDS: f32 = 3.5;
/// The standard deviation of cosines where too few chunks are there to tell.
const USUAL_SPREAD: f32 = 0.1;
/// Less is no spread, but chunks that all say the same.
const LEAST_SPREAD: f32 = 0.01;

/// Fuses the best `pool` of each ranking; a chunk that only words found gets its cosine by `cosine`.
///
/// `most` is the most that the question's words could score, `spread` the standard deviation of its cosines.
pub(super) fn fuse(
    semantic: &[(Place, f32)],
    lexical: &[(Place, f32)],
    most: f32,
    spread: Option<f32>,
    pool: usize,
    cosine: impl Fn(Place) -> f32,
) -> Vec<Hit> {
    let by_meaning = 1.0 / spread.unwrap_or(USUAL_SPREAD).max(LEAST_SPREAD);
    let by_words = WORDS * most.max(0.0).sqrt();
    let mut hits: Vec<Hit> =
        semantic.iter().take(pool).map(|&(place, cosine)| Hit::new(place, 0.0, Some(cosine), Some(0.0))).collect();
    hits.sort_unstable_by_key(|hit| hit.place);
    let near = hits.len();
    for &(place, _) in lexical.iter().take(pool) {
        if hits[..near].binary_search_by_key(&place, |hit| hit.place).is_err() {
            hits.push(Hit::new(place, 0.0, Some(cosine(place)), Some(0.0)));
        }
    }
    hits.sort_unstable_by_key(|hit| hit.place);
    for &(place, score) in lexical {
        if let Ok(at) = hits.binary_search_by_key(&place, |hit| hit.place) {
            hits[at].lexical = Some(score);
        }
    }
    for hit in &mut hits {
        let (cosine, words) = (hit.semantic.unwrap_or(0.0), hit.lexical.unwrap_or(0.0));
        let share = if most > 0.0 { words / most } else { 0.0 };
        hit.score = (by_meaning * cosine + by_words * share) / (by_meaning + by_words);
    }
    hits.sort_unstable_by(Hit::order);
    hits
}
