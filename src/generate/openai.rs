//! OpenAI chat completions, as a stream
//!
//! The request body and the chunks are those of the published specification
//! (`CreateChatCompletionRequest`, `CreateChatCompletionStreamResponse`); the framing is that of server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>).

use serde::{Deserialize, Serialize};

use super::{DEFAULT_MAX_TOKENS, Event, Settings, Usage, failure};
use crate::error::{Error, Result};
use crate::prompt::{Message, Prompt};

/// A line of an event stream longer than this is no language model's.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

pub(super) fn url(base: &str) -> String {
    let base = base.strip_suffix("/chat/completions").unwrap_or(base);
    format!("{base}/chat/completions")
}

pub(super) fn body(settings: &Settings, prompt: &Prompt) -> String {
    #[derive(Serialize)]
    struct Body<'prompt> {
        model: &'prompt str,
        messages: &'prompt [Message],
        stream: bool,
        stream_options: StreamOptions,
        #[serde(skip_serializing_if = "Option::is_none")]
        temperature: Option<f32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_tokens: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_completion_tokens: Option<u32>,
    }
    #[derive(Serialize)]
    struct StreamOptions {
        include_usage: bool,
    }
    // Small models wander without end where nothing holds them. At OpenAI itself the models that reason refuse a
    // temperature, call the limit otherwise, and count their thoughts in it: there only what was asked for is sent.
    let at_openai = settings.base_url.contains("//api.openai.com");
    let body = Body {
        model: settings.model.trim(),
        messages: &prompt.messages,
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        temperature: settings.temperature.or((!at_openai).then_some(0.0)),
        max_tokens: (!at_openai).then_some(settings.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS)),
        max_completion_tokens: settings.max_tokens.filter(|_| at_openai),
    };
    serde_json::to_string(&body).expect("a prompt has nothing that JSON lacks")
}

/// Bytes of the response → events. The bytes may be cut anywhere.
#[derive(Debug, Default)]
pub struct Decoder {
    url: String,
    model: String,
    /// Bytes of the line that has not ended yet, or of the whole body where it is no stream.
    rest: Vec<u8>,
    shape: Shape,
    /// The `data:` lines of the event that has not ended yet.
    data: Vec<u8>,
    usage: Usage,
    /// Whether any event of the API came.
    spoke: bool,
    done: bool,
}

/// What the response turned out to be.
#[derive(Debug, Default, PartialEq)]
enum Shape {
    #[default]
    Unknown,
    Stream,
    /// One JSON object: the server does not stream, or it reports an error under status 200.
    Whole,
}

impl Decoder {
    /// For the response to a request that was sent to `url` for `model`; both are for messages.
    pub fn new(url: &str, model: &str) -> Self {
        Self { url: url.to_owned(), model: model.to_owned(), ..Self::default() }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `api_not_json` where this is no language model; the errors of [`failure`](super::failure()) where the server
    /// reports one within the stream.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>> {
        self.rest.extend_from_slice(bytes);
        let mut events = Vec::new();
        if self.shape == Shape::Unknown {
            let text = self.rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.rest);
            match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => return Ok(events),
                Some(b'<') => return Err(self.not_an_answer("a web page")),
                Some(0xef) if text.len() < 3 => return Ok(events),
                Some(b'{') => self.shape = Shape::Whole,
                Some(_) => self.shape = Shape::Stream,
            }
        }
        if self.rest.len() > LONGEST_LINE {
            return Err(self.not_an_answer("data without end"));
        }
        if self.shape == Shape::Stream {
            while let Some(end) = self.line_end() {
                let line: Vec<u8> = self.rest.drain(..end.1).take(end.0).collect();
                self.line(&line, &mut events)?;
            }
        }
        Ok(events)
    }

    /// Whether the answer has ended, though the connection may be open still.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// The response has ended.
    ///
    /// # Errors
    /// `api_stream_cut` where it ended before the answer did.
    pub fn finish(&mut self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        match self.shape {
            Shape::Unknown => return Err(self.not_an_answer("nothing at all")),
            Shape::Whole => {
                let rest = std::mem::take(&mut self.rest);
                let body = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&rest);
                if serde_json::from_slice::<serde_json::Value>(body).is_err_and(|error| error.is_eof()) {
                    return Err(Error::ApiStreamCut { url: self.url.clone() });
                }
                self.data(body, &mut events)?;
                self.done = true;
            }
            Shape::Stream => {
                let line = std::mem::take(&mut self.rest);
                self.line(&line, &mut events)?;
                // An event that the end cut in two is none; one that lacks only its blank line is.
                let data = self.data.trim_ascii();
                if data == b"[DONE]" || serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok() {
                    self.line(b"", &mut events)?;
                }
            }
        }
        if !self.spoke && !self.data.starts_with(b"{") {
            return Err(self.not_an_answer("text that is no stream of events"));
        }
        if !self.done && self.usage.finish_reason.is_none() {
            return Err(Error::ApiStreamCut { url: self.url.clone() });
        }
        events.push(Event::End(self.usage.clone()));
        Ok(events)
    }

    /// Where the next line ends, and where the one after it begins.
    fn line_end(&self) -> Option<(usize, usize)> {
        let end = self.rest.iter().position(|&byte| byte == b'\n' || byte == b'\r')?;
        match (self.rest[end], self.rest.get(end + 1)) {
            (b'\r', Some(b'\n')) => Some((end, end + 2)),
            (b'\r', None) => None, // The other half of the line's end may be in the next bytes.
            _ => Some((end, end + 1)),
        }
    }

    fn line(&mut self, line: &[u8], events: &mut Vec<Event>) -> Result<()> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return self.data(&data, events);
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
        Ok(()) // Comments, names and numbers of events say nothing here.
    }

    fn data(&mut self, data: &[u8], events: &mut Vec<Event>) -> Result<()> {
        let data = data.trim_ascii();
        if data.is_empty() || self.done {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_slice(data).map_err(|_| {
            let text: String = String::from_utf8_lossy(data).chars().take(120).collect();
            self.not_an_answer(&text)
        })?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let status = error.get("code").and_then(|code| code.as_u64()).map_or(500, |code| code as u16);
            let body = serde_json::json!({ "error": error }).to_string();
            return Err(failure(&self.url, &self.model, status, body.as_bytes()));
        }
        self.spoke |= chunk.choices.is_some();
        if let Some(usage) = chunk.usage {
            self.usage.prompt_tokens = usage.prompt_tokens.or(self.usage.prompt_tokens);
            self.usage.completion_tokens = usage.completion_tokens.or(self.usage.completion_tokens);
        }
        let Some(choice) = chunk.choices.unwrap_or_default().into_iter().next() else {
            return Ok(());
        };
        if let Some(delta) = choice.delta.or(choice.message) {
            let text = delta.content.into_iter().chain(delta.refusal).filter(|text| !text.is_empty());
            events.extend(text.map(Event::Text));
        }
        if choice.finish_reason.is_some() {
            self.usage.finish_reason = choice.finish_reason;
        }
        Ok(())
    }

    fn not_an_answer(&self, found: &str) -> Error {
        Error::ApiNotJson { url: self.url.clone(), found: found.to_owned() }
    }
}

/// What is read of a chunk, and of a whole answer; the rest is ignored.
#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Tokens>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}
