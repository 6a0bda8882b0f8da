// the engine in WebAssembly → everything Carrel does, on this thread
//
// The worker serves it to the page. It has a model of its own for questions; documents are embedded by the pool's
// workers, and read and cut here in small steps, with a look at what has come in between: so a question overtakes the
// adding of documents, and a cancel is heard at once.

import { Additions } from "./adding.js";
import { answerByApi, answerByPage, emitAll, pass } from "./answering.js";
import { breathe } from "./breathing.js";
import { chooseBuild, features } from "./build.js";
import { Collection } from "./collections.js";
import { Downloads } from "./downloads.js";
import { CarrelError, isCrash } from "./errors.js";
import { fetchBytes } from "./fetching.js";
import { Ledger } from "./ledger.js";
import { loadEngine } from "./loading.js";
import { Merging } from "./merging.js";
import { loadModel, PREPARED } from "./model.js";
import { Pool, workersFor } from "./pool.js";
import { listModels } from "./sending.js";

/**
 * @typedef {import("./engine.js").Engine} Engine
 * @typedef {typeof import("./engine.js")} EngineModule
 * @typedef {import("./protocol.js").Conversation} Conversation
 * @typedef {{ id: string, name: string, title?: string, url?: string, format?: string, text?: string, file?: Blob,
 *   metadata?: object, language?: string }} Item
 */

const PDF_MARK = "%PDF-";

export class Desk {
  /** @type {EngineModule} */ #module;
  /** @type {Engine} */ #engine;
  /** @type {Collection | null} */ #collection;
  /** @type {Pool} */ #pool;
  /** @type {Additions} */ #additions;
  /** @type {Merging} */ #merging;
  #ledger = new Ledger();
  /** Rejected when the engine stops while nobody has called it. @type {PromiseWithResolvers<never>} */
  #crash = Promise.withResolvers();

  /** @param {EngineModule} module @param {Engine} engine @param {Collection | null} collection @param {Pool} pool @param {number} workers */
  constructor(module, engine, collection, pool, workers) {
    this.#module = module;
    this.#engine = engine;
    this.#collection = collection;
    this.#pool = pool;
    this.#crash.promise.catch(() => {});
    this.#merging = new Merging(engine, pool, this.#crash.reject);
    this.#additions = new Additions(engine, pool, workers, (item, signal, onProgress) => contentOf(module.Engine, item, signal, onProgress));
    this.#additions.onAdded = () => this.#merging.look();
    this.#merging.look();
    if (collection) collection.onCrash = this.#crash.reject;
  }

  /**
   * @param {{ model: string, index?: string | Blob, storage: import("./options.js").Place | null, workers?: number }} options
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
    const collection = storage && (await Collection.open(storage, engine, Engine));
    try {
      if (index && (collection?.isNew ?? true)) {
        const read = await fetchIndex(Engine, index, signal, (progress) => emit({ phase: "index", ...progress }));
        // Unless another tab has saved something meanwhile. All of the index is still to be saved here.
        if (collection?.isNew ?? true) {
          read(engine);
          engine.forgetSaved();
        }
      }
      await pool.equip(blobs, (texts) => engine.encode(texts));
      signal.throwIfAborted();
    } catch (error) {
      collection?.close();
      pool.close();
      throw error;
    }
    return new Desk(module, engine, collection, pool, workers);
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
    const removed = this.#engine.remove(id);
    this.#merging.look();
    return removed;
  }

  /** @param {string} question @param {object} options */
  search(question, options) {
    const start = performance.now();
    const [passages, facets] = this.#engine.search(question, options);
    return { passages, facets, elapsed: performance.now() - start };
  }

