//! Passages are what they say they are: whole stretches of their documents, none given twice, marked where the
//! question's words stand; as many as were asked for at most, and as different as was asked for.

use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

use carrel::carrel::Carrel;
use carrel::document::{Format, Passage, Span};
use carrel::index::Entry;
use carrel::ingest::{Content, Source};
use carrel::language::words_in;
use carrel::retrieve::{Mode, SearchOptions};
use proptest::prelude::*;

use crate::desk::{prepared_model, project, shared_text, source};

/// Some of them find each other's passages, some nearly nothing.
const QUESTIONS: [&str; 8] = [
    "How are passages found?",
    "what happens to my documents when I close the tab",
    "fenced code blocks",
    "links and images in lists",
    "Which characters may be escaped with a backslash?",
    "does it work offline",
    "desk",
    "zebras in winter",
];

/// How much of the CommonMark specification is read, in bytes.
const READ: usize = 60_000;

fn texts() -> Vec<(&'static str, String)> {
    let sample = |name: &str| std::fs::read_to_string(project("www/sample").join(name)).unwrap();
    let mut specification = shared_text("data/files/markdown/commonmark-spec.txt");
    specification.truncate(specification.floor_char_boundary(READ));
    vec![
        ("reading-desk.md", sample("reading-desk.md")),
        ("how-passages-are-found.md", sample("how-passages-are-found.md")),
        ("commonmark.md", specification),
        // The same again under another name, as people have it.
        ("copy of reading-desk.md", sample("reading-desk.md")),
    ]
}

/// A desk with these documents, which are embedded once for all tests.
fn desk() -> Carrel {
    static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let mut desk = Carrel::new(prepared_model()).unwrap();
        let markdown = |(name, text): (&str, String)| Source {
            format: Some(Format::Markdown),
            ..source(name, Content::Text(text))
        };
        desk.add_all(texts().into_iter().map(markdown)).into_iter().for_each(|outcome| _ = outcome.unwrap());
        desk.save()
    });
    let mut desk = Carrel::new(prepared_model()).unwrap();
    desk.open(|name| files.iter().find(|file| file.0 == name).map(|file| file.1.clone())).unwrap();
    desk
}

fn search(desk: &Carrel, question: &str, options: SearchOptions) -> Vec<Passage> {
    desk.search(question, options).unwrap()
}

/// The first and the last chunk of a passage, which must be there.
fn stretch(entry: &Entry, passage: &Passage) -> (usize, usize) {
    let first = entry.chunks.iter().position(|chunk| chunk.span.start == passage.span.start);
    let last = entry.chunks.iter().rposition(|chunk| chunk.span.end == passage.span.end);
    (first.expect("it begins with a chunk"), last.expect("it ends with a chunk"))
}

/// Where the question's words stand in a text, by walking over it.
fn marked(question: &str, text: &str, entry: &Entry) -> usize {
    let language = entry.document.language;
    let asked: HashSet<String> = words_in(question, language).collect();
    words_in(text, language).filter(|word| asked.contains(word)).count()
}

