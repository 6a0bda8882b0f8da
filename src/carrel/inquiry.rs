//! A question on its way to an answer
//!
//! An [`Inquiry`] has found its passages and made its request; others send it and push in what comes back. It says
//! when to send, and whether to send again; it turns what comes into text and checked citations, and keeps a [`Trace`]
//! of every stage.

use serde::{Deserialize, Serialize};

use super::Carrel;
use super::call::Call;
use super::revision::Revision;
use super::trace::{Resent, Stage, Trace, Work};
use crate::document::{Passage, Span};
use crate::error::Result;
use crate::generate::meter::{Meter, Prices, Tokens};
use crate::generate::{self, Settings, Usage, extractive};
use crate::ground::{Author, Citation, Evidence, Marks, Verdict};
use crate::prompt::{self, Example, Message, Prompt, Template};
use crate::retrieve::{Filter, Mode, SearchOptions};

/// How a question is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct AskOptions {
    /// How many passages are used at most.
    pub limit: usize,
    /// Which ways of finding are used.
    pub mode: Mode,
    /// Which documents may be used; all without.
    pub filter: Option<Filter>,
    /// How much passages should differ, 0 to 1: see [`SearchOptions::diversity`].
    pub diversity: f32,
    /// Whether of passages that say the same only the best is used.
    pub collapse: bool,
    /// How many chunks before and after each passage are used with it.
    pub neighbours: usize,
    /// The wording of the prompt.
    pub template: Template,
    /// Worked examples for the model.
    pub examples: Vec<Example>,
    /// How long the prompt may be, in tokens of the embedding model: an estimate for others.
    pub context_tokens: usize,
    /// Where the answer comes from; nothing for an extractive answer.
    pub generator: Option<Generator>,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Generator {
    /// An API over HTTP.
    Api(Box<Settings>),
    /// A function of the user's own, which is given the messages and gives text; its name is for the trace.
    Own {
        /// What it is called.
        own: String,
    },
}

impl Default for AskOptions {
    fn default() -> Self {
        Self {
            limit: 5,
            mode: Mode::default(),
            filter: None,
            diversity: 0.0,
            collapse: false,
            neighbours: 0,
            template: Template::default(),
            examples: Vec::new(),
            context_tokens: 3_000,
            generator: None,
        }
    }
}

/// What an answer consists of, in the order of coming.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event {
    /// The text goes on.
    Text {
        /// The new part.
        text: String,
    },
    /// A citation, or a new verdict on one that was told before (the same place in the text).
    Citation(Citation),
    /// The model has ended.
    Usage(Usage),
}

/// A question on its way to an answer.
pub struct Inquiry {
    sources: Vec<Passage>,
    evidence: Evidence,
    marks: Marks,
    text: String,
    writer: Writer,
    draft: Draft,
    trace: Trace,
    started: f64,
    finished: bool,
}

/// Who writes the text.
enum Writer {
    Extractive,
    Own { name: String, messages: Vec<Message>, meter: Meter },
    Api(Box<Call>),
}

/// What a prompt is made of, beside the passages.
#[derive(Default)]
struct Draft {
    template: Template,
    examples: Vec<Example>,
    /// Of the prompt that was made.
    tokens: usize,
}

impl Inquiry {
    pub(super) fn new(carrel: &Carrel, question: &str, options: AskOptions) -> Result<Self> {
        let AskOptions { template, examples, context_tokens, generator, .. } = options;
        let AskOptions { limit, mode, filter, diversity, collapse, neighbours, .. } = options;
        let mut stages = Vec::new();
        let search = SearchOptions { limit, mode, filter, diversity, collapse, neighbours, ..SearchOptions::default() };
        let mut sources = carrel.find_in_stages(question, &search, &mut stages)?.passages;
        let question = question.trim().to_owned();
        let started = (carrel.clock)();
        let mut draft = Draft { template, examples, tokens: 0 };
        let writer = match generator {
            None => Writer::Extractive,
            Some(generator) => {
                let count = |text: &str| carrel.embedder.count_tokens(text);
                let Draft { template, examples, .. } = &draft;
                let prompt = carrel.timed(&mut stages, || {
                    let prompt = prompt::build(template, examples, &question, &sources, context_tokens, &count)?;
                    let Prompt { messages, passages, left_out, tokens } = prompt.clone();
                    Ok((prompt, Work::Prompt { passages, left_out, tokens, messages }))
                })?;
                sources.truncate(prompt.passages); // What the model did not see it cannot cite.
                draft.tokens = prompt.tokens;
                match generator {
                    Generator::Own { own } => {
                        Writer::Own { name: own, messages: prompt.messages, meter: Meter::new(started) }
                    }
                    Generator::Api(settings) => Writer::Api(Box::new(Call::new(carrel, *settings, &prompt)?)),
                }
            }
        };
        let request = if let Writer::Api(call) = &writer { Some(call.sent()) } else { None };
        let trace = Trace {
            question,
            stages,
            request,
            first_token_milliseconds: None,
            usage: None,
            resent: Vec::new(),
            cached: false,
            measure: None,
        };
        let evidence = Evidence::new(&sources);
        let (marks, text) = (Marks::default(), String::new());
        Ok(Self { sources, evidence, marks, text, writer, draft, trace, started, finished: false })
    }

