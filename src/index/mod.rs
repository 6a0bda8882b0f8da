//! chunks and vectors → an [`Index`] that finds them
//!
//! An index is a row of [`segments`](self): what is added goes into the last one, which is open; what is saved is
//! sealed and never changes again, but for the marks of what was removed. Segments are put together as they grow
//! ([`merge`](self)), by whoever has the time, while search goes on. A chunk is found by its vector (a scan, or a
//! graph) or by its words (BM25 over all segments). All in memory, all synchronous; [`format`](self) turns it into
//! files and back.

mod closeness;
mod format;
mod graph;
mod keywords;
mod lists;
mod merge;
mod phrases;
mod postings;
mod question;
mod ranking;
mod saving;
mod segment;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::document::{Chunk, Document};
use crate::error::{Error, Result};
use crate::order::sort;
use crate::vector::{Codes, Query, UnitVector};

pub use closeness::{Closeness, Wanted};
pub use format::{MANIFEST, bundle, file_names, unbundle};
pub use merge::build_graph;
pub use question::Question;
use saving::Saving;
use segment::Segment;

/// From how many chunks on a graph is worth its building: below, an exact scan takes a fraction of a millisecond.
pub const GRAPH_FROM: usize = 10_000;
/// From how many chunks the [`spread`](Index::spread) is told.
const SAMPLE: usize = 256;

/// Where a chunk is, until the next change of the index. Places sort by the order of adding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    segment: u32,
    chunk: u32,
}

/// A document with its chunks, as an index keeps them.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// The document.
    pub document: Document,
    /// Its chunks in order.
    pub chunks: Vec<Chunk>,
}

/// Which documents may be found.
pub struct Allowed {
    /// For each segment and each of its entries.
    entries: Vec<Vec<bool>>,
    /// How many chunks these have, by segment.
    chunks: Vec<usize>,
}

impl Allowed {
    /// How many chunks may be found.
    pub fn chunks(&self) -> usize {
        self.chunks.iter().sum()
    }
}

/// What was found by words.
pub struct Matches {
    /// The chunks and their BM25 scores, best first.
    pub found: Vec<(Place, f32)>,
    /// The sum of what each word of the question could add at most per occurrence: its inverse document frequency.
    pub most: f32,
    /// Its words, to be looked for in single chunks.
    pub wanted: Wanted,
}

/// What is searched.
pub struct Index {
    model: String,
    dimensions: usize,
    segments: Vec<Segment>,
    /// Where each document is: its segment and its number there.
    places: HashMap<String, (usize, usize)>,
    saving: Saving,
    /// What is being put together elsewhere.
    offer: Option<merge::Offer>,
    /// What passes the test that was asked for last: people search often with the same filter, and to look at every
    /// document takes longer than to search.
    last_allowed: Mutex<Option<(String, Arc<Allowed>)>>,
}

impl Index {
    /// An empty index for vectors of `dimensions` components made by the model of that fingerprint.
    pub fn new(model: &str, dimensions: usize) -> Self {
        Self {
            model: model.to_owned(),
            dimensions,
            segments: Vec::new(),
            places: HashMap::new(),
            saving: Saving::default(),
            offer: None,
            last_allowed: Mutex::default(),
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
        self.segments.iter().map(Segment::live).sum()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The documents in order of adding.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries_of(None)
    }

    /// The documents that may be found, in order of adding.
    pub fn entries_of(&self, allowed: Option<&Allowed>) -> impl Iterator<Item = &Entry> {
        self.segments.iter().enumerate().flat_map(move |(at, segment)| {
            let passes = move |number: usize| allowed.is_none_or(|allowed| allowed.entries[at][number]);
            segment.entries().filter(move |&(number, _)| passes(number)).map(|(_, entry)| entry)
        })
    }

    /// The document with this id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        let &(segment, entry) = self.places.get(id)?;
        Some(&self.segments[segment].content.entries[entry])
    }

    /// The document and the chunk at that place.
    pub fn chunk(&self, place: Place) -> Option<(&Entry, usize)> {
        let segment = self.segments.get(place.segment as usize)?;
        ((place.chunk as usize) < segment.len()).then(|| segment.content.entry_of(place.chunk))
    }

