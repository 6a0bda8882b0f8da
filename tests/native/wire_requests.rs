//! What is sent to each API: where to, with which headers, and with which body. The fields are those of OpenAI's
//! specification, and of the software development kits of Anthropic (`MessageCreateParams`) and Google
//! (`GenerateContentParameters`).

use carrel::generate::{Api, DEFAULT_MAX_TOKENS, Request, Settings, models, models_request, request};
use carrel::prompt::{Message, Prompt, Role};
use serde_json::{Value, json};

use crate::wire::{prompt, settings};

const ALL: [Api; 4] = [Api::OpenAi, Api::Responses, Api::Anthropic, Api::Gemini];

fn at(api: Api, base_url: &str) -> Settings {
    Settings { api, base_url: base_url.into(), api_key: Some(" key-123 ".into()), ..settings() }
}

fn sent(settings: &Settings) -> Request {
    request(settings, &prompt()).unwrap()
}

fn body(settings: &Settings) -> Value {
    serde_json::from_str(&sent(settings).body).unwrap()
}

#[test]
fn each_api_gets_the_body_that_its_specification_names() {
    let asked = |api| Settings { temperature: Some(0.3), max_tokens: Some(64), ..at(api, "https://api.example/v1") };
    let user = |content: &str| json!({ "role": "user", "content": content });
    let question = "Why \"?\"\n👍";
    assert_eq!(
        body(&asked(Api::Responses)),
        json!({
            "model": "qwen3",
            "instructions": "Cite.",
            "input": [
                user(question),
                { "type": "message", "id": "msg_2", "role": "assistant", "status": "completed",
                  "content": [{ "type": "output_text", "text": "So [1].", "annotations": [], "logprobs": [] }] },
                user("And?"),
            ],
            "stream": true,
            "store": false,
            "temperature": 0.3,
            "max_output_tokens": 64,
        })
    );
    assert_eq!(
        body(&asked(Api::Anthropic)),
        json!({
            "model": "qwen3",
            "system": "Cite.",
            "messages": [user(question), { "role": "assistant", "content": "So [1]." }, user("And?")],
            "max_tokens": 64,
            "stream": true,
            "temperature": 0.3,
        })
    );
    let part = |role: &str, text: &str| json!({ "role": role, "parts": [{ "text": text }] });
    assert_eq!(
        body(&asked(Api::Gemini)),
        json!({
            "systemInstruction": { "parts": [{ "text": "Cite." }] },
            "contents": [part("user", question), part("model", "So [1]."), part("user", "And?")],
            "generationConfig": { "temperature": 0.3, "maxOutputTokens": 64 },
        })
    );
}

#[test]
fn instructions_that_are_empty_are_left_out_where_they_stand_apart() {
    let message = |role, content: &str| Message { role, content: content.into() };
    let messages = vec![message(Role::System, " "), message(Role::User, "Why?")];
    let prompt = Prompt { messages, tokens: 1, ..Prompt::default() };
    for (api, field) in
        [(Api::Responses, "instructions"), (Api::Anthropic, "system"), (Api::Gemini, "systemInstruction")]
    {
        let sent = request(&at(api, "https://api.example"), &prompt).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&sent.body).unwrap().get(field), None, "{api:?}");
    }
}

