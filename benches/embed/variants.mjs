// what is built and made → the ways of embedding that are held against each other

/** @typedef {"relaxed int8" | "simd128 int8" | "f32"} Ours */

/** The folder of the model, on the bench's server. */
const MODEL = "/models/all-MiniLM-L6-v2/";

/** @param {boolean} unfinished Take what there is, while what is meant is still being written. */
export function ours(unfinished) {
  const relaxed = unfinished ? "/engine/engine" : "/engine/engine-relaxed";
  return {
    "relaxed int8": { kind: "carrel", engine: relaxed, model: MODEL, prepared: true, unfinished },
    "simd128 int8": { kind: "carrel", engine: "/engine/engine", model: MODEL, prepared: true, unfinished },
    f32: { kind: "carrel", engine: "/engine/engine", model: MODEL, prepared: false, unfinished },
  };
}

/** The kinds of weights of onnxruntime-web; each is tried with both graphs, and the faster is kept. */
export const KINDS = ["fp32", "int8-per-channel", "int8-per-tensor"];
export const GRAPHS = ["plain", "fused"];

/** @param {string} kind @param {string} graph */
export const onnxruntime = (kind, graph) => ({ kind: "onnxruntime", model: `/onnx/${graph}-${kind}.onnx` });

export const transformers = { kind: "transformers", model: "minilm" };
