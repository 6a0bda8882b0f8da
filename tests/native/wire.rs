//! The bytes of the chat-completions API: what is sent is what the specification names, and what vendors really
//! streamed is read the same, however the network cuts it.

use std::collections::BTreeSet;

use carrel::generate::{Api, DEFAULT_MAX_TOKENS, Decoder, Event, Finish, Settings, Usage, request};
use carrel::prompt::{Message, Prompt, Role};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::desk::shared_text;

pub const URL: &str = "http://127.0.0.1:8080/v1/chat/completions";

/// Chat streams that vendors sent, and the whole answers.
const RECORDED: [&str; 5] = [
    "openai/openai-text",
    "openai/azure-model-router.1",
    "deepseek/deepseek-text",
    "openai-compatible/xai-text",
    "openai-compatible/xai-tool-call",
];
const WHOLE: [&str; 5] = [
    "openai/openai-text",
    "deepseek/deepseek-text",
    "deepseek/deepseek-tool-call",
    "openai-compatible/xai-text",
    "openai-compatible/xai-tool-call",
];

pub fn settings() -> Settings {
    serde_json::from_value(json!({ "api": "openai", "baseUrl": "http://127.0.0.1:8080/v1/", "model": " qwen3 " }))
        .unwrap()
}

pub fn prompt() -> Prompt {
    let message = |role, content: &str| Message { role, content: content.into() };
    let messages = vec![
        message(Role::System, "Cite."),
        message(Role::User, "Why \"?\"\n👍"),
        message(Role::Assistant, "So [1]."),
        message(Role::User, "And?"),
    ];
    Prompt { messages, kept: vec![0], tokens: 9, ..Prompt::default() }
}

/// The chunks of a recorded stream, one JSON text each.
pub fn chunks(name: &str) -> Vec<String> {
    shared_text(&format!("data/streams/{name}.chunks.txt")).lines().map(str::to_owned).collect()
}

/// The chunks as server-sent events.
pub fn stream(chunks: &[String]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect::<String>() + "data: [DONE]\n\n"
}

pub fn decode<'bytes>(parts: impl IntoIterator<Item = &'bytes [u8]>) -> carrel::error::Result<Vec<Event>> {
    let mut decoder = Decoder::new(Api::OpenAi, URL, "qwen3");
    let mut events = Vec::new();
    for part in parts {
        events.extend(decoder.push(part)?);
    }
    events.extend(decoder.finish()?);
    Ok(events)
}

pub fn text_of(events: &[Event]) -> String {
    let text = |event: &Event| if let Event::Text(text) = event { text.clone() } else { String::new() };
    events.iter().map(text).collect()
}

/// What the chunks say, by the plain reading of the specification.
fn expected(chunks: &[String]) -> (String, Usage) {
    let (mut text, mut usage) = (String::new(), Usage::default());
    for chunk in chunks {
        let chunk: Value = serde_json::from_str(chunk).unwrap();
        let choice = &chunk["choices"][0];
        text.push_str(choice["delta"]["content"].as_str().unwrap_or(""));
        if let Some(reason) = choice["finish_reason"].as_str() {
            usage.finish_reason = Some(reason.into());
            usage.finish = Some(match reason {
                "stop" => Finish::Stop,
                "length" => Finish::Length,
                _ => Finish::Other,
            });
        }
        if chunk["usage"].is_object() {
            let tokens = &chunk["usage"];
            usage.prompt_tokens = tokens["prompt_tokens"].as_u64();
            // xAI alone does not count thoughts among what was written; all count them in the sum.
            usage.completion_tokens =
                tokens["total_tokens"].as_u64().zip(usage.prompt_tokens).map(|(all, read)| all - read);
            usage.cached_tokens = tokens["prompt_tokens_details"]["cached_tokens"].as_u64();
            usage.reasoning_tokens = tokens["completion_tokens_details"]["reasoning_tokens"].as_u64();
        }
    }
    (text, usage)
}

/// The lines of the published specification.
fn specification() -> Vec<String> {
    shared_text("specs/openai/openapi.yaml").lines().map(str::to_owned).collect()
}

