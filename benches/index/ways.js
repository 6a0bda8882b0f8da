// one index in a worker of its own → the time that it takes
//
// Carrel's index, hnswlib-wasm and Orama behind one interface, so that the bench treats them alike: each has one
// instance and one thread, and is called from JavaScript once for each question.

import { memory, serve } from "../browser/worker.js";
import { loadCarrel } from "./carrel.js";
import { loadHnswlib } from "./hnswlib.js";
import { loadOrama } from "./orama.js";

const LIMIT = 10;
const DIMENSIONS = 384;
/** How many vectors are added at once. */
const BATCH = 100;

/**
 * @typedef {object} Way
 * @property {(rows: Float32Array, from: number, texts?: string[]) => void | Promise<void>} add The rows from that number
 *   on, with the text of each or without.
 * @property {() => void} [optimize] Does what makes search fast, once all is added.
 * @property {(query: Float32Array, limit: number, width?: number) => ArrayLike<number>} [nearest] Numbers of rows.
 * @property {(question: string, query: Float32Array | undefined, options: SearchOptions) =>
 *   ArrayLike<number> | Promise<ArrayLike<number>>} [search] By words and by vector.
 * @property {() => Promise<void>} [save] Into the worker's memory.
 * @property {() => void | Promise<void>} [open] What was saved, in place of what there is.
 * @property {() => Record<string, number>} [bytes] Its own account.
 * @property {() => Uint8Array | undefined} [work] What another worker can do for it.
 * @property {(work: Uint8Array) => Uint8Array} [doWork]
 * @property {(graph: Uint8Array) => boolean} [adopt]
 * @typedef {{ limit: number, mode: "hybrid" | "semantic" | "lexical", filter?: object }} SearchOptions
 */

/** @type {Record<string, (configuration: any) => Promise<Way>>} */
const kinds = { carrel: loadCarrel, hnswlib: loadHnswlib, orama: loadOrama };

/** @type {any} */
let way;
/** @type {Float32Array} */
let vectors;
/** @type {Float32Array} */
let queries;
/** @type {string[]} */
let texts = [];
/** @type {string[]} */
let questions = [];

const row = (/** @type {Float32Array} */ rows, /** @type {number} */ at) =>
  rows.subarray(at * DIMENSIONS, (at + 1) * DIMENSIONS);

/** @param {string} address */
async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`there is no ${address}`);
  return response;
}

let adopted = false;

/** @param {() => Uint8Array | void} step */
function timed(step) {
  const start = performance.now();
  const bytes = step();
  return { milliseconds: performance.now() - start, bytes };
}

/** Adds some rows, and gives the milliseconds that each batch took. @param {number} from @param {number} to */
async function add(from, to, withTexts = false) {
  const times = [];
  for (let at = from; at < to; at += BATCH) {
    const end = Math.min(at + BATCH, to);
    const rows = vectors.subarray(at * DIMENSIONS, end * DIMENSIONS);
    const start = performance.now();
    await way.add(rows, at, withTexts ? texts.slice(at, end) : undefined);
    times.push(performance.now() - start);
  }
  return times;
}

/** Searches for some of the queries. @param {number} from @param {number} to @param {number} [width] */
function nearest(from, to, width) {
  const [found, times] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let at = from; at < to; at++) {
    const query = row(queries, at % (queries.length / DIMENSIONS));
    const start = performance.now();
    const rows = way.nearest(query, LIMIT, width);
    times.push(performance.now() - start);
    found.push(...rows);
  }
  return { found, times };
}

