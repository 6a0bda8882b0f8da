//! Small indexes with vectors made by hand, so that what must come first is known.

use super::*;
use crate::document::{Chunk, Document, Format, Language, Metadata, Scalar, Span, Value};
use crate::index::Entry;

/// A document with a chunk for each text and vector.
fn entry(id: &str, metadata: Metadata, chunks: &[(&str, [f32; 2])]) -> (Entry, Vec<UnitVector>) {
    let mut text = String::new();
    let mut cut = Vec::new();
    for (part, _) in chunks {
        let span = Span::new(text.len(), text.len() + part.len());
        cut.push(Chunk { span, headings: Vec::new(), page: None, tokens: 1 });
        text.push_str(part);
        text.push('\n');
    }
    let document = Document {
        id: id.into(),
        name: id.into(),
        title: String::new(),
        url: None,
        format: Format::Text,
        language: Language::En,
        metadata,
        text,
        outline: Vec::new(),
        pages: Vec::new(),
        pieces: Vec::new(),
        warnings: Vec::new(),
    };
    let vectors = chunks.iter().map(|(_, vector)| UnitVector::normalize(vector.to_vec()).unwrap()).collect();
    (Entry { document, chunks: cut }, vectors)
}

fn index(entries: impl IntoIterator<Item = (Entry, Vec<UnitVector>)>) -> Index {
    let mut index = Index::new("model", 2);
    for (entry, vectors) in entries {
        index.insert(entry, &vectors).unwrap();
    }
    index
}

fn east() -> UnitVector {
    UnitVector::normalize(vec![1.0, 0.0]).unwrap()
}

/// A direction so many degrees from [`east`].
fn at(degrees: f32) -> [f32; 2] {
    [degrees.to_radians().cos(), degrees.to_radians().sin()]
}

/// As many places as are wanted, in order.
fn places(count: usize) -> Vec<Place> {
    let chunks = vec![("text", at(0.0)); count];
    let index = index([entry("a", Metadata::new(), &chunks)]);
    let mut places: Vec<Place> = index.nearest(&east(), count, None, None).into_iter().map(|found| found.0).collect();
    places.sort();
    places
}

fn scale(most: f32, spread: Option<f32>) -> Scale {
    Scale { most, spread }
}

fn order(hits: &[Hit]) -> Vec<Place> {
    hits.iter().map(|hit| hit.place).collect()
}

/// The documents that a search finds, best first, and the values counted.
fn search(index: &Index, question: &str, options: &SearchOptions) -> (Vec<String>, Facets) {
    let found = retrieve(index, &Question::new(question, options.typing), Some(&east()), options).unwrap();
    let id = |hit: &Hit| index.chunk(hit.place).unwrap().0.document.id.clone();
    (found.hits.iter().map(id).collect(), found.facets)
}

#[test]
fn a_chunk_found_both_ways_comes_before_chunks_found_one_way() {
    let at = places(4);
    let semantic = [(at[0], 0.6), (at[1], 0.55), (at[2], 0.1)];
    let hits = fuse::fuse(&semantic, &[(at[1], 5.0), (at[3], 4.0)], scale(6.0, None), 10, |_| 0.05);
    assert_eq!(order(&hits), [at[1], at[3], at[0], at[2]]);
    assert_eq!((hits[1].semantic, hits[2].lexical), (Some(0.05), Some(0.0)));
    assert!(hits.iter().all(|hit| (-1.0..=1.0).contains(&hit.score)));
}

#[test]
fn one_empty_ranking_leaves_the_order_of_the_other() {
    let at = places(3);
    let one = [(at[2], 0.9), (at[0], 0.5)];
    for most in [0.0, 7.0] {
        let hits = fuse::fuse(&one, &[], scale(most, Some(0.1)), 10, |_| unreachable!("no chunk was found by words"));
        assert_eq!(order(&hits), [at[2], at[0]]);
    }
    assert_eq!(order(&fuse::fuse(&[], &one, scale(1.0, Some(0.1)), 10, |_| 0.3)), [at[2], at[0]]);
    assert!(fuse::fuse(&[], &[], scale(1.0, None), 10, |_| 0.0).is_empty());
}

