//! `carrel index`: files → an index, and the browser runtime beside it.

use std::path::{Path, PathBuf};

use carrel::index::{MANIFEST, file_names};

use crate::failure::Failure;
use crate::search::one_line;
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
    let runtime = match arguments.no_runtime {
        true => None,
        false => runtime(arguments.runtime.as_deref(), &arguments.out)?,
    };
    let found = files::collect(&arguments.paths, &arguments.out)?;
    let left_out = |reason: &str| eprintln!("left out: {}", one_line(reason));
    found.left_out.iter().for_each(|reason| left_out(reason));
    if found.pdfs > 0 {
        left_out(&format!("{} PDF files; PDF is read in the browser only", found.pdfs));
    }
    let nothing = || Failure::NothingToRead {
        paths: arguments.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
    };
    if found.sources.is_empty() {
        return Err(nothing());
    }
    let mut carrel = desk::empty(model)?;
    eprintln!("reading and embedding {} files", found.sources.len());
    for error in carrel.add_all(found.sources).into_iter().filter_map(Result::err) {
        left_out(&error.to_string());
    }
    for warning in carrel.entries().flat_map(|entry| &entry.document.warnings) {
        eprintln!("warning: {}", one_line(warning));
    }
    let documents = carrel.entries().count();
    if documents == 0 {
        return Err(nothing());
    }
    carrel.optimize();
    let chunks: usize = carrel.entries().map(|entry| entry.chunks.len()).sum();
    write(&arguments.out, carrel.save())?;
    eprintln!("{documents} documents, {chunks} passages → {}", arguments.out.display());
    match runtime {
        Some(runtime) => copy_runtime(&runtime, &arguments.out)?,
        None if arguments.no_runtime => {}
        None => eprintln!(
            "the browser runtime was not found and is not beside the index: run `make build`, or name it by --runtime"
        ),
    }
    Ok(Outcome::Done)
}

/// The manifest comes last and takes its place at once, so that a broken attempt never looks whole. What an earlier
/// index left is removed after that.
fn write(out: &Path, index: Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
    std::fs::create_dir_all(out).map_err(|error| Failure::file(out, &error))?;
    let before = std::fs::read(out.join(MANIFEST)).ok().and_then(|manifest| file_names(&manifest).ok());
    let names: Vec<String> = index.iter().map(|(name, _)| name.clone()).collect();
    for (name, bytes) in index {
        let path = out.join(&name);
        let partial = out.join(format!("{name}.partial"));
        std::fs::write(&partial, bytes).map_err(|error| Failure::file(&partial, &error))?;
        std::fs::rename(&partial, &path).map_err(|error| Failure::file(&path, &error))?;
    }
    for name in before.into_iter().flatten().filter(|name| !names.contains(name)) {
        let path = out.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::file(&path, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// The folder of the browser runtime, if there is one.
fn runtime(given: Option<&Path>, out: &Path) -> Result<Option<PathBuf>, Failure> {
    const FACE: &str = "carrel.js";
    let from_environment = || std::env::var_os("CARREL_RUNTIME").map(PathBuf::from);
    let named = given.map(Path::to_path_buf).or_else(from_environment);
    let beside_us = || std::env::current_exe().ok().and_then(|exe| Some(exe.ancestors().nth(3)?.join("pkg")));
    let candidates = match &named {
        Some(folder) => vec![folder.clone()],
        None => [PathBuf::from("pkg")].into_iter().chain(beside_us()).collect(),
    };
    let found = candidates.into_iter().find(|folder| folder.join(FACE).is_file());
    match (&found, named) {
        (None, Some(folder)) => Err(Failure::File {
            path: folder.display().to_string(),
            problem: format!("{FACE} is not in this folder"),
            remedy: "Run `make build` and name its pkg folder",
        }),
        // Copied onto itself, a file is lost; copied into itself, a folder has no end.
        (Some(folder), _) if files::absolute(out)?.starts_with(files::absolute(folder)?) => Err(Failure::File {
            path: out.display().to_string(),
            problem: format!("it lies in the browser runtime's folder, {}", folder.display()),
            remedy: "Choose another folder for --out",
        }),
        _ => Ok(found),
    }
}

fn copy_runtime(runtime: &Path, out: &Path) -> Result<(), Failure> {
    for entry in walkdir::WalkDir::new(runtime) {
        let entry = entry.map_err(|error| Failure::file(runtime, &error.into()))?;
        let relative = entry.path().strip_prefix(runtime).unwrap_or(entry.path());
        let target = out.join(relative);
        let copied = match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(&target),
            false => std::fs::copy(entry.path(), &target).map(|_| ()),
        };
        copied.map_err(|error| Failure::file(&target, &error))?;
    }
    eprintln!("the browser runtime → {}", out.join("carrel.js").display());
    Ok(())
}
