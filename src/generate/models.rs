//! an API's list of models → their names

use serde_json::Value;

use super::Api;
use super::failure::{self, failure_of};
use crate::error::{Error, Result};

/// The names of the models that write text, in the order of the list; `url` is for messages.
///
/// # Errors
/// `api_not_json` where this is no list of models; the errors of [`failure`](super::failure()) where it is an error.
pub fn models(api: Api, url: &str, body: &[u8]) -> Result<Vec<String>> {
    let list: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(error) = failure::reported(&list) {
        return Err(failure_of(url, "", error, failure::status_of(error), &|_| None));
    }
    let (field, name) = if api == Api::Gemini { ("models", "name") } else { ("data", "id") };
    let models = match &list[field] {
        Value::Array(models) => models.as_slice(),
        Value::Null if list.get(field).is_some() => &[], // So Ollama says that it has none.
        _ => return Err(Error::ApiNotJson { url: url.to_owned(), found: failure::beginning(body) }),
    };
    // Only Gemini tells what a model is for.
    let writes = |model: &&Value| match model["supportedGenerationMethods"].as_array() {
        Some(methods) => methods.iter().any(|method| method == "generateContent"),
        None => true,
    };
    let name = |model: &Value| {
        let name = model[name].as_str()?;
        Some(name.strip_prefix("models/").unwrap_or(name).to_owned())
    };
    Ok(models.iter().filter(writes).filter_map(name).collect())
}
