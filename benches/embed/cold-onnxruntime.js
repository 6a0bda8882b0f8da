// a fresh page → the first vector, with onnxruntime-web and the tokenizer of transformers.js
//
// All is fetched at the same time. The tokenizer is @huggingface/tokenizers, which transformers.js is built on, without
// the rest of it: 30 KB in place of 590. `?model=…&tokenizer=…` say which.

const parameters = new URLSearchParams(location.search);
const addresses = ["/onnxruntime-web/ort.wasm.min.mjs", "/tokenizers/tokenizers.min.mjs"];

/** @param {string | null} address */
async function fetched(address) {
  const response = await fetch(String(address));
  if (!response.ok) throw new Error(`there is no ${address}`);
  return response;
}

const downloads = [
  fetched(parameters.get("model")).then(async (response) => new Uint8Array(await response.arrayBuffer())),
  fetched(parameters.get("tokenizer")).then((response) => response.json()),
];
const [ort, { Tokenizer }] = await Promise.all(addresses.map((address) => import(address)));
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = "/onnxruntime-web/";
const [model, json] = await Promise.all(downloads);
const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
const ids = Array.from(new Tokenizer(json, {}).encode(parameters.get("text")).ids, BigInt);
const tensor = (/** @type {bigint[]} */ values) =>
  new ort.Tensor("int64", BigInt64Array.from(values), [1, values.length]);
const feeds = {
  input_ids: tensor(ids),
  attention_mask: tensor(ids.map(() => 1n)),
  token_type_ids: tensor(ids.map(() => 0n)),
};
const vector = (await session.run(feeds, ["sentence_embedding"])).sentence_embedding.data;
Object.assign(globalThis, { first: { milliseconds: performance.now(), vector: Array.from(vector) } });

export {}; // A module.
