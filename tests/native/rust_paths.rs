//! Rust source → the paths named in it, in `use` trees and in expressions alike
//!
//! Just enough of a lexer to leave out comments, literals and tests, so that no mention in prose counts.

use std::iter::Peekable;
use std::str::Chars;

/// The paths in `source` that begin with one of `roots`, with `use` trees written out, each as its segments.
pub fn paths(source: &str, roots: &[&str]) -> Vec<Vec<String>> {
    let tokens = without_tests(&tokens(source));
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let goes_on = at > 0 && tokens[at - 1] == "::";
        // `::std::fs` begins with `::`, too, but nothing that a path could go on from stands before it.
        let global = goes_on && !(at > 1 && (is_word(&tokens[at - 2]) || tokens[at - 2] == ">"));
        if roots.contains(&tokens[at].as_str()) && (!goes_on || global) {
            tree(&tokens, &mut { at }, &[], &mut found);
        }
    }
    found
}

/// Every word of the code: names, keywords, macros.
pub fn words(source: &str) -> Vec<String> {
    without_tests(&tokens(source)).into_iter().filter(|token| is_word(token)).collect()
}

/// Reads one path or `use` tree from `at` on.
fn tree(tokens: &[String], at: &mut usize, before: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = before.to_vec();
    loop {
        match tokens.get(*at).map(String::as_str) {
            Some("{") if !before.is_empty() || !path.is_empty() => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token != "}") {
                    tree(tokens, at, &path, found);
                    // What stands after a name, such as `as other`, is no path.
                    while tokens.get(*at).is_some_and(|token| token != "," && token != "}") {
                        *at += 1;
                    }
                    *at += usize::from(tokens.get(*at).is_some_and(|token| token == ","));
                }
                *at += 1;
                return;
            }
            Some(word) if is_word(word) || word == "*" => {
                path.push(word.to_owned());
                *at += 1;
            }
            _ => break,
        }
        match tokens.get(*at).map(String::as_str) {
            Some("::") => *at += 1,
            _ => break,
        }
    }
    found.push(path);
}

fn is_word(token: &str) -> bool {
    token.starts_with(|character: char| character.is_alphanumeric() || character == '_')
}

/// Leaves out each item under `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].iter().map(String::as_str).take(MARK.len()).eq(MARK) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let mut depth = 0;
        while at < tokens.len() {
            depth += i32::from(tokens[at] == "{") - i32::from(tokens[at] == "}");
            at += 1;
            if depth == 0 && (tokens[at - 1] == "}" || tokens[at - 1] == ";") {
                break;
            }
        }
    }
    kept
}

fn tokens(source: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '/' if rest.peek() == Some(&'/') => {
                rest.by_ref().find(|&character| character == '\n');
            }
            '/' if rest.peek() == Some(&'*') => skip_comment(&mut rest),
            '"' => skip_string(&mut rest),
            '\'' => skip_character_or_lifetime(&mut rest),
            ':' if rest.peek() == Some(&':') => {
                rest.next();
                found.push("::".into());
            }
            _ if character.is_alphanumeric() || character == '_' => {
                let mut word = String::from(character);
                while let Some(&next) = rest.peek().filter(|next| next.is_alphanumeric() || **next == '_') {
                    word.push(next);
                    rest.next();
                }
                match (word.as_str(), rest.peek().copied()) {
                    ("r" | "br" | "cr", Some('"' | '#')) if !starts_raw_name(&rest) => skip_raw_string(&mut rest),
                    ("r", Some('#')) => {
                        rest.next(); // A raw name: the name itself comes next.
                    }
                    _ => found.push(word),
                }
            }
            _ if character.is_whitespace() => {}
            _ => found.push(character.into()),
        }
    }
    found
}

fn starts_raw_name(rest: &Peekable<Chars>) -> bool {
    let mut ahead = rest.clone();
    ahead.next() == Some('#') && ahead.next().is_some_and(|next| next.is_alphabetic() || next == '_')
}

fn skip_comment(rest: &mut Peekable<Chars>) {
    let mut depth = 0;
    let mut last = '/';
    for character in rest.by_ref() {
        match (last, character) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                last = character;
                continue;
            }
        }
        if depth == 0 {
            return;
        }
        last = ' ';
    }
}

fn skip_string(rest: &mut Peekable<Chars>) {
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                rest.next();
            }
            '"' => return,
            _ => {}
        }
    }
}

fn skip_raw_string(rest: &mut Peekable<Chars>) {
    let mut marks = 0;
    while rest.next_if_eq(&'#').is_some() {
        marks += 1;
    }
    let end = format!("\"{}", "#".repeat(marks));
    let mut text = String::new();
    rest.next();
    for character in rest.by_ref() {
        text.push(character);
        if text.ends_with(&end) {
            return;
        }
    }
}

fn skip_character_or_lifetime(rest: &mut Peekable<Chars>) {
    let mut ahead = rest.clone();
    let first = ahead.next();
    if first == Some('\\') || ahead.next() == Some('\'') {
        if rest.next() == Some('\\') {
            rest.next();
        }
        rest.by_ref().find(|&character| character == '\'');
    } else {
        while rest.next_if(|next| next.is_alphanumeric() || *next == '_').is_some() {}
    }
}
