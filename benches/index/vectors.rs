//! texts → their vectors, and the cosines of the nearest, for `make bench-index`
//!
//!     index-vectors embed MODEL TEXTS FROM TO OUT
//!     index-vectors tenth QUERIES ROWS OUT VECTORS…
//!
//! `embed` takes the texts of some lines, each JSON, and writes their vectors as f32, little-endian, row after row: in the
//! browser it would take half an hour. `tenth` writes for each query the cosine of the tenth nearest of the first rows, by
//! comparing it with every one of them.

use std::fs;
use std::path::Path;

use carrel::embed::Embedder;
use carrel::model::Model;
use rayon::prelude::*;

const DIMENSIONS: usize = 384;
/// How many of the nearest count.
const NEAREST: usize = 10;
/// Texts between two lines of progress.
const BLOCK: usize = 4000;

fn main() {
    let number = |text: &str| text.parse().expect("a number");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["embed", model, texts, from, to, out] => {
            embed(Path::new(model), texts, number(from)..number(to), out);
        }
        ["tenth", queries, rows, out, vectors @ ..] => tenth(queries, number(rows), out, vectors),
        _ => panic!("index-vectors embed MODEL TEXTS FROM TO OUT, or index-vectors tenth QUERIES ROWS OUT VECTORS…"),
    }
}

fn embed(model: &Path, texts: &str, lines: std::ops::Range<usize>, out: &str) {
    let model = Model::read(|name: &str| fs::read(model.join(name)).ok());
    let embedder = Embedder::new(model.expect("the model: run `make model`")).expect("a whole model");
    let texts = fs::read_to_string(texts).expect("the texts");
    let texts = texts.lines().skip(lines.start).take(lines.len());
    let texts: Vec<String> = texts.map(|line| serde_json::from_str(line).expect("a text")).collect();
    assert_eq!(texts.len(), lines.len(), "so many texts");
    let mut bytes = Vec::new();
    for texts_of_block in texts.chunks(BLOCK) {
        let texts_of_block: Vec<&str> = texts_of_block.iter().map(String::as_str).collect();
        for vector in embedder.embed_passages(&texts_of_block).expect("vectors") {
            bytes.extend(vector.as_slice().iter().flat_map(|component| component.to_le_bytes()));
        }
        eprintln!("· {} of {} texts are embedded", bytes.len() / DIMENSIONS / 4, texts.len());
    }
    fs::write(out, bytes).expect("room for the vectors");
}

fn tenth(queries: &str, rows: usize, out: &str, vectors: &[&str]) {
    let read = |file: &str| -> Vec<f32> {
        let bytes = fs::read(file).expect("vectors");
        bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    let vectors: Vec<f32> = vectors.iter().flat_map(|file| read(file)).take(rows * DIMENSIONS).collect();
    assert_eq!(vectors.len(), rows * DIMENSIONS, "so many vectors");
    let queries = read(queries);
    let cosine = |query: &[f32], vector: &[f32]| {
        // As many sums as a register has, so that the compiler can keep them there.
        let mut sums = [0.0f32; 16];
        for (left, right) in query.chunks_exact(16).zip(vector.chunks_exact(16)) {
            for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
                *sum += left * right;
            }
        }
        sums.iter().sum::<f32>()
    };
    let of_query = |query: &[f32]| {
        let mut cosines: Vec<f32> = vectors.chunks_exact(DIMENSIONS).map(|vector| cosine(query, vector)).collect();
        *cosines.select_nth_unstable_by(NEAREST - 1, |left, right| right.total_cmp(left)).1
    };
    let found: Vec<f32> = queries.par_chunks_exact(DIMENSIONS).map(of_query).collect();
    fs::write(out, found.iter().flat_map(|cosine| cosine.to_le_bytes()).collect::<Vec<u8>>()).expect("room");
}
