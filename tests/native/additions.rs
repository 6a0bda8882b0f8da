//! A document embedded by others, in pieces and out of order: the index is the one that it would be in any case.

use carrel::carrel::{Addition, Carrel};
use carrel::ingest::Content;
use carrel::vector::UnitVector;

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
