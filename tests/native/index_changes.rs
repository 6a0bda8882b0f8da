//! Whatever is done to an index, by two tabs, with saves that succeed and saves that do not: it finds what a naive one
//! finds, and to the bit what an index finds into which the same documents were put at once.

use std::collections::{BTreeSet, HashMap};

use carrel::document::Document;
use carrel::index::{Allowed, Index, MANIFEST, Question};
use carrel::vector::UnitVector;
use proptest::prelude::*;

use crate::naive::{DIMENSIONS, Hit, Numbers, entry, fresh, named};
use crate::tabs::{Step, Store, Tab};

/// How far a cosine of two vectors, kept in twelve bits a component, may be from the exact one.
const COSINE_BOUND: f32 = 1e-3;
/// How far a BM25 score may be from one that is summed in another order.
const BM25_BOUND: f32 = 1e-4;
const QUESTIONS: [&str; 7] =
    ["desk", "quiet loud 日本", "\"quiet desk\" street", "d3 desks", "nowhere", "the", "reading \"the loud\""];

/// What an index finds, to the bit: by three vectors and by words, of all documents and of some.
fn found(index: &Index, queries: &[UnitVector]) -> Vec<Vec<(String, usize, u32)>> {
    let some = index.allowed_by("some", &some_may_be_found);
    let bits = |hits: Vec<Hit>| hits.into_iter().map(|(id, chunk, score)| (id, chunk, score.to_bits())).collect();
    let mut all = Vec::new();
    for allowed in [None, Some(&*some)] {
        for query in queries {
            for limit in [1, 4, 1000] {
                all.push(bits(named(index, index.nearest(query, limit, None, allowed))));
            }
        }
        for question in QUESTIONS {
            let matches = index.matching(&Question::new(question, question.ends_with("read")), allowed);
            all.push(bits(named(index, matches.found)));
            all.push(vec![(String::new(), 0, matches.most.to_bits())]);
        }
    }
    all
}

/// Half of the documents.
fn some_may_be_found(document: &Document) -> bool {
    ["d0", "d2", "d5"].contains(&document.id.as_str())
}

fn all_may_be_found(_: &Document) -> bool {
    true
}

/// Whether the hits are those of the naive index, but for what is too near to tell apart.
fn agree(ours: &[Hit], naive: &[Hit], limit: usize, bound: f32) -> Result<(), TestCaseError> {
    let exact: HashMap<(&str, usize), f32> = naive.iter().map(|hit| ((hit.0.as_str(), hit.1), hit.2)).collect();
    prop_assert_eq!(ours.len(), naive.len().min(limit));
    let mut least = f32::INFINITY;
    let mut seen = BTreeSet::new();
    for (id, chunk, score) in ours {
        let Some(&exact) = exact.get(&(id.as_str(), *chunk)) else {
            return Err(TestCaseError::fail(format!("chunk {chunk} of {id} should not be found")));
        };
        prop_assert!((score - exact).abs() <= bound, "chunk {} of {}: {} for {}", chunk, id, score, exact);
        prop_assert!(exact <= least + 2.0 * bound, "chunk {} of {} stands behind lesser ones", chunk, id);
        prop_assert!(seen.insert((id.as_str(), *chunk)), "chunk {} of {} is found twice", chunk, id);
        least = least.min(exact);
    }
    for (id, chunk, score) in naive {
        let is_found = seen.contains(&(id.as_str(), *chunk));
        prop_assert!(is_found || *score <= least + 2.0 * bound, "chunk {} of {} is missing", chunk, id);
    }
    Ok(())
}

