//! texts → their vectors, for `make bench-index`
//!
//!     index-vectors MODEL TEXTS OUT
//!
//! The texts come one a line as JSON, the vectors go into OUT as f32, little-endian, row after row. In the browser it
//! would take half an hour, here it takes minutes.

use std::io::{BufWriter, Write};
use std::path::Path;

use carrel::embed::Embedder;
use carrel::model::Model;

/// Texts between two lines of progress.
const BLOCK: usize = 4000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, texts, out] = &arguments[..] else { panic!("index-vectors MODEL TEXTS OUT") };
    let model = Model::read(|name: &str| std::fs::read(Path::new(folder).join(name)).ok());
    let embedder = Embedder::new(model.expect("the model: run `make model`")).expect("a whole model");
    let texts = std::fs::read_to_string(texts).expect("the texts");
    let texts: Vec<String> = texts.lines().map(|line| serde_json::from_str(line).expect("a text")).collect();
    let mut file = BufWriter::new(std::fs::File::create(out).expect("a file for the vectors"));
    for (block, texts_of_block) in texts.chunks(BLOCK).enumerate() {
        let texts_of_block: Vec<&str> = texts_of_block.iter().map(String::as_str).collect();
        for vector in embedder.embed_passages(&texts_of_block).expect("vectors") {
            for component in vector.as_slice() {
                file.write_all(&component.to_le_bytes()).expect("room for the vectors");
            }
        }
        eprintln!("· {} of {} texts are embedded", block * BLOCK + texts_of_block.len(), texts.len());
    }
    file.flush().expect("room for the vectors");
}
