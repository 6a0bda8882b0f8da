//! An index whose files were changed on purpose, with the checksums made right again: it is refused, or it can be
//! searched in every way. It may find what it likes, but nothing stops, hangs or reaches outside of a text.

use carrel::carrel::Carrel;
use carrel::document::{Chunk, Heading, Scalar, SourcePiece, Span, Value};
use carrel::error::Error;
use carrel::index::{Entry, Index};
use carrel::ingest::Content;
use carrel::retrieve::{Mode, SearchOptions};

use crate::desk::{carrel, source};
use crate::forgery::{Files, changed, forge, forge_documents, forge_manifest, open_and_use, place, try_all};
use crate::index_files::{files_with_graph, small};
use crate::naive::{DIMENSIONS, Numbers, open};

fn many_changes_of(files: Files, kind: &'static str, rounds: usize) -> usize {
    try_all(rounds, move |round| {
        let mut numbers = Numbers(round as u64);
        let of_kind: Vec<usize> =
            (0..files.len()).filter(|at| files[*at].0.split(['-', '.']).next() == Some(kind)).collect();
        let at = of_kind[round % of_kind.len()];
        open_and_use(&forge(&files, at, changed(&files[at].1, &mut numbers)))
    })
}

#[test]
fn what_is_forged_well_is_believed() {
    // Or all tests here would test nothing but checksums.
    let files = small().to_files();
    for at in 0..files.len() - 1 {
        assert_eq!(forge(&files, at, files[at].1.clone()), files);
    }
    let renamed = forge_documents(&files, |entries| entries[0].document.title = "forged".into());
    assert_eq!(open(&renamed).unwrap().entries().next().unwrap().document.title, "forged");
}

#[test]
fn any_bytes_in_documents_words_vectors_and_removals_are_refused_or_searched() {
    for (kind, rounds) in [("documents", 3_000), ("keywords", 3_000), ("vectors", 1_000), ("removed", 500)] {
        let refused = many_changes_of(small().to_files(), kind, rounds);
        println!("{kind}: {refused} of {rounds} refused");
        assert!(refused > 0 && refused < rounds, "{kind}: {refused} of {rounds} refused");
    }
}

#[test]
fn any_bytes_in_a_graph_are_refused_or_searched() {
    let refused = many_changes_of(files_with_graph().clone(), "graph", 60);
    assert!(refused > 0, "{refused} refused");
    // Links that are all the same, or lead in circles, lead nowhere but to an end.
    let files = files_with_graph();
    let at = place(files, "graph");
    let whole = &files[at].1;
    let links = (0..whole.len()).rfind(|end| (whole.len() - end).is_multiple_of(4) && *end < whole.len() / 4).unwrap();
    let same = |number: u32| {
        let mut bytes = whole.clone();
        for link in bytes[links..].chunks_exact_mut(4) {
            link.copy_from_slice(&number.to_le_bytes());
        }
        forge(files, at, bytes)
    };
    let forgeries = [same(0), same(1), same(10_499), same(10_500), same(u32::MAX)];
    let refused = try_all(forgeries.len(), move |number| open_and_use(&forgeries[number]));
    assert!(refused >= 2, "links to rows that are not there");
}

#[test]
fn lists_that_are_said_to_be_endless_are_refused() {
    let files = small().to_files();
    // 2⁶³ documents; as many chunks; a text of as many bytes.
    let endless = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    for kind in ["documents", "removed", "keywords"] {
        let at = place(&files, kind);
        for start in 0..files[at].1.len().min(40) {
            let mut bytes = files[at].1.clone();
            bytes.splice(start..start + 1, endless);
            let forged = forge(&files, at, bytes);
            assert!(try_all(1, move |_| open_and_use(&forged)) <= 1);
        }
        let only = forge(&files, at, endless.to_vec());
        assert_eq!(open(&only).err().unwrap().code(), "index_corrupt", "{kind}");
    }
}

