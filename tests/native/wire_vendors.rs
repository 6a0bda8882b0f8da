//! What vendors streamed in their own APIs is read as their specifications say, however it is framed and cut.

use carrel::error::{Error, Result};
use carrel::generate::{Api, Decoder, Event, Finish, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::desk::shared_text;
use crate::wire::{chunks, text_of};

/// Streams that vendors sent.
const RECORDED: [(Api, &str); 39] = [
    (Api::OpenAi, "openai/openai-text"),
    (Api::OpenAi, "openai/azure-model-router.1"),
    (Api::OpenAi, "deepseek/deepseek-text"),
    (Api::OpenAi, "openai-compatible/xai-text"),
    (Api::Responses, "openai/github-copilot-id-rotation.1"),
    (Api::Responses, "openai/openai-apply-patch-tool-delete.1"),
    (Api::Responses, "openai/openai-client-tool-search.1"),
    (Api::Responses, "openai/openai-client-tool-search.2"),
    (Api::Responses, "openai/openai-file-search-tool.1"),
    (Api::Responses, "openai/openai-file-search-tool.2"),
    (Api::Responses, "openai/openai-local-shell-tool.1"),
    (Api::Responses, "openai/openai-mcp-tool-approval.2"),
    (Api::Responses, "openai/openai-mcp-tool-approval.3"),
    (Api::Responses, "openai/openai-mcp-tool.1"),
    (Api::Responses, "openai/openai-phase.1"),
    (Api::Responses, "openai/openai-shell-container-multiturn.1"),
    (Api::Responses, "openai/openai-shell-local-multiturn.1"),
    (Api::Responses, "openai/openai-web-search-tool.1"),
    (Api::Responses, "openai/programmatic-tool-calling.3"),
    (Api::Anthropic, "anthropic/anthropic-advisor-stop-reasons"),
    (Api::Anthropic, "anthropic/anthropic-clear-thinking.1"),
    (Api::Anthropic, "anthropic/anthropic-clear-tool-uses.1"),
    (Api::Anthropic, "anthropic/anthropic-code-execution-20250825.2"),
    (Api::Anthropic, "anthropic/anthropic-code-execution-20250825.pptx-skill"),
    (Api::Anthropic, "anthropic/anthropic-combined-context-editing.1"),
    (Api::Anthropic, "anthropic/anthropic-compaction.1"),
    (Api::Anthropic, "anthropic/anthropic-json-tool.1"),
    (Api::Anthropic, "anthropic/anthropic-message-delta-input-tokens"),
    (Api::Anthropic, "anthropic/anthropic-programmatic-tool-calling.1"),
    (Api::Anthropic, "anthropic/anthropic-refusal"),
    (Api::Anthropic, "anthropic/anthropic-tool-no-args"),
    (Api::Anthropic, "anthropic/anthropic-tool-search-deferred-bm25"),
    (Api::Anthropic, "anthropic/anthropic-tool-search-regex.1"),
    (Api::Anthropic, "anthropic/anthropic-web-fetch-tool-20260209.1"),
    (Api::Gemini, "google/google-reasoning-gemini3"),
    (Api::Gemini, "google/google-stream-tool-call-array-arguments-missing-terminal-function-call"),
    (Api::Gemini, "google/google-tool-call"),
    (Api::Gemini, "google/google-tool-call-gemini3"),
    (Api::Gemini, "google/google-vertex-stream-tool-call-arguments-nested.1"),
];

/// Whole answers, and where the text stands in them: the list of its parts.
const WHOLE: [(Api, &str); 13] = [
    (Api::Responses, "openai/openai-phase.1"),
    (Api::Responses, "openai/openai-web-search-tool.1"),
    (Api::Responses, "openai/openai-file-search-tool.2"),
    (Api::Responses, "openai/openai-mcp-tool.1"),
    (Api::Responses, "openai/openai-reasoning-encrypted-content.1"),
    (Api::Anthropic, "anthropic/anthropic-text"),
    (Api::Anthropic, "anthropic/anthropic-refusal"),
    (Api::Anthropic, "anthropic/anthropic-json-output-format.1"),
    (Api::Anthropic, "anthropic/anthropic-code-execution-20250825.2"),
    (Api::Gemini, "google/google-text"),
    (Api::Gemini, "google/google-reasoning-gemini3"),
    (Api::Gemini, "google/google-tool-call"),
    (Api::Gemini, "google/google-tool-call-gemini3"),
];

pub fn decode<'bytes>(api: Api, parts: impl IntoIterator<Item = &'bytes [u8]>) -> Result<Vec<Event>> {
    let mut decoder = Decoder::new(api, "https://api.example/v1", "m");
    let mut events = Vec::new();
    for part in parts {
        events.extend(decoder.push(part)?);
        if decoder.is_done() {
            break;
        }
    }
    events.extend(decoder.finish()?);
    Ok(events)
}

