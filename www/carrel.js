// Carrel's public API for JavaScript
//
// A private reading desk in a browser tab: `Carrel.open`, `add`, `search`, `ask`. All work is done in a worker of its
// own; this module only talks to it. Safe to import on a server: nothing runs before `open`.

import { Answer } from "./answer.js";
import { builtIn } from "./built-in.js";
import { CarrelError, fromPlain } from "./errors.js";
import { checked, checkedGenerator, checkedStorage, checkMetadata, folder, forEngine, invalid, isBuiltIn, MOST_WORKERS } from "./options.js";
import { Caller } from "./protocol.js";

export { Answer, CarrelError };

/**
 * @typedef {{ start: number, end: number }} Span  UTF-16 offsets into a text
 * @typedef {"markdown" | "html" | "text" | "pdf"} Format
 * @typedef {"hybrid" | "semantic" | "lexical"} Mode
 * @typedef {{ id: string, name: string, title: string, url: string | null, format: Format, characters: number,
 *   chunks: number, pages: number, language: string, metadata: Metadata, warnings: string[] }} DocumentInfo
 *   `pages` is 0 where the format has none; `language` such as "en", or "und" where it is not known
 * @typedef {DocumentInfo & { text: string, outline: { level: number, title: string, span: Span }[], pageSpans: Span[] }} WholeDocument
 * @typedef {{ id: string, chunk: number, title: string, url: string | null, format: Format, headings: string[],
 *   metadata: Metadata, page: number | null, text: string, span: Span, highlights: Span[], score: number,
 *   semantic: number | null, lexical: number | null }} Passage
 *   `span` counts in the document's text, `highlights` in the passage's: the words of the question; `score` is
 *   comparable within one search only, higher is better
 * @typedef {import("./options.js").Scalar} Scalar
 * @typedef {import("./options.js").Metadata} Metadata  what else is known of a document, by name: searches are
 *   filtered by it
 * @typedef {{ id?: string, name?: string, title?: string, url?: string, format?: Format, text?: string, file?: Blob,
 *   metadata?: Metadata, language?: string }} Item
 *   a text, or a file under another id; `language` such as "en" where it is known: it is guessed otherwise
 * @typedef {File | Item} Addable
 * @typedef {{ id: string, name: string, state: "waiting" | "reading" | "embedding" | "ready" | "failed", done: number,
 *   document?: DocumentInfo, error?: CarrelError, note?: string }} AddProgress  `done` is 0 to 1; `note` says why it
 *   takes longer than it should
 * @typedef {{ added: DocumentInfo[], failed: { id: string, name: string, error: CarrelError }[] }} AddResult
 * @typedef {{ phase: "engine" | "model" | "index", loaded: number, total: number | null, cached?: boolean,
 *   note?: string }} OpenProgress  in bytes; `cached` where the browser had kept the model from an earlier time; `note`
 *   says why it could not be kept for the next time
 * @typedef {string | { name?: string, system?: string, user?: string }} Template  the name of a version that is built in
 *   (see `templates`), or a wording of one's own in the syntax of Jinja: what is missing is that of the version of its
 *   name, or of the default. Both texts may use `question`, `passages`, `sources` (a list of `number`, `title`, `headings`,
 *   `page`, `text`, `url`) and `language`; question and passages must not get lost
 * @typedef {{ name: string, about: string, system: string, user: string }} TemplateVersion
 * @typedef {{ question: string, answer: string }} Turn  of a conversation, or a worked example
 * @typedef {{ reason: "saved" | "deleted", error?: undefined } | { reason: "failed", error: CarrelError }} Change
 *   what another tab did to the collection: `saved`, and this one has taken it; `deleted`, and it is only here now;
 *   `failed`: what it saved could not be read, here is what was here before
 * @typedef {import("./storage.js").CollectionInfo} CollectionInfo
 * @typedef {import("./options.js").Generator} Generator
 * @typedef {{ name: "address" | "permission" | "server" | "cors" | "key" | "model" | "answer",
 *   state: "ok" | "failed" | "skipped" | "unknown", detail: string, remedy: string | null, command: string | null }} Step
 *   of a diagnosis; `remedy` says what to do, `command` what to type for it, where something is
 * @typedef {{ steps: Step[], verdict: string }} Diagnosis  `verdict` is `ok`, or the code of what is wrong: that of an
 *   answer's error, or `mixed_content`, `permission_denied`, `no_server`, `redirected`, `cors_refused`, `model_unlisted`
 * @typedef {{ type: "citation", number: number, at: Span, source: number, span: Span, support: number,
 *   verdict: "supported" | "weak" | "unsupported", by: "model" | "carrel" }} CitationEvent
 *   `at` is the mark's place in the answer, empty where Carrel adds one; `source` an index into the sources, -1 where
 *   the model cites what does not exist; `span` the cited sentences in the document's text. A later event with the
 *   same `at` and `number` replaces an earlier one.
 * @typedef {{ type: "sentence", at: Span, source: number, span: Span, support: number,
 *   verdict: "supported" | "weak" | "unsupported" }} SentenceEvent
 *   a sentence of the answer, checked when all has come, whether or not it cites: `at` is its place in the answer,
 *   `source` the passage that supports it best, -1 for none, and `span` where in its document
 * @typedef {{ promptTokens: number | null, completionTokens: number | null, cachedTokens: number | null,
 *   reasoningTokens: number | null, finish: "stop" | "length" | "refusal" | "other" | null, finishReason: string | null }} Usage
 *   as far as the API tells; those from a cache are counted in `promptTokens`, thoughts in `completionTokens`;
 *   `finishReason` is the API's own word for how it ended
 * @typedef {{ type: "usage" } & Usage} UsageEvent
 * @typedef {{ type: "waiting", milliseconds: number, code: string, message: string }} WaitingEvent  the API could not
 *   answer yet, for which reason, and is asked again in so long
 * @typedef {{ type: "sources", sources: Passage[] } | { type: "text", text: string } | CitationEvent | SentenceEvent
 *   | WaitingEvent | UsageEvent} AnswerEvent
 * @typedef {{ prompt: number, cachedPrompt: number, completion: number, reasoning: number }} Tokens  `cachedPrompt` of
 *   `prompt` were read from the server's cache, `reasoning` of `completion` are thoughts
 * @typedef {{ tokens: Tokens, reported: boolean, money: number | null, firstTokenMilliseconds: number | null,
 *   tokensPerSecond: number | null, milliseconds: number, retries: number }} Measure  what an answer took; `reported`
 *   unless tokens were counted here; `money` where the price is known; the first token since the request was sent, the
 *   whole since the question was asked
 * @typedef {{ answers: number, counted: number, unpriced: number, tokens: Tokens, money: number, milliseconds: number,
 *   retries: number }} Totals  of `counted` answers the tokens were counted here, of `unpriced` the price is not known
 * @typedef {import("./ledger.js").LedgerEntry} LedgerEntry
 * @typedef {{ question: string, stages: ({ stage: string, milliseconds: number } & Record<string, unknown>)[],
 *   request: { url: string, body: string } | null, firstTokenMilliseconds: number | null, usage: Usage | null,
 *   resent: { code: string, message: string, milliseconds: number }[], cached: boolean, measure: Measure | null }} Trace
 *   `resent`: why the request was sent again, and after how long; `cached`: the response was kept, and nothing was sent
 * @typedef {{ url: string | null, body: string | null, messages: { role: string, content: string }[],
 *   sources: Passage[], again: boolean }} Outgoing
 *   what would be sent; without address and body where a function of the page's own answers; `again` where it was
 *   revised and is shown once more
 * @typedef {{ strike?: number[], redact?: string[], again?: boolean }} Revision  the sources, by their place from 0, and
 *   the words that are not to be sent; with `again` the gate is asked once more, with what is left
 * @typedef {(outgoing: Outgoing) => boolean | Revision | Promise<boolean | Revision>} Gate  `true`: it is sent as
 *   it was shown; a revision: without what that names, counted from what was found; `false`: nothing is sent, and the
 *   answer fails with `not_sent`
 * @typedef {{ model: string | URL, index?: string | URL | Blob, storage?: string, generator?: Generator | null,
 *   workers?: number, onProgress?: (progress: OpenProgress) => void, onChange?: (change: Change) => void,
 *   signal?: AbortSignal }} OpenOptions
 *   `index` is the address of a folder that the CLI made, or an exported file: what a collection begins with of which
 *   nothing is kept yet;
 *   `storage` is where `save` keeps the collection: `"memory"` (the default), nowhere; `"opfs"`, in the browser's private
 *   file system, or in IndexedDB where the browser has none; `"indexeddb"`, in IndexedDB; `"opfs:NAME"` and
 *   `"indexeddb:NAME"` keep several apart, each name being one collection, which stays where it is kept already. Several
 *   tabs may have the same one open: each sees what the others save;
 *   `workers` embed documents side by side, 1 to 16: as many as suit the machine unless given;
 *   `onChange` is told what other tabs have done to the collection
 * @typedef {{ $eq?: Scalar | null, $ne?: Scalar | null, $in?: (Scalar | null)[], $nin?: (Scalar | null)[], $gt?: Scalar,
 *   $gte?: Scalar, $lt?: Scalar, $lte?: Scalar, $exists?: boolean, $prefix?: string, $not?: Condition }} Condition
 *   which values may be: of a list, one of them
 * @typedef {{ $and?: Filter[], $or?: Filter[], $nor?: Filter[], $not?: Filter } | { [field: string]: Scalar | null | Condition }} Filter
 *   which documents may be found, as MongoDB has it: `{ year: { $gte: 2020 }, tags: "maps" }`. Fields are those of
 *   `metadata`, and `id`, `name`, `title`, `url`, `format`, `language`, `pages`
 * @typedef {object} Choice Which passages are chosen.
 * @property {number} [limit] how many at most: 1 to 1,000; 10 for a search, 5 for an answer
 * @property {Mode} [mode]
 * @property {Filter} [filter]
 * @property {number} [diversity] how much passages are to differ from those before them, 0 (the default) to 1
 * @property {boolean} [collapse] whether passages that say the same as a better one are left out
 * @property {number} [neighbours] how many stretches before and after are joined to each passage, 0 (the default) to 10
 *
 * @typedef {Choice & { facets?: string[], typing?: boolean, signal?: AbortSignal }} SearchOptions
 *   `facets` are fields whose values are counted; `typing`: the last word may be the beginning of one
 * @typedef {Record<string, [value: Scalar, count: number][]>} Facets
 *   of each field how many of the documents that the filter lets through have which value, most first
 * @typedef {{ passages: Passage[], facets: Facets, elapsed: number }} SearchResult  `elapsed` in milliseconds, within
 *   the engine
 * @typedef {Choice & { template?: Template, examples?: Turn[] | { pool: Turn[], most?: number }, history?: Turn[],
 *   followUps?: "rules" | "model" | "none", abstain?: boolean, contextTokens?: number, generator?: Generator | null, gate?: Gate,
 *   signal?: AbortSignal }} AskOptions
 *   of a pool of `examples` those most like the question are shown, 3 unless `most` is given; `history` is what was asked
 *   before, oldest first: a question that leans on it ("And on Sundays?") is searched for in words that stand alone, found
 *   by rules or by the model, and the model is shown it; unless `abstain` is false no model is asked where nothing that was
 *   found is near enough to answer; `gate` is asked before anything is sent
 */

