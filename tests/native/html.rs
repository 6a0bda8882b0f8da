//! Of a web page, what a reader sees, with the way back to the source.

use carrel::document::{Document, Format, Span};
use proptest::prelude::*;
use proptest::sample::select;

use crate::desk::document;
use crate::texts;

fn text_of(html: &str) -> String {
    document(Format::Html, html).text
}

#[test]
fn what_no_reader_sees_or_every_page_repeats_is_left_out() {
    let html = "<title>T</title><style>a{}</style><nav><ul><li>Home<nav>in</nav></ul></nav><script>if (a < b) {}</script>\
                <p>Kept.</p><section hidden>Not <b>this</b></section><div hidden><div>nor</div> this</div><svg><text>x</text></svg>\
                <template><p>no</p></template><footer>Imprint</footer><input hidden><p>Kept, too.</p>";
    assert_eq!(text_of(html), "Kept.\n\nKept, too.");
}

#[test]
fn an_end_that_was_forgotten_does_not_swallow_the_page() {
    assert_eq!(text_of("<p hidden>a<p>b"), "a\n\nb", "better a hidden word than all the rest lost");
    let page = document(Format::Html, "<h2>Title<p>Text that is no title.</p><div>More.</div>");
    let titles: Vec<&str> = page.outline.iter().map(|heading| heading.title.as_str()).collect();
    assert_eq!((titles, page.text.as_str()), (vec!["Title"], "Title\n\nText that is no title.\n\nMore."));
}

#[test]
fn of_a_page_with_main_only_that_is_kept() {
    assert_eq!(text_of("<p>Before</p><main><header><h1>T</h1></header>Body</main><p>After</p>"), "T\n\nBody");
    assert_eq!(text_of("<p>Before</p><main> </main><p>After</p>"), "Before\n\nAfter", "an empty main says nothing");
}

#[test]
fn blocks_are_paragraphs_and_lists_and_tables_keep_their_marks() {
    for (html, expected) in [
        ("<p>One\n  two</p>three<br>four<p>five", "One two\n\nthree\nfour\n\nfive"),
        ("<ul><li>a<li>b <i>c</i></ul>d", "- a\n- b c\n\nd"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n\n- b\n\n- c"),
        ("<table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></table>", "k | v\n1 | 2"),
        ("<p>a</p><pre>x\n  y\n\nz</pre><p>b</p>", "a\n\nx\n  y\n\nz\n\nb"),
        ("<dl><dt>k<dd>v</dl>", "k\nv"),
        ("in<b>li</b>ne <code>x</code>, y", "inline x, y"),
        ("a &amp; b &lt;c&gt; &#x1F44D; &eacute;&nbsp;x &nothing", "a & b <c> 👍 é x ¬hing"),
        ("<!-- <p>no</p> --><p>yes</p>", "yes"),
    ] {
        assert_eq!(text_of(html).trim_end(), expected, "{html}");
    }
}

#[test]
fn headings_make_the_outline_and_the_first_is_the_title_where_there_is_none() {
    let html = "<h1>The <em>Desk</em></h1><p>a</p><h2>Quiet &amp; small</h2>b<h2></h2>";
    let page = document(Format::Html, html);
    let outline: Vec<(u8, &str, &str)> =
        page.outline.iter().map(|it| (it.level, it.title.as_str(), it.span.of(&page.text))).collect();
    assert_eq!(outline, [(1, "The Desk", "The Desk"), (2, "Quiet & small", "Quiet & small")]);
    assert_eq!(page.title, "The Desk");
    assert_eq!(document(Format::Html, "<title> A\n B </title><h1>C</h1>").title, "A B");
}

/// The source that a word of the text leads to.
fn source_of<'html>(page: &Document, html: &'html str, word: &str) -> &'html str {
    let start = page.text.find(word).unwrap();
    page.source_of(Span::new(start, start + word.len())).unwrap().of(html)
}

#[test]
fn a_span_of_the_text_leads_to_the_place_in_the_source() {
    let html = "<main><p>One <b>bold</b> word &amp; 你好 👍.</p>\n<p>Two   spaces</p><li>&lt;</li></main>";
    let page = document(Format::Html, html);
    for (word, source) in [
        ("bold", "bold"),
        ("One bold", "One <b>bold"),
        ("你好", " word &amp; 你好 👍."), // A stretch with a character reference maps as a whole.
        ("Two spaces", "Two   spaces"),
        ("<", "&lt;"),
    ] {
        assert_eq!(source_of(&page, html, word), source, "{word}");
    }
}

