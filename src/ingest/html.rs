//! HTML → what a reader sees of it, with the map back to the source
//!
//! Only the tokens are read (html5gum, by the WHATWG rules): to know which words stand in which block needs no tree.
//! Navigation, scripts and hidden parts are left out; where the page marks its `<main>`, only that is kept, since
//! the rest repeats on every page of a site and would be found for every question.

use html5gum::emitters::default::{DefaultEmitter, StartTag, Token};
use html5gum::{Readable, Tokenizer};

use super::Reading;
use crate::document::{Heading, SourcePiece, Span};

pub(super) fn read(source: &str) -> Reading {
    let with_main = read_part(source, true);
    match with_main.text.trim().is_empty() {
        true => read_part(source, false),
        false => with_main,
    }
}

fn read_part(source: &str, main_only: bool) -> Reading {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut writer = Writer { source, main_only, ..Writer::default() };
    for token in Tokenizer::new_with_emitter(source.to_reader(), emitter) {
        // Reading from a string cannot fail.
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => writer.start(&tag),
            Token::EndTag(tag) => writer.end(&tag.name),
            Token::String(text) => {
                let span = Span::new(text.span.start, text.span.end);
                writer.text(&String::from_utf8_lossy(&text), span);
            }
            _ => {}
        }
    }
    writer.finish()
}

#[derive(Default)]
struct Writer<'source> {
    source: &'source str,
    main_only: bool,
    reading: Reading,
    /// The element whose content is being left out, and how deep it is nested in its own kind.
    left_out: Option<(Vec<u8>, usize)>,
    main_depth: usize,
    pre_depth: usize,
    in_title: bool,
    heading: Option<(u8, usize)>,
    /// How many line breaks are due before the next word: 0, 1 (line) or 2 (paragraph).
    breaks: usize,
    space: bool,
    /// What stands before the next word: a list marker or a cell border.
    marker: &'static str,
}