/// The names of the fields that a schema of the specification has, those of the schemas it builds on included.
fn fields(specification: &[String], schema: &str) -> BTreeSet<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let start = specification.iter().position(|line| *line == format!("    {schema}:")).unwrap();
    let section: Vec<&str> = specification[start + 1..]
        .iter()
        .map(String::as_str)
        .take_while(|line| line.is_empty() || indent(line) > 4)
        .collect();
    let mut found = BTreeSet::new();
    for (at, line) in section.iter().enumerate() {
        if let Some(name) = line.trim().strip_prefix("- $ref: \"#/components/schemas/").filter(|_| indent(line) == 8) {
            found.extend(fields(specification, name.trim_end_matches('"')));
        }
        if line.trim() == "properties:" && indent(line) <= 10 {
            let inside = section[at + 1..].iter().take_while(|inner| inner.is_empty() || indent(inner) > indent(line));
            let names = inside.filter(|inner| indent(inner) == indent(line) + 2);
            found.extend(names.map(|name| name.trim().trim_end_matches(':').to_owned()));
        }
    }
    found
}

#[test]
fn the_request_has_the_fields_of_the_specification_and_no_others() {
    let settings = Settings { temperature: Some(0.25), max_tokens: Some(64), ..settings() };
    let sent = request(&settings, &prompt()).unwrap();
    assert_eq!(sent.url, URL);
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(
        body,
        json!({
            "model": "qwen3",
            "messages": [
                { "role": "system", "content": "Cite." },
                { "role": "user", "content": "Why \"?\"\n👍" },
                { "role": "assistant", "content": "So [1]." },
                { "role": "user", "content": "And?" },
            ],
            "stream": true,
            "stream_options": { "include_usage": true },
            "temperature": 0.25,
            "max_tokens": 64,
        })
    );
    let specification = specification();
    let known = fields(&specification, "CreateChatCompletionRequest");
    for name in body.as_object().unwrap().keys() {
        assert!(known.contains(name), "{name} is not in the specification: {known:?}");
    }
    let options = fields(&specification, "ChatCompletionStreamOptions");
    assert!(options.contains("include_usage"), "{options:?}");
    assert!(!known.contains("baseUrl") && known.len() > 20, "the specification was not read: {known:?}");
}

/// What is sent beside the model, the messages and the wish for a stream.
fn sent_besides(settings: &Settings) -> Value {
    let mut body: Value = serde_json::from_str(&request(settings, &prompt()).unwrap().body).unwrap();
    let fields = body.as_object_mut().unwrap();
    for always in ["model", "messages", "stream", "stream_options"] {
        assert!(fields.remove(always).is_some(), "{always} is missing");
    }
    body
}

#[test]
fn answers_are_short_and_repeatable_by_default_and_openai_itself_gets_only_what_was_asked_for() {
    assert_eq!(sent_besides(&settings()), json!({ "temperature": 0.0, "max_tokens": DEFAULT_MAX_TOKENS }));
    let at_openai = Settings { base_url: "https://api.openai.com/v1".into(), ..settings() };
    assert_eq!(sent_besides(&at_openai), json!({}));
    let asked = Settings { temperature: Some(0.5), max_tokens: Some(9), ..at_openai };
    assert_eq!(sent_besides(&asked), json!({ "temperature": 0.5, "max_completion_tokens": 9 }));
    assert!(fields(&specification(), "CreateChatCompletionRequest").contains("max_completion_tokens"));
}

#[test]
fn an_address_is_taken_as_people_write_it_and_refused_where_it_is_none() {
    let with = |base_url: &str| request(&Settings { base_url: base_url.into(), ..settings() }, &prompt());
    for base in ["http://127.0.0.1:8080/v1", " http://127.0.0.1:8080/v1/ ", URL, "http://127.0.0.1:8080/"] {
        assert_eq!(with(base).ok().map(|it| it.url).as_deref(), Some(URL), "{base}");
    }
    for base in [
        "",
        "localhost:8080",
        "https://",
        "http:///v1",
        "ftp://a/v1",
        "http://a b/",
        "http://a/v1?key=1",
        "javascript:alert(1)",
    ] {
        assert_eq!(with(base).err().map(|error| error.code()), Some("option_invalid"), "{base}");
    }
    let nameless = Settings { model: "  ".into(), ..settings() };
    assert_eq!(request(&nameless, &prompt()).err().unwrap().code(), "option_invalid");
    assert!("anthropik".parse::<Api>().is_err());
}

