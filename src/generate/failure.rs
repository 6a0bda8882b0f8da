//! a refused request → an error that says what to do
//!
//! The status alone does not tell: 429 is "wait" at one vendor and "pay" at another, 400 is a wrong model, an empty
//! account or a prompt that is too long. So the words of the error are read, as the vendors document them or were
//! seen to send them: its type, code and message.

use serde_json::Value;

use super::waiting::waiting;
use crate::error::Error;

/// A header of the response by its name in small letters. From another origin most are hidden (CORS).
pub type Header<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The prompt does not fit: OpenAI and vLLM, LM Studio and Ollama, llama.cpp, Anthropic (two), Gemini, OpenAI's tokens a
/// minute.
const TOO_LONG: [&str; 8] = [
    "context_length",
    "context length",
    "context_size",
    "context size",
    "prompt is too long",
    "exceed context limit",
    "input token count",
    "request too large",
];
/// The account is empty, or what it may have on a day: OpenAI (two), DeepSeek, Anthropic and xAI, Gemini, OpenRouter.
const USED_UP: [&str; 7] =
    ["insufficient_quota", "billing_", "insufficient balance", "credit balance", "credits", "perday", "per-day"];
/// What an error within a stream would have had as its status, by its type or code.
const STATUSES: [(&str, u16); 11] = [
    ("overloaded", 529),
    ("rate_limit", 429),
    ("insufficient_quota", 429),
    ("authentication", 401),
    ("api_key", 401),
    ("permission", 403),
    ("not_found", 404),
    ("billing", 402),
    ("too_large", 413),
    ("context_length", 400),
    ("invalid", 400),
];

/// The error for a response whose status is not in 200…299; `body` is what came with it.
pub fn failure(url: &str, model: &str, status: u16, header: Header<'_>, body: &[u8]) -> Error {
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into());
    let body = body.get(0).unwrap_or(&body); // Some wrap the object in a list.
    failure_of(url, model, reported(body).unwrap_or(body), status, header)
}

/// The error for a connection that could not be made (`began` is false) or broke while the answer came.
pub fn broken(url: &str, began: bool) -> Error {
    let url = url.to_owned();
    if began { Error::ApiStreamCut { url } } else { Error::ApiUnreachable { url } }
}

/// The error for what an API reports.
pub(super) fn failure_of(url: &str, model: &str, error: &Value, status: u16, header: Header<'_>) -> Error {
    let message = message(error);
    let words = format!("{} {message}", kind(error)).to_lowercase();
    // 422 repeats what was sent, the passages included: their words say nothing.
    let has = |list: &[&str]| status != 422 && list.iter().any(|&part| words.contains(part));
    let retry_after = waiting(error, &message, header);
    let (url, model) = (url.to_owned(), model.to_owned());
    match status {
        413 => Error::ApiContextExceeded { url, status, message },
        _ if has(&TOO_LONG) => Error::ApiContextExceeded { url, status, message },
        402 => Error::ApiQuotaExceeded { url, status, message },
        _ if has(&USED_UP) => Error::ApiQuotaExceeded { url, status, message },
        401 | 403 => Error::ApiUnauthorized { url, status, message },
        400 if has(&["api key not valid", "api_key_invalid"]) => Error::ApiUnauthorized { url, status, message },
        404 => Error::ApiModelUnknown { url, model, status, message },
        400 if has(&["model"]) && has(&["not found", "does not exist", "unknown", "no such"]) => {
            Error::ApiModelUnknown { url, model, status, message }
        }
        429 => Error::ApiRateLimited { url, message, retry_after },
        503 | 529 => Error::ApiOverloaded { url, status, message, retry_after },
        500.. => Error::ApiServer { url, status, message },
        _ => Error::ApiRejected { url, status, message },
    }
}

/// The error that a body or an event reports, if it does.
pub(super) fn reported(event: &Value) -> Option<&Value> {
    let is_one = event["type"] == "error" || event["type"] == "response.failed";
    let told = [&event["error"], &event["response"]["error"]].into_iter().find(|error| !error.is_null());
    told.or(is_one.then_some(event))
}

/// The status that an error within a stream would have had.
pub(super) fn status_of(error: &Value) -> u16 {
    let code = &error["code"];
    if let Some(code) = code.as_u64().and_then(|code| u16::try_from(code).ok()) {
        return code;
    }
    let kind = kind(error);
    STATUSES.iter().find(|(part, _)| kind.contains(part)).map_or(500, |&(_, status)| status)
}

/// What kind of error it is, in the API's own words, in small letters; for Gemini, which limit was reached, too.
fn kind(error: &Value) -> String {
    let mut kind = String::new();
    let details = error["details"].as_array().into_iter().flatten();
    let limits = details.map(|detail| &detail["violations"][0]["quotaId"]);
    for word in [&error["type"], &error["code"], &error["status"]].into_iter().chain(limits) {
        kind.push_str(word.as_str().unwrap_or_default());
        kind.push(' ');
    }
    kind.make_ascii_lowercase();
    kind
}

/// What the server said, in one short line.
fn message(error: &Value) -> String {
    let told = ["message", "detail"].iter().find_map(|name| error[name].as_str()).or(error.as_str());
    let mut line = told.map_or_else(|| beginning(error.to_string().as_bytes()), |told| beginning(told.as_bytes()));
    // OpenRouter tells here what the provider behind it said.
    if let Some(raw) = error["metadata"]["raw"].as_str() {
        line = format!("{line}: {}", beginning(raw.as_bytes()));
    }
    match line.as_str() {
        "" => "it gave no reason".to_owned(),
        page if page.starts_with('<') => "it sent a web page instead of an answer".to_owned(),
        _ => line.trim_end_matches(['.', ' ']).to_owned(),
    }
}

/// The beginning of a text, on one line.
pub(super) fn beginning(text: &[u8]) -> String {
    const LONGEST: usize = 300;
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * LONGEST)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST).collect()
}
