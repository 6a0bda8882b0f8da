//! An index so large that graphs are built: it finds next to all that a scan finds, whatever is added, removed, saved
//! and opened before, while and after they are built.

use std::collections::HashSet;
use std::sync::OnceLock;

use carrel::document::Document;
use carrel::index::{Allowed, GRAPH_FROM, Index, Question, build_graph};
use carrel::vector::UnitVector;

use crate::naive::{DIMENSIONS, Hit, MODEL, Numbers, entry, named, open};

/// How many chunks each document has.
const CHUNKS: usize = 100;
/// Of which two fifths are still enough for a graph.
const DOCUMENTS: usize = 260;
const LIMIT: usize = 10;

fn id(number: usize) -> String {
    format!("d{number}")
}

fn number(document: &Document) -> usize {
    document.id[1..].parse().unwrap()
}

/// Adds a document to each of them; what is in it depends on nothing but its number.
fn add(indexes: &mut [&mut Index], number: usize) {
    let lines = ["quiet", "a loud street", "desks"];
    let lines: Vec<&str> = (0..CHUNKS).map(|line| lines[(number + line) % 3]).collect();
    let (entry, vectors) = (entry(&id(number), &lines), Numbers(number as u64).vectors(CHUNKS));
    for index in indexes {
        index.insert(entry.clone(), &vectors).unwrap();
    }
}

fn remove(indexes: &mut [&mut Index], number: usize) {
    indexes.iter_mut().for_each(|index| assert!(index.remove(&id(number))));
}

fn of(documents: impl IntoIterator<Item = usize>) -> Index {
    let mut index = Index::new(MODEL, DIMENSIONS);
    documents.into_iter().for_each(|number| add(&mut [&mut index], number));
    index
}

/// The files of an index with a graph over all, made once.
fn large_files() -> &'static [(String, Vec<u8>)] {
    static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut index = of(0..DOCUMENTS);
        index.optimize();
        index.to_files()
    })
}

/// An index with a graph over all, and one with the same documents and without.
fn with_graph_and_without() -> (Index, Index) {
    (open(large_files()).unwrap(), of(0..DOCUMENTS))
}

fn kinds(files: &[(String, Vec<u8>)], kind: &str) -> usize {
    files.iter().filter(|file| file.0.split('-').next() == Some(kind)).count()
}

fn queries() -> Vec<UnitVector> {
    Numbers(1_000_000).vectors(200)
}

fn nearest(index: &Index, query: &UnitVector, width: Option<usize>, allowed: Option<&Allowed>) -> Vec<Hit> {
    named(index, index.nearest(query, LIMIT, width, allowed))
}

fn passing(index: &Index, test: Option<&dyn Fn(&Document) -> bool>) -> Option<Allowed> {
    test.map(|test| index.allowed(test))
}

/// The share of what a scan finds that is found; whatever is found has the scan's score, and may be found.
fn recall(index: &Index, exact: &Index, width: Option<usize>, test: Option<&dyn Fn(&Document) -> bool>) -> f64 {
    let (allowed, exactly_allowed) = (passing(index, test), passing(exact, test));
    let (mut shared, mut all) = (0, 0);
    for query in queries() {
        let ours = nearest(index, &query, width, allowed.as_ref());
        let wanted = nearest(exact, &query, None, exactly_allowed.as_ref());
        assert_eq!(ours.len(), wanted.len());
        assert!(ours.is_sorted_by(|left, right| left.2 >= right.2));
        assert_eq!(ours.iter().map(|hit| (&hit.0, hit.1)).collect::<HashSet<_>>().len(), ours.len());
        for hit in &ours {
            let document = &index.entry(&hit.0).expect("it was removed").document;
            assert!(test.is_none_or(|test| test(document)), "{} is kept out by the filter", hit.0);
        }
        let common = wanted.iter().filter(|&hit| ours.contains(hit)).count();
        let is_missed = |hit: &&Hit| wanted.last().is_some_and(|last| hit.2 > last.2) && !wanted.contains(hit);
        assert_eq!(ours.iter().find(is_missed), None, "a score that the scan does not give");
        (shared, all) = (shared + common, all + wanted.len());
    }
    shared as f64 / all as f64
}

