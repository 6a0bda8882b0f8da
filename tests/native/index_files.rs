//! An index is what was put into it, in memory and from its files; a damaged file is an error, never a wrong answer.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use carrel::index::{GRAPH_FROM, Index, MANIFEST, Question, bundle, file_names, unbundle};
use carrel::vector::UnitVector;

use crate::naive::{DIMENSIONS, Hit, MODEL, Numbers, entry, named, open};

type Files = Vec<(String, Vec<u8>)>;

/// Three segments, from two of which a document was removed: all kinds of files but a graph.
pub fn small() -> Index {
    let mut index = Index::new(MODEL, DIMENSIONS);
    let mut numbers = Numbers(1);
    let mut add = |index: &mut Index, id: &str, lines: &[&str]| {
        index.insert(entry(id, lines), &numbers.vectors(lines.len())).unwrap();
    };
    add(&mut index, "a", &["the quiet desk", "a loud street", "Reading", "a desk", "", "the keeper", "desk desk"]);
    add(&mut index, "gone", &["a removed desk", "gone"]);
    add(&mut index, "c", &[]);
    index.save();
    add(&mut index, "b", &["日本語 and 👍", "the desk of the keeper"]);
    add(&mut index, "gone, too", &["of no use"]);
    index.save();
    add(&mut index, "d", &["quiet"]);
    assert!(index.remove("gone") && index.remove("gone, too"));
    index
}

/// The files of an index with a graph; what its chunks hold is short.
pub fn files_with_graph() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut index = Index::new(MODEL, DIMENSIONS);
        let lines = vec!["desk"; 500];
        for number in 0..GRAPH_FROM / 500 + 1 {
            index.insert(entry(&format!("d{number}"), &lines), &Numbers(number as u64).vectors(500)).unwrap();
        }
        index.optimize();
        index.remove("d0");
        index.insert(entry("late", &["quiet"]), &Numbers(99).vectors(1)).unwrap();
        index.to_files()
    })
}

fn kinds(files: &Files) -> BTreeSet<&str> {
    files.iter().map(|file| file.0.split(['-', '.']).next().unwrap()).collect()
}

/// What can be found: for each query the document, the chunk and the score.
fn found(index: &Index, queries: &[UnitVector], words: &[&str]) -> Vec<Vec<Hit>> {
    let nearest = queries.iter().map(|query| named(index, index.nearest(query, 7, None, None)));
    let matching = words.iter().map(|words| named(index, index.matching(&Question::new(words, false), None).found));
    nearest.chain(matching).collect()
}

/// All that is asked after damage.
fn answers(index: &Index) -> Vec<Vec<Hit>> {
    found(
        index,
        &[Numbers(2).vector(), Numbers(99).vector()],
        &["desk", "quiet loud", "日本", "\"the keeper\"", "none"],
    )
}

fn corrupt(result: carrel::error::Result<Index>) -> bool {
    result.is_err_and(|error| ["index_corrupt", "index_version"].contains(&error.code()))
}

#[test]
fn an_index_opened_from_its_files_finds_the_same_and_gives_the_same_files() {
    let mut index = small();
    let files = index.to_files();
    let mut again = open(&files).unwrap();
    assert_eq!(answers(&again), answers(&index));
    assert_eq!(answers(&again)[2].len(), 4);
    assert!(again.entries().eq(index.entries()));
    assert_eq!(again.entries().map(|entry| entry.document.id.as_str()).collect::<Vec<_>>(), ["a", "c", "b", "d"]);
    assert_eq!(again.to_files(), files);
    assert_eq!(small().to_files(), files, "the same input gives the same bytes");
    assert_eq!((again.model(), again.dimensions(), again.len()), (MODEL, DIMENSIONS, 10));
}

