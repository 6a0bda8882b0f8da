// items → documents in the index, several under way at a time
//
// The desk reads and cuts; the pool embeds, one batch of one document at a time: nothing is padded, so small batches
// cost little, and what goes wrong with one is told of the document that it belongs to. As soon as a document is all
// handed out the next one is begun, so that the pool has work also where documents are small. They go into the
// index in the order in which they were queued, whichever is done first: the same input gives the same index.

import { breathe } from "./breathing.js";
import { CarrelError, isCrash, toPlain } from "./errors.js";

/**
 * @typedef {import("./desk.js").Item} Item
 * @typedef {import("./engine.js").Engine} Engine
 * @typedef {import("./engine.js").Adding} Adding
 * @typedef {import("./pool.js").Pool} Pool
 * @typedef {import("./protocol.js").Conversation} Conversation
 * @typedef {{ source: object, bytes?: Uint8Array }} Content what the engine reads
 * @typedef {(item: Item, signal: AbortSignal, onProgress: (done: number) => void) => Promise<Content>} ReadContent
 * @typedef {{ conversation: Conversation, left: number, outcomes: ({ document: any } | { error: any, item: Item })[],
 *   resolve: (outcome: object) => void, reject: (error: unknown) => void }} Call
 * @typedef {{ first: number, texts: string[] }} Batch
 * @typedef {{ item: Item, call: Call, place: number, adding: Adding | null, batch: Batch | null, isHandedOut: boolean,
 *   controller: AbortController }} Journey  of one document; `batch` lies ready to be handed out
 */

/** How many documents may be read ahead of the one that is being handed out. */
const AHEAD = 1;

export class Additions {
  #engine;
  #pool;
  #readContent;
  /** What is not begun. @type {Journey[]} */
  #queue = [];
  /** What is begun and not in the index yet, in the order of the queue. @type {Journey[]} */
  #underWay = [];
  #mostUnderWay;
  /** Wakes whoever waits for something to do. */
  #wake = () => {};
  /** @type {Promise<void>} */
  #change = Promise.resolve();
  #isClosed = false;
  /** Called when a document has come into the index. */
  onAdded = () => {};

  /**
   * @param {Engine} engine
   * @param {Pool} pool
   * @param {number} workers how many documents of one batch could be embedded at a time
   * @param {ReadContent} readContent
   */
  constructor(engine, pool, workers, readContent) {
    this.#engine = engine;
    this.#pool = pool;
    this.#readContent = readContent;
    // For each worker one that is embedded, one that lies ready, and one that waits for those before it.
    this.#mostUnderWay = 3 * workers + AHEAD;
    pool.onRoom = () => this.#tell();
    this.#tell();
    void this.#beginAll();
    void this.#handOutAll();
  }

