// Files → documents, a few at a time. Each file is its own call to the engine, so that each can be cancelled and can
// fail alone; the files are kept (they are only handles), so that after a crash the desk can be laid again.
import { count, isAbort, problemOf } from "./words.js";

/** @import { Engine } from "./engine.js" */
/** @import { Status } from "./status.js" */
/** @import { DocumentInfo, Item, Problem } from "./types.js" */
/** @typedef {{ onAdded: (items: Item[]) => void, onChanged: (item: Item) => void,
 *   onRemoved: (item: Item) => void, onHeld: () => void }} IntakeEvents  `onHeld`: the collection holds others now */

/** How many are handed to the engine at a time: so that small ones, too, give all its workers something to do. */
const AT_ONCE = 8;

export class Intake {
  /** @type {Set<Item>} */
  items = new Set();
  /** @type {Item[]} */
  #queue = [];
  /** @type {Set<Item>} */
  #active = new Set();
  /** Since the desk was last at rest: for "2 of 5". */
  #batch = 0;
  /** @type {Set<() => void>} */
  #waiting = new Set();
  #engine;
  #events;
  #status;

  /**
   * @param {Engine} engine
   * @param {IntakeEvents} events
   * @param {Status} status
   */
  constructor(engine, events, status) {
    this.#engine = engine;
    this.#events = events;
    this.#status = status;
  }

  get busy() {
    return this.#queue.length + this.#active.size > 0;
  }

  get readyCount() {
    let ready = 0;
    for (const item of this.items) if (item.state === "ready") ready += 1;
    return ready;
  }

  /** @param {File[]} files */
  add(files) {
    const items = files.map((file) => newItem(file, file.name));
    for (const item of items) this.items.add(item);
    this.#events.onAdded(items);
    this.#enqueue(items);
    return items;
  }

