//! many small segments → few large ones, with graphs
//!
//! Segments are put together with those before them that are not much larger, so that each chunk is rewritten a few
//! times only, however much is added, and there are few segments to search. Small ones are put together at once, when
//! the index is saved. The graph of large ones takes seconds: it can be built elsewhere ([`Index::work`],
//! [`build_graph`], [`Index::adopt`]) while documents are added, removed and found here. Always neighbours are put
//! together, so that the order of adding stays.

use std::ops::Range;
use std::sync::Arc;

use super::graph::Graph;
use super::keywords::Keywords;
use super::segment::{Content, Segment};
use super::{Entry, GRAPH_FROM, Index};
use crate::error::{Error, Result};
use crate::vector::Codes;

/// Segments whose graph is being built elsewhere, as they were when it was begun.
pub(super) struct Offer {
    segments: Range<usize>,
    /// What was removed by then, by segment.
    dead: Vec<Vec<bool>>,
}

/// Builds the graph that [`Index::work`] asked for; takes seconds for some ten thousand chunks.
///
/// # Errors
/// `option_invalid` where `work` did not come from there.
pub fn build_graph(work: &[u8]) -> Result<Vec<u8>> {
    let codes = work.split_first_chunk().and_then(|(dimensions, codes)| {
        let dimensions = u32::from_le_bytes(*dimensions) as usize;
        Codes::from_bytes(dimensions, codes)
    });
    let problem = "these are no vectors of an index".to_owned();
    let codes = codes.ok_or(Error::OptionInvalid { option: "work".into(), problem })?;
    Ok(Graph::build(&codes).to_bytes())
}

impl Index {
    /// The vectors of which a graph is worth building now, for [`build_graph`]; nothing where there is no such work, or
    /// where it is under way.
    pub fn work(&mut self) -> Option<Vec<u8>> {
        let range = self.worth_a_graph().filter(|_| self.offer.is_none())?;
        self.segments[range.clone()].iter_mut().for_each(|segment| segment.is_open = false);
        let dead = self.dead_in(&range);
        let codes = living_codes(&self.segments[range.clone()], &dead, self.dimensions);
        self.offer = Some(Offer { segments: range, dead });
        let mut work = (self.dimensions as u32).to_le_bytes().to_vec();
        work.extend(codes.to_bytes());
        Some(work)
    }

    /// Takes the graph that was built; tells whether it was still wanted.
    ///
    /// # Errors
    /// `index_corrupt` where it is not what [`build_graph`] gave for the work; the work is given up then.
    pub fn adopt(&mut self, graph: &[u8]) -> Result<bool> {
        let Some(Offer { segments, dead }) = self.offer.take() else {
            return Ok(false);
        };
        let alive = |(segment, dead): (&Segment, &Vec<bool>)| {
            let counted = segment.content.entries.iter().zip(dead).filter(|(_, dead)| !**dead);
            counted.map(|(entry, _)| entry.chunks.len()).sum::<usize>()
        };
        let points = self.segments[segments.clone()].iter().zip(&dead).map(alive).sum();
        let graph = Graph::from_bytes(graph, points)
            .ok_or_else(|| super::format::corrupt("graph", "it does not fit the vectors that it was built for"))?;
        self.join(segments, &dead, |_| Some(graph));
        Ok(true)
    }

    /// Lets go of work that nobody does any more.
    pub fn give_up_work(&mut self) {
        self.offer = None;
    }

    /// Does all that makes search fast, here and now: takes seconds for some ten thousand chunks. Search works before
    /// and after.
    pub fn optimize(&mut self) {
        self.give_up_work();
        self.tidy();
        while let Some(range) = self.worth_a_graph() {
            let dead = self.dead_in(&range);
            self.join(range, &dead, |codes| Some(Graph::build(codes)));
        }
    }

    /// Puts small segments together, and lets go of what was removed.
    pub(super) fn tidy(&mut self) {
        for at in (0..self.segments.len()).rev() {
            let segment = &self.segments[at];
            // Where much is alive, the graph is worth keeping until a new one is built.
            let is_spent = segment.live() * 2 < segment.len() && segment.live() < GRAPH_FROM;
            // An offer tells segments by their places: none before it may go.
            let is_free = self.offer.as_ref().is_none_or(|offer| at >= offer.segments.end);
            if is_free && (is_spent || segment.entries().next().is_none()) {
                self.join_now(at..at + 1);
            }
        }
        let end = self.segments.len();
        let (mut from, mut chunks) = (end, 0);
        while let Some(before) = from.checked_sub(1) {
            let segment = &self.segments[before];
            let fits = from == end || segment.live() <= chunks;
            if !fits || segment.has_graph() || self.is_offered(before) {
                break;
            }
            chunks += segment.live();
            from = before;
        }
        if end - from > 1 {
            self.join_now(from..end);
        }
    }

