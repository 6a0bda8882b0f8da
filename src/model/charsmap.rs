//! `tokenizer.json` → whether the character map in it can be walked
//!
//! SentencePiece tokenizers (XLM-R's) carry one in base64: a double-array trie over UTF-8, whose leaves point into a
//! string of replacements. The tokenizers crate panics on one that is damaged, when it reads it or when a text leads it
//! astray, and in a browser a panic ends the worker. So it is walked here first, everywhere that any text can lead. The
//! format is that of <https://github.com/s-yata/darts-clone> and sentencepiece's normalizer.cc.

use serde_json::Value;
use tokenizers::normalizers::Precompiled;

use super::invalid;
use crate::error::Result;

/// As the file names such a normaliser.
const KIND: &str = "Precompiled";
/// Children of a node stand within one block of the array, one place for each byte.
const BLOCK: usize = 256;

/// Checks all character maps in a `tokenizer.json`.
///
/// # Errors
/// `model_invalid` where one is damaged.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    // Most tokenizers have none, and parsing their words twice would take as long again.
    let mut beginnings = bytes.iter().enumerate().filter(|(_, byte)| **byte == KIND.as_bytes()[0]);
    if !beginnings.any(|(at, _)| bytes[at..].starts_with(KIND.as_bytes())) {
        return Ok(());
    }
    let file: Value = serde_json::from_slice(bytes).map_err(|error| invalid(format!("tokenizer.json: {error}")))?;
    let damaged = || invalid("tokenizer.json: its precompiled_charsmap is damaged".into());
    let mut normalizers = vec![&file["normalizer"]];
    while let Some(normalizer) = normalizers.pop() {
        normalizers.extend(normalizer["normalizers"].as_array().into_iter().flatten());
        if normalizer["type"] == KIND {
            let _: Precompiled = serde_json::from_str(&normalizer.to_string()).map_err(|_| damaged())?;
            let text = normalizer["precompiled_charsmap"].as_str().ok_or_else(damaged)?;
            walk(&decode(text)).ok_or_else(damaged)?;
        }
    }
    Ok(())
}

/// The bytes of base64 that the tokenizers crate has decoded, too.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break, // The padding at the end.
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// Goes everywhere that a text can lead; nothing where that is outside the map.
fn walk(map: &[u8]) -> Option<()> {
    let (length, rest) = map.split_first_chunk()?;
    let (trie, replacements) = rest.split_at_checked(u32::from_le_bytes(*length) as usize / 4 * 4)?;
    let units: Vec<u32> = trie.as_chunks().0.iter().map(|&unit| u32::from_le_bytes(unit)).collect();
    let replacements = str::from_utf8(replacements).ok()?;
    let offset = |unit: u32| ((unit >> 10) << ((unit & (1 << 9)) >> 6)) as usize;
    let mut is_known = vec![false; units.len()];
    let mut nodes = vec![offset(*units.first()?)];
    while let Some(node) = nodes.pop() {
        if std::mem::replace(is_known.get_mut(node)?, true) {
            continue;
        }
        let block = units.get(node / BLOCK * BLOCK..(node / BLOCK + 1) * BLOCK)?;
        for byte in 1..BLOCK {
            let at = node ^ byte;
            let unit = block[at % BLOCK];
            // Its lowest byte is its letter; the highest bit is that of a leaf, which has none.
            if unit & (1 << 31 | 0xff) != byte as u32 {
                continue;
            }
            let next = at ^ offset(unit);
            if unit >> 8 & 1 == 1 {
                let place = (units.get(next)? & !(1 << 31)) as usize;
                replacements.get(place..)?;
            }
            nodes.push(next);
        }
    }
    Some(())
}
