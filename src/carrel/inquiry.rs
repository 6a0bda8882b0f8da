//! A question on its way to an answer
//!
//! An [`Inquiry`] has found its passages and made its request; others send it and push in what comes back. It turns
//! that into text and checked citations, and keeps a [`Trace`] of every stage.

use serde::{Deserialize, Serialize};

use super::Carrel;
use crate::document::{Passage, Span};
use crate::error::{Error, Result};
use crate::generate::{self, Decoder, Request, Settings, Usage, extractive};
use crate::ground::{Author, Citation, Evidence, Marks, Verdict};
use crate::prompt::{self, Examples, Ingredients, Message, Prompt, Template};
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
    pub examples: Examples,
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
    Api(Settings),
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
            examples: Examples::default(),
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

/// What was done for an answer, stage by stage.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// What was asked.
    pub question: String,
    /// In order.
    pub stages: Vec<Stage>,
    /// What left the machine, exactly; nothing for an extractive answer.
    pub request: Option<Sent>,
    /// From the request to the first word.
    pub first_token_milliseconds: Option<f64>,
    /// What the model reported.
    pub usage: Option<Usage>,
}

/// A request as it was sent, without its headers, which hold the key.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// Where to.
    pub url: String,
    /// The exact bytes.
    pub body: String,
}

/// One stage's work and the time it took.
#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    /// In milliseconds.
    pub milliseconds: f64,
    /// What was done.
    #[serde(flatten)]
    pub work: Work,
}

/// What a stage decided.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "stage", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Work {
    /// The question became a vector.
    Embed {
        /// Of the question.
        tokens: usize,
        /// More than these are not read.
        token_limit: usize,
    },
    /// Passages were found.
    Retrieve {
        /// How.
        mode: Mode,
        /// Among how many chunks.
        searched: usize,
        /// Which, best first.
        passages: Vec<Ranked>,
    },
    /// The prompt was made.
    Prompt {
        /// How many passages it holds.
        passages: usize,
        /// How many did not fit.
        left_out: usize,
        /// Its length, as the embedding model counts.
        tokens: usize,
        /// The messages.
        messages: Vec<Message>,
    },
    /// The answer was written.
    Generate {
        /// By what: a model's name, or `extractive`.
        by: String,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The citations were checked.
    Ground {
        /// How many the source supports.
        supported: usize,
        /// How many it supports weakly.
        weak: usize,
        /// How many it does not support.
        unsupported: usize,
        /// How many of all were added by the check.
        added: usize,
    },
}

/// A passage in a trace.
#[derive(Debug, Clone, Serialize)]
pub struct Ranked {
    id: String,
    chunk: usize,
    score: f32,
    semantic: Option<f32>,
    lexical: Option<f32>,
}

impl From<&Passage> for Ranked {
    fn from(passage: &Passage) -> Self {
        let Passage { id, chunk, score, semantic, lexical, .. } = passage;
        Self { id: id.clone(), chunk: *chunk, score: *score, semantic: *semantic, lexical: *lexical }
    }
}

/// A question on its way to an answer.
pub struct Inquiry {
    sources: Vec<Passage>,
    evidence: Evidence,
    marks: Marks,
    text: String,
    writer: Writer,
    trace: Trace,
    started: f64,
    finished: bool,
}

/// Who writes the text.
enum Writer {
    Extractive,
    Own { name: String, messages: Vec<Message> },
    Api { request: Request, decoder: Box<Decoder>, settings: Settings },
}