fn check(Tab { index, naive, own, .. }: &Tab) -> Result<(), TestCaseError> {
    let queries = [Numbers(3).vector(), Numbers(800).vector()];
    prop_assert!(
        index.entries().eq(naive.documents.iter().map(|(entry, _)| entry)),
        "other documents, or in another order"
    );
    prop_assert_eq!((index.len(), index.is_empty()), (naive.len(), naive.len() == 0));
    for id in (0..7).map(|id| format!("d{id}")) {
        let there = naive.documents.iter().find(|(entry, _)| entry.document.id == id);
        prop_assert_eq!(index.entry(&id), there.map(|(entry, _)| entry));
        let rows = index.entry_with_codes(&id).map(|(_, codes)| codes.len());
        prop_assert_eq!(rows, there.map(|(entry, _)| entry.chunks.len()));
    }
    // What came and went again before any save needs none.
    prop_assert!(index.has_changes() || own.is_empty() || naive.documents.is_empty());
    let some: &Allowed = &index.allowed_by("some", &some_may_be_found);
    prop_assert_eq!(some.chunks(), naive.chunks(&some_may_be_found));
    for (allowed, passes) in [(None, all_may_be_found as fn(&Document) -> bool), (Some(some), some_may_be_found)] {
        for query in &queries {
            let exact = naive.nearest(query, &passes);
            for limit in [1, 4, 1000] {
                let ours = index.nearest(query, limit, None, allowed);
                for &(place, cosine) in &ours {
                    prop_assert_eq!(index.cosine_to(query)(place).to_bits(), cosine.to_bits());
                }
                agree(&named(index, ours), &exact, limit, COSINE_BOUND)?;
            }
        }
        for question in QUESTIONS {
            let (exact, most) = naive.matching(question, &passes);
            let ours = index.matching(&Question::new(question, false), allowed);
            agree(&named(index, ours.found), &exact, usize::MAX, BM25_BOUND)?;
            prop_assert!((ours.most - most).abs() <= BM25_BOUND, "at most {} for {}", ours.most, most);
        }
    }
    let fresh = fresh(naive);
    prop_assert_eq!(found(index, &queries), found(&fresh, &queries));
    for query in &queries {
        prop_assert_eq!(index.spread(query).map(f32::to_bits), fresh.spread(query).map(f32::to_bits));
    }
    Ok(())
}