/** The options of `Choice`. */
const CHOICE = {
  limit: "number", mode: "string", filter: "object", diversity: "number", collapse: "boolean", neighbours: "number",
};

export class Carrel {
  #caller;
  /** @type {Generator | null} */ #generator = null;

  /** Use `Carrel.open`. @param {Caller} caller */
  constructor(caller) {
    this.#caller = caller;
  }

  /**
   * Loads the engine and the model, and an index if one is named.
   * @param {OpenOptions} options
   * @returns {Promise<Carrel>}
   */
  static async open(options) {
    const known = {
      model: "string|URL", index: "string|URL|Blob", storage: "string", generator: "object|function|null",
      workers: "number", onProgress: "function", onChange: "function", signal: "AbortSignal",
    };
    const { model, index, storage = "memory", generator, workers, onProgress, onChange, signal } = checked("open", known, options);
    if (!model) throw invalid("open.model", "it is missing; give the address of the model's folder");
    if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS)) {
      throw invalid("open.workers", `a whole number from 1 to ${MOST_WORKERS} is needed`);
    }
    const given = {
      model: folder("open.model", model),
      index: index === undefined || index instanceof Blob ? index : folder("open.index", index),
      storage: checkedStorage(storage),
      workers,
    };
    const writer = checkedGenerator(generator);
    signal?.throwIfAborted();
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "carrel" });
    const caller = new Caller(worker);
    try {
      await caller.call("open", [given], { signal, onEvent: onProgress }).result;
    } catch (error) {
      caller.end(/** @type {Error} */ (error));
      throw error;
    }
    const onEvent = (/** @type {any} */ change) => {
      onChange?.(change.error ? { ...change, error: fromPlain(change.error) } : change);
    };
    caller.call("watch", [], { onEvent }).result.catch(() => {}); // Every other call tells it, too.
    const carrel = new Carrel(caller);
    carrel.#generator = writer;
    return carrel;
  }

  /** The collections that this browser keeps for this site, by name. @returns {Promise<CollectionInfo[]>} */
  static async collections() {
    return (await import("./storage.js")).listCollections();
  }

  /**
   * Deletes what is kept of a collection; tells whether there was one. A Carrel that has it open, here or in another
   * tab, goes on in memory, and would keep it anew with its next `save`.
   * @param {string} name
   * @returns {Promise<boolean>}
   */
  static async deleteCollection(name) {
    return (await import("./storage.js")).deleteCollection(String(name));
  }

  /**
   * Asks the browser not to delete what this site keeps when the disk becomes full. Some browsers ask the person, so it
   * is best called when there is a reason to see, such as the first save.
   * @returns {Promise<boolean>} whether the browser promises it
   */
  static async persist() {
    return (await globalThis.navigator?.storage?.persist?.()) ?? false;
  }

  /** Who writes the answers; nothing for extractive ones. May be changed at any time. @returns {Generator | null} */
  get generator() {
    return this.#generator;
  }
  set generator(generator) {
    this.#generator = checkedGenerator(generator);
  }

  /**
   * Reads, cuts and embeds documents. One that fails does not stop the others: see `failed` of the result. An item
   * of the same id as an earlier one replaces it; a file's id is its path or name.
   * @param {Addable | Iterable<Addable> | AsyncIterable<Addable>} files
   * @param {{ signal?: AbortSignal, onProgress?: (progress: AddProgress) => void }} [options]
   * @returns {Promise<AddResult>}
   */
  async add(files, options) {
    const { signal, onProgress } = checked("add", { signal: "AbortSignal", onProgress: "function" }, options);
    const onEvent = (/** @type {any} */ event) =>
      onProgress?.(event.error ? { ...event, error: fromPlain(event.error) } : event);
    const send = async (/** @type {Addable[]} */ some) => {
      const outcome = await this.#caller.call("add", [some.map(item)], { signal, onEvent }).result;
      for (const failure of outcome.failed) failure.error = fromPlain(failure.error);
      return /** @type {AddResult} */ (outcome);
    };
    if (!(Symbol.asyncIterator in Object(files))) return send(listOf(files));
    const all = /** @type {AddResult} */ ({ added: [], failed: [] });
    for await (const file of /** @type {AsyncIterable<Addable>} */ (files)) {
      signal?.throwIfAborted();
      const { added, failed } = await send([file]);
      all.added.push(...added);
      all.failed.push(...failed);
    }
    return all;
  }

  /** @returns {Promise<DocumentInfo[]>} */
  documents() {
    return this.#caller.call("documents", []).result;
  }

  /** A document with its text. @param {string} id @returns {Promise<WholeDocument>} */
  document(id) {
    return this.#caller.call("document", [id]).result;
  }

  /** Tells whether there was one. @param {string} id @returns {Promise<boolean>} */
  remove(id) {
    return this.#caller.call("remove", [id]).result;
  }

  /**
   * Asks an API which models it has; `model` may be missing. Fails as an answer would, which tells whether the address,
   * the key and the browser's rules are right.
   * @param {Omit<import("./options.js").ApiGenerator, "model"> & { model?: string }} generator
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<string[]>}
   */
  async models(generator, options) {
    const { signal } = checked("models", { signal: "AbortSignal" }, options);
    return this.#caller.call("models", [checkedApi(generator)], { signal }).result;
  }

  /**
   * Finds out what stands between this page and an API's answers: the address, the browser's permission, the server,
   * its rules for pages (CORS), the key, the model, the account. Asks nothing but that address, and for an answer, of
   * one word, only with `ask`, since it may cost.
   * @param {Omit<import("./options.js").ApiGenerator, "model"> & { model?: string }} generator
   * @param {{ ask?: boolean, onStep?: (step: Step) => void, signal?: AbortSignal }} [options]
   *   `onStep` is told each step as it is taken
   * @returns {Promise<Diagnosis>}
   */
  async diagnose(generator, options) {
    const { ask = false, onStep, signal } = checked("diagnose", { ask: "boolean", onStep: "function", signal: "AbortSignal" }, options);
    return this.#caller.call("diagnose", [checkedApi(generator), ask], { signal, onEvent: onStep }).result;
  }

  /**
   * @param {string} query
   * @param {SearchOptions} [options]
   * @returns {Promise<SearchResult>}
   */
  async search(query, options) {
    const known = { ...CHOICE, facets: "array", typing: "boolean", signal: "AbortSignal" };
    const { signal, ...rest } = checked("search", known, options);
    return this.#caller.call("search", [String(query), defined(rest)], { signal }).result;
  }

  /**
   * @param {string} question
   * @param {AskOptions} [options]
   * @returns {Answer}
   */
  ask(question, options) {
    const known = {
      ...CHOICE, template: "string|object", examples: "array|object", history: "array", followUps: "string", abstain: "boolean",
      contextTokens: "number", generator: "object|function|null", gate: "function", signal: "AbortSignal",
    };
    const { signal, gate, generator = this.#generator, ...rest } = checked("ask", known, options);
    const { template = {}, examples = [], history = [], followUps = "rules" } = rest;
    if (typeof template === "object") checked("ask.template", { name: "string", system: "string", user: "string" }, template);
    const pool = Array.isArray(examples) ? examples : checked("ask.examples", { pool: "array", most: "number" }, examples).pool;
    for (const turn of [...(pool ?? []), ...history]) checked("ask.examples and history", { question: "string", answer: "string" }, turn);
    if (!["rules", "model", "none"].includes(followUps)) throw invalid("ask.followUps", "rules, model or none is needed");
    const given = checkedGenerator(generator);
    const writer = isBuiltIn(given) ? builtIn : given;
    const controller = new AbortController();
    const whole = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
    const asked = {
      ...defined(rest),
      generator: typeof writer === "function" ? { own: writer.name || "function" } : writer && forEngine(writer),
    };
    return new Answer(
      (onEvent) => {
        /** @type {Passage[]} */
        let sources = [];
        const { result, feed } = this.#caller.call("ask", [String(question), asked, gate !== undefined], {
          signal: whole,
          onEvent: (event) => {
            if (event.type === "gate") void pass(/** @type {Gate} */ (gate), { ...event.request, sources }, feed, controller);
            else if (event.type !== "request") {
              if (event.type === "sources") sources = event.sources;
              onEvent(event);
            } else void write(/** @type {import("./options.js").OwnGenerator} */ (writer), event.messages, feed, controller, whole);
          },
        });
        return result;
      },
      () => controller.abort(new DOMException("the answer is no longer wanted", "AbortError")),
    );
  }

  /**
   * Every request that has left for a language model, in order. It is in memory only, and gone with this Carrel.
   * @returns {Promise<LedgerEntry[]>}
   */
  ledger() {
    return this.#caller.call("ledger", []).result;
  }

  /** The wordings of prompts that are built in. @returns {Promise<TemplateVersion[]>} */
  templates() {
    return this.#caller.call("templates", []).result;
  }

  /** Fails where a wording cannot be used, with the line and the reason. @param {Template} template @returns {Promise<void>} */
  checkTemplate(template) {
    return this.#caller.call("checkTemplate", [template]).result;
  }

  /** What the answers of language models took together. @returns {Promise<Totals>} */
  totals() {
    return this.#caller.call("totals", []).result;
  }

  /**
   * Keeps the collection where `storage` says, with what other tabs have saved of it meanwhile: of a document that both
   * have changed, this one's. It is kept wholly or, where something goes wrong, as it was. Where another tab has deleted
   * it meanwhile this fails with `storage_deleted`, and the next one keeps it anew.
   * @returns {Promise<void>}
   */
  save() {
    return this.#caller.call("save", []).result;
  }

  /** The whole collection as one file, which `open` takes as `index`. @returns {Promise<Blob>} */
  async export() {
    return new Blob([await this.#caller.call("export", []).result], { type: "application/octet-stream" });
  }

  /** Gives all memory back. Calls that are still running are rejected. @returns {Promise<void>} */
  async close() {
    await this.#caller.call("close", []).result.catch(() => {});
    this.#caller.end(new CarrelError("closed", "this Carrel is closed: open it again"));
  }
}

/** An API, whose model may be missing. @param {unknown} generator */
function checkedApi(generator) {
  const asked = checkedGenerator(generator, true);
  if (typeof asked !== "object" || asked === null || isBuiltIn(asked)) throw invalid("generator", "an API with an address is needed");
  return forEngine(asked);
}

/** @param {unknown} files @returns {Addable[]} */
function listOf(files) {
  const several = typeof files === "object" && files !== null && Symbol.iterator in files;
  return several ? [.../** @type {Iterable<Addable>} */ (files)] : [/** @type {Addable} */ (files)];
}

/** @param {Addable} given @returns {Item & { id: string, name: string }} */
function item(given) {
  if (given instanceof Blob) {
    const { name = "", webkitRelativePath } = /** @type {File} */ (given);
    if (!name) throw invalid("add", "a Blob has no name: give { id, file } instead");
    return { id: webkitRelativePath || name, name, file: given };
  }
  const known = {
    id: "string", name: "string", title: "string", url: "string", format: "string", text: "string", file: "Blob",
    metadata: "object", language: "string",
  };
  const { id, name, file, ...rest } = checked("add", known, given);
  const called = name ?? /** @type {File | undefined} */ (file)?.name ?? id;
  if (!called) throw invalid("add", "an item needs an id, or a file with a name");
  checkMetadata(rest.metadata);
  if ((rest.text === undefined) === (file === undefined)) throw invalid("add", `${called} needs a text or a file, and not both`);
  return { ...defined(rest), id: id ?? called, name: called, ...(file ? { file } : {}) };
}

/** Asks the caller whether to send. @param {Gate} gate @param {Outgoing} outgoing @param {(value: unknown) => void} feed @param {AbortController} controller */
async function pass(gate, outgoing, feed, controller) {
  try {
    const word = await gate(outgoing);
    if (word === false) throw new CarrelError("not_sent", "nothing was sent: the gate did not let the request pass");
    if (word === true) return feed({}); // As it was shown.
    if (!word) throw new CarrelError("not_sent", "nothing was sent: the gate gave no word");
    const { again, ...revision } = checked("gate", { strike: "array", redact: "array", again: "boolean" }, word);
    feed({ revision, again });
  } catch (error) {
    controller.abort(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Has the caller's own function write. @param {import("./options.js").OwnGenerator} writer @param {{ role: string, content: string }[]} messages @param {(value: unknown) => void} feed @param {AbortController} controller @param {AbortSignal} signal */
async function write(writer, messages, feed, controller, signal) {
  try {
    for await (const text of writer({ messages }, { signal })) {
      if (signal.aborted) return;
      feed(String(text));
    }
    feed(null);
  } catch (error) {
    controller.abort(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Without what is `undefined`: the engine takes its defaults. @param {Record<string, any>} options */
function defined(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
