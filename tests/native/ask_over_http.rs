//! `carrel ask` against a server that does what servers do.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::program::{Folder, Ran};
use crate::wire::{chunks, stream};

const KEY: &str = "sk-very-secret-0123";

/// Answers one request with those pieces and closes; gives what it was sent.
struct Server {
    address: String,
    thread: JoinHandle<String>,
}

impl Server {
    fn new(pieces: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/v1", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let request = read_request(&mut connection);
            for piece in pieces {
                connection.write_all(piece.as_bytes()).unwrap();
                connection.flush().unwrap();
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            request
        });
        Self { address, thread }
    }

    fn answering(status: &str, content_type: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\nconnection: close\r\n");
        Self::new(vec![format!("{head}content-length: {}\r\n\r\n{body}", body.len())])
    }

    fn ask(&self, folder: &Folder, more: &str) -> Ran {
        let line = format!("ask index \"What do lockers cost?\" --base-url {} --llm qwen3 {more}", self.address);
        folder.carrel_with(&line, |command| {
            command.env("CARREL_API_KEY", KEY);
        })
    }

    fn request(self) -> String {
        self.thread.join().unwrap()
    }
}

fn read_request(connection: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            if request.len() >= end + 4 + length.unwrap_or(0) {
                return String::from_utf8(request).unwrap();
            }
        }
        let length = connection.read(&mut buffer).unwrap();
        assert!(length > 0, "the request broke off");
        request.extend_from_slice(&buffer[..length]);
    }
}

/// A piece of a body in chunked transfer coding.
fn chunked(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// The events of an answer, one piece each, in chunked coding; without the end.
fn answer() -> Vec<String> {
    let said = ["Lockers cost", " 2 euros a day [1].", " 👍 Elephants swim [7]."];
    let said = said.map(|text| json!({ "choices": [{ "delta": { "content": text } }] }));
    let mut pieces = vec![STREAM.to_owned(), chunked(": OPENROUTER PROCESSING\n\n")];
    pieces.extend(said.iter().map(|chunk| chunked(&format!("data: {chunk}\n\n"))));
    pieces
}

fn ended(mut pieces: Vec<String>) -> Vec<String> {
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 80, "completion_tokens": 9 } });
    pieces.push(chunked(&format!("data: {end}\n\ndata: {usage}\n\ndata: [DONE]\n\n")));
    pieces.push("0\r\n\r\n".into());
    pieces
}

fn indexed() -> Folder {
    let folder = Folder::new();
    folder.write("docs/room.md", "# Reading room\n\nThe reading room opens at nine. Lockers cost 2 euros a day.\n");
    folder.carrel("index docs --out index --no-runtime").done();
    folder
}

#[test]
fn an_answer_is_streamed_and_its_citations_are_checked() {
    let folder = indexed();
    let server = Server::new(ended(answer()));
    let answer = server.ask(&folder, "--temperature 0 --max-tokens 50 --json").json();
    assert_eq!(answer["text"], "Lockers cost 2 euros a day [1]. 👍 Elephants swim [7].");
    let verdicts: Vec<(&Value, &Value)> =
        answer["citations"].as_array().unwrap().iter().map(|it| (&it["number"], &it["verdict"])).collect();
    assert_eq!(verdicts, [(&json!(1), &json!("supported")), (&json!(7), &json!("unsupported"))]);
    assert_eq!(
        answer["usage"],
        json!({
            "promptTokens": 80,
            "completionTokens": 9,
            "cachedTokens": null,
            "reasoningTokens": null,
            "finish": "stop",
            "finishReason": "stop",
        })
    );
    let request = server.request();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains(&format!("authorization: bearer {KEY}")));
    assert_eq!(answer["trace"]["request"]["body"].as_str(), Some(body), "the trace shows exactly what was sent");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["model"], &body["temperature"], &body["max_tokens"]), (&json!("qwen3"), &json!(0.0), &json!(50)));
    assert!(body["messages"][1]["content"].as_str().unwrap().contains("Lockers cost 2 euros a day."));
    assert!(!answer.to_string().contains("secret"));
}