    /// The document with this id and the vectors of its chunks.
    pub fn entry_with_codes(&self, id: &str) -> Option<(&Entry, Codes)> {
        let &(segment, entry) = self.places.get(id)?;
        let content = &self.segments[segment].content;
        let mut codes = Codes::new(self.dimensions);
        codes.extend(&content.codes, content.rows(entry));
        Some((&content.entries[entry], codes))
    }

    /// Adds a document; one of the same id is replaced.
    ///
    /// # Errors
    /// `option_invalid` where there is not one vector of the index's dimensions for each chunk.
    pub fn insert(&mut self, entry: Entry, vectors: &[UnitVector]) -> Result<()> {
        if vectors.iter().any(|vector| vector.as_slice().len() != self.dimensions) {
            return Err(self.needs_vectors());
        }
        let mut codes = Codes::new(self.dimensions);
        vectors.iter().for_each(|vector| codes.push(vector));
        self.insert_codes(entry, &codes)
    }

    /// Adds a document whose vectors are known as an index keeps them; one of the same id is replaced.
    ///
    /// # Errors
    /// `option_invalid` where there is not one vector of the index's dimensions for each chunk.
    pub fn insert_codes(&mut self, entry: Entry, codes: &Codes) -> Result<()> {
        if codes.len() != entry.chunks.len() || codes.dimensions() != self.dimensions {
            return Err(self.needs_vectors());
        }
        let id = entry.document.id.clone();
        self.forget_allowed();
        self.bury(&id);
        if self.segments.last().is_none_or(|last| !last.is_open) {
            self.segments.push(Segment::new(segment::Content::new(self.dimensions), Vec::new(), true));
        }
        let at = self.segments.len() - 1;
        let number = self.segments[at].push(entry, codes);
        self.places.insert(id.clone(), (at, number));
        self.saving.note_document(id);
        Ok(())
    }

    fn needs_vectors(&self) -> Error {
        let problem = format!("one of {} components is needed for each chunk", self.dimensions);
        Error::OptionInvalid { option: "vectors".into(), problem }
    }

