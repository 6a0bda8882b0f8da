// the engine ⇄ a collection that this browser keeps, and that other tabs may have open, too
//
// Every tab may write. A save holds the collection's lock; it first takes what others have saved since, so that nothing
// of theirs is lost, then writes what is new, and last the manifest that names it. Then it tells the others, which take
// it in turn. Whoever only reads shares the lock, so that no file is deleted under its eyes.

import { CarrelError, isCrash, toPlain } from "./errors.js";
import { backendFor, problemOf, sharedName } from "./storage.js";

/**
 * @typedef {import("./engine.js").Engine} Engine
 * @typedef {typeof import("./engine.js").Engine} EngineClass
 * @typedef {import("./storage.js").Backend} Backend
 * @typedef {{ reason: "saved" | "deleted" } | { reason: "failed", error: import("./errors.js").PlainError }} Change
 *   what another tab did; `failed`: what it saved could not be read
 */

const KEPT = "What was kept before is still there";

export class Collection {
  #name;
  #backend;
  #engine;
  #Engine;
  /** What the engine is based on: the manifest that was read or written last. @type {Uint8Array | null} */
  #base = null;
  /** One thing after the other, also within this tab. @type {Promise<unknown>} */
  #last = Promise.resolve();
  #channel;
  #isToFollow = false;
  /** Called when another tab has changed the collection. @type {(change: Change) => void} */
  onChange = () => {};
  /** Called when the engine has stopped. @type {(error: unknown) => void} */
  onCrash = () => {};

  /** @param {string} name @param {Backend} backend @param {Engine} engine @param {EngineClass} Engine */
  constructor(name, backend, engine, Engine) {
    this.#name = name;
    this.#backend = backend;
    this.#engine = engine;
    this.#Engine = Engine;
    this.#channel = new BroadcastChannel(sharedName(name));
    this.#channel.onmessage = () => void this.#follow();
  }

  /**
   * Has the engine open what is kept under a name, if anything is.
   * @param {{ name: string, kind: import("./storage.js").Kind }} where
   * @param {Engine} engine
   * @param {EngineClass} Engine
   */
  static async open({ name, kind }, engine, Engine) {
    const collection = new Collection(name, await backendFor(name, kind), engine, Engine);
    try {
      await collection.#inTurn("shared", () => collection.#catchUp());
    } catch (error) {
      collection.close();
      throw problemOf(error, "what is kept in this browser could not be read");
    }
    return collection;
  }

  /** Whether nothing was kept when it was opened, nor saved since. */
  get isNew() {
    return this.#base === null;
  }

  /** Keeps what the engine holds, together with what other tabs have saved. */
  async save() {
    const change = await this.#inTurn("exclusive", () => this.#commit()).catch((error) => {
      throw problemOf(error, `the documents could not be kept. ${KEPT}`);
    });
    if (change) this.onChange({ reason: change });
    if (change === "deleted") {
      throw new CarrelError("storage_deleted", `the collection "${this.#name}" was deleted in another tab, and is in this one only: save once more to keep it anew`);
    }
  }

  close() {
    this.#channel.close();
  }

  async #commit() {
    const change = await this.#catchUp();
    if (change === "deleted") return change; // Whoever deleted it meant it: what is here is for the person to decide.
    if (this.#base && !this.#engine.hasChanges()) return change;
    const files = this.#engine.save();
    const [, manifest] = /** @type {[string, Uint8Array]} */ (files.pop());
    try {
      await this.#sweep(); // What a broken save left takes room.
      await checkRoom([...files, ["", manifest]]);
      await this.#backend.write(this.#name, files, manifest);
    } catch (error) {
      await this.#sweep().catch(() => {});
      if (/** @type {any} */ (error)?.name === "QuotaExceededError") throw full("it is full");
      throw error;
    }
    this.#engine.saved();
    this.#base = manifest;
    await this.#sweep().catch(() => {}); // What is left is swept the next time.
    this.#channel.postMessage(null);
    return change;
  }

  /** Another tab has changed something. */
  async #follow() {
    if (this.#isToFollow) return; // And will see this, too.
    this.#isToFollow = true;
    try {
      const change = await this.#inTurn("shared", () => {
        this.#isToFollow = false;
        return this.#catchUp();
      });
      if (change) this.onChange({ reason: change });
    } catch (error) {
      if (isCrash(error)) return this.onCrash(error);
      this.onChange({ reason: "failed", error: toPlain(problemOf(error, "what another tab has saved could not be read")) });
    }
  }

  /** Has the engine take what is kept, its own changes on top; tells what has happened to it since. */
  async #catchUp() {
    const manifest = (await this.#backend.manifest(this.#name))?.bytes ?? null;
    if (isSame(manifest, this.#base)) return null;
    if (!manifest) {
      // Another tab has deleted it. What is here is here still, and the next save writes all of it.
      this.#engine.forgetSaved();
      this.#base = null;
      return /** @type {const} */ ("deleted");
    }
    /** @type {Map<string, Uint8Array | undefined>} */
    const files = new Map([[this.#Engine.manifest(), manifest]]);
    const names = this.#Engine.indexFiles(manifest);
    // What the engine holds it may let go of while others are read: it is asked anew after each.
    for (let name; (name = names.find((each) => !files.has(each) && !this.#engine.holds(each))); ) {
      files.set(name, await this.#backend.read(this.#name, name));
    }
    const take = (/** @type {string} */ name) => {
      const bytes = files.get(name);
      files.delete(name); // It need not be in memory twice.
      return bytes;
    };
    this.#engine.refresh(take);
    this.#base = manifest;
    return /** @type {const} */ ("saved");
  }

  /** Deletes what the manifest does not name. */
  async #sweep() {
    const manifest = await this.#backend.manifest(this.#name);
    await this.#backend.sweep(this.#name, new Set(manifest ? this.#Engine.indexFiles(manifest.bytes) : []));
  }

  /**
   * @template Result
   * @param {LockMode} mode
   * @param {() => Promise<Result>} work
   * @returns {Promise<Result>}
   */
  #inTurn(mode, work) {
    const turn = this.#last.then(() => navigator.locks.request(sharedName(this.#name), { mode }, work));
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Throws where files will not fit; browsers that do not tell find out when they write. @param {[string, Uint8Array][]} files */
async function checkRoom(files) {
  const needed = files.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
  if (quota === undefined || usage === undefined || needed <= quota - usage) return;
  throw full(`${megabytes(needed)} are needed, and ${megabytes(Math.max(0, quota - usage))} are left`);
}

/** @param {string} why */
function full(why) {
  return new CarrelError("storage_full", `there is no room in this browser to keep the documents: ${why}. ${KEPT}: free some disk space, or remove documents`);
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {Uint8Array | null} left @param {Uint8Array | null} right */
function isSame(left, right) {
  if (!left || !right) return left === right;
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
