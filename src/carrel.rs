//! The desk itself: the only place that knows the order of the stages
//!
//! [`Carrel`] holds a model and an index. It adds documents step by step, so that whoever drives it can show
//! progress, stop between steps, and have others embed what was cut; it searches; and it asks, handing out a
//! [`Request`] for others to send and taking what comes back. It has no clock, no network and no storage of its own.

mod addition;
mod call;
mod inquiry;
mod passages;
mod recent;
mod revision;
mod trace;

use std::cell::RefCell;

use crate::chunk::Sizes;
use crate::document::Passage;
use crate::embed::Embedder;
use crate::error::{Error, Result};
use crate::generate::Session;
use crate::generate::meter::Totals;
use crate::index::{Entry, Index, Question};
use crate::ingest::{self, Source};
use crate::model::Model;
use crate::prompt::{Turn, follow_up};
use crate::retrieve::{self, Facets, Mode, SearchOptions};
use crate::vector::UnitVector;

use addition::Known;
pub use addition::{Addition, Batch};
pub use call::Call;
pub use inquiry::{AskOptions, Event, FollowUps, Generator, Inquiry};
use recent::Recent;
pub use revision::Revision;
pub use trace::{Ranked, Resent, Sent, Stage, Trace, Work};

/// The longest question, in characters.
pub const LONGEST_QUESTION: usize = 8_000;
/// How much of a chunk may be the end of the one before, in tokens.
const OVERLAP: usize = 32;

