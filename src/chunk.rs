//! [`Document`] → [`Chunk`]s
//!
//! A passage is found by what its vector says, and the model reads 256 tokens at most: longer text is cut off
//! unseen. So documents are cut where their authors cut them (headings, then paragraphs, lines, sentences), sized in
//! the model's own tokens. Each chunk may begin with the end of the one before, so that a fact on the border is found
//! whole. The text is tokenised once, whatever the number of places that are considered.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::document::{Chunk, Document, Span};
use crate::error::{Error, Result};
use crate::language::sentences;
use crate::order::sort;

/// How large chunks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sizes {
    /// The most tokens that a chunk may have, its overlap included.
    pub tokens: usize,
    /// How many tokens of the chunk before it may begin with.
    pub overlap: usize,
}

/// What a text is cut at, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Border {
    Sentence,
    Line,
    Paragraph,
    Heading,
}

impl Border {
    const BEST_FIRST: [Self; 4] = [Self::Heading, Self::Paragraph, Self::Line, Self::Sentence];

    /// How full, as a share of its size, a chunk must be to end at such a border rather than go on to a lesser one.
    /// A short section stays alone, so that its heading tells what it is about; a short paragraph does not.
    fn fill(self) -> f32 {
        match self {
            Self::Heading => 0.1,
            Self::Paragraph => 0.5,
            Self::Line => 0.6,
            Self::Sentence => 0.3,
        }
    }
}

/// How long a chunk may be for each of its tokens: several times what any language needs.
const MOST_BYTES_OF_A_TOKEN: usize = 16;

/// Long texts are cut a stretch at a time, first at line breaks: who waits may want to stop.
const LONGEST_STRETCH: usize = 64 * 1024;

/// Cuts a document, a stretch at a time.
///
/// Together the chunks cover all of the text but white space; none has more than [`Sizes::tokens`] tokens, unless a
/// single character has.
#[derive(Debug)]
pub struct Chunker {
    sizes: Sizes,
    /// What is still to be cut, in order.
    stretches: VecDeque<Range<usize>>,
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
        Ok(Self { sizes, stretches: stretches(&document.text).into(), end: document.text.len() })
    }

    /// Whether all is cut.
    pub fn is_done(&self) -> bool {
        self.stretches.is_empty()
    }

    /// Up to where the text is cut, in bytes.
    pub fn position(&self) -> usize {
        self.stretches.front().map_or(self.end, |stretch| stretch.start)
    }

    /// Cuts the next stretch; `tokenize` tells where each token of a text begins, in bytes, for the model that will
    /// read the chunks.
    pub fn next(&mut self, document: &Document, tokenize: &impl Fn(&str) -> Vec<usize>) -> Vec<Chunk> {
        let Some(range) = self.stretches.pop_front() else {
            return Vec::new();
        };
        let mut stretch = Stretch::new(document, range, tokenize);
        let mut chunks = Vec::new();
        let mut start = stretch.range.start;
        let mut reached = start;
        while start < stretch.range.end {
            let mut end = stretch.end_of(start, self.sizes.tokens, tokenize);
            if end <= reached || stretch.text[reached..end].trim().is_empty() {
                // The overlap left no room for anything new.
                start = reached;
                end = stretch.end_of(start, self.sizes.tokens, tokenize);
            }
            reached = end;
            chunks.extend(stretch.chunk(document, start, end, tokenize));
            start = match end == stretch.range.end {
                true => end,
                false => stretch.overlap_start(start, end, self.sizes.overlap),
            };
        }
        chunks
    }
}

/// A part of a text with what it can be cut at.
struct Stretch<'text> {
    text: &'text str,
    range: Range<usize>,
    /// Where each token begins, in bytes of the whole text.
    tokens: Vec<usize>,
    /// Where it may be cut, in order.
    borders: Vec<(usize, Border)>,
}

impl<'text> Stretch<'text> {
    fn new(document: &'text Document, range: Range<usize>, tokenize: &impl Fn(&str) -> Vec<usize>) -> Self {
        let text = document.text.as_str();
        let part = &text[range.clone()];
        let tokens = tokenize(part).into_iter().map(|start| range.start + start).collect();
        let first = document.outline.partition_point(|heading| heading.span.start < range.start);
        let headings = document.outline[first..].iter().map(|heading| heading.span.start);
        let mut borders: Vec<(usize, Border)> =
            headings.take_while(|&start| start < range.end).map(|start| (start, Border::Heading)).collect();
        let mut at = range.start;
        let mut blank = false;
        for line in part.split_inclusive('\n') {
            if line.trim().is_empty() {
                blank = true;
            } else {
                borders.push((at, if std::mem::take(&mut blank) { Border::Paragraph } else { Border::Line }));
            }
            at += line.len();
        }
        borders.extend(sentences(part).into_iter().map(|span| (range.start + span.start, Border::Sentence)));
        sort(&mut borders, |left, right| left.0.cmp(&right.0).then(right.1.cmp(&left.1)));
        borders.dedup_by_key(|border| border.0);
        Self { text, range, tokens, borders }
    }

    /// How many tokens begin in a part of the text.
    fn count(&self, range: Range<usize>) -> usize {
        let before = |at: usize| self.tokens.partition_point(|&start| start < at);
        before(range.end) - before(range.start)
    }