  /** Lists what an opened index holds. */
  async listIndexed() {
    const known = new Set([...this.items].map((item) => item.document?.id));
    const documents = (await this.#engine.documents()).filter(({ id }) => !known.has(id));
    const items = documents.map((document) => {
      return Object.assign(newItem(null, document.name), { state: "ready", done: 1, document });
    });
    for (const item of items) this.items.add(item);
    if (items.length > 0) this.#events.onAdded(items);
    this.#tell(null);
  }

  /** Another tab has changed the collection: lists what it holds now. */
  async listAgain() {
    const held = new Map((await this.#engine.documents()).map((document) => [document.id, document]));
    for (const item of [...this.items]) {
      if (item.state !== "ready" || !item.document) continue;
      const now = held.get(item.document.id);
      if (!now) this.#drop(item);
      else this.#events.onChanged(Object.assign(item, { document: now }));
    }
    await this.listIndexed();
  }

  /** Other documents will be on the desk: nothing is listed any more, and what is being read is cancelled. */
  clear() {
    for (const item of [...this.items]) {
      item.abort.abort();
      this.#drop(item);
    }
    this.#queue = [];
  }

  /** After a crash: everything that had been read is read again; what was being read at the time is not. */
  restart() {
    const again = [...this.items].filter((item) => item.state === "ready");
    for (const item of again) {
      if (item.file === null) {
        this.#drop(item);
        continue;
      }
      Object.assign(item, { state: "waiting", done: 0, document: null });
      this.#events.onChanged(item);
    }
    this.#enqueue(again.filter((item) => item.file !== null));
  }

  /** @param {Item} item */
  retry(item) {
    Object.assign(item, { state: "waiting", done: 0, problem: null });
    this.#events.onChanged(item);
    this.#enqueue([item]);
  }

  /**
   * Cancels, removes or dismisses, whichever the item's state calls for.
   * @param {Item} item
   */
  async remove(item) {
    item.abort.abort();
    this.#queue = this.#queue.filter((other) => other !== item);
    const id = item.document?.id;
    this.#drop(item);
    this.#tell(null);
    if (id === undefined || !this.#engine.ready) return;
    await this.#engine.remove(id).catch(() => {});
    this.#events.onHeld();
  }

  /**
   * Waits until something can be searched, or nothing more is under way.
   * @param {AbortSignal} signal
   */
  async whenSearchable(signal) {
    while (this.busy && this.readyCount === 0) {
      signal.throwIfAborted();
      await new Promise((resolve) => {
        this.#waiting.add(() => resolve(undefined));
        signal.addEventListener("abort", resolve, { once: true });
      });
    }
    signal.throwIfAborted();
  }

  /** @param {Item[]} items */
  #enqueue(items) {
    if (!this.busy) this.#batch = 0;
    this.#batch += items.length;
    this.#queue.push(...items);
    // Small ones first, so that a large one keeps no other waiting.
    this.#queue.sort((left, right) => (left.file?.size ?? 0) - (right.file?.size ?? 0));
    this.#pump();
    this.#tell(null);
  }

  #pump() {
    while (this.#active.size < AT_ONCE) {
      const item = this.#queue.shift();
      if (!item) return;
      this.#active.add(item);
      void this.#take(item);
    }
  }

  /** @param {Item} item */
  async #take(item) {
    try {
      const file = /** @type {File} */ (item.file);
      item.abort = new AbortController();
      const { added, failed } = await this.#engine.add(file, item.abort.signal, ({ state, done }) => {
        // Ready and failed are told once, below, when the document or the error is at hand.
        if (state === "ready" || state === "failed" || !this.items.has(item)) return;
        Object.assign(item, { state, done });
        this.#events.onChanged(item);
        if (state !== "waiting") this.#tell(item);
      });
      const [document] = added;
      if (document) this.#settle(item, document);
      else this.#fail(item, problemOf(failed[0]?.error ?? new Error(`${item.name} could not be read.`)));
    } catch (error) {
      if (isAbort(error)) this.#drop(item);
      else this.#fail(item, problemOf(error));
    }
    this.#active.delete(item);
    this.#pump();
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    if (!this.busy) this.#events.onHeld();
    this.#tell(null);
  }

  /**
   * @param {Item} item
   * @param {DocumentInfo} document
   */
  #settle(item, document) {
    if (!this.items.has(item)) {
      // Cancelled in the moment it was done.
      void this.#engine.remove(document.id).catch(() => {});
      return;
    }
    // A file that was there already has taken the place of its older self.
    for (const other of this.items) if (other !== item && other.document?.id === document.id) this.#drop(other);
    Object.assign(item, { state: "ready", done: 1, document });
    this.#events.onChanged(item);
    this.#events.onHeld();
  }

  /**
   * @param {Item} item
   * @param {Problem} problem
   */
  #fail(item, problem) {
    if (!this.items.has(item)) return;
    Object.assign(item, { state: "failed", problem });
    this.#events.onChanged(item);
  }

  /** @param {Item} item */
  #drop(item) {
    if (this.items.delete(item)) this.#events.onRemoved(item);
  }

  /** @param {Item | null} item the one that made progress */
  #tell(item) {
    if (!this.#engine.ready) return;
    const left = this.#queue.length + this.#active.size;
    if (left > 0) {
      const current = item ?? [...this.#active][0];
      if (!current) return;
      const turn = Math.min(this.#batch, this.#batch - left + 1);
      const verb = current.state === "embedding" ? "Embedding" : "Reading";
      const place = this.#batch > 1 ? ` (${turn} of ${this.#batch})` : "";
      this.#status.busy("documents", `${verb} ${current.name}${place}…`, (this.#batch - left) / this.#batch);
      return;
    }
    const ready = [...this.items].flatMap((each) => each.document ?? []);
    const passages = ready.reduce((sum, document) => sum + document.chunks, 0);
    const failed = [...this.items].filter((each) => each.state === "failed").length;
    const parts = [count(ready.length, "document"), count(passages, "passage")];
    if (ready.length === 0) parts.splice(0, 2, "no documents yet");
    if (failed > 0) parts.push(`${failed} could not be read`);
    this.#status.rest("documents", `Ready: ${parts.join(", ")}`);
  }
}

/**
 * @param {File | null} file
 * @param {string} name
 * @returns {Item}
 */
function newItem(file, name) {
  return { file, name, state: "waiting", done: 0, document: null, problem: null, abort: new AbortController() };
}
