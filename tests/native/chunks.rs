//! Chunks cover a text, fit the model and know where they stand.

use std::cell::Cell;
use std::collections::HashMap;

use carrel::chunk::{Chunker, Sizes};
use carrel::document::{Chunk, Document, Format};
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use crate::desk::{document, embedder, shared_text};
use crate::texts;

const ALL_SIZES: [Sizes; 5] = [
    Sizes { tokens: 254, overlap: 32 },
    Sizes { tokens: 64, overlap: 0 },
    Sizes { tokens: 40, overlap: 39 },
    Sizes { tokens: 16, overlap: 4 },
    Sizes { tokens: 1, overlap: 0 },
];

fn cut(document: &Document, sizes: Sizes) -> Vec<Chunk> {
    let mut chunker = Chunker::new(document, sizes).unwrap();
    let mut chunks = Vec::new();
    while !chunker.is_done() {
        chunks.extend(chunker.next(document, &|text| embedder().token_starts(text)));
    }
    assert_eq!(chunker.position(), document.text.len());
    chunks
}

/// The headings above a place, by the plain definition: for each level the last one before, unless a higher one came
/// after it.
fn headings_above(document: &Document, at: usize) -> Vec<&str> {
    let above: Vec<_> = document.outline.iter().filter(|heading| heading.span.start <= at).collect();
    let holds = |index: usize| above[index + 1..].iter().all(|later| later.level > above[index].level);
    (0..above.len()).filter(|&index| holds(index)).map(|index| above[index].title.as_str()).collect()
}

/// All that is promised of chunks.
fn check(document: &Document, sizes: Sizes) -> Result<(), TestCaseError> {
    let text = &document.text;
    let chunks = cut(document, sizes);
    let mut covered = 0;
    let mut before: Option<&Chunk> = None;
    for chunk in &chunks {
        let content = text.get(chunk.span.start..chunk.span.end);
        let content = content.ok_or_else(|| TestCaseError::fail(format!("{:?} is not on characters", chunk.span)))?;
        prop_assert!(
            !content.is_empty() && content.trim() == content,
            "{content:?} is empty or has white space around"
        );
        prop_assert_eq!(chunk.tokens, embedder().count_tokens(content));
        let single = content.graphemes(true).nth(1).is_none();
        prop_assert!(chunk.tokens <= sizes.tokens || single, "{} tokens in {content:?}", chunk.tokens);
        prop_assert!(
            text[covered.min(chunk.span.start)..chunk.span.start].trim().is_empty(),
            "lost before {content:?}"
        );
        prop_assert!(chunk.span.end > covered, "{content:?} brings nothing new");
        if let Some(before) = before {
            // Tokens as the one before has them: cut out of a word, its part may be other tokens.
            let starts = embedder().token_starts(before.span.of(text));
            let shared = starts.iter().filter(|&&start| before.span.start + start >= chunk.span.start).count();
            prop_assert!(shared <= sizes.overlap, "{shared} tokens of {content:?} were in the one before");
        }
        before = Some(chunk);
        covered = chunk.span.end;
        prop_assert_eq!(&chunk.headings, &headings_above(document, chunk.span.start));
        prop_assert_eq!(chunk.page, document.page_at(chunk.span.start));
    }
    prop_assert!(chunks.is_sorted_by(|left, right| left.span.start < right.span.start));
    prop_assert!(text[covered..].trim().is_empty(), "lost at the end: {:?}", &text[covered..]);
    prop_assert_eq!(cut(document, sizes), chunks, "cut again, it is the same");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn chunks_of_any_text_cover_it_and_fit_the_model(
        text in texts::readable(),
        sizes in prop::sample::select(ALL_SIZES.to_vec()),
        format in prop::sample::select(vec![Format::Markdown, Format::Text, Format::Html]),
    ) {
        check(&document(format, &format!("A.\n\n{text}")), sizes)?;
    }

    #[test]
    fn a_chunk_knows_the_headings_above_it_whatever_their_order(levels in proptest::collection::vec((1usize..=6, 1usize..90), 1..12)) {
        let mut text = String::from("before all headings\n\n");
        let mut expected: HashMap<String, Vec<String>> = HashMap::new();
        let mut path: Vec<(usize, String)> = Vec::new();
        for (number, (level, words)) in levels.into_iter().enumerate() {
            let title = format!("Title{number}");
            path.retain(|above| above.0 < level);
            path.push((level, title.clone()));
            text.push_str(&format!("{} {title}\n\n", "#".repeat(level)));
            for word in 0..words {
                let marker = format!("Marker{number}x{word}");
                text.push_str(&format!("{marker} stands here. "));
                expected.insert(marker, path.iter().map(|above| above.1.clone()).collect());
            }
            text.push_str("\n\n");
        }
        let document = document(Format::Markdown, &text);
        let chunks = cut(&document, Sizes { tokens: 254, overlap: 32 });
        prop_assert_eq!(&chunks[0].headings, &Vec::<String>::new());
        // Sentences are short, so that each chunk begins with a heading or a marker.
        for chunk in chunks.iter().skip(1) {
            let content = chunk.span.of(&text);
            prop_assert!(content.starts_with('#') || content.starts_with("Marker"), "{content}");
            let marker = content.split_whitespace().find(|word| word.starts_with("Marker")).unwrap();
            prop_assert_eq!(&chunk.headings, &expected[marker], "of {}", content);
        }
    }
}