/// All that a graph does not change is to the bit as it is without.
fn same_but_for_vectors(index: &Index, exact: &Index) {
    assert!(index.entries().eq(exact.entries()), "other documents, or in another order");
    assert_eq!(index.len(), exact.len());
    for words in ["quiet desk", "\"loud street\"", "d7 d8", "nothing"] {
        let (ours, wanted) = [index, exact].map(|index| index.matching(&Question::new(words, false), None)).into();
        assert_eq!(ours.most.to_bits(), wanted.most.to_bits());
        assert_eq!(named(index, ours.found), named(exact, wanted.found), "{words}");
    }
    for query in &queries()[..3] {
        assert_eq!(index.spread(query), exact.spread(query));
    }
}

#[test]
fn a_graph_finds_what_a_scan_finds() {
    let (index, exact) = with_graph_and_without();
    let narrow = recall(&index, &exact, None, None);
    assert!(narrow >= 0.95, "recall {narrow}");
    let wide = recall(&index, &exact, Some(400), None);
    assert!(wide >= 0.995 && wide >= narrow, "recall {wide} when searched widely");
    same_but_for_vectors(&index, &exact);
    let files = large_files();
    assert_eq!((kinds(files, "graph"), kinds(files, "documents")), (1, 1));
}

#[test]
fn the_same_documents_give_the_same_graph_and_its_file_gives_it_back() {
    let (mut index, mut again) = (open(large_files()).unwrap(), of(0..DOCUMENTS));
    assert_eq!(index.to_files(), large_files());
    again.optimize();
    assert_eq!(again.to_files(), large_files());
    // Built elsewhere it is the same graph.
    let mut elsewhere = of(0..DOCUMENTS);
    let graph = build_graph(&elsewhere.work().unwrap()).unwrap();
    assert!(elsewhere.adopt(&graph).unwrap());
    assert_eq!(elsewhere.to_files(), large_files());
}

#[test]
fn what_changes_after_a_graph_was_built_is_found_or_gone_at_once() {
    let (mut index, mut exact) = with_graph_and_without();
    add(&mut [&mut index, &mut exact], 300);
    let late = &Numbers(300).vectors(CHUNKS)[99];
    assert_eq!(nearest(&index, late, None, None)[0].0, "d300");
    // The same id again, with other chunks.
    add(&mut [&mut index, &mut exact], 300);
    let (other, vectors) = (entry("d7", &["an update"]), Numbers(7_777).vectors(1));
    [&mut index, &mut exact].into_iter().for_each(|it| it.insert(other.clone(), &vectors).unwrap());
    assert_eq!(nearest(&index, &vectors[0], None, None)[0].0, "d7");
    let gone = &Numbers(9).vectors(1)[0];
    assert_eq!(nearest(&index, gone, None, None)[0].0, "d9");
    // One in ten, then six in ten: there are just enough left for the graph.
    let tenth: Vec<usize> = (0..DOCUMENTS).filter(|number| number % 10 == 9).collect();
    tenth.iter().for_each(|&number| remove(&mut [&mut index, &mut exact], number));
    assert_ne!(nearest(&index, gone, None, None)[0].0, "d9");
    let found = recall(&index, &exact, None, None);
    assert!(found >= 0.95, "recall {found} with a tenth removed");
    let half: Vec<usize> = (0..DOCUMENTS).filter(|number| number % 10 < 5 && *number != 7).collect();
    half.iter().for_each(|&number| remove(&mut [&mut index, &mut exact], number));
    assert!((GRAPH_FROM..GRAPH_FROM + 1_000).contains(&index.len()), "{} are left", index.len());
    let found = recall(&index, &exact, None, None);
    assert!(found >= 0.95, "recall {found} with six tenths removed");
    same_but_for_vectors(&index, &exact);
    // What is mostly gone is worth a new graph, and nothing of it is lost.
    index.optimize();
    let files = index.to_files();
    let length = |files: &[(String, Vec<u8>)]| files.iter().find(|it| it.0.starts_with("graph")).unwrap().1.len();
    assert!(kinds(&files, "graph") == 1 && length(&files) < length(large_files()) / 2, "{} bytes", length(&files));
    let found = recall(&open(&files).unwrap(), &exact, None, None);
    assert!(found >= 0.95, "recall {found} in the new graph");
    same_but_for_vectors(&index, &exact);
    // Below the threshold all is scanned.
    (0..DOCUMENTS).filter(|number| number % 10 == 5).for_each(|number| remove(&mut [&mut index, &mut exact], number));
    assert_eq!(recall(&index, &exact, None, None), 1.0);
}