fn step() -> impl Strategy<Value = Step> {
    let line = || {
        let lines =
            ["the quiet desk", "a desk", "loud", "日本語", "", "of the", "desk desk desk", "Reading in a loud street"];
        prop::sample::select(lines.to_vec())
    };
    // Now and then a large one, so that small segments come behind large ones.
    let lines = move || {
        prop_oneof![
            6 => proptest::collection::vec(line(), 0..4),
            1 => proptest::collection::vec(line(), 10..20),
        ]
    };
    // Few seeds: some chunks have the same vectors.
    let insert = move || (0usize..7, lines(), 0u64..9);
    prop_oneof![
        8 => insert().prop_map(|(id, lines, seed)| Step::Insert { id, lines, seed }),
        3 => (0usize..7).prop_map(|id| Step::Remove { id }),
        1 => Just(Step::Refresh),
        4 => Just(Step::Save),
        2 => insert().prop_map(|(id, lines, seed)| Step::SaveWhileChanging { id, lines, seed }),
        1 => (0usize..5).prop_map(|written| Step::FailToSave { written }),
        1 => Just(Step::Restart),
        1 => Just(Step::ClearStore),
        1 => Just(Step::Optimize),
        1 => Just(Step::Work),
        1 => Just(Step::Export),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn after_any_changes_by_two_tabs_an_index_finds_what_a_naive_one_finds(
        steps in proptest::collection::vec((0usize..2, step()), 1..=40),
    ) {
        let mut store = Store::default();
        let mut tabs = [Tab::new(), Tab::new()];
        for (number, step) in steps {
            if let Step::ClearStore = step {
                store = Store::default();
                for tab in &mut tabs {
                    tab.index.forget_saved();
                    tab.own = tab.naive.ids();
                    tab.known = None;
                }
            } else {
                tabs[number].take(step, &mut store);
            }
            check(&tabs[number])?;
        }
        // Whoever opens it now sees what was committed last; and when both have saved, both have all.
        check(&Tab::open(&store))?;
        for number in [0, 1, 0] {
            tabs[number].save(&mut store);
            check(&tabs[number])?;
        }
        prop_assert!(tabs[0].index.entries().eq(tabs[1].index.entries()));
    }
}

fn ids(index: &Index) -> Vec<&str> {
    index.entries().map(|entry| entry.document.id.as_str()).collect()
}

#[test]
fn two_tabs_that_save_in_turn_lose_nothing_and_the_later_word_on_a_document_counts() {
    let mut store = Store::default();
    let mut first = Tab::new();
    [0, 1, 2].into_iter().for_each(|id| first.insert(id, &["a desk"], id as u64));
    first.save(&mut store);
    let mut second = Tab::open(&store);
    first.insert(3, &["of the first"], 1);
    first.insert(0, &["written by the first"], 2);
    first.remove(1);
    second.insert(4, &["of the second"], 3);
    second.insert(0, &["written by the second"], 4);
    second.remove(2);
    first.save(&mut store);
    assert_eq!(ids(&Tab::open(&store).index), ["d2", "d3", "d0"]);
    second.save(&mut store);
    let both = Tab::open(&store);
    assert_eq!(ids(&both.index), ["d3", "d4", "d0"]);
    assert!(both.index.entry("d0").unwrap().document.text.contains("by the second"));
    first.refresh(&store);
    assert_eq!(ids(&first.index), ["d3", "d4", "d0"]);
    [&first, &second, &both].into_iter().for_each(|tab| check(tab).unwrap());
}

#[test]
fn a_save_whose_manifest_was_never_written_changes_nothing_for_others() {
    let mut store = Store::default();
    let mut tab = Tab::new();
    tab.insert(0, &["a desk", "the quiet desk"], 1);
    tab.save(&mut store);
    tab.insert(1, &["loud"], 2);
    tab.remove(0);
    tab.take(Step::FailToSave { written: 9 }, &mut store);
    assert!(tab.index.has_changes());
    let other = Tab::open(&store);
    assert_eq!(ids(&other.index), ["d0"]);
    check(&other).unwrap();
    // It is tried again, and all that was not there is written.
    tab.save(&mut store);
    assert_eq!(ids(&Tab::open(&store).index), ["d1"]);
}

#[test]
fn a_state_that_cannot_be_taken_leaves_the_index_as_it_was() {
    let mut store = Store::default();
    let mut tab = Tab::new();
    tab.insert(0, &["a desk"], 1);
    tab.save(&mut store);
    let mut other = Tab::open(&store);
    other.insert(1, &["loud"], 2);
    tab.insert(2, &["日本語"], 3);
    tab.save(&mut store);
    let with = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = store.files.clone();
        let key = files.keys().find(|key| key.starts_with(name)).unwrap().clone();
        change(files.get_mut(&key).unwrap());
        files
    };
    let mut foreign = Index::new("another model", DIMENSIONS);
    foreign.insert(entry("d3", &["loud"]), &Numbers(1).vectors(1)).unwrap();
    let broken = [
        (HashMap::new(), "index_corrupt"),
        (with("manifest", &|bytes| bytes.truncate(40)), "index_corrupt"),
        (with("documents", &|bytes| bytes[3] ^= 1), "index_corrupt"),
        (with("vectors", &|bytes| _ = bytes.pop()), "index_corrupt"),
        (foreign.to_files().into_iter().collect(), "index_model"),
    ];
    for (files, code) in broken {
        let error = other.index.refresh(|name| files.get(name).cloned()).unwrap_err();
        assert_eq!(error.code(), code);
        check(&other).unwrap();
        assert!(other.index.has_changes());
    }
    other.refresh(&store);
    assert_eq!(ids(&other.index), ["d0", "d2", "d1"]);
}

#[test]
fn an_open_index_writes_only_what_is_new() {
    let mut store = Store::default();
    let mut tab = Tab::new();
    let lines = ["Reading in a loud street"; 200];
    tab.insert(0, &lines, 1);
    tab.insert(1, &lines, 2);
    tab.save(&mut store);
    let all: usize = store.files.values().map(Vec::len).sum();
    tab.insert(2, &["a desk"], 2);
    let files = tab.files_to_write(&store);
    let written: usize = files.iter().map(|file| file.1.len()).sum();
    assert!(written < all / 8, "{written} bytes for one chunk; all are {all}");
    tab.commit(&mut store, files, tab.naive.clone());
    tab.own.clear();
    // Of a segment that loses a document only the texts are written anew, not the vectors.
    tab.remove(1);
    let files = tab.files_to_write(&store);
    let names: Vec<&str> = files.iter().map(|file| file.0.split('-').next().unwrap()).collect();
    assert_eq!(names, ["documents", "removed", MANIFEST]);
    tab.commit(&mut store, files, tab.naive.clone());
    check(&Tab::open(&store)).unwrap();
}
