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
use crate::ground::{self, ANSWERABLE, Author, Checked, Citation, Evidence, Marks, Sentence, Verdict, answerable};
use crate::prompt::{self, Example, Examples, Ingredients, Message, Prompt, Template, Turn, follow_up};
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
    /// Worked examples for the model, all of them or those most like the question.
    pub examples: Examples,
    /// What was asked and answered before, oldest first: a question that leans on it is searched for in words that stand
    /// alone, and the model is shown it.
    pub history: Vec<Turn>,
    /// How a question that leans on the history is made to stand alone.
    pub follow_ups: FollowUps,
    /// The question as a model rewrote it: see [`Carrel::rewrite`].
    pub standalone: Option<String>,
    /// Whether no model is asked where nothing that was found is near enough to answer: see [`answerable`].
    pub abstain: bool,
    /// How long the prompt may be, in tokens of the embedding model: an estimate for others.
    pub context_tokens: usize,
    /// Where the answer comes from; nothing for an extractive answer.
    pub generator: Option<Generator>,
}

/// How a question that leans on what was said before is made to stand alone, to be searched for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FollowUps {
    /// Not at all: what was said before is left out.
    None,
    /// By rules, at once and offline: the words that it lacks are added.
    #[default]
    Rules,
    /// By the language model, with one more request; by rules where that fails.
    Model,
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
            examples: Examples::default(),
            history: Vec::new(),
            follow_ups: FollowUps::default(),
            standalone: None,
            abstain: true,
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
    /// A sentence of the answer, checked, when all of it has come.
    Sentence(Sentence),
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
    /// The question in words that stand alone.
    searched: String,
    started: f64,
    finished: bool,
}

/// Who writes the text.
enum Writer {
    Extractive,
    /// Nobody was asked, since nothing was found that answers.
    Nobody,
    Own {
        name: String,
        messages: Vec<Message>,
        meter: Meter,
    },
    Api(Box<Call>),
}

/// What a prompt is made of, beside the passages.
#[derive(Default)]
struct Draft {
    template: Template,
    examples: Vec<Example>,
    turns: Vec<Turn>,
    /// Whether the passages go beside the messages.
    apart: bool,
    /// Where it is another prompt than that of a question.
    messages: Option<Vec<Message>>,
    /// Of the prompt that was made.
    tokens: usize,
}

impl Draft {
    fn prompt(&self, carrel: &Carrel, question: &str, passages: &[Passage], budget: usize) -> Result<Prompt> {
        if let Some(messages) = self.messages.clone() {
            return Ok(Prompt { messages, tokens: self.tokens, ..Prompt::default() });
        }
        let Self { template, examples, turns, apart, .. } = self;
        let ingredients = Ingredients { template, examples, turns, question, passages, budget, apart: *apart };
        prompt::build(&ingredients, &|text| carrel.embedder.count_tokens(text))
    }
}

