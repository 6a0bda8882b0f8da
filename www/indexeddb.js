// collections ⇄ the browser's IndexedDB, where it has no private file system
//
// One database for all collections: their manifests, and beside them their files. A save is one transaction, so that
// it is done wholly or not at all, and the browser is asked to have it on the disk before it says so.

/** @typedef {import("./storage.js").Backend} Backend */

const DATABASE = "carrel";
const VERSION = 1;
const MANIFESTS = "manifests";
const FILES = "files";

/** @implements {Backend} */
export class IndexedDb {
  kind = /** @type {const} */ ("indexeddb");
  /** @type {IDBDatabase | null} */
  #database = null;

  /** @returns {Promise<IndexedDb | null>} Nothing where this page may not have it. */
  static async open() {
    if (!globalThis.indexedDB) return null;
    const backend = new IndexedDb();
    return backend.#opened(false).then(
      () => backend,
      () => null,
    );
  }

  async names() {
    const database = await this.#opened(false);
    if (!database) return [];
    return /** @type {Promise<string[]>} */ (result(database.transaction(MANIFESTS).objectStore(MANIFESTS).getAllKeys()));
  }

  /** @param {string} name @returns {Promise<{ bytes: Uint8Array, saved: Date } | null>} */
  async manifest(name) {
    const database = await this.#opened(false);
    return database && ((await result(database.transaction(MANIFESTS).objectStore(MANIFESTS).get(name))) ?? null);
  }

  /** @param {string} name @param {string} file @returns {Promise<Uint8Array | undefined>} */
  async read(name, file) {
    const database = await this.#opened(false);
    return database ? result(database.transaction(FILES).objectStore(FILES).get([name, file])) : undefined;
  }

  /** @param {string} name @param {[string, Uint8Array][]} files @param {Uint8Array} manifest */
  async write(name, files, manifest) {
    await this.#change((manifests, store) => {
      for (const [file, bytes] of files) store.put(bytes, [name, file]);
      manifests.put({ bytes: manifest, saved: new Date() }, name);
    });
  }

  /** @param {string} name @param {Set<string>} keep */
  async sweep(name, keep) {
    const database = await this.#opened(false);
    if (!database) return;
    const all = await result(database.transaction(FILES).objectStore(FILES).getAllKeys(everyFileOf(name)));
    const keys = /** @type {[string, string][]} */ (all).filter(([, file]) => !keep.has(file));
    if (keys.length > 0) await this.#change((_, store) => keys.forEach((key) => store.delete(key)));
  }

  async strays() {
    return []; // A transaction leaves nothing half done.
  }

  /** @param {string} name */
  async delete(name) {
    if (!(await this.manifest(name))) return false;
    await this.#change((manifests, store) => {
      manifests.delete(name);
      store.delete(everyFileOf(name));
    });
    return true;
  }

  /** @param {(manifests: IDBObjectStore, files: IDBObjectStore) => void} work */
  async #change(work) {
    const database = /** @type {IDBDatabase} */ (await this.#opened(true));
    const transaction = database.transaction([MANIFESTS, FILES], "readwrite", { durability: "strict" });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new Error("the browser broke it off"));
    });
    try {
      work(transaction.objectStore(MANIFESTS), transaction.objectStore(FILES));
    } catch (error) {
      done.catch(() => {});
      transaction.abort();
      throw error;
    }
    await done;
  }

  /** Nothing where there is none yet and `create` does not ask for one. @param {boolean} create */
  async #opened(create) {
    this.#database ??= await openDatabase(create, () => {
      this.#database = null;
    });
    return this.#database;
  }
}

/**
 * @param {boolean} create
 * @param {() => void} onClosed
 * @returns {Promise<IDBDatabase | null>}
 */
function openDatabase(create, onClosed) {
  const request = indexedDB.open(DATABASE, VERSION);
  let isAbsent = false;
  request.onupgradeneeded = () => {
    isAbsent = !create;
    if (isAbsent) return request.transaction?.abort();
    request.result.createObjectStore(MANIFESTS);
    request.result.createObjectStore(FILES);
  };
  return result(request).then(
    (database) => {
      database.onclose = onClosed;
      database.onversionchange = () => {
        database.close();
        onClosed();
      };
      return database;
    },
    (error) => {
      if (isAbsent) return null;
      throw error;
    },
  );
}

/** @param {string} name */
function everyFileOf(name) {
  return IDBKeyRange.bound([name], [name, []]); // A list comes after every text.
}

/**
 * @template Result
 * @param {IDBRequest<Result>} request
 * @returns {Promise<Result>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