#[test]
fn vendors_get_only_what_was_asked_for_and_others_a_limit_and_no_chance() {
    let of = |settings: &Settings, pointer: &str| body(settings).pointer(pointer).cloned();
    for (api, vendor, temperature, limit, least) in [
        (Api::Responses, "https://api.openai.com/v1", "/temperature", "/max_output_tokens", None),
        (Api::Anthropic, "https://api.anthropic.com", "/temperature", "/max_tokens", Some(4 * DEFAULT_MAX_TOKENS)),
        (
            Api::Gemini,
            "https://generativelanguage.googleapis.com",
            "/generationConfig/temperature",
            "/generationConfig/maxOutputTokens",
            None,
        ),
    ] {
        let (vendor, own) = (at(api, vendor), at(api, "http://127.0.0.1:8080"));
        assert_eq!((of(&vendor, temperature), of(&vendor, limit)), (None, least.map(Value::from)), "{api:?}");
        assert_eq!(of(&own, temperature), Some(json!(0.0)), "{api:?}");
        assert_eq!(of(&own, limit), Some(DEFAULT_MAX_TOKENS.into()), "{api:?}");
        let asked = Settings { temperature: Some(0.7), max_tokens: Some(99), ..vendor };
        assert_eq!((of(&asked, temperature), of(&asked, limit)), (Some(json!(0.7)), Some(json!(99))), "{api:?}");
    }
    let few = Settings { max_tokens: Some(5), ..at(Api::Responses, "https://api.openai.com/v1") };
    assert_eq!(of(&few, "/max_output_tokens"), Some(json!(16)), "OpenAI refuses a smaller limit");
}

#[test]
fn each_api_gets_the_key_in_the_header_that_it_reads() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let json = header("content-type", "application/json");
    let bearer = header("authorization", "Bearer key-123");
    for (api, expected) in [
        (Api::OpenAi, vec![bearer.clone()]),
        (Api::Responses, vec![bearer]),
        (
            Api::Anthropic,
            vec![
                header("anthropic-version", "2023-06-01"),
                header("anthropic-dangerous-direct-browser-access", "true"),
                header("x-api-key", "key-123"),
            ],
        ),
        (Api::Gemini, vec![header("x-goog-api-key", "key-123")]),
    ] {
        let settings = at(api, "https://api.example/v1");
        let post = sent(&settings);
        assert_eq!((post.method, post.headers), ("POST", [expected.clone(), vec![json.clone()]].concat()), "{api:?}");
        let get = models_request(&settings).unwrap();
        assert_eq!((get.method, get.headers, get.body.as_str()), ("GET", expected, ""), "{api:?}");
        assert!(!(post.url + &post.body + &get.url).contains("key-123"), "{api:?}");
        let wrong = Settings { api_key: Some("key\n123".into()), ..settings };
        let errors = [request(&wrong, &prompt()).err(), models_request(&wrong).err()];
        assert!(errors.iter().all(|error| error.as_ref().is_some_and(|it| it.code() == "option_invalid")), "{api:?}");
    }
}

