//! The desk itself: the only place that knows the order of the stages
//!
//! [`Carrel`] holds a model and an index. It adds documents step by step, so that whoever drives it can show
//! progress, stop between steps, and have others embed what was cut; it searches; and it asks, handing out a
//! [`Request`] for others to send and taking what comes back. It has no clock, no network and no storage of its own.

mod addition;
mod inquiry;

use serde::{Deserialize, Serialize};

use crate::chunk::Sizes;
use crate::document::Passage;
use crate::embed::Embedder;
use crate::error::{Error, Result};
use crate::index::{Entry, Index};
use crate::ingest::{self, Source};
use crate::model::Model;
use crate::retrieve::{self, Hit, Mode};
use crate::vector::UnitVector;

pub use addition::{Addition, Batch};
pub use inquiry::{AskOptions, Event, Generator, Inquiry, Ranked, Sent, Stage, Trace, Work};

/// The longest question, in characters.
pub const LONGEST_QUESTION: usize = 8_000;
/// The most passages that a search gives.
pub const MOST_PASSAGES: usize = 1_000;
/// How much of a chunk may be the end of the one before, in tokens.
const OVERLAP: usize = 32;

/// A model, an index, and the stages strung together.
pub struct Carrel {
    embedder: Embedder,
    index: Index,
    sizes: Sizes,
    clock: Box<dyn Fn() -> f64>,
}

/// How a search is done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchOptions {
    /// How many passages are wanted at most, 1 to [`MOST_PASSAGES`].
    pub limit: usize,
    /// Which ways of finding are used.
    pub mode: Mode,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { limit: 10, mode: Mode::default() }
    }
}

impl Carrel {
    /// With nothing in it; sizes of chunks are those that suit the model.
    ///
    /// # Errors
    /// `model_invalid`.
    pub fn new(model: Model) -> Result<Self> {
        let embedder = Embedder::new(model)?;
        let index = Index::new(embedder.fingerprint(), embedder.dimensions());
        let tokens = embedder.token_limit();
        let sizes = Sizes { tokens, overlap: OVERLAP.min(tokens / 4) };
        Ok(Self { embedder, index, sizes, clock: Box::new(|| 0.0) })
    }

    /// Tells it how to read the time, in milliseconds from any beginning; without, all times in traces are 0.
    pub fn set_clock(&mut self, clock: impl Fn() -> f64 + 'static) {
        self.clock = Box::new(clock);
    }

    /// Opens a saved index instead of what is there; `file` gives the bytes of a file of that name.
    ///
    /// # Errors
    /// `index_corrupt`, `index_version`, and `index_model` where another model made the vectors. What was there
    /// stays in all these cases.
    pub fn open(&mut self, file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<()> {
        let index = Index::from_files(file)?;
        if index.model() != self.embedder.fingerprint() || index.dimensions() != self.embedder.dimensions() {
            return Err(Error::IndexModel {
                index: index.model().to_owned(),
                model: self.embedder.fingerprint().to_owned(),
            });
        }
        self.index = index;
        Ok(())
    }

    /// The files of the index by name, as [`open`](Self::open) reads them.
    pub fn save(&mut self) -> Vec<(String, Vec<u8>)> {
        self.index.to_files()
    }

    /// Reads a document: the first step of adding it.
    ///
    /// # Errors
    /// Those of [`ingest::read`].
    pub fn begin(&self, source: Source) -> Result<Addition> {
        Addition::new(ingest::read(source)?, self.sizes)
    }

    /// Cuts the next stretch of the text into chunks: some hundred milliseconds of work at most.
    pub fn cut(&self, addition: &mut Addition) {
        addition.cut(&|text| self.embedder.token_starts(text));
    }

    /// Takes the vectors of the chunks from number `first` on, which were handed out to be embedded.
    ///
    /// # Errors
    /// `model_invalid` where they are more than were handed out, or were not made by this model.
    pub fn put(&self, addition: &mut Addition, first: usize, vectors: Vec<UnitVector>) -> Result<()> {
        let dimensions = self.embedder.dimensions();
        if let Some(wrong) = vectors.iter().find(|vector| vector.as_slice().len() != dimensions) {
            let problem = format!("a vector has {} components instead of {dimensions}", wrong.as_slice().len());
            return Err(Error::ModelInvalid { problem });
        }
        addition.put(first, vectors)
    }

    /// Does a little more of the work here: embeds one batch of chunks, or cuts a stretch of the text.
    ///
    /// # Errors
    /// `model_invalid` where the model computes nonsense.
    pub fn advance(&self, addition: &mut Addition) -> Result<()> {
        let Some(Batch { first, texts }) = addition.next_batch() else {
            self.cut(addition);
            return Ok(());
        };
        let vectors = self.embedder.embed_passages(&texts)?;
        self.put(addition, first, vectors)
    }

    /// Puts a document whose work is done into the index; one of the same id is replaced.
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance), for work that was still to do.
    pub fn finish(&mut self, mut addition: Addition) -> Result<&Entry> {
        addition.take_back();
        while !addition.is_done() {
            self.advance(&mut addition)?;
        }
        let (document, chunks, vectors) = addition.into_parts();
        let id = document.id.clone();
        self.index.insert(Entry { document, chunks }, &vectors)?;
        self.index.entry(&id).ok_or(Error::NothingIndexed)
    }

