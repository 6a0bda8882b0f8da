//! A sentence-transformers folder → what its model is
//!
//! `config.json` says what the network is, `modules.json` and the pooling's config how its states become one vector,
//! `sentence_bert_config.json` how much text it was trained to read, `config_sentence_transformers.json` what stands
//! before a question and before a passage. All of it goes into one [`Description`].

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::invalid;
use crate::error::Result;

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const SENTENCE: &str = "sentence_bert_config.json";
const POOLING: &str = "1_Pooling/config.json";
const PROMPTS: &str = "config_sentence_transformers.json";

/// The names of the files that a model's folder must hold.
pub const REQUIRED_FILES: [&str; 3] = [CONFIG, TOKENIZER, WEIGHTS];
/// The names of the files that are read where the folder has them.
pub const OPTIONAL_FILES: [&str; 3] = [SENTENCE, POOLING, PROMPTS];

/// What a model is, beside its weights and its words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    pub architecture: Architecture,
    pub pooling: Pooling,
    /// What stands before a question, such as "query: ".
    pub query_prompt: String,
    /// What stands before a passage, such as "passage: ".
    pub passage_prompt: String,
    /// The most tokens that it reads, with the model's own marks and the prompt.
    pub token_limit: usize,
    /// Whether text is turned to lower case before the tokenizer sees it.
    pub lower_case: bool,
}

/// The shape of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Architecture {
    pub hidden: usize,
    pub intermediate: usize,
    pub heads: usize,
    pub layers: usize,
    pub vocabulary: usize,
    /// The rows of the table of positions.
    pub positions: usize,
    /// The row of the first token: 0 in BERT; one past the padding token's number in RoBERTa and its kin.
    pub first_position: usize,
    pub token_types: usize,
    pub norm_epsilon: f32,
}

/// How the states of a text's tokens become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pooling {
    /// Their mean.
    Mean,
    /// The first token's state.
    Cls,
}

/// What a folder holds, before it is made ready to compute.
pub(crate) struct Parts {
    pub description: Description,
    /// The bytes of `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// The bytes of `model.safetensors`.
    pub weights: Vec<u8>,
    pub fingerprint: String,
}

impl Parts {
    /// Reads the folder; `file` gives the bytes of one of its files, or nothing where it has none of that name.
    ///
    /// # Errors
    /// `model_invalid`: a file is missing or damaged, or says something that is not known.
    pub fn read(mut file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Self> {
        let mut required = |name: &str| file(name).ok_or_else(|| invalid(format!("{name} is missing")));
        let config: Config = parse(CONFIG, &required(CONFIG)?)?;
        let tokenizer = required(TOKENIZER)?;
        let weights = required(WEIGHTS)?;
        let architecture = config.architecture()?;
        let mut token_limit = architecture.positions;
        if let Some(bytes) = file(SENTENCE) {
            token_limit = token_limit.min(parse::<SentenceConfig>(SENTENCE, &bytes)?.max_seq_length);
        }
        if token_limit < 8 {
            return Err(invalid(format!("it reads only {token_limit} tokens")));
        }
        if let Some(bytes) = file(POOLING)
            && !parse::<PoolingConfig>(POOLING, &bytes)?.pooling_mode_mean_tokens
        {
            return Err(invalid("its pooling is not the mean over tokens, which is the only one known".into()));
        }
        let mut prompts = Prompts::default();
        if let Some(bytes) = file(PROMPTS) {
            prompts = parse(PROMPTS, &bytes)?;
        }
        let description = Description {
            architecture,
            pooling: Pooling::Mean,
            query_prompt: prompts.prompts.remove("query").unwrap_or_default(),
            passage_prompt: prompts.prompts.remove("passage").unwrap_or_default(),
            token_limit,
            lower_case: false,
        };
        let fingerprint = fingerprint(&description, &tokenizer, &weights);
        Ok(Self { description, tokenizer, weights, fingerprint })
    }
}

/// What `config.json` says of a BERT encoder; the names are those of the file.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f64,
    hidden_act: String,
}

impl Config {
    fn architecture(self) -> Result<Architecture> {
        if self.model_type != "bert" {
            return Err(invalid(format!("its architecture is {:?}; known is \"bert\"", self.model_type)));
        }
        if self.hidden_act != "gelu" {
            return Err(invalid(format!("its activation is {:?}; known is \"gelu\"", self.hidden_act)));
        }
        if self.hidden_size == 0 || self.type_vocab_size == 0 {
            return Err(invalid("hidden_size and type_vocab_size must not be 0".into()));
        }
        if self.num_attention_heads == 0 || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(invalid("hidden_size is not a multiple of num_attention_heads".into()));
        }
        Ok(Architecture {
            hidden: self.hidden_size,
            intermediate: self.intermediate_size,
            heads: self.num_attention_heads,
            layers: self.num_hidden_layers,
            vocabulary: self.vocab_size,
            positions: self.max_position_embeddings,
            first_position: 0,
            token_types: self.type_vocab_size,
            norm_epsilon: self.layer_norm_eps as f32,
        })
    }
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prompts {
    prompts: BTreeMap<String, String>,
}

fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| invalid(format!("{name}: {error}")))
}

/// Of the weights only the ends are hashed: all 90 MB would take longer than loading them.
fn fingerprint(description: &Description, tokenizer: &[u8], weights: &[u8]) -> String {
    const END: usize = 64 * 1024;
    let mut hash = Sha256::new();
    hash.update(format!("{description:?}"));
    hash.update(tokenizer);
    hash.update((weights.len() as u64).to_le_bytes());
    hash.update(&weights[..weights.len().min(END)]);
    hash.update(&weights[weights.len().saturating_sub(END)..]);
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