  /**
   * Tells the sources, then the answer as it comes, and the trace, also of an answer that failed.
   * @param {string} question
   * @param {object} options
   * @param {boolean} gated whether to wait for a word of the page before anything is sent
   * @param {Conversation} conversation
   */
  async ask(question, options, gated, conversation) {
    const standalone = await this.#rewrite(question, options, gated, conversation);
    const answering = this.#engine.ask(question, { ...options, standalone });
    const { signal, emit } = conversation;
    let alive = true;
    try {
      emit({ type: "sources", sources: this.#engine.sources(answering) });
      await breathe(); // The sources are on the page before the answer is begun.
      signal.throwIfAborted();
      if (gated && (answering.request() || answering.messages())) await pass(this.#engine, answering, conversation);
      if (answering.request()) await answerByApi(this.#engine, answering, this.#ledger, conversation);
      else if (answering.messages()) await answerByPage(this.#engine, answering, conversation);
      emitAll(emit, this.#engine.finishAnswer(answering));
    } catch (error) {
      alive = !isCrash(error);
      throw error;
    } finally {
      if (alive) {
        this.#engine.abandon(answering);
        emit({ type: "trace", trace: answering.trace() });
        answering.free();
      }
    }
  }

  /**
   * Has a model write a question so that it stands alone, where that is wanted. Where it fails the rules do it.
   * @param {string} question
   * @param {object} options
   * @param {boolean} gated
   * @param {Conversation} conversation
   * @returns {Promise<string | undefined>}
   */
  async #rewrite(question, options, gated, { signal, emit, feeds }) {
    const rewriting = this.#engine.rewrite(question, options);
    if (!rewriting) return undefined;
    // What it says is for us; that it waits is for the person, too.
    const quiet = { signal, feeds, emit: (/** @type {any} */ event) => ["gate", "waiting"].includes(event.type) && emit(event) };
    let alive = true;
    try {
      if (gated) await pass(this.#engine, rewriting, quiet);
      await answerByApi(this.#engine, rewriting, this.#ledger, quiet);
      return this.#engine.rewritten(rewriting, question, options);
    } catch (error) {
      alive = !isCrash(error);
      if (!alive) throw error;
      signal.throwIfAborted();
      return undefined; // The answer itself will tell what is wrong.
    } finally {
      if (alive) {
        this.#engine.abandon(rewriting);
        rewriting.free();
      }
    }
  }

  /** @returns {import("./carrel.js").TemplateVersion[]} */
  templates() {
    return this.#module.Engine.templates();
  }

  /** @param {object | string} template */
  checkTemplate(template) {
    this.#module.Engine.checkTemplate(template);
  }

  /** @param {import("./options.js").ApiGenerator} generator @param {Conversation} conversation */
  models(generator, { signal }) {
    return listModels(this.#module, generator, this.#ledger, signal);
  }

  ledger() {
    return this.#ledger.entries;
  }

  totals() {
    return this.#engine.totals();
  }

  /** @param {import("./options.js").ApiGenerator} generator @param {boolean} ask @param {Conversation} conversation */
  async diagnose(generator, ask, conversation) {
    return (await import("./doctor.js")).diagnose(this.#module, generator, ask, this.#ledger, conversation);
  }

  /** The whole collection as one file. @returns {Uint8Array} */
  export() {
    return this.#engine.export();
  }

  async save() {
    if (!this.#collection) {
      throw new CarrelError("storage_unavailable", 'this collection is in memory only: open it with storage: "opfs" to keep it, or export it');
    }
    await this.#collection.save();
  }

  /** Tells what other tabs do to the collection; ends only when the engine stops. @param {Conversation} conversation */
  watch({ emit }) {
    if (this.#collection) {
      this.#collection.onChange = (change) => {
        this.#merging.look();
        emit(change);
      };
    }
    return this.#crash.promise;
  }

  close() {
    this.#additions.close();
    this.#merging.close();
    this.#pool.close();
    this.#collection?.close();
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
 * What opens an index, an exported one or that of an address.
 * @param {EngineModule["Engine"]} Engine
 * @param {string | Blob} index
 * @param {AbortSignal} signal
 * @param {import("./fetching.js").OnBytes} onBytes
 * @returns {Promise<(engine: Engine) => void>}
 */
async function fetchIndex(Engine, index, signal, onBytes) {
  if (index instanceof Blob) {
    const bytes = new Uint8Array(await index.arrayBuffer());
    return (engine) => engine.import(bytes);
  }
  const manifestName = Engine.manifest();
  const manifest = await fetchBytes(index + manifestName, { signal });
  if (!manifest) throw new CarrelError("index_missing", `there is no index at ${index}: make one with \`carrel index PATH --out DIR\` and serve that folder`);
  const names = Engine.indexFiles(manifest);
  const entries = await Promise.all(
    names.map(async (name) => /** @type {const} */ ([name, await fetchBytes(index + name, { signal, onBytes })])),
  );
  const files = new Map(entries.flatMap(([name, bytes]) => (bytes ? [[name, bytes]] : [])));
  files.set(manifestName, manifest);
  return (engine) => engine.open((/** @type {string} */ name) => take(files, name));
}
