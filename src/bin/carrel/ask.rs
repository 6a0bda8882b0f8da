//! `carrel ask`: a question → an answer with citations.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use carrel::carrel::{AskOptions, Carrel, Event, Generator, Inquiry};
use carrel::generate::{Api, Request, Settings};
use carrel::ground::{Author, Citation, Verdict};
use carrel::retrieve::Mode;

use crate::failure::{Failure, print};
use crate::search::{described, printable};
use crate::{Outcome, desk};

/// How long a connection may take, the beginning of an answer, and the whole of it.
const CONNECT: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(300);
const LONGEST_ANSWER: Duration = Duration::from_secs(1800);
/// How much of a refusal is read.
const LONGEST_REFUSAL: u64 = 64 * 1024;

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of the index
    index: PathBuf,
    /// What to ask
    question: String,
    /// The API of the language model: openai (and all that speak it), responses, anthropic or gemini. Without, the answer is made of the best sentences, offline
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
    /// The most tokens that the model may write [default: 1024; at OpenAI and Google no limit, at Anthropic 4096]
    #[arg(long, value_name = "N")]
    max_tokens: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
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
    });
    let options = AskOptions {
        limit: arguments.limit,
        mode: arguments.mode,
        generator: settings.map(Generator::Api),
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
    let sent = match inquiry.request().cloned() {
        Some(request) => send(&carrel, &mut inquiry, &request, &mut hear),
        None => Ok(()),
    };
    sent?;
    hear(inquiry.finish(&carrel)?)?;
    if arguments.json {
        print(&json(&inquiry, &citations).to_string())?;
    } else {
        print(&format!("\n{}", listed(&inquiry, &citations)))?;
    }
    Ok(if inquiry.text().trim().is_empty() { Outcome::NothingFound } else { Outcome::Done })
}

/// Sends the request and hands on what comes, as it comes.
fn send(
    carrel: &Carrel,
    inquiry: &mut Inquiry,
    request: &Request,
    hear: &mut impl FnMut(Vec<Event>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0) // The person named one address; the passages go nowhere else.
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_recv_body(Some(LONGEST_ANSWER))
        .build()
        .into();
    let post = request.headers.iter().fold(agent.post(&request.url), |post, (name, value)| post.header(name, value));
    let response = post.send(request.body.as_bytes()).map_err(|_| inquiry.broken(false))?;
    let status = response.status().as_u16();
    let (parts, body) = response.into_parts();
    let mut body = body.into_reader();
    if !(200..300).contains(&status) {
        let mut refusal = Vec::new();
        let _ = body.take(LONGEST_REFUSAL).read_to_end(&mut refusal);
        let header = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        return Err(inquiry.refused(status, &header, &refusal).into());
    }
    let mut buffer = [0; 16 * 1024];
    while !inquiry.is_done() {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => hear(inquiry.push(carrel, &buffer[..length])?)?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(inquiry.broken(true).into()),
        }
    }
    Ok(())
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
