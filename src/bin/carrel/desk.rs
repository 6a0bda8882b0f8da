//! The model and the index from disk.

use std::path::{Path, PathBuf};
use std::time::Instant;

use carrel::carrel::Carrel;
use carrel::model::{Model, PREPARED_FILE};

use crate::failure::Failure;

const DEFAULT_MODEL: &str = "models/all-MiniLM-L6-v2";

/// A desk with nothing in it.
pub fn empty(model: Option<&Path>) -> Result<Carrel, Failure> {
    let folder = model
        .map(Path::to_path_buf)
        .or_else(|| std::env::var_os("CARREL_MODEL").map(PathBuf::from))
        .unwrap_or_else(|| DEFAULT_MODEL.into());
    if !folder.is_dir() {
        return Err(Failure::File {
            path: folder.display().to_string(),
            problem: "there is no model in this folder".into(),
            remedy: "Run `make model`, or name a sentence-transformers folder by --model or CARREL_MODEL",
        });
    }
    let mut prepared = std::fs::read(folder.join(PREPARED_FILE)).ok();
    if let Some(file) = &prepared {
        carrel::model::verify(file)?;
    }
    let mut carrel = Carrel::new(Model::read(|name| match name {
        PREPARED_FILE => prepared.take(),
        _ => std::fs::read(folder.join(name)).ok(),
    })?)?;
    let beginning = Instant::now();
    carrel.set_clock(move || beginning.elapsed().as_secs_f64() * 1000.0);
    Ok(carrel)
}

/// A desk with a saved index.
pub fn open(model: Option<&Path>, index: &Path) -> Result<Carrel, Failure> {
    if !index.join(carrel::index::MANIFEST).is_file() {
        return Err(Failure::File {
            path: index.display().to_string(),
            problem: "there is no index in this folder".into(),
            remedy: "Make one: carrel index PATH --out DIR",
        });
    }
    let mut carrel = empty(model)?;
    carrel.open(|name| std::fs::read(index.join(name)).ok())?;
    Ok(carrel)
}
