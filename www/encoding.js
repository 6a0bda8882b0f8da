// texts → vectors, or vectors → a graph: the whole of a worker of the pool
//
// It gets the engine at once, so that it can begin when the network is gone; the model only with its first texts, so
// that a page on which nothing is added does not pay for it.

import { breathe } from "./breathing.js";
import { isCrash, toPlain } from "./errors.js";

/**
 * @typedef {{ engine: { script: string, module: WebAssembly.Module } } | { files: Map<string, Blob> }
 *   | { id: number, texts: string[] } | { graph: Uint8Array } | { drop: number }} ToEncoding
 *   `graph`: of these vectors; `drop`: nobody wants that batch any more
 * @typedef {{ loaded: true } | { ready: true } | { id: number, vectors: Float32Array } | { graph: Uint8Array }
 *   | { id: number, error: import("./errors.js").PlainError } | { lost: string }} FromEncoding
 *   `loaded`: it needs the network no more; `lost`: it is of no use any more
 */

/** @type {typeof import("./engine.js") | null} */
let engine = null;
/** @type {WebAssembly.Module | null} */
let compiled = null;
/** @type {import("./engine.js").Encoder | null} */
let encoder = null;
/** Batches that nobody wants any more. @type {Set<number>} */
const dropped = new Set();
/** Messages are handled one after the other. */
let last = Promise.resolve();

const scope = /** @type {{ onmessage: unknown, postMessage: (message: FromEncoding, transfer?: Transferable[]) => void }} */ (
  /** @type {unknown} */ (self)
);
scope.onmessage = (/** @type {MessageEvent<ToEncoding>} */ { data }) => {
  if ("drop" in data) dropped.add(data.drop);
  else last = last.then(() => handle(data)).catch((error) => scope.postMessage({ lost: toPlain(error).message }));
};

/** @param {Exclude<ToEncoding, { drop: number }>} message */
async function handle(message) {
  if ("engine" in message) {
    compiled = message.engine.module;
    engine = await import(message.engine.script);
    scope.postMessage({ loaded: true });
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
  } else if ("graph" in message) {
    if (!engine || !compiled) throw new Error("it has no engine");
    engine.initSync({ module: compiled });
    const graph = engine.buildGraph(message.graph);
    scope.postMessage({ graph }, [graph.buffer]);
  } else {
    if (!encoder) throw new Error("it has no model");
    await breathe(); // Somebody may have dropped it meanwhile.
    const { id, texts } = message;
    if (dropped.delete(id)) return;
    try {
      const vectors = encoder.encode(texts);
      scope.postMessage({ id, vectors }, [vectors.buffer]);
    } catch (error) {
      if (isCrash(error)) throw error;
      scope.postMessage({ id, error: toPlain(error) });
    }
  }
}
