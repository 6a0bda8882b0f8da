//! [`Index`] ⇄ files
//!
//! A `manifest.json` that a person can read names the other files with their lengths and SHA-256; those are binary
//! (postcard, and plain little-endian f32). Every byte is covered by a hash, the manifest's own included, so that a
//! damaged file is an error and never a wrong answer. The same index gives the same bytes.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::nearest::Graph;
use super::{Entry, Index};
use crate::checksum::sha256;
use crate::document::Span;
use crate::error::{Error, Result};

/// The name of the file that names the others.
pub const MANIFEST: &str = "manifest.json";
/// The version of the format that is written; no other is read yet.
const VERSION: u32 = 1;

const DOCUMENTS: &str = "documents.bin";
const VECTORS: &str = "vectors.bin";
const KEYWORDS: &str = "keywords.bin";
const GRAPH: &str = "graph.bin";

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    model: String,
    dimensions: usize,
    documents: usize,
    chunks: usize,
    files: Vec<File>,
    /// Of this manifest with this field empty.
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct File {
    name: String,
    bytes: usize,
    sha256: String,
}

/// Only what must be known before the rest can be read.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl Index {
    /// Its files by name, the manifest last.
    pub fn to_files(&mut self) -> Vec<(String, Vec<u8>)> {
        if self.owners.len() > self.len() {
            self.compact();
        }
        let entries: Vec<&Entry> = self.entries().collect();
        let vectors = self.vectors.iter().flat_map(|component| component.to_le_bytes()).collect();
        let mut files = vec![
            (DOCUMENTS.to_owned(), binary(&entries)),
            (VECTORS.to_owned(), vectors),
            (KEYWORDS.to_owned(), binary(&self.keywords)),
        ];
        if let Some(graph) = &self.graph {
            files.push((GRAPH.to_owned(), binary(graph)));
        }
        let mut manifest = Manifest {
            format: VERSION,
            model: self.model.clone(),
            dimensions: self.dimensions,
            documents: entries.len(),
            chunks: self.owners.len(),
            files: files
                .iter()
                .map(|(name, bytes)| File { name: name.clone(), bytes: bytes.len(), sha256: sha256(bytes) })
                .collect(),
            sha256: String::new(),
        };
        manifest.sha256 = sha256(&manifest.to_bytes());
        files.push((MANIFEST.to_owned(), manifest.to_bytes()));
        files
    }

    /// Reads an index; `file` gives the bytes of a file of that name.
    ///
    /// # Errors
    /// `index_corrupt` where a file is missing or differs in any byte from what was written; `index_version` where
    /// another version of Carrel wrote it.
    pub fn from_files(mut file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Self> {
        let missing = |name: &str| corrupt(name, "it is missing");
        let manifest = Manifest::read(&file(MANIFEST).ok_or_else(|| missing(MANIFEST))?)?;
        let mut checked = |name: &str| {
            let Some(expected) = manifest.files.iter().find(|file| file.name == name) else {
                return Ok(None);
            };
            let bytes = file(name).ok_or_else(|| missing(name))?;
            match bytes.len() == expected.bytes && sha256(&bytes) == expected.sha256 {
                true => Ok(Some(bytes)),
                false => Err(corrupt(name, "its content is not what was written")),
            }
        };
        let mut required = |name: &str| checked(name)?.ok_or_else(|| corrupt(MANIFEST, "a file is not listed"));
        let entries: Vec<Entry> = parse(DOCUMENTS, &required(DOCUMENTS)?)?;
        let vectors: Vec<f32> = required(VECTORS)?
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        let keywords: super::Keywords = parse(KEYWORDS, &required(KEYWORDS)?)?;
        let graph: Option<Graph> = checked(GRAPH)?.map(|bytes| parse(GRAPH, &bytes)).transpose()?;
        let owners: Vec<(u32, u32)> = (0..)
            .zip(&entries)
            .flat_map(|(entry, Entry { chunks, .. })| (0..chunks.len() as u32).map(move |chunk| (entry, chunk)))
            .collect();
        // The hashes hold against accidents; against a forged index, all numbers must fit together.
        let chunks = owners.len();
        if !entries.iter().all(spans_fit) {
            return Err(corrupt(DOCUMENTS, "a span lies outside its text"));
        }
        if manifest.dimensions == 0 || vectors.len() != chunks * manifest.dimensions {
            return Err(corrupt(VECTORS, "there is not one vector for each chunk"));
        }
        if !vectors.iter().all(|component| component.is_finite()) {
            return Err(corrupt(VECTORS, "a component is not a number"));
        }
        if !keywords.fits(chunks) {
            return Err(corrupt(KEYWORDS, "it names chunks that are not there"));
        }
        if !graph.as_ref().is_none_or(|graph| graph.fits(chunks, manifest.dimensions)) {
            return Err(corrupt(GRAPH, "it names chunks that are not there"));
        }
        Ok(Self {
            model: manifest.model,
            dimensions: manifest.dimensions,
            entries: entries.into_iter().map(Some).collect(),
            owners,
            vectors,
            keywords,
            graph,
        })
    }
}

