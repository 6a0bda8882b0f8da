//! the files of a test set → its questions, documents and judgements
//!
//! As in BEIR (Thakur et al. 2021, arXiv:2104.08663): `corpus.jsonl` and `queries.jsonl` with one object a line,
//! `qrels.tsv` with a header; runs as TREC writes them.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::Judgements;
use crate::error::{Error, Result};

/// A document of a test set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Record {
    /// What the judgements call it.
    #[serde(rename = "_id")]
    pub id: String,
    /// May be empty.
    #[serde(default)]
    pub title: String,
    /// What is searched.
    pub text: String,
}

/// A question of a test set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Query {
    /// What the judgements call it.
    #[serde(rename = "_id")]
    pub id: String,
    /// As it is asked.
    pub text: String,
}

/// Reads `corpus.jsonl`; `file` is its name for messages, as below.
///
/// # Errors
/// `dataset_invalid`, naming the line, as below.
pub fn corpus(file: &str, text: &str) -> Result<Vec<Record>> {
    let records: Vec<Record> = lines(file, text)?;
    unique(file, records.iter().map(|record| record.id.as_str()))?;
    Ok(records)
}

/// Reads `queries.jsonl`.
///
/// # Errors
/// `dataset_invalid`.
pub fn queries(file: &str, text: &str) -> Result<Vec<Query>> {
    let queries: Vec<Query> = lines(file, text)?;
    unique(file, queries.iter().map(|query| query.id.as_str()))?;
    Ok(queries)
}

/// Reads judgements: `query-id`, `corpus-id`, `score`, between tabs, under a header line.
///
/// # Errors
/// `dataset_invalid`.
pub fn judgements(file: &str, text: &str) -> Result<HashMap<String, Judgements>> {
    let mut judgements: HashMap<String, Judgements> = HashMap::new();
    for (line, number) in text.lines().zip(1..) {
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        if line.trim().is_empty() {
            continue;
        }
        let [query, document, score] = fields.as_slice() else {
            return Err(invalid(file, number, format!("3 fields between tabs are needed, {} are there", fields.len())));
        };
        match score.parse::<f64>() {
            Ok(score) if score.is_finite() => {
                judgements.entry((*query).to_owned()).or_default().insert((*document).to_owned(), score as i64);
            }
            Err(_) if number == 1 => {}
            _ => {
                return Err(invalid(file, number, format!("the score {score:?} is no number")));
            }
        }
    }
    match judgements.is_empty() {
        true => Err(invalid(file, 1, "there is no judgement in it")),
        false => Ok(judgements),
    }
}

/// Reads a TREC run (`query Q0 document rank score name`): for each query the documents by falling score.
///
/// # Errors
/// `dataset_invalid`.
pub fn run(file: &str, text: &str) -> Result<HashMap<String, Vec<String>>> {
    let mut scored: HashMap<String, Vec<(f64, String)>> = HashMap::new();
    for (line, number) in text.lines().zip(1..) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (query, document, score) = match fields.as_slice() {
            [] => continue,
            [query, _, document, _, score, _] => (query, document, score),
            _ => {
                return Err(invalid(file, number, format!("6 fields are needed, {} are there", fields.len())));
            }
        };
        let score: f64 =
            score.parse().map_err(|_| invalid(file, number, format!("the score {score:?} is no number")))?;
        scored.entry((*query).to_owned()).or_default().push((score, (*document).to_owned()));
    }
    let ranked = |mut documents: Vec<(f64, String)>| {
        // As trec_eval: by score, then by id backwards; the rank column is not read.
        documents.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| right.1.cmp(&left.1)));
        let mut seen = HashSet::new(); // A document that is named twice counts once.
        documents.retain(|(_, document)| seen.insert(document.clone()));
        documents.into_iter().map(|(_, document)| document).collect()
    };
    Ok(scored.into_iter().map(|(query, documents)| (query, ranked(documents))).collect())
}

fn lines<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parse =
        |(line, number): (&str, usize)| serde_json::from_str(line).map_err(|error| invalid(file, number, error));
    text.split('\n').zip(1..).filter(|(line, _)| !line.trim().is_empty()).map(parse).collect()
}

fn unique<'ids>(file: &str, ids: impl Iterator<Item = &'ids str>) -> Result<()> {
    let mut seen = HashSet::new();
    for (id, number) in ids.zip(1..) {
        if !seen.insert(id) {
            return Err(invalid(file, number, format!("the id {id:?} stands in it twice")));
        }
    }
    Ok(())
}

fn invalid(file: &str, line: usize, problem: impl std::fmt::Display) -> Error {
    Error::DatasetInvalid { file: file.to_owned(), line, problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_is_named_by_its_number() {
        let error = corpus("corpus.jsonl", "{\"_id\":\"a\",\"text\":\"x\"}\n\n{\"_id\":\"b\"}").unwrap_err();
        assert!(error.to_string().starts_with("corpus.jsonl, line 3: missing field `text`"), "{error}");
        assert!(judgements("qrels.tsv", "query-id\tcorpus-id\tscore\nq\td\tgood").is_err());
        assert!(queries("queries.jsonl", "{\"_id\":\"a\",\"text\":\"x\"}\n{\"_id\":\"a\",\"text\":\"y\"}").is_err());
    }

    #[test]
    fn a_run_is_ranked_by_score() {
        let run = run("run.trec", "q Q0 a 1 0.5 x\nq Q0 b 2 0.9 x\n").unwrap();
        assert_eq!(run["q"], ["b", "a"]);
    }
}
