//! a ranking + judgements → how good it is
//!
//! As trec_eval and BEIR compute them, so that figures can be compared with published ones.

use std::collections::HashMap;

use serde::Serialize;

/// For one question the grade of each judged document; above 0 is relevant.
pub type Judgements = HashMap<String, i64>;

/// The mean over all judged questions, each 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Normalised discounted cumulative gain of the first ten (Järvelin & Kekäläinen 2002), with grades as gains.
    #[serde(rename = "ndcg@10")]
    pub ndcg_10: f64,
    /// The share of the relevant documents that are among the first ten.
    #[serde(rename = "recall@10")]
    pub recall_10: f64,
    /// One over the place of the first relevant document, 0 where it is beyond ten.
    #[serde(rename = "mrr@10")]
    pub mrr_10: f64,
    /// How many questions were averaged: those with a relevant document.
    pub queries: usize,
}

const DEPTH: usize = 10;

impl Scores {
    /// Of one ranking, best first; nothing where no document is relevant.
    pub fn of(ranking: &[String], judgements: &Judgements) -> Option<Self> {
        let gain = |id: &String| judgements.get(id).copied().unwrap_or(0).max(0) as f64;
        let discounted = |gains: &[f64]| -> f64 {
            gains.iter().zip(2u32..).map(|(gain, place)| gain / f64::from(place).log2()).sum()
        };
        let gains: Vec<f64> = ranking.iter().take(DEPTH).map(gain).collect();
        let mut ideal: Vec<f64> = judgements.values().map(|&grade| grade.max(0) as f64).collect();
        ideal.sort_by(|left, right| right.total_cmp(left));
        let relevant = ideal.iter().filter(|&&grade| grade > 0.0).count();
        ideal.truncate(DEPTH);
        let first = gains.iter().position(|&gain| gain > 0.0);
        (relevant > 0).then(|| Self {
            ndcg_10: discounted(&gains) / discounted(&ideal),
            recall_10: gains.iter().filter(|&&gain| gain > 0.0).count() as f64 / relevant as f64,
            mrr_10: first.map_or(0.0, |place| 1.0 / (place + 1) as f64),
            queries: 1,
        })
    }

    /// The mean over questions.
    pub fn mean(all: &[Self]) -> Self {
        let count = all.len().max(1) as f64;
        let mean = |part: fn(&Self) -> f64| all.iter().map(part).sum::<f64>() / count;
        Self {
            ndcg_10: mean(|scores| scores.ndcg_10),
            recall_10: mean(|scores| scores.recall_10),
            mrr_10: mean(|scores| scores.mrr_10),
            queries: all.iter().map(|scores| scores.queries).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_computed_by_hand() {
        let judgements: Judgements = [("a", 1), ("b", 2), ("c", 0)].map(|(id, grade)| (id.to_owned(), grade)).into();
        let ranking = ["c", "a", "b"].map(str::to_owned);
        let scores = Scores::of(&ranking, &judgements).unwrap();
        let ideal = 2.0 + 1.0 / 3f64.log2();
        let expected = (1.0 / 3f64.log2() + 2.0 / 4f64.log2()) / ideal;
        assert!((scores.ndcg_10 - expected).abs() < 1e-12);
        assert_eq!((scores.recall_10, scores.mrr_10), (1.0, 0.5));
        assert_eq!(Scores::of(&ranking, &Judgements::from([("c".to_owned(), 0)])), None);
    }
}
