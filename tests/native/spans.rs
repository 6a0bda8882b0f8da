//! Spans lead where they say: in bytes here, in UTF-16 units in JavaScript, in the source, on the page.

use carrel::document::{Document, Format, Span};
use carrel::error::Error;
use carrel::ingest::{self, Content};
use proptest::prelude::*;

use crate::desk::{document, source};
use crate::texts;

/// All spans of a document that count bytes of its text.
fn spans(document: &Document) -> Vec<Span> {
    let outline = document.outline.iter().map(|heading| heading.span);
    let pieces = document.pieces.iter().map(|piece| piece.text);
    outline.chain(document.pages.iter().copied()).chain(pieces).collect()
}

/// The naive way to JavaScript's count: encode it.
fn utf16_by_encoding(span: Span, text: &str) -> Span {
    let units = |text: &str| text.encode_utf16().count();
    Span::new(units(&text[..span.start]), units(&text[..span.end]))
}

/// Every span is one of the text, and JavaScript cuts the same part by it.
fn check_spans(document: &Document) -> Result<(), TestCaseError> {
    let text = &document.text;
    let units: Vec<u16> = text.encode_utf16().collect();
    for span in spans(document) {
        prop_assert!(text.get(span.start..span.end).is_some(), "{span:?} is not on characters");
        let there = span.to_utf16(text);
        prop_assert_eq!(there, utf16_by_encoding(span, text));
        prop_assert_eq!(String::from_utf16(&units[there.start..there.end]).unwrap(), span.of(text));
    }
    Ok(())
}

fn read_bytes(name: &str, bytes: &[u8]) -> Result<Document, Error> {
    ingest::read(source(name, Content::Bytes(bytes.to_vec())))
}

proptest! {
    #[test]
    fn spans_of_markdown_lie_on_characters_and_count_the_same_in_javascript(text in texts::readable()) {
        let document = document(Format::Markdown, &text);
        check_spans(&document)?;
        prop_assert_eq!(&document.text, &text, "Markdown is kept as it is");
        prop_assert!(document.outline.is_sorted_by_key(|heading| heading.span.start));
    }

    #[test]
    fn any_span_of_any_text_counts_the_same_in_javascript(text in texts::text(), from: prop::sample::Index, to: prop::sample::Index) {
        let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (from, to) = (borders[from.index(borders.len())], borders[to.index(borders.len())]);
        let span = Span::new(from.min(to), from.max(to));
        prop_assert_eq!(span.to_utf16(&text), utf16_by_encoding(span, &text));
    }

    #[test]
    fn a_heading_of_markdown_spans_its_title(level in 1u8..=6, words in proptest::collection::vec("[\\p{Lu}\\p{Ll}\\p{Lo}]{1,9}", 1..5), before in texts::sentence()) {
        let title = words.join(" ");
        let text = format!("{before}\n\n{} {title}\n\nThe rest.\n", "#".repeat(level.into()));
        let document = document(Format::Markdown, &text);
        let heading = document.outline.iter().find(|heading| heading.title == title);
        let heading = heading.ok_or_else(|| TestCaseError::fail(format!("{:?}", document.outline)))?;
        prop_assert_eq!(heading.level, level);
        prop_assert!(heading.span.of(&text).contains(&title));
    }

    #[test]
    fn pages_follow_one_another_and_hold_their_own_text(pages in proptest::collection::vec(texts::text(), 1..8)) {
        let source = source("paper.pdf", Content::Pages(pages.clone()));
        if pages.iter().all(|page| page.trim().is_empty()) {
            prop_assert_eq!(ingest::read(source).unwrap_err().code(), "no_text");
            return Ok(());
        }
        let document = ingest::read(source).unwrap();
        check_spans(&document)?;
        prop_assert_eq!(document.pages.len(), pages.len());
        for (at, (span, page)) in document.pages.iter().zip(&pages).enumerate() {
            prop_assert_eq!(span.of(&document.text).trim_end(), page.trim_end());
            prop_assert_eq!(document.page_at(span.start), Some(at as u32 + 1));
            prop_assert_eq!(document.page_at(span.end - 1), Some(at as u32 + 1));
        }
    }

    #[test]
    fn a_file_in_utf_16_reads_as_the_same_file_in_utf_8(text in texts::readable(), big_endian: bool, marked: bool) {
        let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect();
        let plain = if marked { format!("\u{feff}{text}") } else { text.clone() };
        let wide = read_bytes("a.txt", &wide).unwrap();
        prop_assert_eq!(&wide, &read_bytes("a.txt", plain.as_bytes()).unwrap());
        prop_assert_eq!(wide.text, text);
        prop_assert!(wide.warnings.is_empty());
    }

    #[test]
    fn broken_bytes_in_a_text_are_shown_as_such_and_told(text in texts::readable(), places in proptest::collection::vec(any::<prop::sample::Index>(), 1..4)) {
        let mut bytes = format!("{text}{}", "Readable. ".repeat(8)).into_bytes();
        for place in places {
            bytes.insert(place.index(bytes.len()), 0xff);
        }
        let document = read_bytes("a.txt", &bytes).unwrap();
        // The standard library replaces by the same rule of Unicode.
        prop_assert_eq!(&document.text, &String::from_utf8_lossy(&bytes));
        prop_assert!(document.warnings[0].contains("could not be decoded"), "{:?}", document.warnings);
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), extension in prop::sample::select(vec!["md", "html", "txt", "pdf", ""])) {
        match read_bytes(&format!("file.{extension}"), &bytes) {
            Ok(document) => check_spans(&document)?,
            Err(error) => prop_assert!(["empty_document", "not_text"].contains(&error.code()), "{error}"),
        }
    }
}

