//! `carrel search`: a question → passages.

use std::path::{Path, PathBuf};
use std::time::Instant;

use carrel::document::Passage;
use carrel::retrieve::{Filter, Mode, SearchOptions};

use crate::failure::{Failure, print};
use crate::{Outcome, desk};

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of the index
    index: PathBuf,
    /// What to look for
    query: String,
    /// How many passages at most
    #[arg(long, value_name = "K", default_value_t = 10)]
    limit: usize,
    /// hybrid, semantic or lexical
    #[arg(long, value_name = "M", default_value = "hybrid")]
    mode: Mode,
    /// Which documents may be found, as '{"year": {"$gte": 2020}}'
    #[arg(long, value_name = "JSON")]
    filter: Option<Filter>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: Arguments, model: Option<&Path>) -> Result<Outcome, Failure> {
    let carrel = desk::open(model, &arguments.index)?;
    let start = Instant::now();
    let Arguments { limit, mode, filter, .. } = arguments;
    let options = SearchOptions { limit, mode, filter, ..SearchOptions::default() };
    let passages = carrel.search(&arguments.query, options)?;
    let elapsed = start.elapsed().as_secs_f64() * 1000.0;
    if arguments.json {
        print(&serde_json::json!({ "passages": passages, "elapsed_ms": elapsed }).to_string())?;
    } else {
        for (passage, number) in passages.iter().zip(1..) {
            print(&described(passage, number))?;
        }
    }
    Ok(if passages.is_empty() { Outcome::NothingFound } else { Outcome::Done })
}

/// A passage for a terminal: where it is from, and its beginning.
pub fn described(passage: &Passage, number: usize) -> String {
    let mut place = vec![passage.title.as_str()];
    place.extend(passage.headings.iter().map(String::as_str).filter(|heading| *heading != passage.title));
    let text = passage.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = text.chars().take(240).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    let page = passage.page.map(|page| format!(", page {page}")).unwrap_or_default();
    printable(&format!(
        "[{number}] {} ({}{page}; score {:.3})\n    {cut}{dots}",
        place.join(" › "),
        passage.id,
        passage.score
    ))
}

/// On one line, without control characters.
pub fn one_line(text: &str) -> String {
    printable(&text.replace(['\n', '\r', '\t'], " "))
}

/// Without control characters: a document must not be able to steer the terminal.
pub fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t')).collect()
}
