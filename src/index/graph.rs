//! [`Codes`] → a [`Graph`] by which the nearest rows are found without looking at all
//!
//! A hierarchical navigable small world (Malkov and Yashunin 2016, arXiv:1603.09320): each row is linked to near rows
//! that lie in different directions, and a search walks along the links towards the query; few of the rows are on
//! levels above, too, where a search takes longer steps to where it begins. Our own, since it is small, goes by the codes
//! as they are, gives the same graph for the same rows everywhere, and is safe to read from a file of others.

use crate::vector::{Codes, Query};

/// Links that a new row is given on each level, and the most that it has above the bottom.
const LINKS: usize = 16;

/// The most links of a row at the bottom.
const LINKS_BELOW: usize = 32;

/// How many rows near a new one are found, of which it is linked to some.
const WIDTH: usize = 100;

/// How many rows are looked at to link one again that cannot be reached.
const WIDTH_OF_MENDING: usize = 64;

/// A graph over rows that it does not hold.
#[derive(Debug, PartialEq)]
pub(super) struct Graph {
    levels: Levels,
    /// Where in `links` those of a block start, and how many they are: see [`Levels::block`].
    starts: Vec<u32>,
    counts: Vec<u8>,
    /// At the bottom the numbers of rows, above those of upper rows.
    links: Vec<u32>,
}

/// Which rows are on which levels: told by their numbers alone, so that no file has to say it.
#[derive(Debug, PartialEq)]
struct Levels {
    points: usize,
    /// The rows that are above the bottom, in order. On the upper levels a node is a place in this list.
    upper: Vec<u32>,
    /// For each of them the number of its block on level 1; then that of all blocks.
    blocks: Vec<u32>,
    /// The first of the nodes on the highest level, and that level; where there is none above the bottom the first row.
    entry: u32,
    top: usize,
}

impl Levels {
    fn new(points: usize) -> Self {
        let (mut upper, mut blocks) = (Vec::new(), Vec::new());
        let (mut entry, mut top, mut next) = (0, 0, points as u32);
        for row in 0..points as u32 {
            let level = level(row);
            if level == 0 {
                continue;
            }
            if level > top {
                (entry, top) = (upper.len() as u32, level);
            }
            upper.push(row);
            blocks.push(next);
            next += level as u32;
        }
        blocks.push(next);
        Self { points, upper, blocks, entry, top }
    }

    /// How many blocks there are.
    fn len(&self) -> usize {
        self.blocks[self.upper.len()] as usize
    }

    /// The block of a node's links on a level: first each row's at the bottom, then each upper row's on levels 1, 2, ….
    fn block(&self, level: usize, node: u32) -> usize {
        if level == 0 { node as usize } else { self.blocks[node as usize] as usize + level - 1 }
    }

    /// Whether a number in a file is a node of the level.
    fn holds(&self, level: usize, node: u32) -> bool {
        if level == 0 {
            return (node as usize) < self.points;
        }
        (node as usize) < self.upper.len() && self.block(level, node) < self.blocks[node as usize + 1] as usize
    }

    fn row(&self, level: usize, node: u32) -> u32 {
        if level == 0 { node } else { self.upper[node as usize] }
    }

    fn entry_row(&self) -> u32 {
        self.row(self.top, self.entry)
    }
}

/// The highest level of a row: each level has a sixteenth of the one below.
fn level(row: u32) -> usize {
    let mut hash = row.wrapping_add(1).wrapping_mul(0x9e37_79b1);
    hash = (hash ^ hash >> 15).wrapping_mul(0x85eb_ca77);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae3d);
    ((hash ^ hash >> 16).trailing_zeros() / 4) as usize
}

/// A node that a search has found.
#[derive(Clone, Copy)]
struct Found {
    cosine: f32,
    node: u32,
    /// Whether its links were followed.
    followed: bool,
}

/// What a search keeps at hand.
struct Walk {
    /// What was found, best first.
    found: Vec<Found>,
    /// One bit for each node: whether it was compared.
    seen: Vec<u64>,
    /// The nodes and rows that are to be compared, and how that came out.
    nodes: Vec<u32>,
    rows: Vec<u32>,
    cosines: Vec<f32>,
}