    /// Adds documents at one go, embedding on all cores where there are threads; each that fails is told, the others
    /// go in.
    pub fn add_all(&mut self, sources: impl IntoIterator<Item = Source>) -> Vec<Result<String>> {
        let mut outcomes = Vec::new();
        let mut waiting: Vec<(usize, Addition)> = Vec::new();
        let cut = |carrel: &Self, source: Source| {
            let mut addition = carrel.begin(source)?;
            while !addition.is_cut() {
                carrel.cut(&mut addition);
            }
            Ok(addition)
        };
        for source in sources {
            match cut(self, source) {
                Ok(addition) => {
                    outcomes.push(Ok(addition.document().id.clone()));
                    waiting.push((outcomes.len() - 1, addition));
                }
                Err(error) => outcomes.push(Err(error)),
            }
        }
        let texts: Vec<&str> = waiting.iter().flat_map(|(_, addition)| addition.texts()).collect();
        match self.embedder.embed_passages(&texts) {
            Ok(vectors) => {
                let mut vectors = vectors.into_iter();
                for (at, addition) in waiting {
                    let (document, chunks, _) = addition.into_parts();
                    let own: Vec<UnitVector> = vectors.by_ref().take(chunks.len()).collect();
                    if let Err(error) = self.index.insert(Entry { document, chunks }, &own) {
                        outcomes[at] = Err(error);
                    }
                }
            }
            Err(error) => waiting.iter().for_each(|(at, _)| outcomes[*at] = Err(error.clone())),
        }
        outcomes
    }

    /// Removes a document; tells whether there was one of that id.
    pub fn remove(&mut self, id: &str) -> bool {
        self.index.remove(id)
    }

    /// The documents in order of adding, with their chunks.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.index.entries()
    }

    /// The document of that id, with its chunks.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.index.entry(id)
    }

    /// Prepares a large collection for fast search; takes a while, and nothing but time changes.
    pub fn optimize(&mut self) {
        self.index.optimize();
    }

    /// The model that embeds.
    pub fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// Finds the passages that fit a question best, best first.
    ///
    /// # Errors
    /// `question_empty`, `question_too_long`, `nothing_indexed`, `option_invalid`.
    pub fn search(&self, question: &str, options: SearchOptions) -> Result<Vec<Passage>> {
        let mut stages = Vec::new();
        self.find(question, options, &mut stages)
    }

    /// Asks; what comes back leads to the answer.
    ///
    /// # Errors
    /// Those of [`search`](Self::search), and `option_invalid` for the prompt and the API.
    pub fn ask(&self, question: &str, options: AskOptions) -> Result<Inquiry> {
        Inquiry::new(self, question, options)
    }

    fn find(&self, question: &str, options: SearchOptions, stages: &mut Vec<inquiry::Stage>) -> Result<Vec<Passage>> {
        let question = question.trim();
        if question.is_empty() {
            return Err(Error::QuestionEmpty);
        }
        let characters = question.chars().count();
        if characters > LONGEST_QUESTION {
            return Err(Error::QuestionTooLong { characters, limit: LONGEST_QUESTION });
        }
        if !(1..=MOST_PASSAGES).contains(&options.limit) {
            return Err(Error::OptionInvalid {
                option: "limit".into(),
                problem: format!("{} is not from 1 to {MOST_PASSAGES}", options.limit),
            });
        }
        if self.index.is_empty() {
            return Err(Error::NothingIndexed);
        }
        let vector = match options.mode {
            Mode::Lexical => None,
            _ => Some(self.timed(stages, || {
                let vector = self.embedder.embed_query(question)?;
                let stage = inquiry::Work::Embed {
                    tokens: self.embedder.count_tokens(question),
                    token_limit: self.embedder.query_token_limit(),
                };
                Ok((vector, stage))
            })?),
        };
        self.timed(stages, || {
            let hits = retrieve::retrieve(&self.index, question, vector.as_ref(), options.mode, options.limit)?;
            let passages: Vec<Passage> = hits.iter().filter_map(|hit| self.passage(hit)).collect();
            let stage = inquiry::Work::Retrieve {
                mode: options.mode,
                searched: self.index.len(),
                passages: passages.iter().map(inquiry::Ranked::from).collect(),
            };
            Ok((passages, stage))
        })
    }

    fn passage(&self, hit: &Hit) -> Option<Passage> {
        let (Entry { document, chunks }, at) = self.index.chunk(hit.number)?;
        let chunk = &chunks[at];
        Some(Passage {
            id: document.id.clone(),
            chunk: at,
            title: document.title.clone(),
            url: document.url.clone(),
            format: document.format,
            headings: chunk.headings.clone(),
            page: chunk.page,
            text: chunk.span.of(&document.text).to_owned(),
            span: chunk.span,
            score: hit.score,
            semantic: hit.semantic,
            lexical: hit.lexical,
        })
    }

    fn timed<T>(
        &self,
        stages: &mut Vec<inquiry::Stage>,
        work: impl FnOnce() -> Result<(T, inquiry::Work)>,
    ) -> Result<T> {
        let start = (self.clock)();
        let (result, work) = work()?;
        stages.push(inquiry::Stage { milliseconds: (self.clock)() - start, work });
        Ok(result)
    }
}

impl std::fmt::Debug for Carrel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Carrel {{ model: {}, chunks: {} }}", self.embedder.fingerprint(), self.index.len())
    }
}
