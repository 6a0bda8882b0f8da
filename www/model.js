// a model's folder → its files, from the network or from what the browser kept
//
// A folder may hold the model prepared in one file, which is smaller and carries its own checksum; it is preferred.

import { checkTogether } from "./downloads.js";
import { CarrelError } from "./errors.js";

/** @typedef {import("./downloads.js").Download} Download */
/** @typedef {import("./downloads.js").Downloads} Downloads */
/** @typedef {{ loaded: number, total: number | null, cached: boolean, note?: string }} ModelProgress  in bytes */
/** @typedef {{ bytes: Map<string, Uint8Array>, blobs: Map<string, Blob>, isCached: boolean }} ModelFiles */

/** As src/model/prepared.rs has it: the download need not wait for the engine. */
export const PREPARED = "model.carrel";

/**
 * Fetches a model and has `read` make something of its files. Where that fails and they were kept from an earlier
 * time, they are fetched again once; only what could be read is kept.
 * @template Result
 * @param {string} folder
 * @param {object} options
 * @param {Downloads} options.downloads
 * @param {Promise<{ required: string[], optional: string[] }>} options.names what is read where there is no prepared file
 * @param {(bytes: Map<string, Uint8Array>) => Promise<Result>} options.read which may take the bytes out of the map
 * @param {AbortSignal} options.signal
 * @param {(progress: ModelProgress) => void} options.onProgress
 * @returns {Promise<{ result: Result, blobs: Map<string, Blob> }>}
 */
export async function loadModel(folder, { downloads, names, read, signal, onProgress }) {
  for (let fresh = false; ; fresh = true) {
    const fetched = await fetchModel(folder, { downloads, names, signal, onProgress, fresh });
    signal.throwIfAborted();
    checkTogether(folder, fetched);
    const present = fetched.filter(({ bytes }) => bytes);
    const nameOf = (/** @type {Download} */ { url }) => url.slice(folder.length);
    const blobs = new Map(present.map((download) => [nameOf(download), /** @type {Blob} */ (download.blob)]));
    const size = present.reduce((sum, { blob }) => sum + (blob?.size ?? 0), 0);
    const cached = present.every(({ origin }) => origin !== "network");
    if (cached) onProgress({ loaded: size, total: size, cached });
    const bytes = new Map(present.map((download) => [nameOf(download), /** @type {Uint8Array} */ (download.bytes)]));
    // Goes on beside the reading.
    const keeping = names.then(({ required, optional }) => {
      return downloads.keep(fetched, [PREPARED, ...required, ...optional].map((name) => folder + name));
    });
    for (const download of fetched) download.bytes = null; // Not in memory twice.
    try {
      const result = await read(bytes);
      await keeping;
      if (downloads.note) onProgress({ loaded: size, total: size, cached, note: downloads.note });
      return { result, blobs };
    } catch (error) {
      await keeping;
      await downloads.forget(fetched);
      if (fresh || !fetched.some(({ origin }) => origin !== "network")) throw error;
    }
  }
}

/**
 * @param {string} folder
 * @param {{ downloads: Downloads, names: Promise<{ required: string[], optional: string[] }>, signal: AbortSignal,
 *   onProgress: (progress: ModelProgress) => void, fresh: boolean }} options
 */
async function fetchModel(folder, { downloads, names, signal, onProgress, fresh }) {
  const onBytes = (/** @type {{ loaded: number, total: number | null }} */ progress) => onProgress({ ...progress, cached: false });
  const prepared = await downloads.get(folder + PREPARED, { signal, onBytes, fresh });
  if (prepared.bytes) {
    if (prepared.origin === "network") await check(folder, prepared.bytes);
    return [prepared];
  }
  const { required, optional } = await names;
  const largest = required[required.length - 1]; // The weights: what is shown is their progress.
  const fetched = await Promise.all(
    [...required, ...optional].map(async (name) => {
      const download = await downloads.get(folder + name, { signal, onBytes: name === largest ? onBytes : undefined, fresh });
      if (!download.bytes && required.includes(name)) {
        throw new CarrelError("model_missing", `${folder} has no ${name}. Check the model's address: it is a folder with ${required.join(", ")}`);
      }
      return download;
    }),
  );
  return [prepared, ...fetched];
}

/** Where its checksum stands, and where what it is the checksum of begins: see src/model/prepared.rs. */
const SUM = [32, 64];

/**
 * Holds a prepared model against the checksum that it carries; what came from the cache was held against its own.
 * Pages that are not secure lack the means: there the engine does it.
 * @param {string} folder
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function check(folder, bytes) {
  if (!globalThis.crypto?.subtle) return;
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.subarray(SUM[1])));
  if (sum.every((byte, at) => byte === bytes[SUM[0] + at])) return;
  throw new CarrelError("model_invalid", `${folder}${PREPARED} is damaged: its checksum is another. Load it again; if it stays so, make it again with \`carrel model prepare\``);
}