impl Inquiry {
    pub(super) fn new(carrel: &Carrel, question: &str, options: AskOptions) -> Result<Self> {
        let AskOptions { template, examples, history, follow_ups, standalone, context_tokens, generator, .. } = options;
        let AskOptions { limit, mode, filter, diversity, collapse, neighbours, abstain, .. } = options;
        let mut stages = Vec::new();
        let search = SearchOptions { limit, mode, filter, diversity, collapse, neighbours, ..SearchOptions::default() };
        let leans = follow_ups != FollowUps::None && follow_up::leans(question, &history);
        let searched = match standalone.filter(|it| leans && it.chars().count() <= super::LONGEST_QUESTION) {
            Some(searched) => {
                let work = Work::Rewrite { question: searched.clone(), by: FollowUps::Model };
                stages.push(Stage { milliseconds: 0.0, work });
                searched
            }
            None if leans => carrel.timed(&mut stages, || {
                let completed = follow_up::by_rules(question, &history);
                let fits = completed.chars().count() <= super::LONGEST_QUESTION;
                let searched = if fits { completed.into_owned() } else { question.to_owned() };
                Ok((searched.clone(), Work::Rewrite { question: searched, by: FollowUps::Rules }))
            })?,
            None => question.to_owned(),
        };
        let mut sources = carrel.find_in_stages(&searched, &search, Some(&mut stages))?.passages;
        let question = question.trim().to_owned();
        let started = (carrel.clock)();
        let turns = if leans { history } else { Vec::new() };
        let apart = matches!(&generator, Some(Generator::Api(settings)) if generate::cites(settings));
        let mut draft = Draft { template, turns, apart, ..Draft::default() };
        let writer = match generator {
            None => Writer::Extractive,
            Some(generator) if abstain && ground::nothing_answers(&searched, &sources, carrel.index.len()) => {
                // What is wrong in the options is told with every question.
                draft.template.check()?;
                if let Generator::Api(settings) = &generator {
                    generate::request(settings, &Prompt::default())?;
                }
                let score = answerable(&sources);
                stages.push(Stage { milliseconds: 0.0, work: Work::Abstain { score, needed: ANSWERABLE } });
                Writer::Nobody
            }
            Some(generator) => {
                let prompt = carrel.timed(&mut stages, || {
                    let similarity = |texts: &[&str]| {
                        let asked = carrel.vector(searched.trim())?;
                        Ok(carrel.embedder.embed_passages(texts)?.iter().map(|other| asked.cosine(other)).collect())
                    };
                    draft.examples = examples.choose(&similarity)?;
                    let prompt = draft.prompt(carrel, &question, &sources, context_tokens)?;
                    let Prompt { messages, kept, left_out, turns, turns_left_out, tokens, .. } = prompt.clone();
                    let (template, examples) = (draft.template.name.clone(), draft.examples.len());
                    let passages = kept.len();
                    let work = Work::Prompt {
                        template,
                        passages,
                        kept,
                        struck: Vec::new(),
                        left_out,
                        examples,
                        turns,
                        turns_left_out,
                        tokens,
                        messages,
                    };
                    Ok((prompt, work))
                })?;
                // What the model did not see it cannot cite.
                sources = prompt.kept.iter().map(|&kept| sources[kept].clone()).collect();
                draft.tokens = prompt.tokens;
                draft.turns.drain(..prompt.turns_left_out); // A revision must not bring back what was not shown.
                match generator {
                    Generator::Own { own } => {
                        Writer::Own { name: own, messages: prompt.messages, meter: Meter::new(started) }
                    }
                    Generator::Api(settings) => Writer::Api(Box::new(Call::new(carrel, *settings, &prompt)?)),
                }
            }
        };
        Ok(Self {
            searched: searched.trim().to_owned(),
            ..Self::begin(question, sources, writer, draft, stages, started)
        })
    }

    /// A question to a model alone, to write a follow-up so that it stands alone: what it says is the text.
    pub(super) fn rewriting(carrel: &Carrel, question: &str, turns: &[Turn], settings: Settings) -> Result<Self> {
        let prompt = follow_up::request(question, turns, &|text| carrel.embedder.count_tokens(text));
        let call = Call::new(carrel, settings, &prompt)?;
        let draft = Draft { tokens: prompt.tokens, messages: Some(prompt.messages), ..Draft::default() };
        let started = (carrel.clock)();
        Ok(Self::begin(question.trim().to_owned(), Vec::new(), Writer::Api(Box::new(call)), draft, Vec::new(), started))
    }

