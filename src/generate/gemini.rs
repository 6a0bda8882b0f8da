//! Google Gemini, `streamGenerateContent`
//!
//! The request body and the chunks are those of Google's own software development kit (js-genai,
//! `GenerateContentParameters`, `GenerateContentResponse`). A whole answer looks like a chunk, and nothing marks the end
//! of a stream but the reason why it ended.

use serde_json::{Value, json};

use super::Settings;
use super::decoder::{Answer, count};
use super::request::{self, set, split};
use crate::prompt::{Message, Role};

pub(super) fn body(settings: &Settings, messages: &[Message]) -> Value {
    let (system, messages) = split(messages);
    let contents: Vec<Value> = messages
        .map(|message| {
            let role = if message.role == Role::Assistant { "model" } else { "user" };
            json!({ "role": role, "parts": [{ "text": message.content }] })
        })
        .collect();
    let mut generation = json!({});
    set(&mut generation, "temperature", request::temperature(settings));
    set(&mut generation, "maxOutputTokens", request::limit(settings).map(Value::from));
    let mut body = json!({ "contents": contents, "generationConfig": generation });
    set(&mut body, "systemInstruction", system.map(|system| json!({ "parts": [{ "text": system }] })));
    body
}

/// Reads a chunk, or a whole answer.
pub(super) fn read(event: &Value, answer: &mut Answer) {
    let candidate = &event["candidates"][0];
    let blocked = &event["promptFeedback"]["blockReason"];
    answer.spoke |= event["candidates"].is_array() || blocked.is_string();
    answer.text(&candidate["content"]["parts"]);
    answer.refused |= blocked.is_string();
    answer.end(&candidate["finishReason"]);
    answer.end(blocked);

    let (told, usage) = (&event["usageMetadata"], &mut answer.usage);
    count(&mut usage.prompt_tokens, &told["promptTokenCount"]);
    count(&mut usage.cached_tokens, &told["cachedContentTokenCount"]);
    count(&mut usage.reasoning_tokens, &told["thoughtsTokenCount"]);
    if let Some(written) = told["candidatesTokenCount"].as_u64() {
        // Thoughts are counted apart here, elsewhere among what was written.
        usage.completion_tokens = Some(written.saturating_add(usage.reasoning_tokens.unwrap_or(0)));
    }
}
