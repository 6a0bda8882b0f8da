//! An index is what was put into it, in memory and from its files; a damaged file is an error, never a wrong answer.

use std::collections::HashMap;

use carrel::document::{Chunk, Format, Span};
use carrel::index::{Entry, Index, MANIFEST, bundle, file_names, unbundle};
use carrel::vector::UnitVector;
use proptest::prelude::*;

use crate::desk::document;

const MODEL: &str = "a model";
const DIMENSIONS: usize = 16;

/// Numbers that look random, the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // splitmix64, Steele, Lea & Flood 2014.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn vector(&mut self) -> UnitVector {
        // A sum of uniform numbers is near enough to normal, so that all directions are as likely.
        let uniform = |bits: u64| (bits >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
        let mut component = || (0..4).map(|_| uniform(self.next())).sum();
        UnitVector::normalize((0..DIMENSIONS).map(|_| component()).collect()).unwrap()
    }
}

/// A document with a chunk for each line.
fn entry(id: &str, lines: &[&str]) -> Entry {
    let text = format!("# {id}\n{}", lines.join("\n"));
    let mut document = document(Format::Markdown, &text);
    document.id = id.into();
    let mut at = text.find('\n').unwrap() + 1;
    let chunk = |line: &&str| {
        let span = Span::new(at, at + line.len());
        at = span.end + 1;
        Chunk { span, headings: vec![id.to_owned()], page: None, tokens: 1 }
    };
    Entry { chunks: lines.iter().map(chunk).collect(), document }
}

fn small() -> Index {
    let mut index = Index::new(MODEL, DIMENSIONS);
    let mut numbers = Numbers(1);
    for (id, lines) in [("a", &["the quiet desk", "a loud street"][..]), ("b", &["日本語 and 👍"]), ("c", &[])] {
        let vectors: Vec<UnitVector> = lines.iter().map(|_| numbers.vector()).collect();
        index.insert(entry(id, lines), &vectors).unwrap();
    }
    index
}

type Files = Vec<(String, Vec<u8>)>;

fn open(files: &Files) -> carrel::error::Result<Index> {
    let files: HashMap<&str, &Vec<u8>> = files.iter().map(|(name, bytes)| (name.as_str(), bytes)).collect();
    Index::from_files(|name| files.get(name).map(|bytes| bytes.to_vec()))
}

/// What can be found: for each query the document, the chunk and the score.
fn found(index: &Index, queries: &[UnitVector], words: &[&str]) -> Vec<Vec<(String, usize, f32)>> {
    let named = |hits: Vec<(u32, f32)>| {
        let name = |(number, score)| {
            let (entry, chunk) = index.chunk(number).unwrap();
            (entry.document.id.clone(), chunk, score)
        };
        hits.into_iter().map(name).collect()
    };
    let nearest = queries.iter().map(|query| named(index.nearest(query, 7)));
    nearest.chain(words.iter().map(|words| named(index.matching(words)))).collect()
}

fn corrupt(result: carrel::error::Result<Index>) -> bool {
    result.is_err_and(|error| ["index_corrupt", "index_version"].contains(&error.code()))
}

#[test]
fn an_index_opened_from_its_files_finds_the_same_and_gives_the_same_files() {
    let mut index = small();
    let files = index.to_files();
    let mut again = open(&files).unwrap();
    let (queries, words) = ([Numbers(2).vector(), Numbers(3).vector()], ["desk", "quiet loud", "日本", "none"]);
    assert_eq!(found(&again, &queries, &words), found(&index, &queries, &words));
    assert_eq!(found(&again, &[], &["desk"])[0][0].0, "a");
    assert!(again.entries().eq(index.entries()));
    assert_eq!(again.to_files(), files);
    assert_eq!(small().to_files(), files, "the same input gives the same bytes");
    assert_eq!((again.model(), again.dimensions(), again.len()), (MODEL, DIMENSIONS, 3));
    assert_eq!(files.last().unwrap().0, MANIFEST, "the manifest comes last");
    let names: Vec<&String> = files.iter().map(|file| &file.0).filter(|name| *name != MANIFEST).collect();
    assert!(file_names(&files.last().unwrap().1).unwrap().iter().eq(names));
}

