//! [`Prompt`] ⇄ the bytes of a language model's API
//!
//! Codecs without I/O: a prompt becomes a [`Request`], the bytes of the response are pushed into a [`Decoder`], and
//! [`Event`]s come out. Who sends and receives does not matter here, so one code serves the browser and the command
//! line, and every fault can be tested without a network. [`extractive`] answers without any model.

pub mod extractive;
mod failure;
pub mod limits;
pub mod meter;
mod openai;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::prompt::Prompt;

pub use failure::{broken, failure};
pub use openai::Decoder;

/// The most tokens of an answer where nothing else is said: one that is much longer has lost its way.
pub const DEFAULT_MAX_TOKENS: u32 = 1024;

/// Which API is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// OpenAI chat completions, which Ollama, llama.cpp, vLLM, LM Studio and OpenRouter speak, too.
    OpenAi,
}

impl std::str::FromStr for Api {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "openai" => Ok(Self::OpenAi),
            _ => Err(Error::OptionInvalid {
                option: "api".into(),
                problem: format!("{name:?} is not known; use openai"),
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
    /// The address that the API's paths follow, such as `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// The model, by its name there.
    pub model: String,
    /// The key, where one is needed; never written out.
    #[serde(default, skip_serializing)]
    pub api_key: Option<String>,
    /// 0 for the likeliest words, higher for more variety. Where nothing is given 0, so that an answer can be had
    /// again; at OpenAI itself, whose newer models take none, its own default.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// The most tokens that are written; [`DEFAULT_MAX_TOKENS`] where nothing is given, but no limit at OpenAI itself.
    #[serde(default)]
    pub max_tokens: Option<u32>,
}

/// Without the key: what is printed ends up in logs.
impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Settings {{ api: {:?}, base_url: {:?}, model: {:?} }}", self.api, self.base_url, self.model)
    }
}

/// What is sent, by POST.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// Names and values; the key stands only here.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub body: String,
}

/// What a model writes.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The text goes on.
    Text(String),
    /// It has ended.
    End(Usage),
}

/// What an answer took, as far as the API tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// How many tokens were read.
    pub prompt_tokens: Option<u64>,
    /// How many tokens were written.
    pub completion_tokens: Option<u64>,
    /// Why it ended, in the API's word: `stop`, or `length` where it was cut at a limit.
    pub finish_reason: Option<String>,
}

/// Makes the request.
///
/// # Errors
/// `option_invalid` where the base URL is no address of the web, or the model's name is empty.
pub fn request(settings: &Settings, prompt: &Prompt) -> Result<Request> {
    let base = settings.base_url.trim().trim_end_matches('/');
    let invalid = |option: &str, problem: String| Error::OptionInvalid { option: option.into(), problem };
    let host = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
    if host.is_none_or(|host| host.is_empty() || host.contains(char::is_whitespace) || host.contains(['?', '#'])) {
        return Err(invalid(
            "baseUrl",
            format!("{base:?} is no address; it begins with http:// or https:// and usually ends in /v1"),
        ));
    }
    if settings.model.trim().is_empty() {
        return Err(invalid("model", "it is empty; give the name of the language model as the API knows it".into()));
    }
    if settings.temperature.is_some_and(|temperature| !temperature.is_finite() || temperature < 0.0) {
        return Err(invalid("temperature", "a number from 0 up is needed".into()));
    }
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let Some(key) = settings.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty()) {
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("apiKey", "it holds characters that no key has; copy it again".into()));
        }
        headers.push(("authorization".to_owned(), format!("Bearer {key}")));
    }
    match settings.api {
        Api::OpenAi => Ok(Request { url: openai::url(base), headers, body: openai::body(settings, prompt) }),
    }
}
