//! What is not known of a model, and what is damaged, is refused in words: never a panic, nor memory that is not there.

use carrel::error::Result;
use carrel::vector::UnitVector;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::family::{Folder, edit, folder, load};

/// The first words of the library's message.
const BEGINNING: &str = "the model cannot be used: ";

fn refusal(what: &str, folder: &Folder) -> String {
    let error = load(folder).err().unwrap_or_else(|| panic!("{what} is accepted"));
    assert_eq!(error.code(), "model_invalid", "{what}");
    error.to_string().strip_prefix(BEGINNING).unwrap_or_else(|| panic!("{what}: {error}")).to_owned()
}

/// In this model's file, this key (a JSON pointer) with this value is refused with a message that has all these words.
type Refused = (&'static str, &'static str, &'static str, Value, &'static [&'static str]);

fn refused() -> Vec<Refused> {
    const CONFIG: &str = "config.json";
    const POOLING: &str = "1_Pooling/config.json";
    const MODULES: &str = "modules.json";
    const PROMPTS: &str = "config_sentence_transformers.json";
    const SENTENCE: &str = "sentence_bert_config.json";
    const TOKENIZER: &str = "tokenizer.json";
    const KNOWN: &[&str] = &["\"bert\"", "\"roberta\"", "\"xlm-roberta\"", "\"camembert\""];
    const DENSE: &str = "sentence_transformers.models.Dense";
    let absurd = |key| ("bert-mean", CONFIG, key, json!(1_000_000_000_000u64), &["is 1000000000000, which is not"][..]);
    vec![
        ("bert-mean", CONFIG, "/model_type", json!("mpnet"), &["\"mpnet\"", "known are"]),
        ("bert-mean", CONFIG, "/model_type", json!("deberta-v2"), KNOWN),
        ("bert-mean", CONFIG, "/model_type", json!(""), KNOWN),
        ("bert-mean", CONFIG, "/model_type", json!(["bert"]), &["config.json"]),
        ("bert-mean", CONFIG, "/hidden_act", json!("relu"), &["activation", "\"relu\"", "\"gelu\""]),
        ("roberta", CONFIG, "/hidden_act", json!("gelu_new"), &["activation", "\"gelu_new\"", "\"gelu\""]),
        ("bert-mean", CONFIG, "/position_embedding_type", json!("relative_key"), &["\"relative_key\"", "\"absolute\""]),
        ("roberta", CONFIG, "/position_embedding_type", json!("relative_key_query"), &["\"relative_key_query\""]),
        ("bert-mean", CONFIG, "/is_decoder", json!(true), &["decoder"]),
        ("bert-mean", POOLING, "/pooling_mode", json!("max"), &["\"max\"", "\"mean\" and \"cls\""]),
        ("bert-mean", POOLING, "/pooling_mode", json!(["cls", "mean"]), &["\"cls and mean\"", "known are"]),
        ("bert-mean", POOLING, "/pooling_mode", json!(7), &["\"7\"", "known are"]),
        ("bert-cls", POOLING, "/pooling_mode_mean_tokens", json!(true), &["\"cls and mean\"", "known are"]),
        ("bert-cls", POOLING, "/pooling_mode_lasttoken", json!(true), &["\"cls and lasttoken\""]),
        ("bert-cls", POOLING, "/pooling_mode_cls_token", json!(false), &["none", "known are"]),
        ("xlm-roberta", POOLING, "/include_prompt", json!(false), &["include_prompt"]),
        ("bert-mean", MODULES, "/2/type", json!(DENSE), &[DENSE, "known are Transformer, Pooling, Normalize"]),
        ("bert-cls", MODULES, "/1/type", json!(DENSE), &[DENSE, "known are"]),
        ("bert-cls", MODULES, "/0/type", json!("elsewhere.Transformer"), &["elsewhere.Transformer"]),
        ("bert-cls", MODULES, "/0/path", json!("0_Transformer"), &["0_Transformer"]),
        ("bert-cls", MODULES, "/1/path", json!("9_Pooling"), &["9_Pooling/config.json is missing"]),
        ("bert-cls", MODULES, "", json!([]), &["nothing", "known are"]),
        ("bert-cls", MODULES, "", json!({"0": "Transformer"}), &["modules.json"]),
        ("bert-mean", SENTENCE, "/transformer_task", json!("fill-mask"), &["\"fill-mask\"", "\"feature-extraction\""]),
        ("bert-cls", SENTENCE, "/max_seq_length", json!(3), &["reads 3 tokens"]),
        ("bert-cls", SENTENCE, "/max_seq_length", json!(-1), &["reads 0 tokens"]),
        ("bert-cls", SENTENCE, "/max_seq_length", json!("long"), &["sentence_bert_config.json"]),
        ("bert-mean", PROMPTS, "/model_type", json!("SparseEncoder"), &["SparseEncoder", "SentenceTransformer"]),
        ("bert-mean", PROMPTS, "/default_prompt_name", json!("sts"), &["\"sts\""]),
        ("xlm-roberta", PROMPTS, "/prompts/passage", json!("word ".repeat(60)), &["passage", "no room"]),
        ("xlm-roberta", PROMPTS, "/prompts/query", json!("word ".repeat(60)), &["question", "no room"]),
        ("bert-mean", CONFIG, "/num_attention_heads", json!(0), &["num_attention_heads is 0"]),
        ("bert-mean", CONFIG, "/num_attention_heads", json!(5), &["32", "not a multiple", "5"]),
        ("bert-mean", CONFIG, "/num_hidden_layers", json!(1_000_000_000), &["num_hidden_layers is 1000000000"]),
        ("bert-mean", CONFIG, "/num_hidden_layers", json!(3), &["its weights have no encoder.layer.2."]),
        ("bert-mean", CONFIG, "/hidden_size", json!(0), &["hidden_size is 0"]),
        ("bert-mean", CONFIG, "/hidden_size", json!(64), &["64", "32"]),
        ("bert-mean", CONFIG, "/hidden_size", json!(-32), &["config.json"]),
        ("bert-mean", CONFIG, "/intermediate_size", json!(65), &["65", "64"]),
        ("bert-mean", CONFIG, "/max_position_embeddings", json!(1_000_000), &["position_embeddings", "1000000"]),
        ("bert-mean", CONFIG, "/max_position_embeddings", json!(0), &["max_position_embeddings is 0"]),
        ("roberta", CONFIG, "/pad_token_id", json!(u64::MAX), &["first position"]),
        ("roberta", CONFIG, "/pad_token_id", json!(65), &["first position"]),
        ("roberta", CONFIG, "/pad_token_id", json!(60), &["reads"]),
        ("bert-mean", CONFIG, "/layer_norm_eps", json!(-1.0), &["layer_norm_eps"]),
        ("bert-mean", CONFIG, "/vocab_size", json!(100), &["299", "100 words"]),
        ("bert-mean", CONFIG, "/vocab_size", json!(1_000_000), &["word_embeddings", "1000000"]),
        absurd("/hidden_size"),
        absurd("/intermediate_size"),
        absurd("/vocab_size"),
        absurd("/type_vocab_size"),
        ("bert-mean", TOKENIZER, "/post_processor/cls/1", json!(999_999), &["999999", "300 words"]),
        ("bert-mean", TOKENIZER, "/post_processor", Value::Null, &["no marks"]),
        ("bert-mean", TOKENIZER, "/model/vocab/the", json!(4_000_000_000u32), &["4000000000", "300 words"]),
        ("bert-unigram", TOKENIZER, "/normalizer/precompiled_charsmap", json!("AA*A"), &["precompiled_charsmap"]),
        ("bert-unigram", TOKENIZER, "/normalizer/precompiled_charsmap", json!("AAAAAA=="), &["precompiled_charsmap"]),
        ("bert-unigram", TOKENIZER, "/normalizer/precompiled_charsmap", json!(7), &["precompiled_charsmap"]),
        ("bert-mean", TOKENIZER, "/model/type", json!("Unheard"), &["tokenizer.json"]),
    ]
}

#[test]
fn what_is_not_known_is_refused_with_what_was_found_and_what_is_known() {
    for (model, file, key, value, words) in refused() {
        let what = format!("{model}, {file}, {key} = {value}");
        let mut changed = folder(model);
        edit(&mut changed, file, |config| match key.rsplit_once('/') {
            None => *config = value,
            Some((parent, name)) => match config.pointer_mut(parent).unwrap() {
                Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
                object => object[name] = value,
            },
        });
        let message = refusal(&what, &changed);
        for word in words {
            assert!(message.contains(word), "{what}: {message:?} lacks {word:?}");
        }
    }
}

#[test]
fn a_file_that_is_missing_cut_or_no_json_is_named() {
    for name in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let mut without = folder("bert-cls");
        without.remove(name);
        assert!(refusal(name, &without).starts_with(&format!("{name} is missing")), "{name}");
    }
    for (name, bytes) in folder("bert-cls") {
        let mut cut = folder("bert-cls");
        cut.insert(name.clone(), bytes[..bytes.len() / 2].to_vec());
        assert!(refusal(&name, &cut).contains(&name), "{name}");
        cut.insert(name.clone(), Vec::new());
        assert!(refusal(&name, &cut).contains(&name), "{name}");
    }
}

#[test]
fn weights_that_are_cut_or_too_long_are_refused() {
    let mut damaged = folder("bert-mean");
    let whole = damaged["model.safetensors"].clone();
    let header = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize + 8;
    let lengths = (0..header).step_by(7).chain([header, header + 1, whole.len() - 1]);
    for length in lengths {
        damaged.insert("model.safetensors".into(), whole[..length].to_vec());
        assert!(refusal("cut", &damaged).contains("model.safetensors"), "at {length}");
    }
    damaged.insert("model.safetensors".into(), [whole, vec![0]].concat());
    refusal("too long", &damaged);
}

#[test]
fn weights_whose_header_asks_for_more_than_there_is_are_refused() {
    let with = |header: Value| {
        let header = header.to_string();
        let mut damaged = folder("bert-mean");
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 16]].concat();
        damaged.insert("model.safetensors".into(), bytes);
        damaged
    };
    let huge = u64::MAX / 2;
    let tensor = |shape: Value, end: u64| json!({"embeddings.word_embeddings.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}});
    for (shape, end) in [
        (json!([300, 32]), 16),
        (json!([300, 32]), huge),
        (json!([huge, huge]), 16),
        (json!([1_000_000_000_000u64, 32]), 128_000_000_000_000),
        (json!([0, huge]), 0),
        (json!([-1]), 16),
    ] {
        refusal("a header", &with(tensor(shape, end)));
    }
    let mut damaged = folder("bert-mean");
    for length in [u64::MAX, 1 << 40, 100_000_001, 99_999_999] {
        let bytes = [&length.to_le_bytes()[..], b"{}"].concat();
        damaged.insert("model.safetensors".into(), bytes);
        assert!(refusal("a length", &damaged).contains("model.safetensors"), "{length}");
    }
}

fn vector(folder: &Folder) -> Result<UnitVector> {
    load(folder)?.embed_query("the library opens at nine [PAD] <pad>")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A flipped name of a tensor that is not used, or of what made the file, changes nothing: then the vector stays.
    #[test]
    fn a_flipped_bit_in_the_weights_header_is_refused_or_changes_nothing(place in 0.0..1.0f64, bit in 0..8u8) {
        let mut damaged = folder("bert-mean");
        let whole = vector(&damaged).unwrap();
        let weights = damaged.get_mut("model.safetensors").unwrap();
        let header = u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize + 8;
        weights[(place * header as f64) as usize] ^= 1 << bit;
        if let Ok(vector) = vector(&damaged) {
            prop_assert_eq!(vector, whole);
        }
    }

    /// Another number or another letter may be another model, but is never a panic.
    #[test]
    fn a_changed_byte_in_a_config_is_an_error_or_another_model(file in prop::sample::select(
        vec!["config.json", "tokenizer.json", "modules.json", "1_Pooling/config.json", "tokenizer_config.json",
             "config_sentence_transformers.json", "sentence_bert_config.json"]),
        place in 0.0..1.0f64, byte in any::<u8>(), model in prop::sample::select(vec!["bert-mean", "xlm-roberta"]))
    {
        let mut damaged = folder(model);
        let bytes = damaged.get_mut(file).unwrap();
        let at = (place * bytes.len() as f64) as usize;
        bytes[at] = byte;
        if let Err(error) = vector(&damaged) {
            prop_assert_eq!(error.code(), "model_invalid");
        }
    }
}
