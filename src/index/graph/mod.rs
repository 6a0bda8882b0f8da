//! [`Codes`] → a [`Graph`] by which the nearest rows are found without looking at all
//!
//! A hierarchical navigable small world (Malkov and Yashunin 2016, arXiv:1603.09320): each row is linked to near rows
//! that lie in different directions, and a search walks along the links towards the query; few of the rows are on
//! levels above, too, where a search takes longer steps to where it begins. Our own, since it is small, goes by the codes
//! as they are, gives the same graph for the same rows everywhere, and is safe to read from a file of others.

mod build;
mod levels;
#[cfg(test)]
mod tests;
mod walk;

use crate::vector::{Codes, Query};
use build::Builder;
use levels::Levels;
use walk::{Aim, Walk};

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
        self.walk_to(&Aim { codes, query, width, allowed: None })
    }

    /// As [`search`](Self::search), but only rows that are allowed: `width` of them, or nothing where the walk met fewer
    /// among some times as many near the query. Then a [scan](Codes::nearest) of the allowed rows is better, as it is
    /// where they are few from the outset.
    pub(super) fn search_among(
        &self,
        codes: &Codes,
        query: &Query,
        width: usize,
        allowed: &dyn Fn(usize) -> bool,
    ) -> Option<Vec<(u32, f32)>> {
        let found = self.walk_to(&Aim { codes, query, width, allowed: Some(allowed) });
        (found.len() == width).then_some(found)
    }

    fn walk_to(&self, aim: &Aim) -> Vec<(u32, f32)> {
        assert_eq!(aim.codes.len(), self.levels.points, "a graph of these rows");
        if aim.codes.is_empty() || aim.width == 0 {
            return Vec::new();
        }
        let mut walk = Walk::new(self.levels.points);
        let mut level = self.levels.top;
        let greedy = Aim { width: 1, allowed: None, ..*aim };
        self.enter(&mut walk, level, self.levels.entry, if level == 0 { aim } else { &greedy });
        while level > 0 {
            self.walk(&mut walk, level, &greedy);
            self.descend(&mut walk, level, if level == 1 { aim } else { &greedy });
            level -= 1;
        }
        // From where it comes out ways may not lead everywhere, from the entry they do.
        self.enter(&mut walk, 0, self.levels.entry_row(), aim);
        self.walk(&mut walk, 0, aim);
        walk.found.iter().filter(|found| found.allowed).map(|found| (found.node, found.cosine)).collect()
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
        if bytes.len() < points || u32::try_from(points).is_err() {
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

    #[inline(always)]
    fn links(&self, block: usize) -> &[u32] {
        let start = self.starts[block] as usize;
        &self.links[start..start + self.counts[block] as usize]
    }
}
