// texts → vectors: the whole of a worker of the pool
//
// It gets the engine at once, so that it can begin when the network is gone; the model only with its first texts, so
// that a page on which nothing is added does not pay for it.

import { isCrash, toPlain } from "./errors.js";

/**
 * @typedef {{ engine: { script: string, module: WebAssembly.Module } } | { files: Map<string, Blob> }
 *   | { texts: string[] }} ToEncoding
 * @typedef {{ ready: true } | { vectors: Float32Array } | { error: import("./errors.js").PlainError }
 *   | { lost: string }} FromEncoding  `lost`: this worker is of no use any more
 */

/** @type {typeof import("./engine.js") | null} */
let engine = null;
/** @type {WebAssembly.Module | null} */
let compiled = null;
/** @type {import("./engine.js").Encoder | null} */
let encoder = null;
/** Messages are handled one after the other. */
let last = Promise.resolve();

const scope = /** @type {{ onmessage: unknown, postMessage: (message: FromEncoding, transfer?: Transferable[]) => void }} */ (
  /** @type {unknown} */ (self)
);
scope.onmessage = (/** @type {MessageEvent<ToEncoding>} */ { data }) => {
  last = last.then(() => handle(data)).catch((error) => {
    if (encoder && !isCrash(error)) scope.postMessage({ error: toPlain(error) });
    else scope.postMessage({ lost: toPlain(error).message });
  });
};

/** @param {ToEncoding} message */
async function handle(message) {
  if ("engine" in message) {
    compiled = message.engine.module;
    engine = await import(message.engine.script);
  } else if ("files" in message) {
    const read = async (/** @type {[string, Blob]} */ [name, blob]) =>
      /** @type {const} */ ([name, new Uint8Array(await blob.arrayBuffer())]);
    const files = new Map(await Promise.all([...message.files].map(read)));
    if (!engine || !compiled) throw new Error("it has no engine");
    engine.initSync({ module: compiled });
    encoder = new engine.Encoder((/** @type {string} */ name) => {
      const bytes = files.get(name);
      files.delete(name);
      return bytes;
    });
    scope.postMessage({ ready: true });
  } else {
    if (!encoder) throw new Error("it has no model");
    const vectors = encoder.encode(message.texts);
    scope.postMessage({ vectors }, [vectors.buffer]);
  }
}
