//! `carrel ask`: a question → an answer with citations.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use carrel::carrel::{AskOptions, Call, Carrel, Event, Generator, Inquiry};
use carrel::generate::limits::{Amount, Retry, Timeouts};
use carrel::generate::{Api, Policy, Settings};
use carrel::ground::{Author, Citation, Verdict};
use carrel::retrieve::Mode;

use crate::failure::{Failure, print};
use crate::search::{described, printable};
use crate::{Outcome, desk};

/// How long a connection may take; all else is the call's to say.
const CONNECT: Duration = Duration::from_secs(20);
/// How much of a refusal is read.
const LONGEST_REFUSAL: u64 = 64 * 1024;

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of the index
    index: PathBuf,
    /// What to ask
    question: String,
    /// The language model's API: openai (and all that speak it), responses, anthropic or gemini. Without --base-url the
    /// answer is made of the best sentences, offline
    #[arg(long, requires = "base_url", requires = "llm")]
    api: Option<Api>,
    /// The API's address, such as http://127.0.0.1:11434/v1
    #[arg(long, value_name = "URL", requires = "llm")]
    base_url: Option<String>,
    /// The language model, by its name there. The key, where one is needed, is read from $CARREL_API_KEY
    #[arg(long, value_name = "NAME", requires = "base_url")]
    llm: Option<String>,
    /// How many passages at most
    #[arg(long, value_name = "K", default_value_t = AskOptions::default().limit)]
    limit: usize,
    /// hybrid, semantic or lexical
    #[arg(long, value_name = "M", default_value = "hybrid")]
    mode: Mode,
    /// 0 for the likeliest words, higher for more variety [default: 0; at OpenAI, Anthropic and Google their own]
    #[arg(long)]
    temperature: Option<f32>,
    /// How often a request that failed before its first word is sent again
    #[arg(long, value_name = "N", default_value_t = Retry::default().retries)]
    retries: u32,
    /// How many seconds an answer may take, with all retries
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "600")]
    timeout: Amount,
    /// The most tokens that the model may write [default: 1024; at OpenAI and Google no limit, at Anthropic 4096]
    #[arg(long, value_name = "N")]
    max_tokens: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<Amount, &'static str> {
    let milliseconds = text.parse().ok().and_then(|seconds: f64| Amount::new(seconds * 1_000.0));
    milliseconds.filter(|it| it.get() > 0.0).ok_or("a number of seconds above 0 is needed")
}

pub fn run(arguments: Arguments, model: Option<&Path>) -> Result<Outcome, Failure> {
    let carrel = desk::open(model, &arguments.index)?;
    let settings = arguments.base_url.zip(arguments.llm).map(|(base_url, model)| Settings {
        api: arguments.api.unwrap_or(Api::OpenAi),
        base_url,
        model,
        api_key: std::env::var("CARREL_API_KEY").ok(),
        temperature: arguments.temperature,
        max_tokens: arguments.max_tokens,
        policy: Policy {
            retries: Retry { retries: arguments.retries, ..Retry::default() },
            timeouts: Timeouts { total: arguments.timeout, ..Timeouts::default() },
            ..Policy::default()
        },
    });
    let options = AskOptions {
        limit: arguments.limit,
        mode: arguments.mode,
        generator: settings.map(Box::new).map(Generator::Api),
        ..AskOptions::default()
    };
    let mut inquiry = carrel.ask(&arguments.question, options)?;
    let mut citations: Vec<Citation> = Vec::new();
    let mut hear = |events: Vec<Event>| -> Result<(), Failure> {
        for event in events {
            match event {
                Event::Text { text } if !arguments.json => {
                    let mut out = std::io::stdout().lock();
                    let text = printable(&text);
                    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|_| Failure::OutputClosed)?;
                }
                Event::Citation(citation) => {
                    citations.retain(|other| (other.at, other.number) != (citation.at, citation.number));
                    citations.push(citation);
                }
                _ => {}
            }
        }
        Ok(())
    };
    let sent = send(&carrel, &mut inquiry, &mut hear);
    if sent.is_err() {
        inquiry.abandon(&carrel);
    }
    sent?;
    hear(inquiry.finish(&carrel)?)?;
    if arguments.json {
        print(&json(&inquiry, &citations).to_string())?;
    } else {
        print(&format!("\n{}", listed(&inquiry, &citations)))?;
    }
    Ok(if inquiry.text().trim().is_empty() { Outcome::NothingFound } else { Outcome::Done })
}

