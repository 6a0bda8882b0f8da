//! A prepared model: near to the published one, the same bytes every time, and refused where it is damaged.

use carrel::embed::Embedder;
use carrel::error::Error;
use carrel::model::{Model, PREPARED_FILE, verify};
use proptest::prelude::*;

use crate::desk::{embedder, model_folder, prepared_embedder, prepared_file, shared_text};
use crate::program::Folder;

/// What a browser downloads, in bytes.
const LARGEST: usize = 24_000_000;

fn passages(count: usize) -> Vec<String> {
    let text = shared_text("data/chunking-evaluation/beir/corpus.jsonl");
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    rows.map(|row| row["text"].as_str().unwrap().to_owned()).take(count).collect()
}

#[test]
fn its_vectors_are_those_of_the_published_weights_but_for_little() {
    let passages = passages(1000);
    assert_eq!(passages.len(), 1000);
    let texts: Vec<&str> = passages.iter().map(String::as_str).collect();
    let exact = embedder().embed_passages(&texts).unwrap();
    let near = prepared_embedder().embed_passages(&texts).unwrap();
    let cosines: Vec<f32> = exact.iter().zip(&near).map(|(left, right)| left.cosine(right)).collect();
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    let least = cosines.iter().fold(1.0f32, |least, cosine| least.min(*cosine));
    println!("cosine to f32: mean {mean}, least {least}");
    assert!((0.998..0.99999).contains(&mean), "mean {mean}");
    assert!(least >= 0.985, "least {least}");
}

#[test]
fn batch_mates_never_change_a_vector_in_bytes_either() {
    let passages = passages(40);
    let texts: Vec<&str> = passages.iter().map(String::as_str).collect();
    let together = prepared_embedder().embed_passages(&texts).unwrap();
    for (text, together) in texts.iter().zip(&together).step_by(7) {
        assert_eq!(&prepared_embedder().embed_passages(&[text]).unwrap()[0], together);
    }
}

#[test]
fn it_is_small_and_the_same_bytes_every_time() {
    let folder = model_folder();
    let again = carrel::embed::prepare(|name| std::fs::read(folder.join(name)).ok()).unwrap();
    assert!(again == prepared_file(), "another run gives other bytes");
    assert!(again.len() <= LARGEST, "{} bytes", again.len());
    let made = std::fs::read(folder.join(PREPARED_FILE)).expect("`make model` makes it");
    assert!(made == again, "{PREPARED_FILE} of the folder is of an older version: run `make model`");
}

fn header(file: &[u8]) -> serde_json::Value {
    let length = u32::from_le_bytes(file[64..68].try_into().unwrap()) as usize;
    serde_json::from_slice(&file[68..68 + length]).unwrap()
}

#[test]
fn its_weights_can_be_summed_in_16_bits_where_two_steps_of_inputs_are() {
    let file = prepared_file();
    let header = header(file);
    let sections = header["sections"].as_object().unwrap().iter();
    let weights = sections
        .filter(|(name, _)| ["projections", "attended", "wide", "narrow"].contains(&name.rsplit('.').next().unwrap()));
    let (mut checked, mut largest) = (0, 0);
    for (_, place) in weights {
        let [at, length] = [0, 1].map(|part| place[part].as_u64().unwrap() as usize);
        // Two steps of 16 columns with four weights each.
        for steps in file[at..at + length].chunks_exact(128) {
            for pair in 0..32 {
                let four = [0, 1, 64, 65].map(|place| i32::from(steps[2 * pair + place] as i8));
                let positive: i32 = four.iter().filter(|weight| **weight > 0).sum();
                largest = largest.max(positive).max(positive - four.iter().sum::<i32>());
                checked += 4;
            }
        }
    }
    assert_eq!(checked, 6 * 12 * 384 * 384);
    assert!((250..=32767 / 127).contains(&largest), "{largest}");
}

#[test]
fn it_says_what_it_was_made_of() {
    let file = prepared_file();
    let header = header(file);
    let sum = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
    assert_eq!(header["source"]["model.safetensors"], sum);
    verify(file).unwrap();
}

fn read(file: Vec<u8>) -> Result<Embedder, Error> {
    Embedder::new(Model::read(|name| (name == PREPARED_FILE).then(|| file.clone()))?)
}

#[test]
fn other_files_and_other_versions_are_refused() {
    for wrong in [Vec::new(), b"carrel model".to_vec(), vec![0; 1000], prepared_file()[..64].to_vec()] {
        assert_eq!(read(wrong.clone()).err().unwrap().code(), "model_invalid");
        assert_eq!(verify(&wrong).unwrap_err().code(), "model_invalid");
    }
    let mut newer = prepared_file().to_vec();
    newer[16] = 9;
    let message = read(newer).err().unwrap().to_string();
    assert!(message.contains("version 9") && message.contains("carrel model prepare"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_damaged_file_is_an_error_or_a_model_and_never_a_panic(at in 0usize..6000, bit in 0u8..8, cut in any::<prop::sample::Index>()) {
        let mut damaged = prepared_file().to_vec();
        damaged[at] ^= 1 << bit;
        prop_assert!(verify(&damaged).is_err(), "byte {at}");
        if let Ok(embedder) = read(damaged) {
            let _ = embedder.embed_query("a question");
        }
        let cut = prepared_file()[..cut.index(prepared_file().len())].to_vec();
        prop_assert!(verify(&cut).is_err());
        if let Ok(embedder) = read(cut) {
            let _ = embedder.embed_query("a question");
        }
    }
}

#[test]
fn the_program_makes_it_and_uses_it_and_refuses_a_damaged_one() {
    let folder = Folder::new();
    for name in ["config.json", "tokenizer.json", "model.safetensors", "sentence_bert_config.json"] {
        folder.write(&format!("model/{name}"), std::fs::read(model_folder().join(name)).unwrap());
    }
    folder.carrel("model prepare model").done();
    verify(&std::fs::read(folder.path("model").join(PREPARED_FILE)).unwrap()).unwrap();
    folder.write("docs/a.txt", "The lamps are lit at dusk.");
    folder.carrel("index docs --out index --no-runtime --model model").done();
    std::fs::remove_file(folder.path("model/model.safetensors")).unwrap();
    folder.carrel("search index lamps --model model").done();
    let mut damaged = prepared_file().to_vec();
    damaged[LARGEST / 2] ^= 1;
    folder.write("model/model.carrel", damaged);
    let line = folder.carrel("search index lamps --model model").error();
    assert!(line.contains("model.carrel") && line.contains("carrel model prepare"), "{line}");
    let line = folder.carrel("model prepare nowhere").error();
    assert!(line.contains("nowhere") && line.contains("there is no model in this folder"), "{line}");
    let line = folder.carrel("model prepare docs").error();
    assert!(line.contains("config.json"), "{line}");
}