impl Walk {
    fn new(points: usize) -> Self {
        Self {
            found: Vec::new(),
            seen: vec![0; points.div_ceil(64)],
            nodes: Vec::new(),
            rows: Vec::new(),
            cosines: Vec::new(),
        }
    }

    /// Marks a node as seen, and tells whether it was not.
    fn see(&mut self, node: u32) -> bool {
        let (word, bit) = (&mut self.seen[node as usize / 64], 1 << (node % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Compares the nodes at hand with the query; gives the first place among what was found that changed.
    fn compare(&mut self, levels: &Levels, level: usize, codes: &Codes, query: &Query, width: usize) -> usize {
        self.rows.clear();
        self.rows.extend(self.nodes.iter().map(|&node| levels.row(level, node)));
        self.cosines.resize(self.rows.len(), 0.0);
        codes.coarse_each(query, &self.rows, &mut self.cosines);
        let mut first = usize::MAX;
        for (&node, &cosine) in self.nodes.iter().zip(&self.cosines) {
            if self.found.len() >= width {
                if self.found.last().is_some_and(|last| last.cosine >= cosine) {
                    continue;
                }
                self.found.pop();
            }
            let place = self.found.partition_point(|found| found.cosine >= cosine);
            self.found.insert(place, Found { cosine, node, followed: false });
            first = first.min(place);
        }
        first
    }
}

impl Graph {
    /// Links the rows of `codes`. The same rows give the same graph.
    pub(super) fn build(codes: &Codes) -> Self {
        let mut builder = Builder::new(codes);
        (0..codes.len()).for_each(|row| builder.insert(row as u32));
        builder.finish()
    }

    /// Up to `width` rows near the query and their coarse cosines, best first. The wider, the surer the nearest are
    /// among them.
    ///
    /// Panics unless `codes` are those it was built of, or as many.
    pub(super) fn search(&self, codes: &Codes, query: &Query, width: usize) -> Vec<(u32, f32)> {
        assert_eq!(codes.len(), self.levels.points, "a graph of these rows");
        if codes.is_empty() || width == 0 {
            return Vec::new();
        }
        let mut walk = Walk::new(self.levels.points);
        self.enter(&mut walk, self.levels.entry, self.levels.top, codes, query);
        for level in (1..=self.levels.top).rev() {
            self.walk(&mut walk, level, codes, query, 1);
            self.descend(&mut walk, level);
        }
        // From where it comes out ways may not lead everywhere, from the entry they do.
        let entry = self.levels.entry_row();
        if walk.found.iter().all(|found| found.node != entry) {
            walk.nodes.clear();
            walk.nodes.push(entry);
            walk.compare(&self.levels, 0, codes, query, width);
        }
        self.walk(&mut walk, 0, codes, query, width);
        walk.found.iter().map(|found| (found.node, found.cosine)).collect()
    }

    /// The memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let words = [&self.starts, &self.links, &self.levels.upper, &self.levels.blocks];
        self.counts.capacity() + words.iter().map(|words| 4 * words.capacity()).sum::<usize>()
    }

    /// How many links each block has, a byte each; then all links.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.counts.clone();
        bytes.extend(self.links.iter().flat_map(|link| link.to_le_bytes()));
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) gave for a graph of so many rows; nothing where it cannot be that.
    ///
    /// Whatever it takes can be searched: a forged file makes searches find less, and no more than that.
    pub(super) fn from_bytes(bytes: &[u8], points: usize) -> Option<Self> {
        // Before there is memory for what a few bytes only say that it is there.
        if bytes.len() < points {
            return None;
        }
        let levels = Levels::new(points);
        let (counts, links) = bytes.split_at_checked(levels.len())?;
        let mut starts = Vec::with_capacity(counts.len());
        let mut next = 0u32;
        for &count in counts {
            starts.push(next);
            next = next.checked_add(count.into())?;
        }
        if links.len() % 4 != 0 || next as usize != links.len() / 4 {
            return None;
        }
        let links: Vec<u32> = links.as_chunks().0.iter().map(|link| u32::from_le_bytes(*link)).collect();
        let graph = Self { levels, starts, counts: counts.to_vec(), links };
        graph.links_fit().then_some(graph)
    }

    /// Whether each link leads to a node of its own level.
    fn links_fit(&self) -> bool {
        let levels = &self.levels;
        let below = (0..levels.points as u32).all(|node| self.links_fit_of(0, node));
        let mut above = (0..levels.upper.len() as u32).flat_map(|node| {
            let count = levels.blocks[node as usize + 1] - levels.blocks[node as usize];
            (1..=count as usize).map(move |level| (level, node))
        });
        below && above.all(|(level, node)| self.links_fit_of(level, node))
    }

    fn links_fit_of(&self, level: usize, node: u32) -> bool {
        self.links(self.levels.block(level, node)).iter().all(|&link| self.levels.holds(level, link))
    }

    fn links(&self, block: usize) -> &[u32] {
        let start = self.starts[block] as usize;
        &self.links[start..start + self.counts[block] as usize]
    }

    /// Begins a walk at a node.
    fn enter(&self, walk: &mut Walk, node: u32, level: usize, codes: &Codes, query: &Query) {
        walk.found.clear();
        walk.nodes.clear();
        walk.nodes.push(node);
        walk.compare(&self.levels, level, codes, query, 1);
    }

    /// Takes what was found to the level below.
    fn descend(&self, walk: &mut Walk, level: usize) {
        for found in &mut walk.found {
            found.followed = false;
            if level == 1 {
                found.node = self.levels.upper[found.node as usize];
            }
        }
    }

    /// Follows the links of the best that was found, until there is none whose links lead to a better one.
    fn walk(&self, walk: &mut Walk, level: usize, codes: &Codes, query: &Query, width: usize) {
        walk.seen.fill(0);
        for at in 0..walk.found.len() {
            walk.see(walk.found[at].node);
        }
        let mut at = 0;
        while let Some(found) = walk.found.get_mut(at) {
            if std::mem::replace(&mut found.followed, true) {
                at += 1;
                continue;
            }
            let node = found.node;
            walk.nodes.clear();
            for &link in self.links(self.levels.block(level, node)) {
                if walk.see(link) {
                    walk.nodes.push(link);
                }
            }
            at = at.min(walk.compare(&self.levels, level, codes, query, width));
        }
    }
}

/// A graph to which rows are added, in their order. While it is built each block has room for its most links.
struct Builder<'a> {
    codes: &'a Codes,
    graph: Graph,
    walk: Walk,
    /// The entry to what there is so far.
    entry: u32,
    top: usize,
}

