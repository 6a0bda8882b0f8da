//! Embedding natively, on one thread: ours against candle-transformers' BERT with the same weights and tokens.
//!
//! Both in one run, alternating; the ratio of the medians counts, an absolute time says nothing. `make bench-embed-native`
//! pins it to one core. Needs the model (`make model`).

use std::path::Path;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use carrel::embed::Embedder;
use carrel::model::Model;
use tokenizers::Tokenizer;

const ROUNDS: usize = 9;
const TEXTS: usize = 8;
/// Distinct common words, each one token: texts of any length in tokens.
const WORDS: &str = "river stone garden winter morning letter window bread music silver market church winter road";

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/all-MiniLM-L6-v2");
    let read = |name: &str| std::fs::read(folder.join(name)).ok();
    let ours = Embedder::new(Model::read(read).expect("the model: run `make model`")).expect("a whole model");
    let config: Config = serde_json::from_slice(&read("config.json").expect("config.json")).expect("a config");
    let weights = read("model.safetensors").expect("model.safetensors");
    let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).expect("weights");
    let theirs = BertModel::load(weights, &config).expect("a BERT");
    let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).expect("a tokenizer");
    tokenizer.with_padding(None).with_truncation(None).expect("no truncation");

    println!("{:<28}{:>12}{:>12}{:>8}   texts/s, medians of {ROUNDS}", "", "ours", "candle", "ratio");
    let mut rows = Vec::new();
    for tokens in [12, 32, 128, 256] {
        let text = WORDS.split(' ').cycle().take(tokens - 2).collect::<Vec<_>>().join(" ");
        let texts = [text.as_str(); TEXTS];
        let run_ours = || drop(ours.embed_passages(&texts).expect("vectors"));
        let run_theirs = || {
            // All of one length, so that candle pays nothing for padding.
            let encodings = tokenizer.encode_batch(texts.to_vec(), true).expect("tokens");
            let ids: Vec<u32> = encodings.iter().flat_map(|encoding| encoding.get_ids().to_vec()).collect();
            let ids = Tensor::from_vec(ids, (TEXTS, tokens), &Device::Cpu).expect("a tensor");
            let states = theirs.forward(&ids, &ids.zeros_like().expect("zeros"), None).expect("states");
            let _: Vec<Vec<f32>> = states.mean(1).expect("means").to_vec2().expect("vectors");
        };
        let (ours, theirs) = alternating(run_ours, run_theirs);
        let what = format!("passages of {tokens} tokens");
        println!("{what:<28}{ours:>12.1}{theirs:>12.1}{:>8.2}", ours / theirs);
        rows.push(serde_json::json!({
            "what": what, "unit": "texts/s", "ours": ours, "theirs": theirs,
            "peer": "candle-transformers, native, one thread", "ratio": ours / theirs,
        }));
    }
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&out).expect("target/bench");
    std::fs::write(out.join("embed-native.json"), format!("{:#}\n", serde_json::Value::from(rows)))
        .expect("embed-native.json");
}

/// The median rate of each, in texts a second, after a round that does not count.
fn alternating(ours: impl Fn(), theirs: impl Fn()) -> (f64, f64) {
    let rate = |run: &dyn Fn()| {
        let start = Instant::now();
        run();
        TEXTS as f64 / start.elapsed().as_secs_f64()
    };
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let pair = [rate(&ours), rate(&theirs)];
        if round > 0 {
            rates.iter_mut().zip(pair).for_each(|(all, one)| all.push(one));
        }
    }
    let [ours, theirs] = rates.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    });
    (ours, theirs)
}
