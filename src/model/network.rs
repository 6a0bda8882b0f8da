//! `config.json` → [`Architecture`]
//!
//! BERT, RoBERTa, XLM-R and CamemBERT are one network for a text alone: they were trained otherwise, and count
//! positions from another row. Others have other names and mostly other formulas (MPNet's relative positions, DeBERTa's
//! attention, ALBERT's shared layers), so only what is known by name is accepted.

use serde::Deserialize;

use super::folder::{Architecture, parse};
use super::invalid;
use crate::error::Result;

/// The names under which the network is known, and whether it counts positions from behind the padding token's number.
const KNOWN: [(&str, bool); 4] = [("bert", false), ("roberta", true), ("xlm-roberta", true), ("camembert", true)];

/// The names are those of the file; what may be left out has the value that transformers takes then.
#[derive(Deserialize)]
struct Config {
    hidden_size: usize,
    intermediate_size: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "epsilon")]
    layer_norm_eps: f64,
    #[serde(default = "gelu")]
    hidden_act: String,
    position_embedding_type: Option<String>,
    pad_token_id: Option<usize>,
    #[serde(default)]
    is_decoder: bool,
}

fn two() -> usize {
    2
}

fn epsilon() -> f64 {
    1e-12
}

fn gelu() -> String {
    "gelu".to_owned()
}

/// The shape of the network that the file describes, where it is one that is known.
///
/// # Errors
/// `model_invalid`.
pub(super) fn architecture(name: &str, bytes: &[u8]) -> Result<Architecture> {
    // Another network may have other fields: it is to be told as unknown, not as lacking some.
    #[derive(Deserialize)]
    struct Kind {
        #[serde(default)]
        model_type: String,
    }
    let kind: Kind = parse(name, bytes)?;
    let Some(&(_, counts_from_padding)) = KNOWN.iter().find(|known| known.0 == kind.model_type) else {
        let known: Vec<String> = KNOWN.iter().map(|known| format!("{:?}", known.0)).collect();
        return Err(invalid(format!("its architecture is {:?}; known are {}", kind.model_type, known.join(", "))));
    };
    let config: Config = parse(name, bytes)?;
    if config.hidden_act != "gelu" {
        return Err(invalid(format!("its activation is {:?}; known is \"gelu\"", config.hidden_act)));
    }
    if let Some(positions) = config.position_embedding_type.filter(|kind| kind != "absolute") {
        return Err(invalid(format!("its positions are {positions:?}; known are \"absolute\"")));
    }
    if config.is_decoder {
        return Err(invalid(format!("{name} says that it is a decoder; known are encoders")));
    }
    let first_position = if counts_from_padding { config.pad_token_id.unwrap_or(1).saturating_add(1) } else { 0 };
    let architecture = Architecture {
        hidden: config.hidden_size,
        intermediate: config.intermediate_size,
        heads: config.num_attention_heads,
        layers: config.num_hidden_layers,
        vocabulary: config.vocab_size,
        positions: config.max_position_embeddings,
        first_position,
        token_types: config.type_vocab_size,
        norm_epsilon: config.layer_norm_eps as f32,
    };
    architecture.check()?;
    Ok(architecture)
}
