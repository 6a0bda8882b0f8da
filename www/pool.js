// texts → vectors, by several workers at a time
//
// Each worker has an engine and a model of its own, so that no memory is shared and any static host will do. They are
// started while the desk opens and the network is there, but load the model only when there is work for them. One
// that crashes is replaced and its batch done again; a batch that crashes two workers is given up. Where none can be
// started the desk does the work itself.

import { breathe } from "./breathing.js";
import { CarrelError, fromPlain } from "./errors.js";

/** @typedef {import("./encoding.js").ToEncoding} ToEncoding */
/** @typedef {import("./encoding.js").FromEncoding} FromEncoding */
/** @typedef {{ script: string, module: WebAssembly.Module }} Compiled */
/** @typedef {{ id: number, texts: string[], crashes: number, isDropped: boolean, resolve: (vectors: Float32Array) => void,
 *   reject: (error: unknown) => void }} Batch */
/** @typedef {{ worker: Worker, batches: Batch[], isLoaded: boolean, hasModel: boolean, isReady: boolean }} Member
 *   the first of its batches is the one that it is at */

/** So many batches does a worker have: one that it is at, and one so that it need not wait for a desk that is busy. */
const AT_HAND = 2;
/** How long the desk waits for its workers' scripts, in milliseconds: it works without them, too. */
const PATIENCE = 3000;
/** After so many crashes it is the batch's fault. */
const MOST_CRASHES = 2;

/**
 * How many workers there are unless somebody says otherwise. Not more than four: half the cores of most machines
 * are hyper-threads, which share what a matrix product needs, and the page wants to go on, too. Not more than there
 * are gigabytes of memory: each worker has its own copy of the model. Browsers that do not tell have four or more.
 * @param {{ hardwareConcurrency?: number, deviceMemory?: number }} machine the browser's `navigator`
 */
export function workersFor({ hardwareConcurrency = 1, deviceMemory = 4 }) {
  return Math.max(1, Math.min(hardwareConcurrency, Math.floor(deviceMemory), 4));
}

export class Pool {
  /** @type {Set<Member>} */
  #members = new Set();
  /** Batches that no worker has. @type {Batch[]} */
  #waiting = [];
  #next = 1;
  #engine;
  /** The model's. @type {Map<string, Blob>} */
  #files = new Map();
  /** @type {(texts: string[]) => Float32Array} */
  #encodeHere = () => new Float32Array();
  #isBusyHere = false;
  /** Workers that build a graph. @type {Set<Worker>} */
  #builders = new Set();
  /** How many have not loaded their scripts yet. */
  #loading = 0;
  #onLoaded = () => {};
  /** Called whenever there is room for more, or may be. */
  onRoom = () => {};
  /** Why the desk does the work itself, if it does. @type {string | null} */
  note = null;

  /** @param {number} size @param {Compiled} engine */
  constructor(size, engine) {
    this.#engine = engine;
    for (let number = 0; number < size; number++) this.#engage();
  }

