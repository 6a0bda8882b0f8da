// the engine in WebAssembly → everything Carrel does, on this thread
//
// The worker serves it to the page. It has a model of its own for questions; documents are embedded by the pool's
// workers, and read and cut here in small steps, with a look at what has come in between: so a question overtakes the
// adding of documents, and a cancel is heard at once.

import { Additions } from "./adding.js";
import { answerByApi, answerByPage, emitAll } from "./answering.js";
import { breathe } from "./breathing.js";
import { chooseBuild, features } from "./build.js";
import { Downloads } from "./downloads.js";
import { CarrelError, isCrash } from "./errors.js";
import { fetchBytes } from "./fetching.js";
import { loadEngine } from "./loading.js";
import { loadModel, PREPARED } from "./model.js";
import { Pool, workersFor } from "./pool.js";
import { Storage } from "./storage.js";

/**
 * @typedef {import("./engine.js").Engine} Engine
 * @typedef {typeof import("./engine.js")} EngineModule
 * @typedef {import("./protocol.js").Conversation} Conversation
 * @typedef {{ id: string, name: string, title?: string, url?: string, format?: string, text?: string, file?: Blob }} Item
 */

const PDF_MARK = "%PDF-";

export class Desk {
  /** @type {Engine} */ #engine;
  /** @type {Storage | null} */ #storage;
  /** @type {Pool} */ #pool;
  /** @type {Additions} */ #additions;

  /** @param {EngineModule} module @param {Engine} engine @param {Storage | null} storage @param {Pool} pool @param {number} workers */
  constructor(module, engine, storage, pool, workers) {
    this.#engine = engine;
    this.#storage = storage;
    this.#pool = pool;
    this.#additions = new Additions(engine, pool, workers, (item, signal, onProgress) => contentOf(module.Engine, item, signal, onProgress));
  }

  /**
   * @param {{ model: string, index?: string | Blob, storage: string | null, workers?: number }} options
   * @param {Conversation} conversation
   */
  static async open({ model, index, storage, workers = workersFor(navigator) }, { signal, emit }) {
    const build = chooseBuild(features());
    emit({ phase: "engine", loaded: 0, total: null });
    const downloads = await Downloads.open();
    const loading = loadEngine(build, downloads);
    const names = loading.then(({ module: { Engine } }) => {
      return { required: Engine.requiredModelFiles(), optional: Engine.optionalModelFiles() };
    });
    names.catch(() => {}); // It is told by `loading` itself.
    const engaging = loading.then(({ compiled }) => new Pool(workers, { script: build.script, module: compiled }));
    const [{ module }, pool, { result: engine, blobs }] = await Promise.all([
      loading,
      engaging,
      loadModel(model, {
        downloads, names, signal,
        read: async (files) => readModel((await loading).module.Engine, files),
        onProgress: (progress) => emit({ phase: "model", ...progress }),
      }),
    ]);
    const { Engine } = module;
    const kept = storage === null ? null : await Storage.open(storage);
    try {
      const onBytes = (/** @type {object} */ progress) => emit({ phase: "index", ...progress });
      const saved = (await kept?.read()) ?? (typeof index === "string" ? await fetchIndex(Engine, index, signal, onBytes) : null);
      if (saved) engine.open((/** @type {string} */ name) => take(saved, name));
      else if (index instanceof Blob) engine.import(new Uint8Array(await index.arrayBuffer()));
    } catch (error) {
      kept?.close();
      throw error;
    }
    await pool.equip(blobs, (texts) => engine.encode(texts));
    if (signal.aborted) {
      pool.close();
      kept?.close();
      throw signal.reason;
    }
    return new Desk(module, engine, kept, pool, workers);
  }

  /** @param {Item[]} items @param {Conversation} conversation */
  add(items, conversation) {
    return this.#additions.add(items, conversation);
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
    this.#additions.close();
    this.#pool.close();
    this.#storage?.close();
    this.#engine.free();
  }
}

/**
 * What the engine reads: the bytes of a file, its pages where it is a PDF, or the text that was given.
 * @param {EngineModule["Engine"]} Engine
 * @param {Item} item
 * @param {AbortSignal} signal
 * @param {(done: number) => void} onProgress
 */
async function contentOf(Engine, { file, ...source }, signal, onProgress) {
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

/** @param {EngineModule["Engine"]} Engine @param {Map<string, Uint8Array>} files */
function readModel(Engine, files) {
  const prepared = files.get(PREPARED);
  if (prepared && !globalThis.crypto?.subtle) Engine.verifyPreparedModel(prepared);
  return new Engine((/** @type {string} */ name) => take(files, name));
}

/** Gives a file's bytes and lets go of them: the weights need not be in memory twice. @param {Map<string, Uint8Array>} files @param {string} name */
function take(files, name) {
  const bytes = files.get(name);
  files.delete(name);
  return bytes;
}

/** By what it begins with; text that only speaks of PDF is none. @param {string} name @param {Blob} file */
async function isPdf(name, file) {
  const beginning = await file.slice(0, 1024).text().catch(() => "");
  if (/\.(md|markdown|txt|html?)$/i.test(name)) return beginning.startsWith(PDF_MARK);
  return beginning.includes(PDF_MARK) || (/\.pdf$/i.test(name) && !/^\s*[{<]/.test(beginning));
}

/**
 * @param {EngineModule["Engine"]} Engine
 * @param {string} folder
 * @param {AbortSignal} signal
 * @param {import("./fetching.js").OnBytes} onBytes
 */
async function fetchIndex(Engine, folder, signal, onBytes) {
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
