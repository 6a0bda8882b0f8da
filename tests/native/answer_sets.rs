//! Questions of DATA.md's test sets whose answers are known, over documents that were read as a person's are.

use std::sync::OnceLock;

use carrel::carrel::Carrel;
use carrel::document::{Format, Passage, Span};
use carrel::evaluate::{add_corpus, dataset};
use carrel::ingest::{Content, Source};
use carrel::retrieve::{Filter, Mode, SearchOptions};
use carrel::vector::UnitVector;
use serde_json::{Value, json};

use crate::desk::{prepared_model, shared_text, source};

/// A question, and where its answer stands: any of these spans, in bytes.
pub struct Spanned {
    pub question: String,
    /// The document's id.
    pub document: String,
    pub spans: Vec<Span>,
}

/// A question, its answer as a person would give it, and the documents that hold it.
pub struct Answered {
    pub question: String,
    pub answer: String,
    pub documents: Vec<String>,
}

const CORPORA: [&str; 5] = ["chatlogs", "finance", "pubmed", "state_of_the_union", "wikitexts"];

/// The five corpora of chunking-evaluation, each a document, and all questions about them; embedded once for all tests.
pub fn chunking_evaluation() -> (Carrel, Vec<Spanned>) {
    static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let mut carrel = Carrel::new(prepared_model()).unwrap();
        carrel.add_all(corpora()).into_iter().for_each(|outcome| drop(outcome.unwrap()));
        carrel.save()
    });
    let mut carrel = Carrel::new(prepared_model()).unwrap();
    carrel.open(|name| files.iter().find(|file| file.0 == name).map(|file| file.1.clone())).unwrap();
    let questions = spanned(&carrel);
    (carrel, questions)
}

/// The same, to be searched by words only: nothing is embedded, all vectors are the same.
pub fn chunking_evaluation_by_words() -> (Carrel, Vec<Spanned>) {
    let mut carrel = Carrel::new(prepared_model()).unwrap();
    corpora().for_each(|source| add_words(&mut carrel, source));
    let questions = spanned(&carrel);
    (carrel, questions)
}

fn corpora() -> impl Iterator<Item = Source> {
    CORPORA.into_iter().map(|name| {
        let text = shared_text(&format!("data/chunking-evaluation/{name}.md"));
        Source { name: format!("{name}.md"), ..source(name, Content::Bytes(text.into_bytes())) }
    })
}

/// Adds a document with any vectors.
fn add_words(carrel: &mut Carrel, source: Source) {
    let mut addition = carrel.begin(source).unwrap();
    while !addition.is_done() {
        let Some(batch) = addition.next_batch() else {
            carrel.cut(&mut addition);
            continue;
        };
        let (first, count) = (batch.first, batch.texts.len());
        let any = vec![1.0; carrel.embedder().dimensions()];
        carrel.put(&mut addition, first, vec![UnitVector::normalize(any).unwrap(); count]).unwrap();
    }
    carrel.finish(addition).unwrap();
}

/// The questions of chunking-evaluation, their spans in bytes of what was read.
fn spanned(carrel: &Carrel) -> Vec<Spanned> {
    let texts = CORPORA.map(|name| (name, &carrel.entry(name).unwrap().document.text));
    for (name, text) in texts {
        let file = shared_text(&format!("data/chunking-evaluation/{name}.md"));
        assert_eq!(text, &file, "spans count the file as it is");
    }
    let offsets: Vec<(&str, Vec<usize>)> = texts
        .iter()
        .map(|(name, text)| (*name, text.char_indices().map(|it| it.0).chain([text.len()]).collect()))
        .collect();
    let rows = rows(&shared_text("data/chunking-evaluation/questions_df.csv"));
    let spanned = |row: &Vec<String>| {
        let [question, references, document] = row.as_slice() else { panic!("three fields: {row:?}") };
        let offsets = &offsets.iter().find(|(name, _)| name == document).unwrap().1;
        let references: Vec<Value> = serde_json::from_str(references).unwrap();
        let at = |reference: &Value, name: &str| offsets[reference[name].as_u64().unwrap() as usize];
        let span = |reference| Span::new(at(reference, "start_index"), at(reference, "end_index"));
        let spans = references.iter().map(span).collect();
        Spanned { question: question.clone(), document: document.clone(), spans }
    };
    let questions: Vec<Spanned> = rows[1..].iter().map(spanned).collect();
    assert_eq!(questions.len(), 472);
    questions
}

/// The sections of the Anthropic documentation, and all questions about them.
pub fn anthropic_docs() -> (Carrel, Vec<Answered>) {
    let mut carrel = Carrel::new(prepared_model()).unwrap();
    add_corpus(&mut carrel, sections()).unwrap();
    (carrel, answered())
}

/// The same, to be searched by words only.
pub fn anthropic_docs_by_words() -> (Carrel, Vec<Answered>) {
    let mut carrel = Carrel::new(prepared_model()).unwrap();
    for section in sections() {
        let read = Source {
            name: section.title.clone(),
            title: Some(section.title),
            format: Some(Format::Text),
            ..source(&section.id, Content::Text(section.text))
        };
        add_words(&mut carrel, read);
    }
    (carrel, answered())
}

fn sections() -> Vec<dataset::Record> {
    dataset::corpus("corpus.jsonl", &shared_text("data/anthropic-docs/corpus.jsonl")).unwrap()
}

fn answered() -> Vec<Answered> {
    let set: Vec<Value> =
        serde_json::from_str(&shared_text("data/anthropic-docs/docs_evaluation_dataset.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let answered = |it: &Value| Answered {
        question: text(&it["question"]),
        answer: text(&it["correct_answer"]),
        documents: it["correct_chunks"].as_array().unwrap().iter().map(text).collect(),
    };
    let questions: Vec<Answered> = set.iter().map(answered).collect();
    assert_eq!(questions.len(), 100);
    questions
}

/// What a question finds in that way, among the documents that the filter lets through.
pub fn found(carrel: &Carrel, question: &str, mode: Mode, limit: usize, filter: Option<Value>) -> Vec<Passage> {
    let filter = filter.map(|filter| Filter::new(filter).unwrap());
    carrel.search(question, SearchOptions { limit, mode, filter, ..SearchOptions::default() }).unwrap()
}

/// Documents of these ids, or all others.
pub fn among(documents: &[String], is_in: bool) -> Option<Value> {
    Some(json!({ "id": { (if is_in { "$in" } else { "$nin" }): documents } }))
}

/// The rows of a CSV file (RFC 4180).
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, quoted) {
            ('"', true) if characters.peek() == Some(&'"') => field.extend(characters.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut field)),
            ('\r', false) => {}
            ('\n', false) => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (other, _) => field.push(other),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}
