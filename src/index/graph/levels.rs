//! How many rows → which of them are on which levels
//!
//! A row's number alone tells its levels, so that no file has to say them, and none can say them wrongly.

/// Which rows are on which levels: told by their numbers alone, so that no file has to say it.
#[derive(Debug, PartialEq)]
pub(super) struct Levels {
    pub(super) points: usize,
    /// The rows that are above the bottom, in order. On the upper levels a node is a place in this list.
    pub(super) upper: Vec<u32>,
    /// For each of them the number of its block on level 1; then that of all blocks.
    pub(super) blocks: Vec<u32>,
    /// The first of the nodes on the highest level, and that level; where there is none above the bottom the first row.
    pub(super) entry: u32,
    pub(super) top: usize,
}

impl Levels {
    pub(super) fn new(points: usize) -> Self {
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
    pub(super) fn len(&self) -> usize {
        self.blocks[self.upper.len()] as usize
    }

    /// The block of a node's links on a level: first each row's at the bottom, then each upper row's on levels 1, 2, ….
    #[inline(always)]
    pub(super) fn block(&self, level: usize, node: u32) -> usize {
        if level == 0 { node as usize } else { self.blocks[node as usize] as usize + level - 1 }
    }

    /// Whether a number in a file is a node of the level.
    pub(super) fn holds(&self, level: usize, node: u32) -> bool {
        if level == 0 {
            return (node as usize) < self.points;
        }
        (node as usize) < self.upper.len() && self.block(level, node) < self.blocks[node as usize + 1] as usize
    }

    pub(super) fn row(&self, level: usize, node: u32) -> u32 {
        if level == 0 { node } else { self.upper[node as usize] }
    }

    pub(super) fn entry_row(&self) -> u32 {
        self.row(self.top, self.entry)
    }
}

/// The highest level of a row: each level has a sixteenth of the one below.
pub(super) fn level(row: u32) -> usize {
    let mut hash = row.wrapping_add(1).wrapping_mul(0x9e37_79b1);
    hash = (hash ^ hash >> 15).wrapping_mul(0x85eb_ca77);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae3d);
    ((hash ^ hash >> 16).trailing_zeros() / 4) as usize
}
