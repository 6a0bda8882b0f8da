// the engine in WebAssembly → everything Carrel does, on this thread
//
// The worker serves it to the page. Long work is done in small steps, with a look at what has come in between: so a
// question overtakes the embedding of documents, and a cancel is heard at once.

import init, { Engine } from "./engine.js";
import { answerByApi, answerByPage, emitAll } from "./answering.js";
import { CarrelError, isCrash, toPlain } from "./errors.js";
import { fetchBytes, fetchModel } from "./fetching.js";
import { Storage } from "./storage.js";

/**
 * @typedef {import("./protocol.js").Conversation} Conversation
 * @typedef {{ id: string, name: string, title?: string, url?: string, format?: string, text?: string, file?: Blob }} Item
 */

const PDF_MARK = "%PDF-";

export class Desk {
  /** @type {Engine} */ #engine;
  /** @type {Storage | null} */ #storage;
  /** Additions are done one after the other, in the order of the calls. */
  #queue = Promise.resolve();

  /** @param {Engine} engine @param {Storage | null} storage */
  constructor(engine, storage) {
    this.#engine = engine;
    this.#storage = storage;
  }

  /**
   * @param {{ model: string, index?: string | Blob, storage: string | null, wasm: string }} options
   * @param {Conversation} conversation
   */
  static async open({ model, index, storage, wasm }, { signal, emit }) {
    /** @param {string} phase */
    const onBytes = (phase) => (/** @type {object} */ progress) => emit({ phase, ...progress });
    if (!WebAssembly.validate(SIMD)) {
      throw new CarrelError("browser_unsupported", "this browser lacks WebAssembly SIMD, which Carrel needs: update it (Chrome 119, Firefox 121, Safari 17.4 or newer)");
    }
    emit({ phase: "engine", loaded: 0, total: null });
    await init({ module_or_path: wasm }).catch((cause) => {
      const problem = `${wasm} could not be loaded (${cause.message}): the engine lies beside carrel.js; serve the whole folder`;
      throw new CarrelError("fetch_failed", problem, { cause });
    });
    const files = await fetchModel(model, {
      required: Engine.requiredModelFiles(), optional: Engine.optionalModelFiles(), signal, onBytes: onBytes("model"),
    });
    await breathe();
    signal.throwIfAborted();
    const engine = new Engine((/** @type {string} */ name) => take(files, name));
    const kept = storage === null ? null : await Storage.open(storage);
    try {
      const saved = (await kept?.read()) ?? (typeof index === "string" ? await fetchIndex(index, signal, onBytes("index")) : null);
      if (saved) engine.open((/** @type {string} */ name) => take(saved, name));
      else if (index instanceof Blob) engine.import(new Uint8Array(await index.arrayBuffer()));
    } catch (error) {
      kept?.close();
      throw error;
    }
    return new Desk(engine, kept);
  }

