//! Held against a textbook's BM25, against an index built afresh, and against reading word by word.
#![cfg(not(target_arch = "wasm32"))] // Where proptest is not.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::language::{Term, tokens, words_in};

#[derive(Debug, Clone)]
struct Chunk {
    title: String,
    headings: Vec<String>,
    body: String,
    language: Language,
    alive: bool,
}

impl Chunk {
    fn new(body: &str) -> Self {
        let language = Language::En;
        Self { title: String::new(), headings: Vec::new(), body: body.to_owned(), language, alive: true }
    }

    fn text(&self) -> Text<'_> {
        Text { title: &self.title, headings: &self.headings, body: &self.body, language: self.language }
    }
}

fn keywords(chunks: &[Chunk]) -> Keywords {
    let mut keywords = Keywords::new();
    chunks.iter().for_each(|chunk| keywords.insert(&chunk.text()));
    keywords
}

/// Searches segments; chunks are numbered through those that live.
fn find(segments: &[(Keywords, &[Chunk])], question: &Question) -> Matches {
    let alive: Vec<_> = segments.iter().map(|(_, chunks)| |chunk: u32| chunks[chunk as usize].alive).collect();
    let texts: Vec<_> = segments.iter().map(|(_, chunks)| |chunk: u32| chunks[chunk as usize].text()).collect();
    let parts: Vec<Part> = (0..segments.len())
        .map(|at| Part { keywords: &segments[at].0, alive: &alive[at], allowed: &alive[at], text: &texts[at] })
        .collect();
    let mut matches = search(&parts, question);
    for (part, chunk, _) in &mut matches.found {
        let before = segments[..*part].iter().flat_map(|(_, chunks)| chunks.iter());
        let before = before.chain(&segments[*part].1[..*chunk as usize]).filter(|chunk| chunk.alive).count();
        (*part, *chunk) = (0, before as u32);
    }
    matches
}

fn found(bodies: &[&str], question: &str, typing: bool) -> Vec<u32> {
    let chunks: Vec<Chunk> = bodies.iter().map(|body| Chunk::new(body)).collect();
    let matches = find(&[(keywords(&chunks), &chunks)], &Question::new(question, typing));
    matches.found.into_iter().map(|(_, chunk, _)| chunk).collect()
}

/// As the textbook has it, in f64: for each chunk that shares a word its score, and the sum of all idf.
fn textbook(chunks: &[Chunk], question: &str) -> (HashMap<u32, f64>, f64) {
    let words: Vec<Vec<String>> = chunks
        .iter()
        .map(|chunk| {
            let parts = [&chunk.title].into_iter().chain(&chunk.headings).chain([&chunk.body]);
            parts.flat_map(|part| words_in(part, Language::En)).collect()
        })
        .collect();
    let total: usize = words.iter().map(Vec::len).sum();
    let count = words.iter().filter(|words| !words.is_empty()).count() as f64;
    let average = total as f64 / count;
    let mut scores = HashMap::new();
    let mut most = 0.0;
    for asked in words_in(question, Language::En) {
        let frequency = words.iter().filter(|words| words.contains(&asked)).count() as f64;
        let idf = (1.0 + (count - frequency + 0.5) / (frequency + 0.5)).ln();
        most += idf;
        for (chunk, words) in (0..).zip(&words) {
            let times = words.iter().filter(|word| **word == asked).count() as f64;
            if times > 0.0 {
                let norm = 1.2 * (1.0 - 0.75 + 0.75 * words.len() as f64 / average);
                *scores.entry(chunk).or_insert(0.0) += idf * times / (times + norm);
            }
        }
    }
    (scores, most)
}

fn sentence(vocabulary: &'static [&'static str], longest: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(vocabulary), 0..longest).prop_map(|words| words.join(" "))
}

const ENGLISH: &[&str] =
    &["run", "running", "runs", "desk", "desks", "library", "libraries", "the", "of", "book", "booked", "x"];
const MIXED: &[&str] = &[
    "run",
    "running",
    "desk",
    "the",
    "die",
    "Haus",
    "Häuser",
    "Hauses",
    "日本語",
    "日",
    "book",
    "books",
    "café",
    "cafe\u{301}",
    "of",
    "l'eau",
    "книга",
    "книги",
];

