//! bytes → [`Document`]
//!
//! Bad data in, hallucinations out: this stage decides what a file is, refuses what it cannot read with the reason,
//! and keeps for every character the way back to the source, so that a passage can be shown where it came from.

mod front_matter;
mod html;
mod markdown;
mod pages;
mod text;

use crate::document::{Document, Format, Language, Metadata, Scalar};
use crate::error::{Error, Result};

/// The largest PDF that is read, in bytes: most of it is pictures.
pub const LARGEST_PDF: usize = 200 * 1024 * 1024;
/// The largest file of text that is read, in bytes: some 16,000 passages, which take minutes to embed. What is larger
/// is data rather than a document.
pub const LARGEST_TEXT: usize = 16 * 1024 * 1024;

/// What a file holds, as handed in.
#[derive(Debug, Clone)]
pub enum Content {
    /// The bytes of the file.
    Bytes(Vec<u8>),
    /// Its text, already decoded.
    Text(String),
    /// The text of each page, extracted beforehand (PDF).
    Pages(Vec<String>),
}

/// A file to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// What the document shall be known by.
    pub id: String,
    /// The name of the file, for its format and for messages.
    pub name: String,
    /// Its title, where known.
    pub title: Option<String>,
    /// Where a reader finds it, if anywhere.
    pub url: Option<String>,
    /// Its format, where known; else told from the name and the content.
    pub format: Option<Format>,
    /// What else is known of it; goes before what the file says of itself.
    pub metadata: Metadata,
    /// What a reader should know, from who extracted its text.
    pub warnings: Vec<String>,
    /// Its language, where known; else told from its words.
    pub language: Option<Language>,
    /// What it holds.
    pub content: Content,
}

/// Reads a file.
///
/// # Errors
/// `empty_document`, `not_text`, `no_text`, `too_large`, `unknown_format`: each names the file and says what to do.
/// `option_invalid` for metadata with a number that is not finite.
pub fn read(source: Source) -> Result<Document> {
    let Source { id, name, title, url, format, metadata, warnings, language, content } = source;
    check_metadata(&metadata)?;
    let finish = |reading, format, damaged| {
        finish(reading, Given { id, name: name.clone(), title, url, metadata, language, warnings }, format, damaged)
    };
    let (format, text, damaged) = match content {
        Content::Pages(pages) => {
            check_size(&name, pages.iter().map(String::len).sum(), false)?;
            return finish(pages::read(&name, &pages)?, Format::Pdf, 0);
        }
        Content::Text(text) => {
            check_size(&name, text.len(), false)?;
            (format.unwrap_or_else(|| guess(&name, &text)), text, 0)
        }
        Content::Bytes(bytes) => {
            check_size(&name, bytes.len(), false)?;
            let (text, damaged) = text::decode(&name, bytes)?;
            (format.unwrap_or_else(|| guess(&name, &text)), text, damaged)
        }
    };
    if text.trim().is_empty() {
        return Err(Error::EmptyDocument { name });
    }
    let read = match format {
        Format::Markdown => markdown::read(text),
        Format::Html => html::read(&text),
        Format::Text => text::read(text),
        Format::Pdf => {
            return Err(Error::NotText { name, found: "a PDF whose pages were not extracted first" });
        }
    };
    finish(read, format, damaged)
}

/// Whether a file of that many bytes is read at all: asked before its bytes are loaded.
///
/// # Errors
/// `too_large`.
pub fn check_size(name: &str, bytes: usize, pdf: bool) -> Result<()> {
    let limit = if pdf { LARGEST_PDF } else { LARGEST_TEXT };
    match bytes > limit {
        true => Err(Error::TooLarge { name: name.to_owned(), bytes, limit }),
        false => Ok(()),
    }
}

/// What was read from JSON is finite, but Rust can hand in anything.
fn check_metadata(metadata: &Metadata) -> Result<()> {
    let wrong = |scalar: &Scalar| matches!(scalar, Scalar::Number(number) if !number.is_finite());
    match metadata.iter().find(|(_, value)| value.scalars().iter().any(wrong)) {
        None => Ok(()),
        Some((name, _)) => Err(Error::OptionInvalid {
            option: "metadata".into(),
            problem: format!("{name:?} is a number that is not finite: leave it out"),
        }),
    }
}

/// What a reader of one format hands back.
#[derive(Debug, Default)]
struct Reading {
    title: Option<String>,
    metadata: Metadata,
    text: String,
    outline: Vec<crate::document::Heading>,
    pages: Vec<crate::document::Span>,
    pieces: Vec<crate::document::SourcePiece>,
}

/// What was known of a file beforehand.
struct Given {
    id: String,
    name: String,
    title: Option<String>,
    url: Option<String>,
    metadata: Metadata,
    language: Option<Language>,
    warnings: Vec<String>,
}

fn finish(read: Reading, given: Given, format: Format, damaged: usize) -> Result<Document> {
    let Given { id, name, title, url, metadata: given_metadata, language, mut warnings } = given;
    if read.text.trim().is_empty() {
        return Err(Error::EmptyDocument { name });
    }
    if damaged > 0 {
        warnings.push(format!(
            "{damaged} characters of {name} could not be decoded and are shown as \u{fffd}: save it as UTF-8"
        ));
    }
    let title = title
        .into_iter()
        .chain(read.title)
        .map(|title| title.trim().to_owned())
        .find(|title| !title.is_empty())
        .unwrap_or_else(|| stem(&name).to_owned());
    let mut metadata = read.metadata;
    metadata.extend(given_metadata);
    Ok(Document {
        id,
        name,
        title,
        url,
        format,
        language: language.unwrap_or_else(|| Language::of(&read.text)),
        metadata,
        text: read.text,
        outline: read.outline,
        pages: read.pages,
        pieces: read.pieces,
        warnings,
    })
}

/// The file's name without folders and extension.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.').map_or(file, |(stem, _)| if stem.is_empty() { file } else { stem })
}

/// The format by the name's extension, else by a look at the text.
fn guess(name: &str, text: &str) -> Format {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("md" | "markdown" | "mdx" | "mkd") => Format::Markdown,
        Some("html" | "htm" | "xhtml") => Format::Html,
        Some("txt" | "text" | "log" | "csv") => Format::Text,
        _ => {
            let head: String = text.trim_start().chars().take(64).collect::<String>().to_ascii_lowercase();
            match head.starts_with("<!doctype html") || head.starts_with("<html") {
                true => Format::Html,
                false => Format::Text,
            }
        }
    }
}
