//! A [`Document`] → its chunks, handed out in batches → the vectors that come back
//!
//! Who embeds does not matter here, nor in which order the batches come back: a pool of workers has several under way
//! at a time. Each vector has its place, so that the same document gives the same index whatever the timing. Where a
//! document takes the place of an older version of itself, chunks that say the same keep their vectors.

use std::collections::HashMap;

use crate::checksum::quick;
use crate::chunk::{Chunker, Sizes};
use crate::document::{Chunk, Document};
use crate::embed::BATCH_TOKENS;
use crate::error::{Error, Result};
use crate::index::Entry;
use crate::vector::{Codes, UnitVector};

/// A document on its way into the index: read, cut in part, embedded in part.
pub struct Addition {
    document: Document,
    chunker: Chunker,
    chunks: Vec<Chunk>,
    /// One for each chunk, once it is embedded.
    vectors: Vec<Option<Vector>>,
    known: Known,
    /// How many of the chunks have been handed out.
    handed_out: usize,
    /// How many of the chunks are embedded.
    embedded: usize,
    /// How many bytes of the text are embedded, overlaps counted once.
    covered: usize,
}

/// A chunk's vector: new, or that of the older version's row.
enum Vector {
    New(UnitVector),
    Known(usize),
}

/// The vectors of a document's older version, by what the chunks said.
pub(super) struct Known {
    rows: HashMap<u128, usize>,
    codes: Codes,
}

impl Known {
    pub(super) fn none(dimensions: usize) -> Self {
        Self { rows: HashMap::new(), codes: Codes::new(dimensions) }
    }

    pub(super) fn of(Entry { document, chunks }: &Entry, codes: Codes) -> Self {
        let row = |(row, chunk): (usize, &Chunk)| (quick(chunk.span.of(&document.text).as_bytes()), row);
        Self { rows: chunks.iter().enumerate().map(row).collect(), codes }
    }
}

/// Chunks to be embedded together.
#[derive(Debug, PartialEq)]
pub struct Batch<'addition> {
    /// The number of the first of them within its document.
    pub first: usize,
    /// What they say.
    pub texts: Vec<&'addition str>,
}

impl Addition {
    pub(super) fn new(document: Document, sizes: Sizes, known: Known) -> Result<Self> {
        let chunker = Chunker::new(&document, sizes)?;
        let (chunks, vectors) = (Vec::new(), Vec::new());
        Ok(Self { document, chunker, chunks, vectors, known, handed_out: 0, embedded: 0, covered: 0 })
    }

    /// The document as read.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// How much of the work is done, 0 to 1.
    pub fn progress(&self) -> f64 {
        if self.is_done() { 1.0 } else { self.covered as f64 / self.document.text.len() as f64 }
    }

    /// Whether all is cut.
    pub fn is_cut(&self) -> bool {
        self.chunker.is_done()
    }

    /// Whether all is cut and embedded.
    pub fn is_done(&self) -> bool {
        self.is_cut() && self.embedded == self.chunks.len()
    }

    pub(super) fn cut(&mut self, tokenize: &impl Fn(&str) -> Vec<usize>) {
        for chunk in self.chunker.next(&self.document, tokenize) {
            let known = self.known.rows.get(&quick(chunk.span.of(&self.document.text).as_bytes()));
            self.vectors.push(known.map(|&row| Vector::Known(row)));
            self.chunks.push(chunk);
            if self.vectors.last().is_some_and(Option::is_some) {
                self.count(self.chunks.len() - 1);
            }
        }
    }

    /// Hands out the next chunks that are to be embedded, some thousand tokens of them; nothing where all that was
    /// cut is handed out or known.
    pub fn next_batch(&mut self) -> Option<Batch<'_>> {
        let is_embedded = |vector: &&Option<Vector>| vector.is_some();
        self.handed_out += self.vectors[self.handed_out..].iter().take_while(is_embedded).count();
        let first = self.handed_out;
        let missing = self.vectors[first..].iter().take_while(|vector| !is_embedded(vector)).count();
        let mut tokens = 0;
        let fits = |chunk: &&Chunk| {
            let begins = tokens == 0;
            tokens += chunk.tokens.max(1);
            begins || tokens <= BATCH_TOKENS
        };
        let chunks = self.chunks[first..first + missing].iter().take_while(fits);
        let texts: Vec<&str> = chunks.map(|chunk| chunk.span.of(&self.document.text)).collect();
        self.handed_out += texts.len();
        (!texts.is_empty()).then_some(Batch { first, texts })
    }

    /// Of chunks that come twice the later vectors count.
    pub(super) fn put(&mut self, first: usize, vectors: Vec<UnitVector>) -> Result<()> {
        let end = first.saturating_add(vectors.len());
        if end > self.handed_out {
            let problem = format!("vectors came for passages {first} to {end}, and {} are out", self.handed_out);
            return Err(Error::ModelInvalid { problem });
        }
        for (at, vector) in (first..end).zip(vectors) {
            if self.vectors[at].replace(Vector::New(vector)).is_none() {
                self.count(at);
            }
        }
        Ok(())
    }

    /// A chunk has its vector.
    fn count(&mut self, at: usize) {
        self.embedded += 1;
        self.covered += self.new_bytes(at);
    }

    /// How many bytes of a chunk are not in the one before.
    fn new_bytes(&self, at: usize) -> usize {
        let before = at.checked_sub(1).map_or(0, |before| self.chunks[before].span.end);
        self.chunks[at].span.end.saturating_sub(self.chunks[at].span.start.max(before))
    }

    /// What is handed out and has not come back is to be handed out again.
    pub(super) fn take_back(&mut self) {
        self.handed_out = self.vectors.iter().position(Option::is_none).unwrap_or(self.vectors.len());
    }

    /// The document with its chunks, and their vectors as an index keeps them: all must be there.
    pub(super) fn into_parts(self) -> (Entry, Codes) {
        let mut codes = Codes::new(self.known.codes.dimensions());
        for vector in self.vectors.into_iter().flatten() {
            match vector {
                Vector::New(vector) => codes.push(&vector),
                Vector::Known(row) => codes.extend(&self.known.codes, std::iter::once(row)),
            }
        }
        (Entry { document: self.document, chunks: self.chunks }, codes)
    }
}
