// collections ⇄ the browser's private file system (OPFS)
//
// A folder for each collection. Its files are named by their content, so that none is ever written over, and flushed
// before a manifest names them. Only the manifest is replaced, by a write that takes effect as a whole when it is closed;
// the first one is written under another name, since a file that is opened to be written exists and is empty.

import { CarrelError } from "./errors.js";
import { problemOf } from "./storage.js";

/** @typedef {import("./storage.js").Backend} Backend */

const ROOT = "carrel";
/** How often it is tried to open the file system. */
const ATTEMPTS = 3;
const MANIFEST = "manifest.json";
const FIRST_MANIFEST = "manifest-first.json";
/** The file that versions before the first release had in place of the manifest. */
const OLD_MANIFEST = "current";

/** @implements {Backend} */
export class Opfs {
  #root;
  kind = /** @type {const} */ ("opfs");

  /** @param {FileSystemDirectoryHandle} root */
  constructor(root) {
    this.#root = root;
  }

  /** @returns {Promise<Opfs | null>} Nothing where the browser has none, or does not let this page have it. */
  static async open() {
    const { FileSystemFileHandle: File } = globalThis;
    // Safari before 26 cannot replace a file as a whole. To flush one is for workers only, to list them is not.
    const needed = ["createWritable", "move", ...(globalThis.document ? [] : ["createSyncAccessHandle"])];
    if (!navigator.storage?.getDirectory || !needed.every((method) => method in File.prototype)) return null;
    for (let attempt = 1; ; attempt++) {
      try {
        const root = await navigator.storage.getDirectory();
        return new Opfs(await root.getDirectoryHandle(ROOT, { create: true }));
      } catch (error) {
        // A fault that passes must not be taken for «nothing is kept here»: another, empty collection would be begun.
        if (/** @type {any} */ (error)?.name === "SecurityError") return null;
        if (attempt === ATTEMPTS) throw problemOf(error, "the browser's private file system could not be opened");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async names() {
    const names = [];
    for await (const [name, entry] of this.#root.entries()) if (entry.kind === "directory") names.push(name);
    const kept = await Promise.all(names.map(async (name) => (await this.#file(name, MANIFEST)) ?? this.#file(name, OLD_MANIFEST)));
    return names.filter((_, at) => kept[at]);
  }

  /** @param {string} name */
  async manifest(name) {
    const file = await this.#file(name, MANIFEST);
    if (file) return { bytes: await bytesOf(file), saved: new Date(file.lastModified) };
    if (!(await this.#file(name, OLD_MANIFEST))) return null;
    const words = `the collection "${name}" was kept by an earlier version of Carrel, which this one cannot read: delete it with Carrel.deleteCollection("${name}"), and add the documents again`;
    throw new CarrelError("index_version", words);
  }

  /** @param {string} name @param {string} file */
  async read(name, file) {
    const found = await this.#file(name, file);
    return found && bytesOf(found);
  }

  /** @param {string} name @param {[string, Uint8Array][]} files @param {Uint8Array} manifest */
  async write(name, files, manifest) {
    const folder = await this.#root.getDirectoryHandle(name, { create: true });
    const create = (/** @type {string} */ file) => folder.getFileHandle(file, { create: true });
    const written = await Promise.allSettled(files.map(async ([file, bytes]) => write(await create(file), bytes)));
    // Only now, when none is being written any more: the lock must not be given up before.
    for (const outcome of written) if (outcome.status === "rejected") throw outcome.reason;
    const before = await whereThere(folder.getFileHandle(MANIFEST));
    if (before) return replace(before, manifest);
    const first = await create(FIRST_MANIFEST);
    await write(first, manifest);
    await /** @type {any} */ (first).move(MANIFEST);
  }

  /** @param {string} name @param {Set<string>} keep */
  async sweep(name, keep) {
    const folder = await whereThere(this.#root.getDirectoryHandle(name));
    const files = [];
    for await (const file of folder?.keys() ?? []) if (file !== MANIFEST && !keep.has(file)) files.push(file);
    await Promise.all(files.map((file) => folder?.removeEntry(file, { recursive: true })));
  }

  /** @param {string} name */
  async delete(name) {
    const folder = await whereThere(this.#root.getDirectoryHandle(name));
    // First what names the others: a deletion that breaks off must not leave half a collection.
    for (const file of [MANIFEST, OLD_MANIFEST]) await whereThere(folder?.removeEntry(file));
    await whereThere(this.#root.removeEntry(name, { recursive: true }));
  }

  /** @param {string} name @param {string} file */
  async #file(name, file) {
    const folder = await whereThere(this.#root.getDirectoryHandle(name));
    const handle = await whereThere(folder?.getFileHandle(file));
    return handle?.getFile();
  }
}

/** Writes a file that nobody reads yet. @param {FileSystemFileHandle} handle @param {Uint8Array} bytes */
function write(handle, bytes) {
  return flushed(handle, (access) => {
    access.truncate(0); // What a broken save left.
    for (let at = 0; at < bytes.length; ) at += access.write(bytes.subarray(at), { at });
  });
}

/** @param {FileSystemFileHandle} handle @param {Uint8Array} bytes */
async function replace(handle, bytes) {
  const writable = await handle.createWritable();
  try {
    await writable.write(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
    await writable.close(); // The file takes its new content here, at once.
  } catch (error) {
    await writable.abort().catch(() => {});
    throw error;
  }
  await flushed(handle, () => {}).catch(() => {}); // It is replaced in any case.
}

/** Has what is done to a file on the disk. @param {FileSystemFileHandle} handle @param {(access: any) => void} work */
async function flushed(handle, work) {
  const access = await /** @type {any} */ (handle).createSyncAccessHandle();
  try {
    work(access);
    access.flush();
  } finally {
    access.close();
  }
}

/** @param {File} file */
async function bytesOf(file) {
  return new Uint8Array(await file.arrayBuffer());
}

/**
 * Nothing where there is no entry of that name.
 * @template Entry
 * @param {Promise<Entry> | undefined} entry
 * @returns {Promise<Entry | undefined>}
 */
async function whereThere(entry) {
  try {
    return await entry;
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
    throw error;
  }
}
