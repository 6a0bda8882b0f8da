//! The classes that the worker drives.

use std::collections::HashMap;

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::convert;
use super::encoder::encoded;
use super::error::thrown;
use crate::carrel::{Addition, Carrel, Found, Inquiry, Revision};
use crate::index;
use crate::ingest;
use crate::model::{self, Model, OPTIONAL_FILES, REQUIRED_FILES};
use crate::retrieve::SearchOptions;
use crate::vector::UnitVector;

/// Builds the graph that `work` asked for, in seconds: needs no model.
#[wasm_bindgen(js_name = buildGraph)]
pub fn build_graph(work: &[u8]) -> Result<Vec<u8>, JsValue> {
    index::build_graph(work).map_err(thrown)
}

/// A model and an index.
#[wasm_bindgen]
pub struct Engine {
    carrel: Carrel,
}

/// A document on its way into the index.
#[wasm_bindgen]
pub struct Adding {
    addition: Addition,
}

/// A question on its way to an answer.
#[wasm_bindgen]
pub struct Answering {
    inquiry: Inquiry,
}

#[wasm_bindgen]
impl Engine {
    /// `file(name)` gives the bytes of a file of the model's folder, or nothing.
    #[wasm_bindgen(constructor)]
    pub fn new(file: &Function) -> Result<Engine, JsValue> {
        let model = Model::read(|name| bytes_of(file, name)).map_err(thrown)?;
        let mut carrel = Carrel::new(model).map_err(thrown)?;
        if let Some(clock) = clock() {
            carrel.set_clock(clock);
        }
        Ok(Self { carrel })
    }

    /// The names of the files that a model's folder must hold.
    #[wasm_bindgen(js_name = requiredModelFiles)]
    pub fn required_model_files() -> Vec<String> {
        REQUIRED_FILES.map(str::to_owned).to_vec()
    }

    /// The names of the files that are read where the folder has them.
    #[wasm_bindgen(js_name = optionalModelFiles)]
    pub fn optional_model_files() -> Vec<String> {
        OPTIONAL_FILES.map(str::to_owned).to_vec()
    }

    /// Holds a prepared model against its checksum, for pages to which the browser gives no means of their own.
    #[wasm_bindgen(js_name = verifyPreparedModel)]
    pub fn verify_prepared_model(file: &[u8]) -> Result<(), JsValue> {
        model::verify(file).map_err(thrown)
    }

    /// The names of the files of an index, from its manifest's bytes.
    #[wasm_bindgen(js_name = indexFiles)]
    pub fn index_files(manifest: &[u8]) -> Result<Vec<String>, JsValue> {
        index::file_names(manifest).map_err(thrown)
    }

    /// The name of the file that names the others.
    pub fn manifest() -> String {
        index::MANIFEST.to_owned()
    }

    /// Opens a saved index instead of what is there; `file(name)` gives a file's bytes, or nothing.
    pub fn open(&mut self, file: &Function) -> Result<(), JsValue> {
        self.carrel.open(|name| bytes_of(file, name)).map_err(thrown)
    }

    /// The index's files that are not kept yet: pairs of name and bytes, the manifest last.
    pub fn save(&mut self) -> Array {
        let pair =
            |(name, bytes): (String, Vec<u8>)| Array::of2(&name.into(), &Uint8Array::from(bytes.as_slice()).into());
        self.carrel.index_mut().save().into_iter().map(pair).collect()
    }

    /// What `save` gave last is kept.
    pub fn saved(&mut self) {
        self.carrel.index_mut().saved();
    }

    /// Whether there is anything that is not kept.
    #[wasm_bindgen(js_name = hasChanges)]
    pub fn has_changes(&self) -> bool {
        self.carrel.index().has_changes()
    }

    /// Nothing is kept any more: the next `save` gives all.
    #[wasm_bindgen(js_name = forgetSaved)]
    pub fn forget_saved(&mut self) {
        self.carrel.index_mut().forget_saved();
    }

    /// Whether a file of that name is in memory.
    pub fn holds(&self, name: &str) -> bool {
        self.carrel.index().holds(name)
    }

    /// Takes the state that another tab has saved, with the own unsaved changes on top; `file(name)` gives the bytes of
    /// those files that are not held.
    pub fn refresh(&mut self, file: &Function) -> Result<(), JsValue> {
        self.carrel.index_mut().refresh(|name| bytes_of(file, name)).map_err(thrown)
    }

    /// The vectors of which a graph is worth building, for `buildGraph`, elsewhere.
    pub fn work(&mut self) -> Option<Vec<u8>> {
        self.carrel.index_mut().work()
    }

    /// Takes the graph that was built; tells whether it was still wanted.
    pub fn adopt(&mut self, graph: &[u8]) -> Result<bool, JsValue> {
        self.carrel.index_mut().adopt(graph).map_err(thrown)
    }

    /// Lets go of work that nobody does any more.
    #[wasm_bindgen(js_name = giveUpWork)]
    pub fn give_up_work(&mut self) {
        self.carrel.index_mut().give_up_work();
    }

