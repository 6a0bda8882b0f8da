//! The nouns that the stages share.
//!
//! A [`Document`] is what ingest made of a file; a [`Chunk`] is a stretch of it that is embedded and found; a
//! [`Passage`] is a chunk that was found for a question. Stages know these, never one another.

mod metadata;

use serde::{Deserialize, Serialize};

pub use metadata::{Metadata, Scalar, ScalarRef, Value};

/// A half-open range `start..end` of bytes in the UTF-8 of a text, on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
    /// How many bytes it holds.
    pub fn len(self) -> usize {
        self.end - self.start
    }
    /// Whether it holds nothing.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
    /// The part of `text` that it covers.
    ///
    /// Panics when it is not a span of `text`; spans read from outside are checked on the way in.
    pub fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }
    /// The same span in UTF-16 code units, as JavaScript counts.
    pub fn to_utf16(self, text: &str) -> Self {
        let start = utf16_length(&text[..self.start]);
        Self { start, end: start + utf16_length(self.of(text)) }
    }
}

/// One unit for each character, two for those of four bytes; counted over bytes, so that the compiler can do many
/// at once: texts are long.
fn utf16_length(text: &str) -> usize {
    text.bytes().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0)).sum()
}

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// CommonMark with tables; the text of the document is the source itself.
    Markdown,
    /// HTML; the text is what a reader sees of it.
    Html,
    /// Plain text.
    Text,
    /// PDF, its pages' texts extracted beforehand.
    Pdf,
}

impl Format {
    /// Its name, as in the options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Text => "text",
            Self::Pdf => "pdf",
        }
    }
}

/// What a text is written in, as far as words are stemmed; named by its code of ISO 639.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Not known, or none of these: its words are stemmed as English.
    #[default]
    Und,
    /// English.
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Italian.
    It,
    /// Portuguese.
    Pt,
    /// Dutch.
    Nl,
    /// Russian.
    Ru,
    /// Swedish.
    Sv,
}

impl Language {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 10] =
        [Self::Und, Self::En, Self::De, Self::Fr, Self::Es, Self::It, Self::Pt, Self::Nl, Self::Ru, Self::Sv];

    /// Its code of ISO 639, `und` where it is not known.
    pub fn code(self) -> &'static str {
        const CODES: [&str; 10] = ["und", "en", "de", "fr", "es", "it", "pt", "nl", "ru", "sv"];
        CODES[self as usize]
    }
}

/// A heading and where it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its words, without markup.
    pub title: String,
    /// Where it stands in [`Document::text`].
    pub span: Span,
}

impl Heading {
    /// A title is carried by every chunk below it: what is longer than this is no title, but text that a mistake in
    /// the markup made one.
    const LONGEST_TITLE: usize = 200;

    /// A heading; a very long title is cut.
    pub fn new(level: u8, title: &str, span: Span) -> Self {
        let title = title.trim();
        let mut short: String = title.chars().take(Self::LONGEST_TITLE).collect();
        if short.len() < title.len() {
            short.push('…');
        }
        Self { level, title: short, span }
    }
}

/// A stretch of the text and the place in the source bytes that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePiece {
    /// Where it stands in [`Document::text`].
    pub text: Span,
    /// Where it stands in the source: bytes of the file as decoded to UTF-8.
    pub source: Span,
    /// Whether both sides are the same byte for byte but for the kind of white space; else it maps as a whole.
    pub exact: bool,
}

/// A document as read: its text and the map back to where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// What it is known by; adding another with the same id replaces it.
    pub id: String,
    /// The name of the file, for messages.
    pub name: String,
    /// Its title: given, found in it, or made from the name.
    pub title: String,
    /// Where a reader finds it, if anywhere.
    pub url: Option<String>,
    /// What it was written in.
    pub format: Format,
    /// The language of most of it.
    pub language: Language,
    /// What else is known of it, by name: search is filtered by it.
    pub metadata: Metadata,
    /// Its text. All spans count bytes of this.
    pub text: String,
    /// Its headings in order.
    pub outline: Vec<Heading>,
    /// The span of each page, for paged formats; page numbers count from 1.
    pub pages: Vec<Span>,
    /// The map from text to source; empty where both are the same.
    pub pieces: Vec<SourcePiece>,
    /// What a reader should know about the quality of what was read.
    pub warnings: Vec<String>,
}

impl Document {
    /// The page (from 1) on which the byte `offset` of the text stands, if the document has pages.
    pub fn page_at(&self, offset: usize) -> Option<u32> {
        match self.pages.partition_point(|page| page.start <= offset) {
            0 => None,
            number => Some(number as u32),
        }
    }

    /// The titles of the headings above the byte `offset`, outermost first.
    pub fn headings_at(&self, offset: usize) -> Vec<String> {
        let mut path: Vec<&Heading> = Vec::new();
        for heading in self.outline.iter().take_while(|heading| heading.span.start <= offset) {
            path.retain(|above| above.level < heading.level);
            path.push(heading);
        }
        path.into_iter().map(|heading| heading.title.clone()).collect()
    }

    /// Where in the source the span of the text was read from: the smallest stretch that holds all its pieces.
    pub fn source_of(&self, span: Span) -> Option<Span> {
        if self.pieces.is_empty() {
            return Some(span);
        }
        let inside = |piece: &&SourcePiece| piece.text.start < span.end && piece.text.end > span.start;
        let first = self.pieces.iter().find(inside)?;
        let last = self.pieces.iter().rfind(inside)?;
        let start = match first.exact {
            true => first.source.start + span.start.saturating_sub(first.text.start),
            false => first.source.start,
        };
        let end = match last.exact {
            true => last.source.end - last.text.end.saturating_sub(span.end),
            false => last.source.end,
        };
        Some(Span::new(start, end.max(start)))
    }
}

/// A stretch of a document, short enough for the model to read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Where it stands in [`Document::text`].
    pub span: Span,
    /// The titles of the headings above it, outermost first.
    pub headings: Vec<String>,
    /// The page on which it begins, for paged formats.
    pub page: Option<u32>,
    /// Its length in tokens of the model that it was cut for.
    pub tokens: usize,
}

/// A chunk that was found for a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Passage {
    /// The document's id.
    pub id: String,
    /// Which chunk of the document, from 0.
    pub chunk: usize,
    /// The document's title.
    pub title: String,
    /// The document's address, if it has one.
    pub url: Option<String>,
    /// What the document was written in.
    pub format: Format,
    /// What else is known of the document, by name.
    pub metadata: Metadata,
    /// The titles of the headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// The page on which it begins, for paged formats.
    pub page: Option<u32>,
    /// Its text.
    pub text: String,
    /// Where it stands in the document's text.
    pub span: Span,
    /// What of [`text`](Self::text) matches the question's words, in order.
    pub highlights: Vec<Span>,
    /// How well it fits the question; higher is better, comparable within one search only.
    pub score: f32,
    /// The cosine of its vector and the question's, where vectors were searched and it was among the candidates.
    pub semantic: Option<f32>,
    /// Its BM25 score, where words were searched and it was among the candidates.
    pub lexical: Option<f32>,
}
