//! [`Codes`] → a [`Graph`], row by row
//!
//! As in the paper; what is added is that whatever cannot be reached in the end gets a link, which among many copies
//! of one text is not rare.

use super::Graph;
use super::levels::{Levels, level};
use super::walk::{Aim, Seen, Walk};
use crate::vector::{Codes, Query};

/// Links that a new row is given on each level, and the most that it has above the bottom.
const LINKS: usize = 16;

/// The most links of a row at the bottom.
const LINKS_BELOW: usize = 32;

/// How many rows near a new one are found, of which it is linked to some.
const WIDTH: usize = 100;

/// How many rows are looked at to link one again that cannot be reached.
const WIDTH_OF_MENDING: usize = 64;

/// A graph to which rows are added, in their order. While it is built each block has room for its most links.
pub(super) struct Builder<'a> {
    codes: &'a Codes,
    graph: Graph,
    walk: Walk,
    /// The entry to what there is so far.
    entry: u32,
    top: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(codes: &'a Codes) -> Self {
        let levels = Levels::new(codes.len());
        let (below, above) = (levels.points * LINKS_BELOW, (levels.len() - levels.points) * LINKS);
        let bottom = (0..levels.points).map(|block| (block * LINKS_BELOW) as u32);
        let starts = bottom.chain((0..above / LINKS).map(|block| (below + block * LINKS) as u32)).collect();
        let (counts, links) = (vec![0; levels.len()], vec![0; below + above]);
        let walk = Walk::new(levels.points);
        Self { codes, graph: Graph { levels, starts, counts, links }, walk, entry: 0, top: 0 }
    }

    pub(super) fn insert(&mut self, row: u32) {
        let own = level(row);
        let query = self.codes.query(row as usize);
        if row == 0 {
            self.top = own;
            return;
        }
        // Its place among the upper rows, where it is one.
        let upper = self.graph.levels.upper.partition_point(|&other| other < row) as u32;
        let aim = |level| aim(self.codes, &query, if level <= own { WIDTH } else { 1 });
        self.walk.clear();
        self.graph.enter(&mut self.walk, self.top, self.entry, &aim(self.top));
        for level in (0..=self.top).rev() {
            self.graph.walk(&mut self.walk, level, &aim(level));
            if level <= own {
                let near: Vec<(u32, f32)> = self.walk.found.iter().map(|found| (found.node, found.cosine)).collect();
                let node = if level == 0 { row } else { upper };
                for (other, cosine) in self.choose(&near, level, LINKS) {
                    self.link(level, node, other);
                    self.link_back(level, other, node, cosine);
                }
            }
            if level > 0 {
                self.graph.descend(&mut self.walk, level, &aim(level - 1));
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
    pub(super) fn finish(mut self) -> Graph {
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
        let mut reached = Seen::new(self.codes.len());
        self.reach(&mut reached, entry);
        for row in 0..self.codes.len() as u32 {
            if reached.contains(row) {
                continue;
            }
            let query = self.codes.query(row as usize);
            let aim = aim(self.codes, &query, WIDTH_OF_MENDING);
            self.walk.clear();
            self.graph.enter(&mut self.walk, 0, entry, &aim);
            self.graph.walk(&mut self.walk, 0, &aim);
            let near: Vec<u32> = self.walk.found.iter().map(|found| found.node).collect();
            // All rows before this one are reached by now.
            if near.into_iter().chain((0..row).rev()).any(|node| self.link(0, node, row)) {
                self.reach(&mut reached, row);
            }
        }
    }

    /// Adds all that can be reached from a row.
    fn reach(&self, reached: &mut Seen, row: u32) {
        reached.insert(row);
        let mut rows = vec![row];
        while let Some(row) = rows.pop() {
            rows.extend(self.graph.links(row as usize).iter().filter(|&&link| reached.insert(link)));
        }
    }
}

fn aim<'a>(codes: &'a Codes, query: &'a Query, width: usize) -> Aim<'a> {
    Aim { codes, query, width, allowed: None }
}