#[test]
fn addresses_are_taken_as_people_paste_them() {
    let chat = "https://api.openai.com/v1/chat/completions";
    let responses = "https://api.openai.com/v1/responses";
    let anthropic = "https://api.anthropic.com/v1/messages";
    let google = "https://generativelanguage.googleapis.com";
    let gemini = &format!("{google}/v1beta/models/qwen3:streamGenerateContent?alt=sse");
    for (api, base, url) in [
        (Api::OpenAi, "https://api.openai.com", chat),
        (Api::OpenAi, "https://api.openai.com/v1/models", chat),
        (Api::OpenAi, "https://api.openai.com/v1/responses/", chat),
        (Api::OpenAi, "http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
        (Api::OpenAi, "http://models/", "http://models/v1/chat/completions"),
        (Api::OpenAi, "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions"),
        (Api::OpenAi, "https://api.perplexity.ai", "https://api.perplexity.ai/chat/completions"),
        (Api::Responses, "https://api.openai.com/v1", responses),
        (Api::Responses, "https://api.openai.com", responses),
        (Api::Responses, chat, responses),
        (Api::Responses, responses, responses),
        (Api::Anthropic, "https://api.anthropic.com", anthropic),
        (Api::Anthropic, "https://api.anthropic.com/", anthropic),
        (Api::Anthropic, " https://api.anthropic.com/v1/ ", anthropic),
        (Api::Anthropic, anthropic, anthropic),
        (Api::Anthropic, "https://proxy.example/anthropic", "https://proxy.example/anthropic/v1/messages"),
        (Api::Anthropic, "http://v1.example", "http://v1.example/v1/messages"),
        (Api::Gemini, google, gemini),
        (Api::Gemini, &format!("{google}/v1beta/"), gemini),
        (Api::Gemini, &format!("{google}/v1beta/models"), gemini),
        (Api::Gemini, &format!("{google}/v1beta/models/gemini-9:generateContent"), gemini),
        (Api::Gemini, &format!("{google}/v1"), &gemini.replace("v1beta", "v1")),
    ] {
        assert_eq!(sent(&at(api, base)).url, url, "{api:?} at {base}");
    }
    for api in ALL {
        for base in ["", "localhost:8080", "https://", "https:///v1", "http://a b", "https://a/v1?key=1", "https://a#b"]
        {
            let errors = [request(&at(api, base), &prompt()).err(), models_request(&at(api, base)).err()];
            for error in errors {
                assert_eq!(error.map(|error| error.code()), Some("option_invalid"), "{api:?} at {base}");
            }
        }
        assert_eq!(serde_json::to_value(api).unwrap().as_str().unwrap().parse::<Api>().unwrap(), api);
    }
}

#[test]
fn a_name_of_a_model_cannot_change_the_address() {
    let named = |model: &str| Settings { model: model.into(), ..at(Api::Gemini, "https://a") };
    let url = |model: &str| request(&named(model), &prompt()).map(|sent| sent.url);
    for model in ["gemini-9", "models/gemini-9"] {
        assert_eq!(url(model).unwrap(), "https://a/v1beta/models/gemini-9:streamGenerateContent?alt=sse");
    }
    for model in ["a?key=1", "a#b", "a b", "a%2f", "ü", ""] {
        assert_eq!(url(model).unwrap_err().code(), "option_invalid", "{model}");
    }
}

#[test]
fn the_list_of_models_is_asked_for_and_read() {
    let google = "https://generativelanguage.googleapis.com";
    let openai = json!({ "object": "list", "data": [{ "id": "b", "object": "model" }, { "id": "a" }, {}] });
    let gemini = json!({ "models": [
        { "name": "models/gemini-9", "supportedGenerationMethods": ["generateContent", "countTokens"] },
        { "name": "models/embedding-1", "supportedGenerationMethods": ["embedContent"] },
        { "name": "models/local" },
    ], "nextPageToken": "x" });
    for (api, base, url, list, names) in [
        (Api::OpenAi, "http://localhost:1234", "http://localhost:1234/v1/models", &openai, vec!["b", "a"]),
        (Api::Responses, "https://a/v1/responses", "https://a/v1/models", &openai, vec!["b", "a"]),
        (Api::Anthropic, "https://a", "https://a/v1/models?limit=1000", &openai, vec!["b", "a"]),
        (Api::Gemini, google, &format!("{google}/v1beta/models?pageSize=1000"), &gemini, vec!["gemini-9", "local"]),
    ] {
        let asked = models_request(&Settings { model: String::new(), ..at(api, base) }).unwrap();
        assert_eq!(asked.url, url);
        assert_eq!(models(api, url, list.to_string().as_bytes()).unwrap(), names, "{api:?}");
        for (body, code) in [
            ("<html>", "api_not_json"),
            ("", "api_not_json"),
            ("{}", "api_not_json"),
            ("[]", "api_not_json"),
            (r#"{"error":{"code":401,"message":"No key"}}"#, "api_unauthorized"),
        ] {
            assert_eq!(models(api, url, body.as_bytes()).unwrap_err().code(), code, "{api:?} {body}");
        }
    }
    let none = models(Api::OpenAi, "http://a", br#"{"object":"list","data":null}"#);
    assert_eq!(none.unwrap(), Vec::<String>::new(), "Ollama without a model");
}

#[test]
fn an_address_with_a_password_is_refused_and_not_repeated() {
    let error = request(&at(Api::OpenAi, "https://reader:hunter2@api.example/v1"), &prompt()).err().unwrap();
    assert!(error.code() == "option_invalid" && !error.to_string().contains("hunter2"), "{error}");
}
