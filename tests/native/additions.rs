//! A document embedded by others, in pieces and out of order: the index is the one that it would be in any case. Of a
//! document that is there already only what is new is embedded.

use std::collections::{HashMap, HashSet};

use carrel::carrel::{Addition, Carrel};
use carrel::ingest::Content;
use carrel::vector::{Codes, UnitVector};

use crate::desk::{carrel, model, source};

/// Long enough for several batches.
fn book() -> String {
    let line = |number: usize| format!("In entry {number} the keeper notes {} visitors.\n\n", number * 7 % 97);
    (0..400).map(line).collect()
}

/// All that is handed out: the first number and the texts of each batch.
fn cut_and_hand_out(carrel: &Carrel, addition: &mut Addition) -> Vec<(usize, Vec<String>)> {
    let mut batches = Vec::new();
    while !addition.is_cut() {
        carrel.cut(addition);
        while let Some(batch) = addition.next_batch() {
            batches.push((batch.first, batch.texts.iter().map(|text| (*text).to_owned()).collect()));
        }
    }
    batches
}

fn embed(carrel: &Carrel, texts: &[String]) -> Vec<UnitVector> {
    carrel.embedder().embed_passages(&texts.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
}

#[test]
fn batches_may_come_back_in_any_order_and_twice() {
    let content = || Content::Text(book());
    let whole = carrel([source("book", content())]).save();
    let mut desk = Carrel::new(model()).unwrap();
    let mut addition = desk.begin(source("book", content())).unwrap();
    let batches = cut_and_hand_out(&desk, &mut addition);
    assert!(batches.len() > 3);
    let mut progress = addition.progress();
    assert_eq!(progress, 0.0);
    let again = &batches[1..2];
    for (first, texts) in batches.iter().rev().chain(again) {
        assert_eq!(addition.is_done(), (*first, texts) == (again[0].0, &again[0].1) && progress == 1.0);
        // As they come from a worker: numbers, which are normalised already.
        let received =
            embed(&desk, texts).into_iter().map(|it| UnitVector::of_length_one(it.as_slice().to_vec()).unwrap());
        desk.put(&mut addition, *first, received.collect()).unwrap();
        assert!(addition.progress() >= progress, "it never goes back");
        progress = addition.progress();
    }
    assert!(addition.is_done() && progress == 1.0);
    desk.finish(addition).unwrap();
    assert_eq!(desk.save(), whole);
}

#[test]
fn what_was_handed_out_and_never_came_back_is_embedded_in_the_end() {
    let content = || Content::Text(book());
    let mut desk = Carrel::new(model()).unwrap();
    let mut addition = desk.begin(source("book", content())).unwrap();
    let batches = cut_and_hand_out(&desk, &mut addition);
    let (first, texts) = &batches[2];
    let vectors = embed(&desk, texts);
    desk.put(&mut addition, *first, vectors).unwrap();
    desk.finish(addition).unwrap();
    assert_eq!(desk.save(), carrel([source("book", content())]).save());
}

#[test]
fn vectors_that_cannot_be_right_are_refused() {
    let desk = Carrel::new(model()).unwrap();
    let mut addition = desk.begin(source("book", Content::Text(book()))).unwrap();
    desk.cut(&mut addition);
    let texts: Vec<String> = addition.next_batch().unwrap().texts.iter().map(|text| (*text).to_owned()).collect();
    let vectors = embed(&desk, &texts);
    let mut refused = |first: usize, vectors: Vec<UnitVector>| {
        let error = desk.put(&mut addition, first, vectors).unwrap_err();
        assert_eq!(error.code(), "model_invalid", "{error}");
        assert!(!addition.is_done() && addition.progress() == 0.0);
    };
    refused(1, vectors.clone());
    refused(usize::MAX, vectors.clone());
    refused(0, [vectors.clone(), vectors.clone()].concat());
    refused(0, vec![UnitVector::normalize(vec![1.0; 3]).unwrap()]);
    for values in [vec![0.5; 3], vec![0.0; 384], vec![f32::NAN, 1.0], vec![f32::INFINITY, 0.0], Vec::new()] {
        assert_eq!(UnitVector::of_length_one(values).unwrap_err().code(), "model_invalid");
    }
    assert_eq!(UnitVector::of_length_one(vec![0.6, 0.8]).unwrap().as_slice(), [0.6, 0.8]);
}

/// A book in chapters, which are cut apart.
fn chapters() -> Vec<String> {
    let line = |number: usize| format!("In entry {number} the keeper notes {} visitors.\n\n", number * 7 % 97);
    (0..40).map(|it| format!("# Chapter {it}\n\n{}", (it * 10..it * 10 + 10).map(line).collect::<String>())).collect()
}

/// The same with a few changes: an entry is another, a chapter is gone, one is new, and there is more at the end.
fn revised() -> String {
    let mut chapters = chapters();
    chapters[20] = chapters[20].replace("203", "two hundred and three");
    chapters.remove(10);
    chapters.insert(30, "# Between two chapters\n\nThe keeper has slept.\n\n".into());
    chapters.push("# The end\n\nAt last the keeper closes the book.\n".into());
    chapters.concat()
}

/// What each chunk of a document says, and its vector as the index keeps it.
fn kept(desk: &Carrel, id: &str) -> Vec<(String, Vec<u8>)> {
    let (entry, codes) = desk.index().entry_with_codes(id).unwrap();
    let row = |row: usize| {
        let mut one = Codes::new(codes.dimensions());
        one.extend(&codes, std::iter::once(row));
        one.to_bytes()
    };
    let text = |chunk: usize| entry.chunks[chunk].span.of(&entry.document.text).to_owned();
    (0..entry.chunks.len()).map(|chunk| (text(chunk), row(chunk))).collect()
}

/// A desk with the book, whose vectors are some that no model gives for it: whatever is embedded again is seen.
fn desk_with_marked_vectors() -> Carrel {
    let mut desk = Carrel::new(model()).unwrap();
    let mut addition = desk.begin(source("book.md", Content::Text(chapters().concat()))).unwrap();
    for (first, texts) in cut_and_hand_out(&desk, &mut addition) {
        let marked = |at: usize| {
            let direction = (0..desk.embedder().dimensions()).map(|it| if it % 300 == at % 300 { 1.0 } else { 0.01 });
            UnitVector::normalize(direction.collect()).unwrap()
        };
        desk.put(&mut addition, first, (first..first + texts.len()).map(marked).collect()).unwrap();
    }
    desk.finish(addition).unwrap();
    desk
}

/// Whether chunks that say what one said before have its vector, and the others one of their own; gives how many are
/// new.
fn only_the_new_are_embedded(before: &[(String, Vec<u8>)], desk: &Carrel, id: &str) -> usize {
    let before: HashMap<&String, &Vec<u8>> = before.iter().map(|(text, vector)| (text, vector)).collect();
    let mut new = 0;
    for (text, vector) in kept(desk, id) {
        match before.get(&text) {
            Some(old) => assert_eq!(**old, vector, "embedded again: {text}"),
            None => {
                let [own] = embed(desk, std::slice::from_ref(&text)).try_into().unwrap();
                let mut expected = Codes::new(own.as_slice().len());
                expected.push(&own);
                assert_eq!(expected.to_bytes(), vector, "not its own vector: {text}");
                new += 1;
            }
        }
    }
    new
}

#[test]
fn an_update_hands_out_only_what_is_new() {
    let mut desk = desk_with_marked_vectors();
    let before = kept(&desk, "book.md");
    let known: HashSet<&String> = before.iter().map(|(text, _)| text).collect();
    let mut addition = desk.begin(source("book.md", Content::Text(revised()))).unwrap();
    let batches = cut_and_hand_out(&desk, &mut addition);
    let handed_out: usize = batches.iter().map(|batch| batch.1.len()).sum();
    assert!(batches.iter().flat_map(|batch| &batch.1).all(|text| !known.contains(text)));
    assert!(!addition.is_done() && addition.progress() > 0.8, "most of it is known: {}", addition.progress());
    // They come back in any order here, too.
    for (first, texts) in batches.iter().rev() {
        let vectors = embed(&desk, texts);
        desk.put(&mut addition, *first, vectors).unwrap();
    }
    assert!(addition.is_done() && addition.progress() == 1.0);
    desk.finish(addition).unwrap();
    let new = only_the_new_are_embedded(&before, &desk, "book.md");
    assert_eq!(new, handed_out);
    let chunks = desk.entry("book.md").unwrap().chunks.len();
    assert!((3..=6).contains(&new) && chunks >= 40, "{new} of {chunks} are new");
}

#[test]
fn who_adds_at_one_go_or_finishes_what_was_begun_embeds_only_what_is_new_as_well() {
    let content = || Content::Text(revised());
    let mut by_finish = desk_with_marked_vectors();
    let before = kept(&by_finish, "book.md");
    let addition = by_finish.begin(source("book.md", content())).unwrap();
    by_finish.finish(addition).unwrap();
    assert!(only_the_new_are_embedded(&before, &by_finish, "book.md") > 0);
    let mut at_one_go = desk_with_marked_vectors();
    let sources = [source("book.md", content()), source("letter", Content::Text("The roof is leaking.".into()))];
    at_one_go.add_all(sources).into_iter().for_each(|outcome| _ = outcome.unwrap());
    assert!(only_the_new_are_embedded(&before, &at_one_go, "book.md") > 0);
    assert_eq!(only_the_new_are_embedded(&[], &at_one_go, "letter"), 1);
    assert_eq!(kept(&at_one_go, "book.md"), kept(&by_finish, "book.md"));
    // What is no more, or has another name, is embedded anew.
    assert!(at_one_go.remove("book.md"));
    at_one_go
        .add_all([source("book.md", content()), source("copy.md", content())])
        .into_iter()
        .for_each(|it| _ = it.unwrap());
    assert_eq!(only_the_new_are_embedded(&[], &at_one_go, "book.md"), kept(&at_one_go, "book.md").len());
    assert_eq!(kept(&at_one_go, "copy.md"), kept(&at_one_go, "book.md"));
}

#[test]
fn an_updated_document_is_to_the_bit_one_that_never_was_another() {
    let mut desk = carrel([source("book.md", Content::Text(chapters().concat()))]);
    let addition = desk.begin(source("book.md", Content::Text(revised()))).unwrap();
    desk.finish(addition).unwrap();
    let fresh = carrel([source("book.md", Content::Text(revised()))]);
    assert_eq!(kept(&desk, "book.md"), kept(&fresh, "book.md"));
    assert!(desk.entries().eq(fresh.entries()));
    // Adding the same again hands out nothing.
    let mut addition = desk.begin(source("book.md", Content::Text(revised()))).unwrap();
    assert_eq!(cut_and_hand_out(&desk, &mut addition), []);
    assert!(addition.is_done());
    desk.finish(addition).unwrap();
    assert_eq!(kept(&desk, "book.md"), kept(&fresh, "book.md"));
    // From the files, too.
    let mut opened = Carrel::new(model()).unwrap();
    let files = desk.save();
    opened.open(|name| files.iter().find(|file| file.0 == name).map(|file| file.1.clone())).unwrap();
    let mut addition = opened.begin(source("book.md", Content::Text(revised()))).unwrap();
    assert_eq!(cut_and_hand_out(&opened, &mut addition), []);
}

#[test]
fn an_addition_outlives_whatever_happens_to_the_document_meanwhile() {
    let mut desk = desk_with_marked_vectors();
    let before = kept(&desk, "book.md");
    let [first, second] =
        [revised(), chapters().concat()].map(|text| desk.begin(source("book.md", Content::Text(text))).unwrap());
    assert!(desk.remove("book.md"));
    desk.finish(first).unwrap();
    assert!(only_the_new_are_embedded(&before, &desk, "book.md") > 0);
    // The later one takes its place, and is what it was when it was begun.
    desk.finish(second).unwrap();
    assert_eq!(kept(&desk, "book.md"), before);
}

#[test]
fn vectors_that_come_for_what_is_known_take_its_place_and_what_is_handed_out_twice_counts_once() {
    let mut desk = desk_with_marked_vectors();
    let mut addition = desk.begin(source("book.md", Content::Text(revised()))).unwrap();
    let batches = cut_and_hand_out(&desk, &mut addition);
    let last = batches.last().unwrap().0;
    let progress = addition.progress();
    // A worker that was late brings those of the first chunk, which nobody needs.
    let late = embed(&desk, &["late".to_owned()]);
    desk.put(&mut addition, 0, late.clone()).unwrap();
    assert_eq!(addition.progress(), progress);
    let beyond = desk.put(&mut addition, last + batches.last().unwrap().1.len(), late).unwrap_err();
    assert_eq!(beyond.code(), "model_invalid");
    desk.finish(addition).unwrap();
    let [own] = embed(&desk, &["late".to_owned()]).try_into().unwrap();
    let mut codes = Codes::new(own.as_slice().len());
    codes.push(&own);
    assert_eq!(kept(&desk, "book.md")[0].1, codes.to_bytes());
}