#[test]
fn recorded_streams_give_the_text_and_the_usage_that_they_hold() {
    for name in RECORDED {
        let chunks = chunks(name);
        let (text, usage) = expected(&chunks);
        let events = decode([stream(&chunks).as_bytes()]).unwrap();
        assert_eq!(text_of(&events), text, "{name}");
        assert_eq!(events.last(), Some(&Event::End(usage.clone())), "{name}");
        assert!(usage.finish_reason.is_some() && usage.completion_tokens.is_some(), "{name}");
        let ends = events.iter().filter(|event| matches!(event, Event::End(_))).count();
        assert_eq!((ends, events.contains(&Event::Text(String::new()))), (1, false), "{name}");
    }
}

#[test]
fn whole_answers_are_read_where_a_server_does_not_stream() {
    for name in WHOLE {
        let text = shared_text(&format!("data/streams/{name}.json"));
        let whole: Value = serde_json::from_str(&text).unwrap();
        for body in [text.clone(), format!("\u{feff}{text}"), format!("\n {text}\n")] {
            let events = decode(body.as_bytes().chunks(777)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(text_of(&events), whole["choices"][0]["message"]["content"].as_str().unwrap_or(""), "{name}");
            let Some(Event::End(usage)) = events.last() else { panic!("{name} has no end") };
            let tokens = |name: &str| whole["usage"][name].as_u64().unwrap();
            assert_eq!(usage.completion_tokens, Some(tokens("total_tokens") - tokens("prompt_tokens")), "{name}");
            assert_eq!(usage.finish_reason.as_deref(), whole["choices"][0]["finish_reason"].as_str());
        }
    }
}

#[test]
fn a_stream_cut_in_two_at_any_byte_gives_the_same_events() {
    let bytes = stream(&chunks("openai/azure-model-router.1")).replace("Paris", "👍 Öl").into_bytes();
    let whole = decode([bytes.as_slice()]).unwrap();
    for at in 0..=bytes.len() {
        assert_eq!(decode([&bytes[..at], &bytes[at..]]).unwrap(), whole, "at {at}");
    }
}

#[test]
fn streams_that_come_byte_by_byte_give_the_same_events() {
    for name in RECORDED {
        let bytes = stream(&chunks(name)).into_bytes();
        assert_eq!(decode(bytes.chunks(1)).unwrap(), decode([bytes.as_slice()]).unwrap(), "{name}");
    }
}

/// The forms in which the same events may be framed.
fn framings(chunks: &[String]) -> Vec<(&'static str, String)> {
    let plain = stream(chunks);
    let in_lines = |chunk: &String| format!("data: {}\n\n", chunk.replacen(',', ",\ndata: ", 1));
    vec![
        ("CRLF", plain.replace('\n', "\r\n")),
        ("CR", plain.replace('\n', "\r")),
        ("without spaces", plain.replace("data: ", "data:")),
        ("with comments", plain.replace("data: ", ": OPENROUTER PROCESSING\n\ndata: ")),
        ("with names and numbers", plain.replace("data: ", "event: message\nid: 7\nretry: 10\ndata: ")),
        ("after a byte-order mark", format!("\u{feff}{plain}")),
        ("after blank lines", format!("\n\n{plain}")),
        ("with events over several lines", chunks.iter().map(in_lines).collect::<String>() + "data: [DONE]\n\n"),
        ("without the last blank line", plain.trim_end().to_owned()),
        ("without [DONE]", plain.replace("data: [DONE]\n\n", "")),
        ("with more after [DONE]", format!("{plain}data: {{\"choices\":[{{\"delta\":{{\"content\":\"no\"}}}}]}}\n\n")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_stream_in_any_framing_and_any_pieces_gives_the_same_events(
        name in prop::sample::select(RECORDED.to_vec()),
        framing: prop::sample::Index,
        mut cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let chunks = chunks(name);
        let framings = framings(&chunks);
        let (kind, framed) = &framings[framing.index(framings.len())];
        let bytes = framed.as_bytes();
        let mut places: Vec<usize> = cuts.drain(..).map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        places.sort();
        let parts = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        let expected = decode([stream(&chunks).as_bytes()]).unwrap();
        prop_assert_eq!(decode(parts).map_err(|error| TestCaseError::fail(format!("{kind}: {error}")))?, expected, "{}", kind);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6), stream: bool) {
        let mut all = vec![if stream { b"data: {\"choices\":[]}\n\n".to_vec() } else { Vec::new() }];
        all.extend(parts);
        if let Err(error) = decode(all.iter().map(Vec::as_slice)) {
            prop_assert!(["api_not_json", "api_stream_cut"].contains(&error.code()), "{error}");
        }
    }
}
