// a fresh page → the first vector, with Carrel
//
// The engine and the model are fetched at the same time. `?engine=…&model=…&files=…` say which.

const parameters = new URLSearchParams(location.search);
const [engine, model] = [parameters.get("engine"), parameters.get("model")];
const names = (parameters.get("files") ?? "").split(",");

const code = fetch(`${engine}_bg.wasm`);
const downloads = names.map(async (name) => {
  const response = await fetch(`${model}${name}`);
  if (!response.ok) throw new Error(`there is no ${name}`);
  return /** @type {const} */ ([name, new Uint8Array(await response.arrayBuffer())]);
});
const { default: init, Encoder } = await import(`${engine}.js`);
await init({ module_or_path: code });
const files = new Map(await Promise.all(downloads));
const encoder = new Encoder((/** @type {string} */ name) => files.get(name));
const vector = encoder.encode([parameters.get("text")]);
Object.assign(globalThis, { first: { milliseconds: performance.now(), vector: Array.from(vector) } });

export {}; // A module.
