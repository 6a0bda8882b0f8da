// what is built and made → the ways of embedding that are held against each other

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {{ graph?: string, configuration: object }[]} candidates Of which the fastest is kept.
 */

/** The folder of the model, on the bench's server. */
export const MODEL = "/models/all-MiniLM-L6-v2/";
/** The file that `carrel model prepare` makes. */
export const PREPARED = "model.carrel";

export const RELAXED = "Carrel relaxed-simd int8";
export const SIMD128 = "Carrel simd128 int8";
/** In the build with relaxed SIMD, as browsers that know it take it. */
export const FLOAT = "Carrel f32";

/** @returns {Way[]} */
export function ours() {
  const way = (/** @type {string} */ name, /** @type {string} */ engine, prepared = true) => ({
    name,
    candidates: [
      {
        configuration: {
          kind: "carrel",
          engine: `/engine/${engine}`,
          model: MODEL,
          prepared: prepared && PREPARED,
        },
      },
    ],
  });
  return [way(RELAXED, "engine-relaxed"), way(SIMD128, "engine"), way(FLOAT, "engine-relaxed", false)];
}

export const FP32 = "onnxruntime-web fp32";
export const PER_CHANNEL = "onnxruntime-web int8 per channel";
export const PER_TENSOR = "onnxruntime-web int8 per tensor";
export const TRANSFORMERS = "transformers.js int8, text in";

/**
 * Each peer with both graphs that onnx/make.py makes: as exported, and fused by ONNX Runtime's optimiser.
 * @returns {Way[]}
 */
export function theirs() {
  const way = (/** @type {string} */ name, /** @type {(graph: string) => object} */ configuration) => ({
    name,
    candidates: ["plain", "fused"].map((graph) => ({ graph, configuration: configuration(graph) })),
  });
  const onnxruntime = (/** @type {string} */ name, /** @type {string} */ weights) =>
    way(name, (graph) => ({ kind: "onnxruntime", model: `/onnx/${graph}-${weights}.onnx` }));
  return [
    onnxruntime(FP32, "fp32"),
    onnxruntime(PER_CHANNEL, "int8-per-channel"),
    onnxruntime(PER_TENSOR, "int8-per-tensor"),
    way(TRANSFORMERS, (graph) => ({ kind: "transformers", model: graph })),
  ];
}