  /**
   * Queues documents, small ones first so that a large one keeps no other waiting; each that fails is told, the
   * others go on. Who aborts is heard at once.
   * @param {Item[]} items
   * @param {Conversation} conversation
   * @returns {Promise<object>}
   */
  add(items, conversation) {
    const { signal, emit } = conversation;
    const latest = [...new Map(items.map((item) => [item.id, item])).values()];
    const size = (/** @type {Item} */ { file, text }) => file?.size ?? text?.length ?? 0;
    latest.sort((left, right) => size(left) - size(right));
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const call = { conversation, left: latest.length, outcomes: [], resolve, reject };
      const journeys = latest.map((item, place) => {
        return { item, call, place, adding: null, batch: null, isHandedOut: false, controller: new AbortController() };
      });
      for (const { item: { id, name } } of journeys) emit({ id, name, state: "waiting", done: 0 });
      if (journeys.length === 0) return resolve(outcomeOf(call));
      this.#queue.push(...journeys);
      signal.addEventListener("abort", () => this.#cancel(call), { once: true });
      this.#tell();
    });
  }

  close() {
    this.#isClosed = true;
    this.#queue = [];
    for (const journey of [...this.#underWay]) this.#leave(journey, new CarrelError("closed", "this Carrel is closed"));
    this.#tell();
  }

  #tell() {
    this.#wake();
    this.#change = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Reads documents, one after the other, while there is room for them in memory. */
  async #beginAll() {
    while (!this.#isClosed) {
      const ahead = this.#underWay.filter(({ isHandedOut }) => !isHandedOut).length;
      const hasRoom = ahead <= AHEAD && this.#underWay.length < this.#mostUnderWay;
      const journey = hasRoom ? this.#queue.shift() : undefined;
      if (!journey) {
        await this.#change;
        continue;
      }
      this.#underWay.push(journey);
      this.#report(journey, "reading", 0);
      await breathe();
      try {
        const onProgress = (/** @type {number} */ done) => this.#report(journey, "reading", done);
        const { source, bytes } = await this.#readContent(journey.item, journey.controller.signal, onProgress);
        if (this.#isGone(journey)) continue;
        journey.adding = this.#engine.begin(source, bytes);
      } catch (error) {
        this.#fail(journey, error);
      }
      this.#tell();
    }
  }

  /**
   * Hands out what is to be embedded whenever the pool has room, that of the first document first. Meanwhile the next
   * batch of each is made ready, so that nobody waits for the cutting: neither a worker, nor what comes after a cancel.
   */
  async #handOutAll() {
    while (!this.#isClosed) {
      const open = this.#underWay.filter(({ adding, isHandedOut }) => adding && !isHandedOut);
      const ready = this.#pool.hasRoom && open[0]?.batch ? open[0] : undefined;
      const journey = ready ?? open.find(({ batch }) => !batch);
      if (!journey) {
        await this.#change;
        continue;
      }
      await breathe();
      if (this.#isGone(journey)) continue;
      try {
        if (ready) void this.#handOut(ready);
        else this.#prepare(journey, /** @type {Adding} */ (journey.adding));
      } catch (error) {
        this.#fail(journey, error);
      }
    }
  }

  /** Makes a batch ready, cuts one stretch, or finds that all is handed out. @param {Journey} journey @param {Adding} adding */
  #prepare(journey, adding) {
    journey.batch = this.#engine.nextBatch(adding);
    if (journey.batch) return;
    if (!adding.isCut()) return this.#engine.cut(adding);
    journey.isHandedOut = true;
    this.#finishAll();
    this.#tell();
  }

  /** @param {Journey} journey */
  async #handOut(journey) {
    const { adding, batch, controller } = journey;
    journey.batch = null;
    if (!adding || !batch) return;
    if (batch.first === 0) this.#report(journey, "embedding", 0);
    try {
      const vectors = await this.#pool.encode(batch.texts, controller.signal);
      if (this.#isGone(journey)) return;
      this.#engine.put(adding, batch.first, vectors);
      this.#report(journey, "embedding", adding.progress());
    } catch (error) {
      this.#fail(journey, error);
    }
    this.#finishAll();
  }

  /** Puts into the index what is done, as far as all before it are. */
  #finishAll() {
    for (let journey; (journey = this.#underWay[0]); ) {
      const { adding, isHandedOut, item: { id, name }, call } = journey;
      if (!adding || !isHandedOut || !adding.isDone()) return;
      try {
        journey.adding = null; // `finish` takes it, and frees it also where it fails.
        const document = this.#engine.finish(adding);
        this.#leave(journey, null);
        call.conversation.emit({ id, name, state: "ready", done: 1, document });
        this.#settle(journey, { document });
        this.onAdded();
      } catch (error) {
        this.#fail(journey, error);
      }
    }
  }

  /** @param {Journey} journey @param {unknown} error */
  #fail(journey, error) {
    if (this.#isGone(journey)) return;
    if (isCrash(error)) return this.#stop(error);
    const { item, call } = journey;
    this.#leave(journey, error);
    const plain = toPlain(problemOf(item.name, error));
    call.conversation.emit({ id: item.id, name: item.name, state: "failed", done: 0, error: plain });
    this.#settle(journey, { error: plain, item });
    this.#finishAll(); // Others may have waited for it.
  }

  /** The engine cannot be trusted any more, so nobody's call can go on. @param {unknown} error */
  #stop(error) {
    this.#isClosed = true;
    for (const { call } of [...this.#underWay, ...this.#queue]) call.reject(error);
    this.#underWay = [];
    this.#queue = [];
    this.#tell();
  }

  /** @param {Call} call */
  #cancel(call) {
    const { signal } = call.conversation;
    call.reject(signal.reason);
    this.#queue = this.#queue.filter((journey) => journey.call !== call);
    for (const journey of this.#underWay.filter((each) => each.call === call)) this.#leave(journey, signal.reason);
    this.#finishAll();
  }

  /** Ends a journey: lets go of what it holds. @param {Journey} journey @param {unknown} reason */
  #leave(journey, reason) {
    this.#underWay = this.#underWay.filter((other) => other !== journey);
    journey.controller.abort(reason);
    journey.adding?.free();
    journey.adding = null;
    this.#tell();
  }

  /** @param {Journey} journey */
  #isGone(journey) {
    return !this.#underWay.includes(journey);
  }

  /** @param {Journey} journey @param {{ document: any } | { error: any, item: Item }} outcome */
  #settle({ call, place }, outcome) {
    call.outcomes[place] = outcome;
    call.left -= 1;
    if (call.left === 0) call.resolve(outcomeOf(call));
  }

  /** @param {Journey} journey @param {"reading" | "embedding"} state @param {number} done */
  #report({ item: { id, name }, call }, state, done) {
    const { note } = this.#pool;
    call.conversation.emit({ id, name, state, done, ...(note ? { note } : {}) });
  }
}

/** In the order of the queue. @param {Call} call */
function outcomeOf({ outcomes }) {
  const added = outcomes.flatMap((outcome) => ("document" in outcome ? [outcome.document] : []));
  const failed = outcomes.flatMap((outcome) => {
    return "error" in outcome ? [{ id: outcome.item.id, name: outcome.item.name, error: outcome.error }] : [];
  });
  return { added, failed };
}

/** What is no error of ours is still only this document's. @param {string} name @param {unknown} error */
function problemOf(name, error) {
  const { name: kind, code, message } = /** @type {any} */ (error ?? {});
  if (kind === "CarrelError" && code === "crashed" && !message.startsWith(name)) {
    return new CarrelError(code, `${name} was not added: ${message}. Other documents are not affected: leave it out, or add it again`);
  }
  if (kind === "CarrelError") return error;
  return new CarrelError("file_unreadable", `${name} could not be read: ${message ?? error}. Try again, or save it in another format`);
}