pub fn code(result: Result<Vec<Event>>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "no error")
}

/// The chunks of the first answer that a recording holds: some go on with the next turn.
fn recorded((api, name): (Api, &str)) -> Vec<String> {
    let mut chunks = chunks(name);
    if let Some(stop) = chunks.iter().position(|chunk| api == Api::Anthropic && chunk.contains("\"message_stop\"")) {
        chunks.truncate(stop + 1);
    }
    chunks
}

/// As the vendor frames them.
pub fn framed(api: Api, chunks: &[String]) -> String {
    let framed = chunks.iter().map(|chunk| {
        let event: Value = serde_json::from_str(chunk).unwrap();
        match (api, event["type"].as_str()) {
            (Api::Anthropic | Api::Responses, Some(name)) => format!("event: {name}\ndata: {chunk}\n\n"),
            (Api::Gemini, _) => format!("data: {chunk}\r\n\r\n"),
            _ => format!("data: {chunk}\n\n"),
        }
    });
    framed.collect::<String>() + if api == Api::OpenAi { "data: [DONE]\n\n" } else { "" }
}

/// What the chunks say, by the plain reading of the specification.
fn text(api: Api, chunk: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    match api {
        Api::OpenAi => text(&chunk["choices"][0]["delta"]["content"]),
        Api::Responses if chunk["type"] == "response.output_text.delta" => text(&chunk["delta"]),
        Api::Anthropic if chunk["delta"]["type"] == "text_delta" => text(&chunk["delta"]["text"]),
        Api::Gemini => {
            let parts = chunk["candidates"][0]["content"]["parts"].as_array().into_iter().flatten();
            parts.filter(|part| part["thought"] != true).map(|part| text(&part["text"])).collect()
        }
        _ => String::new(),
    }
}

/// Tokens read and written, and why it ended.
fn ending(api: Api, chunks: &[Value]) -> (Option<u64>, Option<u64>, Option<String>) {
    let last = |pointer: &str| chunks.iter().rev().find_map(|chunk| chunk.pointer(pointer).filter(|it| !it.is_null()));
    let tokens = |pointer: &str| last(pointer).and_then(Value::as_u64);
    let sum = |first: Option<u64>, second: Option<u64>| Some(first? + second.unwrap_or(0));
    let (read, written, reason) = match api {
        Api::OpenAi => (
            tokens("/usage/prompt_tokens"),
            tokens("/usage/total_tokens").zip(tokens("/usage/prompt_tokens")).map(|(all, read)| all - read),
            last("/choices/0/finish_reason"),
        ),
        Api::Responses => {
            (tokens("/response/usage/input_tokens"), tokens("/response/usage/output_tokens"), last("/response/status"))
        }
        Api::Anthropic => {
            let both = |name: &str| tokens(&format!("/usage/{name}")).or(tokens(&format!("/message/usage/{name}")));
            let cached = sum(Some(0), both("cache_creation_input_tokens"));
            let read = sum(sum(both("input_tokens"), cached), both("cache_read_input_tokens"));
            (read, both("output_tokens"), last("/delta/stop_reason"))
        }
        Api::Gemini => (
            tokens("/usageMetadata/promptTokenCount"),
            sum(tokens("/usageMetadata/candidatesTokenCount"), tokens("/usageMetadata/thoughtsTokenCount")),
            last("/candidates/0/finishReason"),
        ),
    };
    (read, written, reason.map(|reason| reason.as_str().unwrap().to_owned()))
}

