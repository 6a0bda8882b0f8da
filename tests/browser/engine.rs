//! The binding: spans in JavaScript's count, errors as JavaScript knows them, an index that comes and goes.

use carrel::web::Engine;
use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{add, by_name, engine, files, get, json, number, slice, text};

const ROOM: &str = "# 閲覧室 👨‍👩‍👧 e\u{301}\n\n👍👍 The reading room opens at nine. 𝔘nicode 世界。\n\n## שלום\n\nLockers cost 2 euros a day.\n";

#[wasm_bindgen_test]
fn spans_count_utf_16_units_as_javascript_does() {
    let mut engine = engine();
    let info = add(&mut engine, "room.md", ROOM);
    assert_eq!(number(&info, "characters") as usize, ROOM.encode_utf16().count());
    let document = engine.document("room.md").unwrap();
    assert_eq!(text(&document, "text"), ROOM);
    for (at, title) in [("outline.0", "閲覧室 👨‍👩‍👧 e\u{301}"), ("outline.1", "שלום")] {
        assert_eq!(text(&document, &format!("{at}.title")), title);
        assert!(slice(ROOM, &get(&document, &format!("{at}.span"))).contains(title));
    }
    let found = engine.search("What do lockers cost?", json("{\"limit\": 5}")).unwrap();
    let passages = Array::from(&found.get(0));
    assert!(passages.length() >= 1);
    for passage in passages.iter() {
        assert_eq!(slice(ROOM, &get(&passage, "span")), text(&passage, "text"));
        let words = Array::from(&get(&passage, "highlights"));
        for word in words.iter() {
            assert!(["Lockers", "cost"].contains(&slice(&text(&passage, "text"), &word).as_str()));
        }
    }
    for mut answering in [
        engine.ask("What do lockers cost?", json("{}")).unwrap(),
        engine.ask("What do lockers cost?", json("{\"generator\": {\"own\": \"test\"}}")).unwrap(),
    ] {
        if !answering.messages().is_null() {
            engine.push_text(&mut answering, "👍 世界! Lockers cost 2 euros a day [1].");
        }
        let events = Array::from(&engine.finish_answer(&mut answering).unwrap());
        let of = |kind: &str| events.iter().filter(|it| text(it, "type") == kind).collect::<Vec<_>>();
        let said: String = of("text").iter().map(|event| text(event, "text")).collect();
        let said = if said.is_empty() { "👍 世界! Lockers cost 2 euros a day [1].".to_owned() } else { said };
        let citations = of("citation");
        assert!(!citations.is_empty());
        for citation in &citations {
            assert_eq!(slice(&said, &get(citation, "at")), format!("[{}]", number(citation, "number")));
            assert_eq!(text(citation, "verdict"), "supported");
        }
        let cited: Vec<String> = citations.iter().map(|citation| slice(ROOM, &get(citation, "span"))).collect();
        assert!(cited.contains(&"Lockers cost 2 euros a day.".to_owned()), "{cited:?}");
    }
}

/// The code of an error, which must be one that JavaScript knows as such.
fn code(error: JsValue) -> String {
    let error: js_sys::Error = error.dyn_into().expect("an Error");
    assert_eq!(error.name(), "CarrelError");
    assert!(String::from(error.message()).len() > 10 && Reflect::has(&error, &"stack".into()).unwrap());
    text(&error, "code")
}