    /// Removes the document with this id; tells whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let is_there = self.bury(id);
        if is_there {
            self.saving.note_document(id.to_owned());
        }
        is_there
    }

    fn bury(&mut self, id: &str) -> bool {
        let Some((segment, entry)) = self.places.remove(id) else {
            return false;
        };
        self.segments[segment].remove(entry);
        self.forget_allowed();
        true
    }

    /// The chunks nearest to a vector and their cosines, best first: exact to the twelve bits that are kept of each
    /// component where a scan is made, and where a graph is searched nearly so, the more the greater its `width`.
    pub fn nearest(
        &self,
        query: &UnitVector,
        limit: usize,
        width: Option<usize>,
        allowed: Option<&Allowed>,
    ) -> Vec<(Place, f32)> {
        let query = Query::new(query);
        let mut found = Vec::new();
        for (number, segment) in self.segments.iter().enumerate() {
            let allowed = allowed.map(|allowed| (allowed.entries[number].as_slice(), allowed.chunks[number]));
            let placed = |(chunk, cosine)| (Place { segment: number as u32, chunk }, cosine);
            found.extend(segment.nearest(&query, limit, width, allowed).into_iter().map(placed));
        }
        best(found, limit)
    }

    /// The chunks that share words with the question and their BM25 scores.
    pub fn matching(&self, question: &Question, allowed: Option<&Allowed>) -> Matches {
        let alive: Vec<_> = self.segments.iter().map(|segment| move |chunk| segment.is_alive(chunk)).collect();
        let passing: Vec<_> = (0..)
            .zip(&self.segments)
            .map(|(number, segment): (usize, _)| {
                move |chunk| {
                    let entry = segment.content.owners[chunk as usize] as usize;
                    !segment.dead[entry] && allowed.is_none_or(|allowed| allowed.entries[number][entry])
                }
            })
            .collect();
        let texts: Vec<_> = self.segments.iter().map(|segment| move |chunk| segment.content.text(chunk)).collect();
        let parts: Vec<ranking::Part> = (0..self.segments.len())
            .map(|number| ranking::Part {
                keywords: &self.segments[number].content.keywords,
                alive: &alive[number],
                allowed: &passing[number],
                text: &texts[number],
            })
            .collect();
        let ranking::Matches { found, most, words } = ranking::search(&parts, question);
        let placed = |(segment, chunk, score)| (Place { segment: segment as u32, chunk }, score);
        Matches { found: found.into_iter().map(placed).collect(), most, wanted: Wanted::new(words) }
    }

    /// How much of a question's words a chunk has, and how near one another.
    pub fn closeness(&self, wanted: &mut Wanted, place: Place) -> Closeness {
        wanted.closeness(&self.segments[place.segment as usize].content.text(place.chunk))
    }

    /// What tells the cosine of a chunk's vector and the question's.
    pub fn cosine_to(&self, query: &UnitVector) -> impl Fn(Place) -> f32 {
        let query = Query::new(query);
        move |place| self.segments[place.segment as usize].content.codes.fine(&query, place.chunk as usize)
    }

    /// The cosine of two chunks' vectors.
    pub fn between(&self, one: Place, other: Place) -> f32 {
        let codes = |place: Place| &self.segments[place.segment as usize].content.codes;
        codes(one).between(one.chunk as usize, codes(other), other.chunk as usize)
    }

    /// Which documents pass a test; the answer is remembered under a name until the index changes or another is asked
    /// for.
    pub fn allowed_by(&self, name: &str, test: &dyn Fn(&Document) -> bool) -> Arc<Allowed> {
        let mut last = self.last_allowed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, allowed)) = last.as_ref().filter(|(known, _)| known == name) {
            return Arc::clone(allowed);
        }
        let allowed = Arc::new(self.allowed(test));
        *last = Some((name.to_owned(), Arc::clone(&allowed)));
        allowed
    }

    fn forget_allowed(&mut self) {
        *self.last_allowed.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Which documents pass a test.
    pub fn allowed(&self, test: &dyn Fn(&Document) -> bool) -> Allowed {
        let (mut entries, mut chunks) = (Vec::new(), Vec::new());
        for segment in &self.segments {
            let mut passing = vec![false; segment.dead.len()];
            let mut count = 0;
            for (number, entry) in segment.entries() {
                passing[number] = test(&entry.document);
                count += if passing[number] { entry.chunks.len() } else { 0 };
            }
            entries.push(passing);
            chunks.push(count);
        }
        Allowed { entries, chunks }
    }

    /// How much the question's cosines differ from chunk to chunk: their standard deviation over a sample of chunks
    /// that stand at equal distances; nothing where there are too few to tell.
    pub fn spread(&self, query: &UnitVector) -> Option<f32> {
        let query = Query::new(query);
        let length = self.len();
        let count = length.min(SAMPLE);
        if count < 2 {
            return None;
        }
        let mut wanted = (0..count).map(|at| at * length / count).peekable();
        let mut before = 0;
        let mut cosines = Vec::with_capacity(count);
        for segment in &self.segments {
            for (number, entry) in segment.entries() {
                let first = segment.content.firsts[number] as usize;
                while let Some(at) = wanted.next_if(|&at| at < before + entry.chunks.len()) {
                    cosines.push(f64::from(segment.content.codes.fine(&query, first + at - before)));
                }
                before += entry.chunks.len();
            }
        }
        let mean = cosines.iter().sum::<f64>() / count as f64;
        let variance = cosines.iter().map(|cosine| (cosine - mean).powi(2)).sum::<f64>() / count as f64;
        Some(variance.sqrt() as f32)
    }

    /// How many bytes vectors and graphs take, and how many words.
    pub fn bytes(&self) -> BTreeMap<&'static str, usize> {
        let sum = |bytes: &dyn Fn(&segment::Content) -> usize| self.segments.iter().map(|it| bytes(&it.content)).sum();
        BTreeMap::from([
            ("vectors", sum(&|content| content.codes.bytes())),
            ("graph", sum(&|content| content.graph.as_ref().map_or(0, graph::Graph::bytes))),
            ("keywords", sum(&|content| content.keywords.bytes())),
        ])
    }
}

/// The `limit` best, best first, ties in order.
fn best<T: Ord + Copy>(mut found: Vec<(T, f32)>, limit: usize) -> Vec<(T, f32)> {
    let order = |left: &(T, f32), right: &(T, f32)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
    if found.len() > limit && limit > 0 {
        found.select_nth_unstable_by(limit - 1, order);
    }
    found.truncate(limit);
    sort(&mut found, order);
    found
}
