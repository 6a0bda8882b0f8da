// an index to which is added → whether all is found at once, and how long a question takes meanwhile

import { median, row } from "../browser/report.mjs";
import { OURS, PEER } from "./curve.mjs";

/** @typedef {import("../browser/workers.mjs").Workers} Workers */
/** @typedef {import("./truth.mjs").Truth} Truth */

const BATCH = 100;
/** Questions after each batch. */
const ASKED = 10;

/** Added at most while a graph is built elsewhere. */
export const MORE = 1000;

/** @param {number[]} values */
function p99(values) {
  return [...values].sort((a, b) => a - b)[Math.ceil(0.99 * values.length) - 1];
}

/** @param {number} count */
const first = (count) => Array.from({ length: count }, (_, at) => at);

/**
 * The last rows in hundreds to an index that is nearly full.
 * @param {Workers} workers @param {number} size @param {{ say: (text: string) => void, rounds: number }} options
 */
export async function addingToFull(workers, size, { say, rounds }) {
  const held = rounds * BATCH;
  /** @type {Record<string, number[]>} */
  const times = {};
  let missing = 0;
  for (const { name, kind } of [
    { name: OURS, kind: "carrel" },
    { name: PEER, kind: "hnswlib" },
  ]) {
    say(`${size} vectors: ${name} builds its index`);
    await workers.start(name, { kind, capacity: size, rows: size });
    await workers.call(name, "build", 0, size - held);
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 ? [PEER, OURS] : [OURS, PEER]) {
      const from = size - held + round * BATCH;
      (times[name] ??= []).push(...(await workers.call(name, "add", from, from + BATCH)));
      if (name === OURS) missing += (await workers.call(name, "missing", first(BATCH).map((at) => from + at))).length;
    }
  }
  for (const name of [OURS, PEER]) await workers.stop(name);
  if (missing > 0) throw new Error(`${missing} of ${held} vectors are not found by themselves after they were added`);
  const what = `${size} vectors: adding ${BATCH} more, found at once`;
  return { rows: [row(what, "ms", median(times[OURS]), median(times[PEER]), PEER)], detail: times };
}

/**
 * 10,000 in hundreds, with questions after each, to an empty index or one of so many.
 * @param {Workers} workers @param {Truth} truth @param {number} before
 * @param {{ say: (text: string) => void, rounds: number, more: number }} options
 */
export async function addingAndAsking(workers, truth, before, { say, rounds, more }) {
  const size = before + more;
  const [during, idle, settled, waits] = [[], [], [], []].map(() => /** @type {number[]} */ ([]));
  const recalls = [];
  let missing = 0;
  for (let round = 0; round < rounds; round++) {
    say(`${more} in hundreds to ${before}: ${round + 1} of ${rounds}`);
    await workers.start(OURS, { kind: "carrel", rows: size });
    await workers.call(OURS, "build", 0, before);
    await workers.call(OURS, "nearest", 0, 2000); // Compiled for speed by then.
    for (const step of await workers.call(OURS, "addAndAsk", before, size, ASKED)) {
      during.push(...step.times);
      waits.push(step.adding + step.times[0]);
      missing += step.missing;
      if (round > 0) continue; // Each round finds the same.
      const rows = first(step.rows);
      recalls.push(truth.recall(step.found, (query) => truth.tenth(query, rows), step.first));
    }
    idle.push(...(await workers.call(OURS, "nearest", 0, 1000)).times);
    await workers.call(OURS, "build", size, size); // Nothing is added; what makes search fast is done.
    settled.push(...(await workers.call(OURS, "nearest", 0, 1000)).times);
    await workers.stop(OURS);
  }
  if (missing > 0) throw new Error(`${missing} vectors are not found by themselves after they were added`);
  const what = `${more} added in hundreds to ${before}`;
  const mean = recalls.reduce((sum, value) => sum + value, 0) / recalls.length;
  const rows = [
    row(`${what}: recall@10 of questions in between`, "", mean),
    row(`${what}: least recall@10 after a hundred`, "", Math.min(...recalls)),
    row(`${what}: question, p99`, "ms", p99(during), p99(idle), "idle, as it was then"),
    row(`${what}: question, p99`, "ms", p99(during), p99(settled), "idle, put together"),
    row(`${what}: question, median`, "ms", median(during), median(settled), "idle, put together"),
    row(`${what}: question that comes with a hundred, p99`, "ms", p99(waits)),
  ];
  return { rows, detail: { during, idle, settled, waits, recalls } };
}

/**
 * A graph of all is built by another worker, while this one is asked and added to.
 * @param {Workers} workers @param {Truth} truth @param {number} size
 * @param {{ say: (text: string) => void }} options
 */
export async function buildingElsewhere(workers, truth, size, { say }) {
  const other = `${OURS}, elsewhere`;
  const most = size + MORE;
  await workers.start(OURS, { kind: "carrel", rows: most });
  await workers.start(other, { kind: "carrel", rows: 0 });
  // Half with a graph, and as much again behind it.
  await workers.call(OURS, "build", 0, size / 2);
  await workers.call(OURS, "add", size / 2, size);
  await workers.call(OURS, "nearest", 0, 2000);
  const idle = await workers.call(OURS, "ask", 2000);
  say(`${size} vectors: a graph is built elsewhere`);
  let [running, added] = [true, size];
  const chain = workers
    .chain([
      { worker: OURS, name: "work" },
      { worker: other, name: "doWork" },
      { worker: OURS, name: "adopt" },
    ])
    .finally(() => (running = false));
  const [during, recalls] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  let missing = 0;
  for (let turn = 0; running; turn++) {
    const times = await workers.call(OURS, "ask", 250);
    const at = (turn * 50) % truth.queryCount;
    const { found } = await workers.call(OURS, "nearest", at, at + 50);
    const rows = first(added);
    if (!running) break; // Perhaps it was asked after the graph had come.
    during.push(...times);
    recalls.push(truth.recall(found, (query) => truth.tenth(query, rows), at));
    if (added < most) {
      await workers.call(OURS, "add", added, added + BATCH);
      missing += (await workers.call(OURS, "missing", [added, added + BATCH - 1])).length;
      added += BATCH;
    }
  }
  const [work, built, adopted] = await chain;
  if (!(await workers.call(OURS, "adopted"))) throw new Error("the graph that was built elsewhere was not taken");
  missing += (await workers.call(OURS, "missing", first(added))).length;
  const after = await workers.call(OURS, "ask", 2000);
  await workers.stop(OURS);
  await workers.stop(other);
  if (during.length === 0) throw new Error("nothing could be asked while the graph was built");
  const rate = (/** @type {number[]} */ times) => (1000 * times.length) / times.reduce((sum, time) => sum + time, 0);
  const what = `while a graph of ${size} is built elsewhere`;
  const mean = recalls.reduce((sum, value) => sum + value, 0) / recalls.length;
  const rows = [
    row(`${what}: recall@10`, "", mean),
    row(`${what}: added and not found`, "", missing),
    row(what, "questions/s", rate(during), rate(idle), "idle before"),
    row(what, "questions/s", rate(during), rate(after), "idle after"),
    row(`${what}: question, p99`, "ms", p99(during), p99(idle), "idle before"),
    row(`${what}: question, p99`, "ms", p99(during), p99(after), "idle after"),
    row("building elsewhere takes", "ms", built.milliseconds),
    row("handing out the vectors takes", "ms", work.milliseconds),
    row("taking the graph takes", "ms", adopted.milliseconds),
  ];
  return { rows, detail: { during, idle, after, recalls, work, built, adopted } };
}