fn chunk(vocabulary: &'static [&'static str], languages: &'static [Language]) -> impl Strategy<Value = Chunk> {
    let headings = proptest::collection::vec(sentence(vocabulary, 3), 0..3);
    let language = proptest::sample::select(languages);
    (sentence(vocabulary, 3), headings, sentence(vocabulary, 12), language, prop::bool::weighted(0.7))
        .prop_map(|(title, headings, body, language, alive)| Chunk { title, headings, body, language, alive })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn scores_are_those_of_the_textbook(
        chunks in proptest::collection::vec(chunk(ENGLISH, &[Language::Und, Language::En]), 1..12),
        question in sentence(ENGLISH, 6),
    ) {
        let chunks: Vec<Chunk> = chunks.into_iter().map(|chunk| Chunk { alive: true, ..chunk }).collect();
        let (scores, most) = textbook(&chunks, &question);
        let matches = find(&[(keywords(&chunks), &chunks)], &Question::new(&question, false));
        prop_assert_eq!(matches.found.len(), scores.len());
        for (_, chunk, score) in &matches.found {
            prop_assert!((f64::from(*score) - scores[chunk]).abs() < 1e-4, "{score} for {}", scores[chunk]);
        }
        prop_assert!(matches.found.is_sorted_by(|left, right| (right.2, left.1) <= (left.2, right.1)));
        if !scores.is_empty() {
            prop_assert!((f64::from(matches.most) - most).abs() < 1e-4);
        }
    }

    #[test]
    fn phrases_are_found_where_reading_word_by_word_finds_them(
        bodies in proptest::collection::vec(proptest::collection::vec((sentence(MIXED, 6), "[ /—,\n]{1,2}"), 0..4), 1..6),
        phrase in sentence(MIXED, 4),
        language in proptest::sample::select(&[Language::En, Language::De, Language::Fr]),
    ) {
        let read = |text: &str| {
            let mut words = Vec::new();
            tokens(text, &mut |_, form| {
                let term = Term::new(form, language);
                words.push(term.stem.unwrap_or(term.form));
            });
            words
        };
        let body = |parts: &Vec<(String, String)>| parts.iter().flat_map(|(words, mark)| [words, mark].map(String::as_str)).collect();
        let chunks: Vec<Chunk> = bodies
            .iter()
            .map(|parts| Chunk { body: body(parts), language, ..Chunk::new("") })
            .filter(|chunk| words_in(&chunk.body, language).next().is_some())
            .collect();
        // That would be no phrase.
        prop_assume!(phrase != "日");
        let wanted = read(&phrase);
        let holds = |chunk: &Chunk| read(&chunk.body).windows(wanted.len().max(1)).any(|words| words == wanted);
        let expected: Vec<u32> =
            (0..).zip(&chunks).filter(|(_, chunk)| holds(chunk)).map(|(number, _)| number).collect();
        let matches = find(&[(keywords(&chunks), &chunks)], &Question::new(&format!("\"{phrase}\""), false));
        let mut found: Vec<u32> = matches.found.iter().map(|found| found.1).collect();
        found.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn segments_find_what_an_index_of_the_chunks_alive_finds_and_become_the_same_bytes(
        chunks in proptest::collection::vec(
            chunk(MIXED, &[Language::Und, Language::En, Language::De, Language::Fr, Language::Ru]), 0..14),
        cuts in proptest::collection::vec((0usize..14, 0u8..4), 0..4),
        (question, phrase, typing) in (sentence(MIXED, 5), sentence(MIXED, 3), any::<bool>()),
    ) {
        let fresh: Vec<Chunk> = chunks.iter().filter(|chunk| chunk.alive).cloned().collect();
        let mut rest = chunks.as_slice();
        let mut segments = Vec::new();
        for (length, kind) in cuts.into_iter().chain([(14, 0)]) {
            let (these, others) = rest.split_at(length.min(rest.len()));
            rest = others;
            let whole = keywords(these);
            let sealed = || Keywords::merged(&[(&whole, &|_| true)]);
            let segment = match kind {
                0 => whole,
                1 => sealed(),
                2 => Keywords::from_bytes(&whole.to_bytes(), these.len()).unwrap(),
                // Reopened, and gone on with.
                _ => {
                    let (first, second) = these.split_at(these.len() / 2);
                    let mut keywords = Keywords::from_bytes(&keywords(first).to_bytes(), first.len()).unwrap();
                    second.iter().for_each(|chunk| keywords.insert(&chunk.text()));
                    keywords
                }
            };
            segments.push((segment, these));
        }
        let whole = keywords(&fresh);
        let alive: Vec<_> = segments.iter().map(|(_, chunks)| |chunk: u32| chunks[chunk as usize].alive).collect();
        let parts: Vec<(&Keywords, &dyn Fn(u32) -> bool)> = segments
            .iter()
            .zip(&alive)
            .map(|((keywords, _), alive)| (keywords, alive as &dyn Fn(u32) -> bool))
            .collect();
        prop_assert_eq!(Keywords::merged(&parts).to_bytes(), whole.to_bytes());
        for question in [question.clone(), format!("{question} \"{phrase}\" run"), format!("\"{phrase}\" {question}")] {
            let question = Question::new(&question, typing);
            prop_assert_eq!(find(&segments, &question), find(&[(keywords(&fresh), &fresh)], &question));
        }
    }
}

