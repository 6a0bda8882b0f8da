//! Graphs against exact search, and bytes that were forged.

use super::*;
use crate::vector::UnitVector;
use crate::vector::tests::{clustered, codes_of};

const DIMENSIONS: usize = 64;

/// How many of the ten nearest are found, in the mean of some queries.
fn recall(graph: &Graph, codes: &Codes, queries: &[UnitVector], width: usize) -> f64 {
    let mut found = 0;
    for query in queries.iter().map(Query::new) {
        let nearest = codes.nearest(&query, 10, &|_| true);
        let mut near = graph.search(codes, &query, width);
        near.iter_mut().for_each(|(row, cosine)| *cosine = codes.fine(&query, *row as usize));
        near.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        near.truncate(10);
        found += near.iter().filter(|row| nearest.contains(row)).count();
    }
    found as f64 / (10 * queries.len()) as f64
}

#[test]
fn nearly_all_of_the_nearest_are_found() {
    let vectors = clustered(4100, DIMENSIONS, 1);
    let (codes, queries) = (codes_of(&vectors[..4000], DIMENSIONS), &vectors[4000..]);
    let graph = Graph::build(&codes);
    let recall = recall(&graph, &codes, queries, 60);
    assert!(recall >= 0.97, "{recall}");
    assert!(graph.bytes() <= 130 * 4000, "{}", graph.bytes());
}

#[test]
fn what_is_found_is_in_order_and_no_more_than_asked_for() {
    let codes = codes_of(&clustered(500, DIMENSIONS, 2), DIMENSIONS);
    let graph = Graph::build(&codes);
    for (width, vector) in clustered(40, DIMENSIONS, 2).iter().enumerate() {
        let query = Query::new(vector);
        let found = graph.search(&codes, &query, width);
        assert_eq!(found.len(), width);
        assert!(found.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        assert!(found.iter().all(|&(row, cosine)| codes.coarse(&query, row as usize) == cosine));
        let rows: std::collections::BTreeSet<u32> = found.iter().map(|found| found.0).collect();
        assert_eq!(rows.len(), width);
    }
}

#[test]
fn every_row_is_reached_at_every_size_and_among_copies() {
    let different = clustered(400, DIMENSIONS, 4);
    let mut copies = vec![different[0].clone(); 500];
    copies.extend_from_slice(&different);
    copies.extend(vec![different[7].clone(); 300]);
    for vectors in [&different[..0], &different[..1], &different[..2], &different[..33], &different[..], &copies[..]] {
        let codes = codes_of(vectors, DIMENSIONS);
        let graph = Graph::build(&codes);
        let found = graph.search(&codes, &Query::new(&different[5]), vectors.len() + 7);
        assert_eq!(found.len(), vectors.len());
    }
}

#[test]
fn the_same_rows_give_the_same_graph_and_its_bytes_give_it_again() {
    let codes = codes_of(&clustered(700, DIMENSIONS, 5), DIMENSIONS);
    let graph = Graph::build(&codes);
    assert_eq!(Graph::build(&codes), graph);
    assert_eq!(Graph::from_bytes(&graph.to_bytes(), 700), Some(graph));
}

#[test]
fn forged_bytes_are_refused_or_searched_without_harm() {
    let vectors = clustered(300, DIMENSIONS, 6);
    let codes = codes_of(&vectors, DIMENSIONS);
    let (query, bytes) = (Query::new(&vectors[9]), Graph::build(&codes).to_bytes());
    assert!(Graph::from_bytes(&bytes, 300).is_some());
    let (mut refused, mut taken) = (0, 0);
    for at in 0..bytes.len() {
        for flip in [1, 0x80] {
            let mut forged = bytes.clone();
            forged[at] ^= flip;
            let Some(graph) = Graph::from_bytes(&forged, 300) else {
                refused += 1;
                continue;
            };
            let found = graph.search(&codes, &query, 20);
            assert!(found.len() <= 20 && found.iter().all(|found| found.0 < 300));
            taken += 1;
        }
    }
    assert!(refused > 0 && taken > 0);
    for cut in 0..bytes.len() {
        assert_eq!(Graph::from_bytes(&bytes[..cut], 300), None);
    }
    for points in [0, 1, 299, 301, bytes.len(), u32::MAX as usize, usize::MAX] {
        assert_eq!(Graph::from_bytes(&bytes, points), None, "{points}");
    }
    // Blocks that say they have as many links as there can be, and none.
    assert_eq!(Graph::from_bytes(&vec![0xff; bytes.len()], 300), None);
    let levels = Levels::new(300);
    let empty = Graph::from_bytes(&vec![0; levels.len()], 300).unwrap();
    assert_eq!(empty.search(&codes, &query, 20).len(), 1);
}

#[test]
fn a_link_to_a_row_that_is_not_on_the_level_is_refused() {
    let codes = codes_of(&clustered(2000, DIMENSIONS, 8), DIMENSIONS);
    let mut graph = Graph::build(&codes);
    let node = (0..graph.levels.upper.len() as u32).find(|&node| !graph.levels.holds(2, node)).unwrap();
    let block = graph.levels.block(2, graph.levels.entry);
    assert!(graph.levels.top >= 2 && graph.counts[block] > 0);
    assert!(Graph::from_bytes(&graph.to_bytes(), 2000).is_some());
    let first = graph.starts[block] as usize;
    graph.links[first] = node;
    assert_eq!(Graph::from_bytes(&graph.to_bytes(), 2000), None);
}

#[test]
fn a_filter_keeps_to_what_is_allowed_and_finds_nearly_all_of_it_or_says_to_scan() {
    let vectors = clustered(4040, DIMENSIONS, 10);
    let (codes, queries) = (codes_of(&vectors[..4000], DIMENSIONS), &vectors[4000..]);
    let graph = Graph::build(&codes);
    for every in [2, 3, 5] {
        let allowed = |row: usize| row % every == 1;
        let mut found = 0;
        for query in queries.iter().map(Query::new) {
            let near = graph.search_among(&codes, &query, 60, &allowed).unwrap();
            assert!(near.len() == 60 && near.iter().all(|&(row, _)| allowed(row as usize)));
            assert!(near.windows(2).all(|pair| pair[0].1 >= pair[1].1));
            let nearest = codes.nearest(&query, 10, &allowed);
            found += nearest.iter().filter(|row| near.iter().any(|near| near.0 == row.0)).count();
        }
        assert!(found >= 10 * queries.len() * 97 / 100, "every {every}: {found}");
    }
    let query = Query::new(&queries[0]);
    assert_eq!(graph.search_among(&codes, &query, 60, &|_| true), Some(graph.search(&codes, &query, 60)));
    assert_eq!(graph.search_among(&codes, &query, 60, &|row| row % 100 == 1), None);
    assert_eq!(graph.search_among(&codes, &query, 60, &|_| false), None);
}
