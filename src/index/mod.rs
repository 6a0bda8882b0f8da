//! chunks and vectors → an [`Index`] that finds them
//!
//! Two ways to find a chunk: by its vector ([`nearest`](self)) and by its words ([`keywords`](self)). Both count
//! chunks by the same number, in the order of their adding; a removed document's chunks keep their numbers, dead,
//! until the index is compacted. All in memory, all synchronous; [`format`](self) turns it into files and back.

mod format;
mod keywords;
mod nearest;

use crate::document::{Chunk, Document};
use crate::error::{Error, Result};
use crate::vector::UnitVector;

pub use format::{MANIFEST, bundle, file_names, unbundle};
use keywords::Keywords;
use nearest::Graph;

/// The number of a chunk within an index: its place in the order of adding.
pub type ChunkNumber = u32;

/// A document with its chunks, as an index keeps them.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// The document.
    pub document: Document,
    /// Its chunks in order.
    pub chunks: Vec<Chunk>,
}

/// What is searched.
pub struct Index {
    model: String,
    dimensions: usize,
    /// By order of adding; nothing where a document was removed.
    entries: Vec<Option<Entry>>,
    /// For each chunk number the entry and the chunk within it.
    owners: Vec<(u32, u32)>,
    /// One row of `dimensions` components for each chunk number.
    vectors: Vec<f32>,
    keywords: Keywords,
    /// Over the first chunks, where it was worth building; the rest is scanned.
    graph: Option<Graph>,
}

impl Index {
    /// An empty index for vectors of `dimensions` components made by the model of that fingerprint.
    pub fn new(model: &str, dimensions: usize) -> Self {
        Self {
            model: model.to_owned(),
            dimensions,
            entries: Vec::new(),
            owners: Vec::new(),
            vectors: Vec::new(),
            keywords: Keywords::default(),
            graph: None,
        }
    }

    /// The fingerprint of the model whose vectors it holds.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// How many components its vectors have.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How many chunks can be found.
    pub fn len(&self) -> usize {
        self.entries().map(|entry| entry.chunks.len()).sum()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.entries().all(|entry| entry.chunks.is_empty())
    }

    /// The documents in order of adding.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    /// The document with this id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries().find(|entry| entry.document.id == id)
    }

    /// The document and the chunk of that number, unless it was removed.
    pub fn chunk(&self, number: ChunkNumber) -> Option<(&Entry, usize)> {
        let &(entry, chunk) = self.owners.get(number as usize)?;
        Some((self.entries[entry as usize].as_ref()?, chunk as usize))
    }

    fn alive(&self, number: ChunkNumber) -> bool {
        self.entries[self.owners[number as usize].0 as usize].is_some()
    }

    /// Adds a document; one of the same id is replaced.
    ///
    /// # Errors
    /// `option_invalid` where there is not one vector of the index's dimensions for each chunk.
    pub fn insert(&mut self, entry: Entry, vectors: &[UnitVector]) -> Result<()> {
        let fits = vectors.len() == entry.chunks.len()
            && vectors.iter().all(|vector| vector.as_slice().len() == self.dimensions);
        if !fits {
            return Err(Error::OptionInvalid {
                option: "vectors".into(),
                problem: format!("one of {} components is needed for each chunk", self.dimensions),
            });
        }
        self.remove(&entry.document.id);
        let number = self.entries.len() as u32;
        for (at, (chunk, vector)) in entry.chunks.iter().zip(vectors).enumerate() {
            self.keywords.insert(self.owners.len() as ChunkNumber, &searched_text(&entry.document, chunk));
            self.owners.push((number, at as u32));
            self.vectors.extend_from_slice(vector.as_slice());
        }
        self.entries.push(Some(entry));
        Ok(())
    }

    /// Removes the document with this id; tells whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let found = |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.document.id == id);
        let Some(at) = self.entries.iter().position(found) else {
            return false;
        };
        let Some(entry) = self.entries[at].take() else {
            return false;
        };
        let first = self.owners.partition_point(|&(owner, _)| (owner as usize) < at);
        for (offset, chunk) in entry.chunks.iter().enumerate() {
            self.keywords.remove((first + offset) as ChunkNumber, &searched_text(&entry.document, chunk));
        }
        if self.owners.len() > 2 * self.len() {
            self.compact();
        }
        true
    }

    /// Gives the chunks new numbers without gaps.
    fn compact(&mut self) {
        let old = std::mem::replace(self, Self::new(&self.model, self.dimensions));
        let mut rows = old.vectors.chunks_exact(old.dimensions);
        for (number, entry) in old.entries.into_iter().enumerate() {
            let owned = old.owners.iter().filter(|owner| owner.0 as usize == number).count();
            let rows: Vec<&[f32]> = rows.by_ref().take(owned).collect();
            let Some(entry) = entry else { continue };
            let number = self.entries.len() as u32;
            for (at, (chunk, row)) in entry.chunks.iter().zip(rows).enumerate() {
                self.keywords.insert(self.owners.len() as ChunkNumber, &searched_text(&entry.document, chunk));
                self.owners.push((number, at as u32));
                self.vectors.extend_from_slice(row);
            }
            self.entries.push(Some(entry));
        }
    }

    /// The chunks nearest to a vector and their cosines, best first.
    pub fn nearest(&self, query: &UnitVector, limit: usize) -> Vec<(ChunkNumber, f32)> {
        let alive = |number| self.alive(number);
        match &self.graph {
            Some(graph) => graph.search(query.as_slice(), &self.vectors, self.dimensions, limit, alive),
            None => nearest::scan(query.as_slice(), &self.vectors, self.dimensions, 0, limit, alive),
        }
    }

    /// The cosine of a chunk's vector and the query's.
    pub fn cosine(&self, query: &UnitVector, number: ChunkNumber) -> f32 {
        let start = number as usize * self.dimensions;
        crate::vector::dot(query.as_slice(), &self.vectors[start..start + self.dimensions])
    }

    /// The chunks that share words with the query and their BM25 scores, best first.
    pub fn matching(&self, query: &str) -> Vec<(ChunkNumber, f32)> {
        self.keywords.search(query)
    }

    /// Builds the graph that makes vector search fast in large collections, where it is worth it.
    ///
    /// Takes seconds for 10,000 chunks; search works before and after.
    pub fn optimize(&mut self) {
        if self.owners.len() > self.len() {
            self.compact();
        }
        self.graph = (self.owners.len() >= nearest::GRAPH_FROM).then(|| Graph::build(&self.vectors, self.dimensions));
    }
}

/// What of a chunk is searched by words: its document's title and its headings tell what it is about.
fn searched_text(document: &Document, chunk: &Chunk) -> String {
    let mut text = document.title.clone();
    for heading in &chunk.headings {
        text.push('\n');
        text.push_str(heading);
    }
    text.push('\n');
    text.push_str(chunk.span.of(&document.text));
    text
}