#[test]
fn documents_that_do_not_fit_themselves_are_refused() {
    let files = small().to_files();
    let length = open(&files).unwrap().entries().next().unwrap().document.text.len();
    let refused = |change: &dyn Fn(&mut Vec<Entry>)| {
        let error = open(&forge_documents(&files, |entries| change(entries))).err().unwrap();
        assert_eq!(error.code(), "index_corrupt", "{error}");
    };
    for span in [(0, length + 1), (5, 4), (length + 1, length + 1), (usize::MAX, usize::MAX), (0, usize::MAX)] {
        let span = Span { start: span.0, end: span.1 };
        refused(&|entries| entries[0].chunks[0].span = span);
        refused(&|entries| entries[0].document.pages = vec![span]);
        refused(&|entries| entries[0].document.outline.push(Heading { level: 1, title: "x".into(), span }));
        let piece = SourcePiece { text: span, source: Span::new(0, 1), exact: true };
        refused(&|entries| entries[0].document.pieces = vec![piece]);
    }
    let piece = SourcePiece { text: Span::new(0, 1), source: Span::new(2, 1), exact: true };
    refused(&|entries| entries[0].document.pieces = vec![piece]);
    // In the middle of a character.
    refused(&|entries| {
        entries[0].document.text = "é".repeat(length);
        entries[0].chunks[0].span = Span::new(1, 2);
    });
    refused(&|entries| entries[2].document.id = entries[0].document.id.clone());
    refused(&|entries| entries[0].document.id = "b".into());
    refused(&|entries| _ = entries[0].chunks.pop());
    refused(&|entries| _ = entries.pop());
    refused(&|entries| entries.clear());
    refused(&|entries| {
        let more = entries[0].chunks[0].clone();
        entries[0].chunks.push(more);
    });
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let value = Value::Many(vec![Scalar::Number(number)]);
        refused(&|entries| _ = entries[0].document.metadata.insert("year".into(), value.clone()));
    }
}

#[test]
fn numbers_of_a_manifest_that_do_not_fit_are_refused() {
    let files = small().to_files();
    for (from, to) in [
        ("\"dimensions\": 16", "\"dimensions\": 0"),
        ("\"dimensions\": 16", "\"dimensions\": 15"),
        ("\"dimensions\": 16", "\"dimensions\": 8"),
        ("\"dimensions\": 16", "\"dimensions\": 48"),
        ("\"dimensions\": 16", "\"dimensions\": 1099511627776"),
        ("\"dimensions\": 16", "\"dimensions\": 18446744073709551615"),
        ("\"dimensions\": 16", "\"dimensions\": -1"),
        ("\"documents\": 4", "\"documents\": 5"),
        ("\"documents\": 4", "\"documents\": 18446744073709551615"),
        ("\"chunks\": 10", "\"chunks\": 9"),
        ("\"chunks\": 10", "\"chunks\": 0"),
        ("\"name\": \"documents-", "\"name\": \"../documents-"),
        ("\"name\": \"documents-", "\"name\": \".documents-"),
        ("\"name\": \"documents-", "\"name\": \"https://example.com/documents-"),
        ("\"name\": \"documents-", "\"name\": \"\",\n        \"x\": \"documents-"),
    ] {
        let forged = forge_manifest(&files, |manifest| manifest.replacen(from, to, 1));
        let result = open(&forged);
        // An index of vectors that are filled up to the same length is another model's to whoever opens it.
        if let Ok(index) = &result {
            assert!(to.contains("dimensions") && index.dimensions() != DIMENSIONS, "{to}");
            continue;
        }
        assert_eq!(result.err().unwrap().code(), "index_corrupt", "{to}");
    }
    // No segments at all, but dimensions that nobody has: it is empty.
    let empty = Index::new("m", DIMENSIONS).to_files();
    let forged = forge_manifest(&empty, |manifest| manifest.replace(": 16", ": 1099511627776"));
    assert!(open(&forged).is_ok_and(|index| index.is_empty()));
}

#[test]
fn removals_of_what_was_never_there_are_refused() {
    let files = small().to_files();
    let at = place(&files, "removed");
    for removed in [vec![3u32], vec![1, 2, 9], vec![u32::MAX]] {
        let forged = forge(&files, at, postcard::to_allocvec(&removed).unwrap());
        assert_eq!(open(&forged).err().unwrap().code(), "index_corrupt", "{removed:?}");
    }
    // Twice the same is once.
    let forged = forge(&files, at, postcard::to_allocvec(&vec![1u32, 1]).unwrap());
    assert!(open(&forged).is_ok_and(|index| index.len() == 10));
}

