//! An index by its definition: a list of documents, walked from end to end for every question. It owes nothing to the
//! real one but what a word is.

use carrel::document::{Chunk, Document, Format, Language, Span};
use carrel::error::Result;
use carrel::index::{Entry, Index, Place};
use carrel::language::words_in;
use carrel::vector::UnitVector;

use crate::desk::document;

/// The model whose vectors the indexes of these tests hold.
pub const MODEL: &str = "a model";
/// How many components they have.
pub const DIMENSIONS: usize = 16;

/// A chunk that was found: its document's id, its number there, its score.
pub type Hit = (String, usize, f32);

/// Numbers that look random, the same every time.
#[derive(Debug, Clone)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one.
    pub fn next(&mut self) -> u64 {
        // splitmix64, Steele, Lea & Flood 2014.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A vector that looks random: all directions are as likely.
    pub fn vector(&mut self) -> UnitVector {
        // A sum of uniform numbers is near enough to normal.
        let uniform = |bits: u64| (bits >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
        let mut component = || (0..4).map(|_| uniform(self.next())).sum();
        UnitVector::normalize((0..DIMENSIONS).map(|_| component()).collect()).unwrap()
    }

    /// So many of them.
    pub fn vectors(&mut self, count: usize) -> Vec<UnitVector> {
        (0..count).map(|_| self.vector()).collect()
    }
}

/// A document with a chunk for each line.
pub fn entry(id: &str, lines: &[&str]) -> Entry {
    let text = format!("# {id}\n{}", lines.join("\n"));
    let mut document = document(Format::Markdown, &text);
    document.id = id.into();
    let mut at = text.find('\n').unwrap() + 1;
    let chunk = |line: &&str| {
        let span = Span::new(at, at + line.len());
        at = span.end + 1;
        Chunk { span, headings: vec![id.to_owned()], page: None, tokens: 1 }
    };
    Entry { chunks: lines.iter().map(chunk).collect(), document }
}

/// Opens the index that these files hold.
pub fn open(files: &[(String, Vec<u8>)]) -> Result<Index> {
    Index::from_files(|name| files.iter().find(|file| file.0 == name).map(|file| file.1.clone()))
}

/// The documents with a vector for each of their chunks, in order of adding.
#[derive(Debug, Clone, Default)]
pub struct Naive {
    pub documents: Vec<(Entry, Vec<UnitVector>)>,
}

/// A chunk as search by words sees it.
struct Searched<'a> {
    fields: Vec<&'a str>,
    language: Language,
    words: Vec<String>,
}

impl Naive {
    /// Adds a document; one of the same id is replaced.
    pub fn insert(&mut self, entry: Entry, vectors: Vec<UnitVector>) {
        self.remove(&entry.document.id);
        self.documents.push((entry, vectors));
    }