  /**
   * Adds documents, small ones first so that a large one keeps no other waiting; each that fails is told, the
   * others go on.
   * @param {Item[]} items
   * @param {Conversation} conversation
   */
  async add(items, { signal, emit }) {
    const latest = [...new Map(items.map((item) => [item.id, item])).values()];
    const sized = latest.map((item) => ({ item, size: item.file?.size ?? item.text?.length ?? 0 }));
    sized.sort((left, right) => left.size - right.size);
    for (const { item } of sized) emit({ id: item.id, name: item.name, state: "waiting", done: 0 });
    const turn = this.#queue.then(async () => {
      const outcome = { added: /** @type {any[]} */ ([]), failed: /** @type {any[]} */ ([]) };
      for (const { item } of sized) {
        signal.throwIfAborted();
        const { id, name } = item;
        try {
          const document = await this.#addOne(item, signal, (state, done) => emit({ id, name, state, done }));
          outcome.added.push(document);
          emit({ id, name, state: "ready", done: 1, document });
        } catch (error) {
          if (signal.aborted || isCrash(error)) throw error;
          const plain = toPlain(problemOf(name, error));
          outcome.failed.push({ id, name, error: plain });
          emit({ id, name, state: "failed", done: 0, error: plain });
        }
      }
      return outcome;
    });
    this.#queue = turn.then(() => {}, () => {});
    // Who cancels need not wait for the turn to come.
    return Promise.race([turn, abortOf(signal)]);
  }

  /**
   * @param {Item} item
   * @param {AbortSignal} signal
   * @param {(state: "reading" | "embedding", done: number) => void} tell
   */
  async #addOne(item, signal, tell) {
    tell("reading", 0);
    await breathe();
    const { source, bytes } = await this.#content(item, signal, (done) => tell("reading", done));
    const adding = this.#engine.begin(source, bytes);
    try {
      while (!adding.isDone()) {
        tell("embedding", adding.progress());
        await breathe();
        signal.throwIfAborted();
        this.#engine.advance(adding);
      }
    } catch (error) {
      if (!isCrash(error)) adding.free(); // After a crash it is borrowed for ever, and freeing it would hide the crash.
      throw error;
    }
    return this.#engine.finish(adding); // Takes `adding`.
  }

  /**
   * What the engine reads: the bytes of a file, its pages where it is a PDF, or the text that was given.
   * @param {Item} item
   * @param {AbortSignal} signal
   * @param {(done: number) => void} onProgress
   */
  async #content({ file, ...source }, signal, onProgress) {
    if (!file) return { source };
    const { name } = source;
    const pdf = source.format ? source.format === "pdf" : await isPdf(name, file);
    Engine.checkSize(name, file.size, pdf);
    const bytes = new Uint8Array(await file.arrayBuffer().catch((error) => {
      throw new CarrelError("file_unreadable", `${name} cannot be read: ${error.message}. It may have been moved or changed since; add it again`);
    }));
    signal.throwIfAborted();
    if (!pdf || bytes.length === 0) return { source: { ...source, format: pdf ? undefined : source.format }, bytes };
    const { readPages } = await import("./pdf.js").catch((cause) => {
      throw new CarrelError("fetch_failed", `${name} was not read: the PDF reader did not load. Check the connection, and add the file again`, { cause });
    });
    const { pages, warnings } = await readPages(bytes, { name, signal, onProgress });
    return { source: { ...source, format: undefined, pages, warnings } };
  }

  documents() {
    return this.#engine.documents();
  }

  /** @param {string} id */
  document(id) {
    const document = this.#engine.document(id);
    if (!document) throw new CarrelError("document_unknown", `there is no document ${JSON.stringify(id)}: it was removed, or never added`);
    return document;
  }

  /** @param {string} id */
  remove(id) {
    return this.#engine.remove(id);
  }

  /** @param {string} question @param {object} options */
  search(question, options) {
    const start = performance.now();
    const passages = this.#engine.search(question, options);
    return { passages, elapsed: performance.now() - start };
  }

  /**
   * Tells the sources, then the answer as it comes, and the trace, also of an answer that failed.
   * @param {string} question
   * @param {object} options
   * @param {Conversation} conversation
   */
  async ask(question, options, conversation) {
    const answering = this.#engine.ask(question, options);
    const { signal, emit } = conversation;
    let alive = true;
    try {
      emit({ type: "sources", sources: this.#engine.sources(answering) });
      await breathe(); // The sources are on the page before the answer is begun.
      signal.throwIfAborted();
      if (answering.request()) await answerByApi(this.#engine, answering, conversation);
      else if (answering.messages()) await answerByPage(this.#engine, answering, conversation);
      emitAll(emit, this.#engine.finishAnswer(answering));
    } catch (error) {
      alive = !isCrash(error);
      throw error;
    } finally {
      if (alive) emit({ type: "trace", trace: answering.trace() });
      if (alive) answering.free();
    }
  }

  /** The whole collection as one file. @returns {Uint8Array} */
  export() {
    return this.#engine.export();
  }

  async save() {
    if (!this.#storage) {
      throw new CarrelError("storage_unavailable", 'this collection is in memory only: open it with storage: "opfs" to keep it, or export it');
    }
    await this.#storage.write(this.#engine.save());
  }

  close() {
    this.#storage?.close();
    this.#engine.free();
  }
}

/** Lets messages that have come in be handled. */
function breathe() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(null);
  });
}

/** Gives a file's bytes and lets go of them: the weights need not be in memory twice. @param {Map<string, Uint8Array>} files @param {string} name */
function take(files, name) {
  const bytes = files.get(name);
  files.delete(name);
  return bytes;
}

/**
 * Rejects when the signal is aborted, and never resolves.
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
function abortOf(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** What is no error of ours is still only this file's. @param {string} name @param {unknown} error */
function problemOf(name, error) {
  if (/** @type {any} */ (error)?.name === "CarrelError") return error;
  return new CarrelError("file_unreadable", `${name} could not be read: ${/** @type {any} */ (error)?.message ?? error}. Try again, or save it in another format`);
}

/** By what it begins with; text that only speaks of PDF is none. @param {string} name @param {Blob} file */
async function isPdf(name, file) {
  const beginning = await file.slice(0, 1024).text().catch(() => "");
  if (/\.(md|markdown|txt|html?)$/i.test(name)) return beginning.startsWith(PDF_MARK);
  return beginning.includes(PDF_MARK) || (/\.pdf$/i.test(name) && !/^\s*[{<]/.test(beginning));
}

/**
 * @param {string} folder
 * @param {AbortSignal} signal
 * @param {import("./fetching.js").OnBytes} onBytes
 */
async function fetchIndex(folder, signal, onBytes) {
  const manifestName = Engine.manifest();
  const manifest = await fetchBytes(folder + manifestName, { signal });
  if (!manifest) throw new CarrelError("index_missing", `there is no index at ${folder}: make one with \`carrel index PATH --out DIR\` and serve that folder`);
  const names = Engine.indexFiles(manifest);
  const entries = await Promise.all(
    names.map(async (name) => /** @type {const} */ ([name, await fetchBytes(folder + name, { signal, onBytes })])),
  );
  const files = new Map(entries.flatMap(([name, bytes]) => (bytes ? [[name, bytes]] : [])));
  return files.set(manifestName, manifest);
}

/** The smallest module that needs SIMD: `(func (result v128) i32.const 0 i8x16.splat)`. */
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11]);
