// the whole search, by words and vectors and with a filter → what it finds, and how many questions a second

import { median, row } from "../browser/report.mjs";
import { OURS } from "./curve.mjs";

/** @typedef {import("../browser/workers.mjs").Workers} Workers */

/** The documents have ten rows each; one in a hundred is of a group. */
const GROUP = 7;
const isOfGroup = (/** @type {number} */ row) => Math.floor(row / 10) % 100 === GROUP;
const PEER = "Orama";

/**
 * Vector search among one in a hundred against that among all.
 * @param {Workers} workers @param {import("./truth.mjs").Truth} truth @param {number} size
 * @param {{ rounds: number, say: (text: string) => void }} options
 */
export async function filtered(workers, truth, size, { rounds, say }) {
  const asked = 200;
  say(`${size} vectors: with a filter`);
  await workers.start(OURS, { kind: "carrel", rows: size });
  await workers.call(OURS, "build", 0, size);
  const ofGroup = Array.from({ length: size }, (_, at) => at).filter(isOfGroup);
  const tenths = Array.from({ length: truth.queryCount }, (_, query) => truth.tenth(query, ofGroup));
  const [all, one] = [{}, { filter: { group: GROUP } }].map((more) => ({ limit: 10, mode: "semantic", ...more }));
  /** @type {Record<string, number[]>} */
  const rates = { all: [], one: [], alone: [], kept: [] };
  /** @type {number[]} */
  const looking = [];
  let recall = 0;
  for (let round = 0; round < rounds; round++) {
    const [from, to] = [(round * asked) % truth.queryCount, ((round * asked) % truth.queryCount) + asked];
    rates.all.push((await workers.call(OURS, "search", from, to, all)).rate);
    const { found, rate } = await workers.call(OURS, "search", from, to, one);
    rates.one.push(rate);
    recall += truth.recall(found.flat(), (query) => tenths[query], from) / rounds;
    rates.alone.push(await workers.call(OURS, "rate", from, to));
    looking.push(await workers.call(OURS, "restrict", { group: GROUP }));
    rates.kept.push(await workers.call(OURS, "rate", from, to));
    await workers.call(OURS, "restrict", undefined);
  }
  await workers.stop(OURS);
  const rate = (/** @type {string} */ name) => median(rates[name]);
  const what = `${size} vectors, filter that keeps 1 %`;
  const rows = [
    row(`${what}: recall@10`, "", recall),
    row(`${what}: search, from the second question with it on`, "questions/s", rate("one"), rate("all"), "without the filter"),
    row(`${what}: looking for its documents, before the first`, "ms", median(looking)),
    row(`${what}: index alone, documents known`, "questions/s", rate("kept"), rate("alone"), "without the filter"),
  ];
  return { rows, detail: { recall, rates } };
}

/**
 * With real text: by words, by vector, by both.
 * @param {Workers} workers @param {number} size @param {{ rounds: number, say: (text: string) => void }} options
 */
export async function againstOrama(workers, size, { rounds, say }) {
  const modes = /** @type {const} */ ([
    ["hybrid", "hybrid search"],
    ["semantic", "vector search"],
    ["lexical", "search by words"],
  ]);
  const ways = [
    { name: OURS, kind: "carrel", asked: 200 },
    { name: PEER, kind: "orama", asked: 20 },
  ];
  /** @type {Record<string, number[]>} */
  const times = {};
  for (const { name, kind } of ways) {
    say(`${size} texts with vectors: ${name} builds its index`);
    await workers.start(name, { kind, rows: size, texts: true });
    times[`${name} building`] = [await workers.call(name, "build", 0, size, true)];
  }
  for (let round = 0; round <= rounds; round++) {
    say(`${size} texts with vectors: round ${round} of ${rounds}`);
    for (const { name, asked } of round % 2 ? [...ways].reverse() : ways) {
      for (const [mode] of modes) {
        const from = (round * asked) % 1000;
        const { rate, found } = await workers.call(name, "search", from, from + asked, { limit: 10, mode });
        if (found.every((/** @type {number[]} */ rows) => rows.length === 0)) throw new Error(`${name} finds nothing`);
        // The first round warms up.
        if (round > 0) (times[`${name} ${mode}`] ??= []).push(rate);
      }
    }
  }
  for (const { name } of ways) await workers.stop(name);
  /** @param {string} key @returns {[number, number]} */
  const of = (key) => [median(times[`${OURS} ${key}`]), median(times[`${PEER} ${key}`])];
  const rows = [
    ...modes.map(([mode, words]) => {
      const [ours, theirs] = of(mode);
      return row(`${size} texts with vectors: ${words}`, "questions/s", ours, theirs, PEER);
    }),
    row(`${size} texts with vectors: building`, "ms", ...of("building"), PEER),
  ];
  return { rows, detail: times };
}