#[test]
fn a_filter_finds_all_of_what_it_lets_through_however_little_that_is() {
    let (mut index, mut exact) = with_graph_and_without();
    for state in ["as built", "with a tenth removed"] {
        if state != "as built" {
            (0..DOCUMENTS).filter(|number| number % 10 == 9).for_each(|it| remove(&mut [&mut index, &mut exact], it));
        }
        for (share, least, test) in [
            ("half", 0.99, &(|document: &Document| number(document).is_multiple_of(2)) as &dyn Fn(&Document) -> bool),
            ("the first half", 0.99, &|document| number(document) < DOCUMENTS / 2),
            ("a tenth", 1.0, &|document| number(document) % 10 == 3),
            ("a hundredth", 1.0, &|document| number(document) % 100 == 3),
            ("one document", 1.0, &|document| number(document) == 3),
            ("all", 0.95, &|_| true),
            ("none", f64::NAN, &|_| false),
        ] {
            let found = recall(&index, &exact, None, Some(test));
            let is_exact = index.allowed(test).chunks() < GRAPH_FROM;
            assert!(found >= least || least.is_nan() && found.is_nan(), "recall {found} of {share}, {state}");
            assert!(!is_exact || found == 1.0 || found.is_nan(), "recall {found} of {share}, {state}");
        }
    }
}

#[test]
fn work_is_given_once_and_search_goes_on_while_it_is_done() {
    let (mut index, mut exact) = (of(0..DOCUMENTS), of(0..DOCUMENTS));
    let work = index.work().unwrap();
    assert_eq!(index.work(), None, "it is under way");
    index.give_up_work();
    assert_eq!(index.work().unwrap(), work, "given up, it is given again");
    // What is asked for while it is out: exact, since all is scanned.
    assert_eq!(recall(&index, &exact, None, None), 1.0);
    add(&mut [&mut index, &mut exact], 301);
    remove(&mut [&mut index, &mut exact], 11);
    remove(&mut [&mut index, &mut exact], 13);
    add(&mut [&mut index, &mut exact], 13);
    assert_eq!(index.work(), None);
    assert_eq!(recall(&index, &exact, None, None), 1.0);
    // Saving in between, too; and what is saved can be opened.
    let files = index.save();
    index.saved();
    assert_eq!(index.work(), None, "saving does not give it up");
    assert_eq!(recall(&open(&files).unwrap(), &exact, None, None), 1.0);
    assert!(index.adopt(&build_graph(&work).unwrap()).unwrap());
    assert!(index.has_changes(), "the graph is not saved yet");
    assert!(!index.adopt(&build_graph(&work).unwrap()).unwrap(), "it is not wanted twice");
    same_but_for_vectors(&index, &exact);
    let found = recall(&index, &exact, None, None);
    assert!((0.95..1.0).contains(&found) || found == 1.0, "recall {found}");
    assert_eq!(index.work(), None, "there is nothing more to do");
    let files = index.to_files();
    assert_eq!(kinds(&files, "graph"), 1);
    let again = open(&files).unwrap();
    same_but_for_vectors(&again, &exact);
    let (first, second) = (&queries()[0], &queries()[1]);
    assert_eq!(nearest(&again, first, None, None), nearest(&index, first, None, None));
    assert_eq!(nearest(&again, second, None, None), nearest(&index, second, None, None));
}

#[test]
fn a_graph_comes_too_late_or_for_what_is_gone() {
    let round = GRAPH_FROM / CHUNKS;
    let mut store = of(0..round);
    let files = store.save();
    store.saved();
    let refreshed = |index: &mut Index, files: &[(String, Vec<u8>)]| {
        index.refresh(|name| files.iter().find(|file| file.0 == name).map(|file| file.1.clone())).unwrap();
    };
    let (mut index, mut other) = (open(&files).unwrap(), open(&files).unwrap());
    let graph = build_graph(&index.work().unwrap()).unwrap();
    // Another tab was faster. Its graph is taken, and the own one is not wanted any more.
    let faster = build_graph(&other.work().unwrap()).unwrap();
    assert!(faster == graph && other.adopt(&faster).unwrap());
    add(&mut [&mut other], 301);
    add(&mut [&mut index], 302);
    refreshed(&mut index, &other.to_files());
    assert!(!index.adopt(&graph).unwrap());
    assert_eq!(index.work(), None, "there is a graph");
    let exact = of((0..round).chain([301, 302]));
    same_but_for_vectors(&index, &exact);
    let found = recall(&index, &exact, None, None);
    assert!(found >= 0.95, "recall {found}");
    // All that it was built for is gone when it comes.
    store.work().unwrap();
    add(&mut [&mut store], 303);
    (0..round).for_each(|number| remove(&mut [&mut store], number));
    store.save();
    assert!(store.adopt(&graph).unwrap());
    assert_eq!(recall(&store, &of([303]), None, None), 1.0);
    same_but_for_vectors(&store, &of([303]));
    assert_eq!(kinds(&store.to_files(), "documents"), 1);
}

