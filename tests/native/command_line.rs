//! The program as a person runs it: from files to an index, to passages and answers, with exit codes to build upon.

use crate::program::{Folder, files_below};

/// A folder with documents of each kind, and their index.
fn indexed() -> Folder {
    let folder = Folder::new();
    folder.write("docs/room.md", "# Reading room\n\nThe reading room opens at nine. 👍 Lockers cost 2 euros a day.\n");
    folder.write(
        "docs/deep/garden.HTML",
        "<h1>Garden</h1><nav>Home</nav><p>Tomatoes need six hours of sun &amp; water.</p>",
    );
    folder.write("docs/letter.txt", "\u{feff}Your order 4711 was sent on Tuesday.\r\nIt weighs three kilograms.\r\n");
    folder.write("docs/picture.png", b"\x89PNG\r\n");
    folder.write("docs/.hidden/secret.md", "The secret is 42.");
    folder.carrel("index docs --out index --no-runtime").done();
    folder
}

#[test]
fn files_that_were_indexed_are_found_and_answer() {
    let folder = indexed();
    let found = folder.carrel("search index \"how much sun do tomatoes need\" --limit 2 --json").json();
    let passages = found["passages"].as_array().unwrap();
    assert_eq!(passages.len(), 2);
    assert_eq!(passages[0]["id"], "deep/garden.HTML");
    assert_eq!(passages[0]["title"], "Garden");
    assert_eq!(passages[0]["text"], "Garden\n\nTomatoes need six hours of sun & water.");
    assert!(passages[0]["score"].as_f64() >= passages[1]["score"].as_f64() && found["elapsed_ms"].as_f64() > Some(0.0));
    let answer = folder.carrel("ask index \"What do lockers cost?\" --json").json();
    assert!(answer["text"].as_str().unwrap().contains("👍 Lockers cost 2 euros a day. [1]"), "{answer}");
    let citation = answer["citations"].as_array().unwrap().iter().find(|it| it["number"] == 1).unwrap();
    assert_eq!(answer["sources"][0]["id"], "room.md");
    let document = "# Reading room\n\nThe reading room opens at nine. 👍 Lockers cost 2 euros a day.\n";
    let place = |name: &str| citation["span"][name].as_u64().unwrap() as usize;
    let cited = &document[place("start")..place("end")];
    assert!(answer["text"].as_str().unwrap().contains(cited) && cited.ends_with('.'), "{cited}");
    let secret = folder.carrel("search index \"secret 42\" --mode lexical --json");
    assert_eq!(secret.code, Some(1), "hidden files are left alone: {secret:?}");
}

#[test]
fn what_a_person_reads_names_the_source() {
    let folder = indexed();
    let found = folder.carrel("search index 4711 --mode lexical").done();
    assert!(found.starts_with("[1] letter (letter.txt; score "), "{found}");
    let answer = folder.carrel("ask index \"When was order 4711 sent?\"").done();
    assert!(
        answer.contains("Your order 4711 was sent on Tuesday. [") && answer.contains("(letter.txt; score"),
        "{answer}"
    );
}

#[test]
fn exit_codes_tell_done_nothing_found_and_error() {
    let folder = indexed();
    assert_eq!(folder.carrel("search index xyzzy --mode lexical").code, Some(1));
    let nothing = folder.carrel("search index xyzzy --mode lexical --json");
    assert_eq!((nothing.code, nothing.out.starts_with("{\"")), (Some(1), true));
    assert!(folder.carrel("--help").done().contains("evaluate"));
    assert!(folder.carrel("--version").done().starts_with("carrel "));
    for (line, told) in [
        ("search index", "error: the following required arguments were not provided"),
        ("search index desk --mode fuzzy", "\"fuzzy\" is not known; use hybrid, semantic or lexical"),
        ("search index desk --limt 3", "--limt"),
        ("search index desk --limit 0", "limit: 0 is not from 1 to 1000"),
        ("search index \" \"", "the question is empty"),
        ("search docs desk", "there is no index in this folder"),
        ("search index desk --model docs", "config.json is missing"),
        ("search index desk --model nowhere", "Run `make model`"),
        ("index nowhere --out other", "nowhere: No such file or directory"),
        ("index docs/picture.png --out other", "no readable document in docs/picture.png"),
        ("index docs/.hidden/none --out other", "Check the path"),
        ("index docs --out docs/room.md", "docs/room.md"),
        ("ask index desk --api anthropik --base-url http://x --llm m", "\"anthropik\" is not known"),
        ("ask index desk --base-url nonsense --llm m", "\"nonsense\" is no address"),
        ("evaluate --qrels docs/letter.txt --run docs/room.md", "docs/letter.txt, line 1"),
        ("dance", "unrecognized subcommand"),
    ] {
        let ran = folder.carrel(line);
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
        let last = ran.err.trim_end().lines().next_back().unwrap_or_default().to_owned();
        assert!(last.starts_with("error: ") && last.contains(told) && ran.out.is_empty(), "{line}: {ran:?}");
    }
    assert!(!folder.path("other").exists(), "nothing is written where nothing was read");
}