const calls = {
  /** @param {{ kind: string, capacity: number, rows: number, texts?: boolean }} configuration */
  async load(configuration) {
    const blocks = [];
    for (let block = 0; block * 20_000 < configuration.rows; block++)
      blocks.push(new Float32Array(await (await fetched(`/vectors/vectors-${block}.f32`)).arrayBuffer()));
    vectors = new Float32Array(configuration.rows * DIMENSIONS);
    blocks.forEach((block, number) => {
      const at = number * 20_000 * DIMENSIONS;
      vectors.set(block.subarray(0, vectors.length - at), at);
    });
    queries = new Float32Array(await (await fetched("/vectors/queries.f32")).arrayBuffer());
    if (configuration.texts) {
      const lines = (await (await fetched("/vectors/texts.jsonl")).text()).trimEnd().split("\n");
      texts = lines.slice(0, configuration.rows).map((line) => JSON.parse(line));
      // As long as people's questions.
      const words = (/** @type {string} */ text) => text.split(" ").slice(0, 8).join(" ");
      questions = lines.slice(-queries.length / DIMENSIONS).map((line) => words(JSON.parse(line)));
    }
    way = await kinds[configuration.kind](configuration);
  },

  add,

  /** Builds the index of some rows: milliseconds. @param {number} from @param {number} to */
  async build(from, to, withTexts = false) {
    const start = performance.now();
    await add(from, to, withTexts);
    await way.optimize?.();
    return performance.now() - start;
  },

  nearest,

  /** Questions a second. @param {number} from @param {number} to @param {number} [width] */
  rate(from, to, width) {
    const start = performance.now();
    for (let at = from; at < to; at++)
      way.nearest(row(queries, at % (queries.length / DIMENSIONS)), LIMIT, width);
    return (1000 * (to - from)) / (performance.now() - start);
  },

  /**
   * What is found by the whole search, and its questions a second.
   * @param {number} from @param {number} to @param {SearchOptions} options
   */
  async search(from, to, options) {
    const found = [];
    const start = performance.now();
    for (let at = from; at < to; at++) {
      const query = options.mode === "lexical" ? undefined : row(queries, at);
      const rows = await way.search(questions[at] ?? "", query, options);
      found.push(Array.from(rows));
    }
    return { found, rate: (1000 * (to - from)) / (performance.now() - start) };
  },

  /** Whether each of these rows is what its own vector finds. @param {number[]} rows @returns {number[]} Those that are not. */
  missing: (rows) => rows.filter((at) => !Array.from(way.nearest(row(vectors, at), LIMIT)).includes(at)),

  /** Milliseconds from the saved bytes to an index that has answered a question. */
  async open() {
    await way.save();
    const start = performance.now();
    await way.open();
    way.nearest(row(queries, 0), LIMIT);
    return performance.now() - start;
  },

  /** Gives the milliseconds that it takes to find out which documents pass. */
  restrict(/** @type {object | undefined} */ filter) {
    const start = performance.now();
    way.restrict(filter);
    return performance.now() - start;
  },
  bytes: () => way.bytes(),
  memory,

  /** Adds batches with questions after each: milliseconds of all, and what was found. */
  async addAndAsk(
    /** @type {number} */ from,
    /** @type {number} */ to,
    /** @type {number} */ asked,
    /** @type {number | undefined} */ width,
  ) {
    const steps = [];
    for (let at = from; at < to; at += BATCH) {
      const [adding] = await add(at, at + BATCH);
      const first = (((at - from) / BATCH) * asked) % (queries.length / DIMENSIONS);
      const { found, times } = nearest(first, first + asked, width);
      const newest = calls.missing([at, at + BATCH - 1]).length;
      steps.push({ rows: at + BATCH, first, adding, found, times, missing: newest });
    }
    return steps;
  },

  /** The three steps of work that another worker does: what comes out of each, and its milliseconds. */
  work: () => timed(() => way.work()),
  doWork: (/** @type {Uint8Array} */ work) => timed(() => way.doWork(work)),
  adopt: (/** @type {Uint8Array} */ graph) => timed(() => void (adopted = way.adopt(graph))),
  adopted: () => adopted,

  /** Milliseconds of questions, one after the other, until the time is over. @param {number} duration */
  ask(duration) {
    const times = [];
    for (const start = performance.now(); performance.now() - start < duration;)
      times.push(...nearest(times.length, times.length + 1).times);
    return times;
  },
};

serve(calls);
