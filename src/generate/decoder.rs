//! the bytes of a response → [`Event`]s
//!
//! What all APIs have in common: the framing, errors that are reported in the middle of an answer, and how to tell an
//! answer that has ended from one that broke off. What an event means is the [`Api`]'s own, in a module for each. They
//! read JSON without types: servers that speak "the same" API leave out what others require, and each type is code.

use serde_json::Value;

use super::events::{Framing, Shape};
use super::failure::{self, failure_of};
use super::{Api, Event, Finish, Usage, anthropic, gemini, openai, responses};
use crate::error::{Error, Result};

/// Bytes of the response → events. The bytes may be cut anywhere.
#[derive(Debug)]
pub struct Decoder {
    api: Api,
    url: String,
    model: String,
    framing: Framing,
    answer: Answer,
    /// What went wrong, told when the events before it have been taken.
    failed: Option<Error>,
}

/// What has come of an answer, in whichever API.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Not yet handed out.
    pub(super) events: Vec<Event>,
    pub(super) usage: Usage,
    /// Whether any event of the API came.
    pub(super) spoke: bool,
    /// Whether any text came.
    pub(super) wrote: bool,
    /// Whether the model, or who watches over it, refused.
    pub(super) refused: bool,
    /// Tokens that were read, those written to a cache, and those read from one, where an API tells them apart.
    pub(super) read: [Option<u64>; 3],
    pub(super) done: bool,
}

impl Decoder {
    /// For the response to a request that was sent to `url` for `model`; both are for messages.
    pub fn new(api: Api, url: &str, model: &str) -> Self {
        let (url, model) = (url.to_owned(), model.to_owned());
        Self { api, url, model, framing: Framing::default(), answer: Answer::default(), failed: None }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `api_not_json` where this is no language model; the errors of [`failure`](super::failure()) where the server
    /// reports one within the stream. What came before is handed out first, the error with the next call.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>> {
        if !self.is_done()
            && let Err(error) = self.take(bytes)
        {
            self.failed = Some(error);
        }
        match &self.failed {
            Some(error) if self.answer.events.is_empty() => Err(error.clone()),
            _ => Ok(std::mem::take(&mut self.answer.events)),
        }
    }

    /// Whether no more bytes are needed, though the connection may be open still: [`finish`](Self::finish) tells how it
    /// ended.
    pub fn is_done(&self) -> bool {
        self.answer.done || self.failed.is_some()
    }

    /// The response has ended.
    ///
    /// # Errors
    /// `api_stream_cut` where it ended before the answer did; those of [`push`](Self::push).
    pub fn finish(&mut self) -> Result<Vec<Event>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let (shape, last) = self.framing.finish();
        match serde_json::from_slice::<Value>(&last) {
            _ if shape == Shape::Unknown => return Err(self.not_an_answer(b"nothing at all")),
            _ if last.is_empty() || self.answer.done => {}
            Ok(event) => self.read(&event)?,
            Err(_) if last == b"[DONE]" => self.answer.done = true,
            // An event that the end cut in two is none.
            Err(error) if shape == Shape::Whole && !error.is_eof() => return Err(self.not_an_answer(&last)),
            Err(_) if shape == Shape::Whole || (!self.answer.spoke && last.starts_with(b"{")) => return Err(self.cut()),
            Err(_) => {}
        }
        if !self.answer.spoke {
            let found = if shape == Shape::Whole { &last[..] } else { &b"text that is no stream of events"[..] };
            return Err(self.not_an_answer(found));
        }
        if !self.answer.done && shape == Shape::Stream && self.answer.usage.finish_reason.is_none() {
            return Err(self.cut());
        }
        let mut events = std::mem::take(&mut self.answer.events);
        events.push(Event::End(self.answer.usage.clone()));
        Ok(events)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        let events = self.framing.push(bytes).map_err(|found| self.not_an_answer(found.as_bytes()))?;
        for data in events {
            if self.answer.done {
                break;
            }
            match serde_json::from_slice(&data) {
                Ok(event) => self.read(&event)?,
                Err(_) if data.trim_ascii() == b"[DONE]" => self.answer.done = true,
                Err(_) => return Err(self.not_an_answer(&data)),
            }
        }
        Ok(())
    }

    fn read(&mut self, event: &Value) -> Result<()> {
        if let Some(error) = failure::reported(event) {
            return Err(failure_of(&self.url, &self.model, error, failure::status_of(error), &|_| None));
        }
        match (self.api, event) {
            (_, Value::Array(events)) => events.iter().try_for_each(|event| self.read(event))?,
            (Api::OpenAi, _) => openai::read(event, &mut self.answer),
            (Api::Responses, _) => responses::read(event, &mut self.answer),
            (Api::Anthropic, _) => anthropic::read(event, &mut self.answer),
            (Api::Gemini, _) => gemini::read(event, &mut self.answer),
        }
        Ok(())
    }

    fn cut(&self) -> Error {
        Error::ApiStreamCut { url: self.url.clone() }
    }

    fn not_an_answer(&self, found: &[u8]) -> Error {
        Error::ApiNotJson { url: self.url.clone(), found: failure::beginning(found) }
    }
}

impl Answer {
    /// Text of the answer: a string, or a list of parts that may be the model's thoughts or something else again.
    pub(super) fn text(&mut self, text: &Value) {
        match text {
            Value::String(text) if !text.is_empty() => {
                (self.spoke, self.wrote) = (true, true);
                self.events.push(Event::Text(text.clone()));
            }
            Value::Array(parts) => {
                for part in parts.iter().filter(|part| part["thought"] != true) {
                    self.text(&part["text"]);
                    self.refusal(&part["refusal"]);
                }
            }
            _ => {}
        }
    }

    /// What the model says instead of an answer.
    pub(super) fn refusal(&mut self, text: &Value) {
        self.refused |= text.as_str().is_some_and(|text| !text.is_empty());
        self.text(text);
    }

    /// Why it ended, where that is told.
    pub(super) fn end(&mut self, reason: &Value) {
        if let Some(reason) = reason.as_str() {
            self.usage.finish = Some(if self.refused { Finish::Refusal } else { Finish::of(reason) });
            self.usage.finish_reason = Some(reason.to_owned());
        }
    }
}

/// Takes a count over what is known, where it is told.
pub(super) fn count(known: &mut Option<u64>, told: &Value) {
    *known = told.as_u64().or(*known);
}