impl Inquiry {
    pub(super) fn new(carrel: &Carrel, question: &str, options: AskOptions) -> Result<Self> {
        let AskOptions { template, examples, context_tokens, generator, .. } = options;
        let AskOptions { limit, mode, filter, diversity, collapse, neighbours, .. } = options;
        let mut stages = Vec::new();
        let search = SearchOptions { limit, mode, filter, diversity, collapse, neighbours, ..SearchOptions::default() };
        let mut sources = carrel.find_in_stages(question, &search, &mut stages)?.passages;
        let mut request_sent = None;
        let writer = match generator {
            None => Writer::Extractive,
            Some(generator) => {
                let count = |text: &str| carrel.embedder.count_tokens(text);
                let prompt = carrel.timed(&mut stages, || {
                    let similarity = |texts: &[&str]| {
                        let asked = carrel.embedder.embed_query(question.trim())?;
                        Ok(carrel.embedder.embed_passages(texts)?.iter().map(|other| asked.cosine(other)).collect())
                    };
                    let examples = examples.choose(&similarity)?;
                    let ingredients = Ingredients {
                        template: &template,
                        examples: &examples,
                        turns: &[],
                        question: question.trim(),
                        passages: &sources,
                        budget: context_tokens,
                    };
                    let prompt = prompt::build(&ingredients, &count)?;
                    let Prompt { messages, kept, left_out, tokens, .. } = prompt.clone();
                    Ok((prompt, Work::Prompt { passages: kept.len(), left_out: left_out.len(), tokens, messages }))
                })?;
                // What the model did not see it cannot cite.
                sources = prompt.kept.iter().map(|&kept| sources[kept].clone()).collect();
                match generator {
                    Generator::Own { own } => Writer::Own { name: own, messages: prompt.messages },
                    Generator::Api(settings) => {
                        let request = generate::request(&settings, &prompt)?;
                        request_sent = Some(Sent { url: request.url.clone(), body: request.body.clone() });
                        let decoder = Box::new(Decoder::new(settings.api, &request.url, &settings.model));
                        Writer::Api { request, decoder, settings }
                    }
                }
            }
        };
        let trace = Trace {
            question: question.trim().to_owned(),
            stages,
            request: request_sent,
            first_token_milliseconds: None,
            usage: None,
        };
        let evidence = Evidence::new(&sources);
        let started = (carrel.clock)();
        Ok(Self {
            sources,
            evidence,
            marks: Marks::default(),
            text: String::new(),
            writer,
            trace,
            started,
            finished: false,
        })
    }

    /// The passages that the answer may cite, as `[1]` and so on in this order.
    pub fn sources(&self) -> &[Passage] {
        &self.sources
    }

    /// What is to be sent, where the answer comes from an API; its response goes to [`push`](Self::push).
    pub fn request(&self) -> Option<&Request> {
        match &self.writer {
            Writer::Api { request, .. } => Some(request),
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

    /// The error for a response whose status is not in 200…299; `header` gives those of its headers that can be seen.
    pub fn refused(&self, status: u16, header: generate::Header<'_>, body: &[u8]) -> Error {
        let (url, model) = self.destination();
        generate::failure(url, model, status, header, body)
    }

    /// The error for a connection that could not be made, or that broke while the response came.
    pub fn broken(&self, began: bool) -> Error {
        generate::broken(self.destination().0, began)
    }

    fn destination(&self) -> (&str, &str) {
        match &self.writer {
            Writer::Api { request, settings, .. } => (&request.url, &settings.model),
            _ => ("", ""),
        }
    }

    /// Takes the next bytes of the response, cut anywhere.
    ///
    /// # Errors
    /// Those of [`Decoder::push`]; the text that came before stays.
    pub fn push(&mut self, carrel: &Carrel, bytes: &[u8]) -> Result<Vec<Event>> {
        let Writer::Api { decoder, .. } = &mut self.writer else {
            return Ok(Vec::new());
        };
        let decoded = decoder.push(bytes)?;
        Ok(self.write(carrel, decoded))
    }

    /// Whether the answer has ended, though the connection may be open still.
    pub fn is_done(&self) -> bool {
        matches!(&self.writer, Writer::Api { decoder, .. } if decoder.is_done())
    }

    /// Takes the next words of a function of the user's own.
    pub fn push_text(&mut self, carrel: &Carrel, text: &str) -> Vec<Event> {
        self.write(carrel, vec![generate::Event::Text(text.to_owned())])
    }

    /// The response has ended; without an API or a function this writes the answer.
    ///
    /// # Errors
    /// `api_stream_cut` where the response ended too soon; the text that came stays.
    pub fn finish(&mut self, carrel: &Carrel) -> Result<Vec<Event>> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        let citations = match &mut self.writer {
            Writer::Extractive => self.extract(carrel, &mut events)?,
            Writer::Own { .. } => self.evidence.check(&self.text),
            Writer::Api { decoder, .. } => {
                let decoded = decoder.finish()?;
                events.extend(self.write(carrel, decoded));
                self.evidence.check(&self.text)
            }
        };
        let by = match &self.writer {
            Writer::Extractive => "extractive".to_owned(),
            Writer::Own { name, .. } => name.clone(),
            Writer::Api { settings, .. } => settings.model.clone(),
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
                    let elapsed = (carrel.clock)() - self.started;
                    self.trace.first_token_milliseconds.get_or_insert(elapsed);
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
