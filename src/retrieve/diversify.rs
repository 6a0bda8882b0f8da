//! hits that say the same → fewer of them, or further apart
//!
//! The best ten passages on a subject may be ten versions of one. Copies can be left out, and passages can be chosen
//! for what they add to those before them.

use super::Hit;
use crate::index::Index;

/// From which cosine on two chunks say the same but for a few words.
const SAME: f32 = 0.97;

/// Leaves out what says the same as a better hit: copies in other documents, and chunks that overlap.
///
/// Apart in one document the like is kept: rows of a table and steps of a list resemble one another, and a document
/// rarely repeats itself without reason.
pub(super) fn collapse(hits: &mut Vec<Hit>, index: &Index) {
    let mut kept: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits.drain(..) {
        if !kept.iter().any(|better| index.between(better.place, hit.place) >= SAME && may_be_one(better, &hit, index))
        {
            kept.push(hit);
        }
    }
    *hits = kept;
}

fn may_be_one(better: &Hit, hit: &Hit, index: &Index) -> bool {
    let (Some((better, better_at)), Some((other, at))) = (index.chunk(better.place), index.chunk(hit.place)) else {
        return false;
    };
    let (better_span, span) = (better.chunks[better_at].span, other.chunks[at].span);
    better.document.id != other.document.id || (better_span.start < span.end && span.start < better_span.end)
}

/// Chooses the first `wanted` hits by what they add: maximal marginal relevance (Carbonell & Goldstein 1998).
///
/// Each next one is the best by `(1 - diversity) · fit - diversity · likeness`, where likeness is the highest cosine to
/// those chosen before, and fit is the score, scaled to 0…1 over all hits. The rest keeps its order behind them.
pub(super) fn diversify(hits: &mut [Hit], index: &Index, diversity: f32, wanted: usize) {
    let (Some(best), Some(worst)) = (hits.first().map(|hit| hit.score), hits.last().map(|hit| hit.score)) else {
        return;
    };
    let fit = |hit: &Hit| if best > worst { (hit.score - worst) / (best - worst) } else { 1.0 };
    let mut likeness = vec![f32::NEG_INFINITY; hits.len()];
    for chosen in 1..wanted.min(hits.len()) {
        let before = hits[chosen - 1].place;
        let mut next = (chosen, f32::NEG_INFINITY);
        for at in chosen..hits.len() {
            likeness[at] = likeness[at].max(index.between(before, hits[at].place));
            let worth = (1.0 - diversity) * fit(&hits[at]) - diversity * likeness[at];
            if worth > next.1 {
                next = (at, worth);
            }
        }
        // The others move up by one, in their order.
        hits[chosen..=next.0].rotate_right(1);
        likeness[chosen..=next.0].rotate_right(1);
    }
}
