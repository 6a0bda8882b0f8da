// the name of a collection → where this browser keeps it
//
// A new collection goes where the page says, if the browser has that; one that is there already stays where it is, so
// that none is lost from sight when a browser learns something new. A name means one collection only.

import { CarrelError, isCrash } from "./errors.js";
import { IndexedDb } from "./indexeddb.js";
import { Opfs } from "./opfs.js";

/**
 * @typedef {"opfs" | "indexeddb"} Kind
 * @typedef {object} Backend Keeps files of collections; whoever calls holds the collection's lock.
 * @property {Kind} kind
 * @property {() => Promise<string[]>} names of the collections
 * @property {(name: string) => Promise<{ bytes: Uint8Array, saved: Date } | null>} manifest nothing before the first save
 * @property {(name: string, file: string) => Promise<Uint8Array | undefined>} read
 * @property {(name: string, files: [string, Uint8Array][], manifest: Uint8Array) => Promise<void>} write
 *   the files first, then the manifest, which takes the place of the one before wholly or not at all
 * @property {(name: string, keep: Set<string>) => Promise<void>} sweep deletes all files but these and the manifest
 * @property {(name: string) => Promise<boolean>} delete all files; tells whether there was a collection
 * @property {() => Promise<string[]>} strays names under which a first save, or a deletion, broke off
 *
 * @typedef {object} CollectionInfo A collection that this browser keeps.
 * @property {string} name
 * @property {Kind} storage
 * @property {number | null} bytes of its files; nothing where it is damaged, or of another version
 * @property {number | null} documents how many; nothing where it is damaged, or of another version
 * @property {Date | null} saved when last; nothing where it is of another version
 */

/** The name of the lock and of the channel of a collection. @param {string} name */
export const sharedName = (name) => `carrel:${name}`;

/**
 * Where a collection is kept, or will be.
 * @param {string} name
 * @param {Kind} kind
 * @returns {Promise<Backend>}
 */
export async function backendFor(name, kind) {
  const all = await backends();
  if (all.length === 0) throw new CarrelError("storage_unavailable", `nothing can be kept: ${absence()}. Use storage: "memory"`);
  try {
    for (const backend of all) if (await backend.manifest(name)) return backend;
  } catch (error) {
    throw problemOf(error, `what is kept in this browser could not be read`);
  }
  return all.find((backend) => backend.kind === kind) ?? all[0];
}

/** @returns {Promise<CollectionInfo[]>} */
export async function listCollections() {
  const infos = [];
  for (const backend of await backends()) {
    await deleteStrays(backend);
    for (const name of await backend.names()) infos.push(await describe(backend, name));
  }
  return infos.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** So that no text stays where nobody sees it. @param {Backend} backend */
async function deleteStrays(backend) {
  for (const name of await backend.strays()) {
    // Where the lock is taken a save may be about to finish it.
    await navigator.locks.request(sharedName(name), { ifAvailable: true }, async (lock) => {
      if (lock && !(await backend.names()).includes(name)) await backend.delete(name).catch(() => {}); // The next time.
    });
  }
}

/** Tells whether there was one. @param {string} name */
export async function deleteCollection(name) {
  const all = await backends();
  if (all.length === 0) return false;
  return navigator.locks.request(sharedName(name), async () => {
    let wasThere = false;
    try {
      for (const backend of all) wasThere = (await backend.delete(name)) || wasThere;
    } catch (error) {
      throw problemOf(error, `the collection "${name}" could not be deleted`);
    }
    if (wasThere) tellOthers(name);
    return wasThere;
  });
}

/** @param {string} name */
function tellOthers(name) {
  const channel = new BroadcastChannel(sharedName(name));
  channel.postMessage(null);
  channel.close();
}

/**
 * An error of the browser's → one of ours.
 * @param {unknown} error
 * @param {string} what happened, for the message
 */
export function problemOf(error, what) {
  if (isCrash(error) || /** @type {any} */ (error)?.name === "CarrelError") return error;
  return new CarrelError("storage_failed", `${what}: ${error}`, { cause: error });
}

/** The ones that this browser lets this page have. @returns {Promise<Backend[]>} */
async function backends() {
  if (!globalThis.navigator?.locks) return []; // Without locks two tabs could write at the same time.
  return (await Promise.all([Opfs.open(), IndexedDb.open()])).filter((backend) => backend !== null);
}

function absence() {
  if (!globalThis.isSecureContext) return "this page is not on https or localhost";
  return "this browser has neither a private file system nor IndexedDB for this page";
}

/** What a collection's manifest tells. @param {Backend} backend @param {string} name @returns {Promise<CollectionInfo>} */
async function describe(backend, name) {
  const unknown = { name, storage: backend.kind, bytes: null, documents: null, saved: null };
  const manifest = await backend.manifest(name).catch(() => null);
  if (!manifest) return unknown;
  const { bytes, saved } = manifest;
  try {
    let size = bytes.length;
    const { documents } = JSON.parse(new TextDecoder().decode(bytes), (key, value) => {
      if (key === "bytes") size += value; // Of one of the files, wherever it is named.
      return value;
    });
    return { ...unknown, bytes: size, documents, saved };
  } catch {
    return { ...unknown, saved };
  }
}
