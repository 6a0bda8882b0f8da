//! [`Prompt`](crate::prompt::Prompt) ⇄ the bytes of a language model's API
//!
//! Codecs without I/O: a prompt becomes a [`Request`], the bytes of the response are pushed into a [`Decoder`], and
//! [`Event`]s come out. Who sends and receives does not matter here, so one code serves the browser and the command
//! line, and every fault can be tested without a network. [`extractive`] answers without any model.

mod anthropic;
mod decoder;
mod events;
pub mod extractive;
mod failure;
mod gemini;
pub mod limits;
pub mod meter;
mod models;
mod openai;
mod request;
mod responses;
mod sending;
mod waiting;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use decoder::Decoder;
pub use failure::{Header, broken, failure};
pub use models::models;
pub use request::{cites, models_request, request};
pub use sending::{Policy, Sending, Session};

/// The most tokens of an answer where nothing else is said: one that is much longer has lost its way.
pub const DEFAULT_MAX_TOKENS: u32 = 1024;

/// Which API is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// OpenAI chat completions, which Ollama, llama.cpp, vLLM, LM Studio and OpenRouter speak, too.
    OpenAi,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Anthropic,
    /// Google Gemini.
    Gemini,
}

impl std::str::FromStr for Api {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "openai" => Ok(Self::OpenAi),
            "responses" => Ok(Self::Responses),
            "anthropic" => Ok(Self::Anthropic),
            "gemini" => Ok(Self::Gemini),
            _ => Err(Error::OptionInvalid {
                option: "api".into(),
                problem: format!("{name:?} is not known; use openai, responses, anthropic or gemini"),
            }),
        }
    }
}

/// Where answers come from.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Which API is spoken there.
    pub api: Api,
    /// The address that the API's paths follow, such as `http://127.0.0.1:11434/v1`; the path of an endpoint may stand
    /// at its end, and the version may be missing where it is clear.
    pub base_url: String,
    /// The model, by its name there.
    pub model: String,
    /// The key, where one is needed; never written out.
    #[serde(default, skip_serializing)]
    pub api_key: Option<String>,
    /// 0 for the likeliest words, higher for more variety. Where nothing is given 0, so that an answer can be had
    /// again; at OpenAI, Anthropic and Google themselves, whose newer models take none, their own default.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// The most tokens that are written; [`DEFAULT_MAX_TOKENS`] where nothing is given, but no limit at OpenAI and Google
    /// themselves, and four times as many at Anthropic: there thoughts are counted in it.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// How long is waited, how often it is tried, and what may be spent.
    #[serde(default, skip_serializing)]
    pub policy: Policy,
}

/// Without the key: what is printed ends up in logs.
impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Settings {{ api: {:?}, base_url: {:?}, model: {:?} }}", self.api, self.base_url, self.model)
    }
}

/// What is sent.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// `POST`, or `GET` for a list of models.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Names and values; the key stands only here.
    pub headers: Vec<(String, String)>,
    /// JSON; empty where nothing is posted.
    pub body: String,
}

/// What a model writes.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The text goes on.
    Text(String),
    /// The API itself cites, for the text that came last, where it was given documents that it may cite.
    Quote {
        /// Which document, from 0, in the order of the request.
        document: usize,
        /// What is cited of it, word for word.
        text: String,
    },
    /// It has ended.
    End(Usage),
}

/// What an answer took, as far as the API tells, and how it ended. The counts mean the same whatever the API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// How many tokens were read, those from a cache included.
    pub prompt_tokens: Option<u64>,
    /// How many tokens were written, thoughts included.
    pub completion_tokens: Option<u64>,
    /// How many of those that were read came from a cache, which costs less.
    pub cached_tokens: Option<u64>,
    /// How many of those that were written are thoughts, which are not shown.
    pub reasoning_tokens: Option<u64>,
    /// How it ended.
    pub finish: Option<Finish>,
    /// The same in the API's own word, such as `stop`, `end_turn` or `MAX_TOKENS`.
    pub finish_reason: Option<String>,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// The model had said what it had to say.
    Stop,
    /// It was cut at a limit of tokens.
    Length,
    /// The model, or a filter, refused to answer or to go on.
    Refusal,
    /// For another reason, such as a call of a tool.
    Other,
}

impl Finish {
    /// By the word of any of the APIs.
    fn of(reason: &str) -> Self {
        match reason.to_ascii_lowercase().as_str() {
            "stop" | "end_turn" | "stop_sequence" | "completed" => Self::Stop,
            "length" | "max_tokens" | "max_output_tokens" | "model_context_window_exceeded" => Self::Length,
            "refusal" | "content_filter" | "safety" | "recitation" | "blocklist" | "prohibited_content" | "spii" => {
                Self::Refusal
            }
            _ => Self::Other,
        }
    }
}
