//! a word → the list of its chunks
//!
//! Lists are in the order of their keys, and a key is a language, a stem and a form of it: so all forms of a stem stand
//! together, and those that begin alike not far apart.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use super::keywords::numbers;
use super::postings::{Postings, number, push, push_number};
use crate::document::Language;
use crate::language::Term;

/// What the keys of a stem's forms begin with: the language's number, the stem, and a 0, which no word has in it.
pub(super) fn stem_key(language: Language, stem: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(stem.len() + 16);
    key.push(language as u8);
    key.extend_from_slice(stem.as_bytes());
    key.push(0);
    key
}

/// After its stem a form has how many bytes it begins with of that, and the rest of it.
fn form_key(language: Language, stem: &str, form: &str) -> Vec<u8> {
    let shared = stem.bytes().zip(form.bytes()).take(u8::MAX.into()).take_while(|(left, right)| left == right).count();
    let mut key = stem_key(language, stem);
    key.push(shared as u8);
    key.extend_from_slice(&form.as_bytes()[shared..]);
    key
}

/// The part of its stem that a form begins with, and the rest of the form.
pub(super) fn form_parts(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let stem = key.get(1..)?;
    let end = stem.iter().position(|&byte| byte == 0)?;
    let (&shared, rest) = stem[end + 1..].split_first()?;
    Some((stem[..end].get(..shared.into())?, rest))
}

/// Whether the form of that key begins so.
pub(super) fn form_begins(key: &[u8], begin: &[u8]) -> bool {
    form_parts(key).is_some_and(|(shared, rest)| match begin.get(shared.len()..) {
        Some(remaining) => begin.starts_with(shared) && rest.starts_with(remaining),
        None => shared.starts_with(begin),
    })
}

/// Lists that chunks are added to.
#[derive(Debug, Default)]
pub(super) struct Growing {
    /// By key.
    order: BTreeMap<Box<[u8]>, usize>,
    /// By the language's number and a word as written: its list, or that it is a stop word.
    known: HashMap<Box<[u8]>, Option<usize>>,
    lists: Vec<List>,
    /// Kept, so that looking up a word allocates nothing.
    written: Vec<u8>,
}

#[derive(Debug, Default)]
struct List {
    postings: Vec<u8>,
    last: u32,
    /// Of the chunk that is being added.
    counts: [u32; 3],
}

impl List {
    fn close(&mut self, chunk: u32) {
        push(&mut self.postings, chunk - self.last, std::mem::take(&mut self.counts));
        self.last = chunk;
    }
}

impl Growing {
    /// The same lists, as far as they are of chunks below `chunks`.
    pub(super) fn from_sealed(sealed: &Sealed, chunks: u32) -> Self {
        let mut growing = Self::default();
        sealed.beginning_with(&[], &mut |key, postings| {
            let mut list = List::default();
            for (chunk, counts) in Postings::new(postings).take_while(|&(chunk, _)| chunk < chunks) {
                list.counts = counts;
                list.close(chunk);
            }
            growing.order.insert(key.into(), growing.lists.len());
            growing.lists.push(list);
        });
        growing
    }

    /// The list of a word as written, a new one where there is none; nothing for a stop word.
    pub(super) fn list(&mut self, form: &str, language: Language) -> Option<usize> {
        self.written.clear();
        self.written.push(language as u8);
        self.written.extend_from_slice(form.as_bytes());
        if let Some(&list) = self.known.get(self.written.as_slice()) {
            return list;
        }
        let term = Term::new(form, language);
        let list = term.stem.map(|stem| {
            let key = form_key(language, &stem, &term.form).into_boxed_slice();
            *self.order.entry(key).or_insert_with(|| {
                self.lists.push(List::default());
                self.lists.len() - 1
            })
        });
        self.known.insert(self.written.as_slice().into(), list);
        list
    }

    /// Counts a word in a field of the chunk that is being added; tells whether it is the first there.
    pub(super) fn count(&mut self, list: usize, field: usize) -> bool {
        let counts = &mut self.lists[list].counts;
        let first = *counts == [0; 3];
        counts[field] += 1;
        first
    }

    /// Writes down what was counted for the chunk.
    pub(super) fn close(&mut self, list: usize, chunk: u32) {
        self.lists[list].close(chunk);
    }

    pub(super) fn beginning_with<'a>(&'a self, begin: &[u8], visit: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        let following = self.order.range::<[u8], _>((Bound::Included(begin), Bound::Unbounded));
        for (key, &at) in following.take_while(|(key, _)| key.starts_with(begin)) {
            visit(key, &self.lists[at].postings);
        }
    }

    /// About how much memory they take: a form is a key twice over, and has its part of a tree and a table.
    pub(super) fn bytes(&self) -> usize {
        let keys: usize = self.order.keys().map(|key| key.len()).sum();
        let postings: usize = self.lists.iter().map(|list| list.postings.capacity()).sum();
        2 * keys + postings + self.lists.len() * (size_of::<List>() + 64)
    }
}

/// Lists as they stand in a file.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    /// Where each record ends.
    ends: Vec<u32>,
    /// For each list the length of its key, its key and its postings, by rising key.
    records: Vec<u8>,
}

impl Sealed {
    /// Adds a list; its key is above all others.
    pub(super) fn push(&mut self, key: &[u8], postings: &[u8]) {
        push_number(&mut self.records, key.len() as u64);
        self.records.extend_from_slice(key);
        self.records.extend_from_slice(postings);
        self.ends.push(u32::try_from(self.records.len()).expect("the words of a segment fit in 4 GB"));
    }

    /// The key and the postings of a list.
    fn list(&self, at: usize) -> Option<(&[u8], &[u8])> {
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        let mut record = self.records.get(start as usize..end as usize)?;
        let length = usize::try_from(number(&mut record)?).ok()?;
        record.split_at_checked(length)
    }

    /// The first list whose key is not below.
    fn first_from(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.list(middle).is_some_and(|(other, _)| other < key) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    fn is_well_formed(&self) -> bool {
        let mut last: &[u8] = &[];
        let ordered = (0..self.ends.len()).all(|at| match self.list(at) {
            Some((key, _)) if key > last && form_parts(key).is_some() => {
                last = key;
                true
            }
            _ => false,
        });
        ordered && self.ends.last().map_or(0, |&end| end as usize) == self.records.len()
    }

    pub(super) fn beginning_with<'a>(&'a self, begin: &[u8], visit: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        let following = (self.first_from(begin)..).map_while(|at| self.list(at));
        for (key, postings) in following.take_while(|(key, _)| key.starts_with(begin)) {
            visit(key, postings);
        }
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&(self.ends.len() as u32).to_le_bytes());
        self.ends.iter().for_each(|end| bytes.extend_from_slice(&end.to_le_bytes()));
        bytes.extend_from_slice(&self.records);
    }

    /// Nothing where lists are not whole or not in order. Postings are not looked at.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (count, bytes) = bytes.split_first_chunk()?;
        let (ends, records) = bytes.split_at_checked((u32::from_le_bytes(*count) as usize).checked_mul(4)?)?;
        let sealed = Self { ends: numbers(ends), records: records.to_vec() };
        sealed.is_well_formed().then_some(sealed)
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        4 * self.ends.len() + self.records.len()
    }
}
