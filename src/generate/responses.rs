//! OpenAI Responses
//!
//! The request body and the events are those of the published specification (`CreateResponse`, `ResponseStreamEvent`).
//! Nothing is to be stored there: an answer is asked for once and not gone back to.

use serde_json::{Value, json};

use super::decoder::{Answer, count};
use super::request::{self, set, split};
use super::{Settings, openai};
use crate::prompt::{Message, Role};

/// A smaller limit of tokens is refused.
const LEAST_TOKENS: u32 = 16;

pub(super) fn body(settings: &Settings, messages: &[Message]) -> Value {
    let (system, messages) = split(messages);
    let input: Vec<Value> = messages.zip(1..).map(|(message, number)| item(message, number)).collect();
    let mut body = json!({ "input": input, "stream": true, "store": false });
    set(&mut body, "instructions", system.map(Value::from));
    set(&mut body, "temperature", request::temperature(settings));
    set(&mut body, "max_output_tokens", request::limit(settings).map(|limit| limit.max(LEAST_TOKENS).into()));
    body
}

fn item(message: &Message, number: u32) -> Value {
    if message.role != Role::Assistant {
        return openai::message(message);
    }
    // In the form of a model's own output, with all that it must have: llama.cpp takes no other.
    let content = json!([{ "type": "output_text", "text": message.content, "annotations": [], "logprobs": [] }]);
    let id = format!("msg_{number}");
    json!({ "type": "message", "id": id, "role": "assistant", "status": "completed", "content": content })
}

/// Reads an event, or a whole response.
pub(super) fn read(event: &Value, answer: &mut Answer) {
    match event["type"].as_str() {
        Some("response.output_text.delta") => answer.text(&event["delta"]),
        Some("response.refusal.delta") => answer.refusal(&event["delta"]),
        Some("response.completed" | "response.incomplete") => end(&event["response"], answer),
        Some(_) => answer.spoke |= event["response"].is_object(),
        None if event["output"].is_array() => end(event, answer),
        None => {}
    }
}

fn end(response: &Value, answer: &mut Answer) {
    answer.spoke = true;
    if !answer.wrote {
        // Without deltas the text stands here only.
        for item in response["output"].as_array().into_iter().flatten() {
            if item["type"] == "message" {
                answer.text(&item["content"]);
            }
        }
    }
    let (told, usage) = (&response["usage"], &mut answer.usage);
    count(&mut usage.prompt_tokens, &told["input_tokens"]);
    count(&mut usage.completion_tokens, &told["output_tokens"]);
    count(&mut usage.cached_tokens, &told["input_tokens_details"]["cached_tokens"]);
    count(&mut usage.reasoning_tokens, &told["output_tokens_details"]["reasoning_tokens"]);
    answer.end(&response["status"]);
    answer.end(&response["incomplete_details"]["reason"]);
    answer.done = true;
}
