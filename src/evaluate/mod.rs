//! [`Carrel`] + a test set → how well it finds
//!
//! The test set's documents go through every stage as a person's would: read, cut, embedded, indexed. A document's
//! score is that of its best chunk.

pub mod dataset;
mod metrics;

use std::collections::{HashMap, HashSet};

use crate::carrel::Carrel;
use crate::document::{Format, Metadata};
use crate::error::Result;
use crate::ingest::{Content, Source};
use crate::retrieve::{Mode, SearchOptions};

pub use metrics::{Judgements, Scores};

/// How many passages are looked at, so that ten documents are among them.
const PASSAGES: usize = 100;

/// Adds a test set's documents; those that are empty are left out, as no one could find them.
///
/// # Errors
/// The first that is met, other than an empty document.
pub fn add_corpus(carrel: &mut Carrel, records: Vec<dataset::Record>) -> Result<()> {
    let source = |record: dataset::Record| Source {
        // Not the id: the name becomes the title where there is none, and ids give answers away.
        name: record.title.clone(),
        id: record.id,
        title: Some(record.title),
        url: None,
        format: Some(Format::Text),
        metadata: Metadata::new(),
        warnings: Vec::new(),
        language: None,
        content: Content::Text(record.text),
    };
    for outcome in carrel.add_all(records.into_iter().map(source)) {
        match outcome {
            Err(error) if error.code() != "empty_document" => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The documents that a question finds, best first.
///
/// # Errors
/// Those of [`Carrel::search`].
pub fn ranking(carrel: &Carrel, question: &str, mode: Mode) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    let passages = carrel.search(question, SearchOptions { limit: PASSAGES, mode, ..SearchOptions::default() })?;
    Ok(passages.into_iter().map(|passage| passage.id).filter(|id| seen.insert(id.clone())).collect())
}

/// The mean scores of rankings; a judged question without ranking counts as 0.
pub fn score(rankings: &HashMap<String, Vec<String>>, judgements: &HashMap<String, Judgements>) -> Scores {
    let mut ids: Vec<&String> = judgements.keys().collect();
    ids.sort(); // The mean's last digits must not depend on the order of a hash table.
    let none = Vec::new();
    let scores: Vec<Scores> =
        ids.into_iter().filter_map(|id| Scores::of(rankings.get(id).unwrap_or(&none), &judgements[id])).collect();
    Scores::mean(&scores)
}

/// Asks every judged question and scores what is found.
///
/// # Errors
/// Those of [`Carrel::search`].
pub fn evaluate(
    carrel: &Carrel,
    queries: &[dataset::Query],
    judgements: &HashMap<String, Judgements>,
    mode: Mode,
) -> Result<Scores> {
    let mut rankings = HashMap::new();
    for query in queries.iter().filter(|query| judgements.contains_key(&query.id)) {
        rankings.insert(query.id.clone(), ranking(carrel, &query.text, mode)?);
    }
    Ok(score(&rankings, judgements))
}
