//! `carrel model prepare`: a sentence-transformers folder → one file for the browser.

use std::path::PathBuf;

use carrel::model::{PREPARED_FILE, REQUIRED_FILES};

use crate::Outcome;
use crate::failure::Failure;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make one file of a sentence-transformers folder, with its weights as bytes: a quarter of the size, and faster
    Prepare(Prepare),
}

#[derive(clap::Args)]
struct Prepare {
    /// The folder, with config.json, tokenizer.json and model.safetensors
    folder: PathBuf,
    /// The file to write [default: model.carrel in the folder, where it is read instead of the others]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let Command::Prepare(Prepare { folder, out }) = arguments.command;
    if !folder.is_dir() {
        return Err(Failure::File {
            path: folder.display().to_string(),
            problem: "there is no model in this folder".into(),
            remedy: "Name a sentence-transformers folder",
        });
    }
    // A file that is there and cannot be read is not the same as one that is missing.
    for name in REQUIRED_FILES {
        let path = folder.join(name);
        std::fs::File::open(&path).map_err(|error| Failure::file(&path, &error))?;
    }
    let file = carrel::embed::prepare(|name| std::fs::read(folder.join(name)).ok())?;
    let out = out.unwrap_or_else(|| folder.join(PREPARED_FILE));
    let partial = out.with_extension("partial");
    std::fs::write(&partial, &file).map_err(|error| Failure::file(&partial, &error))?;
    std::fs::rename(&partial, &out).map_err(|error| Failure::file(&out, &error))?;
    eprintln!("{} → {} ({:.1} MB)", folder.display(), out.display(), file.len() as f64 / 1e6);
    Ok(Outcome::Done)
}
