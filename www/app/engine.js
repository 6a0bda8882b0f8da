// The page's wishes → calls to Carrel, all of them here. Everybody else waits for the engine, also over a crash, so
// that questions and files that come early are kept instead of refused.
import { Carrel } from "../carrel/carrel.js";
import { problemOf, problemWithout } from "./words.js";

/** @import { ApiGenerator, ItemState, Problem } from "./types.js" */
/** @import { AskOptions, Change, LedgerEntry, OpenProgress } from "./types.js" */
/** @typedef {{ onLoading: (progress: OpenProgress) => void, onReady: () => void, onFailed: (problem: Problem) => void,
 *   onCrashed: (problem: Problem) => void, onChange: (change: Change) => void }} EngineEvents */

/** Everything is relative to the page, so that it also works under a sub-path. */
const MODEL = "models/all-MiniLM-L6-v2/";

export class Engine {
  /** @type {Carrel | null} */
  #carrel = null;
  /** @type {ApiGenerator | null} */
  #generator = null;
  /** What left this tab from desks that were closed since. @type {LedgerEntry[]} */
  #past = [];
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {Promise<unknown>} */
  #opening = Promise.resolve();
  /** Why it is not open, where that was tried. @type {Problem | null} */
  problem = null;
  /** What the desk begins with: the address of an index on this site, or an exported file. @type {string | Blob | null} */
  index = null;
  /** The collection that is on the desk; nothing where its documents are in this tab only. @type {string | null} */
  collection = null;
  #events;

  /** @param {EngineEvents} events */
  constructor(events) {
    this.#events = events;
  }

  get ready() {
    return this.#carrel !== null;
  }

  /** Opens the engine. Failures go to `onFailed`; calling it again tries again. */
  start() {
    return this.#inTurn(() => this.#open());
  }

  /** @returns {Promise<Problem | null>} why it could not */
  async #open() {
    if (this.#carrel) return null;
    this.problem = null;
    try {
      this.#events.onLoading({ phase: "engine", loaded: 0, total: null });
      const carrel = await Carrel.open({
        model: new URL(MODEL, document.baseURI).href,
        storage: this.collection === null ? "memory" : `opfs:${this.collection}`,
        ...(this.index === null ? {} : { index: this.index }),
        ...(this.#generator === null ? {} : { generator: this.#generator }),
        onProgress: (/** @type {OpenProgress} */ progress) => this.#events.onLoading(progress),
        onChange: (/** @type {Change} */ change) => this.#events.onChange(change),
      });
      carrel.generator = this.#generator;
      this.#carrel = carrel;
      this.#events.onReady();
      for (const wake of this.#waiting) wake();
    } catch (error) {
      this.problem = problemOf(error);
      this.#events.onFailed(this.problem);
    }
    return this.problem;
  }

  /**
   * Closes the desk and opens it with something else on it; tells why it could not.
   * @param {string | null} collection
   * @param {string | Blob | null} index
   */
  move(collection, index) {
    return this.#inTurn(async () => {
      const before = this.#carrel;
      this.#carrel = null;
      this.collection = collection;
      this.index = index;
      this.#past.push(...((await before?.ledger().catch(() => [])) ?? []));
      await before?.close();
      return this.#open();
    });
  }

  /**
   * One opening after the other, or the page would show one desk and work on another.
   * @template Result
   * @param {() => Promise<Result>} work
   */
  #inTurn(work) {
    const turn = this.#opening.then(work);
    this.#opening = turn;
    return turn;
  }

  /**
   * Waits for the engine, over failures and new starts, until the signal says no.
   * @param {AbortSignal} signal
   * @returns {Promise<Carrel>}
   */
  async whenReady(signal) {
    while (this.#carrel === null) {
      signal.throwIfAborted();
      await new Promise((resolve, reject) => {
        const wake = () => settle(resolve);
        const refuse = () => settle(() => reject(signal.reason));
        const settle = (/** @type {(value?: any) => void} */ end) => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", refuse);
          end();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", refuse);
      });
    }
    signal.throwIfAborted();
    return this.#carrel;
  }

  /**
   * Who writes the answers from now on; null: nobody, they are extracted on this machine.
   * @param {ApiGenerator | null} generator
   */
  setGenerator(generator) {
    if (this.#carrel) this.#carrel.generator = generator;
    this.#generator = generator;
  }

  /**
   * @param {File} file
   * @param {AbortSignal} signal
   * @param {(progress: { state: ItemState, done: number }) => void} onProgress
   */
  async add(file, signal, onProgress) {
    const carrel = await this.whenReady(signal);
    return this.#watched(carrel.add(file, { signal, onProgress }));
  }

  /** @param {Omit<ApiGenerator, "model">} connection */
  async models(connection) {
    return this.#watched((await this.#now()).models(connection));
  }

  /** @type {import("./checkup.js").Diagnose} */
  async diagnose(connection, options) {
    return this.#watched((await this.#now()).diagnose(connection, options));
  }

  async documents() {
    return this.#watched((await this.#now()).documents());
  }

  /** @param {string} id */
  async document(id) {
    return this.#watched((await this.#now()).document(id));
  }

  /** @param {string} id */
  async remove(id) {
    return this.#watched((await this.#now()).remove(id));
  }

  async save() {
    return this.#watched((await this.#now()).save());
  }

  async export() {
    return this.#watched((await this.#now()).export());
  }

  async ledger() {
    return [...this.#past, ...(await this.#watched((await this.#now()).ledger()))];
  }

  async totals() {
    return this.#watched((await this.#now()).totals());
  }

  /**
   * @param {string} question
   * @param {AskOptions & { signal: AbortSignal }} options
   */
  async ask(question, options) {
    const carrel = await this.whenReady(options.signal);
    // Wrapped, since an answer may itself be thenable like a response.
    return { answer: carrel.ask(question, options) };
  }

  /** Why an answer failed, in words without the key. @param {unknown} error */
  problemOf(error) {
    return problemWithout(error, this.#generator?.apiKey);
  }

  /**
   * Opens a new engine when this one is gone. Called with every error that a call to it ended in.
   * @param {unknown} error
   */
  noticeCrash(error) {
    const problem = problemOf(error);
    if (problem.code !== "crashed" || this.#carrel === null) return;
    this.#carrel = null;
    this.#events.onCrashed(problem);
    void this.start();
  }

  #now() {
    return this.whenReady(new AbortController().signal);
  }

  /**
   * @template Result
   * @param {Promise<Result>} result
   */
  async #watched(result) {
    try {
      return await result;
    } catch (error) {
      this.noticeCrash(error);
      throw error;
    }
  }
}
