//! What can go wrong at the edge: the library's errors and those of files.

use std::io;
use std::path::Path;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Carrel(#[from] carrel::error::Error),
    #[error("{path}: {problem}. {remedy}")]
    File { path: String, problem: String, remedy: &'static str },
    #[error("no readable document in {paths}. Carrel reads Markdown, HTML and plain text here, and PDF in the browser")]
    NothingToRead { paths: String },
    #[error("the output was closed")]
    OutputClosed,
}

impl Failure {
    /// A file that could not be read or written.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "Check the path",
            io::ErrorKind::PermissionDenied => "Check who may read or write it",
            io::ErrorKind::StorageFull => "Make room on the disk and try again",
            _ => "Check the path and try again",
        };
        Self::File { path: path.display().to_string(), problem: error.to_string(), remedy }
    }
}

/// Prints to stdout; a pipe that was closed is no panic.
pub fn print(text: &str) -> Result<(), Failure> {
    use io::Write;
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|_| Failure::OutputClosed)
}
