// an address → its bytes, which the browser keeps for the next time
//
// Kept by the Cache API, with the sha256 that the bytes had when they came. The next time the server is asked whether
// it has others; where there is no network, what is kept will do. What was damaged meanwhile is thrown away and
// fetched again. Nothing is kept of a download that broke off.

import { CarrelError } from "./errors.js";
import { isAbsent, readBody, unreachable } from "./fetching.js";

/**
 * @typedef {import("./fetching.js").OnBytes} OnBytes
 * @typedef {"network" | "cache" | "offline"} Origin  `offline`: from the cache, since the server did not give it
 * @typedef {{ url: string, origin: Origin, bytes: Uint8Array<ArrayBuffer> | null, blob: Blob | null,
 *   validators: [string, string][] }} Download  without bytes where the server has nothing of that name
 */

/** The number rises when what is kept changes its form. */
const NAME = "carrel-downloads-1";
const SHA256 = "x-carrel-sha256";
/** What tells one version of a file from another. */
const VALIDATORS = ["etag", "last-modified"];

export class Downloads {
  #cache;
  /** Why nothing is kept, if nothing is. @type {string | null} */
  note;

  /** @param {Cache | null} cache @param {string | null} note */
  constructor(cache, note) {
    this.#cache = cache;
    this.note = note;
  }

  static async open() {
    if (!globalThis.caches) {
      const why = globalThis.isSecureContext ? "this browser cannot keep it" : "this page is not on https or localhost";
      return new Downloads(null, inMemory(why));
    }
    try {
      for (const name of await caches.keys()) {
        if (name.startsWith("carrel-downloads-") && name !== NAME) await caches.delete(name);
      }
      return new Downloads(await caches.open(NAME), null);
    } catch {
      return new Downloads(null, inMemory("this browser does not allow it"));
    }
  }

  /**
   * @param {string} url
   * @param {{ signal?: AbortSignal, onBytes?: OnBytes, fresh?: boolean }} [options] `fresh`: what is kept does not count
   * @returns {Promise<Download>}
   */
  async get(url, { signal, onBytes, fresh = false } = {}) {
    const kept = fresh ? undefined : await this.kept(url);
    let response;
    try {
      response = await this.#ask(url, kept, signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const download = kept && (await this.#whole(url, kept, "offline"));
      if (download) return download;
      throw unreachable(url, "the server does not answer", error);
    }
    if (kept && !(response?.ok || response?.status === 404)) {
      const download = await this.#whole(url, kept, response ? "offline" : "cache");
      return download ?? this.get(url, { signal, onBytes, fresh: true });
    }
    if (!response || isAbsent(response)) return { url, origin: "network", bytes: null, blob: null, validators: [] };
    const bytes = await readBody(url, response, { signal, onBytes });
    return { url, origin: "network", bytes, blob: new Blob([bytes]), validators: validatorsOf(response) };
  }

  /**
   * Keeps what came over the network, and lets go of the rest of what may be kept of the same model. That there is no
   * such file is kept, too: without a network nobody else could tell.
   * @param {Download[]} downloads
   * @param {string[]} all the addresses of all files that such a model may have
   */
  async keep(downloads, all) {
    const cache = this.#cache;
    if (!cache) return;
    try {
      for (const { url, origin, blob, validators } of downloads) {
        if (origin !== "network") continue;
        const sha256 = blob ? await digest(await blob.arrayBuffer()) : "";
        const headers = new Headers([...validators, [SHA256, sha256]]);
        await cache.put(url, new Response(blob, { status: blob ? 200 : 404, headers }));
      }
      const wanted = new Set(downloads.map(({ url }) => url));
      for (const url of all) if (!wanted.has(url)) await cache.delete(url);
    } catch (error) {
      await this.forget(downloads);
      const full = error instanceof DOMException && error.name === "QuotaExceededError";
      this.note = inMemory(full ? "there is no room in this browser" : `this browser refuses (${/** @type {Error} */ (error).message})`);
    }
  }

  /** What is kept, for when the server does not answer. @param {string} url */
  async kept(url) {
    return this.#cache?.match(url).catch(() => undefined);
  }

  /** Keeps a response, unless just that version is kept. @param {string} url @param {Response} response */
  async keepResponse(url, response) {
    const [before, now] = [await this.kept(url), String(validatorsOf(response))];
    if (before && now !== "" && String(validatorsOf(before)) === now) return response.body?.cancel();
    await this.#cache?.put(url, response).catch(() => {}); // The browser's other cache may have it still.
  }

  /** @param {{ url: string }[]} downloads */
  async forget(downloads) {
    for (const { url } of downloads) await this.#cache?.delete(url).catch(() => {});
  }

  /**
   * Asks the server for a file, or whether it has another than the one that is kept; nothing: it has not.
   * @param {string} url
   * @param {Response | undefined} kept
   * @param {AbortSignal | undefined} signal
   */
  async #ask(url, kept, signal) {
    // What is kept here need not be kept in the browser's other cache, too.
    const plain = /** @type {RequestInit} */ ({ signal, cache: this.#cache ? "no-store" : "no-cache" });
    const validators = kept?.ok ? validatorsOf(kept) : [];
    if (validators.length === 0) return fetch(url, plain);
    if (new URL(url).origin === globalThis.location.origin) {
      const conditions = validators.map(([name, value]) => [name === "etag" ? "if-none-match" : "if-modified-since", value]);
      const response = await fetch(url, { ...plain, headers: Object.fromEntries(conditions) });
      return response.status === 304 ? null : response;
    }
    // Another site's leave is needed to send conditions, which few give; to look at its headers needs none.
    const head = await fetch(url, { ...plain, method: "HEAD" });
    const same = head.ok && validators.every(([name, value]) => head.headers.get(name) === value);
    return same ? null : fetch(url, plain);
  }

  /**
   * What is kept, if it is still what it was.
   * @param {string} url
   * @param {Response} kept
   * @param {Origin} origin
   * @returns {Promise<Download | undefined>}
   */
  async #whole(url, kept, origin) {
    const validators = validatorsOf(kept);
    if (kept.status === 404) return { url, origin, bytes: null, blob: null, validators };
    try {
      const blob = await kept.blob();
      const bytes = new Uint8Array(await blob.arrayBuffer());
      if ((await digest(bytes)) === kept.headers.get(SHA256)) return { url, origin, bytes, blob, validators };
    } catch {} // As good as damaged.
    await this.#cache?.delete(url).catch(() => {});
    return undefined;
  }
}

/** @param {Response} response @returns {[string, string][]} */
function validatorsOf({ headers }) {
  return VALIDATORS.flatMap((name) => {
    const value = headers.get(name);
    return value ? [/** @type {[string, string]} */ ([name, value])] : [];
  });
}

/** Only called where something is kept, which is where the page is secure and this is there. @param {BufferSource} bytes */
async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} why */
function inMemory(why) {
  return `The model is in memory only, and is downloaded again next time: ${why}.`;
}

/**
 * Files of one folder that belong together must not be of two versions.
 * @param {string} folder
 * @param {Download[]} downloads
 */
export function checkTogether(folder, downloads) {
  const origins = new Set(downloads.filter(({ bytes }) => bytes).map(({ origin }) => origin));
  if (!origins.has("network") || !origins.has("offline")) return;
  throw new CarrelError("fetch_failed", `${folder} could not be loaded: the server stopped answering in between. Try again`);
}
