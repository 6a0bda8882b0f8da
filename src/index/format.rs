//! [`Index`] ⇄ files
//!
//! A `manifest.json` that a person can read names the other files with their lengths and checksums; those are binary
//! and named by what they hold, so that a file of a name never changes, and what two states of an index share is
//! there once. Every byte is covered by a checksum, the manifest's own included, so that a damaged file is an error
//! and never a wrong answer: XXH3 in 128 bits, which is quick enough to be checked whenever an index is opened. The
//! same index gives the same bytes.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::graph::Graph;
use super::keywords::Keywords;
use super::segment::{Content, Segment};
use super::{Entry, Index};
use crate::checksum::quick;
use crate::document::{Chunk, Document, Metadata, Span};
use crate::error::{Error, Result};
use crate::order::sort;
use crate::vector::Codes;

/// The name of the file that names the others.
pub const MANIFEST: &str = "manifest.json";
/// The version of the format that is written; no other is read.
const VERSION: u32 = 2;

const DOCUMENTS: &str = "documents";
const VECTORS: &str = "vectors";
const KEYWORDS: &str = "keywords";
const GRAPH: &str = "graph";
const REMOVED: &str = "removed";

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    model: String,
    dimensions: usize,
    documents: usize,
    chunks: usize,
    segments: Vec<Parts>,
    /// Of this manifest with this field empty.
    checksum: String,
}

/// The files of a segment.
#[derive(Serialize, Deserialize)]
struct Parts {
    sealed: Sealed,
    /// The numbers of the documents that were removed.
    removed: Option<File>,
}

/// What never changes of them.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sealed {
    documents: File,
    vectors: File,
    keywords: File,
    graph: Option<File>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct File {
    name: String,
    bytes: usize,
    checksum: String,
}

/// Only what must be known before the rest can be read.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl Sealed {
    fn files(&self) -> impl Iterator<Item = &File> {
        [&self.documents, &self.vectors, &self.keywords].into_iter().chain(&self.graph)
    }
}

impl Manifest {
    fn files(&self) -> impl Iterator<Item = &File> {
        self.segments.iter().flat_map(|parts| parts.sealed.files().chain(&parts.removed))
    }
}

impl File {
    /// What a file of these bytes is called.
    fn of(kind: &str, bytes: &[u8]) -> Self {
        let checksum = checksum(bytes);
        Self { name: format!("{kind}-{}.bin", &checksum[..16]), bytes: bytes.len(), checksum }
    }
}

fn checksum(bytes: &[u8]) -> String {
    format!("{:032x}", quick(bytes))
}

impl Segment {
    /// The bytes of one of its files.
    fn bytes_of(&self, kind: &str) -> Vec<u8> {
        let content = &self.content;
        match kind {
            DOCUMENTS => {
                let kept =
                    |(entry, dead): (_, &bool)| if *dead { Cow::Owned(blank(entry)) } else { Cow::Borrowed(entry) };
                binary(&content.entries.iter().zip(&self.dead).map(kept).collect::<Vec<Cow<Entry>>>())
            }
            VECTORS => content.codes.to_bytes(),
            KEYWORDS => content.keywords.to_bytes(),
            _ => content.graph.as_ref().map_or_else(Vec::new, Graph::to_bytes),
        }
    }
}

/// What is left of a document that was removed: a place for each chunk, so that others keep their numbers. Its text
/// shall be nowhere.
fn blank(Entry { document, chunks }: &Entry) -> Entry {
    let chunk = Chunk { span: Span::new(0, 0), headings: Vec::new(), page: None, tokens: 0 };
    let document = Document {
        id: String::new(),
        name: String::new(),
        title: String::new(),
        url: None,
        format: document.format,
        language: document.language,
        metadata: Metadata::new(),
        text: String::new(),
        outline: Vec::new(),
        pages: Vec::new(),
        pieces: Vec::new(),
        warnings: Vec::new(),
    };
    Entry { document, chunks: vec![chunk; chunks.len()] }
}

