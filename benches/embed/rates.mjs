// all ways in one browser, taking turns → passages a second, milliseconds a query, bytes of memory
//
// Each round gives every way the same passages, and each round other ones. What counts is the median over the rounds.

import { GRAPHS, KINDS, onnxruntime, ours, transformers } from "./variants.mjs";

/** Tokens of a passage → passages in a round. A round of a way is about a second. */
export const SIZES = { 32: 64, 128: 16, 256: 8 };
const QUERY_TOKENS = 12;
const QUERIES = 24;
/** Queries timed as one, since a page's clock is coarse. */
const GROUP = 4;
const BATCHES = [1, 4, 8, 16];

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @typedef {object} Result
 * @property {Record<number, number>} rates Passages a second, by their tokens.
 * @property {number} latency Milliseconds of a query.
 * @property {number} memory Bytes.
 * @property {Record<number, number>} batches How many passages at once it was given, the best of some.
 * @property {string} [graph] For onnxruntime-web.
 */

/**
 * @param {import("playwright-core").Page} page
 * @param {Awaited<ReturnType<typeof import("./passages.mjs").openCorpora>>} corpora
 * @param {{ rounds: number, unfinished: boolean, say: (text: string) => void }} options
 * @returns {Promise<{ results: Record<string, Result>, peaks: Record<string, number> }>}
 */
export async function measure(page, corpora, { rounds, unfinished, say }) {
  const call = (/** @type {string} */ variant, /** @type {string} */ name, /** @type {unknown[]} */ ...parameters) =>
    page.evaluate(([variant, name, parameters]) => /** @type {any} */ (globalThis).bench.call(variant, name, ...parameters), /** @type {const} */ ([variant, name, parameters]));
  const manage = (/** @type {"start" | "stop"} */ what, /** @type {string} */ variant) =>
    page.evaluate(([what, variant]) => /** @type {any} */ (globalThis).bench[what](variant), /** @type {const} */ ([what, variant]));
  const sizes = Object.entries(SIZES).map(([tokens, count]) => ({ tokens: Number(tokens), count }));
  const sets = new Map(sizes.map(({ tokens, count }) => [tokens, corpora.passages(tokens, count * (rounds + 1))]));
  const queries = corpora.passages(QUERY_TOKENS, QUERIES * (rounds + 1));

  /** The best batch for passages of so many tokens, by the passages of the last round, which no round of the measuring has. @param {string} name @param {number} tokens @param {number} count */
  async function bestBatch(name, tokens, count) {
    let best = { batch: 1, time: Infinity };
    for (const batch of BATCHES.filter((batch) => batch <= count)) {
      for (let attempt = 0; attempt < 2; attempt++) {
        const from = rounds * count;
        const times = await call(name, "time", String(tokens), from, from + count, batch);
        const time = times[0] * Math.ceil(count / batch);
        if (time < best.time) best = { batch, time };
      }
    }
    return best;
  }

  /** Loads, warms up, and finds the best batches. @param {string} name @param {object} configuration */
  async function open(name, configuration) {
    await manage("start", name);
    await call(name, "load", configuration);
    for (const [tokens, set] of sets) await call(name, "keep", String(tokens), set);
    await call(name, "keep", "query", queries);
    /** @type {Record<number, number>} */
    const batches = {};
    let time = 0;
    for (const { tokens, count } of sizes) {
      const best = await bestBatch(name, tokens, count);
      batches[tokens] = best.batch;
      if (tokens === 128) time = best.time;
    }
    await call(name, "time", "query", rounds * QUERIES, (rounds + 1) * QUERIES, 1);
    return { batches, time };
  }

  /** @type {Record<string, Result>} */
  const results = {};
  const entry = (/** @type {Record<number, number>} */ batches) => ({ rates: {}, latency: 0, memory: 0, batches });
  for (const [name, configuration] of Object.entries(ours(unfinished))) {
    say(`warming up: ${name}`);
    results[name] = entry((await open(name, configuration)).batches);
  }
  for (const kind of KINDS) {
    const name = `onnxruntime-web ${kind}`;
    say(`warming up: ${name}`);
    const tried = [];
    for (const graph of GRAPHS) tried.push({ graph, ...(await open(`${name} ${graph}`, onnxruntime(kind, graph))) });
    tried.sort((a, b) => a.time - b.time);
    for (const { graph } of tried.slice(1)) await manage("stop", `${name} ${graph}`);
    results[name] = { ...entry(tried[0].batches), graph: tried[0].graph };
  }
  say("warming up: transformers.js");
  results["transformers.js"] = entry((await open("transformers.js", transformers)).batches);

  const workers = Object.keys(results).map((name) => ({ name, worker: results[name].graph ? `${name} ${results[name].graph}` : name }));
  /** @type {Map<string, number[]>} */
  const times = new Map();
  const note = (/** @type {string} */ key, /** @type {number[]} */ values) => times.set(key, [...(times.get(key) ?? []), ...values]);
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    // Every other round the other way round: who comes after whom must not matter.
    const order = round % 2 ? [...workers].reverse() : workers;
    for (const { tokens, count } of sizes) {
      for (const { name, worker } of order) {
        const [mean] = await call(worker, "time", String(tokens), round * count, (round + 1) * count, results[name].batches[tokens]);
        note(`${name} ${tokens}`, [results[name].batches[tokens] / mean]);
      }
    }
    for (const { name, worker } of order) {
      note(`${name} query`, await call(worker, "time", "query", round * QUERIES, (round + 1) * QUERIES, 1, GROUP));
    }
  }
  for (const { name, worker } of workers) {
    for (const { tokens } of sizes) results[name].rates[tokens] = 1000 * median(times.get(`${name} ${tokens}`) ?? []);
    results[name].latency = median(times.get(`${name} query`) ?? []);
    results[name].memory = await call(worker, "memory");
  }
  say("the peak of this core");
  const peaks = await page.evaluate(() => /** @type {any} */ (globalThis).bench.peak());
  return { results, peaks };
}