#[test]
fn a_graph_that_does_not_fit_is_refused_and_the_index_goes_on() {
    let (mut index, exact) = (of(0..DOCUMENTS), of(0..DOCUMENTS));
    let work = index.work().unwrap();
    let graph = build_graph(&work).unwrap();
    let mut smaller = of(0..GRAPH_FROM / CHUNKS);
    let other = build_graph(&smaller.work().unwrap()).unwrap();
    let all_ones = vec![0xff; graph.len()];
    let longer = [&graph[..], &[0]].concat();
    let forged = [&other[..], &graph[..graph.len() - 1], &graph[..graph.len() / 2], &[], &all_ones, &longer];
    for (number, forged) in forged.into_iter().enumerate() {
        let error = index.adopt(forged).unwrap_err();
        assert_eq!(error.code(), "index_corrupt", "graph {number}");
        assert!(!index.adopt(&graph).unwrap(), "the work was given up");
        assert_eq!(nearest(&index, &queries()[number], None, None), nearest(&exact, &queries()[number], None, None));
        assert_eq!(index.work().unwrap(), work, "and can be done again");
    }
    same_but_for_vectors(&index, &exact);
    assert!(index.adopt(&graph).unwrap());
    assert_eq!(index.to_files(), large_files());
}

#[test]
fn round_after_round_leads_to_few_segments() {
    let mut index = Index::new(MODEL, DIMENSIONS);
    let round = GRAPH_FROM / CHUNKS;
    for rounds in 1..=4 {
        (rounds * round..(rounds + 1) * round).for_each(|number| add(&mut [&mut index], number));
        let work = index.work().expect("a round is worth a graph");
        index.adopt(&build_graph(&work).unwrap()).unwrap();
        assert_eq!(index.work(), None, "one graph at a time is enough");
        let files = index.to_files();
        assert!(kinds(&files, "documents") <= 2, "{} segments after {rounds} rounds", kinds(&files, "documents"));
        assert_eq!(kinds(&files, "documents"), kinds(&files, "graph"));
    }
    let exact = of(round..5 * round);
    let found = recall(&index, &exact, None, None);
    assert!(found >= 0.95, "recall {found}");
    same_but_for_vectors(&index, &exact);
}

#[test]
fn any_changes_around_graphs_lose_nothing() {
    for seed in 0..3 {
        let mut numbers = Numbers(seed);
        let mut index = of(0..80);
        let mut live: Vec<usize> = (0..80).collect();
        let mut work = None;
        let mut graphs = 0;
        for step in 0..24 {
            match numbers.below(8) {
                0 | 1 => {
                    let first = 400 + step * 50;
                    for number in first..first + 30 + numbers.below(20) {
                        add(&mut [&mut index], number);
                        live.push(number);
                    }
                }
                2 => {
                    for _ in 0..numbers.below(1 + live.len() / 3) {
                        remove(&mut [&mut index], live.remove(numbers.below(live.len())));
                    }
                }
                3 if !live.is_empty() => {
                    let number = live.remove(numbers.below(live.len()));
                    live.push(number);
                    add(&mut [&mut index], number);
                }
                4 => {
                    index.save();
                    index.saved();
                    assert!(!index.has_changes());
                }
                5 => {
                    index = open(&index.to_files()).unwrap();
                    work = None;
                }
                6 => work = index.work().or(work),
                _ => {
                    if let Some(work) = work.take() {
                        graphs += usize::from(index.adopt(&build_graph(&work).unwrap()).unwrap());
                    }
                }
            }
            assert!(index.entries().map(|entry| number(&entry.document)).eq(live.iter().copied()), "seed {seed}");
        }
        let exact = of(live);
        same_but_for_vectors(&index, &exact);
        let found = recall(&index, &exact, None, None);
        assert!(found >= 0.95, "recall {found} of seed {seed}");
        index.optimize();
        same_but_for_vectors(&index, &exact);
        let found = recall(&index, &exact, None, None);
        assert!(found >= 0.95, "recall {found} of seed {seed}, optimised");
        println!("seed {seed}: {} chunks, {graphs} graphs", index.len());
    }
}