fn is_whole(desk: &Carrel, question: &str, passage: &Passage, neighbours: usize) -> Result<(), TestCaseError> {
    let entry = desk.entry(&passage.id).unwrap();
    prop_assert_eq!(passage.span.of(&entry.document.text), &passage.text);
    prop_assert_eq!(&passage.title, &entry.document.title);
    let (first, last) = stretch(entry, passage);
    let end = entry.chunks.len() - 1;
    prop_assert!(first <= passage.chunk.saturating_sub(neighbours) && last >= (passage.chunk + neighbours).min(end));
    prop_assert!(neighbours > 0 || first == last);
    prop_assert_eq!(&passage.headings, &entry.chunks[passage.chunk].headings);
    let mut before = 0;
    for &highlight in &passage.highlights {
        prop_assert!(highlight.start >= before && highlight.end > highlight.start, "in order and apart");
        before = highlight.end;
        let written = passage.text.get(highlight.start..highlight.end);
        prop_assert!(
            written.is_some_and(|written| written.chars().all(|it| it.is_alphanumeric() || "'’._".contains(it)))
        );
        prop_assert_eq!(marked(question, written.unwrap(), entry), 1, "{:?} is no word of it", written);
    }
    prop_assert_eq!(passage.highlights.len(), marked(question, &passage.text, entry), "words that are not marked");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn passages_are_whole_stretches_that_never_repeat_a_text(
        question in prop::sample::select(QUESTIONS.to_vec()),
        mode in prop::sample::select(Mode::ALL.to_vec()),
        limit in 1usize..14,
        neighbours in 0usize..=5,
        diversity in prop::sample::select(vec![0.0f32, 0.0, 0.3, 1.0]),
        collapse in any::<bool>(),
    ) {
        thread_local! { static DESK: Carrel = desk(); }
        DESK.with(|desk| {
            let options = SearchOptions { mode, limit, neighbours, diversity, collapse, ..SearchOptions::default() };
            let passages = search(desk, question, options.clone());
            prop_assert!(passages.len() <= limit);
            prop_assert!(mode == Mode::Lexical || !passages.is_empty());
            let mut given: Vec<(&str, usize, usize)> = Vec::new();
            for passage in &passages {
                is_whole(desk, question, passage, neighbours)?;
                let (first, last) = stretch(desk.entry(&passage.id).unwrap(), passage);
                for &(id, other_first, other_last) in &given {
                    // Stretches that touch would be one passage, were they joined.
                    let gap = usize::from(neighbours > 0);
                    let apart = id != passage.id || last + gap < other_first || other_last + gap < first;
                    prop_assert!(apart, "chunks {}..={} of {} are given twice", first, last, id);
                }
                given.push((&passage.id, first, last));
            }
            if diversity == 0.0 {
                prop_assert!(passages.is_sorted_by(|one, next| one.score >= next.score), "best first");
            }
            // What is found without neighbours stands in what is found with them, and the best is the same.
            let alone = search(desk, question, SearchOptions { neighbours: 0, ..options.clone() });
            for passage in &alone {
                let holds = |it: &(&str, usize, usize)| it.0 == passage.id && it.1 <= passage.chunk && passage.chunk <= it.2;
                prop_assert!(given.iter().any(holds), "chunk {} of {} is lost", passage.chunk, passage.id);
            }
            prop_assert_eq!(alone.first().map(|it| (&it.id, it.chunk, it.score)), passages.first().map(|it| (&it.id, it.chunk, it.score)));
            // More are the same ones, and then others.
            if diversity == 0.0 && neighbours == 0 {
                let more = search(desk, question, SearchOptions { limit: limit + 5, ..options.clone() });
                prop_assert_eq!(&more[..passages.len()], &passages[..]);
                prop_assert!(passages.len() == limit || more.len() == passages.len());
            }
            prop_assert_eq!(search(desk, question, options), passages);
            Ok(())
        })?;
    }
}

#[test]
fn a_phrase_in_quotes_is_in_every_passage_and_marked_as_a_whole() {
    let desk = desk();
    let phrase = |span: &Span, passage: &Passage| span.of(&passage.text).to_lowercase().replace('\n', " ");
    let options = SearchOptions { mode: Mode::Lexical, limit: 100, ..SearchOptions::default() };
    let whole = search(&desk, "\"fenced code block\"", options.clone());
    let loose = search(&desk, "fenced code block", options);
    assert!(!whole.is_empty() && whole.len() < loose.len(), "{} of {}", whole.len(), loose.len());
    for passage in &whole {
        let held = |text: &str| text.to_lowercase().replace('\n', " ").contains("fenced code block");
        let headings = passage.headings.iter().any(|heading| held(heading));
        assert!(held(&passage.text) || headings, "{}", passage.text);
        for highlight in &passage.highlights {
            assert!(phrase(highlight, passage).starts_with("fenced code block"), "{}", phrase(highlight, passage));
        }
        assert_eq!(held(&passage.text), !passage.highlights.is_empty());
    }
    // Exactly those that an eye would find.
    let written = |entry: &Entry| {
        let holds = |text: &str| text.to_lowercase().replace('\n', " ").contains("fenced code block");
        let chunks = entry.chunks.iter().filter(|chunk| {
            holds(chunk.span.of(&entry.document.text))
                || chunk.headings.iter().any(|it| holds(it))
                || holds(&entry.document.title)
        });
        chunks.count()
    };
    assert_eq!(whole.len(), desk.entries().map(written).sum::<usize>());
}

