// vectors → milliseconds until they can be searched: built anew, by two workers, and opened from bytes

import { median, row } from "../browser/report.mjs";
import { OURS, PEER } from "./curve.mjs";

/** @typedef {import("../browser/workers.mjs").Workers} Workers */

const KINDS = [
  { name: OURS, kind: "carrel" },
  { name: PEER, kind: "hnswlib" },
];

/** Of 100,000 vectors it fails to write its 170 MB to the browser's database, with an error of its own error handler. */
const PEER_OPENS_MOST = 20_000;

/**
 * One thread each, taking turns, each time in a new worker; and what was saved, opened again.
 * @param {Workers} workers @param {number} size @param {{ rounds: number, say: (text: string) => void }} options
 */
export async function building(workers, size, { rounds, say }) {
  const opens = (/** @type {string} */ kind) => kind === "carrel" || size <= PEER_OPENS_MOST;
  /** @type {Record<string, { build: number[], open: number[] }>} */
  const times = { [OURS]: { build: [], open: [] }, [PEER]: { build: [], open: [] } };
  for (let round = 0; round < rounds; round++) {
    for (const { name, kind } of round % 2 ? [...KINDS].reverse() : KINDS) {
      say(`${size} vectors: ${name} builds its index, ${round + 1} of ${rounds}`);
      await workers.start(name, { kind, capacity: size, rows: size });
      times[name].build.push(await workers.call(name, "build", 0, size));
      for (let attempt = 0; opens(kind) && attempt < 3; attempt++) times[name].open.push(await workers.call(name, "open"));
      await workers.stop(name);
    }
  }
  const [built, opened] = [median(times[OURS].build), median(times[OURS].open)];
  const rows = [
    row(`${size} vectors: building, one thread`, "ms", built, median(times[PEER].build), `${PEER}, M 16, ef 100`),
    row(`${size} vectors: opening a saved index`, "ms", opened, built, "building it"),
  ];
  if (opens("hnswlib")) rows.push(row(`${size} vectors: opening a saved index`, "ms", opened, median(times[PEER].open), PEER));
  return { rows, detail: times };
}

/**
 * Two workers with half of the vectors each, which is what two segments are, against the peer's one; both may use all cores.
 * @param {Workers} workers @param {number} size @param {{ rounds: number, say: (text: string) => void }} options
 */
export async function buildingByTwo(workers, size, { rounds, say }) {
  /** @type {Record<string, number[]>} */
  const times = { [OURS]: [], [PEER]: [] };
  const half = size / 2;
  for (let round = 0; round < rounds; round++) {
    say(`${size} vectors: built by two workers, ${round + 1} of ${rounds}`);
    for (const { name, kind } of round % 2 ? [...KINDS].reverse() : KINDS) {
      const parts = kind === "carrel" ? [0, half] : [0];
      const each = parts.map((from) => ({ worker: `${name} ${from}`, from, to: kind === "carrel" ? from + half : size }));
      for (const { worker } of each) await workers.start(worker, { kind, capacity: size, rows: size });
      const start = performance.now();
      await Promise.all(each.map(({ worker, from, to }) => workers.call(worker, "build", from, to)));
      times[name].push(performance.now() - start);
      for (const { worker } of each) await workers.stop(worker);
    }
  }
  const peer = `${PEER}, M 16, ef 100, one worker`;
  const rows = [row(`${size} vectors: building, two workers`, "ms", median(times[OURS]), median(times[PEER]), peer)];
  return { rows, detail: times };
}

/** @param {Workers} workers @param {number} size */
export async function memory(workers, size) {
  /** @type {Record<string, number>} */
  const growth = {};
  /** @type {Record<string, number>} */
  let account = {};
  for (const { name, kind } of KINDS) {
    // The peer takes its memory when it is made, for all that will come.
    await workers.start(name, { kind, capacity: 1, rows: size });
    const before = await workers.call(name, "memory");
    if (kind === "hnswlib") {
      await workers.stop(name);
      await workers.start(name, { kind, capacity: size, rows: size });
    }
    await workers.call(name, "build", 0, size);
    growth[name] = (await workers.call(name, "memory")) - before;
    if (kind === "carrel") account = await workers.call(name, "bytes");
    await workers.stop(name);
  }
  const each = (/** @type {number} */ bytes) => bytes / size;
  const { vectors = 0, graph = 0 } = account;
  const rows = [
    row(`${size} vectors: memory of vectors and graph, each`, "bytes", each(vectors + graph), each(growth[PEER]), PEER),
    row(`${size} vectors: of this the graph, each`, "bytes", each(graph)),
    row(
      `${size} vectors: growth of WebAssembly's memory while building, each, with documents of ten`,
      "bytes",
      each(growth[OURS]),
      each(growth[PEER]),
      PEER,
    ),
  ];
  return { rows, detail: { growth, account } };
}