    /// The passages that the answer may cite, as `[1]` and so on in this order.
    pub fn sources(&self) -> &[Passage] {
        &self.sources
    }

    /// The call that is to be made, where the answer comes from an API; its response goes to [`push`](Self::push).
    pub fn call(&mut self) -> Option<&mut Call> {
        match &mut self.writer {
            Writer::Api(call) => Some(call),
            _ => None,
        }
    }

    /// The messages, where a function of the user's own answers; its text goes to [`push_text`](Self::push_text).
    pub fn messages(&self) -> Option<&[Message]> {
        match &self.writer {
            Writer::Own { messages, .. } => Some(messages),
            _ => None,
        }
    }

    /// The answer as far as it has come.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was done so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Takes out of the prompt, before it is sent, what a person does not want to be sent.
    ///
    /// # Errors
    /// `option_invalid` where a source that is to be struck does not exist.
    pub fn revise(&mut self, carrel: &Carrel, revision: &Revision) -> Result<()> {
        revision.check(self.sources.len())?;
        let Draft { template, examples, tokens } = &mut self.draft;
        let shown = revision.struck(&self.sources);
        let count = |text: &str| carrel.embedder.count_tokens(text);
        let mut prompt = prompt::build(template, examples, &self.trace.question, &shown, usize::MAX, &count)?;
        revision.redact(&mut prompt.messages);
        *tokens = prompt.tokens;
        match &mut self.writer {
            Writer::Extractive => return Ok(()),
            Writer::Own { messages, .. } => messages.clone_from(&prompt.messages),
            Writer::Api(call) => {
                call.revise(&prompt)?;
                self.trace.request = Some(call.sent());
            }
        }
        self.evidence = Evidence::new(&shown); // What was not sent supports nothing.
        let made = self.trace.stages.iter_mut().find_map(|stage| match &mut stage.work {
            Work::Prompt { messages, tokens, .. } => Some((messages, tokens)),
            _ => None,
        });
        if let Some((messages, tokens)) = made {
            (*messages, *tokens) = (prompt.messages, prompt.tokens);
        }
        Ok(())
    }

    /// The response to the same request, where one is kept; it goes to [`push`](Self::push), and nothing is sent.
    pub fn kept(&mut self, carrel: &Carrel) -> Option<Vec<u8>> {
        let response = self.call()?.kept(carrel)?;
        self.trace.cached = true;
        Some(response)
    }

    /// Takes the next bytes of the response, cut anywhere.
    pub fn push(&mut self, carrel: &Carrel, bytes: &[u8]) -> Vec<Event> {
        let decoded = self.call().map_or_else(Vec::new, |call| call.push(carrel, bytes));
        self.write(carrel, decoded)
    }

    /// The response has ended, well or not. In how many milliseconds [`Call::turn`] is to be asked, where the request is
    /// sent again; nothing where the answer is whole. `random` is in 0…1.
    ///
    /// # Errors
    /// Why there is no answer, or no more of it: the text that came stays.
    pub fn settle(&mut self, carrel: &Carrel, random: f64) -> Result<Option<f64>> {
        let (began, cached) = (!self.text.is_empty(), self.trace.cached);
        let Some(call) = self.call() else { return Ok(None) };
        let Err(error) = call.close(carrel) else { return Ok(None) };
        if cached {
            return Err(error);
        }
        let (code, message) = (error.code(), error.to_string());
        let milliseconds = call.again(carrel, error, began, random)?;
        self.trace.resent.push(Resent { code, message, milliseconds });
        Ok(Some(milliseconds))
    }

