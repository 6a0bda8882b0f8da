//! two rankings → one
//!
//! A convex combination of the scores, each scaled to 0…1 over the candidates (Bruch, Gai & Ingber 2023,
//! arXiv:2210.11934). It keeps what reciprocal rank fusion throws away: by how much one chunk is better than the
//! next.

use std::collections::HashMap;

use super::Hit;
use crate::index::ChunkNumber;

/// How much the vectors' part weighs; the rest is the words'.
const SEMANTIC_WEIGHT: f32 = 0.7;

/// Fuses the best `pool` of each ranking; a chunk that only words found gets its cosine by `cosine`.
pub(super) fn fuse(
    semantic: &[(ChunkNumber, f32)],
    lexical: &[(ChunkNumber, f32)],
    pool: usize,
    cosine: impl Fn(ChunkNumber) -> f32,
) -> Vec<Hit> {
    let by_words: HashMap<ChunkNumber, f32> = lexical.iter().copied().collect();
    let mut cosines: HashMap<ChunkNumber, f32> = semantic.iter().take(pool).copied().collect();
    for &(number, _) in lexical.iter().take(pool) {
        cosines.entry(number).or_insert_with(|| cosine(number));
    }
    let best_words = lexical.first().map_or(0.0, |&(_, score)| score);
    let (low, high) = cosines
        .values()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &cosine| (low.min(cosine), high.max(cosine)));
    let scaled = |value: f32, low: f32, high: f32| {
        if high > low { (value - low) / (high - low) } else { 1.0 }
    };
    let mut hits: Vec<Hit> = cosines
        .into_iter()
        .map(|(number, semantic)| {
            let lexical = by_words.get(&number).copied().unwrap_or(0.0);
            let words_part = if best_words > 0.0 { lexical / best_words } else { 0.0 };
            let score = SEMANTIC_WEIGHT * scaled(semantic, low, high) + (1.0 - SEMANTIC_WEIGHT) * words_part;
            Hit { number, score, semantic: Some(semantic), lexical: Some(lexical) }
        })
        .collect();
    hits.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.number.cmp(&right.number)));
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_found_both_ways_comes_before_chunks_found_one_way() {
        let hits = fuse(&[(1, 0.9), (2, 0.8), (3, 0.1)], &[(2, 5.0), (4, 4.0)], 10, |_| 0.2);
        assert_eq!(hits.iter().map(|hit| hit.number).collect::<Vec<_>>(), [2, 1, 4, 3]);
        assert_eq!(hits[2].semantic, Some(0.2));
        assert_eq!(hits[1].lexical, Some(0.0));
    }

    #[test]
    fn one_empty_ranking_leaves_the_order_of_the_other() {
        let hits = fuse(&[(7, 0.9), (3, 0.5)], &[], 10, |_| unreachable!("no chunk was found by words"));
        assert_eq!(hits.iter().map(|hit| hit.number).collect::<Vec<_>>(), [7, 3]);
        assert!(fuse(&[], &[], 10, |_| 0.0).is_empty());
    }
}