  /**
   * Gives it what it needs to work, and waits until its workers can do without the network.
   * @param {Map<string, Blob>} files the model's
   * @param {(texts: string[]) => Float32Array} encodeHere for when there is no worker
   */
  async equip(files, encodeHere) {
    this.#files = files;
    this.#encodeHere = encodeHere;
    if (this.#loading === 0) return;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      this.#onLoaded = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  get hasRoom() {
    if (this.#waiting.length > 0) return false;
    return this.#members.size === 0 || [...this.#members].some(({ batches }) => batches.length < AT_HAND);
  }

  /**
   * Embeds texts; `signal` lets go of them: what is not begun is dropped, what is goes on unheard.
   * @param {string[]} texts
   * @param {AbortSignal} signal
   * @returns {Promise<Float32Array>} their vectors, one behind the other
   */
  encode(texts, signal) {
    /** @type {PromiseWithResolvers<Float32Array>} */
    const { promise, resolve, reject } = Promise.withResolvers();
    const batch = { id: this.#next++, texts, crashes: 0, isDropped: false, resolve, reject };
    const drop = () => {
      reject(signal.reason);
      this.#drop(batch);
    };
    signal.addEventListener("abort", drop, { once: true });
    this.#waiting.push(batch);
    this.#dispatch();
    return promise.finally(() => signal.removeEventListener("abort", drop));
  }

  /**
   * Builds a graph of vectors in a worker of its own: those that embed go on, and its memory is given back with it.
   * @param {Uint8Array} work
   * @returns {Promise<Uint8Array>}
   */
  async build(work) {
    const worker = new Worker(new URL("./encoding.js", import.meta.url), { type: "module", name: "carrel-building" });
    this.#builders.add(worker);
    try {
      return await new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => {
          if ("graph" in data) resolve(data.graph);
          else if ("lost" in data) reject(new Error(data.lost));
        };
        worker.onerror = (event) => {
          event.preventDefault(); // It is dealt with here.
          reject(new Error(event.message));
        };
        send({ worker }, { engine: this.#engine });
        worker.postMessage({ graph: work }, [work.buffer]);
      });
    } finally {
      worker.terminate();
      this.#builders.delete(worker);
    }
  }

  /** Stops all workers. What is under way is never heard of again. */
  close() {
    for (const { worker } of this.#members) worker.terminate();
    for (const builder of this.#builders) builder.terminate();
    this.#members.clear();
    this.#waiting = [];
    this.#files.clear();
  }

  #engage() {
    let worker;
    try {
      worker = new Worker(new URL("./encoding.js", import.meta.url), { type: "module", name: "carrel-encoding" });
    } catch (error) {
      this.#giveUp(/** @type {Error} */ (error).message);
      return;
    }
    /** @type {Member} */
    const member = { worker, batches: [], isLoaded: false, hasModel: false, isReady: false };
    worker.onmessage = ({ data }) => this.#receive(member, data);
    worker.onerror = (event) => {
      event.preventDefault(); // It is dealt with here.
      this.#lose(member, event.message || "its script could not be loaded");
    };
    this.#members.add(member);
    this.#loading += 1;
    send(member, { engine: this.#engine });
  }

  #dispatch() {
    while (this.#waiting.length > 0 && this.#members.size > 0) {
      const [member] = [...this.#members].filter(({ batches }) => batches.length < AT_HAND).sort(byReadiness);
      if (!member) break;
      const batch = /** @type {Batch} */ (this.#waiting.shift());
      member.batches.push(batch);
      if (!member.hasModel) send(member, { files: this.#files });
      member.hasModel = true;
      send(member, { id: batch.id, texts: batch.texts });
    }
    if (this.#members.size === 0) void this.#workHere();
    this.onRoom();
  }

  /** Nobody wants a batch any more; who is at it goes on. @param {Batch} batch */
  #drop(batch) {
    batch.isDropped = true;
    this.#waiting = this.#waiting.filter((other) => other !== batch);
    const member = [...this.#members].find(({ batches }) => batches.indexOf(batch) > 0);
    if (member) {
      member.batches = member.batches.filter((other) => other !== batch);
      send(member, { drop: batch.id });
    }
    this.#dispatch();
  }

  /** @param {Member} member @param {FromEncoding} message */
  #receive(member, message) {
    if (!this.#members.has(member)) return;
    if ("lost" in message) return this.#lose(member, message.lost);
    if ("loaded" in message) return this.#noteLoaded(member);
    if ("ready" in message) {
      member.isReady = true;
      return;
    }
    if ("graph" in message) return; // Only a builder is asked for one.
    const batch = member.batches.find(({ id }) => id === message.id);
    if (!batch) return; // It was dropped in the moment it was begun.
    member.batches = member.batches.filter((other) => other !== batch);
    if ("vectors" in message) batch.resolve(message.vectors);
    else batch.reject(fromPlain(message.error));
    this.#dispatch();
  }

  /** It is loaded, or never will be. @param {Member} member */
  #noteLoaded(member) {
    if (member.isLoaded) return;
    member.isLoaded = true;
    this.#loading -= 1;
    if (this.#loading === 0) this.#onLoaded();
  }

  /** @param {Member} member @param {string} reason */
  #lose(member, reason) {
    if (!this.#members.delete(member)) return;
    this.#noteLoaded(member);
    const { batches, isReady, worker } = member;
    worker.terminate();
    const [at] = batches;
    if (at && isReady) at.crashes += 1;
    for (const batch of batches.filter(({ isDropped }) => !isDropped).reverse()) {
      if (batch.crashes < MOST_CRASHES) this.#waiting.unshift(batch);
      else batch.reject(new CarrelError("crashed", `embedding it stopped the engine ${MOST_CRASHES} times (${reason})`));
    }
    // Whoever never got ready would not get ready the next time either: there is no memory, or no network.
    if (isReady) this.#engage();
    else if (this.#members.size === 0) this.#giveUp(reason);
    this.#dispatch();
  }

  /** @param {string} reason */
  #giveUp(reason) {
    this.note = `No worker for embedding could be started (${reason}): documents take longer, and questions wait a little meanwhile.`;
  }

  async #workHere() {
    if (this.#isBusyHere) return;
    this.#isBusyHere = true;
    for (let batch; (batch = this.#waiting.shift()); this.onRoom()) {
      await breathe();
      try {
        batch.resolve(this.#encodeHere(batch.texts));
      } catch (error) {
        batch.reject(error);
      }
    }
    this.#isBusyHere = false;
  }
}

/** Idle ones first, and of these the ones that have the model already. @param {Member} left @param {Member} right */
function byReadiness(left, right) {
  const rank = (/** @type {Member} */ { batches, hasModel, isReady }) => 4 * batches.length - Number(hasModel) - Number(isReady);
  return rank(left) - rank(right);
}

/** @param {Pick<Member, "worker">} member @param {ToEncoding} message */
function send({ worker }, message) {
  worker.postMessage(message);
}
