// calls from the bench → workers, one for each way of embedding

/** @typedef {{ resolve: (value: any) => void, reject: (error: Error) => void }} Waiting */

/** @type {Map<string, { worker: Worker, waiting: Map<number, Waiting> }>} */
const variants = new Map();
let calls = 0;

/** Starts a worker under a name. @param {string} name */
function start(name) {
  const worker = new Worker("/bench/variant.js", { type: "module" });
  const waiting = new Map();
  worker.onmessage = ({ data: { number, result, error } }) => {
    const { resolve, reject } = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) resolve(result);
    else reject(new Error(`${name}: ${error}`));
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(`${name}: its worker failed: ${event.message}`));
  };
  variants.set(name, { worker, waiting });
}

/** @param {string} name */
function stop(name) {
  variants.get(name)?.worker.terminate();
  variants.delete(name);
}

/** @param {string} variant @param {string} name @param {...unknown} parameters */
function call(variant, name, ...parameters) {
  const found = variants.get(variant);
  if (!found) throw new Error(`there is no ${variant}`);
  const number = ++calls;
  return new Promise((resolve, reject) => {
    found.waiting.set(number, { resolve, reject });
    found.worker.postMessage({ number, name, parameters });
  });
}

/** Operations a second of the loops of peak.wat: the best of several tries. */
async function peak() {
  const { instance } = await WebAssembly.instantiateStreaming(fetch("/built/peak.wasm"));
  /** @type {Record<string, number>} */
  const rates = {};
  for (const [name, run] of Object.entries(instance.exports)) {
    if (typeof run !== "function") continue;
    const turns = name.endsWith("bare") ? 1_000_000 : 10_000;
    for (let warm = performance.now(); performance.now() - warm < 150;) run(turns);
    let best = 0;
    for (let attempt = 0; attempt < 25; attempt++) {
      const start = performance.now();
      const operations = Number(run(10 * turns));
      best = Math.max(best, operations / (performance.now() - start) / 1e6);
    }
    rates[name] = best;
  }
  return rates;
}

/** What run.mjs calls. */
Object.assign(globalThis, { bench: { start, stop, call, peak } });

export {}; // A module.
