//! What goes wrong between us and a language model is told as what it is, and the key is told to no one.

use carrel::carrel::{AskOptions, Generator};
use carrel::generate::{Api, Decoder, Event, Finish, broken, failure};
use proptest::prelude::*;
use serde_json::json;

use crate::desk::{carrel, shared_text, source};
use crate::wire::{URL, chunks, decode, stream};

fn code_of(body: &str) -> &'static str {
    decode([body.as_bytes()]).map_or_else(|error| error.code(), |_| "no error")
}

#[test]
fn a_stream_that_breaks_off_says_so_wherever_it_breaks() {
    let bytes = stream(&chunks("openai/azure-model-router.1")).into_bytes();
    // The chunk with the reason for the end, whole.
    let end = "\"finish_reason\":\"stop\"";
    let text = std::str::from_utf8(&bytes).unwrap();
    let reason = text.find(end).unwrap();
    let whole = reason + text[reason..].find('\n').unwrap();
    let first = text.find('{').unwrap();
    for at in first + 1..bytes.len() {
        let result = decode([&bytes[..at]]);
        match at < whole {
            true => assert_eq!(result.err().map(|error| error.code()), Some("api_stream_cut"), "at {at}"),
            false => assert!(matches!(result.unwrap().last(), Some(Event::End(_))), "at {at}"),
        }
    }
}

#[test]
fn what_came_before_a_break_is_not_lost() {
    let mut decoder = Decoder::new(Api::OpenAi, URL, "m");
    let pushed =
        decoder.push("data: {\"choices\":[{\"delta\":{\"content\":\"Öl\"}}]}\n\ndata: {\"cho".as_bytes()).unwrap();
    assert_eq!(pushed, [Event::Text("Öl".into())]);
    assert_eq!(decoder.finish().unwrap_err().code(), "api_stream_cut");
}

#[test]
fn what_came_before_an_error_is_handed_out_before_it() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"So\"}}]}\n\n";
    for last in ["data: {\"error\":{\"code\":429,\"message\":\"Slow down\"}}\n\n", "data: hello\n\n"] {
        let mut decoder = Decoder::new(Api::OpenAi, URL, "m");
        assert_eq!(decoder.push(format!("{text}{last}{text}").as_bytes()).unwrap(), [Event::Text("So".into())]);
        assert!(decoder.is_done(), "no more is read");
        let error = decoder.finish().unwrap_err();
        assert_eq!(decoder.push(text.as_bytes()).unwrap_err(), error);
        assert!(["api_rate_limited", "api_not_json"].contains(&error.code()), "{error}");
    }
}

#[test]
fn a_character_cut_in_two_is_put_together() {
    let bytes = "data: {\"choices\":[{\"delta\":{\"content\":\"👨‍👩‍👧\"},\"finish_reason\":\"stop\"}]}\n\n".as_bytes();
    let at = bytes.iter().position(|&byte| byte >= 0xf0).unwrap() + 2;
    assert_eq!(decode([&bytes[..at], &bytes[at..]]).unwrap()[0], Event::Text("👨‍👩‍👧".into()));
}

#[test]
fn what_is_no_answer_of_a_language_model_says_so() {
    for (body, found) in [
        ("<!DOCTYPE html><title>Login</title>", "a web page"),
        ("  \n<html>", "a web page"),
        ("\u{feff}<html>", "a web page"),
        ("", "nothing at all"),
        (" \n ", "nothing at all"),
        ("Not found", "no stream of events"),
        ("[1, 2]", "[1, 2]"),
        ("data: hello\n\n", "hello"),
        ("data: [DONE]\n\n", "no stream of events"),
        ("{\"status\": \"ok\"}", "status"),
        ("{\"choices\": 7}", "choices"),
        ("{\"choices\": [}", "choices"),
    ] {
        let error = decode([body.as_bytes()]).unwrap_err();
        assert_eq!(error.code(), "api_not_json", "{body:?}");
        assert!(error.to_string().contains(found) && error.to_string().contains("/v1"), "{error}");
    }
    assert_eq!(code_of("{\"choices\": [{\"message\": {\"content\": \"cut"), "api_stream_cut");
}

#[test]
fn an_endless_line_is_given_up() {
    let mut decoder = Decoder::new(Api::OpenAi, URL, "m");
    decoder.push(b"data: ").unwrap();
    let megabyte = vec![b'a'; 1024 * 1024];
    let error = (0..64).find_map(|_| decoder.push(&megabyte).err());
    assert_eq!(error.map(|error| error.code()), Some("api_not_json"));
}

#[test]
fn an_event_of_lines_without_end_is_given_up() {
    let mut decoder = Decoder::new(Api::OpenAi, URL, "m");
    let lines = "data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n".repeat(10_000);
    let error = (0..64).find_map(|_| decoder.push(lines.as_bytes()).err());
    assert_eq!(error.map(|error| error.code()), Some("api_not_json"));
}

#[test]
fn an_error_in_a_stream_or_under_status_200_is_the_error_that_it_says() {
    let started = "data: {\"choices\":[{\"delta\":{\"content\":\"So\"}}]}\n\n";
    for (error, code, message) in [
        (json!({ "code": 429, "message": "Slow down." }), "api_rate_limited", "Slow down"),
        (json!({ "code": 401, "message": "No key" }), "api_unauthorized", "No key"),
        (json!({ "code": 400, "message": "model \"x\" not found" }), "api_model_unknown", "not found"),
        (json!({ "code": "server_error", "message": "Oops" }), "api_server", "Oops"),
        (
            json!({ "code": 502, "message": "Provider returned error", "metadata": { "raw": "Full up" } }),
            "api_server",
            "Full up",
        ),
        (json!("It broke"), "api_server", "It broke"),
        (json!({}), "api_server", "500"),
    ] {
        let body = json!({ "error": error }).to_string();
        for sent in [format!("{started}data: {body}\n\n"), format!("data: {body}\n\n"), body] {
            let error = decode([sent.as_bytes()]).unwrap_err();
            assert_eq!(error.code(), code, "{sent}");
            assert!(error.to_string().contains(message), "{error}");
        }
    }
    assert_eq!(code_of("data: {\"choices\":[{\"finish_reason\":\"stop\"}],\"error\":null}\n\n"), "no error");
}