/// The names of the files that a manifest lists, itself not among them.
///
/// # Errors
/// `index_corrupt`, `index_version`.
pub fn file_names(manifest: &[u8]) -> Result<Vec<String>> {
    Ok(Manifest::read(manifest)?.files.into_iter().map(|file| file.name).collect())
}

/// What an index begins with that was put into one file.
const BUNDLE: &[u8] = b"carrel index 1\n";

/// Puts the files of an index into one.
pub fn bundle(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bundle = BUNDLE.to_vec();
    bundle.extend(binary(&files));
    bundle
}

/// The files in a bundle; whether they are whole is checked when the index is read from them.
///
/// # Errors
/// `index_corrupt` where this is no bundle.
pub fn unbundle(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    const FILE: &str = "the exported collection";
    let files = bytes.strip_prefix(BUNDLE).ok_or_else(|| corrupt(FILE, "it does not begin as one"))?;
    parse(FILE, files)
}

impl Manifest {
    fn read(bytes: &[u8]) -> Result<Self> {
        let version: Version = serde_json::from_slice(bytes).map_err(|error| corrupt(MANIFEST, error))?;
        if version.format != VERSION {
            return Err(Error::IndexVersion { found: version.format, supported: VERSION });
        }
        let mut manifest: Self = serde_json::from_slice(bytes).map_err(|error| corrupt(MANIFEST, error))?;
        if manifest.to_bytes() != bytes {
            return Err(corrupt(MANIFEST, "it is not as Carrel writes it"));
        }
        let written = std::mem::take(&mut manifest.sha256);
        if sha256(&manifest.to_bytes()) != written {
            return Err(corrupt(MANIFEST, "its content is not what was written"));
        }
        // Names become paths and addresses: nothing but a plain file name may come of them.
        let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        match manifest.files.iter().all(|file| plain(&file.name) && !file.name.starts_with('.')) {
            true => Ok(manifest),
            false => Err(corrupt(MANIFEST, "a file has a name that is not allowed")),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest has nothing that JSON lacks");
        bytes.push(b'\n');
        bytes
    }
}

fn spans_fit(entry: &Entry) -> bool {
    let text = &entry.document.text;
    let fits = |span: Span| span.start <= span.end && text.get(span.start..span.end).is_some();
    entry.chunks.iter().all(|chunk| fits(chunk.span))
        && entry.document.pages.iter().all(|&page| fits(page))
        && entry.document.outline.iter().all(|heading| fits(heading.span))
        && entry.document.pieces.iter().all(|piece| fits(piece.text) && piece.source.start <= piece.source.end)
}

fn binary(value: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(value).expect("plain data in memory always serialises")
}

fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(corrupt(name, "bytes are left over")),
        Err(error) => Err(corrupt(name, error)),
    }
}

fn corrupt(file: &str, problem: impl std::fmt::Display) -> Error {
    Error::IndexCorrupt { file: file.to_owned(), problem: problem.to_string() }
}
