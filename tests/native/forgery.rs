//! Files of an index that were changed on purpose, with the checksums made right again; and all that can be done with
//! what comes of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::time::Duration;

use carrel::error::Result;
use carrel::index::{Entry, Index, MANIFEST, Question, build_graph};
use xxhash_rust::xxh3::xxh3_128;

use crate::naive::{DIMENSIONS, Numbers, entry, open};

/// The files of an index by name, the manifest last.
pub type Files = Vec<(String, Vec<u8>)>;

/// How long opening and searching may take; it takes milliseconds, on a machine that is busy with other tests some more.
const PATIENCE: Duration = Duration::from_secs(120);

fn checksum(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// Gives a file another content, and makes the manifest believe it.
pub fn forge(files: &Files, at: usize, bytes: Vec<u8>) -> Files {
    let mut forged = files.clone();
    let (name, old) = &files[at];
    let (kind, new) = (name.split('-').next().unwrap(), checksum(&bytes));
    let renamed = format!("{kind}-{}.bin", &new[..16]);
    let record = |name: &str, length: usize, checksum: &str, indent: &str| {
        format!("\"name\": \"{name}\",\n{indent}\"bytes\": {length},\n{indent}\"checksum\": \"{checksum}\"\n")
    };
    let manifest = String::from_utf8(forged.pop().unwrap().1).unwrap();
    let change =
        |indent: &str| (record(name, old.len(), &checksum(old), indent), record(&renamed, bytes.len(), &new, indent));
    let changes = [8, 10].map(|indent| change(&" ".repeat(indent)));
    let (before, after) = changes.into_iter().find(|(before, _)| manifest.contains(before)).expect("a file listed");
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
pub fn forge_manifest(files: &Files, change: impl FnOnce(String) -> String) -> Files {
    let mut forged = files.clone();
    let manifest = String::from_utf8(forged.pop().unwrap().1).unwrap();
    let changed = change(manifest.clone());
    assert_ne!(changed, manifest);
    forged.push((MANIFEST.to_owned(), sign(&changed)));
    forged
}

pub fn place(files: &Files, kind: &str) -> usize {
    files.iter().position(|file| file.0.split('-').next() == Some(kind)).unwrap()
}

/// Changes the documents of the first segment.
pub fn forge_documents(files: &Files, change: impl FnOnce(&mut Vec<Entry>)) -> Files {
    let at = place(files, "documents");
    let mut entries: Vec<Entry> = postcard::from_bytes(&files[at].1).unwrap();
    change(&mut entries);
    forge(files, at, postcard::to_allocvec(&entries).unwrap())
}

/// Opens an index and does with it all that can be done without a model; an error must be that it is damaged.
pub fn open_and_use(files: &Files) -> Result<()> {
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
pub fn try_all(count: usize, attempt: impl Fn(usize) -> Result<()> + Send + 'static) -> usize {
    let (sender, receiver) = channel::<(Outcome, bool)>();
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
pub fn changed(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
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
