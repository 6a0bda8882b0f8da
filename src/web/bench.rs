//! vectors and texts → an index alone, for `make bench-index`
//!
//! What a model and a page would add to the time is left out; the index is the product's. A chunk is told by its row: how
//! many vectors were added before it. Not in the engine that is shipped: the cargo feature `bench` brings it in.

use js_sys::{Array, Function, Uint8Array};
use wasm_bindgen::prelude::*;

use super::engine::bytes_of;
use super::error::thrown;
use crate::document::{Chunk, Document, Format, Language, Metadata, Scalar, Span, Value};
use crate::index::{Allowed, Entry, Index, Place, Question};
use crate::retrieve::{Filter, SearchOptions, retrieve};
use crate::vector::UnitVector;

/// Vectors, or chunks of a text, that a document has.
const CHUNKS: usize = 10;
/// So many groups are documents dealt out to, by turns.
const GROUPS: usize = 100;

/// An index of vectors, with texts or without.
#[wasm_bindgen]
pub struct Vectors {
    index: Index,
    rows: usize,
    allowed: Option<Allowed>,
}

#[wasm_bindgen]
impl Vectors {
    /// An empty one.
    #[wasm_bindgen(constructor)]
    pub fn new(dimensions: usize) -> Self {
        Self { index: Index::new("bench", dimensions), rows: 0, allowed: None }
    }

    /// Adds vectors as documents of ten, the text of each with them if there are texts.
    pub fn add(&mut self, vectors: &[f32], texts: Option<Vec<String>>) -> Result<(), JsValue> {
        let dimensions = self.index.dimensions();
        let of_document = |(number, vectors): (usize, &[f32])| {
            let vectors: Vec<UnitVector> = vectors
                .chunks(dimensions)
                .map(|vector| UnitVector::of_length_one(vector.to_vec()))
                .collect::<Result<_, _>>()?;
            let texts = texts.as_ref().map(|texts| &texts[number * CHUNKS..number * CHUNKS + vectors.len()]);
            let rows = vectors.len();
            self.index.insert(entry(self.rows, rows, texts.unwrap_or_default()), &vectors)?;
            self.rows += rows;
            Ok(())
        };
        vectors.chunks(CHUNKS * dimensions).enumerate().try_for_each(of_document).map_err(thrown)
    }

    /// Does all that makes search fast.
    pub fn optimize(&mut self) {
        self.index.optimize();
    }

    /// The rows nearest to a vector, among those that [`restrict`](Self::restrict) lets through.
    pub fn nearest(&self, query: &[f32], limit: usize, width: Option<usize>) -> Result<Vec<u32>, JsValue> {
        let query = UnitVector::of_length_one(query.to_vec()).map_err(thrown)?;
        let found = self.index.nearest(&query, limit, width, self.allowed.as_ref());
        Ok(found.into_iter().map(|(place, _)| self.row(place)).collect())
    }

    /// From now on only documents that pass a filter are found by [`nearest`](Self::nearest), until the next change of
    /// the index; without a filter all are.
    pub fn restrict(&mut self, filter: Option<String>) -> Result<(), JsValue> {
        let filter: Option<Filter> = filter.map(|filter| serde_json::from_str(&filter).map_err(invalid)).transpose()?;
        self.allowed = filter.map(|filter| self.index.allowed(&|document| filter.matches(document)));
        Ok(())
    }

    /// The rows that the whole search finds; `options` as JSON.
    pub fn search(&self, question: &str, query: Option<Vec<f32>>, options: &str) -> Result<Vec<u32>, JsValue> {
        let options: SearchOptions = serde_json::from_str(options).map_err(invalid)?;
        let query = query.map(UnitVector::of_length_one).transpose().map_err(thrown)?;
        let found = retrieve(&self.index, &Question::new(question, options.typing), query.as_ref(), &options)
            .map_err(thrown)?;
        Ok(found.hits.into_iter().map(|hit| self.row(hit.place)).collect())
    }

    /// Its files: pairs of a name and bytes.
    pub fn save(&mut self) -> Array {
        let pair =
            |(name, bytes): (String, Vec<u8>)| Array::of2(&name.into(), &Uint8Array::from(bytes.as_slice()).into());
        self.index.to_files().into_iter().map(pair).collect()
    }

    /// An index from its files; `file(name)` gives the bytes of one.
    pub fn open(file: &Function) -> Result<Self, JsValue> {
        let index = Index::from_files(|name| bytes_of(file, name)).map_err(thrown)?;
        let rows = index.len();
        Ok(Self { index, rows, allowed: None })
    }

    /// The vectors of which a graph is worth building now.
    pub fn work(&mut self) -> Option<Vec<u8>> {
        self.index.work()
    }

    /// Takes that graph; tells whether it was still wanted.
    pub fn adopt(&mut self, graph: &[u8]) -> Result<bool, JsValue> {
        self.index.adopt(graph).map_err(thrown)
    }

    /// How many bytes of memory its parts take, as JSON.
    pub fn bytes(&self) -> String {
        serde_json::to_string(&self.index.bytes()).unwrap_or_default()
    }

    /// A document's id is the row of its first chunk.
    fn row(&self, place: Place) -> u32 {
        let found = self.index.chunk(place);
        let row = found.and_then(|(entry, chunk)| Some(entry.document.id.parse::<u32>().ok()? + chunk as u32));
        row.expect("a chunk that was found has a row")
    }
}

/// A document whose chunks have these texts, or none.
fn entry(row: usize, chunks: usize, texts: &[String]) -> Entry {
    let text = texts.join("\n");
    let mut end = 0;
    let chunk = |number: usize| {
        let start = if number == 0 { 0 } else { end + 1 };
        end = texts.get(number).map_or(0, |text| start + text.len());
        let span = if texts.is_empty() { Span::new(0, 0) } else { Span::new(start, end) };
        Chunk { span, headings: Vec::new(), page: None, tokens: 0 }
    };
    let chunks = (0..chunks).map(chunk).collect();
    let group = Value::One(Scalar::Number((row / CHUNKS % GROUPS) as f64));
    let document = Document {
        id: row.to_string(),
        name: String::new(),
        title: String::new(),
        url: None,
        format: Format::Text,
        language: Language::of(&text),
        metadata: Metadata::from([("group".to_owned(), group)]),
        text,
        outline: Vec::new(),
        pages: Vec::new(),
        pieces: Vec::new(),
        warnings: Vec::new(),
    };
    Entry { document, chunks }
}

fn invalid(error: serde_json::Error) -> JsValue {
    js_sys::Error::new(&error.to_string()).into()
}
