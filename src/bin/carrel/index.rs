//! `carrel index`: files → an index, and the browser runtime beside it.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::{Outcome, desk, files};

#[derive(clap::Args)]
pub struct Arguments {
    /// Files, and folders with Markdown, HTML and text files
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The folder to write the index to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The built npm package to copy beside the index, so that a page can search it [default: $CARREL_RUNTIME, else
    /// pkg, where `make build` puts it]
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,
    /// Write the index only
    #[arg(long, conflicts_with = "runtime")]
    no_runtime: bool,
}

pub fn run(arguments: Arguments, model: Option<&Path>) -> Result<Outcome, Failure> {
    let found = files::collect(&arguments.paths, &arguments.out)?;
    let nothing = || Failure::NothingToRead {
        paths: arguments.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
    };
    if found.sources.is_empty() {
        return Err(nothing());
    }
    let mut carrel = desk::empty(model)?;
    eprintln!("reading and embedding {} files", found.sources.len());
    let mut added = 0;
    for outcome in carrel.add_all(found.sources) {
        match outcome {
            Ok(_) => added += 1,
            Err(error) => eprintln!("left out: {error}"),
        }
    }
    for warning in carrel.entries().flat_map(|entry| &entry.document.warnings) {
        eprintln!("warning: {warning}");
    }
    if found.pdfs > 0 {
        eprintln!("left out: {} PDF files; PDF is read in the browser only", found.pdfs);
    }
    if added == 0 {
        return Err(nothing());
    }
    carrel.optimize();
    let chunks: usize = carrel.entries().map(|entry| entry.chunks.len()).sum();
    write(&arguments.out, carrel.save())?;
    eprintln!("{added} documents, {chunks} passages → {}", arguments.out.display());
    if !arguments.no_runtime {
        copy_runtime(arguments.runtime.as_deref(), &arguments.out)?;
    }
    Ok(Outcome::Done)
}

/// The manifest comes last and takes its place at once, so that a broken attempt never looks whole.
fn write(out: &Path, index: Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
    std::fs::create_dir_all(out).map_err(|error| Failure::file(out, &error))?;
    for (name, bytes) in index {
        let path = out.join(&name);
        let partial = out.join(format!("{name}.partial"));
        std::fs::write(&partial, bytes).map_err(|error| Failure::file(&partial, &error))?;
        std::fs::rename(&partial, &path).map_err(|error| Failure::file(&path, &error))?;
    }
    Ok(())
}

fn copy_runtime(given: Option<&Path>, out: &Path) -> Result<(), Failure> {
    const FACE: &str = "carrel.js";
    let from_environment = std::env::var_os("CARREL_RUNTIME").map(PathBuf::from);
    let named = given.map(Path::to_path_buf).or(from_environment);
    let beside_us = || std::env::current_exe().ok().and_then(|exe| Some(exe.ancestors().nth(3)?.join("pkg")));
    let candidates = match &named {
        Some(folder) => vec![folder.clone()],
        None => [PathBuf::from("pkg")].into_iter().chain(beside_us()).collect(),
    };
    let Some(runtime) = candidates.into_iter().find(|folder| folder.join(FACE).is_file()) else {
        return match named {
            Some(folder) => Err(Failure::File {
                path: folder.display().to_string(),
                problem: format!("{FACE} is not in this folder"),
                remedy: "Run `make build` and name its pkg folder",
            }),
            None => {
                eprintln!(
                    "the browser runtime was not found and is not beside the index: run `make build`, or name it by --runtime"
                );
                Ok(())
            }
        };
    };
    for entry in walkdir::WalkDir::new(&runtime) {
        let entry = entry.map_err(|error| Failure::file(&runtime, &error.into()))?;
        let relative = entry.path().strip_prefix(&runtime).unwrap_or(entry.path());
        let target = out.join(relative);
        let copied = match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(&target),
            false => std::fs::copy(entry.path(), &target).map(|_| ()),
        };
        copied.map_err(|error| Failure::file(&target, &error))?;
    }
    eprintln!("the browser runtime → {}", out.join(FACE).display());
    Ok(())
}