#[test]
fn real_documents_are_covered_by_chunks_that_fit() {
    for (file, format) in [
        ("data/files/markdown/commonmark-spec.txt", Format::Markdown),
        ("data/chunking-evaluation/chatlogs.md", Format::Markdown),
        ("data/chunking-evaluation/finance.md", Format::Text),
        ("data/chunking-evaluation/pubmed.md", Format::Markdown),
        ("data/chunking-evaluation/state_of_the_union.md", Format::Markdown),
        ("data/chunking-evaluation/wikitexts.md", Format::Html),
    ] {
        let document = document(format, &shared_text(file));
        check(&document, ALL_SIZES[0]).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

#[test]
fn texts_without_any_place_to_cut_are_cut_all_the_same() {
    let emoji = "👨‍👩‍👧‍👦".repeat(900);
    let stack = format!("e{}", "\u{301}".repeat(9_000));
    for text in [
        "a".repeat(20_000),
        "ab".repeat(150),
        "ab".repeat(150) + " " + &"cd".repeat(150),
        "世界".repeat(5_000),
        emoji,
        stack,
        "0123456789".repeat(3_000),
        "x=(y+1)*z;".repeat(900),
        "שלום".repeat(900),
        "[PAD]".repeat(900),
        "\u{200b}".repeat(3_000) + "a",
        "a\u{0}b".repeat(2_000),
        ".".repeat(5_000),
    ] {
        for sizes in ALL_SIZES {
            let start: String = text.chars().take(12).collect();
            check(&document(Format::Text, &text), sizes).unwrap_or_else(|error| panic!("{start:?} {sizes:?}: {error}"));
        }
    }
}

#[test]
fn white_space_alone_is_no_chunk() {
    let blank = Document { text: "\n".repeat(200_000), ..document(Format::Text, "a") };
    assert_eq!(cut(&blank, ALL_SIZES[0]), []);
}

#[test]
fn a_short_section_stays_alone_and_short_paragraphs_are_joined() {
    let section = "It has a few words that say what it is about, and some more so that it is worth its place here.\n\n";
    let text = format!("# One\n\n{section}# Two\n\n{section}{section}{section}");
    let document = document(Format::Markdown, &text);
    let chunks = cut(&document, ALL_SIZES[0]);
    let starts: Vec<&str> = chunks.iter().map(|chunk| &chunk.span.of(&text)[..5]).collect();
    assert_eq!(starts, ["# One", "# Two"]);
}

#[test]
fn an_overlap_as_large_as_the_chunk_is_refused() {
    let error = Chunker::new(&document(Format::Text, "a"), Sizes { tokens: 8, overlap: 8 }).unwrap_err();
    assert_eq!(error.code(), "option_invalid");
}

#[test]
fn the_largest_text_is_cut_a_stretch_at_a_time() {
    let paragraph =
        "Some sentence that is written again and again, until there is a lot. 世界很大。\n".repeat(12) + "\n";
    let text = paragraph.repeat(carrel::ingest::LARGEST_TEXT / paragraph.len());
    let document = document(Format::Text, &text);
    let mut chunker = Chunker::new(&document, ALL_SIZES[0]).unwrap();
    let longest = Cell::new(0);
    // A token a word, so that the time is the chunker's own.
    let tokenize = |text: &str| {
        longest.set(longest.get().max(text.len()));
        text.split_word_bound_indices().filter(|(_, word)| !word.trim().is_empty()).map(|(at, _)| at).collect()
    };
    let (mut steps, mut end) = (0, 0);
    while !chunker.is_done() {
        let before = chunker.position();
        for chunk in chunker.next(&document, &tokenize) {
            assert!(text[end.min(chunk.span.start)..chunk.span.start].trim().is_empty());
            end = chunk.span.end;
        }
        assert!(chunker.position() > before && chunker.position() - before <= 64 * 1024);
        steps += 1;
    }
    assert!(text[end..].trim().is_empty());
    assert!(steps >= 16 * 16 && longest.get() <= 64 * 1024, "{steps} steps, {} bytes at once", longest.get());
}