/// A model, an index, and the stages strung together.
pub struct Carrel {
    embedder: Embedder,
    index: Index,
    sizes: Sizes,
    clock: Box<dyn Fn() -> f64>,
    /// Of all questions: they only borrow the desk, and are under way side by side.
    session: RefCell<Session>,
    recent: RefCell<Recent>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Best first.
    pub passages: Vec<Passage>,
    /// How many documents have which values, of those that the filter lets through.
    pub facets: Facets,
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
        Ok(Self {
            embedder,
            index,
            sizes,
            clock: Box::new(|| 0.0),
            session: RefCell::default(),
            recent: RefCell::default(),
        })
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
        *self.index_mut() = index;
        Ok(())
    }

    /// The index as it is; for all that does not need the model.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The index, to be saved or merged.
    pub fn index_mut(&mut self) -> &mut Index {
        self.recent.get_mut().forget_found();
        &mut self.index
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
        let document = ingest::read(source)?;
        let known = match self.index.entry_with_codes(&document.id) {
            Some((entry, codes)) => Known::of(entry, codes),
            None => Known::none(self.index.dimensions()),
        };
        Addition::new(document, self.sizes, known)
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
        let (entry, codes) = addition.into_parts();
        let id = entry.document.id.clone();
        self.index_mut().insert_codes(entry, &codes)?;
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
        // All that is missing, of all documents at once: so all cores have work to the end.
        let mut handed_out: Vec<(usize, usize, usize)> = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        for (at, (_, addition)) in waiting.iter_mut().enumerate() {
            while let Some(batch) = addition.next_batch() {
                handed_out.push((at, batch.first, batch.texts.len()));
                texts.extend(batch.texts.into_iter().map(str::to_owned));
            }
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let embedded = self.embedder.embed_passages(&texts).and_then(|vectors| {
            let mut vectors = vectors.into_iter();
            let mut batches = handed_out.into_iter();
            batches.try_for_each(|(at, first, count)| waiting[at].1.put(first, vectors.by_ref().take(count).collect()))
        });
        for (at, addition) in waiting {
            let (entry, codes) = addition.into_parts();
            if let Err(error) = embedded.clone().and_then(|()| self.index_mut().insert_codes(entry, &codes)) {
                outcomes[at] = Err(error);
            }
        }
        outcomes
    }

    /// Removes a document; tells whether there was one of that id.
    pub fn remove(&mut self, id: &str) -> bool {
        self.index_mut().remove(id)
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
        self.index_mut().optimize();
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
        Ok(self.find(question, &options)?.passages)
    }

    /// Finds the passages that fit a question best, and counts the facets that the options name.
    ///
    /// # Errors
    /// Those of [`search`](Self::search).
    pub fn find(&self, question: &str, options: &SearchOptions) -> Result<Found> {
        self.find_in_stages(question, options, None)
    }

    /// Asks; what comes back leads to the answer.
    ///
    /// # Errors
    /// Those of [`search`](Self::search), and `option_invalid` for the prompt and the API.
    pub fn ask(&self, question: &str, options: AskOptions) -> Result<Inquiry> {
        Inquiry::new(self, question, options)
    }

    /// Asks a language model to write a question so that it stands alone, where it leans on those before it. The text of
    /// the inquiry goes to [`rewritten`](Self::rewritten), and what that gives into the options of [`ask`](Self::ask).
    ///
    /// # Errors
    /// `option_invalid` for the API, `budget_exceeded`.
    pub fn rewrite(&self, question: &str, options: &AskOptions) -> Result<Option<Inquiry>> {
        let turns = &options.history;
        match &options.generator {
            Some(Generator::Api(settings))
                if options.follow_ups == FollowUps::Model && follow_up::leans(question, turns) =>
            {
                Inquiry::rewriting(self, question, turns, (**settings).clone()).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The question as a model wrote it, where that can be believed.
    pub fn rewritten(&self, reply: &str, question: &str, turns: &[Turn]) -> Option<String> {
        let (question, by_model) = follow_up::by_model(reply, question, turns);
        by_model.then(|| question.into_owned())
    }

    /// What the language models' answers took together.
    pub fn totals(&self) -> Totals {
        *self.session.borrow().totals()
    }

    /// Finds, and tells the stages where they are wanted: then what was found lately is found at once.
    fn find_in_stages(&self, written: &str, options: &SearchOptions, stages: Option<&mut Vec<Stage>>) -> Result<Found> {
        let question = written.trim();
        if question.is_empty() {
            return Err(Error::QuestionEmpty);
        }
        let characters = question.chars().count();
        if characters > LONGEST_QUESTION {
            return Err(Error::QuestionTooLong { characters, limit: LONGEST_QUESTION });
        }
        options.check()?;
        if self.index.is_empty() {
            return Err(Error::NothingIndexed);
        }
        let (remember, mut unwanted) = (stages.is_some(), Vec::new());
        let stages = stages.unwrap_or(&mut unwanted);
        let vector = match options.mode {
            Mode::Lexical => None,
            _ => Some(self.timed(stages, || {
                let reused = remember && self.recent.borrow().vector(question).is_some();
                let vector = if remember { self.vector(question) } else { self.embedder.embed_query(question) }?;
                let (tokens, token_limit) = (self.embedder.count_tokens(question), self.embedder.query_token_limit());
                Ok((vector, Work::Embed { tokens, token_limit, reused }))
            })?),
        };
        self.timed(stages, || {
            let recent = self.recent.borrow().found(written, options).filter(|_| remember);
            let reused = recent.is_some();
            let found = match recent {
                Some(found) => found,
                None => {
                    // With the white space at its end, which ends its last word.
                    let parsed = Question::new(written, options.typing);
                    let retrieve::Found { hits, facets } =
                        retrieve::retrieve(&self.index, &parsed, vector.as_ref(), options)?;
                    Found { passages: passages::passages(&self.index, &parsed, &hits, options.neighbours), facets }
                }
            };
            if remember && !reused {
                self.recent.borrow_mut().keep_found(written, options, &found);
            }
            let passages = found.passages.iter().map(Ranked::from).collect();
            Ok((found, Work::Retrieve { mode: options.mode, searched: self.index.len(), passages, reused }))
        })
    }

    /// The vector of a question, which is remembered.
    fn vector(&self, question: &str) -> Result<UnitVector> {
        let recent = self.recent.borrow().vector(question);
        if let Some(vector) = recent {
            return Ok(vector);
        }
        let vector = self.embedder.embed_query(question)?;
        self.recent.borrow_mut().keep_vector(question, &vector);
        Ok(vector)
    }

    fn timed<T>(&self, stages: &mut Vec<Stage>, work: impl FnOnce() -> Result<(T, Work)>) -> Result<T> {
        let start = (self.clock)();
        let (result, work) = work()?;
        stages.push(Stage { milliseconds: (self.clock)() - start, work });
        Ok(result)
    }
}

impl std::fmt::Debug for Carrel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Carrel {{ model: {}, chunks: {} }}", self.embedder.fingerprint(), self.index.len())
    }
}
