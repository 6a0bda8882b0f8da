//! No arrow runs up: which module may import which.

use std::collections::BTreeSet;
use std::path::Path;

use crate::desk::project;
use crate::rust_paths::{paths, words};

/// The floors of DESIGN.md, from the ground up.
const FLOORS: &[&[&str]] = &[
    &["error", "order"],
    &["checksum", "document", "language", "vector", "model"],
    &["ingest", "chunk", "embed", "index", "prompt"],
    &["retrieve", "generate", "ground"],
    &["carrel"],
    &["web", "evaluate"],
];
/// The floors on which modules must not know one another, with what is allowed all the same.
const STAGES: std::ops::RangeInclusive<usize> = 2..=3;
const BETWEEN_STAGES: &[(&str, &str)] = &[("retrieve", "index"), ("generate", "prompt")];

/// What only the edges may touch.
const OUTSIDE: &[&str] = &["fs", "net", "time", "env", "process"];
const BROWSER: &[&str] = &["wasm_bindgen", "js_sys", "web_sys", "serde_wasm_bindgen"];

/// An import of a module of ours by another.
type Arrow = (String, String);

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Which of our modules the source of `module` (its path within the crate) imports.
fn arrows(module: &[&str], source: &str) -> Result<BTreeSet<Arrow>, String> {
    let mut found = BTreeSet::new();
    for path in paths(source, &["crate", "super", "self"]) {
        let mut at: Vec<&str> = if path[0] == "crate" { Vec::new() } else { module.to_vec() };
        for segment in &path {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => drop(at.pop()),
                name => at.push(name),
            }
        }
        match at.first() {
            Some(&"*") => return Err(format!("{} imports all of the crate's root", module.join("::"))),
            Some(&to) if to != module[0] => {
                found.insert((module[0].to_owned(), to.to_owned()));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// What is wrong with an arrow, if anything.
fn objection((from, to): &Arrow) -> Option<String> {
    let (Some(lower), Some(upper)) = (floor(from), floor(to)) else {
        return Some(format!("{from} → {to}: one of them stands on no floor (import from the defining module)"));
    };
    let stages = STAGES.contains(&lower) && STAGES.contains(&upper);
    if upper > lower {
        Some(format!("{from} → {to}: an arrow runs up"))
    } else if stages && !BETWEEN_STAGES.contains(&(from.as_str(), to.as_str())) {
        Some(format!("{from} → {to}: stages do not know one another"))
    } else {
        None
    }
}

/// Every source file with the path of its module; the program's begin with `bin`.
fn sources() -> Vec<(Vec<String>, String)> {
    fn collect(folder: &Path, module: &[String], found: &mut Vec<(Vec<String>, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let mut inside = module.to_vec();
            inside.extend((name != "mod" && name != "lib").then_some(name));
            if path.is_dir() {
                collect(&path, &inside, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((inside, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(&project("src"), &[], &mut found);
    found
}

fn library() -> impl Iterator<Item = (Vec<String>, String)> {
    sources().into_iter().filter(|(module, _)| module.first().is_some_and(|first| first != "bin"))
}

fn arrows_of(module: &[String], source: &str) -> BTreeSet<Arrow> {
    let module: Vec<&str> = module.iter().map(String::as_str).collect();
    arrows(&module, source).unwrap_or_else(|problem| panic!("{problem}"))
}

#[test]
fn no_module_imports_from_a_floor_above_it_and_stages_do_not_know_one_another() {
    let all: BTreeSet<Arrow> = library().flat_map(|(module, source)| arrows_of(&module, &source)).collect();
    let objections: Vec<String> = all.iter().filter_map(objection).collect();
    assert!(objections.is_empty(), "{objections:#?}");
    // It looked in the right places.
    for (from, to) in [("retrieve", "index"), ("generate", "prompt"), ("carrel", "ground"), ("evaluate", "carrel")] {
        assert!(all.contains(&(from.to_owned(), to.to_owned())), "{from} → {to} was not seen");
    }
}

#[test]
fn every_module_stands_on_a_floor() {
    for (module, _) in library() {
        assert!(floor(&module[0]).is_some(), "{} is on no floor: give it one in floors.rs", module[0]);
    }
    let there: BTreeSet<String> = library().map(|(module, _)| module[0].clone()).collect();
    for module in FLOORS.iter().copied().flatten() {
        assert!(there.contains(*module), "{module} is on a floor, but not in src");
    }
}

#[test]
fn the_browsers_libraries_are_used_in_web_only() {
    let uses = |source: &str| words(source).into_iter().find(|word| BROWSER.contains(&word.as_str()));
    for (module, source) in sources().into_iter().filter(|(module, _)| module.first().is_none_or(|it| it != "web")) {
        assert_eq!(uses(&source), None, "in {}", module.join("::"));
    }
    assert!(sources().iter().any(|(_, source)| uses(source).is_some()), "none is used at all");
}

#[test]
fn the_core_reads_no_file_no_clock_no_network_and_no_environment() {
    for (module, source) in sources().into_iter().filter(|(module, _)| module.first().is_none_or(|it| it != "bin")) {
        assert_eq!(outside(&source), Vec::<String>::new(), "in {}", module.join("::"));
    }
    assert!(sources().iter().any(|(_, source)| !outside(source).is_empty()), "the program reads no file?");
}

fn outside(source: &str) -> Vec<String> {
    let through = |path: &Vec<String>| path.get(1).is_some_and(|part| OUTSIDE.contains(&part.as_str()) || part == "*");
    paths(source, &["std"]).iter().filter(|path| through(path)).map(|path| path.join("::")).collect()
}

#[test]
fn the_checker_catches_imports_that_are_planted() {
    let objections = |module: &[&str], source: &str| -> Vec<String> {
        let arrows = arrows(module, source).unwrap_or_else(|problem| panic!("{problem}"));
        arrows.iter().filter_map(objection).collect()
    };
    for (module, source) in [
        (&["vector"][..], "use crate::carrel::Carrel;"),
        (&["index", "keywords"], "use crate::{error::Error, retrieve::{self as other, Hit}};"),
        (&["chunk"], "use super::embed::Embedder;"),
        (&["index", "format"], "fn f() -> u8 { super::super::ingest::LARGEST }"),
        (&["language"], "fn f() { let x = crate::web::y::<u8>(); }"),
        (&["prompt"], "use crate::generate::Api;"),
        (&["ground"], "use crate::retrieve::Hit;"),
        (&["error"], "use crate::document::Span;"),
        (&["model"], "use crate::Reexported;"),
        (&["model"], "const C: char = '\"'; use crate::index::Index; const D: &str = \"\";"),
        (&["model"], "fn f<'a>(x: &'a str) -> char { 'a' } use crate::index::Index;"),
    ] {
        assert_eq!(objections(module, source).len(), 1, "{source}");
    }
    for (module, source) in [
        (&["retrieve"][..], "use crate::index::Index; use self::fuse::fuse; pub(super) fn f() {}"),
        (&["generate", "openai"], "use super::{Event, failure}; use crate::prompt::Prompt;"),
        (&["vector"], "// use crate::carrel::Carrel;\n/* /* */ crate::web::x */ const S: &str = \"crate::web::x\";"),
        (&["vector"], "const S: &str = r#\"crate::web::x\"#; #[cfg(test)] mod tests { use crate::carrel::Carrel; }"),
    ] {
        assert_eq!(objections(module, source), Vec::<String>::new(), "{source}");
    }
    assert!(arrows(&["chunk"], "use super::*;").is_err());
    assert_eq!(outside("use std::{fmt, time::Instant}; fn f() { std::fs::read(x); ::std::env::var(y); }").len(), 3);
    assert!(outside("use std::{fmt, collections::HashMap}; // std::fs::read").is_empty());
    assert!(words("fn f() { wasm_bindgen::intern(x) }").contains(&"wasm_bindgen".to_owned()));
}
