//! bytes → text, for every format that is text underneath
//!
//! Encodings by their byte-order mark, else UTF-8. A binary file in disguise is refused: its bytes would become
//! passages that no one wrote.

use super::Reading;
use crate::error::{Error, Result};

/// Decodes a file and counts the characters that could not be.
pub(super) fn decode(name: &str, bytes: Vec<u8>) -> Result<(String, usize)> {
    if bytes.is_empty() {
        return Err(Error::EmptyDocument { name: name.to_owned() });
    }
    if let Some(found) = magic(&bytes) {
        return Err(Error::NotText { name: name.to_owned(), found });
    }
    let (text, damaged) = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest.to_vec()),
        _ => utf8(bytes),
    };
    // Text has hardly any control characters; a binary file is full of them, or of bytes that decode to nothing.
    let mut characters = 0usize;
    let mut controls = 0usize;
    for character in text.chars() {
        characters += 1;
        controls +=
            usize::from(character.is_control() && !matches!(character, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'));
    }
    if controls * 50 > characters || damaged * 10 > characters {
        return Err(Error::NotText { name: name.to_owned(), found: "binary data" });
    }
    Ok((text, damaged))
}

pub(super) fn read(text: String) -> Reading {
    Reading { text, ..Reading::default() }
}

fn utf8(bytes: Vec<u8>) -> (String, usize) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, 0),
        Err(error) => {
            let mut text = String::new();
            let mut damaged = 0;
            for part in error.as_bytes().utf8_chunks() {
                text.push_str(part.valid());
                if !part.invalid().is_empty() {
                    text.push('\u{fffd}');
                    damaged += 1;
                }
            }
            (text, damaged)
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, usize) {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut damaged = bytes.len() % 2;
    let text = char::decode_utf16(units)
        .map(|character| {
            character.unwrap_or_else(|_| {
                damaged += 1;
                '\u{fffd}'
            })
        })
        .collect();
    (text, damaged)
}

/// What a file really is, by its first bytes, where that is certain and not text.
fn magic(bytes: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"%PDF-", "a PDF under another name: rename it to end in .pdf"),
        (b"PK\x03\x04", "a ZIP archive, as Office files are"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"\x1f\x8b", "gzip data"),
        (b"\x7fELF", "a program"),
        (b"MZ\x90", "a program"),
        (b"\xd0\xcf\x11\xe0", "an old Office file"),
        (b"\0asm", "WebAssembly"),
        (b"SQLite format 3", "a database"),
    ];
    KNOWN.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, found)| *found)
}