impl Index {
    /// Its files by name, the manifest last.
    pub fn to_files(&mut self) -> Vec<(String, Vec<u8>)> {
        self.tidy();
        self.files_but(&HashSet::new()).0
    }

    /// Its files without those that are `kept`, the manifest last; and the names of all.
    pub(super) fn files_but(&mut self, kept: &HashSet<String>) -> (Vec<(String, Vec<u8>)>, HashSet<String>) {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        let mut names = HashSet::new();
        let mut segments = Vec::new();
        for segment in &mut self.segments {
            segment.is_open = false;
            let mut write = |kind: &str, bytes: Vec<u8>| {
                let file = File::of(kind, &bytes);
                if !kept.contains(&file.name) && names.insert(file.name.clone()) {
                    files.push((file.name.clone(), bytes));
                }
                file
            };
            let mut made = |kind: &str| write(kind, segment.bytes_of(kind));
            let is_known = |sealed: &&Sealed| sealed.files().all(|file| kept.contains(&file.name));
            let sealed = match segment.files.as_ref().filter(is_known) {
                Some(sealed) => sealed.clone(),
                None => Sealed {
                    documents: made(DOCUMENTS),
                    vectors: made(VECTORS),
                    keywords: made(KEYWORDS),
                    graph: segment.has_graph().then(|| made(GRAPH)),
                },
            };
            let dead: Vec<u32> = (0..).zip(&segment.dead).filter(|(_, dead)| **dead).map(|(entry, _)| entry).collect();
            let removed = (!dead.is_empty()).then(|| write(REMOVED, binary(&dead)));
            segment.files = Some(sealed.clone());
            segments.push(Parts { sealed, removed });
        }
        let mut manifest = Manifest {
            format: VERSION,
            model: self.model.clone(),
            dimensions: self.dimensions,
            documents: self.places.len(),
            chunks: self.len(),
            segments,
            checksum: String::new(),
        };
        manifest.checksum = checksum(&manifest.to_bytes());
        let names = manifest.files().map(|file| file.name.clone()).collect();
        files.push((MANIFEST.to_owned(), manifest.to_bytes()));
        (files, names)
    }

