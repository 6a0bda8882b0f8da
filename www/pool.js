// texts → vectors, by several workers at a time
//
// Each worker has an engine and a model of its own, so that no memory is shared and any static host will do. They are
// started when the desk opens, while the network is there, but load the model only when there is work for them. One
// that crashes is replaced and its batch done again; a batch that crashes two workers is given up. Where none can be
// started the desk does the work itself.

import { breathe } from "./breathing.js";
import { CarrelError, fromPlain } from "./errors.js";

/** @typedef {import("./encoding.js").ToEncoding} ToEncoding */
/** @typedef {import("./encoding.js").FromEncoding} FromEncoding */
/** @typedef {{ engine: { script: string, module: WebAssembly.Module }, files: Map<string, Blob> }} Equipment */
/** @typedef {{ texts: string[], crashes: number, settled: boolean, resolve: (vectors: Float32Array) => void,
 *   reject: (error: unknown) => void }} Batch */
/** @typedef {{ worker: Worker, batch: Batch | null, hasModel: boolean, isReady: boolean }} Member */

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
  /** Batches that nobody has begun. @type {Batch[]} */
  #waiting = [];
  #equipment;
  #encodeHere;
  #isBusyHere = false;
  /** Called whenever there is room for more, or may be. */
  onRoom = () => {};
  /** Why the desk does the work itself, if it does. @type {string | null} */
  note = null;

  /**
   * @param {number} size
   * @param {Equipment} equipment what a worker needs
   * @param {(texts: string[]) => Float32Array} encodeHere for when there is no worker
   */
  constructor(size, equipment, encodeHere) {
    this.#equipment = equipment;
    this.#encodeHere = encodeHere;
    for (let number = 0; number < size; number++) this.#engage();
  }

  /** So that one batch lies ready for each worker, and no more are made than that. */
  get hasRoom() {
    return this.#waiting.length < Math.max(1, this.#members.size);
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
    const batch = { texts, crashes: 0, settled: false, resolve, reject };
    const drop = () => {
      batch.settled = true;
      this.#waiting = this.#waiting.filter((other) => other !== batch);
      reject(signal.reason);
      this.onRoom();
    };
    signal.addEventListener("abort", drop, { once: true });
    this.#waiting.push(batch);
    this.#dispatch();
    return promise.finally(() => signal.removeEventListener("abort", drop));
  }

  /** Stops all workers. What is under way is never heard of again. */
  close() {
    for (const { worker } of this.#members) worker.terminate();
    this.#members.clear();
    this.#waiting = [];
    this.#equipment.files.clear();
  }

  #engage() {
    let worker;
    try {
      worker = new Worker(new URL("./encoding.js", import.meta.url), { type: "module", name: "carrel-encoding" });
    } catch (error) {
      this.#giveUp(/** @type {Error} */ (error).message);
      return;
    }
    const member = { worker, batch: null, hasModel: false, isReady: false };
    worker.onmessage = ({ data }) => this.#receive(member, data);
    worker.onerror = (event) => {
      event.preventDefault(); // It is dealt with here.
      this.#lose(member, event.message || "its script could not be loaded");
    };
    this.#members.add(member);
    worker.postMessage(/** @type {ToEncoding} */ ({ engine: this.#equipment.engine }));
  }

  #dispatch() {
    while (this.#waiting.length > 0 && this.#members.size > 0) {
      const free = [...this.#members].filter(({ batch }) => batch === null);
      const member = free.find(({ isReady }) => isReady) ?? free.find(({ hasModel }) => hasModel) ?? free[0];
      if (!member) break;
      member.batch = /** @type {Batch} */ (this.#waiting.shift());
      if (!member.hasModel) this.#send(member, { files: this.#equipment.files });
      member.hasModel = true;
      this.#send(member, { texts: member.batch.texts });
    }
    if (this.#members.size === 0) void this.#workHere();
    this.onRoom();
  }

  /** @param {Member} member @param {ToEncoding} message */
  #send({ worker }, message) {
    worker.postMessage(message);
  }

  /** @param {Member} member @param {FromEncoding} message */
  #receive(member, message) {
    if (!this.#members.has(member)) return;
    if ("lost" in message) return this.#lose(member, message.lost);
    if ("ready" in message) {
      member.isReady = true;
      return;
    }
    const { batch } = member;
    member.batch = null;
    if (batch && !batch.settled) {
      if ("vectors" in message) batch.resolve(message.vectors);
      else batch.reject(fromPlain(message.error));
    }
    this.#dispatch();
  }

  /** @param {Member} member @param {string} reason */
  #lose(member, reason) {
    if (!this.#members.delete(member)) return;
    const { batch, isReady, worker } = member;
    worker.terminate();
    if (batch && isReady) batch.crashes += 1;
    if (batch && !batch.settled) {
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
      if (batch.settled) continue;
      try {
        batch.resolve(this.#encodeHere(batch.texts));
      } catch (error) {
        batch.reject(error);
      }
    }
    this.#isBusyHere = false;
  }
}
