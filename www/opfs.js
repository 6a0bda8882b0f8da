// collections ⇄ the browser's private file system (OPFS)
//
// A folder for each collection. Its files are named by their content, so that none is ever written over, and flushed
// before a manifest names them. Each save has a manifest of its own, the highest number counts: it is written under
// another name first, and is there, whole, with the step that renames it. Only then the one before is deleted.

import { CarrelError } from "./errors.js";
import { problemOf } from "./storage.js";

/** @typedef {import("./storage.js").Backend} Backend */

const ROOT = "carrel";
/** How often it is tried to open the file system. */
const ATTEMPTS = 3;
const MANIFEST = /^manifest-(\d{1,15})\.json$/;
/** What is not yet a manifest. */
const DRAFT = "manifest-draft.json";
/** The files that versions before the first release had in place of the manifest. */
const OLD_MANIFESTS = ["current", "manifest.json"];
/** How often a manifest is looked for that others replace meanwhile. */
const LOOKS = 5;

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
    // To write a file and have it on the disk is for workers only, to list them is not.
    const needed = ["move", ...(globalThis.document ? [] : ["createSyncAccessHandle"])];
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
    const names = await this.#folders();
    const manifests = await Promise.all(names.map(async (name) => [...(await this.#manifests(name)), ...(await this.#old(name))]));
    return names.filter((_, at) => manifests[at].length > 0);
  }

  /** @param {string} name */
  async manifest(name) {
    for (let look = 1; ; look++) {
      const newest = (await this.#manifests(name)).at(-1);
      if (!newest && (await this.#old(name)).length === 0) return null;
      if (!newest) break;
      // Who does not hold the lock may come too late for it: then there is a newer one.
      const file = await this.#file(name, newest);
      const bytes = await whereThere(file && bytesOf(file));
      if (file && bytes) return { bytes, saved: new Date(file.lastModified) };
      if (look === LOOKS) throw new Error(`other tabs save "${name}" all the time`);
    }
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
    const draft = await create(DRAFT);
    await write(draft, manifest);
    await /** @type {any} */ (draft).move(`manifest-${1 + numberOf((await this.#manifests(name)).at(-1))}.json`);
  }

  /** @param {string} name @param {Set<string>} keep */
  async sweep(name, keep) {
    const folder = await whereThere(this.#root.getDirectoryHandle(name));
    const newest = (await this.#manifests(name)).at(-1);
    const files = [];
    for await (const file of folder?.keys() ?? []) if (file !== newest && !keep.has(file)) files.push(file);
    await Promise.all(files.map((file) => folder?.removeEntry(file, { recursive: true })));
  }

  /** @param {string} name */
  async delete(name) {
    const folder = await whereThere(this.#root.getDirectoryHandle(name));
    // First what names the others, the newest last: a deletion that breaks off must not leave half a collection.
    const manifests = [...(await this.#old(name)), ...(await this.#manifests(name))];
    for (const file of manifests) await whereThere(folder?.removeEntry(file));
    await whereThere(this.#root.removeEntry(name, { recursive: true }));
    return manifests.length > 0;
  }

  async strays() {
    const named = new Set(await this.names());
    return (await this.#folders()).filter((name) => !named.has(name));
  }

  async #folders() {
    const names = [];
    for await (const [name, entry] of this.#root.entries()) if (entry.kind === "directory") names.push(name);
    return names;
  }

  /** The names of a collection's manifests, the newest last. @param {string} name */
  async #manifests(name) {
    const folder = await whereThere(this.#root.getDirectoryHandle(name));
    const found = [];
    for await (const file of folder?.keys() ?? []) if (MANIFEST.test(file)) found.push(file);
    return found.sort((left, right) => numberOf(left) - numberOf(right));
  }

  /** The files of earlier versions. @param {string} name */
  async #old(name) {
    const files = await Promise.all(OLD_MANIFESTS.map((file) => this.#file(name, file)));
    return OLD_MANIFESTS.filter((_, at) => files[at]);
  }

  /** @param {string} name @param {string} file */
  async #file(name, file) {
    const folder = await whereThere(this.#root.getDirectoryHandle(name));
    const handle = await whereThere(folder?.getFileHandle(file));
    return handle?.getFile();
  }
}

/** Which save a manifest is of; 0 where there was none. @param {string | undefined} manifest */
function numberOf(manifest) {
  return Number(MANIFEST.exec(manifest ?? "")?.[1] ?? 0);
}

/** Has a file that nobody reads yet on the disk. @param {FileSystemFileHandle} handle @param {Uint8Array} bytes */
async function write(handle, bytes) {
  const access = await /** @type {any} */ (handle).createSyncAccessHandle();
  try {
    access.truncate(0); // What a broken save left.
    for (let at = 0; at < bytes.length; ) at += access.write(bytes.subarray(at), { at });
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