#[test]
fn a_word_is_found_in_title_headings_and_body_and_the_shorter_chunk_comes_first() {
    let long = Chunk { title: "Opening".into(), ..Chunk::new("A library has hours, rooms and rules") };
    let short = Chunk { headings: vec!["When".into(), "Hours opened".into()], ..Chunk::new("") };
    let none = Chunk::new("Nothing");
    let chunks = [long, short, none];
    let matches = find(&[(keywords(&chunks), &chunks)], &Question::new("open hour", false));
    assert_eq!(matches.found.iter().map(|found| found.1).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn a_question_is_stemmed_in_the_language_of_each_chunk() {
    let chunk = |body: &str, language| Chunk { language, ..Chunk::new(body) };
    let chunks = [
        chunk("Häuser stehen am Fluss", Language::De),
        chunk("о книгах и библиотеках", Language::Ru),
        chunk("houses at the river", Language::En),
        chunk("les maisons de l’homme", Language::Fr),
    ];
    let segment = [(keywords(&chunks), chunks.as_slice())];
    let found = |question: &str| {
        let matches = find(&segment, &Question::new(question, false));
        matches.found.into_iter().map(|(_, chunk, _)| chunk).collect::<Vec<_>>()
    };
    assert_eq!(found("Haus"), [0]);
    assert_eq!(found("hauses"), [0]);
    assert_eq!(found("книга"), [1]);
    assert_eq!(found("house"), [2]);
    assert_eq!(found("hommes"), [3]);
    assert_eq!(found("wo ist die Maison"), [3]);
}

#[test]
fn scripts_without_spaces_are_found_by_pairs_and_single_characters_by_the_pairs_they_begin() {
    let bodies = ["図書館は九時に開きます", "図画工作", "日曜日は休み"];
    assert_eq!(found(&bodies, "図書館", false), [0]);
    assert_eq!(found(&bodies, "図", false), [1, 0]);
    assert_eq!(found(&bodies, "九時", true), [0]);
}

#[test]
fn a_phrase_must_stand_in_one_field_word_by_word() {
    let bodies = ["the house of cards fell", "cards of the house", "a house, cards", "houses of card", "of cards"];
    assert_eq!(found(&bodies, "\"house of cards\"", false), [3, 0]);
    assert_eq!(found(&bodies, "fell „cards of the house“", false), [1]);
    assert_eq!(found(&bodies, "«house cards»", false), [2]);
    assert_eq!(found(&bodies, "\"house of cards\" \"fell\"", false), [0]);
    let apart = Chunk { title: "House of".into(), ..Chunk::new("cards") };
    let matches =
        find(&[(keywords(std::slice::from_ref(&apart)), &[apart])], &Question::new("\"house of cards\"", false));
    assert!(matches.found.is_empty());
}

#[test]
fn a_phrase_is_found_across_marks_and_lines_and_however_its_accents_are_written() {
    let bodies =
        ["Über die Straße — gehen", "ÜBER DIE\nSTRASSE: gehen", "u\u{308}ber/die/stra\u{ad}ße gehen", "die Straße"];
    assert_eq!(found(&bodies, "\"über die straße\"", false), [0, 1, 2]);
    assert_eq!(found(&bodies, "\"die straße gehen\"", false), [0, 1, 2]);
    assert_eq!(found(&["日\n本 語", "日本 x 語"], "\"日本語\"", false), [0]);
    assert_eq!(found(&["flies dying", "fly and die", "A fly died."], "\"fly die\"", false), [0, 2]);
}

#[test]
fn a_phrase_of_stop_words_is_found() {
    let bodies = ["it is to be, or not to be", "to be or to be not", "that is the question: to be or not to be"];
    assert_eq!(found(&bodies, "\"to be or not to be\"", false), [2]);
    assert_eq!(found(&bodies, "\"to be or not\" questions", false), [2]);
    assert_eq!(found(&["a being", "to be, desk"], "\"to be\"", false), [1]);
}

#[test]
fn a_quote_that_is_not_closed_and_apostrophes_and_inches_are_no_phrase() {
    let bodies = ["house cards", "cards house", "5 inch"];
    assert_eq!(found(&bodies, "\"cards house", false).len(), 2);
    assert_eq!(found(&bodies, "'cards house'", false).len(), 2);
    assert_eq!(found(&bodies, "5\" cards 3\" house", false).len(), 3);
    assert_eq!(found(&bodies, "cards \"\" \"?\" house", false).len(), 2);
}

#[test]
fn while_typing_the_last_word_may_go_on_and_the_word_itself_comes_first() {
    let bodies = ["javascript is here", "java is here", "jam is there", "javelin is here"];
    assert_eq!(found(&bodies, "java", true), [1, 0]);
    assert_eq!(found(&bodies, "java", false), [1]);
    assert_eq!(found(&bodies, "java ", true), [1]);
    assert_eq!(found(&bodies, "jav", true), [0, 1, 3]);
    assert_eq!(found(&["Cafés ouverts", "cafetière"], "caf", true).len(), 2);
    assert_eq!(found(&["the libraries", "happiness"], "librarie", true), [0]);
    assert_eq!(found(&["the libraries", "happily"], "happil", true), [1]);
}

#[test]
fn of_many_longer_words_the_most_frequent_are_found() {
    let mut bodies: Vec<String> = (0..100).map(|number| format!("word{number:03}")).collect();
    bodies.extend(["word099".to_owned(), "word098".to_owned()]);
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let found = found(&bodies, "wor", true);
    assert_eq!(found.len(), COMPLETIONS + 2);
    assert!([98, 99, 100, 101, 0, 61].iter().all(|chunk| found.contains(chunk)) && !found.contains(&62));
}

#[test]
fn stop_words_alone_find_nothing_but_may_go_on_while_typed() {
    assert_eq!(found(&["the theory of the who"], "the of", false), [0u32; 0]);
    assert_eq!(found(&["the theory of the who"], "the", true), [0]);
    assert_eq!(found(&["the theory of the who"], "unknown the", true), [0u32; 0]);
    let chunks = [Chunk::new("a desk")];
    assert_eq!(find(&[(keywords(&chunks), &chunks)], &Question::new("", false)).most, 0.0);
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let none = Matches::default();
    assert_eq!(find(&[], &Question::new("desk", true)), none);
    assert_eq!(find(&[(Keywords::new(), &[])], &Question::new("desk", true)), none);
    let empty = [Chunk::new(""), Chunk::new("the")];
    assert_eq!(find(&[(keywords(&empty), &empty)], &Question::new("desk", true)), none);
}

#[test]
fn a_question_of_thousands_of_characters_is_answered() {
    let question = "desk ".repeat(1_000) + &(0..500).map(|number| format!("w{number} ")).collect::<String>();
    let chunks = [Chunk::new("a desk"), Chunk::new("w1 w2"), Chunk::new("other")];
    let matches = find(&[(keywords(&chunks), &chunks)], &Question::new(&question, true));
    assert_eq!(matches.found.iter().map(|found| found.1).collect::<Vec<_>>(), [0, 1]);
    let (scores, most) = textbook(&chunks, &question);
    assert!((f64::from(matches.most) / most - 1.0).abs() < 1e-5);
    assert!((f64::from(matches.found[0].2) / scores[&0] - 1.0).abs() < 1e-5);
}

#[test]
fn a_chunk_that_is_not_allowed_counts_but_is_not_found() {
    let chunks = [Chunk::new("a desk"), Chunk::new("desks")];
    let keywords = keywords(&chunks);
    let only = |allowed: &dyn Fn(u32) -> bool| {
        let text = |chunk: u32| chunks[chunk as usize].text();
        let part = Part { keywords: &keywords, alive: &|_| true, allowed, text: &text };
        search(&[part], &Question::new("desk", false))
    };
    let (all, one) = (only(&|_| true), only(&|chunk| chunk == 1));
    assert_eq!((one.found.as_slice(), one.most), (&all.found[1..], all.most));
}

#[test]
fn a_file_with_any_byte_changed_or_cut_is_refused_or_searched() {
    let bodies = ["the libraries of Paris", "日本語 library", "running runs run run run", "paris"];
    let chunks: Vec<Chunk> = bodies.iter().map(|body| Chunk::new(body)).collect();
    let bytes = keywords(&chunks).to_bytes();
    let mut read = 0;
    let mut try_it = |bytes: &[u8]| {
        let Some(mut keywords) = Keywords::from_bytes(bytes, chunks.len()) else { return };
        read += 1;
        let again = Keywords::merged(&[(&keywords, &|chunk| chunk != 1)]);
        assert_eq!(again.len(), 3);
        for question in ["library run \"run run\"", "par", "paris 日本語 r"] {
            find(&[(Keywords::from_bytes(bytes, chunks.len()).unwrap(), &chunks)], &Question::new(question, true));
        }
        keywords.insert(&chunks[0].text());
        assert_eq!(keywords.len(), 5);
        keywords.to_bytes();
    };
    for at in 0..bytes.len() {
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            try_it(&changed);
        }
        try_it(&bytes[..at]);
    }
    try_it(&bytes);
    assert!(read > 1);
    assert!(Keywords::from_bytes(&bytes, 3).is_none() && Keywords::from_bytes(&bytes, usize::MAX).is_none());
}