#[test]
fn a_file_that_can_not_be_read_is_named_and_the_others_go_on() {
    let folder = Folder::new();
    folder.write("docs/good.md", "A good document about desks.");
    folder.write("docs/empty.md", "");
    folder.write("docs/program.txt", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0");
    folder.write("docs/broken.txt", [b"Broken \xff bytes. ".as_slice(), "Readable. ".repeat(9).as_bytes()].concat());
    folder.write("docs/paper.pdf", b"%PDF-1.7");
    folder.write("docs/large.txt", "a line\n".repeat(2_500_000));
    let ran = folder.carrel("index docs --out index --no-runtime");
    for told in [
        "left out: empty.md is empty",
        "left out: program.txt is not text (a program)",
        "left out: large.txt is too large: 16.7 MB, and the limit is 16 MB",
        "left out: 1 PDF files",
        "warning: 1 characters of broken.txt could not be decoded",
        "2 documents, 2 passages",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    ran.done();
}

#[test]
fn a_site_indexed_twice_gives_the_same_bytes_and_does_not_index_itself() {
    let folder = Folder::new();
    folder.write("site/index.html", "<title>Home</title><p>Welcome to the library.</p>");
    folder.write("site/a b/ünder.html", "<title>Deep</title><p>Books about gardens.</p>");
    folder.write("runtime/carrel.js", "export const Carrel = 1;");
    folder.write("runtime/help/page.html", "<p>The runtime's own page about libraries.</p>");
    let line = "index site --out site/carrel --runtime runtime";
    folder.carrel(line).done();
    let first = files_below(&folder.path("site/carrel"));
    folder.carrel(line).done();
    assert_eq!(files_below(&folder.path("site/carrel")), first);
    assert!(first.contains_key(&folder.path("site/carrel/carrel.js")));
    assert!(first.contains_key(&folder.path("site/carrel/help/page.html")));
    assert!(first.keys().all(|path| !path.to_string_lossy().ends_with(".partial")));
    let found = folder.carrel("search site/carrel \"library gardens\" --json").json();
    let mut urls: Vec<&str> =
        found["passages"].as_array().unwrap().iter().map(|it| it["url"].as_str().unwrap()).collect();
    urls.sort();
    assert_eq!(urls, ["/", "/a%20b/%C3%BCnder.html"]);
    let error = folder.carrel("index site --out site/carrel --runtime site");
    let error = error.err.trim_end().lines().next_back().unwrap_or_default().to_owned();
    assert!(error.contains("carrel.js is not in this folder"), "{error}");
}

#[test]
fn a_damaged_index_is_an_error_that_names_the_file() {
    let folder = indexed();
    let whole = files_below(&folder.path("index"));
    for (path, bytes) in &whole {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2] ^= 1;
        for bad in [&damaged, &bytes[..bytes.len() / 2].to_vec()] {
            std::fs::write(path, bad).unwrap();
            let error = folder.carrel("search index desk").error();
            assert!(error.contains(&name) && error.contains("Build the index again"), "{error}");
        }
        std::fs::write(path, bytes).unwrap();
    }
    folder.carrel("search index desk").done();
}

#[test]
fn a_run_is_scored_as_by_hand() {
    let folder = Folder::new();
    folder.write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\ta\t1\nq1\tb\t2\nq2\tc\t1\nq3\td\t0\n");
    folder.write("run.trec", "q1 Q0 x 1 9.0 r\nq1 Q0 b 2 8.0 r\nq1 Q0 a 3 7.5 r\nq3 Q0 d 1 1.0 r\n");
    let scores = folder.carrel("evaluate --run run.trec --qrels qrels.tsv --json").json();
    let log2 = f64::log2;
    // q1: gains 0, 2, 1; q2 has no ranking and counts as 0; q3 has nothing relevant and does not count.
    let ndcg = (2.0 / log2(3.0) + 1.0 / log2(4.0)) / (2.0 + 1.0 / log2(3.0)) / 2.0;
    assert!((scores["ndcg@10"].as_f64().unwrap() - ndcg).abs() < 1e-12, "{scores}");
    assert_eq!((scores["recall@10"].as_f64(), scores["mrr@10"].as_f64()), (Some(0.5), Some(0.25)));
    assert_eq!(scores["queries"], 2);
}

#[test]
fn a_test_set_is_scored_in_each_mode() {
    let folder = Folder::new();
    folder.write(
        "corpus.jsonl",
        "{\"_id\":\"a\",\"title\":\"\",\"text\":\"Tomatoes need sun.\"}\n{\"_id\":\"b\",\"text\":\"Trains run late.\"}\n{\"_id\":\"c\",\"text\":\"\"}\n",
    );
    folder.write("queries.jsonl", "{\"_id\":\"q\",\"text\":\"sun for tomatoes\"}\n");
    folder.write("qrels.tsv", "query-id\tcorpus-id\tscore\nq\ta\t1\n");
    let line = "evaluate --corpus corpus.jsonl --queries queries.jsonl --qrels qrels.tsv";
    let scores = folder.carrel(&format!("{line} --json")).json();
    for mode in ["lexical", "semantic", "hybrid"] {
        assert_eq!(scores[mode]["ndcg@10"], 1.0, "{scores}");
    }
    let one = folder.carrel(&format!("{line} --mode lexical --json")).json();
    assert_eq!((one["lexical"]["mrr@10"].as_f64(), one.as_object().unwrap().len()), (Some(1.0), 1));
    assert!(folder.carrel(line).done().contains("ndcg@10"));
}
