//! documents with their vectors and words → a [`Segment`] that finds chunks
//!
//! What was written stays as it is, so that it can be saved once and shared between states of an index: a document
//! that is removed is only marked. Chunks are counted in the order of adding, removed ones too. A small segment is
//! scanned, which is exact and below some ten thousand chunks faster than a graph is worth; a large one has a graph.

use std::sync::Arc;

use super::format::Sealed;
use super::graph::Graph;
use super::keywords::{Keywords, Text};
use super::{Entry, GRAPH_FROM, best};
use crate::document::{Chunk, Document};
use crate::vector::{Codes, Query};

/// How wide a graph of so many points is searched at least: it finds 99 in 100 of the ten nearest, measured at 20,000
/// (64) and at 100,000 (80).
fn least_width(points: usize) -> usize {
    8 * (points.max(1).ilog2() as usize).saturating_sub(6)
}

/// From which share of a segment on, one in so many, a graph is searched so widely that a scan is as fast: a fiftieth of
/// 20,000, a hundredth of 100,000.
const WIDE: usize = 64;

/// What never changes once it is sealed.
pub(super) struct Content {
    pub(super) entries: Vec<Entry>,
    /// For each chunk the number of its entry.
    pub(super) owners: Vec<u32>,
    /// For each entry the number of its first chunk.
    pub(super) firsts: Vec<u32>,
    pub(super) codes: Codes,
    pub(super) keywords: Keywords,
    pub(super) graph: Option<Graph>,
}

pub(super) struct Segment {
    pub(super) content: Arc<Content>,
    /// For each entry whether it was removed.
    pub(super) dead: Vec<bool>,
    /// How many chunks are not removed.
    live: usize,
    /// Whether documents may still be added to it.
    pub(super) is_open: bool,
    /// What its files are called, as long as they would be the same.
    pub(super) files: Option<Sealed>,
}

impl Content {
    pub(super) fn new(dimensions: usize) -> Self {
        Self::of(Vec::new(), Codes::new(dimensions), Keywords::new(), None)
    }

    /// From parts that fit together; there is one row of `codes` for each chunk.
    pub(super) fn of(entries: Vec<Entry>, codes: Codes, keywords: Keywords, graph: Option<Graph>) -> Self {
        let (owners, firsts) = (Vec::new(), Vec::new());
        let mut content = Self { entries: Vec::new(), owners, firsts, codes, keywords, graph };
        for entry in entries {
            content.own(entry);
        }
        content
    }

    fn own(&mut self, entry: Entry) {
        let number = self.entries.len() as u32;
        self.firsts.push(self.owners.len() as u32);
        self.owners.resize(self.owners.len() + entry.chunks.len(), number);
        self.entries.push(entry);
    }

    fn push(&mut self, entry: Entry, codes: &Codes) {
        for chunk in &entry.chunks {
            self.keywords.insert(&searched_text(&entry.document, chunk));
        }
        self.codes.extend(codes, 0..codes.len());
        self.own(entry);
    }

    pub(super) fn entry_of(&self, chunk: u32) -> (&Entry, usize) {
        let entry = self.owners[chunk as usize];
        (&self.entries[entry as usize], (chunk - self.firsts[entry as usize]) as usize)
    }

    pub(super) fn text(&self, chunk: u32) -> Text<'_> {
        let (Entry { document, chunks }, at) = self.entry_of(chunk);
        searched_text(document, &chunks[at])
    }

    /// The rows of an entry's chunks.
    pub(super) fn rows(&self, entry: usize) -> std::ops::Range<usize> {
        let first = self.firsts[entry] as usize;
        first..first + self.entries[entry].chunks.len()
    }
}

impl Segment {
    pub(super) fn new(content: Content, dead: Vec<bool>, is_open: bool) -> Self {
        Self::with(Arc::new(content), dead, is_open)
    }

    /// One with the same content, of which nothing was removed.
    pub(super) fn sharing(content: &Arc<Content>) -> Self {
        Self::with(Arc::clone(content), Vec::new(), false)
    }

    fn with(content: Arc<Content>, dead: Vec<bool>, is_open: bool) -> Self {
        let mut segment = Self { content, dead, live: 0, is_open, files: None };
        segment.dead.resize(segment.content.entries.len(), false);
        let count = |number: usize| if segment.dead[number] { 0 } else { segment.content.entries[number].chunks.len() };
        segment.live = (0..segment.dead.len()).map(count).sum();
        segment
    }

    /// How many of its chunks can be found.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// How many chunks it has, the removed ones among them.
    pub(super) fn len(&self) -> usize {
        self.content.owners.len()
    }

    pub(super) fn has_graph(&self) -> bool {
        self.content.graph.is_some()
    }

    pub(super) fn is_alive(&self, chunk: u32) -> bool {
        !self.dead[self.content.owners[chunk as usize] as usize]
    }

    /// Its documents that are not removed, with their numbers.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.content.entries.iter().enumerate().filter(|&(number, _)| !self.dead[number])
    }

    /// Adds a document; gives its number. Nothing else may hold the content.
    pub(super) fn push(&mut self, entry: Entry, codes: &Codes) -> usize {
        let content = Arc::get_mut(&mut self.content).expect("an open segment is not shared");
        self.live += entry.chunks.len();
        self.dead.push(false);
        content.push(entry, codes);
        self.dead.len() - 1
    }

    pub(super) fn remove(&mut self, entry: usize) {
        if !std::mem::replace(&mut self.dead[entry], true) {
            self.live -= self.content.entries[entry].chunks.len();
            self.files = None;
        }
    }

    /// The chunks nearest to a question, best first; `allowed` tells for each entry whether it may be found, and how
    /// many chunks that are.
    pub(super) fn nearest(
        &self,
        query: &Query,
        limit: usize,
        width: Option<usize>,
        allowed: Option<(&[bool], usize)>,
    ) -> Vec<(u32, f32)> {
        let codes = &self.content.codes;
        let (passes, among) = allowed.map_or((None, self.live), |(passes, among)| (Some(passes), among));
        if among == 0 || limit == 0 {
            return Vec::new();
        }
        let passes = |entry: usize| !self.dead[entry] && passes.is_none_or(|passes| passes[entry]);
        let may_be_found = |chunk: usize| passes(self.content.owners[chunk] as usize);
        let scan = || {
            let entries = (0..self.dead.len()).filter(|&entry| passes(entry));
            codes.nearest_of(
                query,
                limit,
                &mut entries.flat_map(|entry| self.content.rows(entry)).map(|row| row as u32),
            )
        };
        let width = width.unwrap_or_else(|| least_width(self.len()).max(limit.saturating_add(limit / 2))).max(limit);
        let is_worth_it = among >= GRAPH_FROM && width < among / WIDE;
        let Some(graph) = self.content.graph.as_ref().filter(|_| is_worth_it) else {
            return scan();
        };
        let candidates = match among == self.len() {
            true => Some(graph.search(codes, query, width)),
            false => graph.search_among(codes, query, width, &may_be_found),
        };
        let Some(candidates) = candidates else {
            return scan();
        };
        let found = candidates.into_iter().map(|(chunk, _)| (chunk, codes.fine(query, chunk as usize)));
        best(found.collect(), limit)
    }
}

/// What of a chunk is searched by words: its document's title and its headings tell what it is about.
fn searched_text<'entry>(document: &'entry Document, chunk: &'entry Chunk) -> Text<'entry> {
    Text {
        title: &document.title,
        headings: &chunk.headings,
        body: chunk.span.of(&document.text),
        language: document.language,
    }
}
