//! An index whose files were changed on purpose, with the checksums made right again: it is refused, or it can be
//! searched in every way. It may find what it likes, but nothing stops, hangs or reaches outside of a text.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use carrel::carrel::Carrel;
use carrel::document::{Chunk, Heading, Scalar, SourcePiece, Span, Value};
use carrel::error::{Error, Result};
use carrel::index::{Entry, Index, MANIFEST, Question, build_graph};
use carrel::retrieve::{Mode, SearchOptions};
use xxhash_rust::xxh3::xxh3_128;

use crate::desk::{carrel, prepared_model, source};
use crate::index_files::{files_with_graph, small};
use crate::naive::{DIMENSIONS, Numbers, entry, open};

type Files = Vec<(String, Vec<u8>)>;

/// How long opening and searching may take; it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

fn checksum(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// Gives a file another content, and makes the manifest believe it.
fn forge(files: &Files, at: usize, bytes: Vec<u8>) -> Files {
    let mut forged = files.clone();
    let (name, old) = &files[at];
    let (kind, new) = (name.split('-').next().unwrap(), checksum(&bytes));
    let renamed = format!("{kind}-{}.bin", &new[..16]);
    let record = |name: &str, length: usize, checksum: &str, indent: &str| {
        format!("\"name\": \"{name}\",\n{indent}\"bytes\": {length},\n{indent}\"checksum\": \"{checksum}\"\n")
    };
    let manifest = String::from_utf8(forged.pop().unwrap().1).unwrap();
    let indent = " ".repeat(8);
    let (before, after) =
        (record(name, old.len(), &checksum(old), &indent), record(&renamed, bytes.len(), &new, &indent));
    assert!(manifest.contains(&before), "{before} is not in {manifest}");
    forged[at] = (renamed, bytes);
    forged.push((MANIFEST.to_owned(), sign(&manifest.replace(&before, &after))));
    forged
}

/// Makes the manifest's checksum of itself right.
fn sign(manifest: &str) -> Vec<u8> {
    let at = manifest.rfind("\"checksum\": \"").unwrap() + "\"checksum\": \"".len();
    let end = at + manifest[at..].find('"').unwrap();
    let unsigned = format!("{}{}", &manifest[..at], &manifest[end..]);
    let signature = checksum(unsigned.as_bytes());
    format!("{}{signature}{}", &manifest[..at], &manifest[end..]).into_bytes()
}

/// Changes the manifest's text.
fn forge_manifest(files: &Files, change: impl FnOnce(String) -> String) -> Files {
    let mut forged = files.clone();
    let manifest = String::from_utf8(forged.pop().unwrap().1).unwrap();
    let changed = change(manifest.clone());
    assert_ne!(changed, manifest);
    forged.push((MANIFEST.to_owned(), sign(&changed)));
    forged
}

fn place(files: &Files, kind: &str) -> usize {
    files.iter().position(|file| file.0.split('-').next() == Some(kind)).unwrap()
}

/// Changes the documents of the first segment.
fn forge_documents(files: &Files, change: impl FnOnce(&mut Vec<Entry>)) -> Files {
    let at = place(files, "documents");
    let mut entries: Vec<Entry> = postcard::from_bytes(&files[at].1).unwrap();
    change(&mut entries);
    forge(files, at, postcard::to_allocvec(&entries).unwrap())
}

/// Opens an index and does with it all that can be done without a model; an error must be that it is damaged.
fn open_and_use(files: &Files) -> Result<()> {
    let mut index = match open(files) {
        Err(error) if error.code() == "index_corrupt" => return Err(error),
        Err(error) => panic!("{error}"),
        Ok(index) => index,
    };
    if index.dimensions() != DIMENSIONS {
        // Whoever opens it sees that it is of another model.
        return Ok(());
    }
    use_all(&index);
    // It can be changed, saved and merged, and what comes of that can be opened.
    let mut numbers = Numbers(5);
    index.insert(entry("new", &["a new desk", "keeper"]), &numbers.vectors(2)).unwrap();
    let first = index.entries().next().unwrap().document.id.clone();
    assert!(index.remove(&first));
    use_all(&index);
    if let Some(work) = index.work() {
        let graph = build_graph(&work).unwrap();
        assert!(index.adopt(&graph).unwrap());
    }
    let files = index.to_files();
    index.optimize();
    use_all(&index);
    use_all(&open(&files).unwrap());
    Ok(())
}

fn use_all(index: &Index) {
    let all = index.allowed(&|_| true);
    let some = index.allowed(&|document| document.id.len() % 2 == 0);
    assert_eq!(all.chunks(), index.len());
    for query in Numbers(8).vectors(3) {
        for allowed in [None, Some(&all), Some(&some)] {
            for (limit, width) in [(1, None), (10, Some(100)), (usize::MAX, None)] {
                let hits = index.nearest(&query, limit, width, allowed);
                assert!(hits.len() <= limit.min(index.len()));
                for &(place, cosine) in &hits {
                    let (entry, chunk) = index.chunk(place).unwrap();
                    entry.chunks[chunk].span.of(&entry.document.text);
                    assert!(!cosine.is_nan() && !index.between(place, hits[0].0).is_nan());
                }
            }
        }
        index.spread(&query);
    }
    for (text, typing) in [("the quiet desk", false), ("\"the keeper\" 日本", false), ("des", true), ("d", true)] {
        let question = Question::new(text, typing);
        for allowed in [None, Some(&some)] {
            for (place, score) in index.matching(&question, allowed).found {
                let (entry, chunk) = index.chunk(place).unwrap();
                let text = entry.chunks[chunk].span.of(&entry.document.text);
                assert!(!score.is_nan());
                question.highlights(text, entry.document.language);
            }
        }
    }
    for entry in index.entries() {
        for chunk in &entry.chunks {
            entry.document.source_of(chunk.span);
            entry.document.headings_at(chunk.span.start);
        }
    }
}

/// How it went with one of many: its number, and what it said when it panicked.
type Outcome = (usize, Option<String>);

/// Does each of so many things on a thread of its own, so that none of them can hang or panic unseen; gives how many
/// were refused.
fn try_all(count: usize, attempt: impl Fn(usize) -> Result<()> + Send + 'static) -> usize {
    let (sender, receiver): (Sender<(Outcome, bool)>, Receiver<(Outcome, bool)>) = channel();
    std::thread::spawn(move || {
        for number in 0..count {
            let (problem, refused) = match catch_unwind(AssertUnwindSafe(|| attempt(number))) {
                Ok(result) => (None, result.is_err()),
                Err(panic) => {
                    let text = panic.downcast_ref::<String>().cloned();
                    (
                        Some(
                            text.or_else(|| panic.downcast_ref().map(|it: &&str| (*it).to_owned())).unwrap_or_default(),
                        ),
                        false,
                    )
                }
            };
            if sender.send(((number, problem), refused)).is_err() {
                return;
            }
        }
    });
    let mut all_refused = 0;
    for expected in 0..count {
        let Ok(((number, problem), refused)) = receiver.recv_timeout(PATIENCE) else {
            panic!("number {expected} hangs");
        };
        assert_eq!(problem, None, "number {number} panicked");
        all_refused += usize::from(refused);
    }
    all_refused
}

/// Bytes with some of them changed, in ways that numbers, lengths and lists in files take badly.
fn changed(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let at = numbers.below(bytes.len());
    match numbers.below(8) {
        0 => changed.truncate(at),
        1 => _ = changed.drain(at..(at + 1 + numbers.below(8)).min(bytes.len())),
        2 => changed.splice(at..at, (0..1 + numbers.below(8)).map(|_| 0xff).collect::<Vec<u8>>()).for_each(drop),
        // As large as numbers of a variable length can be.
        3 => {
            let end = (at + 10).min(bytes.len());
            changed[at..end].fill(0xff);
            changed[end - 1] = 1;
        }
        4 => {
            let from = numbers.below(bytes.len());
            let length = numbers.below(40).min(bytes.len() - at.max(from));
            changed.copy_within(from..from + length, at);
        }
        5 => {
            let end = (at + 4).min(bytes.len());
            let special: [u32; 6] = [0, 1, u32::MAX, 0x7fff_ffff, 0x7f80_0000, 0x7fc0_0000];
            changed[at..end].copy_from_slice(&special[numbers.below(6)].to_le_bytes()[..end - at]);
        }
        _ => {
            for _ in 0..1 + numbers.below(4) {
                changed[numbers.below(bytes.len())] = numbers.next() as u8;
            }
        }
    }
    changed
}

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
    let links = (0..whole.len()).rfind(|end| (whole.len() - end) % 4 == 0 && *end < whole.len() / 4).unwrap();
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
    refused(&|entries| entries[1].document.id = entries[0].document.id.clone());
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
    let mut desk = carrel([source("book", carrel::ingest::Content::Text(text))]);
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
