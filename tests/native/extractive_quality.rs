//! Whether answers without a language model answer: the sentences that are chosen, held against where answers stand.

use std::collections::BTreeMap;

use carrel::carrel::{AskOptions, Event};
use carrel::document::Span;

use crate::answer_sets::{Spanned, chunking_evaluation};

/// How much of an answer's span must be quoted.
const COVERED: f64 = 0.8;

/// How much of the best covered span of the question's answer these spans hold; the spans do not overlap.
fn covered(question: &Spanned, quoted: &[Span]) -> f64 {
    let shared = |one: Span, other: Span| one.end.min(other.end).saturating_sub(one.start.max(other.start));
    let share =
        |span: &Span| quoted.iter().map(|&other| shared(*span, other)).sum::<usize>() as f64 / span.len() as f64;
    question.spans.iter().map(share).fold(0.0, f64::max)
}

#[test]
fn three_sentences_hold_the_answer_in_most_cases_whatever_the_documents_are() {
    let (carrel, questions) = chunking_evaluation();
    let mut held: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for question in &questions {
        let mut inquiry = carrel.ask(&question.question, AskOptions::default()).unwrap();
        let events = inquiry.finish(&carrel).unwrap();
        let quoted: Vec<Span> = events
            .iter()
            .filter_map(|event| match event {
                Event::Citation(citation) => Some(citation),
                _ => None,
            })
            .filter(|citation| inquiry.sources()[citation.source.unwrap()].id == question.document)
            .map(|citation| citation.span.unwrap())
            .collect();
        assert!(quoted.len() <= 3);
        let of_corpus = held.entry(&question.document).or_default();
        of_corpus.0 += usize::from(covered(question, &quoted) >= COVERED);
        of_corpus.1 += 1;
    }
    let share = |(held, of): (usize, usize)| held as f64 / of as f64;
    for (corpus, &counts) in &held {
        println!("{corpus}: {counts:?} answered, {:.3}", share(counts));
        assert!(share(counts) >= 0.62, "{corpus}");
    }
    let all = held.values().fold((0, 0), |all, it| (all.0 + it.0, all.1 + it.1));
    println!("all: {:.3}", share(all));
    assert!(share(all) >= 0.68, "{all:?}");
}