#[test]
fn a_recorded_stream_is_told_as_it_is() {
    let folder = indexed();
    let body = stream(&chunks("openai/azure-model-router.1"));
    let server = Server::answering("200 OK", "text/event-stream", &body);
    let told = server.ask(&folder, "").done();
    let said: String = chunks("openai/azure-model-router.1")
        .iter()
        .filter_map(|chunk| {
            let chunk: Value = serde_json::from_str(chunk).unwrap();
            chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)
        })
        .collect();
    assert!(!said.is_empty() && told.starts_with(&said), "{told}");
    server.request();
}

#[test]
fn a_stream_that_breaks_off_is_an_error_after_what_came() {
    let folder = indexed();
    let closed = Server::new(answer());
    let ran = closed.ask(&folder, "");
    assert_eq!(ran.out, "Lockers cost 2 euros a day [1]. 👍 Elephants swim [7].");
    assert!(ran.error_line().contains("broke off before its end"));
    closed.request();
    // Without chunked coding only the missing end of the answer tells.
    let plain =
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"So\"}}]}\n\n";
    let silent = Server::new(vec![plain.into()]);
    let ran = silent.ask(&folder, "");
    assert_eq!(ran.out, "So");
    assert!(ran.error_line().contains("broke off before its end"));
    silent.request();
    let json = Server::new(answer());
    json.ask(&folder, "--json").error();
    json.request();
}

#[test]
fn refusals_and_pages_tell_what_to_do_and_never_the_key() {
    let folder = indexed();
    let said = |message: &str| json!({ "error": { "message": message } }).to_string();
    for (status, body, told) in [
        ("401 Unauthorized", said("Incorrect API key"), "refused the API key (401): Incorrect API key. Check the key"),
        ("404 Not Found", said("model 'qwen3' not found"), "does not know the model \"qwen3\""),
        ("429 Too Many Requests", said("slow down"), "limiting the rate of requests (429): slow down"),
        ("500 Internal Server Error", "<html>oops</html>".into(), "failed (500): it sent a web page"),
        (
            "200 OK",
            "<!DOCTYPE html><p>Log in</p>".into(),
            "something other than a language model's answer (a web page)",
        ),
        ("200 OK", said("overloaded"), "failed (500): overloaded"),
        ("200 OK", String::new(), "nothing at all"),
    ] {
        let server = Server::answering(status, "application/json", &body);
        let error = server.ask(&folder, "--json --retries 0").error();
        assert!(error.contains(told) && !error.contains("secret"), "{status}: {error}");
        server.request();
    }
}

#[test]
fn a_server_that_is_overloaded_is_asked_again_and_in_time_given_up() {
    let folder = indexed();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let said = ended(answer()).concat();
    let responses = [
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            .to_owned(),
        said,
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 60\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            .to_owned(),
    ];
    let server = std::thread::spawn(move || {
        for response in responses {
            let (mut connection, _) = listener.accept().unwrap();
            read_request(&mut connection);
            connection.write_all(response.as_bytes()).unwrap();
        }
    });
    let ask = |more: &str| {
        folder.carrel(&format!("ask index \"What do lockers cost?\" --base-url {address} --llm qwen3 --json {more}"))
    };
    let answered = ask("").json();
    assert_eq!(answered["trace"]["resent"][0]["code"], "api_overloaded", "{answered}");
    assert_eq!(answered["trace"]["measure"]["retries"], 1, "{answered}");
    let error = ask("--timeout 30").error();
    assert!(error.contains("limiting the rate") && error.contains("Wait 60 s"), "{error}");
    server.join().unwrap();
}

#[test]
fn a_redirect_is_not_followed_since_the_person_named_one_address() {
    let folder = indexed();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let head = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}/\r\n", other.local_addr().unwrap());
    let server = Server::new(vec![format!("{head}content-length: 0\r\nconnection: close\r\n\r\n")]);
    let address = server.address.clone();
    let error = server.ask(&folder, "").error();
    assert!(error.contains(&address), "{error}");
    assert_eq!(other.accept().err().map(|error| error.kind()), Some(std::io::ErrorKind::WouldBlock), "it was followed");
    server.request();
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let folder = indexed();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let line = format!("ask index \"What do lockers cost?\" --base-url http://127.0.0.1:{port}/v1 --llm m");
    let error = folder.carrel(&line).error();
    assert!(error.contains(&format!("no answer from http://127.0.0.1:{port}/v1/chat/completions")), "{error}");
}
