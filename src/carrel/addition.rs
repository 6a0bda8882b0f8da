//! A [`Document`] → its chunks, handed out in batches → the vectors that come back
//!
//! Who embeds does not matter here, nor in which order the batches come back: a pool of workers has several under way
//! at a time. Each vector has its place, so that the same document gives the same index whatever the timing.

use crate::chunk::{Chunker, Sizes};
use crate::document::{Chunk, Document};
use crate::embed::BATCH_TOKENS;
use crate::error::{Error, Result};
use crate::vector::UnitVector;

/// A document on its way into the index: read, cut in part, embedded in part.
pub struct Addition {
    document: Document,
    chunker: Chunker,
    chunks: Vec<Chunk>,
    /// One for each chunk, once it is embedded.
    vectors: Vec<Option<UnitVector>>,
    /// How many of the chunks have been handed out.
    handed_out: usize,
    /// How many of the chunks are embedded.
    embedded: usize,
    /// How many bytes of the text are embedded, overlaps counted once.
    covered: usize,
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
    pub(super) fn new(document: Document, sizes: Sizes) -> Result<Self> {
        let chunker = Chunker::new(&document, sizes)?;
        let (chunks, vectors) = (Vec::new(), Vec::new());
        Ok(Self { document, chunker, chunks, vectors, handed_out: 0, embedded: 0, covered: 0 })
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
        self.chunks.extend(self.chunker.next(&self.document, tokenize));
        self.vectors.resize(self.chunks.len(), None);
    }

    /// Hands out the next chunks that are to be embedded, some thousand tokens of them; nothing where all that was
    /// cut is handed out.
    pub fn next_batch(&mut self) -> Option<Batch<'_>> {
        let first = self.handed_out;
        let mut tokens = 0;
        let fits = |chunk: &&Chunk| {
            let begins = tokens == 0;
            tokens += chunk.tokens.max(1);
            begins || tokens <= BATCH_TOKENS
        };
        let chunks = self.chunks[first..].iter().take_while(fits);
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
            if self.vectors[at].replace(vector).is_none() {
                self.embedded += 1;
                self.covered += self.new_bytes(at);
            }
        }
        Ok(())
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

    /// What its chunks say.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.chunks.iter().map(|chunk| chunk.span.of(&self.document.text))
    }

    /// The document, its chunks, and the vectors of those that are embedded.
    pub(super) fn into_parts(self) -> (Document, Vec<Chunk>, Vec<UnitVector>) {
        (self.document, self.chunks, self.vectors.into_iter().flatten().collect())
    }
}
