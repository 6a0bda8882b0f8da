//! `modules.json` and the files that it names → how states become one vector, and what stands before a text
//!
//! sentence-transformers strings modules together. Known are the three that nearly all its models have: the network,
//! the pooling and the normalising, which is done here in any case, since only directions are compared.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::folder::{Pooling, optional, parse, required};
use super::invalid;
use crate::error::Result;

pub(super) const MODULES: &str = "modules.json";
pub(super) const POOLING: &str = "1_Pooling/config.json";
pub(super) const PROMPTS: &str = "config_sentence_transformers.json";

const KNOWN: [&str; 3] = ["Transformer", "Pooling", "Normalize"];
/// The keys under which the prompt of a passage is found, the first that is there.
const PASSAGE: [&str; 3] = ["document", "passage", "corpus"];
const QUERY: [&str; 1] = ["query"];

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The pooling of a folder, and whether it looks at the prompt's tokens, too.
pub(super) struct Found {
    pooling: Pooling,
    includes_prompt: bool,
}

impl Found {
    /// The pooling, for these prompts.
    ///
    /// # Errors
    /// `model_invalid` where the prompt is left out of it, which is not known.
    pub(super) fn of(self, query_prompt: &str, passage_prompt: &str) -> Result<Pooling> {
        match self.includes_prompt || (query_prompt.is_empty() && passage_prompt.is_empty()) {
            true => Ok(self.pooling),
            false => Err(invalid("its pooling leaves out the prompt (include_prompt), which is not known".into())),
        }
    }
}

/// How states become one vector.
///
/// # Errors
/// `model_invalid` where it is done in a way that is not known.
pub(super) fn pooling(file: &mut impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Found> {
    let Some(modules) = optional::<Vec<Module>>(file, MODULES)? else {
        // Without modules sentence-transformers takes the mean.
        return match file(POOLING) {
            Some(bytes) => pooling_of(POOLING, &bytes),
            None => Ok(Found { pooling: Pooling::Mean, includes_prompt: true }),
        };
    };
    let kinds: Vec<&str> = modules.iter().map(|module| module.kind.rsplit('.').next().unwrap_or_default()).collect();
    let is_ours = |module: &Module| module.kind.starts_with("sentence_transformers.");
    if !(kinds == KNOWN || kinds == KNOWN[..2]) || !modules.iter().all(is_ours) {
        let names: Vec<&str> = modules.iter().map(|module| module.kind.as_str()).collect();
        return Err(invalid(format!(
            "{MODULES} strings together {}; known are {} in this order, the last if need be",
            if names.is_empty() { "nothing".to_owned() } else { names.join(", ") },
            KNOWN.join(", ")
        )));
    }
    if !modules[0].path.is_empty() {
        let path = &modules[0].path;
        return Err(invalid(format!("its network is in the folder {path:?}; known is the folder of {MODULES}")));
    }
    let name = format!("{}/config.json", modules[1].path);
    let bytes = required(file, &name)?;
    pooling_of(&name, &bytes)
}

/// What the pooling's config says; older ones have a flag for each mode, newer ones a name.
fn pooling_of(name: &str, bytes: &[u8]) -> Result<Found> {
    let config: Map<String, Value> = parse(name, bytes)?;
    let modes: Vec<String> = match config.get("pooling_mode") {
        Some(Value::String(mode)) => vec![mode.clone()],
        Some(Value::Array(modes)) => {
            modes.iter().map(|mode| mode.as_str().map_or_else(|| mode.to_string(), str::to_owned)).collect()
        }
        Some(other) => vec![other.to_string()],
        None => {
            let flags = || config.iter().filter_map(|(key, value)| Some((key.strip_prefix("pooling_mode_")?, value)));
            let set = flags().filter(|(_, value)| **value == Value::Bool(true));
            let name = |flag: &str| flag.trim_end_matches("_tokens").trim_end_matches("_token").to_owned();
            match flags().next() {
                None => vec!["mean".to_owned()],
                Some(_) => set.map(|(flag, _)| name(flag)).collect(),
            }
        }
    };
    let pooling = match modes.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["mean"] => Pooling::Mean,
        ["cls"] => Pooling::Cls,
        _ => {
            let found = if modes.is_empty() { "none".to_owned() } else { format!("{:?}", modes.join(" and ")) };
            return Err(invalid(format!("{name}: its pooling is {found}; known are \"mean\" and \"cls\"")));
        }
    };
    let includes_prompt = config.get("include_prompt").and_then(Value::as_bool).unwrap_or(true);
    Ok(Found { pooling, includes_prompt })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prompts {
    model_type: Option<String>,
    prompts: BTreeMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

/// What stands before a question and before a passage.
///
/// As sentence-transformers' `encode_query` and `encode_document` choose it, but that an empty "document", which they
/// write into every folder, does not hide a "passage". The default is for what has no prompt of its own.
///
/// # Errors
/// `model_invalid`.
pub(super) fn prompts(file: &mut impl FnMut(&str) -> Option<Vec<u8>>) -> Result<(String, String)> {
    let found: Prompts = optional(file, PROMPTS)?.unwrap_or_default();
    if let Some(kind) = found.model_type.filter(|kind| kind != "SentenceTransformer") {
        return Err(invalid(format!("{PROMPTS}: it is a {kind}; known is \"SentenceTransformer\"")));
    }
    let default = found.default_prompt_name.as_deref();
    if let Some(name) = default.filter(|name| !found.prompts.contains_key(*name)) {
        return Err(invalid(format!("{PROMPTS}: its default prompt is {name:?}, and it has none of that name")));
    }
    let of = |name: &str| found.prompts.get(name).map(|prompt| prompt.as_deref().unwrap_or_default());
    let choose = |own: &[&str], others: &[&str]| -> String {
        let there: Vec<&str> = own.iter().filter_map(|name| of(name)).collect();
        let first = there.iter().copied().find(|prompt| !prompt.is_empty());
        // The prompt of a question is not that of a passage, though it be the default.
        let default = || default.filter(|name| there.is_empty() && !others.contains(name)).and_then(of);
        first.or_else(default).unwrap_or_default().to_owned()
    };
    Ok((choose(&QUERY, &PASSAGE), choose(&PASSAGE, &QUERY)))
}
