//! [`Document`] → [`Chunk`]s
//!
//! A passage is found by what its vector says, and the model reads 256 tokens at most: longer text is cut off
//! unseen. So documents are cut where their authors cut them (sections, then paragraphs, then sentences, by
//! text-splitter), sized in the model's own tokens. Each chunk may begin with the end of the one before, so that a
//! fact on the border is found whole.

use std::collections::VecDeque;
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

/// Cuts a document, a stretch at a time: a long one takes seconds, and who waits may want to stop.
///
/// Together the chunks cover all of the text but white space; none has more than [`Sizes::tokens`] tokens, unless a
/// single character has.
#[derive(Debug)]
pub struct Chunker {
    sizes: Sizes,
    /// What is still to be cut, in order.
    sections: VecDeque<Range<usize>>,
    end: usize,
}

impl Chunker {
    /// For this document, and no other.
    ///
    /// # Errors
    /// `option_invalid` where the overlap is not smaller than the size.
    pub fn new(document: &Document, sizes: Sizes) -> Result<Self> {
        if sizes.overlap >= sizes.tokens {
            return Err(Error::OptionInvalid {
                option: "chunk sizes".into(),
                problem: format!("an overlap of {} leaves nothing new in {} tokens", sizes.overlap, sizes.tokens),
            });
        }
        Ok(Self { sizes, sections: sections(document).into(), end: document.text.len() })
    }

    /// Whether all is cut.
    pub fn is_done(&self) -> bool {
        self.sections.is_empty()
    }

    /// Up to where the text is cut, in bytes.
    pub fn position(&self) -> usize {
        self.sections.front().map_or(self.end, |section| section.start)
    }

    /// Cuts the next stretch; `count` tells the tokens of a text for the model that will read the chunks.
    ///
    /// # Errors
    /// `option_invalid` for sizes that the splitter does not take.
    pub fn next(&mut self, document: &Document, count: &impl Fn(&str) -> usize) -> Result<Vec<Chunk>> {
        let Some(section) = self.sections.pop_front() else { return Ok(Vec::new()) };
        let config = ChunkConfig::new(ChunkCapacity::new(self.sizes.tokens))
            .with_sizer(Counter(count))
            .with_overlap(self.sizes.overlap)
            .map_err(|error| Error::OptionInvalid { option: "chunk sizes".into(), problem: error.to_string() })?;
        let text = &document.text[section.clone()];
        let parts: Vec<(usize, &str)> = match document.format {
            Format::Markdown => MarkdownSplitter::new(config).chunk_indices(text).collect(),
            _ => TextSplitter::new(config).chunk_indices(text).collect(),
        };
        let cut = |(at, part): (usize, &str)| {
            let start = section.start + at;
            Chunk {
                span: Span::new(start, start + part.len()),
                headings: document.headings_at(start),
                page: document.page_at(start),
                tokens: count(part),
            }
        };
        Ok(parts.into_iter().map(cut).collect())
    }
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