    /// Reads an index; `file` gives the bytes of a file of that name.
    ///
    /// # Errors
    /// `index_corrupt` where a file is missing or differs in any byte from what was written; `index_version` where
    /// another version of Carrel wrote it.
    pub fn from_files(file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Self> {
        Self::read(file, &[])
    }

    /// Whether the file of that name is in memory, so that it need not be read again.
    pub fn holds(&self, name: &str) -> bool {
        self.held(name).is_some()
    }

    fn held(&self, name: &str) -> Option<&Segment> {
        let is_one = |sealed: &Sealed| sealed.files().any(|file| file.name == name);
        self.segments.iter().find(|segment| segment.files.as_ref().is_some_and(is_one))
    }

    pub(super) fn file_held(&self, name: &str) -> Option<Vec<u8>> {
        let kind = name.split('-').next()?;
        Some(self.held(name)?.bytes_of(kind))
    }

    /// As [`from_files`](Self::from_files); segments that are among the `known` ones are taken from there.
    pub(super) fn read(mut file: impl FnMut(&str) -> Option<Vec<u8>>, known: &[Segment]) -> Result<Self> {
        let missing = |name: &str| corrupt(name, "it is missing");
        let manifest = Manifest::read(&file(MANIFEST).ok_or_else(|| missing(MANIFEST))?)?;
        if manifest.dimensions == 0 {
            return Err(corrupt(MANIFEST, "it tells of vectors without components"));
        }
        let mut bytes_of = |wanted: &File| {
            let bytes = file(&wanted.name).ok_or_else(|| missing(&wanted.name))?;
            match bytes.len() == wanted.bytes && checksum(&bytes) == wanted.checksum {
                true => Ok(bytes),
                false => Err(corrupt(&wanted.name, "its content is not what was written")),
            }
        };
        let mut index = Self::new(&manifest.model, manifest.dimensions);
        for Parts { sealed, removed } in &manifest.segments {
            let removed: Vec<u32> = match removed {
                Some(file) => parse(&file.name, &bytes_of(file)?)?,
                None => Vec::new(),
            };
            let same = |segment: &&Segment| segment.files.as_ref() == Some(sealed);
            let mut segment = match known.iter().find(same) {
                Some(Segment { content, .. }) => Segment::sharing(content),
                None => Segment::new(sealed.read(manifest.dimensions, &mut bytes_of)?, Vec::new(), false),
            };
            for entry in removed {
                match (entry as usize) < segment.dead.len() {
                    true => segment.remove(entry as usize),
                    false => return Err(corrupt(MANIFEST, "a document was removed that was never there")),
                }
            }
            segment.files = Some(sealed.clone());
            index.segments.push(segment);
        }
        index.find_places();
        let documents = index.segments.iter().map(|segment| segment.entries().count()).sum::<usize>();
        // The checksums hold against accidents; against a forged index, all numbers must fit together.
        if index.places.len() != documents {
            return Err(corrupt(MANIFEST, "two documents have the same id"));
        }
        if (manifest.documents, manifest.chunks) != (documents, index.len()) {
            return Err(corrupt(MANIFEST, "it counts other documents than are there"));
        }
        index.note_kept(manifest.files().map(|file| file.name.clone()).collect());
        Ok(index)
    }
}

impl Sealed {
    fn read(&self, dimensions: usize, bytes_of: &mut impl FnMut(&File) -> Result<Vec<u8>>) -> Result<Content> {
        let Self { documents, vectors, keywords, graph } = self;
        let unfit = |file: &File| corrupt(&file.name, "it does not fit the documents");
        let entries: Vec<Entry> = parse(&documents.name, &bytes_of(documents)?)?;
        if !entries.iter().all(spans_fit) {
            return Err(corrupt(&documents.name, "a span lies outside its text"));
        }
        let chunks = entries.iter().map(|entry| entry.chunks.len()).sum();
        let codes = Codes::from_bytes(dimensions, &bytes_of(vectors)?);
        let codes = codes.filter(|codes| codes.len() == chunks).ok_or_else(|| unfit(vectors))?;
        let words = Keywords::from_bytes(&bytes_of(keywords)?, chunks).ok_or_else(|| unfit(keywords))?;
        let graph = match graph {
            Some(file) => Some(Graph::from_bytes(&bytes_of(file)?, chunks).ok_or_else(|| unfit(file))?),
            None => None,
        };
        Ok(Content::of(entries, codes, words, graph))
    }
}

/// The names of the files that a manifest lists, itself not among them.
///
/// # Errors
/// `index_corrupt`, `index_version`.
pub fn file_names(manifest: &[u8]) -> Result<Vec<String>> {
    let manifest = Manifest::read(manifest)?;
    let mut names: Vec<String> = manifest.files().map(|file| file.name.clone()).collect();
    sort(&mut names, String::cmp);
    names.dedup();
    Ok(names)
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
        let written = std::mem::take(&mut manifest.checksum);
        if checksum(&manifest.to_bytes()) != written {
            return Err(corrupt(MANIFEST, "its content is not what was written"));
        }
        // Names become paths and addresses: nothing but a plain file name may come of them.
        let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if !manifest.files().all(|file| plain(&file.name) && !file.name.starts_with('.')) {
            return Err(corrupt(MANIFEST, "a file has a name that is not allowed"));
        }
        Ok(manifest)
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
    // In order, so that what stands from one chunk to another is a stretch, too.
    entry.chunks.iter().all(|chunk| fits(chunk.span))
        && entry.chunks.is_sorted_by(|one, next| one.span.start <= next.span.start && one.span.end <= next.span.end)
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

pub(super) fn corrupt(file: &str, problem: impl std::fmt::Display) -> Error {
    Error::IndexCorrupt { file: file.to_owned(), problem: problem.to_string() }
}