#[test]
fn what_is_not_text_is_refused_with_what_it_is() {
    for (bytes, found) in [
        (&b"%PDF-1.7 ..."[..], "rename it to end in .pdf"),
        (b"PK\x03\x04....", "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", "binary data"),
        (&[0xfe; 300], "binary data"),
    ] {
        let error = read_bytes("notes.txt", bytes).unwrap_err();
        assert_eq!(error.code(), "not_text");
        assert!(error.to_string().starts_with("notes.txt is not text") && error.to_string().contains(found), "{error}");
    }
    for bytes in [&b""[..], b" \n\t ", b"\xef\xbb\xbf", b"\xff\xfe"] {
        assert_eq!(read_bytes("notes.txt", bytes).unwrap_err().code(), "empty_document", "{bytes:?}");
    }
}

#[test]
fn a_text_over_the_limit_is_refused_before_it_is_read() {
    let error = read_bytes("log.txt", &vec![b'a'; 50 * 1024 * 1024]).unwrap_err();
    assert_eq!(error.to_string(), "log.txt is too large: 50.0 MB, and the limit is 16 MB. Split it into smaller files");
    assert!(ingest::check_size("a.txt", ingest::LARGEST_TEXT, false).is_ok());
    assert!(ingest::check_size("a.pdf", ingest::LARGEST_TEXT + 1, true).is_ok());
}

#[test]
fn markdown_knows_its_title_and_its_levels() {
    let text =
        "---\ntitle: \"A desk: yours\"\n---\nSetext\n======\n\n## With `code` and *stress*\n\n```\n# no heading\n```\n";
    let document = document(Format::Markdown, text);
    let outline: Vec<(u8, &str)> = document.outline.iter().map(|it| (it.level, it.title.as_str())).collect();
    assert_eq!(document.title, "A desk: yours");
    assert_eq!(outline, [(1, "Setext"), (2, "With code and stress")]);
    assert_eq!(document.headings_at(text.len() - 1), ["Setext", "With code and stress"]);
    assert!(document.headings_at(3).is_empty());
}