impl<'a> Builder<'a> {
    fn new(codes: &'a Codes) -> Self {
        let levels = Levels::new(codes.len());
        let (below, above) = (levels.points * LINKS_BELOW, (levels.len() - levels.points) * LINKS);
        let bottom = (0..levels.points).map(|block| (block * LINKS_BELOW) as u32);
        let starts = bottom.chain((0..above / LINKS).map(|block| (below + block * LINKS) as u32)).collect();
        let (counts, links) = (vec![0; levels.len()], vec![0; below + above]);
        let walk = Walk::new(levels.points);
        Self { codes, graph: Graph { levels, starts, counts, links }, walk, entry: 0, top: 0 }
    }

    fn insert(&mut self, row: u32) {
        let own = level(row);
        let query = self.codes.query(row as usize);
        if row == 0 {
            self.top = own;
            return;
        }
        self.graph.enter(&mut self.walk, self.entry, self.top, self.codes, &query);
        // Its place among the upper rows, where it is one.
        let upper = self.graph.levels.upper.partition_point(|&other| other < row) as u32;
        for level in (0..=self.top).rev() {
            let width = if level <= own { WIDTH } else { 1 };
            self.graph.walk(&mut self.walk, level, self.codes, &query, width);
            if level <= own {
                let node = if level == 0 { row } else { upper };
                let near: Vec<(u32, f32)> = self.walk.found.iter().map(|found| (found.node, found.cosine)).collect();
                let chosen = self.choose(&near, level, LINKS);
                for &(other, cosine) in &chosen {
                    self.link(level, node, other);
                    self.link_back(level, other, node, cosine);
                }
            }
            if level > 0 {
                self.graph.descend(&mut self.walk, level);
            }
        }
        if own > self.top {
            (self.entry, self.top) = (upper, own);
        }
    }

