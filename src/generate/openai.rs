//! OpenAI chat completions
//!
//! The request body and the chunks are those of the published specification (`CreateChatCompletionRequest`,
//! `CreateChatCompletionStreamResponse`), which Ollama, llama.cpp, vLLM, LM Studio, OpenRouter and many more speak, too.

use serde_json::{Value, json};

use super::decoder::{Answer, count};
use super::request::set;
use super::{Settings, request};
use crate::prompt::{Message, Role};

pub(super) fn body(settings: &Settings, messages: &[Message]) -> Value {
    let messages: Vec<Value> = messages.iter().map(message).collect();
    let mut body = json!({ "messages": messages, "stream": true, "stream_options": { "include_usage": true } });
    // At OpenAI itself the models that reason refuse the older name of the limit.
    let limit = if request::at_vendor(settings) { "max_completion_tokens" } else { "max_tokens" };
    set(&mut body, "temperature", request::temperature(settings));
    set(&mut body, limit, request::limit(settings).map(Value::from));
    body
}

/// A message in the words of OpenAI, which Anthropic took over.
pub(super) fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    json!({ "role": role, "content": message.content })
}

/// Reads a chunk, or a whole answer, which has `message` in place of `delta`.
pub(super) fn read(event: &Value, answer: &mut Answer) {
    answer.spoke |= event["choices"].is_array();
    let choice = &event["choices"][0];
    let said = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
    answer.text(&said["content"]);
    answer.refusal(&said["refusal"]);
    answer.end(&choice["finish_reason"]);

    let (told, usage) = (&event["usage"], &mut answer.usage);
    count(&mut usage.prompt_tokens, &told["prompt_tokens"]);
    count(&mut usage.completion_tokens, &told["completion_tokens"]);
    count(&mut usage.cached_tokens, &told["prompt_tokens_details"]["cached_tokens"]);
    count(&mut usage.reasoning_tokens, &told["completion_tokens_details"]["reasoning_tokens"]);
    // Some, such as xAI, do not count thoughts among what was written; then the sum tells.
    if let (Some(read), Some(written), Some(thought), Some(total)) =
        (usage.prompt_tokens, told["completion_tokens"].as_u64(), usage.reasoning_tokens, told["total_tokens"].as_u64())
        && [written, thought].iter().try_fold(read, |sum, &tokens| sum.checked_add(tokens)) == Some(total)
    {
        usage.completion_tokens = Some(written + thought);
    }
}