#[test]
fn files_are_named_by_what_they_hold_and_by_the_manifest_which_comes_last() {
    let files = small().to_files();
    assert_eq!(kinds(&files), BTreeSet::from(["documents", "keywords", "manifest", "removed", "vectors"]));
    assert_eq!(files.last().unwrap().0, MANIFEST);
    let mut names: Vec<&String> = files.iter().map(|file| &file.0).filter(|name| *name != MANIFEST).collect();
    names.sort();
    assert!(file_names(&files.last().unwrap().1).unwrap().iter().eq(names.iter().copied()), "sorted");
    for name in names {
        let (kind, hash) = name.strip_suffix(".bin").and_then(|name| name.split_once('-')).unwrap();
        assert!(kind.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
        assert!(hash.len() == 16 && hash.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{name}");
    }
    // What is in both is called the same, and nothing else is.
    let mut other = small();
    other.insert(entry("d", &["loud"]), &Numbers(4).vectors(1)).unwrap();
    let others = other.to_files();
    for (name, bytes) in files.iter().filter(|file| file.0 != MANIFEST) {
        assert!(others.iter().all(|other| (other.0 == *name) == (other.1 == *bytes)), "{name}");
    }
    assert!(others.iter().any(|other| other.0 != MANIFEST && files.contains(other)));
    assert_eq!(kinds(files_with_graph()).into_iter().filter(|kind| *kind == "graph").count(), 1);
}

#[test]
fn a_manifest_can_be_read_by_a_person() {
    let files = small().to_files();
    let text = std::str::from_utf8(&files.last().unwrap().1).unwrap();
    assert!(text.starts_with("{\n  \"format\": 2,\n  \"model\": \"a model\",\n  \"dimensions\": 16,\n"), "{text}");
    let manifest: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!((manifest["documents"].as_u64(), manifest["chunks"].as_u64()), (Some(4), Some(10)));
    for (name, bytes) in &files[..files.len() - 1] {
        assert!(
            text.contains(&format!("\"name\": \"{name}\",")) && text.contains(&format!("\"bytes\": {},", bytes.len()))
        );
    }
}

#[test]
fn the_text_of_a_removed_document_is_left_in_no_file() {
    let mut index = small();
    let secret = entry("diary", &["Xylophones are hidden", "in the cellar"]);
    index.insert(secret, &Numbers(6).vectors(2)).unwrap();
    // In a segment with others, of which too few are removed for it to be written anew on that account.
    index.insert(entry("e", &["desk"; 9]), &Numbers(7).vectors(9)).unwrap();
    let written = index.save();
    index.saved();
    let holds =
        |bytes: &[u8], word: &str| bytes.to_ascii_lowercase().windows(word.len()).any(|it| it == word.as_bytes());
    assert!(written.iter().any(|file| holds(&file.1, "xylophones are")));
    assert!(index.remove("diary"));
    for (name, bytes) in index.save().into_iter().chain(index.to_files()) {
        for text in ["diary", "xylophones are", "in the cellar"] {
            assert!(!holds(&bytes, text), "{name} holds {text:?}");
        }
    }
    let mut again = open(&index.to_files()).unwrap();
    assert_eq!(answers(&again), answers(&index));
    assert_eq!(again.to_files(), index.to_files());
}

#[test]
fn an_empty_index_can_be_saved_and_opened() {
    let files = Index::new(MODEL, DIMENSIONS).to_files();
    assert_eq!(files.len(), 1);
    assert!(open(&files).unwrap().is_empty());
    // So can one that has become empty.
    let mut index = small();
    ["a", "b", "c", "d"].into_iter().for_each(|id| assert!(index.remove(id)));
    assert_eq!(index.to_files(), files);
}

#[test]
fn every_flipped_bit_of_every_file_is_noticed() {
    let files = small().to_files();
    for at in 0..files.len() {
        for byte in 0..files[at].1.len() {
            for bit in 0..8 {
                let mut damaged = files.clone();
                damaged[at].1[byte] ^= 1 << bit;
                assert!(corrupt(open(&damaged)), "{}: bit {bit} of byte {byte} flipped", files[at].0);
            }
        }
    }
}

#[test]
fn every_cut_of_every_file_is_noticed_and_so_is_what_is_too_much() {
    let files = small().to_files();
    for at in 0..files.len() {
        for length in 0..files[at].1.len() {
            let mut damaged = files.clone();
            damaged[at].1.truncate(length);
            assert!(corrupt(open(&damaged)), "{} cut to {length} bytes", files[at].0);
        }
        for extra in [b"\0", b" ", b"\n"] {
            let mut damaged = files.clone();
            damaged[at].1.extend(extra);
            assert!(corrupt(open(&damaged)), "{} with {extra:?} behind it", files[at].0);
        }
        let mut damaged = files.clone();
        let (name, _) = damaged.remove(at);
        let error = open(&damaged).err().unwrap();
        assert_eq!(error.code(), "index_corrupt");
        assert!(error.to_string().contains(&format!("{name} is damaged (it is missing)")), "{error}");
    }
}

#[test]
fn files_that_were_swapped_are_noticed() {
    let files = small().to_files();
    for (one, other) in (0..files.len()).flat_map(|one| (0..one).map(move |other| (one, other))) {
        let mut swapped = files.clone();
        (swapped[one].1, swapped[other].1) = (files[other].1.clone(), files[one].1.clone());
        assert!(corrupt(open(&swapped)), "{} and {}", files[one].0, files[other].0);
    }
}

#[test]
fn ten_thousand_flips_and_cuts_give_an_error_or_the_right_answer() {
    let mut small = small();
    let indexes = [small.to_files(), files_with_graph().clone()];
    let right = indexes.each_ref().map(|files| answers(&open(files).unwrap()));
    let mut numbers = Numbers(31);
    let mut noticed = 0;
    for round in 0..10_000 {
        // The large one takes some milliseconds each time.
        let which = usize::from(round % 8 == 0);
        let files = &indexes[which];
        // Each file as often as the others, however small it is.
        let at = round / 8 % files.len();
        let whole = &files[at].1;
        let mut damaged = whole.clone();
        match numbers.below(5) {
            0 => damaged.truncate(numbers.below(whole.len())),
            1 => _ = damaged.drain(..numbers.below(whole.len())),
            2 => {
                // A stretch that was never written, as after a power cut.
                let start = numbers.below(whole.len());
                let end = start + numbers.below(whole.len() - start) + 1;
                damaged[start..end].fill(0);
            }
            flips => {
                for _ in 0..1 + flips % 3 * numbers.below(8) {
                    damaged[numbers.below(whole.len())] ^= 1 << numbers.below(8);
                }
            }
        }
        let open = Index::from_files(|name| {
            let file = files.iter().find(|file| file.0 == name)?;
            Some(if file.0 == files[at].0 { damaged.clone() } else { file.1.clone() })
        });
        match open {
            Ok(index) => assert_eq!(answers(&index), right[which], "round {round}: {}", files[at].0),
            Err(error) => {
                assert!(["index_corrupt", "index_version"].contains(&error.code()), "round {round}: {error}");
                noticed += 1;
            }
        }
    }
    // The rest are those where nothing was changed, such as zeros over zeros.
    assert!(noticed >= 9_000, "{noticed} were noticed");
}

#[test]
fn an_index_of_another_version_says_which() {
    let with_version = |version: &str| {
        let mut files = small().to_files();
        let manifest = String::from_utf8(files.last().unwrap().1.clone()).unwrap();
        assert!(manifest.contains("\"format\": 2,"));
        files.last_mut().unwrap().1 =
            manifest.replace("\"format\": 2,", &format!("\"format\": {version},")).into_bytes();
        open(&files).err().unwrap()
    };
    let newer = with_version("7");
    assert_eq!(newer.code(), "index_version");
    assert!(newer.to_string().contains("version 7"), "{newer}");
    assert!(newer.to_string().contains("Update Carrel"), "{newer}");
    let older = with_version("1");
    assert_eq!(older.code(), "index_version");
    assert!(older.to_string().contains("version 1"), "{older}");
    assert!(!older.to_string().contains("Update Carrel"), "{older}: no update reads what is too old");
    assert!(older.to_string().to_lowercase().contains("again"), "{older}: the documents are to be added again");
}

#[test]
fn an_exported_index_is_the_same_and_every_damage_to_it_is_noticed() {
    let files = small().to_files();
    let bytes = bundle(&files);
    assert_eq!(unbundle(&bytes).unwrap(), files);
    let open = |bytes: &[u8]| unbundle(bytes).and_then(|files| open(&files));
    assert_eq!(answers(&open(&bytes).unwrap()), answers(&small()));
    for at in 0..bytes.len() {
        assert!(corrupt(open(&bytes[..at])), "cut to {at} bytes");
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        assert!(corrupt(open(&damaged)), "byte {at} flipped");
    }
    assert!(corrupt(open(b"")) && corrupt(open(b"<html>")) && corrupt(open(&[&bytes[..], b"\0"].concat())));
}

#[test]
fn vectors_that_do_not_fit_are_refused_and_change_nothing() {
    let mut index = small();
    index.save();
    index.saved();
    let before = index.to_files();
    let short = UnitVector::normalize(vec![1.0]).unwrap();
    for vectors in [vec![], vec![short], vec![Numbers(5).vector(), Numbers(6).vector()]] {
        let error = index.insert(entry("a", &["one"]), &vectors).unwrap_err();
        assert_eq!(error.code(), "option_invalid");
    }
    assert!(!index.has_changes());
    assert_eq!(index.to_files(), before);
}