fn end(events: &[Event]) -> &Usage {
    let ends: Vec<&Usage> =
        events.iter().filter_map(|event| if let Event::End(usage) = event { Some(usage) } else { None }).collect();
    assert!(ends.len() == 1 && matches!(events.last(), Some(Event::End(_))), "one end, and last: {events:?}");
    ends[0]
}

#[test]
fn recorded_streams_of_all_vendors_give_the_text_and_the_usage_that_they_hold() {
    let mut seen = 0;
    for (api, name) in RECORDED {
        let chunks = recorded((api, name));
        let events = decode(api, [framed(api, &chunks).as_bytes()]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
        let expected: String = chunks.iter().map(|chunk| text(api, chunk)).collect();
        assert_eq!(text_of(&events), expected, "{name}");
        seen += expected.len();
        let usage = end(&events);
        let told = (usage.prompt_tokens, usage.completion_tokens, usage.finish_reason.clone());
        assert_eq!(told, ending(api, &chunks), "{name}");
        assert!(told.0.is_some() && told.1.is_some() && usage.finish.is_some(), "{name}: {usage:?}");
    }
    assert!(seen > 10_000, "only {seen} bytes of text were read");
}

#[test]
fn whole_answers_of_all_vendors_are_read_where_a_server_does_not_stream() {
    for (api, name) in WHOLE {
        let body = shared_text(&format!("data/streams/{name}.json"));
        let whole: Value = serde_json::from_str(&body).unwrap();
        let parts: Vec<&Value> = match api {
            Api::Responses => {
                let items = whole["output"].as_array().unwrap().iter().filter(|item| item["type"] == "message");
                items.flat_map(|item| item["content"].as_array().unwrap()).collect()
            }
            Api::Anthropic => whole["content"].as_array().unwrap().iter().filter(|it| it["type"] == "text").collect(),
            _ => whole["candidates"][0]["content"]["parts"].as_array().unwrap().iter().collect(),
        };
        let expected: String = parts.iter().filter_map(|part| part["text"].as_str()).collect();
        let events = decode(api, body.as_bytes().chunks(333)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(text_of(&events), expected, "{name}");
        let usage = end(&events);
        assert!(usage.prompt_tokens.is_some() && usage.finish.is_some(), "{name}: {usage:?}");
        let cut = &body.trim_end().as_bytes()[..body.trim_end().len() - 1];
        assert_eq!(code(decode(api, [cut])), "api_stream_cut", "{name}");
    }
}

#[test]
fn what_gemini_sends_without_sse_is_read_too() {
    let chunks = recorded((Api::Gemini, "google/google-reasoning-gemini3"));
    let list = format!("[{}]", chunks.join(",\n"));
    assert_eq!(decode(Api::Gemini, [list.as_bytes()]), decode(Api::Gemini, [framed(Api::Gemini, &chunks).as_bytes()]));
}

#[test]
fn events_that_are_not_known_are_ignored() {
    let unknown = [json!({ "type": "future.event", "delta": { "novel": 1 } }), json!({ "type": "ping" }), json!({})];
    for (api, name) in RECORDED {
        let chunks = recorded((api, name));
        let more: Vec<String> = chunks
            .iter()
            .enumerate()
            .flat_map(|(at, chunk)| [unknown[at % unknown.len()].to_string(), chunk.clone()])
            .collect();
        let plain = decode(api, [framed(api, &chunks).as_bytes()]);
        assert_eq!(decode(api, [framed(api, &more).as_bytes()]), plain, "{name}");
    }
}

#[test]
fn how_an_answer_ended_is_told_apart_whatever_the_word() {
    let anthropic = |reason: &str| json!([{ "type": "message_delta", "delta": { "stop_reason": reason } }, { "type": "message_stop" }]);
    let gemini = |reason: &str| json!([{ "candidates": [{ "finishReason": reason }] }]);
    let openai = |reason: &str| json!([{ "choices": [{ "delta": {}, "finish_reason": reason }] }]);
    let incomplete = |reason: &str| {
        let response = json!({ "status": "incomplete", "incomplete_details": { "reason": reason } });
        json!([{ "type": "response.incomplete", "response": response }])
    };
    for (api, events, finish) in [
        (Api::OpenAi, openai("stop"), Finish::Stop),
        (Api::OpenAi, openai("length"), Finish::Length),
        (Api::OpenAi, openai("content_filter"), Finish::Refusal),
        (Api::OpenAi, openai("tool_calls"), Finish::Other),
        (Api::Responses, incomplete("max_output_tokens"), Finish::Length),
        (Api::Responses, incomplete("content_filter"), Finish::Refusal),
        (
            Api::Responses,
            json!([{ "type": "response.refusal.delta", "delta": "No." },
                { "type": "response.completed", "response": { "status": "completed" } }]),
            Finish::Refusal,
        ),
        (Api::Anthropic, anthropic("end_turn"), Finish::Stop),
        (Api::Anthropic, anthropic("stop_sequence"), Finish::Stop),
        (Api::Anthropic, anthropic("max_tokens"), Finish::Length),
        (Api::Anthropic, anthropic("model_context_window_exceeded"), Finish::Length),
        (Api::Anthropic, anthropic("refusal"), Finish::Refusal),
        (Api::Anthropic, anthropic("pause_turn"), Finish::Other),
        (Api::Gemini, gemini("STOP"), Finish::Stop),
        (Api::Gemini, gemini("MAX_TOKENS"), Finish::Length),
        (Api::Gemini, gemini("SAFETY"), Finish::Refusal),
        (Api::Gemini, gemini("MALFORMED_FUNCTION_CALL"), Finish::Other),
        (Api::Gemini, json!([{ "promptFeedback": { "blockReason": "OTHER" } }]), Finish::Refusal),
    ] {
        let mut chunks: Vec<String> = events.as_array().unwrap().iter().map(Value::to_string).collect();
        if api == Api::Anthropic {
            chunks.insert(0, json!({ "type": "message_start", "message": { "usage": {} } }).to_string());
        }
        let events =
            decode(api, [framed(api, &chunks).as_bytes()]).unwrap_or_else(|error| panic!("{chunks:?}: {error}"));
        assert_eq!(end(&events).finish, Some(finish), "{chunks:?}");
    }
}

#[test]
fn thoughts_are_not_told_and_caches_are_counted() {
    let thought = json!({ "candidates": [{ "content": { "parts": [
            { "text": "Hm.", "thought": true }, { "text": "Nine." }] }, "finishReason": "STOP" }],
        "usageMetadata": { "promptTokenCount": 90, "cachedContentTokenCount": 64, "candidatesTokenCount": 2,
            "thoughtsTokenCount": 5 } });
    let events = decode(Api::Gemini, [framed(Api::Gemini, &[thought.to_string()]).as_bytes()]).unwrap();
    assert_eq!(text_of(&events), "Nine.");
    let usage = end(&events);
    let counts = |usage: &Usage| {
        [usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.reasoning_tokens]
            .map(|it| it.unwrap_or(0))
    };
    assert_eq!(counts(usage), [90, 7, 64, 5]);

    let usage = json!({ "input_tokens": 6, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 64, "output_tokens": 1 });
    let chunks = [
        json!({ "type": "message_start", "message": { "usage": usage } }),
        json!({ "type": "content_block_delta", "delta": { "type": "thinking_delta", "thinking": "Hm." } }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 7 } }),
        json!({ "type": "message_stop" }),
    ]
    .map(|chunk| chunk.to_string());
    let events = decode(Api::Anthropic, [framed(Api::Anthropic, &chunks).as_bytes()]).unwrap();
    assert_eq!((text_of(&events).as_str(), counts(end(&events))), ("", [90, 7, 64, 0]));

    // Mistral's models that think send parts in place of a text.
    let parts = json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "Hm." }] }, { "type": "text", "text": "Nine." }]);
    let chunk = json!({ "choices": [{ "delta": { "content": parts }, "finish_reason": "stop" }] }).to_string();
    assert_eq!(text_of(&decode(Api::OpenAi, [framed(Api::OpenAi, &[chunk]).as_bytes()]).unwrap()), "Nine.");
}

