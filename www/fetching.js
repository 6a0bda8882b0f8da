// addresses → bytes, with progress and with errors that say what to do

import { CarrelError } from "./errors.js";

/**
 * @typedef {(progress: { loaded: number, total: number | null }) => void} OnBytes
 */

/**
 * Fetches a file; nothing where the server has none of that name.
 * @param {string} url
 * @param {{ signal?: AbortSignal, onBytes?: OnBytes }} [options]
 * @returns {Promise<Uint8Array | undefined>}
 */
export async function fetchBytes(url, { signal, onBytes } = {}) {
  let response;
  try {
    response = await fetch(url, { signal, cache: "no-cache" }); // Old and new files of an index must not be mixed.
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(url, "the server does not answer", error);
  }
  return isAbsent(response) ? undefined : readBody(url, response, { signal, onBytes });
}

/** Whether the server has nothing of that name. Single-page hosts answer any address with their page. @param {Response} response */
export function isAbsent({ status, ok, headers }) {
  return status === 404 || (ok && (headers.get("content-type")?.includes("text/html") ?? false));
}

/**
 * All bytes of a response; half a body is an error.
 * @param {string} url
 * @param {Response} response
 * @param {{ signal?: AbortSignal, onBytes?: OnBytes }} [options]
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function readBody(url, response, { signal, onBytes } = {}) {
  if (!response.ok || !response.body) throw unreachable(url, `the server answers ${response.status}`);
  const length = Number(response.headers.get("content-length"));
  const compressed = response.headers.get("content-encoding");
  const total = length > 0 && !compressed ? length : null;
  try {
    return await collect(response.body, total, onBytes);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(url, "the download broke off", error);
  }
}

/**
 * Into one array of the announced size, so that a large file is in memory once only.
 * @param {ReadableStream<Uint8Array>} body
 * @param {number | null} total
 * @param {OnBytes} [onBytes]
 */
async function collect(body, total, onBytes) {
  let bytes = new Uint8Array(total ?? 1 << 16);
  let loaded = 0;
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    if (loaded + value.length > bytes.length) {
      const larger = new Uint8Array(Math.max(2 * bytes.length, loaded + value.length));
      larger.set(bytes.subarray(0, loaded));
      bytes = larger;
    }
    bytes.set(value, loaded);
    loaded += value.length;
    onBytes?.({ loaded, total });
  }
  if (total !== null && loaded < total) throw new Error("it is shorter than announced");
  return bytes.subarray(0, loaded);
}

/** @param {string} url @param {string} problem @param {unknown} [cause] */
export function unreachable(url, problem, cause) {
  const message = `${url} could not be loaded: ${problem}. Check the connection and the address, and try again`;
  return new CarrelError("fetch_failed", message, { cause });
}