impl Writer<'_> {
    fn start(&mut self, tag: &StartTag<usize>) {
        let name = tag.name.as_slice();
        if let Some((left_out, depth)) = &mut self.left_out {
            *depth += usize::from(left_out == name && !tag.self_closing);
            return;
        }
        let hidden = tag.attributes.contains_key(b"hidden".as_slice());
        if tag.self_closing && matches!(name, b"svg" | b"math") {
            return; // Only there does the slash close an element.
        }
        // Where the end may be left unwritten we would not see it: better a hidden word than all the rest lost.
        let closed = !VOID.contains(&name) && !END_OPTIONAL.contains(&name);
        if LEFT_OUT.contains(&name) || (hidden && closed) {
            self.left_out = Some((name.to_vec(), 1));
            return;
        }
        // A heading whose end was forgotten must not take in the page.
        if BLOCKS.contains(&name) && self.heading.is_some_and(|(_, start)| start != usize::MAX) {
            self.close_heading();
        }
        match name {
            b"title" => self.in_title = true,
            b"main" => self.main_depth += 1,
            b"pre" => self.pre_depth += 1,
            b"br" => self.breaks = self.breaks.max(1),
            b"li" => self.marker = "- ",
            b"td" | b"th" => self.marker = if self.breaks == 0 { "| " } else { "" },
            [b'h', level @ b'1'..=b'6'] => {
                self.close_heading();
                self.breaks = 2;
                self.heading = Some((level - b'0', usize::MAX));
            }
            _ => {}
        }
        self.block(name);
    }

    fn end(&mut self, name: &[u8]) {
        if let Some((left_out, depth)) = &mut self.left_out {
            *depth -= usize::from(left_out == name);
            if *depth == 0 {
                self.left_out = None;
                self.block(name.to_vec().as_slice());
            }
            return;
        }
        match name {
            b"title" => self.in_title = false,
            b"main" => self.main_depth = self.main_depth.saturating_sub(1),
            b"pre" => self.pre_depth = self.pre_depth.saturating_sub(1),
            [b'h', b'1'..=b'6'] => self.close_heading(),
            _ => {}
        }
        self.block(name);
    }

    fn block(&mut self, name: &[u8]) {
        match name {
            name if BLOCKS.contains(&name) => self.breaks = 2,
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"body" => self.breaks = 2,
            b"li" | b"tr" | b"dt" | b"dd" | b"summary" | b"option" | b"caption" => self.breaks = self.breaks.max(1),
            _ => {}
        }
    }

    fn close_heading(&mut self) {
        if let Some((level, start)) = self.heading.take()
            && start != usize::MAX
        {
            let span = Span::new(start, self.reading.text.len());
            self.reading.outline.push(Heading::new(level, span.of(&self.reading.text), span));
        }
    }

    fn text(&mut self, value: &str, source: Span) {
        if self.left_out.is_some() {
            return;
        }
        if self.in_title {
            self.reading.title.get_or_insert_default().push_str(value);
            return;
        }
        if self.main_only && self.main_depth == 0 {
            return;
        }
        // The parser makes line feeds of all line ends, and characters of character references.
        let raw = self.source.get(source.start..source.end).unwrap_or_default();
        let verbatim = raw == value || (raw.contains('\r') && raw.replace("\r\n", "\n").replace('\r', "\n") == value);
        let token_start = self.reading.text.len();
        let mut offset = 0;
        for part in value.split_inclusive(char::is_whitespace) {
            let word = part.trim_end_matches(char::is_whitespace);
            if self.pre_depth > 0 {
                self.word(part, verbatim.then_some(source.start + offset));
            } else {
                if !word.is_empty() {
                    self.word(word, verbatim.then_some(source.start + offset));
                }
                self.space |= word.len() < part.len();
            }
            offset += part.len();
            offset += usize::from(verbatim && raw.get(offset - 1..offset + 1) == Some("\r\n"));
        }
        if !verbatim && self.reading.text.len() > token_start {
            // Character references: the token maps as a whole.
            let text = Span::new(token_start, self.reading.text.len());
            self.reading.pieces.push(SourcePiece { text, source, exact: false });
        }
    }

    fn word(&mut self, word: &str, source: Option<usize>) {
        let text = &mut self.reading.text;
        if !text.is_empty() {
            match self.breaks {
                0 if self.space && !text.ends_with('\n') => text.push(' '),
                0 => {}
                breaks => {
                    let there = text.len() - text.trim_end_matches('\n').len();
                    text.extend(std::iter::repeat_n('\n', breaks.saturating_sub(there)));
                }
            }
        }
        if self.marker == "| " && self.breaks == 0 && !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
        text.push_str(std::mem::take(&mut self.marker));
        (self.breaks, self.space) = (0, false);
        let start = text.len();
        text.push_str(word);
        if let Some((_, heading_start @ usize::MAX)) = &mut self.heading {
            *heading_start = start;
        }
        let Some(source) = source else { return };
        let end = text.len();
        match self.reading.pieces.last_mut() {
            // One space in the text for one white-space byte in the source: the piece goes on.
            Some(last)
                if last.exact && start - last.text.end == source - last.source.end && start - last.text.end <= 1 =>
            {
                last.text.end = end;
                last.source.end = source + word.len();
            }
            _ => self.reading.pieces.push(SourcePiece {
                text: Span::new(start, end),
                source: Span::new(source, source + word.len()),
                exact: true,
            }),
        }
    }

    fn finish(mut self) -> Reading {
        self.close_heading();
        let reading = &mut self.reading;
        reading.title = reading
            .title
            .take()
            .map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|title| !title.is_empty())
            .or_else(|| reading.outline.first().map(|heading| heading.title.clone()));
        self.reading
    }
}

/// Elements whose content no reader sees, or which repeat on every page of a site.
const LEFT_OUT: &[&[u8]] = &[
    b"script",
    b"style",
    b"noscript",
    b"template",
    b"svg",
    b"math",
    b"iframe",
    b"object",
    b"canvas",
    b"select",
    b"button",
    b"nav",
    b"footer",
    b"aside",
    b"textarea",
    b"audio",
    b"video",
];

/// Elements that stand apart from the text around them, and never within a heading.
const BLOCKS: &[&[u8]] = &[
    b"p",
    b"div",
    b"section",
    b"article",
    b"main",
    b"header",
    b"blockquote",
    b"pre",
    b"table",
    b"ul",
    b"ol",
    b"dl",
    b"figure",
    b"figcaption",
    b"hr",
    b"details",
    b"form",
    b"fieldset",
    b"address",
];

/// Elements whose end tag may be left out.
const END_OPTIONAL: &[&[u8]] = &[
    b"p", b"li", b"td", b"th", b"tr", b"dt", b"dd", b"option", b"thead", b"tbody", b"tfoot", b"body", b"html", b"head",
];

const VOID: &[&[u8]] = &[
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"track", b"wbr",
];
