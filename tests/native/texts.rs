//! Texts as people have them, made at random.

use proptest::prelude::*;
use proptest::sample::select;

/// Words that count differently in bytes, characters and UTF-16 units.
const WORDS: &[&str] = &[
    "desk",
    "of",
    "running",
    "Öl",
    "naïve",
    "e\u{301}te\u{301}",
    "Straße",
    "你好",
    "世界很大",
    "日本語",
    "한국어",
    "שלום",
    "مرحبا",
    "ไทยแลนด์",
    "हिन्दी",
    "👍",
    "👨‍👩‍👧‍👦",
    "🇩🇪",
    "👩🏽‍🚀",
    "𝔘nicode",
    "𠀋",
    "foo_bar(baz)",
    "x=1;",
    "3.14",
    "[PAD]",
    "zero\u{200b}width",
    "\u{202e}rtl\u{202c}",
    "don't",
    "e.g.",
    "Dr.",
];
const ENDS: &[&str] = &[".", "!", "?", "。", "…", ":", ""];

/// A word.
pub fn word() -> impl Strategy<Value = String> {
    select(WORDS).prop_map(str::to_owned)
}

/// Some words and an end.
pub fn sentence() -> impl Strategy<Value = String> {
    (proptest::collection::vec(word(), 1..14), select(ENDS)).prop_map(|(words, end)| words.join(" ") + end)
}

/// A paragraph, a heading, a list, code, or something that no author would write.
fn block() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => proptest::collection::vec(sentence(), 1..12).prop_map(|sentences| sentences.join(" ")),
        2 => (1usize..=6, sentence()).prop_map(|(level, title)| format!("{} {title}", "#".repeat(level))),
        1 => proptest::collection::vec(sentence(), 1..6).prop_map(|items| format!("- {}", items.join("\n- "))),
        1 => proptest::collection::vec(word(), 1..60).prop_map(|words| words.concat()),
        1 => proptest::collection::vec(sentence(), 1..20).prop_map(|lines| format!("```\n{}\n```", lines.join("\n"))),
        1 => (select(vec!["a", "é", "界", "👍", "e\u{301}", "\u{301}", "#", "=-"]), 1usize..400)
            .prop_map(|(part, times)| part.repeat(times)),
        1 => "[ \t\n]{0,40}",
    ]
}

/// Blocks with any kind of line break between them, Markdown more or less.
pub fn text() -> impl Strategy<Value = String> {
    let gap = select(vec!["\n\n", "\n", "\r\n\r\n", "\r\n", "\n\n\n\n", " "]);
    proptest::collection::vec((block(), gap), 1..12)
        .prop_map(|blocks| blocks.into_iter().map(|(block, gap)| block + gap).collect())
}

/// Text that holds something to read.
pub fn readable() -> impl Strategy<Value = String> {
    text().prop_filter("nothing to read", |text| !text.trim().is_empty())
}
