//! A folder of files → a model ready to compute
//!
//! A sentence-transformers folder: `config.json` says what the network is, `tokenizer.json` how text becomes tokens,
//! `model.safetensors` holds the weights, and `sentence_bert_config.json` how much text it was trained to read.
//! The files come as bytes; who fetched them does not matter here.

use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokenizers::{EncodeInput, Tokenizer, TruncationDirection};

use crate::error::{Error, Result};

/// The names of the files that a model's folder must hold.
pub const REQUIRED_FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];
/// The names of the files that are read where the folder has them.
pub const OPTIONAL_FILES: [&str; 2] = ["sentence_bert_config.json", "1_Pooling/config.json"];

/// What `config.json` says of a BERT encoder; the names are those of the file.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BertConfig {
    #[serde(default)]
    pub model_type: String,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_attention_heads: usize,
    pub num_hidden_layers: usize,
    pub vocab_size: usize,
    pub max_position_embeddings: usize,
    pub type_vocab_size: usize,
    pub layer_norm_eps: f64,
    pub hidden_act: String,
}

#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: usize,
}

#[derive(Deserialize)]
struct PoolingConfig {
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
}

/// A model: its shape, its tokenizer and its weights.
pub struct Model {
    pub(crate) config: BertConfig,
    pub(crate) tokenizer: WordTokenizer,
    pub(crate) weights: VarBuilder<'static>,
    pub(crate) fingerprint: String,
}

impl Model {
    /// Reads a model; `file` gives the bytes of a file of its folder, or nothing where it has none of that name.
    ///
    /// # Errors
    /// `model_invalid`: a file is missing or damaged, or the architecture is not known.
    pub fn read(mut file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Self> {
        let mut required = |name: &str| file(name).ok_or_else(|| invalid(format!("{name} is missing")));
        let [config_name, tokenizer_name, weights_name] = REQUIRED_FILES;
        let config_bytes = required(config_name)?;
        let tokenizer_bytes = required(tokenizer_name)?;
        let weights = required(weights_name)?;
        let config: BertConfig = parse(config_name, &config_bytes)?;
        if config.model_type != "bert" {
            return Err(invalid(format!("its architecture is {:?}; known is \"bert\"", config.model_type)));
        }
        if config.hidden_act != "gelu" {
            return Err(invalid(format!("its activation is {:?}; known is \"gelu\"", config.hidden_act)));
        }
        if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(invalid("hidden_size is not a multiple of num_attention_heads".into()));
        }
        let mut limit = config.max_position_embeddings;
        if let Some(bytes) = file(OPTIONAL_FILES[0]) {
            limit = limit.min(parse::<SentenceConfig>(OPTIONAL_FILES[0], &bytes)?.max_seq_length);
        }
        if let Some(bytes) = file(OPTIONAL_FILES[1])
            && !parse::<PoolingConfig>(OPTIONAL_FILES[1], &bytes)?.pooling_mode_mean_tokens
        {
            return Err(invalid("its pooling is not the mean over tokens, which is the only one known".into()));
        }
        if config.hidden_size == 0 || config.type_vocab_size == 0 {
            return Err(invalid("hidden_size and type_vocab_size must not be 0".into()));
        }
        if limit < 8 {
            return Err(invalid(format!("it reads only {limit} tokens")));
        }
        let tokenizer = WordTokenizer::new(&tokenizer_bytes, limit)?;
        if tokenizer.highest_number() as usize >= config.vocab_size {
            return Err(invalid("its tokenizer knows more words than the network".into()));
        }
        let fingerprint = fingerprint(&[&config_bytes, &tokenizer_bytes], &weights);
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)
            .map_err(|error| invalid(format!("{weights_name}: {error}")))?;
        Ok(Self { config, tokenizer, weights, fingerprint })
    }

    /// A short name for exactly this model: vectors of different fingerprints must not be mixed.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// Text → the numbers of its tokens.
pub(crate) struct WordTokenizer {
    tokenizer: Tokenizer,
    limit: usize,
    /// How many tokens of the limit the model's own marks take ([CLS], [SEP]).
    marks: usize,
}

impl WordTokenizer {
    fn new(bytes: &[u8], limit: usize) -> Result<Self> {
        let mut tokenizer =
            Tokenizer::from_bytes(bytes).map_err(|error| invalid(format!("tokenizer.json: {error}")))?;
        // The file pads and cuts to 128 by itself, which is not the model's limit.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| invalid(format!("tokenizer.json: {error}")))?;
        let mut this = Self { tokenizer, limit, marks: 0 };
        this.marks = this.encode("")?.len();
        Ok(this)
    }

    /// The highest number of a token.
    fn highest_number(&self) -> u32 {
        self.tokenizer.get_vocab(true).into_values().max().unwrap_or(0)
    }

    /// The most tokens of text, without the model's own marks, that it reads.
    pub(crate) fn text_limit(&self) -> usize {
        self.limit - self.marks
    }

    /// How many tokens `text` has, without the model's own marks.
    pub(crate) fn count(&self, text: &str) -> usize {
        // A text that cannot be encoded counts as too long, so that it is never sent to the model.
        self.tokenizer.encode_fast(EncodeInput::from(text), false).map_or(usize::MAX, |encoding| encoding.len())
    }

    /// Where each token of `text` begins, in bytes, without the model's own marks.
    pub(crate) fn starts(&self, text: &str) -> Vec<usize> {
        match self.tokenizer.encode(EncodeInput::from(text), false) {
            Ok(encoding) => encoding.get_offsets().iter().map(|offsets| offsets.0).collect(),
            // A text that cannot be encoded counts by its characters, which is more than any model would.
            Err(_) => text.char_indices().map(|(at, _)| at).collect(),
        }
    }

    /// The numbers of the tokens of `text`, with the model's own marks, cut at its limit.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let mut encoding = self
            .tokenizer
            .encode_fast(EncodeInput::from(text), true)
            .map_err(|error| invalid(format!("its tokenizer fails on a text: {error}")))?;
        if encoding.len() > self.limit {
            let last = encoding.get_ids().last().copied();
            encoding.truncate(self.limit, 0, TruncationDirection::Right);
            let mut numbers = encoding.get_ids().to_vec();
            if let (Some(end), Some(mark)) = (numbers.last_mut(), last) {
                *end = mark; // The closing mark stays, as the model was trained.
            }
            return Ok(numbers);
        }
        Ok(encoding.get_ids().to_vec())
    }
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| invalid(format!("{name}: {error}")))
}

pub(crate) fn invalid(problem: String) -> Error {
    Error::ModelInvalid { problem }
}

/// Of the weights only the ends are hashed: all 90 MB would take longer than loading them.
fn fingerprint(whole: &[&[u8]], weights: &[u8]) -> String {
    const END: usize = 64 * 1024;
    let mut hash = Sha256::new();
    whole.iter().for_each(|bytes| hash.update(bytes));
    hash.update((weights.len() as u64).to_le_bytes());
    hash.update(&weights[..weights.len().min(END)]);
    hash.update(&weights[weights.len().saturating_sub(END)..]);
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
