//! the texts of pages → text with page spans
//!
//! PDF has no text, only glyphs at places; what reads them lives at the edge and hands in one text a page.

use super::Reading;
use crate::document::Span;
use crate::error::{Error, Result};

pub(super) fn read(name: &str, pages: &[String]) -> Result<Reading> {
    if pages.iter().all(|page| page.trim().is_empty()) {
        return Err(Error::NoText { name: name.to_owned() });
    }
    let mut reading = Reading::default();
    for page in pages {
        let start = reading.text.len();
        reading.text.extend(page.trim_end().chars().filter(|&character| character != '\0'));
        reading.text.push_str("\n\n");
        reading.pages.push(Span::new(start, reading.text.len()));
    }
    Ok(reading)
}
