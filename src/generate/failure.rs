//! a refused request → an error that says what to do

use crate::error::Error;

/// The error for a response whose status is not in 200…299; `body` is what came with it.
pub fn failure(url: &str, model: &str, status: u16, body: &[u8]) -> Error {
    let url = url.to_owned();
    let message = message(body);
    let lower = message.to_lowercase();
    let names_model = lower.contains("model")
        && ["not found", "does not exist", "unknown", "no such"].iter().any(|words| lower.contains(words));
    match status {
        401 | 403 => Error::ApiUnauthorized { url, status, message },
        404 => Error::ApiModelUnknown { url, model: model.to_owned(), status, message },
        400 if names_model => Error::ApiModelUnknown { url, model: model.to_owned(), status, message },
        429 => Error::ApiRateLimited { url, message },
        500.. => Error::ApiServer { url, status, message },
        _ => Error::ApiRejected { url, status, message },
    }
}

/// The error for a connection that could not be made (`began` is false) or broke while the answer came.
pub fn broken(url: &str, began: bool) -> Error {
    let url = url.to_owned();
    if began { Error::ApiStreamCut { url } } else { Error::ApiUnreachable { url } }
}

/// What the server said, in one short line.
fn message(body: &[u8]) -> String {
    let told = serde_json::from_slice::<serde_json::Value>(body).ok().and_then(|value| {
        let error = value.get(0).unwrap_or(&value); // Some wrap the object in a list.
        let error = error.get("error").unwrap_or(error);
        ["message", "detail"].iter().find_map(|name| error.get(name)).or(Some(error))?.as_str().map(str::to_owned)
    });
    let text = told.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.as_str() {
        "" => "it gave no reason".to_owned(),
        page if page.starts_with('<') => "it sent a web page instead of an answer".to_owned(),
        _ => line.chars().take(300).collect::<String>().trim_end_matches(['.', ' ']).to_owned(),
    }
}