#[test]
fn scales_that_are_no_numbers_are_refused_and_others_never_give_such_a_score() {
    let files = small().to_files();
    let at = place(&files, "vectors");
    let end = files[at].1.len();
    for scale in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 2.0, f32::MAX, -0.5] {
        let mut bytes = files[at].1.clone();
        bytes[end - 4..].copy_from_slice(&scale.to_le_bytes());
        assert_eq!(open(&forge(&files, at, bytes)).err().unwrap().code(), "index_corrupt", "{scale}");
    }
    for scale in [0.0, f32::MIN_POSITIVE, 1e-40, 1.0] {
        let mut bytes = files[at].1.clone();
        bytes[end - 4..].copy_from_slice(&scale.to_le_bytes());
        let forged = forge(&files, at, bytes);
        try_all(1, move |_| open_and_use(&forged));
    }
}

/// A desk with a document of several chunks, as files.
fn files_of_a_desk() -> (Carrel, Files) {
    let line =
        |number: usize| format!("In entry {number} the keeper of the desk notes {} visitors.\n\n", number * 7 % 97);
    let text: String = (0..200).map(line).collect();
    let mut desk = carrel([source("book", Content::Text(text))]);
    let files = desk.save();
    (desk, files)
}

#[test]
fn whatever_was_forged_a_desk_searches_in_every_mode_or_refuses() {
    let (mut desk, files) = files_of_a_desk();
    let chunks = desk.entries().next().unwrap().chunks.len();
    assert!(chunks > 4);
    let mut try_to_search = |what: &str, files: &Files| {
        let opened = desk.open(|name| files.iter().find(|file| file.0 == name).map(|file| file.1.clone()));
        match opened {
            Err(Error::IndexCorrupt { .. } | Error::IndexModel { .. }) => return,
            other => other.unwrap(),
        }
        for mode in Mode::ALL {
            for neighbours in [0, 1, 10] {
                for (collapse, diversity) in [(false, 0.0), (true, 0.5)] {
                    let facets = vec!["year".to_owned(), "title".to_owned()];
                    let options = SearchOptions {
                        mode,
                        neighbours,
                        collapse,
                        diversity,
                        facets,
                        typing: collapse,
                        ..SearchOptions::default()
                    };
                    let found = desk.find("how many visitors does the \"keeper\" note", &options);
                    assert!(found.is_ok_and(|found| found.passages.len() <= 10), "{what}");
                }
            }
        }
    };
    let forged = |change: &dyn Fn(&mut [Chunk])| forge_documents(&files, |entries| change(&mut entries[0].chunks));
    try_to_search("as it was", &files);
    try_to_search("chunks in reverse", &forged(&|chunks| chunks.reverse()));
    try_to_search("the same chunk again and again", &forged(&|chunks| chunks.fill(chunks[2].clone())));
    try_to_search("empty chunks", &forged(&|chunks| chunks.iter_mut().for_each(|it| it.span.end = it.span.start)));
    try_to_search(
        "pages and tokens without end",
        &forged(&|chunks| {
            chunks.iter_mut().for_each(|chunk| (chunk.page, chunk.tokens) = (Some(u32::MAX), usize::MAX));
        }),
    );
    try_to_search("many headings", &forged(&|chunks| chunks[0].headings = vec!["desk".into(); 10_000]));
    let pieces = |pieces: Vec<SourcePiece>| forge_documents(&files, |entries| entries[0].document.pieces = pieces);
    for exact in [true, false] {
        let piece = |text: Span, source: Span| SourcePiece { text, source, exact };
        try_to_search("pieces of a source", &pieces(vec![piece(Span::new(0, 400), Span::new(0, 1))]));
        try_to_search(
            "a source without end",
            &pieces(vec![piece(Span::new(5, 9), Span::new(usize::MAX - 1, usize::MAX))]),
        );
    }
    let metadata = |value: Value| {
        forge_documents(&files, |entries| _ = entries[0].document.metadata.insert("year".into(), value.clone()))
    };
    try_to_search("a long list", &metadata(Value::Many(vec![Scalar::Bool(true); 100_000])));
    try_to_search("an empty list", &metadata(Value::Many(Vec::new())));
    try_to_search(
        "of another model",
        &forge_manifest(&files, |manifest| manifest.replacen("\"dimensions\": 384", "\"dimensions\": 383", 1)),
    );
}
