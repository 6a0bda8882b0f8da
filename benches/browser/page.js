// calls from the bench → workers, one for each way that is measured

/** @typedef {{ resolve: (value: any) => void, reject: (error: Error) => void }} Waiting */

/** @type {Map<string, { worker: Worker, waiting: Map<number, Waiting> }>} */
const variants = new Map();
let calls = 0;

/** Starts a worker under a name. @param {string} name @param {string} script Its address. */
function start(name, script) {
  const worker = new Worker(script, { type: "module" });
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

/**
 * Calls one after the other; what the one gives as `bytes` is given to the next. What else they give is the result.
 * @param {{ worker: string, name: string }[]} steps
 */
async function chain(steps) {
  const results = [];
  /** @type {unknown[]} */
  let given = [];
  for (const { worker, name } of steps) {
    const { bytes, ...result } = /** @type {any} */ (await call(worker, name, ...given));
    given = [bytes];
    results.push(result);
  }
  return results;
}

/** What run.mjs calls. */
Object.assign(globalThis, { bench: { start, stop, call, chain } });

export {}; // A module.