#[test]
fn a_model_whose_cosines_lie_closer_together_gives_the_same_order() {
    let at = places(30);
    let cosines: Vec<f32> = (0..30).map(|number| (number * 7 % 30) as f32 / 40.0).collect();
    let lexical: Vec<(Place, f32)> =
        (0..30).step_by(2).map(|number| (at[number], (number * 11 % 30) as f32 / 3.0)).collect();
    let fused = |stretch: f32, shift: f32| {
        let semantic: Vec<(Place, f32)> =
            at.iter().zip(&cosines).map(|(&place, cosine)| (place, shift + stretch * cosine)).collect();
        order(&fuse::fuse(&semantic, &lexical, scale(12.0, Some(0.1 * stretch)), 40, |_| unreachable!()))
    };
    assert_eq!(fused(0.25, 0.7), fused(1.0, 0.0));
    assert_ne!(fused(1.0, 0.0), {
        let mut at = at.clone();
        at.sort_by(|left, right| right.cmp(left));
        at
    });
}

#[test]
fn candidates_of_one_way_have_the_score_of_the_other_though_they_were_not_among_its_best() {
    let at = places(5);
    let semantic = [(at[0], 0.9), (at[1], 0.8), (at[2], 0.7)];
    let lexical = [(at[3], 5.0), (at[4], 4.0), (at[0], 3.0)];
    let hits = fuse::fuse(&semantic, &lexical, scale(6.0, None), 2, |place| if place == at[3] { 0.4 } else { 0.3 });
    let scores =
        |place| hits.iter().find(|hit| hit.place == place).map(|hit| (hit.semantic.unwrap(), hit.lexical.unwrap()));
    assert_eq!(scores(at[0]), Some((0.9, 3.0)));
    assert_eq!(scores(at[3]), Some((0.4, 5.0)));
    assert_eq!(scores(at[2]), None, "beyond the pool");
}

/// Three that are nearly one, two others.
fn crowd() -> Index {
    let chunks = [at(10.0), at(10.5), at(11.0), at(40.0), at(-45.0)];
    index(
        chunks
            .iter()
            .enumerate()
            .map(|(number, &vector)| entry(&number.to_string(), Metadata::new(), &[("desk", vector)])),
    )
}

#[test]
fn with_diversity_passages_differ_and_without_nothing_changes() {
    let index = crowd();
    let options = |diversity| SearchOptions { diversity, mode: Mode::Semantic, limit: 3, ..SearchOptions::default() };
    assert_eq!(search(&index, "desk", &options(0.0)).0, ["0", "1", "2"]);
    assert_eq!(search(&index, "desk", &options(0.9)).0, ["0", "4", "3"]);
    let mut hits = candidates(&index, &Question::new("desk", false), Some(&east()), None, &options(0.0));
    let before = hits.clone();
    diversify::diversify(&mut hits, &index, 0.0, 5);
    assert_eq!(hits, before);
    diversify::diversify(&mut hits, &index, 1.0, 2);
    assert_eq!(order(&hits[..1]), order(&before[..1]), "the best stays first");
    let mut sorted = hits.clone();
    sorted.sort_by(Hit::order);
    assert_eq!(sorted, before, "none is lost");
}

#[test]
fn marginal_relevance_is_that_of_the_plain_formula() {
    let index =
        index((0..12).map(|number| {
            entry(&number.to_string(), Metadata::new(), &[("desk", at((number * 53 % 90) as f32 - 30.0))])
        }));
    let options = SearchOptions { mode: Mode::Semantic, ..SearchOptions::default() };
    let all = candidates(&index, &Question::new("desk", false), Some(&east()), None, &options);
    for diversity in [0.2, 0.5, 0.8, 1.0] {
        let (best, worst) = (all[0].score, all[11].score);
        let (mut chosen, mut rest) = (vec![all[0]], all[1..].to_vec());
        while !rest.is_empty() {
            let worth = |hit: &Hit| {
                let like = chosen.iter().map(|other| index.between(other.place, hit.place)).fold(-1.0, f32::max);
                (1.0 - diversity) * (hit.score - worst) / (best - worst) - diversity * like
            };
            let next = (0..rest.len()).rev().max_by(|&left, &right| worth(&rest[left]).total_cmp(&worth(&rest[right])));
            chosen.push(rest.remove(next.unwrap()));
        }
        let mut hits = all.clone();
        diversify::diversify(&mut hits, &index, diversity, 12);
        assert_eq!(order(&hits), order(&chosen), "{diversity}");
    }
}

#[test]
fn copies_in_other_documents_are_left_out_and_the_like_in_one_document_stays() {
    let options = SearchOptions { collapse: true, mode: Mode::Semantic, ..SearchOptions::default() };
    assert_eq!(search(&crowd(), "desk", &options).0, ["0", "3", "4"]);
    let rows =
        index([entry("table", Metadata::new(), &[("row 1", at(10.0)), ("row 2", at(10.5)), ("row 3", at(11.0))])]);
    assert_eq!(search(&rows, "desk", &options).0.len(), 3);
    let (mut overlapping, vectors) = entry("a", Metadata::new(), &[("one", at(10.0)), ("two", at(10.5))]);
    overlapping.chunks[1].span.start -= 2;
    assert_eq!(search(&index([(overlapping, vectors)]), "desk", &options).0.len(), 1);
}

