//! the core's values ⇄ JavaScript's
//!
//! The core counts bytes of UTF-8, JavaScript counts UTF-16 units: every span is converted here, and nowhere else.
//! Values go through JSON, for which the code is there anyway, and browsers read it faster than they make objects one
//! property at a time.

use js_sys::JSON;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::carrel::{Batch, Carrel, Event};
use crate::document::{Document, Format, Heading, Language, Metadata, Passage, Span};
use crate::error::Error;
use crate::ground::{Citation, Sentence};
use crate::index::Entry;
use crate::ingest::{Content, Source};

/// A file to read, as JavaScript hands it in; of the last three one is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenSource {
    id: String,
    name: String,
    title: Option<String>,
    url: Option<String>,
    format: Option<String>,
    text: Option<String>,
    pages: Option<Vec<String>>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    metadata: Metadata,
    language: Option<Language>,
}

/// What a list of documents shows of one.
#[derive(Serialize)]
struct DocumentInfo<'entry> {
    id: &'entry str,
    name: &'entry str,
    title: &'entry str,
    url: Option<&'entry str>,
    format: Format,
    /// In UTF-16 units.
    characters: usize,
    chunks: usize,
    pages: usize,
    language: Language,
    metadata: &'entry Metadata,
    warnings: &'entry [String],
}

/// A document whole, for reading.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WholeDocument<'entry> {
    #[serde(flatten)]
    info: DocumentInfo<'entry>,
    text: &'entry str,
    outline: Vec<Heading>,
    page_spans: Vec<Span>,
}

pub(super) fn source(value: JsValue, bytes: Option<Vec<u8>>) -> Result<Source, JsValue> {
    let GivenSource { id, name, title, url, format, text, pages, warnings, metadata, language } =
        given("document", value)?;
    let content = match (bytes, text, pages) {
        (Some(bytes), None, None) => Content::Bytes(bytes),
        (None, Some(text), None) => Content::Text(text),
        (None, None, Some(pages)) => Content::Pages(pages),
        _ => {
            let problem = "a file or a text is needed, and not both".into();
            return Err(thrown(Error::OptionInvalid { option: name, problem }));
        }
    };
    let format = match format.as_deref() {
        None => None,
        Some("markdown") => Some(Format::Markdown),
        Some("html") => Some(Format::Html),
        Some("text") => Some(Format::Text),
        Some("pdf") => Some(Format::Pdf),
        Some(other) => {
            return Err(thrown(Error::UnknownFormat { name, format: other.to_owned() }));
        }
    };
    Ok(Source { id, name, title, url, format, warnings, metadata, language, content })
}

/// Reads a value that JavaScript handed in; `what` it is, for the message.
pub(super) fn given<T: DeserializeOwned>(what: &str, value: JsValue) -> Result<T, JsValue> {
    let problem = |problem: String| thrown(Error::OptionInvalid { option: what.to_owned(), problem });
    let json = JSON::stringify(&value).ok().and_then(|json| json.as_string());
    let json = json.ok_or_else(|| problem("it is nothing that JSON can tell".into()))?;
    serde_json::from_str(&json).map_err(|error| problem(error.to_string()))
}

/// Hands a value out: plain objects, `null` for nothing.
pub(super) fn out(value: &impl Serialize) -> JsValue {
    let json = serde_json::to_string(value).expect("plain data always converts");
    JSON::parse(&json).expect("what serde_json writes is JSON")
}

pub(super) fn batch(Batch { first, texts }: &Batch) -> JsValue {
    #[derive(Serialize)]
    struct Handout<'batch> {
        first: usize,
        texts: &'batch [&'batch str],
    }
    out(&Handout { first: *first, texts })
}

pub(super) fn document_info(entry: &Entry) -> JsValue {
    out(&info(entry))
}

fn info(Entry { document, chunks }: &Entry) -> DocumentInfo<'_> {
    let Document { id, name, title, url, format, text, pages, warnings, language, metadata, .. } = document;
    DocumentInfo {
        id,
        name,
        title,
        url: url.as_deref(),
        format: *format,
        characters: Span::new(0, text.len()).to_utf16(text).end,
        chunks: chunks.len(),
        pages: pages.len(),
        language: *language,
        metadata,
        warnings,
    }
}

pub(super) fn document(entry: &Entry) -> JsValue {
    let text = &entry.document.text;
    let heading = |heading: &Heading| Heading { span: heading.span.to_utf16(text), ..heading.clone() };
    out(&WholeDocument {
        info: info(entry),
        text,
        outline: entry.document.outline.iter().map(heading).collect(),
        page_spans: entry.document.pages.iter().map(|page| page.to_utf16(text)).collect(),
    })
}

pub(super) fn passages(carrel: &Carrel, passages: &[Passage]) -> JsValue {
    let convert = |passage: &Passage| Passage {
        span: in_document(carrel, &passage.id, passage.span),
        highlights: passage.highlights.iter().map(|span| span.to_utf16(&passage.text)).collect(),
        ..passage.clone()
    };
    out(&passages.iter().map(convert).collect::<Vec<_>>())
}

pub(super) fn events(carrel: &Carrel, answer: &str, sources: &[Passage], events: Vec<Event>) -> JsValue {
    let convert = |event| match event {
        Event::Citation(citation) => {
            let span = citation.source.zip(citation.span).map(|(at, span)| in_document(carrel, &sources[at].id, span));
            Event::Citation(Citation { at: citation.at.to_utf16(answer), span, ..citation })
        }
        Event::Sentence(sentence) => {
            let span = sentence.source.zip(sentence.span).map(|(at, span)| in_document(carrel, &sources[at].id, span));
            Event::Sentence(Sentence { at: sentence.at.to_utf16(answer), span, ..sentence })
        }
        other => other,
    };
    out(&events.into_iter().map(convert).collect::<Vec<_>>())
}

fn in_document(carrel: &Carrel, id: &str, span: Span) -> Span {
    // The document may have been removed, or replaced, since it was found.
    let text = carrel.entry(id).map(|entry| entry.document.text.as_str());
    text.filter(|text| text.get(span.start..span.end).is_some()).map_or(Span::new(0, 0), |text| span.to_utf16(text))
}