    /// The index as one file.
    pub fn export(&mut self) -> Uint8Array {
        Uint8Array::from(index::bundle(&self.carrel.save()).as_slice())
    }

    /// Opens an index that was exported, instead of what is there.
    pub fn import(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let mut files: HashMap<String, Vec<u8>> = index::unbundle(bytes).map_err(thrown)?.into_iter().collect();
        self.carrel.open(|name| files.remove(name)).map_err(thrown)?;
        self.carrel.index_mut().forget_saved();
        Ok(())
    }

    /// Throws where a file of that size is too large to read: asked before its bytes are loaded.
    #[wasm_bindgen(js_name = checkSize)]
    pub fn check_size(name: String, bytes: f64, pdf: bool) -> Result<(), JsValue> {
        ingest::check_size(&name, bytes as usize, pdf).map_err(thrown)
    }

    /// Reads a document: `source` has an id and a name, and a text or pages unless `bytes` are given.
    pub fn begin(&self, source: JsValue, bytes: Option<Vec<u8>>) -> Result<Adding, JsValue> {
        let source = convert::source(source, bytes)?;
        Ok(Adding { addition: self.carrel.begin(source).map_err(thrown)? })
    }

    /// Cuts the next stretch of the text: some hundred milliseconds of work at most.
    pub fn cut(&self, adding: &mut Adding) {
        self.carrel.cut(&mut adding.addition);
    }

    /// Hands out the next passages to be embedded: `{first, texts}`, with the number of the first of them; `null` where
    /// all that was cut is handed out.
    #[wasm_bindgen(js_name = nextBatch)]
    pub fn next_batch(&self, adding: &mut Adding) -> JsValue {
        adding.addition.next_batch().map_or(JsValue::NULL, |batch| convert::batch(&batch))
    }

    /// The vectors of passages, one behind the other: for when there is nobody else to embed them.
    pub fn encode(&self, texts: Vec<String>) -> Result<Vec<f32>, JsValue> {
        encoded(self.carrel.embedder(), &texts)
    }

    /// Takes the vectors of passages that were handed out, one behind the other, from the `first` on.
    pub fn put(&self, adding: &mut Adding, first: usize, vectors: &[f32]) -> Result<(), JsValue> {
        let dimensions = self.carrel.embedder().dimensions();
        let vectors = vectors.chunks(dimensions).map(|values| UnitVector::of_length_one(values.to_vec()));
        let vectors: Vec<UnitVector> = vectors.collect::<Result<_, _>>().map_err(thrown)?;
        self.carrel.put(&mut adding.addition, first, vectors).map_err(thrown)
    }

    /// Puts a document into the index and gives its description.
    pub fn finish(&mut self, adding: Adding) -> Result<JsValue, JsValue> {
        self.carrel.finish(adding.addition).map(convert::document_info).map_err(thrown)
    }

