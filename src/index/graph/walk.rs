//! A [`Graph`] and a query → the nodes on the way towards it
//!
//! One walk serves searching and building. It keeps a single list, best first, of which the best that was not yet
//! followed is next: what falls off its end would not have been followed any more.

use super::Graph;
use super::levels::Levels;
use crate::vector::{Codes, Query};

/// A walk's list may grow to so many times its width, where not all that is near is allowed.
const REACH: usize = 8;

/// What a walk looks for.
pub(super) struct Aim<'a> {
    pub(super) codes: &'a Codes,
    pub(super) query: &'a Query,
    /// How many allowed nodes are kept, those of the greatest cosines.
    pub(super) width: usize,
    /// The rows that may be found, unless all may: others are only walked over.
    pub(super) allowed: Option<&'a dyn Fn(usize) -> bool>,
}

/// A node that a walk has found.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) cosine: f32,
    pub(super) node: u32,
    pub(super) allowed: bool,
    /// Whether its links were followed.
    followed: bool,
}

/// A set of nodes, a bit for each that there is.
pub(super) struct Seen(Vec<u64>);

impl Seen {
    pub(super) fn new(points: usize) -> Self {
        Self(vec![0; points.div_ceil(64)])
    }

    pub(super) fn contains(&self, node: u32) -> bool {
        self.0[node as usize / 64] >> (node % 64) & 1 == 1
    }

    /// Adds a node, and tells whether it was not in it.
    #[inline(always)]
    pub(super) fn insert(&mut self, node: u32) -> bool {
        let (word, bit) = (&mut self.0[node as usize / 64], 1 << (node % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}

/// What a walk keeps at hand.
pub(super) struct Walk {
    /// What was found, best first.
    pub(super) found: Vec<Found>,
    /// How many of it are allowed.
    pub(super) allowed: usize,
    /// What was compared with the query.
    seen: Seen,
    /// The nodes and rows that are to be compared, and how that came out.
    nodes: Vec<u32>,
    rows: Vec<u32>,
    cosines: Vec<f32>,
}

impl Walk {
    pub(super) fn new(points: usize) -> Self {
        let (found, seen, nodes, rows, cosines) = (Vec::new(), Seen::new(points), Vec::new(), Vec::new(), Vec::new());
        Self { found, allowed: 0, seen, nodes, rows, cosines }
    }

    /// Compares the nodes at hand with the query; gives the first place among what was found that changed.
    fn compare(&mut self, levels: &Levels, level: usize, aim: &Aim) -> usize {
        self.rows.clear();
        self.rows.extend(self.nodes.iter().map(|&node| levels.row(level, node)));
        self.cosines.resize(self.rows.len(), 0.0);
        aim.codes.coarse_each(aim.query, &self.rows, &mut self.cosines);
        let mut first = usize::MAX;
        for at in 0..self.nodes.len() {
            let (node, cosine) = (self.nodes[at], self.cosines[at]);
            let long = self.found.len() == REACH * aim.width;
            let full = long || self.allowed == aim.width;
            if full && self.found.last().is_some_and(|last| last.cosine >= cosine) {
                continue;
            }
            let allowed = aim.allowed.is_none_or(|allowed| allowed(self.rows[at] as usize));
            if long {
                self.drop_last();
            }
            while allowed && self.allowed == aim.width {
                self.drop_last();
            }
            self.allowed += usize::from(allowed);
            let place = self.found.partition_point(|found| found.cosine >= cosine);
            self.found.insert(place, Found { cosine, node, allowed, followed: false });
            first = first.min(place);
        }
        first
    }

    /// Forgets what was found.
    pub(super) fn clear(&mut self) {
        self.found.clear();
        self.allowed = 0;
    }

    fn drop_last(&mut self) {
        self.allowed -= self.found.pop().map_or(0, |last| usize::from(last.allowed));
    }
}

impl Graph {
    /// Begins a walk at a node, or at one more than it began at.
    pub(super) fn enter(&self, walk: &mut Walk, level: usize, node: u32, aim: &Aim) {
        if walk.found.iter().all(|found| found.node != node) {
            walk.nodes.clear();
            walk.nodes.push(node);
            walk.compare(&self.levels, level, aim);
        }
    }

    /// Goes to the level below, to begin at the best that was found.
    pub(super) fn descend(&self, walk: &mut Walk, level: usize, aim: &Aim) {
        let node = walk.found.first().map_or(0, |best| best.node);
        walk.clear();
        self.enter(walk, level - 1, if level == 1 { self.levels.row(1, node) } else { node }, aim);
    }

    /// Follows the links of the best that was found, until there is none whose links lead to a better one.
    pub(super) fn walk(&self, walk: &mut Walk, level: usize, aim: &Aim) {
        walk.seen.0.fill(0);
        for found in &walk.found {
            walk.seen.insert(found.node);
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
                if walk.seen.insert(link) {
                    walk.nodes.push(link);
                }
            }
            at = at.min(walk.compare(&self.levels, level, aim));
        }
    }
}