#[test]
fn what_anthropic_cites_of_documents_is_told_where_it_stands() {
    let citation = json!({ "type": "char_location", "cited_text": "opens at nine", "document_index": 1,
        "document_title": "Hours", "start_char_index": 12, "end_char_index": 25 });
    let chunks = [
        json!({ "type": "message_start", "message": { "usage": {} } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "", "citations": [] } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "At nine." } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "citations_delta", "citation": citation } }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": {} }),
        json!({ "type": "message_stop" }),
    ]
    .map(|chunk| chunk.to_string());
    let expected = [Event::Text("At nine.".into()), Event::Quote { document: 1, text: "opens at nine".into() }];
    let events = decode(Api::Anthropic, [framed(Api::Anthropic, &chunks).as_bytes()]).unwrap();
    assert_eq!(events[..2], expected);
    let content = json!([{ "type": "text", "text": "At nine.", "citations": [citation] }]);
    let whole = json!({ "type": "message", "content": content, "stop_reason": "end_turn" }).to_string();
    assert_eq!(decode(Api::Anthropic, [whole.as_bytes()]).unwrap()[..2], expected);
}

#[test]
fn an_answer_of_any_vendor_that_breaks_off_says_so_wherever_it_breaks() {
    for (api, name, reason) in [
        (Api::Responses, "openai/openai-shell-local-multiturn.1", "{\"type\":\"response.completed\""),
        (Api::Anthropic, "anthropic/anthropic-message-delta-input-tokens", "{\"type\":\"message_delta\""),
        (Api::Gemini, "google/google-reasoning-gemini3", "\"finishReason\""),
    ] {
        let bytes = framed(api, &recorded((api, name))).into_bytes();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let reason = text.find(reason).unwrap();
        let whole = reason + text[reason..].find('\n').unwrap();
        let whole = text[..whole].trim_end().len();
        for at in text.find('{').unwrap() + 1..bytes.len() {
            let expected = if at < whole { "api_stream_cut" } else { "no error" };
            assert_eq!(code(decode(api, [&bytes[..at]])), expected, "{name} at {at} of {whole}");
        }
    }
}