#[wasm_bindgen_test]
fn what_fails_throws_an_error_with_a_name_and_a_code() {
    assert_eq!(code(Engine::new(&files(|_| None)).err().unwrap()), "model_invalid");
    assert_eq!(code(Engine::index_files(b"{}").unwrap_err()), "index_corrupt");
    assert_eq!(code(Engine::check_size("a.txt".into(), 5e9, false).unwrap_err()), "too_large");
    let mut engine = engine();
    assert_eq!(code(engine.search("desk", json("{}")).unwrap_err()), "nothing_indexed");
    assert_eq!(code(engine.search(" ", json("{}")).unwrap_err()), "question_empty");
    assert_eq!(code(engine.search("desk", json("{\"limit\": \"many\"}")).unwrap_err()), "option_invalid");
    assert_eq!(code(engine.import(b"no index").unwrap_err()), "index_corrupt");
    assert_eq!(code(engine.open(&files(|_| None)).unwrap_err()), "index_corrupt");
    for (source, bytes, expected) in [
        ("{\"id\": \"a\", \"name\": \"a.md\", \"text\": \" \"}", None, "empty_document"),
        ("{\"id\": \"a\", \"name\": \"a.txt\"}", Some(b"\x89PNG\r\n".to_vec()), "not_text"),
        ("{\"id\": \"a\", \"name\": \"a.pdf\", \"pages\": [\"\", \" \"]}", None, "no_text"),
        ("{\"id\": \"a\", \"name\": \"a\", \"text\": \"x\", \"format\": \"docx\"}", None, "unknown_format"),
        ("{\"id\": \"a\", \"name\": \"a\"}", None, "option_invalid"),
        ("{\"id\": \"a\", \"nam\": \"a\", \"text\": \"x\"}", None, "option_invalid"),
    ] {
        assert_eq!(code(engine.begin(json(source), bytes).err().unwrap()), expected, "{source}");
    }
    add(&mut engine, "room.md", ROOM);
    let api = "{\"abstain\": false, \"generator\": {\"api\": \"openai\", \"baseUrl\": \"http://127.0.0.1:1/v1\", \"model\": \"m\", \"apiKey\": \"sk-secret\"}}";
    let mut answering = engine.ask("desk", json(api)).unwrap();
    assert!(text(&answering.request(), "0").ends_with("/v1/chat/completions"));
    assert_eq!(engine.turn(&mut answering), Ok(0.0));
    answering.refused(401, &js_sys::Function::new_no_args("return null"), b"");
    assert_eq!(code(engine.settle(&mut answering).unwrap_err()), "api_unauthorized");
    answering.broken(false);
    assert_eq!(code(engine.settle(&mut answering).unwrap_err()), "api_unreachable");
    assert!(!String::from(JSON::stringify(&answering.trace()).unwrap()).contains("secret"));
    engine.push(&mut answering, b"<html>");
    assert!(answering.is_done());
    assert_eq!(code(engine.settle(&mut answering).unwrap_err()), "api_not_json");
    engine.abandon(&mut answering);
    let totals = String::from(JSON::stringify(&engine.totals()).unwrap());
    assert!(totals.contains("\"answers\":0"), "nothing was answered: {totals}");
}

fn found(engine: &Engine) -> String {
    JSON::stringify(&engine.search("What do lockers cost?", json("{}")).unwrap()).unwrap().into()
}

#[wasm_bindgen_test]
fn an_index_is_saved_exported_and_opened_again_the_same() {
    let mut engine = engine();
    add(&mut engine, "room.md", ROOM);
    add(&mut engine, "garden.txt", "Tomatoes need six hours of sun.");
    let (before, exported) = (found(&engine), engine.export().to_vec());
    let saved = by_name(&engine.save());
    let mut names = Engine::index_files(&saved[&Engine::manifest()]).unwrap();
    names.push(Engine::manifest());
    names.sort();
    let mut there: Vec<String> = saved.keys().cloned().collect();
    there.sort();
    assert_eq!(names, there);
    assert!(engine.remove("room.md") && !engine.remove("room.md"));
    assert_eq!(engine.documents().length(), 1);
    // A damaged export changes nothing.
    let mut damaged = exported.clone();
    damaged[exported.len() / 2] ^= 1;
    let changed = found(&engine);
    assert_eq!(code(engine.import(&damaged).unwrap_err()), "index_corrupt");
    assert_eq!(found(&engine), changed);
    assert_ne!(changed, before);
    engine.import(&exported).unwrap();
    assert_eq!(found(&engine), before);
    engine.remove("garden.txt");
    let files_saved = saved.clone();
    engine.open(&files(move |name| files_saved.get(name).cloned())).unwrap();
    assert_eq!(found(&engine), before);
    assert_eq!(engine.export().to_vec(), exported);
    // What is kept need not be written again, until it is not kept any more.
    assert!(!engine.has_changes() && names.iter().filter(|name| engine.holds(name)).count() == saved.len() - 1);
    assert_eq!(by_name(&engine.save()).keys().collect::<Vec<_>>(), [&Engine::manifest()]);
    engine.forget_saved();
    assert_eq!(by_name(&engine.save()), saved);
    engine.saved();
    assert!(!engine.has_changes());
}