/// Paragraphs, lists and such of plain words, without character references.
fn plain_page() -> impl Strategy<Value = String> {
    let inline = prop_oneof![
        3 => texts::word(),
        1 => (select(vec!["b", "a href='#'", "code", "span"]), texts::word())
            .prop_map(|(tag, word)| format!("<{tag}>{word}</{}>", tag.split(' ').next().unwrap())),
        1 => select(vec![" ", "  ", "\n", "\r\n", "<br>", "<!-- c -->", "<img alt='x'>"]).prop_map(str::to_owned),
    ];
    let content = proptest::collection::vec(inline, 1..12).prop_map(|parts| parts.join(" "));
    let block = (select(vec!["p", "div", "h1", "h2", "li", "td", "pre", "blockquote", "section"]), content)
        .prop_map(|(tag, content)| format!("<{tag}>{content}</{tag}>"));
    proptest::collection::vec(block, 1..12).prop_map(|blocks| format!("<body><p>A.</p>{}", blocks.join("\n")))
}

/// Anything that looks like HTML, well formed or not.
fn soup() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "<",
        ">",
        "</",
        "<p",
        "<p>",
        "</p>",
        "<main>",
        "</main>",
        "<nav>",
        "</nav>",
        "<h1>",
        "</h2>",
        "<pre>",
        "</pre>",
        "<script>",
        "</script>",
        "<title>",
        "</title>",
        "<li>",
        "<td>",
        "<table>",
        "</table>",
        "<ul>",
        "hidden",
        "=",
        "\"",
        "'",
        "<!--",
        "-->",
        "<!",
        "<![CDATA[",
        "]]>",
        "&",
        "&amp;",
        "&lt",
        "&#",
        "&#x1F44D;",
        "&#0;",
        "&#xD800;",
        "&nGt;",
        "&ngE;",
        "&nbsp;",
        " ",
        "\n",
        "\r\n",
        "\r",
        "\0",
        "\u{feff}",
        "/>",
        "<br/>",
        "<svg/>",
        "<textarea>",
        "word",
        "<b>",
        "</body>",
        "<div hidden>",
        "</div>",
        "<style>",
        "</style>",
        "<plaintext>",
        "<template>",
        "</template>",
    ];
    let part = prop_oneof![4 => select(PARTS).prop_map(str::to_owned), 1 => texts::word()];
    proptest::collection::vec(part, 0..60).prop_map(|parts| format!("<p>Start</p>{}", parts.concat()))
}

proptest! {
    #[test]
    fn every_word_of_a_page_leads_to_the_same_word_in_the_source(html in plain_page()) {
        let page = document(Format::Html, &html);
        let mut at = 0;
        for word in page.text.split_whitespace() {
            let start = at + page.text[at..].find(word).unwrap();
            at = start + word.len();
            // A list's marks and a table's borders are ours.
            if word == "-" || word == "|" {
                continue;
            }
            let found = page.source_of(Span::new(start, at)).map(|span| span.of(&html));
            let found = found.ok_or_else(|| TestCaseError::fail(format!("{word:?} leads nowhere")))?;
            prop_assert_eq!(found, word);
        }
    }

    #[test]
    fn of_a_page_no_word_is_lost_and_none_is_added(html in plain_page()) {
        let page = document(Format::Html, &html);
        // The naive way: what is not a tag is text.
        let mut seen = String::new();
        for part in html.split('<') {
            let (tag, text) = part.split_once('>').unwrap_or(("", part));
            let inline = ["b", "a", "code", "span", "!-", "im"].iter().any(|name| tag.trim_start_matches('/').starts_with(name));
            seen.push_str(if inline && !tag.starts_with("br") && !tag.starts_with("bl") && !tag.starts_with("bo") { "" } else { " " });
            seen.push_str(text);
        }
        let marks = |word: &&str| *word != "-" && *word != "|";
        let words: Vec<&str> = page.text.split_whitespace().filter(marks).collect();
        prop_assert_eq!(words, seen.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn malformed_pages_give_spans_that_hold(html in soup()) {
        let page = document(Format::Html, &html);
        for piece in &page.pieces {
            prop_assert!(page.text.get(piece.text.start..piece.text.end).is_some());
            prop_assert!(html.get(piece.source.start..piece.source.end).is_some());
        }
        for heading in &page.outline {
            // What is very long is no title, and cut.
            let whole = heading.span.of(&page.text).trim();
            let begins = heading.title.strip_suffix('…').is_some_and(|title| whole.starts_with(title));
            prop_assert!(heading.title == whole || (begins && heading.title.chars().count() == 201), "{whole}");
        }
        for (start, character) in page.text.char_indices() {
            let span = Span::new(start, start + character.len_utf8());
            if let Some(source) = page.source_of(span) {
                prop_assert!(html.get(source.start..source.end).is_some(), "{span:?} leads to {source:?} of {html:?}");
            }
        }
        prop_assert!(page.pieces.is_sorted_by_key(|piece| (piece.text.start, piece.source.start)));
    }
}