    fn begin(
        question: String,
        sources: Vec<Passage>,
        writer: Writer,
        draft: Draft,
        stages: Vec<Stage>,
        started: f64,
    ) -> Self {
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
        Self { sources, evidence, marks, text, writer, draft, trace, searched: String::new(), started, finished: false }
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
        let shown = revision.struck(&self.sources);
        let mut prompt = self.draft.prompt(carrel, &self.trace.question, &shown, usize::MAX)?;
        revision.redact(&mut prompt);
        self.draft.tokens = prompt.tokens;
        match &mut self.writer {
            Writer::Extractive | Writer::Nobody => return Ok(()),
            Writer::Own { messages, .. } => messages.clone_from(&prompt.messages),
            Writer::Api(call) => {
                call.revise(&prompt)?;
                self.trace.request = Some(call.sent());
            }
        }
        self.evidence = Evidence::new(&shown); // What was not sent supports nothing.
        let made = self.trace.stages.iter_mut().find_map(|stage| match &mut stage.work {
            Work::Prompt { messages, tokens, struck, .. } => Some((messages, tokens, struck)),
            _ => None,
        });
        if let Some((messages, tokens, struck)) = made {
            (*messages, *tokens, *struck) = (prompt.messages, prompt.tokens, revision.strike.clone());
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
        self.measure(carrel);
        if matches!(&self.writer, Writer::Api(call) if !call.was_sent()) && !self.finished {
            self.trace.request = None;
        }
    }

    fn measure(&mut self, carrel: &Carrel) {
        let written = carrel.embedder.count_tokens(&self.text) as u64;
        let counted = Tokens { prompt: self.draft.tokens as u64, completion: written, ..Tokens::default() };
        let measure = match &mut self.writer {
            Writer::Own { meter, name, .. } if self.trace.measure.is_none() && !self.text.is_empty() => {
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
        if let Writer::Api(call) = &mut self.writer {
            let end = call.end(carrel)?;
            events.extend(self.write(carrel, end));
        }
        let written = (carrel.clock)();
        let citations = match &self.writer {
            Writer::Extractive => self.extract(carrel, &mut events)?,
            Writer::Nobody => {
                let text = prompt::nothing_answers(&self.trace.question).to_owned();
                self.text.push_str(&text);
                events.push(Event::Text { text });
                Vec::new()
            }
            Writer::Own { .. } | Writer::Api(_) => {
                let embed = |texts: &[&str]| carrel.embedder.embed_passages(texts);
                let Checked { citations, sentences } = self.evidence.judge(&self.text, &embed)?;
                events.extend(sentences.into_iter().map(Event::Sentence));
                citations
            }
        };
        self.measure(carrel);
        let (by, checked) = match &self.writer {
            Writer::Extractive => ("extractive".to_owned(), None),
            Writer::Nobody => ("nobody".to_owned(), None),
            Writer::Own { name, .. } => (name.clone(), Some(())),
            Writer::Api(call) => (call.model().to_owned(), Some(())),
        };
        let now = (carrel.clock)();
        let ended = checked.map_or(now, |()| written);
        let stage = |milliseconds, work| Stage { milliseconds, work };
        self.trace.stages.push(stage(ended - self.started, Work::Generate { by, bytes: self.text.len() }));
        let count = |verdict| citations.iter().filter(|citation| citation.verdict == verdict).count();
        let bare = |event: &&Event| matches!(event, Event::Sentence(it) if it.verdict == Verdict::Unsupported);
        let ground = Work::Ground {
            supported: count(Verdict::Supported),
            weak: count(Verdict::Weak),
            unsupported: count(Verdict::Unsupported),
            added: citations.iter().filter(|citation| citation.by == Author::Carrel).count(),
            unsupported_sentences: events.iter().filter(bare).count(),
        };
        events.extend(citations.into_iter().map(Event::Citation));
        self.trace.stages.push(stage(now - ended, ground));
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
                // Where the API cites by itself, a mark stands for it, which is checked as any other.
                generate::Event::Quote { document, .. } => {
                    let mark = format!(" [{}]", document + 1);
                    if document < self.sources.len() && !self.text.ends_with(&mark) {
                        events.extend(self.write(carrel, vec![generate::Event::Text(mark)]));
                    }
                }
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
        let question = &self.searched;
        let vector = carrel.vector(question)?;
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
