//! What can go wrong, told so that a person can act on it.
//!
//! One enum for the whole library. Each variant has a stable [`code`](Error::code) that survives the way through
//! WebAssembly and out of the worker; the message says what happened, to which thing, and what to do.

/// The result of everything in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error of this library. Match on [`code`](Error::code) where the variant may change.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The messages are the documentation of the fields.
pub enum Error {
    #[error("{name} is empty: there is nothing to read in it")]
    EmptyDocument { name: String },
    #[error("{name} has no text: it is a scan or pictures only. Run text recognition (OCR) over it and add it again")]
    NoText { name: String },
    #[error(
        "{name} is not text ({found}). Carrel reads Markdown, HTML, plain text and PDF: convert it to one of these"
    )]
    NotText { name: String, found: &'static str },
    #[error("{name} is too large: {:.1} MB, and the limit is {} MB. Split it into smaller files", *bytes as f64 / 1048576.0, limit / 1048576)]
    TooLarge { name: String, bytes: usize, limit: usize },
    #[error("{name}: the format {format:?} is not known. Use markdown, html, text or pdf")]
    UnknownFormat { name: String, format: String },
    #[error(
        "the model cannot be used: {problem}. Check that the folder is a whole sentence-transformers model of the BERT family"
    )]
    ModelInvalid { problem: String },
    #[error("the index file {file} is damaged ({problem}). Build the index again, or restore the file from a copy")]
    IndexCorrupt { file: String, problem: String },
    #[error(
        "the index has format version {found}; this version of Carrel reads {supported}. {}",
        if found < supported { "Add the documents again, or build the index again" } else { "Update Carrel" }
    )]
    IndexVersion { found: u32, supported: u32 },
    #[error(
        "the index was built with the model {index}, but {model} is loaded. Open it with the model that it was built with"
    )]
    IndexModel { index: String, model: String },
    #[error("nothing has been added yet: add a document, then ask")]
    NothingIndexed,
    #[error("the question is empty: type a question")]
    QuestionEmpty,
    #[error(
        "the question has {characters} characters; the limit is {limit}. Shorten it, or add the long text as a document"
    )]
    QuestionTooLong { characters: usize, limit: usize },
    #[error("the filter cannot be used: {problem}")]
    FilterInvalid { problem: String },
    #[error("{option}: {problem}")]
    OptionInvalid { option: String, problem: String },
    #[error(
        "no answer from {url}. Is the server running at that address, and does it allow requests from this page (CORS)? For Ollama set OLLAMA_ORIGINS, for LM Studio switch CORS on, for llama.cpp start it with --cors-origins"
    )]
    ApiUnreachable { url: String },
    #[error("{url} refused the API key ({status}): {message}. Check the key in the settings")]
    ApiUnauthorized { url: String, status: u16, message: String },
    #[error(
        "{url} does not know the model {model:?} or the address is wrong ({status}): {message}. Check the model's name and the base URL, which usually ends in /v1"
    )]
    ApiModelUnknown { url: String, model: String, status: u16, message: String },
    #[error(
        "{url} is limiting the rate of requests (429): {message}. Wait {} and ask again",
        waiting(*retry_after)
    )]
    ApiRateLimited { url: String, message: String, retry_after: Option<f64> },
    #[error(
        "{url} says that what this key may use is used up ({status}): {message}. Add credit or raise the limit in the account there, or choose another API"
    )]
    ApiQuotaExceeded { url: String, status: u16, message: String },
    #[error("{url} is overloaded or not ready ({status}): {message}. Wait {} and ask again", waiting(*retry_after))]
    ApiOverloaded { url: String, status: u16, message: String, retry_after: Option<f64> },
    #[error(
        "the question with its passages is longer than the model at {url} reads ({status}): {message}. Ask with fewer passages (limit) or fewer contextTokens, or choose a model with a longer context"
    )]
    ApiContextExceeded { url: String, status: u16, message: String },
    #[error("{url} failed ({status}): {message}. This is a fault of the server: try again in a moment")]
    ApiServer { url: String, status: u16, message: String },
    #[error("{url} rejected the request ({status}): {message}")]
    ApiRejected { url: String, status: u16, message: String },
    #[error(
        "{url} sent something other than a language model's answer ({found}). Check the base URL, which usually ends in /v1"
    )]
    ApiNotJson { url: String, found: String },
    #[error("the answer from {url} broke off before its end. What came is shown; ask again for the rest")]
    ApiStreamCut { url: String },
    #[error("{file}, line {line}: {problem}")]
    DatasetInvalid { file: String, line: usize, problem: String },
    #[error(
        "{url} took too long: {problem} within {seconds} s. The server may be busy or loading its model: ask again, or allow more time by timeouts.{option}"
    )]
    ApiTimeout { url: String, problem: &'static str, option: &'static str, seconds: f64 },
    #[error(
        "not sent: the question may take {needed} {unit}, and of the budget for the {scope} {left} are left. Use fewer passages, allow a shorter answer, or raise the budget"
    )]
    BudgetExceeded { scope: &'static str, unit: &'static str, needed: f64, left: f64 },
}