/// The same error, or the same events, whatever it was cut into; with an error the events that came before it.
fn told(api: Api, parts: &[&[u8]]) -> (Vec<Event>, Option<Error>) {
    let mut decoder = Decoder::new(api, "https://api.example/v1", "m");
    let mut events = Vec::new();
    for part in parts {
        match decoder.push(part) {
            Ok(more) => events.extend(more),
            Err(error) => return (events, Some(error)),
        }
    }
    match decoder.finish() {
        Ok(more) => events.extend(more),
        Err(error) => return (events, Some(error)),
    }
    (events, None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_stream_of_any_vendor_in_any_framing_and_any_pieces_gives_the_same_events(
        recording in prop::sample::select(RECORDED.to_vec()),
        framing in 0..6,
        fails: bool,
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let api = recording.0;
        let mut chunks = recorded(recording);
        if fails {
            let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } });
            chunks.insert(chunks.len() / 2, error.to_string());
        }
        let plain = framed(api, &chunks);
        let framed = match framing {
            0 => plain.clone(),
            1 => plain.replace("\r\n", "\n").replace('\n', "\r\n"),
            2 => plain.replace("\r\n", "\n").replace('\n', "\r"),
            3 => format!("\u{feff}{}", plain.replace("data: ", "data:")),
            4 => plain.lines().filter(|line| !line.starts_with("event:")).map(|line| format!("{line}\n")).collect(),
            _ => plain.replace("data: ", ": a comment\nretry: 9\nid: 7\ndata: "),
        };
        let bytes = framed.as_bytes();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        places.sort();
        let parts: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let expected = told(api, &[plain.as_bytes()]);
        prop_assert_eq!(expected.1.as_ref().map(|error| error.code()), fails.then_some("api_overloaded"));
        prop_assert_eq!(told(api, &parts), expected, "{} in framing {}", recording.1, framing);
    }

    #[test]
    fn no_bytes_make_any_decoder_panic(
        api in prop::sample::select(vec![Api::OpenAi, Api::Responses, Api::Anthropic, Api::Gemini]),
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6),
    ) {
        if let Err(error) = decode(api, parts.iter().map(Vec::as_slice)) {
            prop_assert!(["api_not_json", "api_stream_cut"].contains(&error.code()), "{error}");
        }
    }
}
