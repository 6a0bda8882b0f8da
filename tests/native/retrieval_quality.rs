//! What should be found is found: published test sets, held against the scores of other implementations (DATA.md).

use std::collections::HashMap;

use carrel::carrel::Carrel;
use carrel::evaluate::{Judgements, Scores, add_corpus, dataset, evaluate, score};
use carrel::retrieve::Mode;

use crate::desk::{carrel, prepared_model, shared_text};

/// What fusion may cost of nDCG@10.
const LOSS: f64 = 0.005;
/// What bytes may cost of it. On these few questions much of it is chance: processors add up in another order, and that
/// alone moves it by some 0.007.
const LOSS_BY_BYTES: f64 = 0.01;

/// A test set, its documents read and embedded.
struct Loaded {
    carrel: Carrel,
    queries: Vec<dataset::Query>,
    judgements: HashMap<String, Judgements>,
}

fn load(folder: &str, mut carrel: Carrel) -> Loaded {
    let file = |name: &str| (format!("data/{folder}/{name}"), shared_text(&format!("data/{folder}/{name}")));
    let ((corpus, corpus_text), (queries, queries_text), (qrels, qrels_text)) =
        (file("corpus.jsonl"), file("queries.jsonl"), file("qrels.tsv"));
    add_corpus(&mut carrel, dataset::corpus(&corpus, &corpus_text).unwrap()).unwrap();
    Loaded {
        carrel,
        queries: dataset::queries(&queries, &queries_text).unwrap(),
        judgements: dataset::judgements(&qrels, &qrels_text).unwrap(),
    }
}

impl Loaded {
    /// Printed, so that a run with --nocapture shows where it stands.
    fn scores(&self, name: &str, mode: Mode) -> Scores {
        let scores = evaluate(&self.carrel, &self.queries, &self.judgements, mode).unwrap();
        println!("{name} {}: {scores:?}", mode.name());
        scores
    }
}

/// Fused does not lose to the better of its parts.
fn never_worse(lexical: &Scores, semantic: &Scores, hybrid: &Scores) {
    let better = lexical.ndcg_10.max(semantic.ndcg_10);
    assert!(hybrid.ndcg_10 >= better - LOSS, "hybrid {}, its better part {better}", hybrid.ndcg_10);
}

/// The prepared model finds next to nothing less.
fn in_bytes_as_well(folder: &str, semantic: &Scores, hybrid: &Scores) {
    let loaded = load(folder, Carrel::new(prepared_model()).unwrap());
    for (mode, exact) in [(Mode::Semantic, semantic), (Mode::Hybrid, hybrid)] {
        let near = loaded.scores(&format!("{folder}, in bytes,"), mode);
        assert!(near.ndcg_10 >= exact.ndcg_10 - LOSS_BY_BYTES, "{} in bytes, {} in f32", near.ndcg_10, exact.ndcg_10);
    }
}

#[test]
fn passages_of_chunking_evaluation_are_found_as_bm25_and_the_exact_model_find_them() {
    let loaded = load("chunking-evaluation/beir", carrel([]));
    let lexical = loaded.scores("chunking-evaluation", Mode::Lexical);
    let semantic = loaded.scores("chunking-evaluation", Mode::Semantic);
    let hybrid = loaded.scores("chunking-evaluation", Mode::Hybrid);
    assert_eq!(lexical.queries, 472);
    assert!(lexical.ndcg_10 >= 0.765, "lexical {}", lexical.ndcg_10);
    assert!((semantic.ndcg_10 - 0.668).abs() <= 0.005, "semantic {}", semantic.ndcg_10);
    never_worse(&lexical, &semantic, &hybrid);
    in_bytes_as_well("chunking-evaluation/beir", &semantic, &hybrid);
}

#[test]
fn sections_of_the_anthropic_docs_are_found_though_they_are_longer_than_the_model_reads() {
    let loaded = load("anthropic-docs", carrel([]));
    let lexical = loaded.scores("anthropic-docs", Mode::Lexical);
    let semantic = loaded.scores("anthropic-docs", Mode::Semantic);
    let hybrid = loaded.scores("anthropic-docs", Mode::Hybrid);
    assert_eq!(lexical.queries, 100);
    assert!(lexical.ndcg_10 >= 0.60, "lexical {}", lexical.ndcg_10);
    assert!(semantic.ndcg_10 >= 0.687, "semantic {}", semantic.ndcg_10);
    never_worse(&lexical, &semantic, &hybrid);
    // Where both know something, together they know more.
    assert!(hybrid.ndcg_10 >= semantic.ndcg_10.max(lexical.ndcg_10) + 0.01, "hybrid {}", hybrid.ndcg_10);
    in_bytes_as_well("anthropic-docs", &semantic, &hybrid);
    // A run scored on its own gives the same: the best chunk of each document counts.
    let rankings: HashMap<String, Vec<String>> = loaded
        .queries
        .iter()
        .map(|query| {
            let ranking = carrel::evaluate::ranking(&loaded.carrel, &query.text, Mode::Lexical).unwrap();
            let distinct: std::collections::HashSet<&String> = ranking.iter().collect();
            assert_eq!(distinct.len(), ranking.len(), "a document stands in a ranking once");
            (query.id.clone(), ranking)
        })
        .collect();
    assert_eq!(score(&rankings, &loaded.judgements), lexical);
}