    /// Removes a document; tells whether it was there.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.documents.len();
        self.documents.retain(|(entry, _)| entry.document.id != id);
        self.documents.len() < before
    }

    /// The documents' ids in order of adding.
    pub fn ids(&self) -> Vec<String> {
        self.documents.iter().map(|(entry, _)| entry.document.id.clone()).collect()
    }

    /// How many chunks there are.
    pub fn len(&self) -> usize {
        self.chunks(&|_| true)
    }

    /// How many chunks those documents have that pass.
    pub fn chunks(&self, passes: &dyn Fn(&Document) -> bool) -> usize {
        self.documents.iter().filter(|it| passes(&it.0.document)).map(|(entry, _)| entry.chunks.len()).sum()
    }

    /// All chunks of the documents that pass and their exact cosines, best first.
    pub fn nearest(&self, query: &UnitVector, passes: &dyn Fn(&Document) -> bool) -> Vec<Hit> {
        let passing = self.documents.iter().filter(|(entry, _)| passes(&entry.document));
        let hit = |id: &str, (chunk, vector): (usize, &UnitVector)| (id.to_owned(), chunk, query.cosine(vector));
        let hits = |(entry, vectors): &(Entry, Vec<UnitVector>)| -> Vec<Hit> {
            vectors.iter().enumerate().map(|it| hit(&entry.document.id, it)).collect()
        };
        sorted(passing.flat_map(hits).collect())
    }

    /// The chunks of the documents that pass which share words with a question, and their scores by BM25 as it is in
    /// textbooks, best first; and the sum of what the question's words weigh. All documents count, passing or not.
    pub fn matching(&self, question: &str, passes: &dyn Fn(&Document) -> bool) -> (Vec<Hit>, f32) {
        let own = Language::of(question);
        let says_nothing = |word: &str| own != Language::Und && words_in(word, own).next().is_none();
        let asked: Vec<&str> = question.split([' ', '"']).filter(|it| !it.is_empty() && !says_nothing(it)).collect();
        let phrases: Vec<&str> = question.split('"').skip(1).step_by(2).collect();
        let chunks = self.documents.iter().flat_map(|(entry, _)| {
            (0..entry.chunks.len()).map(move |chunk| (entry, chunk, Searched::of(entry, chunk)))
        });
        let chunks: Vec<(&Entry, usize, Searched)> = chunks.filter(|chunk| !chunk.2.words.is_empty()).collect();
        let count = chunks.len() as f64;
        let average = chunks.iter().map(|chunk| chunk.2.words.len()).sum::<usize>() as f64 / count;
        let (mut hits, mut most) = (vec![0.0; chunks.len()], 0.0);
        // A word that is a stop word in all languages of the documents weighs nothing.
        let means_something = |word: &&&str| chunks.iter().any(|it| words_in(word, it.2.language).next().is_some());
        for word in asked.iter().filter(means_something) {
            let with = chunks.iter().filter(|chunk| chunk.2.times(word) > 0.0).count() as f64;
            let rarity = (1.0 + (count - with + 0.5) / (with + 0.5)).ln();
            most += rarity;
            for (score, (_, _, searched)) in hits.iter_mut().zip(&chunks) {
                let (times, length) = (searched.times(word), searched.words.len() as f64);
                *score += rarity * times / (times + 1.2 * (1.0 - 0.75 + 0.75 * length / average));
            }
        }
        let found = chunks.iter().zip(hits).filter(|((entry, _, searched), score)| {
            *score > 0.0 && passes(&entry.document) && phrases.iter().all(|phrase| searched.holds(phrase))
        });
        let hit = |((entry, chunk, _), score): (&(&Entry, usize, Searched), f64)| {
            (entry.document.id.clone(), *chunk, score as f32)
        };
        (sorted(found.map(hit).collect()), most as f32)
    }
}

impl<'a> Searched<'a> {
    fn of(Entry { document, chunks }: &'a Entry, chunk: usize) -> Self {
        let headings = chunks[chunk].headings.iter().map(String::as_str);
        let body = chunks[chunk].span.of(&document.text);
        let fields: Vec<&str> = [document.title.as_str()].into_iter().chain(headings).chain([body]).collect();
        // What is not known counts as English.
        let language = if document.language == Language::Und { Language::En } else { document.language };
        let words = fields.iter().flat_map(|field| words_in(field, language)).collect();
        Self { fields, language, words }
    }

    /// How often it has a word.
    fn times(&self, word: &str) -> f64 {
        let word = words_in(word, self.language).next();
        self.words.iter().filter(|other| Some(*other) == word.as_ref()).count() as f64
    }

    /// Whether the words of a phrase stand one after another in one of its fields; stop words, too.
    fn holds(&self, phrase: &str) -> bool {
        let compared = |word: &str| words_in(word, self.language).next().unwrap_or(word.to_lowercase());
        let wanted: Vec<String> = phrase.split(' ').map(compared).collect();
        self.fields.iter().any(|field| {
            let written: Vec<String> = field.split(' ').map(compared).collect();
            written.windows(wanted.len()).any(|window| window == wanted)
        })
    }
}

fn sorted(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by(|left, right| right.2.total_cmp(&left.2));
    hits
}

/// An index into which the documents were put at once, in their order.
pub fn fresh(naive: &Naive) -> Index {
    let mut index = Index::new(MODEL, DIMENSIONS);
    naive.documents.iter().for_each(|(entry, vectors)| index.insert(entry.clone(), vectors).unwrap());
    index
}

/// What an index found, by documents' ids.
pub fn named(index: &Index, hits: impl IntoIterator<Item = (Place, f32)>) -> Vec<Hit> {
    let name = |(place, score)| {
        let (entry, chunk) = index.chunk(place).unwrap();
        (entry.document.id.clone(), chunk, score)
    };
    hits.into_iter().map(name).collect()
}
