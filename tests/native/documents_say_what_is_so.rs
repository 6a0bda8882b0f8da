//! What the documents promise is there: links lead somewhere, and every error has its line.

use std::path::Path;

use pulldown_cmark::{Event, Parser, Tag};

use crate::desk::project;

const DOCUMENTS: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "pkg/README.md"];

fn text(name: &str) -> String {
    std::fs::read_to_string(project(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where the links and pictures of a Markdown text lead to, those of its HTML included.
fn links(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => found.push(dest_url.to_string()),
            Event::Html(html) | Event::InlineHtml(html) => {
                let named = ["href=\"", "src=\""].iter().flat_map(|name| html.split(name).skip(1));
                found.extend(named.filter_map(|rest| rest.split_once('"')).map(|(link, _)| link.to_owned()));
            }
            _ => {}
        }
    }
    found
}

/// The anchors of a text's headings, as GitHub makes them.
fn anchors(markdown: &str) -> Vec<String> {
    let document = crate::desk::document(carrel::document::Format::Markdown, markdown);
    let anchor = |title: &str| -> String {
        let kept =
            title.to_lowercase().chars().filter(|it| it.is_alphanumeric() || " -_".contains(*it)).collect::<String>();
        kept.replace(' ', "-")
    };
    document.outline.iter().map(|heading| anchor(&heading.title)).collect()
}

/// The relative links of a document in `folder` that lead nowhere.
fn dead_links(folder: &Path, markdown: &str) -> Vec<String> {
    let dead = |link: &String| {
        let outside = ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme));
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = folder.join(path);
        let other = if path.is_empty() { Some(markdown.to_owned()) } else { std::fs::read_to_string(&target).ok() };
        let anchored = anchor.is_empty() || other.is_some_and(|other| anchors(&other).contains(&anchor.to_owned()));
        !(outside || (path.is_empty() || target.exists()) && (anchored || !path.is_empty() && !path.ends_with(".md")))
    };
    links(markdown).into_iter().filter(dead).collect()
}

#[test]
fn relative_links_lead_to_files_and_headings_that_are_there() {
    let mut count = 0;
    for name in DOCUMENTS {
        let (path, markdown) = (project(name), text(name));
        let folder = path.parent().unwrap_or(Path::new("."));
        assert_eq!(dead_links(folder, &markdown), Vec::<String>::new(), "in {name}");
        count += links(&markdown).len();
    }
    assert!(count > 0, "no document has a link?");
}

#[test]
fn a_dead_link_would_be_noticed() {
    let text = "# A title\n[a](Cargo.toml) [b](src) [c](#a-title) [d](https://x.org/y) [e](nowhere.md) ![f](no.png) \
                [g](#nothing) <img src=\"gone.png\"> [h][h] `[i](code.md)`\n\n[h]: missing/\n";
    assert_eq!(dead_links(&project(""), text), ["nowhere.md", "no.png", "#nothing", "gone.png", "missing/"]);
}

/// The codes of all errors, from the source of [`carrel::error::Error::code`].
fn codes() -> Vec<String> {
    let source = text("src/error.rs");
    let function = source.split("pub fn code").nth(1).expect("the function is there");
    function.split("=> \"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(code, _)| code.to_owned()).collect()
}

#[test]
fn every_error_code_has_its_line_in_the_readme() {
    let codes = codes();
    assert_eq!(codes.len(), text("src/error.rs").matches("#[error(").count(), "one for each kind of error: {codes:?}");
    assert!(codes.contains(&carrel::error::Error::NothingIndexed.code().to_owned()));
    let readme = text("README.md");
    let rows: Vec<&str> = readme.lines().filter(|line| line.trim_start().starts_with('|')).collect();
    let missing: Vec<&String> =
        codes.iter().filter(|code| !rows.iter().any(|row| row.contains(&format!("`{code}`")))).collect();
    assert!(missing.is_empty(), "not in the table of error codes of README.md: {missing:?}");
}