/// Documents of the years 2000 to 2039, each less near than the one before, with tags.
fn library() -> Index {
    index((0..40).map(|number| {
        let tags =
            vec![Scalar::Text("all".into()), Scalar::Text(format!("tag{}", number % 4)), Scalar::Text("all".into())];
        let metadata = Metadata::from([
            ("year".to_owned(), Value::One(Scalar::Number(2000.0 + f64::from(number)))),
            ("tags".to_owned(), Value::Many(tags)),
            ("even".to_owned(), Value::One(Scalar::Bool(number % 2 == 0))),
        ]);
        let text = if number % 5 == 0 { "maps and desks" } else { "other words" };
        entry(&number.to_string(), metadata, &[(text, at(number as f32)), (text, at(number as f32 + 0.5))])
    }))
}

#[test]
fn a_filter_is_exact_in_every_mode_however_much_it_keeps() {
    let index = library();
    for mode in Mode::ALL {
        for filter in [r#"{"year": {"$gte": 2039}}"#, r#"{"year": {"$gte": 2020}}"#, "{}"] {
            let options = SearchOptions { mode, limit: 100, ..SearchOptions::default() };
            let filter: Filter = filter.parse().unwrap();
            let passes = |id: &String| filter.matches(&index.entry(id).unwrap().document);
            let expected: Vec<String> = search(&index, "maps", &options).0.into_iter().filter(passes).collect();
            let found = search(&index, "maps", &SearchOptions { filter: Some(filter.clone()), ..options }).0;
            assert_eq!(found, expected, "{mode:?} {filter:?}");
        }
    }
    let none = SearchOptions { filter: Some(r#"{"year": 1}"#.parse().unwrap()), ..SearchOptions::default() };
    assert!(search(&index, "maps", &none).0.is_empty());
}

#[test]
fn facets_count_documents_that_pass_the_filter() {
    let facets = ["even", "tags", "format", "year", "missing"].map(str::to_owned).to_vec();
    let filter = Some(r#"{"year": {"$lt": 2006}}"#.parse().unwrap());
    let (_, facets) =
        search(&library(), "maps", &SearchOptions { facets, filter, limit: 1, ..SearchOptions::default() });
    let text = |text: &str| Scalar::Text(text.into());
    assert_eq!(facets["even"], [(Scalar::Bool(false), 3), (Scalar::Bool(true), 3)]);
    let tags = [("all", 6), ("tag0", 2), ("tag1", 2), ("tag2", 1), ("tag3", 1)];
    assert_eq!(facets["tags"], tags.map(|(tag, count)| (text(tag), count)));
    assert_eq!(facets["format"], [(text("text"), 6)]);
    assert_eq!(facets["year"][0], (Scalar::Number(2000.0), 1));
    assert!(facets["missing"].is_empty());
}

#[test]
fn of_many_values_the_most_frequent_are_told() {
    let many = index((0..300).map(|number| {
        let value = Scalar::Number(f64::from(number.min(250)));
        entry(&number.to_string(), Metadata::from([("n".to_owned(), Value::One(value))]), &[("desk", at(1.0))])
    }));
    let options = SearchOptions { facets: vec!["n".into()], ..SearchOptions::default() };
    let counted = &search(&many, "desk", &options).1["n"];
    assert_eq!(
        (counted.len(), &counted[0], &counted[1]),
        (MOST_VALUES, &(Scalar::Number(250.0), 50), &(Scalar::Number(0.0), 1))
    );
}

#[test]
fn scores_are_scaled_alike_in_every_mode() {
    let index = library();
    for mode in Mode::ALL {
        let options = SearchOptions { mode, limit: 100, ..SearchOptions::default() };
        let question = Question::new("maps nowhere", false);
        let hits = retrieve(&index, &question, Some(&east()), &options).unwrap().hits;
        // Cosines are known to twelve bits.
        assert!(hits.iter().all(|hit| hit.score.abs() < 1.001), "{mode:?}");
        assert!(hits.is_sorted_by(|left, right| left.score >= right.score));
    }
    let problem = retrieve(&index, &Question::new("maps", false), None, &SearchOptions::default()).unwrap_err();
    assert_eq!(problem.code(), "option_invalid");
}
