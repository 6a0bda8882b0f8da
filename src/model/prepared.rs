//! One file with all of a model ⇄ its parts
//!
//! What a browser downloads: a quarter of the published weights' size, checked by one checksum, and used where it lies in
//! memory. `carrel model prepare` writes it. Numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0–15 | `carrel model\n`, filled up with zeros |
//! | 16–19 | the version of this format: 2 |
//! | 20–31 | zeros |
//! | 32–63 | SHA-256 of all that follows |
//! | 64–67 | the length of the header |
//! | 68– | the header, JSON: [`Header`] |
//! | from a multiple of 64 each | the sections that it names |

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Description, invalid};
use crate::checksum::hexadecimal;
use crate::error::Result;

/// The name of the file in a model's folder.
pub const PREPARED_FILE: &str = "model.carrel";

const MAGIC: [u8; 16] = *b"carrel model\n\0\0\0";
const VERSION: u32 = 2;
/// Where the checksum stands.
const SUM: Range<usize> = 32..64;
/// Where the header begins.
const HEADER: usize = SUM.end + 4;
/// What every section's place is a multiple of.
#[cfg(not(target_arch = "wasm32"))]
const ALIGNMENT: usize = 64;

/// What the file says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    #[serde(flatten)]
    description: Description,
    /// SHA-256 of the files that it was made from, in hexadecimal.
    source: BTreeMap<String, String>,
    /// Where each section begins, and how long it is.
    sections: BTreeMap<String, (usize, usize)>,
}

/// A part of the file and its name.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) struct Section {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// A prepared model's file, with its parts where they lie.
pub(crate) struct Prepared {
    bytes: Vec<u8>,
    header: Header,
}

impl Prepared {
    /// Reads the header; the checksum is for [`verify`].
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self> {
        let header = header(&bytes)?;
        let header: Header = serde_json::from_slice(&bytes[header]).map_err(|error| damaged(&error.to_string()))?;
        header.description.check()?;
        Ok(Self { bytes, header })
    }

    pub(crate) fn description(&self) -> &Description {
        &self.header.description
    }

    /// The first half of the checksum names exactly this file.
    pub(super) fn fingerprint(&self) -> String {
        hexadecimal(&self.bytes[SUM][..8])
    }

    pub(super) fn tokenizer(&self) -> Result<&[u8]> {
        let range = self.section("tokenizer.json")?;
        Ok(&self.bytes[range])
    }

    /// Whether there is a section of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.header.sections.contains_key(name)
    }

    /// Where a section of that many bytes lies.
    pub(crate) fn bytes(&self, name: &str, count: usize) -> Result<Range<usize>> {
        let range = self.section(name)?;
        match range.len() == count {
            true => Ok(range),
            false => Err(damaged(&format!("{name} has {} bytes instead of {count}", range.len()))),
        }
    }

    /// A section of that many numbers.
    pub(crate) fn floats(&self, name: &str, count: usize) -> Result<Vec<f32>> {
        let range = self.bytes(name, count.saturating_mul(4))?;
        Ok(self.bytes[range].as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
    }

    /// The file's bytes, in which the sections lie.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn section(&self, name: &str) -> Result<Range<usize>> {
        let place = self.header.sections.get(name).ok_or_else(|| damaged(&format!("{name} is missing")))?;
        let range = place.0..place.0.checked_add(place.1).ok_or_else(|| damaged("a section has no end"))?;
        match range.end <= self.bytes.len() {
            true => Ok(range),
            false => Err(damaged(&format!("{name} is cut off"))),
        }
    }
}

/// Puts the parts into one file; the same parts give the same bytes.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn write(
    description: &Description,
    tokenizer: Vec<u8>,
    source: BTreeMap<String, String>,
    mut sections: Vec<Section>,
) -> Result<Vec<u8>> {
    sections.insert(0, Section { name: "tokenizer.json".into(), bytes: tokenizer });
    // The header's length moves the sections, whose places stand in the header: until it stays.
    let mut header = Vec::new();
    loop {
        let mut places = BTreeMap::new();
        let mut at = (HEADER + header.len()).next_multiple_of(ALIGNMENT);
        for Section { name, bytes } in &sections {
            places.insert(name.clone(), (at, bytes.len()));
            at = (at + bytes.len()).next_multiple_of(ALIGNMENT);
        }
        let said = Header { description: description.clone(), source: source.clone(), sections: places };
        let next = serde_json::to_vec(&said).map_err(|error| invalid(error.to_string()))?;
        if next.len() == header.len() {
            header = next;
            break;
        }
        header = next;
    }
    let length = u32::try_from(header.len()).map_err(|_| invalid("its header is too long".into()))?;
    let mut file = Vec::new();
    file.extend(MAGIC);
    file.extend(VERSION.to_le_bytes());
    file.resize(SUM.end, 0);
    file.extend(length.to_le_bytes());
    file.extend(header);
    for Section { bytes, .. } in sections {
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend(bytes);
    }
    let sum = Sha256::digest(&file[SUM.end..]);
    file[SUM].copy_from_slice(&sum);
    Ok(file)
}

/// Holds a prepared file against its checksum. Takes a moment, so that who has checked it already need not again.
///
/// # Errors
/// `model_invalid` where it is damaged, or no prepared model at all.
pub fn verify(file: &[u8]) -> Result<()> {
    header(file)?;
    match Sha256::digest(&file[SUM.end..]).as_slice() == &file[SUM] {
        true => Ok(()),
        false => Err(damaged("its checksum is another")),
    }
}

/// Where the header stands.
fn header(file: &[u8]) -> Result<Range<usize>> {
    if file.len() < HEADER || file[..16] != MAGIC {
        return Err(damaged("it is no prepared model"));
    }
    let number = |at: usize| u32::from_le_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]);
    if number(16) != VERSION {
        let found = number(16);
        return Err(invalid(format!(
            "{PREPARED_FILE} has format version {found}, and this version of Carrel reads {VERSION}: make it again with `carrel model prepare`"
        )));
    }
    if file[20..SUM.start].iter().any(|&byte| byte != 0) {
        return Err(damaged("its beginning is another"));
    }
    // In the browser sizes have 32 bits.
    match HEADER.checked_add(number(SUM.end) as usize) {
        Some(end) if end <= file.len() => Ok(HEADER..end),
        _ => Err(damaged("its header is cut off")),
    }
}

fn damaged(problem: &str) -> crate::error::Error {
    invalid(format!("{PREPARED_FILE}: {problem}; make it again with `carrel model prepare`, or load it again"))
}
