//! Anthropic Messages
//!
//! The request body and the events are those of Anthropic's own software development kit (anthropic-sdk-typescript,
//! `MessageCreateParams`, `RawMessageStreamEvent`). What an event is stands in its data, so names of events are not needed.

use serde_json::{Value, json};

use super::decoder::{Answer, count};
use super::request::{self, set, split};
use super::{DEFAULT_MAX_TOKENS, Event, Settings, openai};
use crate::prompt::{Attached, Prompt};

/// The version of the API that is spoken.
pub(super) const VERSION: &str = "2023-06-01";
/// The limit at Anthropic itself, where one must be given and newer models count their thoughts in it.
const WITH_THOUGHTS: u32 = 4 * DEFAULT_MAX_TOKENS;

pub(super) fn body(settings: &Settings, prompt: &Prompt) -> Value {
    let (system, messages) = split(&prompt.messages);
    let mut messages: Vec<Value> = messages.map(openai::message).collect();
    // Documents that the API cites by itself stand before the question that they are for.
    if let (false, Some(last)) = (prompt.attached.is_empty(), messages.last_mut()) {
        let document = |Attached { title, text }: &Attached| {
            let source = json!({ "type": "text", "media_type": "text/plain", "data": text });
            let mut document = json!({ "type": "document", "source": source, "citations": { "enabled": true } });
            set(&mut document, "title", Some(title.as_str()).filter(|title| !title.is_empty()).map(Value::from));
            document
        };
        let question = json!({ "type": "text", "text": last["content"] });
        last["content"] = prompt.attached.iter().map(document).chain([question]).collect();
    }
    let limit = request::limit(settings).unwrap_or(WITH_THOUGHTS);
    let mut body = json!({ "messages": messages, "max_tokens": limit, "stream": true });
    set(&mut body, "system", system.map(Value::from));
    set(&mut body, "temperature", request::temperature(settings));
    body
}

/// Reads an event, or a whole message.
pub(super) fn read(event: &Value, answer: &mut Answer) {
    match event["type"].as_str() {
        Some("message_start") => {
            answer.spoke = true;
            usage(&event["message"]["usage"], answer);
        }
        Some("content_block_start") => block(&event["content_block"], answer),
        Some("content_block_delta") => {
            let delta = &event["delta"];
            answer.text(&delta["text"]);
            quote(&delta["citation"], answer);
        }
        Some("message_delta") => {
            usage(&event["usage"], answer);
            answer.end(&event["delta"]["stop_reason"]);
        }
        Some("message_stop") => answer.done = true,
        Some("message") => {
            answer.spoke = true;
            event["content"].as_array().into_iter().flatten().for_each(|content| block(content, answer));
            usage(&event["usage"], answer);
            answer.end(&event["stop_reason"]);
        }
        _ => {} // `ping`, the end of a block, and whatever may be added.
    }
}

fn block(block: &Value, answer: &mut Answer) {
    answer.text(&block["text"]);
    block["citations"].as_array().into_iter().flatten().for_each(|citation| quote(citation, answer));
}

fn quote(citation: &Value, answer: &mut Answer) {
    if let (Some(document), Some(text)) = (citation["document_index"].as_u64(), citation["cited_text"].as_str()) {
        answer.events.push(Event::Quote { document: document as usize, text: text.to_owned() });
    }
}

/// What was read is told in three parts, of which the end of a stream repeats those that have changed.
fn usage(told: &Value, answer: &mut Answer) {
    let names = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
    answer.read.iter_mut().zip(names).for_each(|(known, name)| count(known, &told[name]));
    let usage = &mut answer.usage;
    usage.prompt_tokens = answer.read.iter().flatten().copied().reduce(u64::saturating_add);
    usage.cached_tokens = answer.read[2];
    count(&mut usage.completion_tokens, &told["output_tokens"]);
}
