// one way of embedding in a worker of its own → the time that it takes
//
// Carrel, onnxruntime-web and transformers.js behind one interface, so that the bench treats them alike. Each worker
// has one instance and one thread. What is prepared (the peers' token ids and tensors, the list of texts) is prepared
// outside of the measured time; Carrel and transformers.js are given text and tokenise within it.

import { memory, serve } from "../browser/worker.js";

/**
 * @typedef {{ kind: "carrel", engine: string, model: string, prepared: string | false }
 *   | { kind: "onnxruntime", model: string }
 *   | { kind: "transformers", model: string }} Configuration
 * @typedef {{ texts: string[], ids: number[][] }} Passages
 * @typedef {object} Way
 * @property {(passages: Passages) => Promise<() => Promise<Float32Array>>} prepare Gives what embeds one batch.
 */

/** @type {Way | undefined} */
let way;
/** @type {Map<string, Passages>} */
const sets = new Map();

/** What page.js calls. @type {Record<string, (...parameters: any[]) => any>} */
const calls = {
  /** @param {Configuration} configuration */
  async load(configuration) {
    if (configuration.kind === "carrel") way = await loadCarrel(configuration);
    else if (configuration.kind === "onnxruntime") way = await loadOnnxRuntime(configuration);
    else way = await loadTransformers(configuration);
  },

  /** @param {string} name @param {Passages} passages */
  keep(name, passages) {
    sets.set(name, passages);
  },

  /** Milliseconds for some passages of a set, `batch` of them at once; several times of `group` batches each. */
  async time(
    /** @type {string} */ name,
    /** @type {number} */ from,
    /** @type {number} */ to,
    /** @type {number} */ batch,
    group = Infinity,
  ) {
    const work = await prepared(name, from, to, batch);
    const times = [];
    for (let at = 0; at < work.length; at += group) {
      const part = work.slice(at, at + group);
      const start = performance.now();
      for (const embed of part) await embed();
      times.push((performance.now() - start) / part.length);
    }
    return times;
  },

  /** The vectors of some passages of a set, one behind the other. */
  async vectors(
    /** @type {string} */ name,
    /** @type {number} */ from,
    /** @type {number} */ to,
    /** @type {number} */ batch,
  ) {
    const parts = [];
    for (const embed of await prepared(name, from, to, batch)) parts.push(...(await embed()));
    return parts;
  },

  memory,
};

serve(calls);

/** @param {string} name @param {number} from @param {number} to @param {number} batch */
async function prepared(name, from, to, batch) {
  const set = sets.get(name);
  if (!way || !set) throw new Error(`nothing is loaded, or no passages ${name}`);
  const work = [];
  for (let at = from; at < to; at += batch) {
    const end = Math.min(at + batch, to);
    work.push(await way.prepare({ texts: set.texts.slice(at, end), ids: set.ids.slice(at, end) }));
  }
  return work;
}

/** @param {Extract<Configuration, { kind: "carrel" }>} configuration @returns {Promise<Way>} */
async function loadCarrel({ engine, model, prepared }) {
  const { default: init, Encoder, Engine } = await import(`${engine}.js`);
  await init({ module_or_path: `${engine}_bg.wasm` });
  // Without the prepared file the engine reads the folder as it was published, and computes in floats.
  const names = prepared ? [prepared] : [...Engine.requiredModelFiles(), ...Engine.optionalModelFiles()];
  const files = new Map();
  for (const name of names) {
    const response = await fetch(model + name);
    if (response.ok) files.set(name, new Uint8Array(await response.arrayBuffer()));
  }
  const encoder = new Encoder((/** @type {string} */ name) => files.get(name));
  files.clear();
  return {
    prepare:
      async ({ texts }) =>
      async () =>
        encoder.encode(texts),
  };
}

/** @param {{ model: string }} configuration @returns {Promise<Way>} */
async function loadOnnxRuntime({ model }) {
  const address = "/onnxruntime-web/ort.wasm.min.mjs";
  const ort = await import(address);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = "/onnxruntime-web/";
  const response = await fetch(model);
  if (!response.ok) throw new Error(`there is no ${model}`);
  const session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), {
    executionProviders: ["wasm"],
  });
  const needed = new Set(session.inputNames);
  return {
    async prepare({ ids }) {
      const shape = [ids.length, ids[0].length];
      if (ids.some((one) => one.length !== shape[1])) throw new Error("passages of different lengths in one batch");
      const size = shape[0] * shape[1];
      const tensor = (/** @type {bigint[] | number[]} */ values) =>
        new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);
      /** @type {Record<string, any>} */
      const feeds = {
        input_ids: tensor(ids.flat()),
        attention_mask: tensor(Array(size).fill(1)),
        token_type_ids: tensor(Array(size).fill(0)),
      };
      for (const name of Object.keys(feeds)) if (!needed.has(name)) delete feeds[name];
      return async () => (await session.run(feeds, ["sentence_embedding"])).sentence_embedding.data;
    },
  };
}

/** @param {{ model: string }} configuration @returns {Promise<Way>} */
async function loadTransformers({ model }) {
  const address = "/transformers/transformers.min.js";
  const { env, pipeline } = await import(address);
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = "/transformers-models/";
  env.useBrowserCache = false;
  env.backends.onnx.wasm.numThreads = 1;
  env.backends.onnx.wasm.wasmPaths = "/transformers-onnxruntime-web/";
  const extract = await pipeline("feature-extraction", model, { device: "wasm", dtype: "q8" });
  return {
    prepare:
      async ({ texts }) =>
      async () =>
        (await extract(texts, { pooling: "mean", normalize: true })).data,
  };
}
