//! the words of chunks → for each word the chunks that hold it, and how often
//!
//! While a segment grows, lists are found in a hash table by the word as written, so that a word is stemmed once. Sealed,
//! they stand one after another in a single stretch of bytes, sorted by language, stem and form: found by bisection, opened
//! without decoding, merged without reading a text. Each form has a list of its own, since who types needs words by
//! their beginnings, and a list that is gone with its last chunk must leave no form behind.

use super::lists::{Growing, Sealed, form_begins, stem_key};
use super::postings::{Postings, push};
use crate::document::Language;
use crate::language::tokens;

/// What of a chunk is searched by words: its document's title and its headings tell what it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) title: &'a str,
    pub(super) headings: &'a [String],
    pub(super) body: &'a str,
    pub(super) language: Language,
}

/// How long a chunk is, in words, and their language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) words: u32,
    pub(super) language: Language,
}

/// The words of one segment's chunks.
#[derive(Debug, Default)]
pub(super) struct Keywords {
    /// By chunk, packed as [`Extent::pack`] does.
    extents: Vec<u32>,
    lists: Lists,
}

#[derive(Debug)]
enum Lists {
    Growing(Growing),
    Sealed(Sealed),
}

impl Keywords {
    /// Of no chunk.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// How many chunks there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.extents.len()
    }

    /// Adds a chunk; its number is the next one.
    pub(super) fn insert(&mut self, text: &Text) {
        let chunk = self.extents.len() as u32;
        let growing = self.lists.grow(chunk);
        let mut extent = Extent { words: 0, language: known(text.language) };
        let mut touched = Vec::new();
        let mut add = |field: usize, part: &str| {
            tokens(part, &mut |_, form| {
                let Some(at) = growing.list(form, extent.language) else { return };
                if growing.count(at, field) {
                    touched.push(at);
                }
                extent.words += 1;
            });
        };
        add(0, text.title);
        text.headings.iter().for_each(|heading| add(1, heading));
        add(2, text.body);
        touched.into_iter().for_each(|at| growing.close(at, chunk));
        self.extents.push(extent.pack());
    }

    /// The chunks for which the closure is true, renumbered in order; sealed.
    pub(super) fn merged(parts: &[(&Self, &dyn Fn(u32) -> bool)]) -> Self {
        let mut extents = Vec::new();
        let mut numbers: Vec<Vec<Option<u32>>> = Vec::new();
        let mut lists: Vec<(&[u8], usize, &[u8])> = Vec::new();
        for (part, (keywords, kept)) in parts.iter().enumerate() {
            let number = |(&extent, chunk): (&u32, u32)| {
                kept(chunk).then(|| {
                    extents.push(extent);
                    extents.len() as u32 - 1
                })
            };
            numbers.push(keywords.extents.iter().zip(0..).map(number).collect());
            keywords.beginning_with(&[], &mut |key, postings| lists.push((key, part, postings)));
        }
        // Stable, and quick for runs that are sorted already.
        lists.sort_by(|left, right| left.0.cmp(right.0));
        let mut sealed = Sealed::default();
        let mut postings = Vec::new();
        for same in lists.chunk_by(|left, right| left.0 == right.0) {
            postings.clear();
            let mut last = 0;
            for &(_, part, list) in same {
                for (chunk, counts) in Postings::new(list) {
                    let Some(&Some(number)) = numbers[part].get(chunk as usize) else { continue };
                    push(&mut postings, number - last, counts);
                    last = number;
                }
            }
            if !postings.is_empty() {
                sealed.push(same[0].0, &postings);
            }
        }
        Self { extents, lists: Lists::Sealed(sealed) }
    }

    /// The extent of each chunk.
    pub(super) fn extents(&self) -> impl Iterator<Item = Extent> {
        self.extents.iter().map(|&packed| Extent::unpack(packed))
    }

    /// Visits the lists of all forms of a stem.
    pub(super) fn forms_of<'a>(&'a self, language: Language, stem: &str, visit: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        self.beginning_with(&stem_key(language, stem), visit);
    }

    /// Visits the lists of all forms that begin so, if their stem has the first character, too.
    pub(super) fn completions<'a>(
        &'a self,
        language: Language,
        begin: &str,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]),
    ) {
        let first = begin.chars().next().map_or(0, char::len_utf8);
        let mut key = stem_key(language, &begin[..first]);
        key.pop();
        self.beginning_with(&key, &mut |key, postings| {
            if form_begins(key, begin.as_bytes()) {
                visit(key, postings);
            }
        });
    }

    /// Visits every list whose key begins so: the key and the postings, by rising key.
    pub(super) fn beginning_with<'a>(&'a self, begin: &[u8], visit: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        match &self.lists {
            Lists::Growing(growing) => growing.beginning_with(begin, visit),
            Lists::Sealed(sealed) => sealed.beginning_with(begin, visit),
        }
    }

    /// The same bytes for the same chunks, however they came here.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let Lists::Sealed(sealed) = &self.lists else {
            return Self::merged(&[(self, &|_| true)]).to_bytes();
        };
        let mut bytes: Vec<u8> = Vec::with_capacity(self.bytes() + 4);
        self.extents.iter().for_each(|extent| bytes.extend_from_slice(&extent.to_le_bytes()));
        sealed.write(&mut bytes);
        bytes
    }

    /// Of so many chunks; nothing where the bytes are not those of [`to_bytes`](Self::to_bytes). Postings are not read:
    /// whoever reads them makes sure of the chunks' numbers.
    pub(super) fn from_bytes(bytes: &[u8], chunks: usize) -> Option<Self> {
        let (extents, lists) = bytes.split_at_checked(chunks.checked_mul(4)?)?;
        let extents = numbers(extents);
        let is_known = |&packed: &u32| Extent::unpack(packed).pack() == packed;
        let sealed = Sealed::read(lists)?;
        extents.iter().all(is_known).then_some(Self { extents, lists: Lists::Sealed(sealed) })
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let lists = match &self.lists {
            Lists::Growing(growing) => growing.bytes(),
            Lists::Sealed(sealed) => sealed.bytes(),
        };
        4 * self.extents.len() + lists
    }
}

impl Extent {
    /// The language in four bits, above them the words.
    fn pack(self) -> u32 {
        self.words.min(u32::MAX >> 4) << 4 | self.language as u32
    }

    fn unpack(packed: u32) -> Self {
        let language = Language::ALL.get((packed & 15) as usize);
        Self { words: packed >> 4, language: known(language.copied().unwrap_or_default()) }
    }
}

/// What is not known is stemmed as English: the same words in both, so one language.
pub(super) fn known(language: Language) -> Language {
    match language {
        Language::Und => Language::En,
        known => known,
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self::Growing(Growing::default())
    }
}

impl Lists {
    /// Makes sure that chunks can be added to the `chunks` that there are.
    fn grow(&mut self, chunks: u32) -> &mut Growing {
        if let Self::Sealed(sealed) = self {
            *self = Self::Growing(Growing::from_sealed(sealed, chunks));
        }
        match self {
            Self::Growing(growing) => growing,
            Self::Sealed(_) => unreachable!("they were made to grow above"),
        }
    }
}

/// Numbers of 32 bits as they stand in a file, the lowest byte first.
pub(super) fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|&four| u32::from_le_bytes(four)).collect()
}