    /// Where the chunk that begins at `start` ends.
    fn end_of(&self, start: usize, limit: usize, tokenize: &impl Fn(&str) -> Vec<usize>) -> usize {
        let whole = self.range.end;
        let end = match self.count(start..whole) <= limit {
            true => self.border(start, limit, Border::Heading).unwrap_or(whole),
            false => self.best_end(start, limit),
        };
        // Inside a word, the model may cut the part otherwise than the whole: then the chunk is made smaller.
        let mut end = end;
        let mut allowed = limit;
        // What the model has no word for is one token, however long: a line of base64, a sentence of Thai.
        let longest = limit * MOST_BYTES_OF_A_TOKEN;
        if end - start > longest {
            let border = self.borders[..self.borders.partition_point(|border| border.0 <= start + longest)].last();
            let character = (start + 1..=start + longest).rev().find(|&at| self.text.is_char_boundary(at));
            end = border.map(|border| border.0).filter(|&at| at > start).or(character).unwrap_or(end);
        }
        while tokenize(&self.text[start..end]).len() > limit {
            let smaller = match allowed > 1 {
                true => {
                    allowed = allowed * 3 / 4;
                    Some(self.best_end(start, allowed))
                }
                false => self.without_last_character(start, end),
            };
            match smaller {
                Some(smaller) => end = smaller,
                None => break,
            }
        }
        end
    }

    /// Where `start..end` ends without its last character, if it has another.
    fn without_last_character(&self, start: usize, end: usize) -> Option<usize> {
        let last = self.text[start..end].grapheme_indices(true).next_back();
        last.map(|(at, _)| start + at).filter(|&at| at > start)
    }

    /// Where a chunk of at most `limit` tokens ends best.
    fn best_end(&self, start: usize, limit: usize) -> usize {
        let border = Border::BEST_FIRST.into_iter().find_map(|wanted| self.border(start, limit, wanted));
        border.unwrap_or_else(|| self.within_sentence(start, limit))
    }

    /// The border of this kind at which a chunk of at most `limit` tokens may end, if there is one.
    fn border(&self, start: usize, limit: usize, wanted: Border) -> Option<usize> {
        let first = self.borders.partition_point(|border| border.0 <= start);
        let reached = self.borders[first..].partition_point(|border| self.count(start..border.0) <= limit);
        let reached = &self.borders[first..first + reached];
        // What holds no token would be no chunk.
        let least = (wanted.fill() * limit as f32).max(1.0);
        let mut good = reached
            .iter()
            .filter(|&&(at, border)| border == wanted && self.count(start..at) as f32 >= least)
            .map(|&(at, _)| at);
        // Sections are kept apart; lesser parts are joined as far as they fit.
        if wanted == Border::Heading { good.next() } else { good.next_back() }
    }

    /// The last word, or else the last character, that fits.
    fn within_sentence(&self, start: usize, limit: usize) -> usize {
        let next = self.tokens.partition_point(|&token| token < start) + limit;
        let furthest = self.tokens.get(next).copied().unwrap_or(self.range.end);
        let window = &self.text[start..self.range.end.min(self.ceiling(furthest + 64))];
        let end_before = |offset: usize| offset > 0 && start + offset <= furthest;
        let words = window.split_word_bound_indices().map(|(at, _)| at).take_while(|at| start + at <= furthest);
        let word_end = words.filter(|&at| end_before(at)).last();
        let enough = |at: &usize| self.count(start..start + at) * 2 >= limit;
        let character_end = || window.grapheme_indices(true).map(|(at, _)| at).rfind(|&at| end_before(at));
        let first_character = || window.graphemes(true).next().map_or(window.len(), str::len);
        start + word_end.filter(enough).or_else(character_end).unwrap_or_else(first_character)
    }

    fn ceiling(&self, at: usize) -> usize {
        (at.min(self.text.len())..=self.text.len())
            .find(|&at| self.text.is_char_boundary(at))
            .unwrap_or(self.text.len())
    }

    /// Where the chunk after `start..end` begins: some sentences before its end, but not across a heading.
    fn overlap_start(&self, start: usize, end: usize, overlap: usize) -> usize {
        let at = self.borders.partition_point(|border| border.0 < end);
        if self.borders.get(at).is_some_and(|&(place, border)| place == end && border == Border::Heading) {
            return end;
        }
        let mut begin = end;
        for &(place, border) in self.borders[..at].iter().rev() {
            if place <= start || self.count(place..end) > overlap {
                break;
            }
            begin = place;
            if border == Border::Heading {
                break;
            }
        }
        begin
    }

    /// The chunk, without the white space around it; nothing where it is all white space.
    fn chunk(
        &mut self,
        document: &Document,
        start: usize,
        end: usize,
        tokenize: &impl Fn(&str) -> Vec<usize>,
    ) -> Option<Chunk> {
        let part = &self.text[start..end];
        let content = part.trim();
        let begin = start + (part.len() - part.trim_start().len());
        (!content.is_empty()).then(|| Chunk {
            span: Span::new(begin, begin + content.len()),
            headings: document.headings_at(begin),
            page: document.page_at(begin),
            tokens: tokenize(content).len(),
        })
    }
}

fn stretches(text: &str) -> Vec<Range<usize>> {
    let mut stretches = Vec::new();
    let mut start = 0;
    while text.len() - start > LONGEST_STRETCH {
        let mut end = start + LONGEST_STRETCH;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let window = &text[start..end];
        let cut = ["\n\n", "\n", " "]
            .iter()
            .find_map(|mark| window.rfind(mark).filter(|&at| at > 0).map(|at| at + mark.len()));
        let end = cut.map_or(end, |length| start + length);
        stretches.push(start..end);
        start = end;
    }
    stretches.push(start..text.len());
    stretches
}
