//! Embedding natively: ours against candle-transformers' BERT and Python's ONNX Runtime, with the same weights and tokens.
//!
//! All in one run, in turn; the ratio of the medians counts, an absolute time says nothing. `make bench-embed-native` runs
//! it on one core and on all. Needs the model (`make model`) and what `benches/embed/onnx.sh` makes; CARREL_BENCH_ONNX and
//! CARREL_BENCH_PYTHON say where that and a Python with onnxruntime are, RAYON_NUM_THREADS how many threads each has.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use carrel::embed::Embedder;
use carrel::model::{Model, PREPARED_FILE};
use tokenizers::Tokenizer;

const ROUNDS: usize = 7;
/// Distinct common words, each one token: texts of any length in tokens.
const WORDS: &str = "river stone garden winter morning letter window bread music silver market church winter road";
/// Tokens of a turn's texts for each thread: four of ours go through the network one after the other.
const TOKENS: usize = 4096;

/// One way of embedding a turn's texts.
struct Way<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
    rates: Vec<f64>,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("models/all-MiniLM-L6-v2");
    let read = |name: &str| std::fs::read(folder.join(name)).ok();
    let embedder =
        |model| Embedder::new(Model::read(model).expect("the model: run `make model`")).expect("a whole model");
    let bytes = embedder(&read as &dyn Fn(&str) -> Option<Vec<u8>>);
    let floats = embedder(&|name| read(name).filter(|_| name != PREPARED_FILE));
    let config: Config = serde_json::from_slice(&read("config.json").expect("config.json")).expect("a config");
    let weights = read("model.safetensors").expect("model.safetensors");
    let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).expect("weights");
    let candle = BertModel::load(weights, &config).expect("a BERT");
    let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).expect("a tokenizer");
    tokenizer.with_padding(None).with_truncation(None).expect("no truncation");
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name}: run `make bench-embed-native`"));
    let (onnx, python) = (variable("CARREL_BENCH_ONNX"), variable("CARREL_BENCH_PYTHON"));
    let threads: usize = variable("RAYON_NUM_THREADS").parse().expect("a number of threads");

    println!("texts a second, medians of {ROUNDS}; {threads} thread(s), {}", bytes.instructions());
    let mut rows = Vec::new();
    for tokens in [12, 128, 256] {
        // A question is one text; so many in a row that threads of the way before, which wait for work, have gone to sleep.
        let (count, times) = if tokens == 12 { (1, 50) } else { (threads * TOKENS / tokens, 1) };
        let text = WORDS.split(' ').cycle().take(tokens - 2).collect::<Vec<_>>().join(" ");
        let texts = vec![text.as_str(); count];
        let encodings = tokenizer.encode_batch(texts.clone(), true).expect("tokens");
        let ids: Vec<&[u32]> = encodings.iter().map(|encoding| encoding.get_ids()).collect();
        let with_candle = || {
            // All of one length, so that it pays nothing for padding.
            let ids = Tensor::from_vec(ids.concat(), (count, tokens), &Device::Cpu).expect("a tensor");
            let states = candle.forward(&ids, &ids.zeros_like().expect("zeros"), None).expect("states");
            let _: Vec<Vec<f32>> = states.mean(1).expect("means").to_vec2().expect("vectors");
        };
        let exact = floats.embed_passages(&texts[..1]).expect("a vector").swap_remove(0);
        let exact = exact.as_slice();
        let mut ways = vec![
            Way::new("Carrel int8", || drop(bytes.embed_passages(&texts).expect("vectors"))),
            Way::new("Carrel f32", || drop(floats.embed_passages(&texts).expect("vectors"))),
            Way::new("candle-transformers f32", with_candle),
        ];
        for weights in ["fp32", "int8-per-channel", "int8-per-tensor"] {
            for graph in ["plain", "fused"] {
                let model = format!("{onnx}/{graph}-{weights}.onnx");
                let mut peer = Peer::start(&python, &root.join("benches/native/peer.py"), &model, threads);
                peer.ask(&serde_json::to_string(&ids).expect("token ids"));
                let vector: Vec<f32> = serde_json::from_str(&peer.ask("")).expect("a vector");
                let alike: f32 = exact.iter().zip(&vector).map(|(ours, theirs)| ours * theirs).sum();
                assert!(alike > 0.9, "{model} embeds something else: {alike}");
                ways.push(Way::new(&format!("ONNX Runtime {weights}, {graph}"), move || drop(peer.ask(""))));
            }
        }
        for round in 0..=ROUNDS {
            for way in &mut ways {
                let start = Instant::now();
                (0..times).for_each(|_| (way.run)());
                // The first round does not count.
                if round > 0 {
                    way.rates.push((count * times) as f64 / start.elapsed().as_secs_f64());
                }
            }
        }
        let rates: Vec<(String, f64)> = ways.into_iter().map(Way::median).collect();
        for (name, rate) in &rates {
            println!("{:<44}{rate:>10.1}", format!("{tokens} tokens: {name}"));
        }
        for (ours, peers) in
            [("Carrel int8", "ONNX Runtime"), ("Carrel f32", "ONNX Runtime fp32"), ("Carrel f32", "candle")]
        {
            let best = |of: &str| {
                let of = rates.iter().filter(|(name, _)| name.starts_with(of));
                of.max_by(|one, other| one.1.total_cmp(&other.1)).expect("a way")
            };
            let ((_, ours_rate), (peer, theirs)) = (best(ours), best(peers));
            println!("{:<70}{:>6.2}×", format!("{tokens} tokens: {ours} against {peer}"), ours_rate / theirs);
            rows.push(serde_json::json!({
                "what": format!("texts of {tokens} tokens, {count} at once: {ours}"), "unit": "texts/s", "threads": threads,
                "ours": ours_rate, "theirs": theirs, "peer": peer, "ratio": ours_rate / theirs,
            }));
        }
    }
    let file = root.join("target/bench/embed-native.json");
    std::fs::create_dir_all(file.with_file_name("")).expect("target/bench");
    // Both runs in one file: with one thread, which comes first, it begins anew.
    let before = std::fs::read(&file).ok().filter(|_| threads > 1);
    let mut all: Vec<serde_json::Value> =
        before.map_or(Vec::new(), |rows| serde_json::from_slice(&rows).expect("rows"));
    all.append(&mut rows);
    std::fs::write(&file, format!("{:#}\n", serde_json::Value::from(all))).expect("the results' file");
}

impl<'a> Way<'a> {
    fn new(name: &str, run: impl FnMut() + 'a) -> Self {
        Self { name: name.to_owned(), run: Box::new(run), rates: Vec::new() }
    }

    fn median(mut self) -> (String, f64) {
        self.rates.sort_by(f64::total_cmp);
        (self.name, self.rates[self.rates.len() / 2])
    }
}

/// ONNX Runtime in a process of its own, which ends with this.
struct Peer {
    process: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Peer {
    fn start(python: &str, script: &Path, model: &str, threads: usize) -> Self {
        let mut command = Command::new(python);
        command.arg(script).args([model, &threads.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("a Python with onnxruntime");
        let answers = BufReader::new(process.stdout.take().expect("its output"));
        Self { process, answers }
    }

    /// Writes a line and waits for one.
    fn ask(&mut self, line: &str) -> String {
        let input = self.process.stdin.as_mut().expect("its input");
        writeln!(input, "{line}").expect("a peer that listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("an answer");
        assert!(!answer.is_empty(), "ONNX Runtime has stopped");
        answer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
