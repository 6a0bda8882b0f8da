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
//!
//! Then the best are read, and the words' part is told anew from how many of the question's words are there, and how
//! many near one another. Where BM25 alone is far better or far worse than the vectors a mean of the two loses to the
//! better one; with this it hardly does on any of the sets that it was tried on (README.md has the figures).

use super::Hit;
use crate::index::{Closeness, Place};
use crate::order::sort;

/// How much the words' part weighs against one standard deviation of cosines, before the best are read.
const WORDS: f32 = 3.5;
/// The same of the three that it is made of then: the BM25 score, the words that are there, those near one another.
const BM25: f32 = 0.8;
const HELD: f32 = 0.7;
const NEAR: f32 = 0.7;
/// How many are read.
const READ: usize = 32;
/// The standard deviation of cosines where too few chunks are there to tell.
const USUAL_SPREAD: f32 = 0.1;
/// Less is no spread, but chunks that all say the same.
const LEAST_SPREAD: f32 = 0.01;

/// What a question's scores are measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The most that its words could score.
    pub(super) most: f32,
    /// The standard deviation of its cosines, where it can be told.
    pub(super) spread: Option<f32>,
}

impl Scale {
    /// The weighted mean of a cosine and a share of what words could score.
    fn mean(&self, words: f32, cosine: f32, share: f32) -> f32 {
        let by_meaning = 1.0 / self.spread.unwrap_or(USUAL_SPREAD).max(LEAST_SPREAD);
        let by_words = words * self.most.max(0.0).sqrt();
        (by_meaning * cosine + by_words * share) / (by_meaning + by_words)
    }

    fn share(&self, score: f32) -> f32 {
        if self.most > 0.0 { score / self.most } else { 0.0 }
    }
}

/// Fuses the best `pool` of each ranking; a chunk that only words found gets its cosine by `cosine`.
pub(super) fn fuse(
    semantic: &[(Place, f32)],
    lexical: &[(Place, f32)],
    scale: Scale,
    pool: usize,
    cosine: impl Fn(Place) -> f32,
) -> Vec<Hit> {
    let mut hits: Vec<Hit> =
        semantic.iter().take(pool).map(|&(place, cosine)| Hit::new(place, 0.0, Some(cosine), Some(0.0))).collect();
    sort(&mut hits, |left, right| left.place.cmp(&right.place));
    let near = hits.len();
    for &(place, _) in lexical.iter().take(pool) {
        if hits[..near].binary_search_by_key(&place, |hit| hit.place).is_err() {
            hits.push(Hit::new(place, 0.0, Some(cosine(place)), Some(0.0)));
        }
    }
    sort(&mut hits, |left, right| left.place.cmp(&right.place));
    for &(place, score) in lexical {
        if let Ok(at) = hits.binary_search_by_key(&place, |hit| hit.place) {
            hits[at].lexical = Some(score);
        }
    }
    for hit in &mut hits {
        let (cosine, words) = (hit.semantic.unwrap_or(0.0), hit.lexical.unwrap_or(0.0));
        hit.score = scale.mean(WORDS, cosine, scale.share(words));
    }
    sort(&mut hits, Hit::order);
    hits
}

/// Orders the best of fused hits anew, now that they are read; the others stay behind them.
pub(super) fn reconsider(hits: &mut [Hit], scale: Scale, mut closeness: impl FnMut(Place) -> Closeness) {
    let (best, others) = hits.split_at_mut(READ.min(hits.len()));
    for hit in best.iter_mut() {
        let (cosine, words) = (hit.semantic.unwrap_or(0.0), hit.lexical.unwrap_or(0.0));
        let Closeness { held, near } = closeness(hit.place);
        let share = (BM25 * scale.share(words) + HELD * held + NEAR * near) / (BM25 + HELD + NEAR);
        hit.score = scale.mean(BM25 + HELD + NEAR, cosine, share);
    }
    sort(best, Hit::order);
    let least = best.last().map_or(0.0, |hit| hit.score);
    others.iter_mut().for_each(|hit| hit.score = hit.score.min(least));
}