    /// Nobody waits for more. What came until then was paid for all the same, so it is measured.
    pub fn abandon(&mut self, carrel: &Carrel) {
        let written = carrel.embedder.count_tokens(&self.text) as u64;
        let counted = Tokens { prompt: self.draft.tokens as u64, completion: written, ..Tokens::default() };
        let measure = match &mut self.writer {
            Writer::Own { meter, name, .. } if self.trace.measure.is_none() => {
                let now = (carrel.clock)();
                let measure = meter.end(now, &Usage::default(), counted, &Prices::default(), name);
                carrel.session.borrow_mut().add(&measure);
                Some(measure)
            }
            Writer::Api(call) => call.measure(carrel, self.trace.usage.as_ref(), counted),
            _ => None,
        };
        self.trace.measure = self.trace.measure.or(measure);
    }

    /// Takes the next words of a function of the user's own.
    pub fn push_text(&mut self, carrel: &Carrel, text: &str) -> Vec<Event> {
        self.write(carrel, vec![generate::Event::Text(text.to_owned())])
    }

    /// The answer has ended; without an API or a function this writes it.
    ///
    /// # Errors
    /// Those of [`settle`](Self::settle), where that was not called.
    pub fn finish(&mut self, carrel: &Carrel) -> Result<Vec<Event>> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        let citations = match &mut self.writer {
            Writer::Extractive => self.extract(carrel, &mut events)?,
            Writer::Own { .. } => self.evidence.check(&self.text),
            Writer::Api(call) => {
                let end = call.end(carrel)?;
                events.extend(self.write(carrel, end));
                self.evidence.check(&self.text)
            }
        };
        self.abandon(carrel);
        let by = match &self.writer {
            Writer::Extractive => "extractive".to_owned(),
            Writer::Own { name, .. } => name.clone(),
            Writer::Api(call) => call.model().to_owned(),
        };
        let now = (carrel.clock)();
        let stage = |milliseconds, work| Stage { milliseconds, work };
        self.trace.stages.push(stage(now - self.started, Work::Generate { by, bytes: self.text.len() }));
        let count = |verdict| citations.iter().filter(|citation| citation.verdict == verdict).count();
        let ground = Work::Ground {
            supported: count(Verdict::Supported),
            weak: count(Verdict::Weak),
            unsupported: count(Verdict::Unsupported),
            added: citations.iter().filter(|citation| citation.by == Author::Carrel).count(),
        };
        events.extend(citations.into_iter().map(Event::Citation));
        self.trace.stages.push(stage((carrel.clock)() - now, ground));
        Ok(events)
    }

    fn write(&mut self, carrel: &Carrel, decoded: Vec<generate::Event>) -> Vec<Event> {
        let mut events = Vec::new();
        for event in decoded {
            match event {
                generate::Event::Text(text) => {
                    let now = (carrel.clock)();
                    self.trace.first_token_milliseconds.get_or_insert(now - self.started);
                    if let Writer::Own { meter, .. } = &mut self.writer {
                        meter.heard(now);
                    }
                    self.text.push_str(&text);
                    events.push(Event::Text { text });
                    let citations = self.evidence.stream(&self.text, &mut self.marks);
                    events.extend(citations.into_iter().map(Event::Citation));
                }
                generate::Event::Quote { .. } => {} // Only of documents that were sent to be cited: none are.
                generate::Event::End(usage) => {
                    self.trace.usage = Some(usage.clone());
                    events.push(Event::Usage(usage));
                }
            }
        }
        events
    }

    /// Writes an extractive answer: a paragraph for each passage that is quoted.
    fn extract(&mut self, carrel: &Carrel, events: &mut Vec<Event>) -> Result<Vec<Citation>> {
        let question = &self.trace.question;
        let vector = carrel.embedder.embed_query(question)?;
        let similarity = |texts: &[&str]| {
            let vectors = carrel.embedder.embed_passages(texts)?;
            Ok(vectors.iter().map(|other| vector.cosine(other)).collect())
        };
        let extracts = extractive::extract(question, &self.sources, similarity)?;
        let mut citations = Vec::new();
        let mut last = None;
        for extract in extracts {
            let gap = match last.replace(extract.source) {
                None => "",
                Some(source) if source == extract.source => " ",
                Some(_) => "\n\n",
            };
            let number = extract.source + 1;
            let mark = format!("[{number}]");
            let text = format!("{gap}{} {mark}", extract.text);
            self.text.push_str(&text);
            let passage = &self.sources[extract.source];
            let start = passage.span.start + extract.span.start;
            citations.push(Citation {
                number,
                at: Span::new(self.text.len() - mark.len(), self.text.len()),
                source: Some(extract.source),
                span: Some(Span::new(start, start + extract.span.len())),
                support: 1.0,
                verdict: Verdict::Supported,
                by: Author::Carrel,
            });
            events.push(Event::Text { text });
        }
        Ok(citations)
    }
}