    /// Removes a document; tells whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        self.carrel.remove(id)
    }

    /// Descriptions of all documents.
    pub fn documents(&self) -> Array {
        self.carrel.entries().map(convert::document_info).collect()
    }

    /// A document with its text, or nothing.
    pub fn document(&self, id: &str) -> Option<JsValue> {
        self.carrel.entry(id).map(convert::document)
    }

    /// The passages that fit a question best, and the facets.
    pub fn search(&self, question: &str, options: JsValue) -> Result<Array, JsValue> {
        let options: SearchOptions = convert::given("search options", options)?;
        let Found { passages, facets } = self.carrel.find(question, &options).map_err(thrown)?;
        Ok(Array::of2(&convert::passages(&self.carrel, &passages), &convert::out(&facets)))
    }

    /// Finds the passages and makes the request.
    pub fn ask(&self, question: &str, options: JsValue) -> Result<Answering, JsValue> {
        let options = convert::given("ask options", options)?;
        Ok(Answering { inquiry: self.carrel.ask(question, options).map_err(thrown)? })
    }

    /// The passages that the answer may cite.
    pub fn sources(&self, answering: &Answering) -> JsValue {
        convert::passages(&self.carrel, answering.inquiry.sources())
    }

    /// Takes out of the prompt what is not to be sent: `{strike, redact}`.
    pub fn revise(&self, answering: &mut Answering, revision: JsValue) -> Result<(), JsValue> {
        let revision: Revision = convert::given("what is sent", revision)?;
        answering.inquiry.revise(&self.carrel, &revision).map_err(thrown)
    }

    /// The response to the same request, where one is kept: it is pushed, and nothing is sent.
    pub fn kept(&self, answering: &mut Answering) -> Option<Vec<u8>> {
        answering.inquiry.kept(&self.carrel)
    }

    /// In how many milliseconds to ask this again; with 0 the request is to be sent now.
    pub fn turn(&self, answering: &mut Answering) -> Result<f64, JsValue> {
        answering.inquiry.call().map_or(Ok(0.0), |call| call.turn(&self.carrel)).map_err(thrown)
    }

    /// The headers of the response came: `header(name)` gives one, where it can be seen.
    pub fn opened(&self, answering: &mut Answering, header: &Function) {
        if let Some(call) = answering.inquiry.call() {
            call.opened(&self.carrel, &|name| text_of(header, name), js_sys::Date::now());
        }
    }

    /// In how many milliseconds to ask whether it is overdue.
    #[wasm_bindgen(js_name = nextAlarm)]
    pub fn next_alarm(&self, answering: &mut Answering) -> f64 {
        answering.inquiry.call().map_or(f64::INFINITY, |call| call.next_alarm(&self.carrel))
    }

    /// Whether something took too long: then the connection is to be closed.
    pub fn overdue(&self, answering: &mut Answering) -> bool {
        answering.inquiry.call().is_some_and(|call| call.overdue(&self.carrel))
    }

    /// Takes bytes of the response and gives events.
    pub fn push(&self, answering: &mut Answering, bytes: &[u8]) -> JsValue {
        let events = answering.inquiry.push(&self.carrel, bytes);
        self.events(answering, events)
    }

    /// The response has ended, well or not: nothing where the answer is whole, else in how many milliseconds to ask for
    /// its turn again. Throws where it is not sent again.
    pub fn settle(&self, answering: &mut Answering) -> Result<Option<f64>, JsValue> {
        answering.inquiry.settle(&self.carrel, js_sys::Math::random()).map_err(thrown)
    }

    /// Nobody waits for more.
    pub fn abandon(&self, answering: &mut Answering) {
        answering.inquiry.abandon(&self.carrel);
    }

    /// What the language models' answers took together.
    pub fn totals(&self) -> JsValue {
        convert::out(&self.carrel.totals())
    }

    /// Takes text of the caller's own function and gives events.
    #[wasm_bindgen(js_name = pushText)]
    pub fn push_text(&self, answering: &mut Answering, text: &str) -> JsValue {
        let events = answering.inquiry.push_text(&self.carrel, text);
        self.events(answering, events)
    }

    /// Ends the answer and gives the last events.
    #[wasm_bindgen(js_name = finishAnswer)]
    pub fn finish_answer(&self, answering: &mut Answering) -> Result<JsValue, JsValue> {
        let events = answering.inquiry.finish(&self.carrel).map_err(thrown)?;
        Ok(self.events(answering, events))
    }

    fn events(&self, answering: &Answering, events: Vec<crate::carrel::Event>) -> JsValue {
        convert::events(&self.carrel, answering.inquiry.text(), answering.inquiry.sources(), events)
    }
}

#[wasm_bindgen]
impl Adding {
    /// How much of the work is done, 0 to 1.
    pub fn progress(&self) -> f64 {
        self.addition.progress()
    }

    /// Whether all of the text is cut.
    #[wasm_bindgen(js_name = isCut)]
    pub fn is_cut(&self) -> bool {
        self.addition.is_cut()
    }

    /// Whether all is done but putting it into the index.
    #[wasm_bindgen(js_name = isDone)]
    pub fn is_done(&self) -> bool {
        self.addition.is_done()
    }
}

#[wasm_bindgen]
impl Answering {
    /// What is to be sent: address, headers as pairs of name and value, and body; or nothing.
    pub fn request(&mut self) -> JsValue {
        match self.inquiry.call() {
            Some(call) => {
                let request = call.request();
                let parts = (&request.url, &request.headers, &request.body);
                convert::out(&parts)
            }
            None => JsValue::NULL,
        }
    }

    /// The messages for the caller's own function, or nothing.
    pub fn messages(&self) -> JsValue {
        self.inquiry.messages().map_or(JsValue::NULL, |messages| convert::out(&messages))
    }

    /// Whether the answer has ended, though the connection may be open still.
    #[wasm_bindgen(js_name = isDone)]
    pub fn is_done(&mut self) -> bool {
        self.inquiry.call().is_none_or(|call| call.is_done())
    }

    /// What was done so far.
    pub fn trace(&self) -> JsValue {
        convert::out(self.inquiry.trace())
    }

    /// The status is not in 200…299; `header(name)` gives a header, where it can be seen.
    pub fn refused(&mut self, status: u16, header: &Function, body: &[u8]) {
        if let Some(call) = self.inquiry.call() {
            call.refused(status, &|name| text_of(header, name), body);
        }
    }

    /// The connection could not be made, or broke after it `began`.
    pub fn broken(&mut self, began: bool) {
        if let Some(call) = self.inquiry.call() {
            call.broken(began);
        }
    }
}

pub(super) fn bytes_of(file: &Function, name: &str) -> Option<Vec<u8>> {
    let value = file.call1(&JsValue::NULL, &name.into()).ok()?;
    value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec())
}

pub(super) fn text_of(header: &Function, name: &str) -> Option<String> {
    header.call1(&JsValue::NULL, &name.into()).ok()?.as_string()
}

/// `performance.now` of the page or the worker.
fn clock() -> Option<impl Fn() -> f64 + 'static> {
    let performance = Reflect::get(&js_sys::global(), &"performance".into()).ok()?;
    let now: Function = Reflect::get(&performance, &"now".into()).ok()?.dyn_into().ok()?;
    Some(move || now.call0(&performance).ok().and_then(|time| time.as_f64()).unwrap_or(0.0))
}
