//! [`Document`] → [`Chunk`]s
//!
//! A passage is found by what its vector says, and the model reads 256 tokens at most: longer text is cut off
//! unseen. So documents are cut where their authors cut them (sections, then paragraphs, then sentences, by
//! text-splitter), sized in the model's own tokens. Each chunk may begin with the end of the one before, so that a
//! fact on the border is found whole.

use std::ops::Range;

use text_splitter::{ChunkCapacity, ChunkConfig, ChunkSizer, MarkdownSplitter, TextSplitter};

use crate::document::{Chunk, Document, Format, Span};
use crate::error::{Error, Result};

/// How large chunks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sizes {
    /// The most tokens that a chunk may have, its overlap included.
    pub tokens: usize,
    /// How many tokens of the chunk before it may begin with.
    pub overlap: usize,
}

struct Counter<'a, F>(&'a F);

impl<F: Fn(&str) -> usize> ChunkSizer for Counter<'_, F> {
    fn size(&self, chunk: &str) -> usize {
        (self.0)(chunk)
    }
}

/// Cuts a document; `count` tells the tokens of a text for the model that will read the chunks.
///
/// Together the chunks cover all of the text but white space; none has more than `sizes.tokens` tokens, unless a
/// single character has.
///
/// # Errors
/// `option_invalid` where the overlap is not smaller than the size.
pub fn chunk(document: &Document, sizes: Sizes, count: &impl Fn(&str) -> usize) -> Result<Vec<Chunk>> {
    let invalid = |problem: String| Error::OptionInvalid { option: "chunk sizes".into(), problem };
    let config = || {
        ChunkConfig::new(ChunkCapacity::new(sizes.tokens))
            .with_sizer(Counter(count))
            .with_overlap(sizes.overlap)
            .map_err(|error| invalid(error.to_string()))
    };
    let mut chunks = Vec::new();
    for section in sections(document) {
        let text = &document.text[section.clone()];
        let spans: Vec<(usize, usize)> = match document.format {
            Format::Markdown => {
                MarkdownSplitter::new(config()?).chunk_indices(text).map(|(at, part)| (at, part.len())).collect()
            }
            _ => TextSplitter::new(config()?).chunk_indices(text).map(|(at, part)| (at, part.len())).collect(),
        };
        for (at, length) in spans {
            let start = section.start + at;
            let span = Span::new(start, start + length);
            chunks.push(Chunk {
                span,
                headings: document.headings_at(start),
                page: document.page_at(start),
                tokens: count(span.of(&document.text)),
            });
        }
    }
    Ok(chunks)
}

/// Very long texts are cut first at line breaks, since the splitter looks at the whole text several times.
const LONGEST_SECTION: usize = 64 * 1024;

/// The parts of a text that no chunk reaches across.
fn sections(document: &Document) -> Vec<Range<usize>> {
    let text = &document.text;
    let mut cuts: Vec<usize> = match document.format {
        // The Markdown splitter knows headings by itself, and joins small sections, which does them good.
        Format::Markdown => Vec::new(),
        _ => document.outline.iter().map(|heading| heading.span.start).collect(),
    };
    cuts.push(text.len());
    let mut sections = Vec::new();
    let mut start = 0;
    for cut in cuts {
        while cut - start > LONGEST_SECTION {
            let mut end = start + LONGEST_SECTION;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let window = &text[start..end];
            let end = window
                .rfind("\n\n")
                .or_else(|| window.rfind('\n'))
                .or_else(|| window.rfind(' '))
                .filter(|&at| at > 0)
                .map_or(end, |at| start + at + 1);
            sections.push(start..end);
            start = end;
        }
        if cut > start {
            sections.push(start..cut);
            start = cut;
        }
    }
    sections
}