#[test]
fn an_empty_index_can_be_saved_and_opened() {
    let files = Index::new(MODEL, DIMENSIONS).to_files();
    assert!(open(&files).unwrap().is_empty());
}

#[test]
fn every_flipped_bit_of_every_file_is_noticed() {
    let files = small().to_files();
    for at in 0..files.len() {
        for byte in 0..files[at].1.len() {
            for bit in [1, 0x20, 0x80] {
                let mut damaged = files.clone();
                damaged[at].1[byte] ^= bit;
                assert!(corrupt(open(&damaged)), "{}: byte {byte} flipped by {bit:#x}", files[at].0);
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
fn an_index_of_another_version_says_which() {
    let mut files = small().to_files();
    let manifest = String::from_utf8(files.last().unwrap().1.clone()).unwrap();
    files.last_mut().unwrap().1 = manifest.replace("\"format\": 1", "\"format\": 7").into_bytes();
    let error = open(&files).err().unwrap();
    assert_eq!(error.code(), "index_version");
    assert!(error.to_string().contains("version 7; this version of Carrel reads 1"), "{error}");
}

#[test]
fn an_exported_index_is_the_same_and_every_damage_to_it_is_noticed() {
    let files = small().to_files();
    let bytes = bundle(&files);
    assert_eq!(unbundle(&bytes).unwrap(), files);
    let open = |bytes: &[u8]| unbundle(bytes).and_then(|files| open(&files));
    assert!(open(&bytes).is_ok());
    for at in 0..bytes.len() {
        assert!(corrupt(open(&bytes[..at])), "cut to {at} bytes");
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        assert!(corrupt(open(&damaged)), "byte {at} flipped");
    }
    assert!(corrupt(open(b"")) && corrupt(open(b"<html>")));
}

#[test]
fn vectors_that_do_not_fit_are_refused_and_change_nothing() {
    let mut index = small();
    let before = index.to_files();
    let short = UnitVector::normalize(vec![1.0]).unwrap();
    for vectors in [vec![], vec![short], vec![Numbers(5).vector(), Numbers(6).vector()]] {
        let error = index.insert(entry("a", &["one"]), &vectors).unwrap_err();
        assert_eq!(error.code(), "option_invalid");
    }
    assert_eq!(index.to_files(), before);
}

#[derive(Debug, Clone)]
enum Step {
    Add { id: usize, lines: Vec<&'static str>, seed: u64 },
    Remove { id: usize },
    Save,
    Optimize,
}

fn step() -> impl Strategy<Value = Step> {
    let line = prop::sample::select(vec!["the quiet desk", "a desk", "loud", "日本語", "", "of the", "desk desk desk"]);
    prop_oneof![
        4 => (0usize..5, proptest::collection::vec(line, 0..4), any::<u64>())
            .prop_map(|(id, lines, seed)| Step::Add { id, lines, seed }),
        2 => (0usize..5).prop_map(|id| Step::Remove { id }),
        1 => Just(Step::Save),
        1 => Just(Step::Optimize),
    ]
}

proptest! {
    #[test]
    fn after_any_changes_an_index_finds_what_a_fresh_one_finds(steps in proptest::collection::vec(step(), 1..20)) {
        let mut index = Index::new(MODEL, DIMENSIONS);
        let mut naive: Vec<(String, Entry, Vec<UnitVector>)> = Vec::new();
        for step in steps {
            match step {
                Step::Add { id, lines, seed } => {
                    let id = format!("d{id}");
                    let mut numbers = Numbers(seed);
                    let vectors: Vec<UnitVector> = lines.iter().map(|_| numbers.vector()).collect();
                    let entry = entry(&id, &lines);
                    index.insert(entry.clone(), &vectors).unwrap();
                    naive.retain(|other| other.0 != id);
                    naive.push((id, entry, vectors));
                }
                Step::Remove { id } => {
                    let id = format!("d{id}");
                    prop_assert_eq!(index.remove(&id), naive.iter().any(|other| other.0 == id));
                    naive.retain(|other| other.0 != id);
                    prop_assert!(index.entry(&id).is_none());
                }
                Step::Save => index = open(&index.to_files()).unwrap(),
                Step::Optimize => index.optimize(),
            }
            let mut fresh = Index::new(MODEL, DIMENSIONS);
            for (_, entry, vectors) in &naive {
                fresh.insert(entry.clone(), vectors).unwrap();
            }
            let (queries, words) = ([Numbers(8).vector(), Numbers(9).vector()], ["desk", "quiet loud 日本"]);
            prop_assert_eq!(found(&index, &queries, &words), found(&fresh, &queries, &words));
            prop_assert_eq!((index.len(), index.is_empty()), (fresh.len(), naive.iter().all(|it| it.2.is_empty())));
            prop_assert!(index.entries().eq(naive.iter().map(|(_, entry, _)| entry)));
        }
        let mut fresh = Index::new(MODEL, DIMENSIONS);
        naive.iter().for_each(|(_, entry, vectors)| fresh.insert(entry.clone(), vectors).unwrap());
        prop_assert_eq!(index.to_files(), fresh.to_files());
    }
}

/// So large that a graph is built.
fn large(optimized: bool) -> Index {
    let mut index = Index::new(MODEL, DIMENSIONS);
    let mut numbers = Numbers(7);
    for document in 0..205 {
        let lines = vec!["a line"; 100];
        let vectors: Vec<UnitVector> = lines.iter().map(|_| numbers.vector()).collect();
        index.insert(entry(&format!("d{document}"), &lines), &vectors).unwrap();
    }
    if optimized {
        index.optimize();
    }
    index
}

fn recall(index: &Index, exact: &Index) -> f64 {
    let mut numbers = Numbers(11);
    let queries: Vec<UnitVector> = (0..200).map(|_| numbers.vector()).collect();
    let pairs = found(index, &queries, &[]).into_iter().zip(found(exact, &queries, &[]));
    let shared = pairs.map(|(ours, exact)| exact.iter().filter(|&hit| ours.contains(hit)).count()).sum::<usize>();
    shared as f64 / (200 * 7) as f64
}

#[test]
fn the_graph_of_a_large_index_finds_what_an_exact_scan_finds() {
    let (mut index, mut exact) = (large(true), large(false));
    assert!(recall(&index, &exact) >= 0.95, "recall {}", recall(&index, &exact));
    let files = index.to_files();
    assert!(files.iter().any(|(name, _)| name == "graph.bin"), "no graph was built");
    assert!(exact.to_files().iter().all(|(name, _)| name != "graph.bin"));
    assert_eq!(large(true).to_files(), files, "the same input gives the same graph");
    let mut again = open(&files).unwrap();
    assert_eq!(again.to_files(), files);
    // Changed after the graph was built: what came later is found, what went is not.
    let mut numbers = Numbers(12);
    for index in [&mut again, &mut exact] {
        let vectors: Vec<UnitVector> = (0..100).map(|_| Numbers(numbers.0).vector()).collect();
        index.insert(entry("late", &["late"; 100]), &vectors).unwrap();
        (0..60).for_each(|document| assert!(index.remove(&format!("d{document}"))));
    }
    assert!(recall(&again, &exact) >= 0.95, "recall {}", recall(&again, &exact));
    assert_eq!(found(&again, &[Numbers(12).vector()], &[])[0][0].0, "late");
    numbers.next();
    // Sampled: it is large.
    for (at, (name, bytes)) in files.iter().enumerate() {
        for _ in 0..3 {
            let mut damaged = files.clone();
            damaged[at].1[numbers.next() as usize % bytes.len()] ^= 1 << (numbers.next() % 8);
            assert!(corrupt(open(&damaged)), "{name}");
            damaged[at].1.truncate(numbers.next() as usize % bytes.len());
            assert!(corrupt(open(&damaged)), "{name}");
        }
    }
}
