// index files ⇄ the browser's private file system (OPFS)
//
// A save writes a new folder beside the old one and then replaces the one small file that names it, so that a tab
// that is closed in between leaves the old state. One tab at a time may write: it holds a lock.

import { CarrelError } from "./errors.js";

const ROOT = "carrel";
const CURRENT = "current";

/** A collection kept in this browser. */
export class Storage {
  #folder;
  #release;
  /** Writes are done one after the other. @type {Promise<void>} */
  #last = Promise.resolve();

  /** @param {FileSystemDirectoryHandle} folder @param {() => void} release */
  constructor(folder, release) {
    this.#folder = folder;
    this.#release = release;
  }

  /**
   * Opens a collection, making it where there is none.
   * @param {string} name
   * @returns {Promise<Storage>}
   */
  static async open(name) {
    if (!globalThis.navigator?.storage?.getDirectory) {
      const why = globalThis.isSecureContext ? "this browser has no private file system" : "this page is not on https or localhost";
      throw new CarrelError("storage_unavailable", `nothing can be kept: ${why}. Use storage: "memory"`);
    }
    const release = await lock(`carrel:${name}`);
    try {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
      return new Storage(await root.getDirectoryHandle(name, { create: true }), release);
    } catch (error) {
      release();
      throw new CarrelError("storage_unavailable", `nothing can be kept in this browser: ${error}. Use storage: "memory"`);
    }
  }

  /** @returns {Promise<Map<string, Uint8Array> | null>} The files of the last save; nothing before the first. */
  async read() {
    const generation = await this.#current();
    if (!generation) return null;
    const folder = await this.#folder.getDirectoryHandle(generation);
    /** @type {Map<string, Uint8Array>} */
    const files = new Map();
    for await (const [name, handle] of folder.entries()) {
      const file = await /** @type {FileSystemFileHandle} */ (handle).getFile();
      files.set(name, new Uint8Array(await file.arrayBuffer()));
    }
    return files;
  }

  /** @param {[string, Uint8Array][]} files */
  write(files) {
    this.#last = this.#last.catch(() => {}).then(() => this.#write(files));
    return this.#last;
  }

  /** @param {[string, Uint8Array][]} files */
  async #write(files) {
    const before = await this.#current();
    const generation = `g${Number(before?.slice(1) ?? 0) + 1}`;
    try {
      await remove(this.#folder, generation); // What a broken save left.
      const folder = await this.#folder.getDirectoryHandle(generation, { create: true });
      for (const [name, bytes] of files) await writeFile(folder, name, bytes);
      await writeFile(this.#folder, CURRENT, new TextEncoder().encode(generation));
    } catch (error) {
      await remove(this.#folder, generation);
      const full = error instanceof DOMException && error.name === "QuotaExceededError";
      if (!full) throw new CarrelError("storage_failed", `the documents could not be kept: ${error}. What was kept before is still there`);
      throw new CarrelError("storage_full", "there is no room in this browser to keep the documents. What was kept before is still there: free some disk space, or remove documents");
    }
    if (before) await remove(this.#folder, before);
  }

  close() {
    this.#release();
  }

  async #current() {
    try {
      const file = await (await this.#folder.getFileHandle(CURRENT)).getFile();
      return (await file.text()) || null;
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotFoundError") return null;
      throw error;
    }
  }
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name @param {Uint8Array} bytes */
async function writeFile(folder, name, bytes) {
  const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
  try {
    await writable.write(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
    await writable.close(); // The file takes its new content here, at once.
  } catch (error) {
    await writable.abort().catch(() => {});
    throw error;
  }
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name */
async function remove(folder, name) {
  await folder.removeEntry(name, { recursive: true }).catch(() => {});
}

/**
 * Holds a lock until the function that it gives is called, or the tab is closed.
 * @param {string} name
 * @returns {Promise<() => void>}
 */
function lock(name) {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (held) => {
        if (!held) {
          return reject(new CarrelError("storage_busy", "this collection is open in another tab. Close it there, or go on in that tab"));
        }
        return new Promise((release) => resolve(() => release(undefined)));
      })
      .catch(reject);
  });
}