    fn is_offered(&self, segment: usize) -> bool {
        self.offer.as_ref().is_some_and(|offer| offer.segments.contains(&segment))
    }

    /// The segments that one graph should be built over.
    fn worth_a_graph(&self) -> Option<Range<usize>> {
        let end = self.segments.len();
        let (mut from, mut chunks) = (end, 0);
        while from > 0 && !self.segments[from - 1].has_graph() {
            from -= 1;
            chunks += self.segments[from].live();
        }
        if chunks < GRAPH_FROM {
            let is_spent = |segment: &Segment| segment.has_graph() && segment.live() * 2 < segment.len();
            let at = self.segments.iter().position(is_spent)?;
            return (self.segments[at].live() >= GRAPH_FROM).then_some(at..at + 1);
        }
        while from > 0 && self.segments[from - 1].live() <= 2 * chunks {
            from -= 1;
            chunks += self.segments[from].live();
        }
        Some(from..end)
    }

    /// What is removed of these segments by now.
    fn dead_in(&self, segments: &Range<usize>) -> Vec<Vec<bool>> {
        self.segments[segments.clone()].iter().map(|segment| segment.dead.clone()).collect()
    }

    fn join_now(&mut self, range: Range<usize>) {
        let dead = self.dead_in(&range);
        self.join(range, &dead, |_| None);
    }

    /// Makes one segment of several, without what was `dead`; what was removed since is removed there.
    fn join(&mut self, range: Range<usize>, dead: &[Vec<bool>], graph: impl FnOnce(&Codes) -> Option<Graph>) {
        let segments = &self.segments[range.clone()];
        let codes = living_codes(segments, dead, self.dimensions);
        let alive: Vec<_> = segments
            .iter()
            .zip(dead)
            .map(|(segment, dead)| move |chunk: u32| !dead[segment.content.owners[chunk as usize] as usize])
            .collect();
        let parts: Vec<(&Keywords, &dyn Fn(u32) -> bool)> =
            segments.iter().zip(&alive).map(|(segment, alive)| (&segment.content.keywords, alive as _)).collect();
        let keywords = Keywords::merged(&parts);
        drop(parts);
        drop(alive);
        let graph = graph(&codes);
        let (mut entries, mut dead_now) = (Vec::new(), Vec::new());
        let start = range.start;
        for (segment, was_dead) in self.segments.drain(range).zip(dead) {
            let flags = segment.dead.into_iter().zip(was_dead);
            let kept = |(entry, (is_dead, was_dead)): (Entry, (bool, &bool))| (!was_dead).then_some((entry, is_dead));
            let all: Vec<Entry> = match Arc::try_unwrap(segment.content) {
                Ok(content) => content.entries,
                Err(shared) => shared.entries.clone(),
            };
            for (entry, is_dead) in all.into_iter().zip(flags).filter_map(kept) {
                entries.push(entry);
                dead_now.push(is_dead);
            }
        }
        let joined = Segment::new(Content::of(entries, codes, keywords, graph), dead_now, false);
        if joined.entries().next().is_some() {
            self.segments.insert(start, joined);
        }
        self.forget_allowed();
        self.find_places();
        self.saving.note_change();
    }

    /// Finds out anew where each document is.
    pub(super) fn find_places(&mut self) {
        self.places.clear();
        for (number, segment) in self.segments.iter().enumerate() {
            let placed = segment.entries().map(|(entry, it)| (it.document.id.clone(), (number, entry)));
            self.places.extend(placed);
        }
    }
}

fn living_codes(segments: &[Segment], dead: &[Vec<bool>], dimensions: usize) -> Codes {
    let mut codes = Codes::new(dimensions);
    for (segment, dead) in segments.iter().zip(dead) {
        let content = &segment.content;
        let rows = (0..content.owners.len()).filter(|&row| !dead[content.owners[row] as usize]);
        codes.extend(&content.codes, rows);
    }
    codes.shrink_to_fit(); // They are kept as long as the segment.
    codes
}
