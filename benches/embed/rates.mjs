// all ways in one browser, taking turns → passages a second, milliseconds a query, bytes of memory
//
// Each round gives every way the same passages, and each round other ones. What counts is the median over the rounds.

import { median } from "../browser/report.mjs";
import { cosines } from "./fidelity.mjs";
import { FLOAT, FP32, ours, theirs } from "./variants.mjs";

/** Tokens of a passage → passages in a round: of a way, a second's work or so. */
const SIZES = { 32: 64, 128: 16, 256: 8 };
export const LENGTHS = Object.keys(SIZES).map(Number);
export const QUERY_TOKENS = 12;
const QUERIES = 24;
/** Queries timed as one, since a page's clock is coarse. */
const GROUP = 4;
/** Tried for each way and size, the faster is kept. None is padded: all passages of a size are of one length. */
const BATCHES = [1, 8];
/** Other tokens make other vectors; rounding makes less than this. */
const SAME = 0.9999;

/** @typedef {import("../browser/workers.mjs").Workers} Workers */
/**
 * @typedef {object} Result
 * @property {Record<number, number>} rates Passages a second, by their tokens.
 * @property {number} latency Milliseconds of a query.
 * @property {number} memory Bytes.
 * @property {Record<number, number>} batches How many passages at once it is fastest with.
 * @property {string} [graph] The graph it is fastest with.
 */

/**
 * @param {Workers} workers
 * @param {Awaited<ReturnType<typeof import("./passages.mjs").openCorpora>>} corpora
 * @param {{ rounds: number, say: (text: string) => void }} options
 * @returns {Promise<Record<string, Result>>}
 */
export async function measure(workers, corpora, { rounds, say }) {
  const sizes = Object.entries(SIZES).map(([tokens, count]) => ({ tokens: Number(tokens), set: tokens, count }));
  // One round's passages more, to warm up with.
  const sets = new Map(sizes.map(({ tokens, set, count }) => [set, corpora.passages(tokens, count * (rounds + 1))]));
  sets.set("query", corpora.passages(QUERY_TOKENS, QUERIES * (rounds + 1)));

  /**
   * The batch that a way is fastest with, found while it warms up.
   * @param {string} worker @param {string} set @param {number} count
   */
  async function bestBatch(worker, set, count) {
    let best = { batch: 1, time: Infinity };
    const from = rounds * count;
    for (let attempt = 0; attempt < 2; attempt++) {
      for (const batch of BATCHES) {
        const [mean] = await workers.call(worker, "time", set, from, from + Math.max(8, count / 2), batch);
        if (mean / batch < best.time) best = { batch, time: mean / batch };
      }
    }
    return best;
  }

  /** Loads, warms up, finds the best batches. @param {string} worker @param {object} configuration */
  async function open(worker, configuration) {
    await workers.start(worker, configuration);
    for (const [name, set] of sets) await workers.call(worker, "keep", name, set);
    /** @type {Record<number, number>} */
    const batches = {};
    let time = 0;
    for (const { tokens, set, count } of sizes) {
      const best = await bestBatch(worker, set, count);
      batches[tokens] = best.batch;
      time += best.time / tokens;
    }
    await workers.call(worker, "time", "query", rounds * QUERIES, (rounds + 1) * QUERIES, 1);
    return { worker, batches, time };
  }

  /** @type {{ name: string, worker: string, result: Result, times: Map<string, number[]> }[]} */
  const ways = [];
  for (const { name, candidates } of [...ours(), ...theirs()]) {
    say(`warming up: ${name}`);
    const tried = [];
    for (const { graph, configuration } of candidates)
      tried.push({ graph, ...(await open(`${name}, ${graph}`, configuration)) });
    const [{ worker, batches, graph }, ...slower] = tried.sort((a, b) => a.time - b.time);
    for (const { worker } of slower) await workers.stop(worker);
    ways.push({ name, worker, result: { rates: {}, latency: 0, memory: 0, batches, graph }, times: new Map() });
  }

  // Do all read the same tokens? Then floats make the same vectors.
  const [float, reference] = [FLOAT, FP32].map((name) => String(ways.find((way) => way.name === name)?.worker));
  for (const { tokens, set, count } of sizes) {
    const span = [set, rounds * count, (rounds + 1) * count, 1];
    const least = Math.min(
      ...cosines(await workers.call(float, "vectors", ...span), await workers.call(reference, "vectors", ...span)),
    );
    if (!(least > SAME))
      throw new Error(`passages of ${tokens} tokens: our f32 vectors and onnxruntime-web's are ${least} alike only`);
  }

  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    // Every other round the other way round: who comes after whom must not matter.
    const order = round % 2 ? [...ways].reverse() : ways;
    const note = (
      /** @type {Map<string, number[]>} */ times,
      /** @type {string} */ key,
      /** @type {number[]} */ values,
    ) => times.set(key, [...(times.get(key) ?? []), ...values]);
    for (const { tokens, set, count } of sizes) {
      for (const { worker, result, times } of order) {
        const batch = result.batches[tokens];
        const [mean] = await workers.call(worker, "time", set, round * count, (round + 1) * count, batch);
        note(times, set, [(1000 * batch) / mean]);
      }
    }
    for (const { worker, times } of order) {
      note(
        times,
        "query",
        await workers.call(worker, "time", "query", round * QUERIES, (round + 1) * QUERIES, 1, GROUP),
      );
    }
  }
  for (const { worker, result, times } of ways) {
    for (const { tokens, set } of sizes) result.rates[tokens] = median(times.get(set) ?? []);
    result.latency = median(times.get("query") ?? []);
    result.memory = await workers.call(worker, "memory");
    await workers.stop(worker);
  }
  return Object.fromEntries(ways.map(({ name, result }) => [name, result]));
}
