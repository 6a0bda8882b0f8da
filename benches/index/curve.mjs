// two indexes of the same vectors → how many questions a second at which recall
//
// Both are searched at several widths (Carrel's `width`, hnswlib's efSearch), taking turns, round after round; what counts
// is the median. And each at the least width that finds 99 of 100 of the nearest.

import { median, row } from "../browser/report.mjs";

const WIDTHS = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256];
const WANTED = 0.99;
const WIDEST = 2048;
/** Asked in a round at each width. */
const ASKED = 250;
export const OURS = "Carrel";
export const PEER = "hnswlib-wasm";

/**
 * @param {import("../browser/workers.mjs").Workers} workers
 * @param {import("./truth.mjs").Truth} truth
 * @param {number} size
 * @param {{ rounds: number, say: (text: string) => void }} options
 */
export async function curve(workers, truth, size, { rounds, say }) {
  const tenths = truth.tenths(size);
  const indexes = await Promise.all(
    [
      { name: OURS, kind: "carrel" },
      { name: PEER, kind: "hnswlib" },
    ].map(async ({ name, kind }) => {
      await workers.start(name, { kind, capacity: size, rows: size });
      return { name, recalls: new Map(), rates: new Map(), enough: 0 };
    }),
  );
  for (const { name } of indexes) {
    say(`${size} vectors: ${name} builds its index`);
    await workers.call(name, "build", 0, size);
  }

  for (const index of indexes) {
    /** @param {number | undefined} width */
    const recall = async (width) => {
      if (!index.recalls.has(width)) {
        const { found } = await workers.call(index.name, "nearest", 0, truth.queryCount, width);
        index.recalls.set(width, truth.recall(found, (query) => tenths[query]));
      }
      return index.recalls.get(width);
    };
    for (const width of WIDTHS) await recall(width);
    // The least that is enough, between the last of them that is not and the first that is.
    let enough = WIDTHS.find((width) => index.recalls.get(width) >= WANTED) ?? WIDTHS[WIDTHS.length - 1];
    while ((await recall(enough)) < WANTED && enough < WIDEST) enough *= 2;
    if ((await recall(enough)) < WANTED) throw new Error(`${index.name} does not find ${WANTED} at ${enough}`);
    let short = Math.max(0, ...[...index.recalls].flatMap(([width, recall]) => (recall < WANTED ? [width] : [])));
    short = Math.min(short, enough - 1);
    while (enough - short > Math.max(1, enough / 32) && short > 0) {
      const middle = (enough + short) >> 1;
      if ((await recall(middle)) >= WANTED) enough = middle;
      else short = middle;
    }
    index.enough = enough;
    if (index.name === OURS) await recall(undefined);
  }

  for (let round = 0; round < rounds; round++) {
    say(`${size} vectors: round ${round + 1} of ${rounds}`);
    const order = round % 2 ? [...indexes].reverse() : indexes;
    const [from, to] = [round * ASKED, (round + 1) * ASKED];
    /** @param {typeof indexes[number]} index @param {number | undefined} width */
    const measure = async (index, width) => {
      const rate = await workers.call(index.name, "rate", from, to, width);
      index.rates.set(width, [...(index.rates.get(width) ?? []), rate]);
    };
    for (const index of order) await measure(index, index.enough);
    for (const width of WIDTHS) {
      for (const index of order) if (width !== index.enough) await measure(index, width);
    }
    await measure(indexes[0], undefined);
  }
  for (const { name } of indexes) await workers.stop(name);

  const [ours, theirs] = indexes;
  const rate = (/** @type {typeof ours} */ index, /** @type {number | undefined} */ width) =>
    median(index.rates.get(width));
  const rows = [
    row(
      `${size} vectors: at recall@10 ≥ ${WANTED} (width ${ours.enough})`,
      "questions/s",
      rate(ours, ours.enough),
      rate(theirs, theirs.enough),
      `${PEER}, efSearch ${theirs.enough}`,
    ),
    row(`${size} vectors: recall@10 by itself`, "", ours.recalls.get(undefined)),
    row(`${size} vectors: by itself`, "questions/s", rate(ours, undefined)),
    ...WIDTHS.flatMap((width) => [
      row(`${size} vectors, width ${width}: recall@10`, "", ours.recalls.get(width), theirs.recalls.get(width), PEER),
      row(`${size} vectors, width ${width}`, "questions/s", rate(ours, width), rate(theirs, width), PEER),
    ]),
  ];
  const detail = indexes.map((index) => ({
    ...index,
    recalls: Object.fromEntries(index.recalls),
    rates: Object.fromEntries(index.rates),
  }));
  return { rows, detail };
}
