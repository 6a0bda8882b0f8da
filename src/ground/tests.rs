//! The check of answers, with an embedder to which all texts mean the same.

use std::cell::Cell;

use super::*;
use crate::document::{Format, Metadata};

/// A passage of that text, at the beginning of its document.
pub(super) fn passage(text: &str) -> Passage {
    Passage {
        id: "doors".into(),
        chunk: 0,
        title: String::new(),
        url: None,
        format: Format::Text,
        metadata: Metadata::new(),
        headings: Vec::new(),
        page: None,
        text: text.into(),
        span: Span::new(0, text.len()),
        highlights: Vec::new(),
        score: 1.0,
        semantic: None,
        lexical: None,
    }
}

const DOORS: &str = "The museum in Vienna has 12 doors. It is open until eight at night. Tickets are sold by Anna \
                     Berger. Dogs must not enter the garden.";

/// As an embedder, but all texts mean the same; counts what is asked of it.
fn same(asked: &Cell<usize>) -> impl Fn(&[&str]) -> Result<Vec<UnitVector>> {
    move |texts| {
        asked.set(asked.get() + texts.len());
        texts.iter().map(|_| UnitVector::normalize(vec![1.0, 0.0])).collect()
    }
}

fn judged(answer: &str) -> Checked {
    let asked = Cell::new(0);
    Evidence::new(&[passage(DOORS)]).judge(answer, &same(&asked)).unwrap()
}

fn verdict(sentence: &str) -> Verdict {
    judged(sentence).sentences[0].verdict
}

#[test]
fn every_sentence_that_states_something_is_told_where_the_source_says_it() {
    let checked = judged("So it is. The museum in Vienna has 12 doors. Tickets are sold by Anna Berger [1].");
    let spans: Vec<_> = checked.sentences.iter().map(|it| (it.verdict, it.span.map(|span| span.of(DOORS)))).collect();
    let first = (Verdict::Supported, Some("The museum in Vienna has 12 doors."));
    assert_eq!(spans, [first, (Verdict::Supported, Some("Tickets are sold by Anna Berger."))]);
    // The model cited one, the check the other.
    let by: Vec<Author> = checked.citations.iter().map(|citation| citation.by).collect();
    assert_eq!(by, [Author::Carrel, Author::Model]);
}

#[test]
fn a_number_a_name_or_a_denial_that_differs_is_not_supported_however_well_the_words_fit() {
    assert_eq!(verdict("The museum in Vienna has 14 doors."), Verdict::Unsupported);
    assert_eq!(verdict("The museum in Berlin has 12 doors."), Verdict::Unsupported);
    assert_eq!(verdict("The museum is not open until eight at night."), Verdict::Unsupported);
    assert_eq!(verdict("Dogs must enter the garden."), Verdict::Unsupported);
    assert_eq!(verdict("Dogs must not enter the garden."), Verdict::Supported);
}

#[test]
fn a_name_that_takes_no_others_place_makes_a_sentence_weak_and_no_worse() {
    assert_eq!(verdict("Dogs must not enter the Imperial garden."), Verdict::Weak);
}

#[test]
fn what_words_decide_is_not_embedded_and_the_rest_within_a_bound() {
    let asked = Cell::new(0);
    let evidence = Evidence::new(&[passage(DOORS)]);
    evidence.judge("The museum in Vienna has 12 doors.", &same(&asked)).unwrap();
    assert_eq!(asked.get(), 0);
    let checked = evidence.judge("Access ends at night in that lovely house.", &same(&asked)).unwrap();
    assert_eq!((asked.get(), checked.sentences[0].verdict), (2, Verdict::Supported));
    asked.set(0);
    let many = "Access ends at night in that lovely house. ".repeat(100);
    assert_eq!(evidence.judge(&many, &same(&asked)).unwrap().sentences.len(), 100);
    assert_eq!(asked.get(), MOST_EMBEDDED);
}

#[test]
fn an_embedder_that_fails_is_told() {
    let failing = |_: &[&str]| Err(crate::error::Error::ModelInvalid { problem: "none".into() });
    let outcome = Evidence::new(&[passage(DOORS)]).judge("Access ends at night in that house.", &failing);
    assert_eq!(outcome.unwrap_err().code(), "model_invalid");
}

#[test]
fn a_mark_belongs_to_the_sentence_before_it_or_to_the_line_that_it_begins() {
    let text = "[1] One is red.\n\n[2] Two is blue. Three is green. [3]\n\nSource 4: Four is grey.";
    let (marks, blank) = marks::read(text);
    let claims = sentences(&blank);
    let claim = |mark: &Mark| claim_of(mark, &claims, &blank).map(|at| claims[at].of(&blank));
    let found: Vec<_> = marks.iter().map(claim).collect();
    assert_eq!(found, ["One is red.", "Two is blue.", "Three is green.", "Four is grey."].map(Some));
}
