//! Paths → documents to read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use carrel::document::Metadata;
use carrel::ingest::{Content, Source};
use walkdir::WalkDir;

use crate::failure::Failure;

/// What was found under the paths.
#[derive(Default)]
pub struct Found {
    pub sources: Vec<Source>,
    /// Why others were left out.
    pub left_out: Vec<String>,
    /// PDFs, which are read in the browser only.
    pub pdfs: usize,
    ids: HashSet<String>,
}

/// Collects the documents under `paths`, in order of name. `out` is where the index goes: nothing in it is a
/// document, and a folder that it lies in is taken for a site, whose pages have addresses.
pub fn collect(paths: &[PathBuf], out: &Path) -> Result<Found, Failure> {
    let mut found = Found::default();
    let out = absolute(out)?;
    let several = paths.len() > 1;
    for path in paths {
        let meta = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?;
        if meta.is_file() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            found.take(read(path, name, None));
            continue;
        }
        let is_site = out.starts_with(absolute(path)?);
        let hidden =
            |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
        let walk = WalkDir::new(path).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| !hidden(entry) && !absolute(entry.path()).is_ok_and(|at| at == out)) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    found.left_out.push(error.to_string());
                    continue;
                }
            };
            if entry.path_is_symlink() {
                found.left_out.push(format!("{} is a link: name it by itself", entry.path().display()));
            }
            if !entry.file_type().is_file() {
                continue;
            }
            let extension = entry.path().extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default();
            if !["md", "markdown", "mdx", "mkd", "html", "htm", "xhtml", "txt", "text"].contains(&extension.as_str()) {
                found.pdfs += usize::from(extension == "pdf");
                continue;
            }
            let relative = entry.path().strip_prefix(path).unwrap_or(entry.path());
            let id = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            let url = is_site.then(|| address(&id));
            // Two folders may hold files of the same name.
            let id = if several { format!("{}/{id}", path.display()) } else { id };
            found.take(read(entry.path(), id, url));
        }
    }
    Ok(found)
}

impl Found {
    fn take(&mut self, read: Result<Source, Failure>) {
        match read {
            Ok(source) if !self.ids.insert(source.id.clone()) => {
                self.left_out.push(format!("{} is there already, from another folder", source.id));
            }
            Ok(source) => self.sources.push(source),
            Err(failure) => self.left_out.push(failure.to_string()),
        }
    }
}

fn read(path: &Path, id: String, url: Option<String>) -> Result<Source, Failure> {
    let size = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
    carrel::ingest::check_size(&id, usize::try_from(size).unwrap_or(usize::MAX), false)?;
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    let content = Content::Bytes(bytes);
    Ok(Source {
        name: id.clone(),
        id,
        title: None,
        url,
        format: None,
        metadata: Metadata::new(),
        warnings: Vec::new(),
        language: None,
        content,
    })
}

/// The address of a page of a site, from the site's root.
fn address(id: &str) -> String {
    let page = id.strip_suffix("index.html").filter(|folder| folder.is_empty() || folder.ends_with('/')).unwrap_or(id);
    let escaped: String = page
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("/{escaped}")
}

pub fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    // The folder may not exist yet; then its nearest ancestor that does is resolved.
    let path = std::path::absolute(path).map_err(|error| Failure::file(path, &error))?;
    let existing = path.ancestors().find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)));
    Ok(match existing {
        Some((ancestor, resolved)) => resolved.join(path.strip_prefix(ancestor).unwrap_or(Path::new(""))),
        None => path,
    })
}