/// Sends the request, again where that helps, and hands on what comes, as it comes.
fn send(
    carrel: &Carrel,
    inquiry: &mut Inquiry,
    hear: &mut impl FnMut(Vec<Event>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while let Some(call) = inquiry.call() {
        let wait = call.turn(carrel)?;
        if wait > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(wait / 1_000.0));
            continue;
        }
        attempt(carrel, inquiry, hear)?;
        match inquiry.settle(carrel, chance())? {
            None => break,
            // For a person who waits; for a program the only line there is that of an error.
            Some(wait) if std::io::stderr().is_terminal() => {
                eprintln!("The model cannot answer yet; asking again in {:.0} s", wait / 1_000.0);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// One time; what fails is told to the inquiry.
fn attempt(
    carrel: &Carrel,
    inquiry: &mut Inquiry,
    hear: &mut impl FnMut(Vec<Event>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(call) = inquiry.call() else { return Ok(()) };
    let patience = |call: &Call| Some(Duration::from_secs_f64(call.next_alarm(carrel) / 1_000.0));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0) // The person named one address; the passages go nowhere else.
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(patience(call))
        .timeout_global(Some(Duration::from_secs_f64(call.time_left(carrel) / 1_000.0)))
        .build()
        .into();
    let request = call.request();
    let post = request.headers.iter().fold(agent.post(&request.url), |post, (name, value)| post.header(name, value));
    let Ok(response) = post.send(request.body.as_bytes()) else {
        if !call.overdue(carrel) {
            call.broken(false);
        }
        return Ok(());
    };
    let status = response.status().as_u16();
    let (parts, body) = response.into_parts();
    let mut body = body.into_reader();
    let header = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    call.opened(carrel, &header, since_1970.as_secs_f64() * 1_000.0);
    if !(200..300).contains(&status) {
        let mut refusal = Vec::new();
        let _ = body.take(LONGEST_REFUSAL).read_to_end(&mut refusal);
        call.refused(status, &header, &refusal);
        return Ok(());
    }
    let mut buffer = [0; 16 * 1024];
    while let Some(call) = inquiry.call() {
        if call.is_done() || call.overdue(carrel) {
            break;
        }
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => hear(inquiry.push(carrel, &buffer[..length]))?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) if call.overdue(carrel) => {}
            Err(_) => call.broken(true),
        }
    }
    Ok(())
}

/// In 0…1: the keys of hash maps are random.
fn chance() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

fn json(inquiry: &Inquiry, citations: &[Citation]) -> serde_json::Value {
    serde_json::json!({
        "text": inquiry.text(),
        "citations": citations,
        "sources": inquiry.sources(),
        "usage": inquiry.trace().usage,
        "trace": inquiry.trace(),
    })
}

/// The citations and the passages they lead to, below the answer.
fn listed(inquiry: &Inquiry, citations: &[Citation]) -> String {
    let mut lines = Vec::new();
    for citation in citations.iter().filter(|citation| citation.by == Author::Carrel && citation.at.is_empty()) {
        let before: String =
            inquiry.text()[..citation.at.start].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
        lines.push(printable(&format!("  “…{}” rests on [{}]", before.trim(), citation.number)));
    }
    for citation in citations.iter().filter(|citation| citation.verdict == Verdict::Unsupported) {
        let problem = if citation.source.is_some() { "does not say so" } else { "is not among the sources" };
        lines.push(format!("  [{}] is cited, but {problem}", citation.number));
    }
    for (passage, number) in inquiry.sources().iter().zip(1..) {
        if citations.iter().any(|citation| citation.number == number) {
            lines.push(described(passage, number));
        }
    }
    lines.join("\n")
}