#[test]
fn a_refusal_by_the_model_is_its_answer() {
    let body = "data: {\"choices\":[{\"delta\":{\"refusal\":\"I cannot.\"},\"finish_reason\":\"stop\"}]}\n\n";
    let events = decode([body.as_bytes()]).unwrap();
    assert_eq!(events[0], Event::Text("I cannot.".into()));
    let Some(Event::End(usage)) = events.last() else { panic!("it has no end") };
    assert_eq!((usage.finish, usage.finish_reason.as_deref()), (Some(Finish::Refusal), Some("stop")));
}

#[test]
fn a_refused_request_tells_what_to_do() {
    let recorded = |name: &str| shared_text(&format!("data/streams/openai/{name}.json"));
    let said = |message: &str| json!({ "error": { "message": message, "type": "x" } }).to_string();
    for (status, body, code, told) in [
        (401, said("Incorrect API key provided."), "api_unauthorized", "Check the key"),
        (403, String::new(), "api_unauthorized", "it gave no reason"),
        (404, said("The model `gpt-9` does not exist"), "api_model_unknown", "\"qwen3\""),
        (404, "404 page not found".into(), "api_model_unknown", "base URL"),
        (400, said("model 'qwen3' not found, try pulling it first"), "api_model_unknown", "try pulling it first"),
        (400, recorded("reasoning-model-temperature-error"), "api_rejected", "'temperature' is not supported"),
        (400, recorded("reasoning-model-legacy-parameter-error"), "api_rejected", "Use 'max_completion_tokens'"),
        (429, recorded("openai-error.1"), "api_quota_exceeded", "You exceeded your current quota"),
        (500, said("boom\n\n  twice"), "api_server", "boom twice"),
        (502, "<html><body>Bad gateway</body></html>".into(), "api_server", "a web page instead"),
        (503, json!([{ "error": { "message": "overloaded" } }]).to_string(), "api_overloaded", "overloaded"),
        (422, json!({ "detail": "bad field" }).to_string(), "api_rejected", "bad field"),
        (302, String::new(), "api_rejected", "302"),
    ] {
        let error = failure(URL, "qwen3", status, &|_| None, body.as_bytes());
        assert_eq!(error.code(), code, "{status} {body}");
        assert!(error.to_string().contains(told) && error.to_string().contains(URL), "{error}");
    }
    let long = failure(URL, "m", 500, &|_| None, "long ".repeat(9_000).as_bytes()).to_string();
    assert!(long.len() < 600, "{} bytes", long.len());
    assert_eq!(broken(URL, false).code(), "api_unreachable");
    assert_eq!(broken(URL, true).code(), "api_stream_cut");
}

proptest! {
    #[test]
    fn no_answer_makes_the_error_panic(status in 100u16..=999, body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let error = failure(URL, "m", status, &|_| String::from_utf8(body.clone()).ok(), &body);
        prop_assert!(error.code().starts_with("api_") && !error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn the_key_stands_in_the_header_and_nowhere_else() {
    const KEY: &str = "sk-very-secret-0123";
    let given = json!({ "api": "openai", "baseUrl": "http://127.0.0.1:1/v1", "model": "m", "apiKey": KEY });
    let generator: Generator = serde_json::from_value(given).unwrap();
    let Generator::Api(settings) = &generator else { panic!("these are the settings of an API") };
    let options = AskOptions { generator: Some(generator.clone()), ..AskOptions::default() };
    let carrel = carrel([source("a.txt", carrel::ingest::Content::Text("The desk is quiet.".into()))]);
    let mut inquiry = carrel.ask("How is the desk?", options.clone()).unwrap();
    let authorization = ("authorization".to_owned(), format!("Bearer {KEY}"));
    assert!(inquiry.call().unwrap().request().headers.contains(&authorization));
    let mut told = vec![
        format!("{options:?} {generator:?} {settings:#?} {carrel:?} {:?}", inquiry.trace()),
        serde_json::to_string(settings).unwrap(),
        serde_json::to_string(inquiry.sources()).unwrap(),
        inquiry.call().unwrap().request().body.clone() + &inquiry.call().unwrap().request().url,
    ];
    inquiry.call().unwrap().refused(401, &|_| None, b"");
    told.push(inquiry.settle(&carrel, 0.5).unwrap_err().to_string());
    inquiry.call().unwrap().broken(false);
    told.push(inquiry.settle(&carrel, 0.5).unwrap_err().to_string());
    inquiry.push(&carrel, b"<html>");
    told.push(inquiry.settle(&carrel, 0.5).unwrap_err().to_string());
    told.push(serde_json::to_string(inquiry.trace()).unwrap());
    for text in told {
        assert!(!text.contains("secret"), "{text}");
    }
    for key in ["with space", "two\nlines", "nul\0", "ключ"] {
        let settings = carrel::generate::Settings { api_key: Some(key.into()), ..(**settings).clone() };
        let options = AskOptions { generator: Some(Generator::Api(Box::new(settings))), ..AskOptions::default() };
        let error = carrel.ask("How?", options).err().unwrap();
        assert!(error.code() == "option_invalid" && !error.to_string().contains(key), "{error}");
    }
}
