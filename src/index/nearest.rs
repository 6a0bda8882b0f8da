//! a vector → the chunks whose vectors are nearest
//!
//! An exact scan while the collection is small; above that a graph (HNSW, Malkov & Yashunin 2016, by
//! instant-distance) over the chunks that were there when it was built, with the later ones scanned.

use instant_distance::{Builder, Hnsw, PointId, Search};
use serde::{Deserialize, Serialize};

use super::ChunkNumber;
use crate::vector::dot;

/// From how many chunks on a graph is worth its building: below, an exact scan takes a few milliseconds.
pub(super) const GRAPH_FROM: usize = 20_000;
/// How wide the graph is searched while building and while searching: the greater, the more exact and the slower.
const WIDTH: usize = 200;

#[derive(Clone, Serialize, Deserialize)]
struct Point(Box<[f32]>);

impl instant_distance::Point for Point {
    fn distance(&self, other: &Self) -> f32 {
        1.0 - dot(&self.0, &other.0)
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Graph {
    graph: Hnsw<Point>,
    /// For each point of the graph, which reorders them, the chunk number.
    numbers: Vec<ChunkNumber>,
}

impl Graph {
    pub(super) fn build(vectors: &[f32], dimensions: usize) -> Self {
        let points: Vec<Point> = vectors.chunks_exact(dimensions).map(|row| Point(row.into())).collect();
        let build = move || Builder::default().seed(0).ef_construction(100).ef_search(WIDTH).build_hnsw(points);
        // On several threads the order of insertion, and so the graph, would differ from run to run.
        #[cfg(not(target_arch = "wasm32"))]
        let (graph, order) = match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
            Ok(pool) => pool.install(build),
            Err(_) => build(),
        };
        #[cfg(target_arch = "wasm32")]
        let (graph, order) = build();
        let mut numbers = vec![0; order.len()];
        for (number, id) in (0..).zip(order) {
            numbers[id.into_inner() as usize] = number;
        }
        Self { graph, numbers }
    }

    pub(super) fn search(
        &self,
        query: &[f32],
        vectors: &[f32],
        dimensions: usize,
        limit: usize,
        alive: impl Fn(ChunkNumber) -> bool + Copy,
    ) -> Vec<(ChunkNumber, f32)> {
        let mut search = Search::default();
        let mut found: Vec<(ChunkNumber, f32)> = self
            .graph
            .search(&Point(query.into()), &mut search)
            .map(|item| (self.numbers[item.pid.into_inner() as usize], 1.0 - item.distance))
            .filter(|&(number, _)| alive(number))
            .collect();
        if found.len() < limit.min(self.numbers.len()) {
            // More was asked for than the graph gives, or too much of it is dead.
            return scan(query, vectors, dimensions, 0, limit, alive);
        }
        found.extend(scan(query, vectors, dimensions, self.numbers.len(), limit, alive));
        best(found, limit)
    }

    /// Whether it fits an index of that many chunks, as it must when read from a file.
    pub(super) fn fits(&self, chunks: usize, dimensions: usize) -> bool {
        let points = self.graph.iter().count();
        points == self.numbers.len()
            && points <= chunks
            && self.numbers.iter().all(|&number| (number as usize) < chunks)
            && self.graph.iter().all(|(_, point)| point.0.len() == dimensions)
            && (points == 0 || self.graph.iter().any(|(id, _)| id == PointId::from(0)))
    }
}

/// The nearest of the vectors from the row `from` on, by looking at each.
pub(super) fn scan(
    query: &[f32],
    vectors: &[f32],
    dimensions: usize,
    from: usize,
    limit: usize,
    alive: impl Fn(ChunkNumber) -> bool,
) -> Vec<(ChunkNumber, f32)> {
    let rows = (from as ChunkNumber..).zip(vectors.chunks_exact(dimensions).skip(from));
    best(rows.filter(|&(number, _)| alive(number)).map(|(number, row)| (number, dot(query, row))).collect(), limit)
}

fn best(mut found: Vec<(ChunkNumber, f32)>, limit: usize) -> Vec<(ChunkNumber, f32)> {
    let order =
        |left: &(ChunkNumber, f32), right: &(ChunkNumber, f32)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
    if found.len() > limit && limit > 0 {
        found.select_nth_unstable_by(limit - 1, order);
    }
    found.truncate(limit);
    found.sort_by(order);
    found
}