impl Error {
    /// The stable name of this kind of error, in snake case, as documented in the README.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyDocument { .. } => "empty_document",
            Self::NoText { .. } => "no_text",
            Self::NotText { .. } => "not_text",
            Self::TooLarge { .. } => "too_large",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::ModelInvalid { .. } => "model_invalid",
            Self::IndexCorrupt { .. } => "index_corrupt",
            Self::IndexVersion { .. } => "index_version",
            Self::IndexModel { .. } => "index_model",
            Self::NothingIndexed => "nothing_indexed",
            Self::QuestionEmpty => "question_empty",
            Self::QuestionTooLong { .. } => "question_too_long",
            Self::FilterInvalid { .. } => "filter_invalid",
            Self::OptionInvalid { .. } => "option_invalid",
            Self::ApiUnreachable { .. } => "api_unreachable",
            Self::ApiUnauthorized { .. } => "api_unauthorized",
            Self::ApiModelUnknown { .. } => "api_model_unknown",
            Self::ApiRateLimited { .. } => "api_rate_limited",
            Self::ApiQuotaExceeded { .. } => "api_quota_exceeded",
            Self::ApiOverloaded { .. } => "api_overloaded",
            Self::ApiContextExceeded { .. } => "api_context_exceeded",
            Self::ApiServer { .. } => "api_server",
            Self::ApiRejected { .. } => "api_rejected",
            Self::ApiNotJson { .. } => "api_not_json",
            Self::ApiStreamCut { .. } => "api_stream_cut",
            Self::DatasetInvalid { .. } => "dataset_invalid",
            Self::ApiTimeout { .. } => "api_timeout",
            Self::BudgetExceeded { .. } => "budget_exceeded",
        }
    }

    /// What an API said, where it is part of the error.
    pub(crate) fn message_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::ApiUnauthorized { message, .. }
            | Self::ApiModelUnknown { message, .. }
            | Self::ApiRateLimited { message, .. }
            | Self::ApiQuotaExceeded { message, .. }
            | Self::ApiOverloaded { message, .. }
            | Self::ApiContextExceeded { message, .. }
            | Self::ApiServer { message, .. }
            | Self::ApiRejected { message, .. }
            | Self::ApiNotJson { found: message, .. } => Some(message),
            _ => None,
        }
    }

    /// How long to wait before the same may be asked again, in seconds, where an API says so.
    pub fn retry_after(&self) -> Option<f64> {
        match self {
            Self::ApiRateLimited { retry_after, .. } | Self::ApiOverloaded { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// So many seconds, in words.
fn waiting(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "a little".to_owned(), |seconds| format!("{} s", seconds.ceil() as u64))
}
