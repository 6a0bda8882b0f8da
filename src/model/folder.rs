//! A sentence-transformers folder → what its model is
//!
//! `config.json` says what the network is ([`network`](super::network)), `modules.json` and what it names how states
//! become one vector and what stands before a text ([`modules`](super::modules)); how much text it reads stands in
//! `sentence_bert_config.json` or `tokenizer_config.json`. All of it goes into one [`Description`]. What is not known
//! is refused: a network that is nearly the right one gives vectors that look like vectors and find nothing.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{invalid, modules, network};
use crate::checksum::hexadecimal;
use crate::error::Result;

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const SENTENCE: &str = "sentence_bert_config.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";

/// The names of the files that a model's folder must hold.
pub const REQUIRED_FILES: [&str; 3] = [CONFIG, TOKENIZER, WEIGHTS];
/// The names of the files that are read where the folder has them.
pub const OPTIONAL_FILES: [&str; 5] =
    [SENTENCE, TOKENIZER_CONFIG, modules::MODULES, modules::POOLING, modules::PROMPTS];

/// Fewer tokens than these are no text.
const FEWEST_TOKENS: usize = 8;
/// Larger sizes are no model of this family: the largest have 1,024 numbers a token, 24 layers and 250,002 words. The
/// sums of a product of bytes fit 32 bits up to 133,144 inputs.
const LARGEST: usize = 1 << 17;
const MOST_LAYERS: usize = 256;

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
        let config = required(&mut file, CONFIG)?;
        let architecture = network::architecture(CONFIG, &config)?;
        let pooling = modules::pooling(&mut file)?;
        let (query_prompt, passage_prompt) = modules::prompts(&mut file)?;
        let sentence: SentenceConfig = optional(&mut file, SENTENCE)?.unwrap_or_default();
        if let Some(task) = sentence.transformer_task.filter(|task| task != "feature-extraction") {
            return Err(invalid(format!("{SENTENCE}: its task is {task:?}; known is \"feature-extraction\"")));
        }
        let tokenizer: TokenizerConfig = optional(&mut file, TOKENIZER_CONFIG)?.unwrap_or_default();
        let trained = sentence.max_seq_length.or(tokenizer.model_max_length).unwrap_or(f64::INFINITY);
        let description = Description {
            // A number without end is a usual way to say that there is none.
            token_limit: (trained as usize).min(architecture.positions - architecture.first_position),
            architecture,
            pooling: pooling.of(&query_prompt, &passage_prompt)?,
            query_prompt,
            passage_prompt,
            lower_case: sentence.do_lower_case.unwrap_or_default(),
        };
        description.check()?;
        let tokenizer = required(&mut file, TOKENIZER)?;
        let weights = required(&mut file, WEIGHTS)?;
        let fingerprint = fingerprint(&description, &tokenizer, &weights);
        Ok(Self { description, tokenizer, weights, fingerprint })
    }
}

impl Description {
    /// Whether there can be such a model, whoever wrote the description.
    ///
    /// # Errors
    /// `model_invalid`.
    pub fn check(&self) -> Result<()> {
        self.architecture.check()?;
        let readable = self.architecture.positions - self.architecture.first_position;
        if !(FEWEST_TOKENS..=readable).contains(&self.token_limit) {
            return Err(invalid(format!(
                "it reads {} tokens, which is not {FEWEST_TOKENS} to {readable}",
                self.token_limit
            )));
        }
        Ok(())
    }

    /// How many rows of the table of positions a text can reach.
    pub fn positions_reached(&self) -> usize {
        self.architecture.first_position + self.token_limit
    }
}

impl Architecture {
    /// Whether there can be such a network.
    ///
    /// # Errors
    /// `model_invalid`.
    pub(super) fn check(&self) -> Result<()> {
        for (name, size, largest) in [
            ("hidden_size", self.hidden, LARGEST),
            ("intermediate_size", self.intermediate, LARGEST),
            ("num_attention_heads", self.heads, self.hidden),
            ("num_hidden_layers", self.layers, MOST_LAYERS),
            ("vocab_size", self.vocabulary, LARGEST * 128),
            ("max_position_embeddings", self.positions, LARGEST * 8),
            ("type_vocab_size", self.token_types, LARGEST),
        ] {
            if !(1..=largest).contains(&size) {
                return Err(invalid(format!("its {name} is {size}, which is not 1 to {largest}")));
            }
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return Err(invalid(format!(
                "its hidden_size, {}, is not a multiple of its num_attention_heads, {}",
                self.hidden, self.heads
            )));
        }
        if self.first_position >= self.positions {
            return Err(invalid(format!(
                "its first position is {}, and max_position_embeddings is {}",
                self.first_position, self.positions
            )));
        }
        if !(0.0..1.0).contains(&self.norm_epsilon) {
            return Err(invalid(format!("its layer_norm_eps is {}, which is not from 0 to 1", self.norm_epsilon)));
        }
        Ok(())
    }

    /// Which row of the table of positions each token of a text takes.
    ///
    /// In RoBERTa a padding token that is written out in a text takes the padding's own row and is not counted, as in
    /// `create_position_ids_from_input_ids` of transformers' modeling_roberta.py.
    pub fn position_rows(&self, tokens: &[u32]) -> impl Iterator<Item = usize> {
        let padding = self.first_position.checked_sub(1);
        let mut next = self.first_position;
        tokens.iter().map(move |&token| match padding {
            Some(padding) if padding == token as usize => padding,
            _ => {
                next += 1;
                next - 1
            }
        })
    }
}

/// What `sentence_bert_config.json` says.
#[derive(Default, Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<f64>,
    do_lower_case: Option<bool>,
    transformer_task: Option<String>,
}

/// What of `tokenizer_config.json` matters: newer versions say there how long a text may be.
#[derive(Default, Deserialize)]
struct TokenizerConfig {
    model_max_length: Option<f64>,
}

pub(super) fn required(file: &mut impl FnMut(&str) -> Option<Vec<u8>>, name: &str) -> Result<Vec<u8>> {
    file(name).ok_or_else(|| invalid(format!("{name} is missing")))
}

pub(super) fn optional<T: DeserializeOwned>(
    file: &mut impl FnMut(&str) -> Option<Vec<u8>>,
    name: &str,
) -> Result<Option<T>> {
    file(name).map(|bytes| parse(name, &bytes)).transpose()
}

pub(super) fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T> {
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
    hexadecimal(&hash.finalize()[..8])
}
