//! [`Settings`] + [`Prompt`] → [`Request`]
//!
//! Where to and with which headers; the body is the codec's. Addresses are taken as people paste them: with or without
//! the version of the API, and with the path of an endpoint at their end.

use serde_json::Value;

use super::{Api, DEFAULT_MAX_TOKENS, Request, Settings, anthropic, gemini, openai, responses};
use crate::error::{Error, Result};
use crate::prompt::{Message, Prompt, Role};

/// What people may copy along with the address.
const ENDPOINTS: [&str; 4] = ["/chat/completions", "/responses", "/messages", "/models"];
/// Where newer models take no temperature, or are best at their own, and count their thoughts as written.
const VENDORS: [&str; 3] = ["//api.openai.com", "//api.anthropic.com", "//generativelanguage.googleapis.com"];

/// Makes the request.
///
/// # Errors
/// `option_invalid` where the base URL is no address of the web, the model's name is empty, the temperature is no number
/// from 0 up, or the key has characters that no key has.
pub fn request(settings: &Settings, prompt: &Prompt) -> Result<Request> {
    let base = base(settings)?;
    let model = settings.model.trim();
    if model.is_empty() {
        return Err(invalid("model", "it is empty; give the name of the language model as the API knows it"));
    }
    if settings.temperature.is_some_and(|temperature| !temperature.is_finite() || temperature < 0.0) {
        return Err(invalid("temperature", "a number from 0 up is needed"));
    }
    let messages = &prompt.messages;
    let (path, mut body) = match settings.api {
        Api::OpenAi => ("/chat/completions".to_owned(), openai::body(settings, messages)),
        Api::Responses => ("/responses".to_owned(), responses::body(settings, messages)),
        Api::Anthropic => ("/messages".to_owned(), anthropic::body(settings, prompt)),
        Api::Gemini => {
            let name = model.strip_prefix("models/").unwrap_or(model);
            if !name.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#%".contains(&byte)) {
                return Err(invalid("model", "it holds characters that no name of a model has there"));
            }
            (format!("/models/{name}:streamGenerateContent?alt=sse"), gemini::body(settings, messages))
        }
    };
    if settings.api != Api::Gemini {
        set(&mut body, "model", Some(model.into())); // There it stands in the address.
    }
    let mut headers = headers(settings)?;
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    Ok(Request { method: "POST", url: base + &path, headers, body: body.to_string() })
}

/// Makes the request for the list of the models that can be had there: the answer is for [`models`](super::models()).
///
/// # Errors
/// `option_invalid` as by [`request`]; the model's name may be empty.
pub fn models_request(settings: &Settings) -> Result<Request> {
    let path = match settings.api {
        Api::OpenAi | Api::Responses => "/models",
        Api::Anthropic => "/models?limit=1000",
        Api::Gemini => "/models?pageSize=1000",
    };
    Ok(Request { method: "GET", url: base(settings)? + path, headers: headers(settings)?, body: String::new() })
}

/// The address that the API's paths follow, with its version.
fn base(settings: &Settings) -> Result<String> {
    let given = settings.base_url.trim();
    if given.split('/').nth(2).is_some_and(|host| host.contains('@')) {
        // Not repeated here: the password would be told with it.
        return Err(invalid("baseUrl", "it holds a name or a password; leave them out, a key goes into apiKey"));
    }
    let host = ["http://", "https://"].iter().find_map(|scheme| Some((*scheme, given.strip_prefix(scheme)?)));
    let Some((scheme, mut rest)) =
        host.map(|(scheme, rest)| (scheme, rest.trim_end_matches('/'))).filter(|(_, rest)| {
            !rest.is_empty()
                && !rest.starts_with('/')
                && !rest.contains(char::is_whitespace)
                && !rest.contains(['?', '#'])
        })
    else {
        let problem = "is no address; it begins with http:// or https:// and usually ends in /v1";
        return Err(invalid("baseUrl", &format!("{given:?} {problem}")));
    };
    if settings.api == Api::Gemini {
        rest = rest.split_once("/models/").map_or(rest, |(before, _)| before);
    }
    for endpoint in ENDPOINTS {
        rest = rest.strip_suffix(endpoint).unwrap_or(rest).trim_end_matches('/');
    }
    let path = rest.rsplit_once('/');
    let last = path.map_or("", |(_, last)| last).as_bytes();
    let has_version = last.first() == Some(&b'v') && last.get(1).is_some_and(u8::is_ascii_digit);
    let version = match settings.api {
        _ if has_version => "",
        Api::Anthropic => "/v1",
        Api::Gemini => "/v1beta",
        // Servers of one's own have it at /v1, all of them; those that are hosted, wherever they say.
        _ if path.is_none() && (scheme == "http://" || at_vendor(settings)) => "/v1",
        _ => "",
    };
    Ok(format!("{scheme}{rest}{version}"))
}

fn headers(settings: &Settings) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    if settings.api == Api::Anthropic {
        add("anthropic-version", anthropic::VERSION);
        // Without it Anthropic refuses requests of a page: it wants to hear that the key is the person's own.
        add("anthropic-dangerous-direct-browser-access", "true");
    }
    if let Some(key) = settings.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty()) {
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("apiKey", "it holds characters that no key has; copy it again"));
        }
        match settings.api {
            Api::OpenAi | Api::Responses => add("authorization", &format!("Bearer {key}")),
            Api::Anthropic => add("x-api-key", key),
            Api::Gemini => add("x-goog-api-key", key),
        }
    }
    Ok(headers)
}

/// Whether this is sent to the maker of the API itself, where only what was asked for is sent.
pub(super) fn at_vendor(settings: &Settings) -> bool {
    VENDORS.iter().any(|vendor| settings.base_url.contains(vendor))
}

/// Whether the API cites documents by itself; a server that only speaks the same API may not know of it.
pub fn cites(settings: &Settings) -> bool {
    settings.api == Api::Anthropic && at_vendor(settings)
}

/// The temperature that is sent; 0 where nothing is said, so that an answer can be had again.
pub(super) fn temperature(settings: &Settings) -> Option<Value> {
    let given = settings.temperature.or((!at_vendor(settings)).then_some(0.0))?;
    Some(((f64::from(given) * 1e6).round() / 1e6).into()) // 0.3, not the nearest number of 32 bits in all its digits.
}

/// The limit that is sent, in tokens: small models wander without end where nothing holds them.
pub(super) fn limit(settings: &Settings) -> Option<u32> {
    settings.max_tokens.or((!at_vendor(settings)).then_some(DEFAULT_MAX_TOKENS))
}

/// Sets a field of a body, where there is a value for it.
pub(super) fn set(body: &mut Value, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        body[name] = value;
    }
}

/// The instructions, and the messages of the conversation, for APIs that want them apart.
pub(super) fn split(messages: &[Message]) -> (Option<String>, impl Iterator<Item = &Message>) {
    let is_system = |message: &&Message| message.role == Role::System;
    let system: Vec<&str> = messages.iter().filter(is_system).map(|message| message.content.as_str()).collect();
    let system = Some(system.join("\n\n")).filter(|system| !system.trim().is_empty());
    (system, messages.iter().filter(|message| message.role != Role::System))
}

fn invalid(option: &str, problem: &str) -> Error {
    Error::OptionInvalid { option: option.into(), problem: problem.into() }
}
