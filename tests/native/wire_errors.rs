//! What vendors say when they refuse becomes the error that says what to do: wait, pay, shorten, or correct.

use carrel::error::Error;
use carrel::generate::{Api, failure};
use serde_json::{Value, json};

use crate::desk::shared_text;
use crate::wire::chunks;
use crate::wire_vendors::{code, decode, framed};

const URL: &str = "https://api.example/v1";

fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> Error {
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    failure(URL, "m", status, &header, body.as_bytes())
}

/// Errors in the form of OpenAI and of those who took it over: kind and message.
fn openai(code: &str, message: &str) -> String {
    json!({ "error": { "message": message, "type": "x", "param": null, "code": code } }).to_string()
}

fn anthropic(kind: &str, message: &str) -> String {
    json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_1" }).to_string()
}

fn gemini(code: u16, status: &str, message: &str) -> String {
    json!({ "error": { "code": code, "message": message, "status": status } }).to_string()
}

#[test]
fn no_credit_is_told_apart_from_too_many_requests() {
    let per_day = shared_text("data/streams/google/google-429-retry-info.json").replace("PerMinute", "PerDay");
    for (status, body, code) in [
        (429, shared_text("data/streams/openai/openai-error.1.json"), "api_quota_exceeded"),
        (429, openai("billing_hard_limit_reached", "Billing hard limit has been reached"), "api_quota_exceeded"),
        (
            400,
            anthropic("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
            "api_quota_exceeded",
        ),
        (402, anthropic("billing_error", "Payment required"), "api_quota_exceeded"),
        (402, openai("invalid_request_error", "Insufficient Balance"), "api_quota_exceeded"),
        (
            402,
            json!({ "error": { "code": 402, "message": "This request requires more credits" } }).to_string(),
            "api_quota_exceeded",
        ),
        (
            403,
            json!({ "code": "forbidden", "error": "Your newly created team doesn't have any credits yet." })
                .to_string(),
            "api_quota_exceeded",
        ),
        (
            429,
            json!({ "error": { "code": 429, "message": "Rate limit exceeded: free-models-per-day" } }).to_string(),
            "api_quota_exceeded",
        ),
        (429, per_day, "api_quota_exceeded"),
        (429, shared_text("data/streams/google/google-429-retry-info.json"), "api_rate_limited"),
        (
            429,
            openai("rate_limit_exceeded", "Rate limit reached for gpt-9 on requests per min (RPM)"),
            "api_rate_limited",
        ),
        (
            429,
            anthropic(
                "rate_limit_error",
                "This request would exceed your organization's rate limit of 30,000 input tokens per minute",
            ),
            "api_rate_limited",
        ),
        (429, String::new(), "api_rate_limited"),
    ] {
        assert_eq!(refused(status, &[], &body).code(), code, "{body}");
    }
}

#[test]
fn a_prompt_that_is_too_long_is_told_as_that() {
    for (status, body) in [
        (400, openai("context_length_exceeded", "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.")),
        (400, anthropic("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum")),
        (400, anthropic("invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000")),
        (413, anthropic("request_too_large", "Request exceeds the maximum size")),
        (400, gemini(400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).")),
        (400, json!({ "error": { "code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error" } }).to_string()),
        (400, json!({ "error": "Trying to keep the first 9000 tokens when context overflows. However, the model is loaded with context length of only 4096 tokens" }).to_string()),
        (429, openai("rate_limit_exceeded", "Request too large for gpt-9 on tokens per min (TPM): Limit 30000, Requested 40000.")),
    ] {
        let error = refused(status, &[], &body);
        assert_eq!(error.code(), "api_context_exceeded", "{body}");
        assert!(error.to_string().contains("fewer passages"), "{error}");
    }
    // FastAPI repeats what was sent, with all its words.
    let repeated = json!({ "detail": [{ "loc": ["body", "messages"], "input": "the context length, and credits" }] });
    assert_eq!(refused(422, &[], &repeated.to_string()).code(), "api_rejected");
}

#[test]
fn other_refusals_are_told_by_what_they_are() {
    for (status, body, code) in [
        (529, anthropic("overloaded_error", "Overloaded"), "api_overloaded"),
        (503, gemini(503, "UNAVAILABLE", "The model is overloaded. Please try again later."), "api_overloaded"),
        (
            503,
            json!({ "error": { "code": 503, "message": "Loading model", "type": "unavailable_error" } }).to_string(),
            "api_overloaded",
        ),
        (500, anthropic("api_error", "Internal server error"), "api_server"),
        (401, anthropic("authentication_error", "invalid x-api-key"), "api_unauthorized"),
        (400, gemini(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), "api_unauthorized"),
        (403, gemini(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers"), "api_unauthorized"),
        (404, anthropic("not_found_error", "model: claude-0"), "api_model_unknown"),
        (404, gemini(404, "NOT_FOUND", "models/x is not found for API version v1beta"), "api_model_unknown"),
        (400, anthropic("invalid_request_error", "max_tokens: Field required"), "api_rejected"),
        (400, openai("unsupported_parameter", "Unsupported parameter: 'max_tokens'"), "api_rejected"),
    ] {
        assert_eq!(refused(status, &[], &body).code(), code, "{body}");
    }
}

#[test]
fn how_long_to_wait_is_read_wherever_it_is_told() {
    let plain = openai("rate_limit_exceeded", "Slow down.");
    let in_message = |words: &str| openai("rate_limit_exceeded", &format!("Rate limit reached. {words}"));
    let retry_info = shared_text("data/streams/google/google-429-retry-info.json");
    let (date, later) = ("Tue, 29 Feb 2028 23:59:30 GMT", "Wed, 01 Mar 2028 00:01:00 GMT");
    for (headers, body, expected) in [
        (&[][..], plain.as_str(), None),
        (&[("retry-after", "20")], &plain, Some(20.0)),
        (&[("retry-after", " 1.5 ")], &plain, Some(1.5)),
        (&[("retry-after", "1"), ("retry-after-ms", "350")], &plain, Some(0.35)),
        (&[("retry-after", later), ("date", date)], &plain, Some(90.0)),
        (&[("retry-after", date), ("date", later)], &plain, Some(0.0)),
        (
            &[("retry-after", "Thu, 01 Jan 2026 00:00:00 GMT"), ("date", "Wed, 31 Dec 2025 00:00:00 GMT")],
            &plain,
            Some(86400.0),
        ),
        (&[("retry-after", later)], &plain, None),
        (&[("retry-after", "soon"), ("date", "today")], &plain, None),
        (&[], &retry_info, Some(34.4)),
        (&[("retry-after", "7")], &retry_info, Some(7.0)),
        (&[], &in_message("Please try again in 20s."), Some(20.0)),
        (&[], &in_message("Please try again in 7.66s. Need more tokens?"), Some(7.66)),
        (&[], &in_message("Please try again in 236ms."), Some(0.236)),
        (&[], &in_message("Please try again in 1m26.4s."), Some(86.4)),
        (&[], &in_message("Please try again in 1h0m5s"), Some(3605.0)),
        (&[], &in_message("Please retry in 2 minutes"), Some(120.0)),
        (&[], &in_message("Please try again in a while"), None),
    ] {
        let error = refused(429, headers, body);
        let Error::ApiRateLimited { retry_after, .. } = &error else { panic!("{error}") };
        let near = |(told, expected): (f64, f64)| (told - expected).abs() < 1e-6;
        assert_eq!(retry_after.is_some(), expected.is_some(), "{headers:?} {body}");
        assert!(retry_after.zip(expected).is_none_or(near), "{headers:?} {body}: {retry_after:?}");
        assert_eq!(error.retry_after(), *retry_after);
    }
    let overloaded = refused(529, &[("retry-after", "2.2")], &anthropic("overloaded_error", "Overloaded"));
    assert_eq!(overloaded.retry_after(), Some(2.2));
    assert!(overloaded.to_string().contains("Wait 3 s and ask again"), "{overloaded}");
    assert!(refused(429, &[], &plain).to_string().contains("Wait a little and ask again"));
    assert_eq!(refused(500, &[("retry-after", "5")], &plain).retry_after(), None);
}

#[test]
fn an_error_within_a_stream_is_the_error_that_it_says_in_every_api() {
    let recorded = framed(Api::Responses, &chunks("openai/openai-error.1"));
    assert_eq!(code(decode(Api::Responses, [recorded.as_bytes()])), "api_quota_exceeded");
    let started = json!({ "type": "message_start", "message": { "usage": {} } });
    let retry = shared_text("data/streams/google/google-429-retry-info.json");
    for (api, chunks, expected) in [
        (
            Api::Anthropic,
            vec![started, serde_json::from_str(&anthropic("overloaded_error", "Overloaded")).unwrap()],
            "api_overloaded",
        ),
        (
            Api::Anthropic,
            vec![serde_json::from_str(&anthropic("rate_limit_error", "Slow down")).unwrap()],
            "api_rate_limited",
        ),
        (Api::Anthropic, vec![serde_json::from_str(&anthropic("api_error", "Oops")).unwrap()], "api_server"),
        (
            Api::Responses,
            vec![json!({ "type": "error", "code": "server_error", "message": "Oops", "param": null })],
            "api_server",
        ),
        (
            Api::Responses,
            vec![
                json!({ "type": "response.failed", "response": { "status": "failed", "error": { "code": "rate_limit_exceeded", "message": "Slow down" } } }),
            ],
            "api_rate_limited",
        ),
        (
            Api::Responses,
            vec![json!({ "type": "response.failed", "response": { "status": "failed", "error": null } })],
            "api_server",
        ),
        (Api::Gemini, vec![serde_json::from_str::<Value>(&retry).unwrap()], "api_rate_limited"),
        (
            Api::OpenAi, // As OpenRouter sends it.
            vec![json!({ "id": "gen-1", "error": { "code": 502, "message": "Provider disconnected" },
                "choices": [{ "index": 0, "delta": { "content": "" }, "finish_reason": "error" }] })],
            "api_server",
        ),
    ] {
        let chunks: Vec<String> = chunks.iter().map(Value::to_string).collect();
        let stream = framed(api, &chunks);
        assert_eq!(code(decode(api, [stream.as_bytes()])), expected, "{stream}");
        if let [whole] = chunks.as_slice() {
            assert_eq!(code(decode(api, [whole.as_bytes()])), expected, "{whole}");
        }
    }
    let Err(Error::ApiRateLimited { retry_after, .. }) = decode(Api::Gemini, [retry.as_bytes()]) else {
        panic!("it is a limit of the rate")
    };
    assert_eq!(retry_after.map(|seconds| (seconds * 10.0).round()), Some(344.0));
}