    /// Of nodes near another one, best first, those that are not nearer to a better one than to it: section 4.
    ///
    /// One that is as near is taken, or of many equal rows only one would be linked.
    fn choose(&self, near: &[(u32, f32)], level: usize, most: usize) -> Vec<(u32, f32)> {
        let mut chosen: Vec<(u32, f32)> = Vec::new();
        let mut queries: Vec<Query> = Vec::new();
        for &(node, cosine) in near {
            if chosen.len() == most {
                break;
            }
            let row = self.graph.levels.row(level, node) as usize;
            if queries.iter().all(|query| self.codes.coarse(query, row) <= cosine) {
                chosen.push((node, cosine));
                queries.push(self.codes.query(row));
            }
        }
        chosen
    }

    /// Adds a link, where there is room.
    fn link(&mut self, level: usize, from: u32, to: u32) -> bool {
        let most = if level == 0 { LINKS_BELOW } else { LINKS };
        let block = self.graph.levels.block(level, from);
        let count = self.graph.counts[block] as usize;
        if count == most {
            return false;
        }
        self.graph.links[self.graph.starts[block] as usize + count] = to;
        self.graph.counts[block] += 1;
        true
    }

    /// Adds the link from an older node to a new one; where there is no room the node's links are chosen anew.
    fn link_back(&mut self, level: usize, from: u32, to: u32, cosine: f32) {
        if self.link(level, from, to) {
            return;
        }
        let levels = &self.graph.levels;
        let block = levels.block(level, from);
        let nodes = self.graph.links(block).to_vec();
        let rows: Vec<u32> = nodes.iter().map(|&node| levels.row(level, node)).collect();
        let mut cosines = vec![0.0; rows.len()];
        let query = self.codes.query(levels.row(level, from) as usize);
        self.codes.coarse_each(&query, &rows, &mut cosines);
        let mut near: Vec<(u32, f32)> = nodes.into_iter().zip(cosines).collect();
        near.push((to, cosine));
        near.sort_unstable_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        let chosen = self.choose(&near, level, near.len() - 1);
        self.graph.counts[block] = 0;
        for (node, _) in chosen {
            self.link(level, from, node);
        }
    }

    /// Links what cannot be reached, and gives up the room for more.
    fn finish(mut self) -> Graph {
        self.mend();
        let graph = &mut self.graph;
        let mut end = 0;
        for (start, &count) in graph.starts.iter_mut().zip(&graph.counts) {
            let from = std::mem::replace(start, end as u32) as usize;
            graph.links.copy_within(from..from + count as usize, end);
            end += count as usize;
        }
        graph.links.truncate(end);
        graph.links.shrink_to_fit();
        self.graph
    }

    /// Where no way leads to a row from where all walks begin, one is made from a near row that has room for it.
    fn mend(&mut self) {
        if self.codes.is_empty() {
            return;
        }
        let entry = self.graph.levels.entry_row();
        let mut reached = Walk::new(self.codes.len());
        self.reach(&mut reached, entry);
        for row in 0..self.codes.len() as u32 {
            if reached.seen[row as usize / 64] >> (row % 64) & 1 == 1 {
                continue;
            }
            let query = self.codes.query(row as usize);
            self.graph.enter(&mut self.walk, entry, 0, self.codes, &query);
            self.graph.walk(&mut self.walk, 0, self.codes, &query, WIDTH_OF_MENDING);
            let near: Vec<u32> = self.walk.found.iter().map(|found| found.node).collect();
            // All rows before this one are reached by now.
            if near.into_iter().chain((0..row).rev()).any(|node| self.link(0, node, row)) {
                self.reach(&mut reached, row);
            }
        }
    }

    /// Marks all that can be reached from a row.
    fn reach(&self, reached: &mut Walk, row: u32) {
        reached.see(row);
        reached.nodes.push(row);
        while let Some(node) = reached.nodes.pop() {
            for &link in self.graph.links(node as usize) {
                if reached.see(link) {
                    reached.nodes.push(link);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::UnitVector;
    use crate::vector::quantize::tests::{clustered, codes_of};

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
        for vectors in
            [&different[..0], &different[..1], &different[..2], &different[..33], &different[..], &copies[..]]
        {
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
}