#[test]
fn copies_are_given_once_where_that_is_asked_for() {
    let desk = desk();
    let texts = |passages: &[Passage]| passages.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
    for question in ["what happens to my documents when I close the tab", "does it work offline", "desk"] {
        for mode in Mode::ALL {
            let options = SearchOptions { mode, limit: 8, ..SearchOptions::default() };
            let all = texts(&search(&desk, question, options.clone()));
            let once = texts(&search(&desk, question, SearchOptions { collapse: true, ..options }));
            let distinct = |texts: &[String]| texts.iter().collect::<BTreeSet<_>>().len();
            assert!(distinct(&all) < all.len(), "{question}: the copy is found, too");
            assert_eq!(distinct(&once), once.len(), "{question}");
            assert!(once.len() == all.len() || mode == Mode::Lexical, "{question}: others take their places");
            assert_eq!(once[0], all[0], "{question}");
        }
    }
}

#[test]
fn the_more_diversity_the_less_passages_resemble_one_another() {
    let desk = desk();
    let mut lower = 0;
    for question in QUESTIONS {
        let likeness = |diversity: f32| {
            let passages = search(&desk, question, SearchOptions { limit: 6, diversity, ..SearchOptions::default() });
            assert_eq!(passages.len(), 6);
            let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
            let vectors = desk.embedder().embed_passages(&texts).unwrap();
            let pairs = (0..6).flat_map(|one| (0..one).map(move |other| (one, other)));
            let sum: f32 = pairs.map(|(one, other)| vectors[one].cosine(&vectors[other])).sum();
            (sum / 15.0, texts[0].to_owned(), passages.iter().map(|it| it.score).sum::<f32>())
        };
        let [none, some, all] = [0.0, 0.5, 1.0].map(likeness);
        assert_eq!((&none.1, &none.1), (&some.1, &all.1), "{question}: the best stays first");
        assert!(some.0 <= none.0 + 1e-3 && all.0 <= some.0 + 0.05, "{question}: {} {} {}", none.0, some.0, all.0);
        let least = none.2 + 1e-5; // The same in another order may add up to a hair more.
        assert!(least >= some.2 && least >= all.2, "{question}: without, none fits worse");
        lower += usize::from(all.0 < none.0 - 0.05);
    }
    assert!(lower >= 6, "{lower} of {} questions", QUESTIONS.len());
}

#[test]
fn a_word_that_is_being_typed_finds_what_it_may_become() {
    let desk = desk();
    let find = |question: &str, typing: bool| {
        let options = SearchOptions { mode: Mode::Lexical, limit: 1000, typing, ..SearchOptions::default() };
        search(&desk, question, options)
    };
    let begins = |text: &str, beginning: &str| {
        let mut words = text.split(|character: char| !character.is_alphanumeric());
        words.any(|word| word.to_lowercase().starts_with(beginning))
    };
    for word in ["backslash", "blockquote", "paragraph", "reading", "documents"] {
        for end in 3..word.len() {
            let typed = &word[..end];
            let passages = find(typed, true);
            assert!(!passages.is_empty(), "{typed}");
            for passage in &passages {
                let mut fields = passage.headings.iter().chain([&passage.title, &passage.text]);
                let stems: HashSet<String> =
                    words_in(typed, desk.entry(&passage.id).unwrap().document.language).collect();
                let is_there = fields.any(|text| {
                    begins(text, typed)
                        || words_in(text, desk.entry(&passage.id).unwrap().document.language)
                            .any(|it| stems.contains(&it))
                });
                assert!(is_there, "{typed}: {}", passage.text);
                for highlight in &passage.highlights {
                    let written = highlight.of(&passage.text).to_lowercase();
                    let is_same = words_in(&written, desk.entry(&passage.id).unwrap().document.language)
                        .any(|it| stems.contains(&it));
                    assert!(written.starts_with(typed) || is_same, "{typed}: {written}");
                }
            }
            // And it is found by a person who types on.
            let places = |passages: &[Passage]| -> BTreeSet<(String, usize)> {
                passages.iter().map(|it| (it.id.clone(), it.chunk)).collect()
            };
            assert!(places(&find(word, false)).is_subset(&places(&passages)) || word == "reading", "{typed} of {word}");
            assert!(places(&find(typed, false)).is_subset(&places(&passages)), "{typed}");
        }
        assert!(find(&word[..word.len() - 2], false).len() <= find(&word[..word.len() - 2], true).len());
    }
    // Only the last word is being typed, and only where nothing stands behind it.
    assert!(
        find("backsl escapes ", true)
            .iter()
            .all(|passage| passage.highlights.iter().all(|it| !it.of(&passage.text).starts_with("backsl")))
    );
    assert_eq!(find("backslas ", true), find("backslas", false));
}
