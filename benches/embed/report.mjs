// what was measured → rows: ours, theirs, the ratio

import { row } from "../browser/report.mjs";
import { LENGTHS, QUERY_TOKENS } from "./rates.mjs";
import { FLOAT, FP32, PER_CHANNEL, PER_TENSOR, RELAXED, SIMD128, TRANSFORMERS } from "./variants.mjs";

/** @typedef {Record<string, import("./rates.mjs").Result>} Results */

const ONNXRUNTIME = [FP32, PER_CHANNEL, PER_TENSOR];

/**
 * Who is held against whom, the best of ONNX Runtime's first.
 * @template Row
 * @param {string} best
 * @param {(own: string, peer: string, note?: string) => Row} against
 */
function comparisons(best, against) {
  return [
    against(RELAXED, best, " (their best)"),
    against(SIMD128, best, " (their best)"),
    ...ONNXRUNTIME.filter((peer) => peer !== best).map((peer) => against(RELAXED, peer)),
    against(FLOAT, FP32),
    against(RELAXED, TRANSFORMERS),
  ];
}

/** @param {Results} results @param {string} [where] Another machine than this. */
export function rateRows(results, where = "") {
  return LENGTHS.flatMap((tokens) => {
    const rate = (/** @type {string} */ name) => results[name].rates[tokens];
    const best = ONNXRUNTIME.reduce((a, b) => (rate(b) > rate(a) ? b : a));
    const against = (/** @type {string} */ own, /** @type {string} */ peer, note = "") =>
      row(`passages of ${tokens} tokens${where}: ${own}`, "passages/s", rate(own), rate(peer), `${peer}${note}`);
    return comparisons(best, against);
  });
}

/** @param {Results} results @param {string} [where] */
export function latencyRows(results, where = "") {
  const time = (/** @type {string} */ name) => results[name].latency;
  const best = ONNXRUNTIME.reduce((a, b) => (time(b) < time(a) ? b : a));
  const against = (/** @type {string} */ own, /** @type {string} */ peer, note = "") =>
    row(`a query of ${QUERY_TOKENS} tokens${where}: ${own}`, "ms", time(own), time(peer), `${peer}${note}`);
  return comparisons(best, against);
}

/** @param {Results} results */
export function memoryRows(results) {
  const megabytes = (/** @type {string} */ name) => results[name].memory / 1e6;
  return [
    row(`memory after bulk work: ${RELAXED}`, "MB", megabytes(RELAXED), megabytes(PER_CHANNEL), PER_CHANNEL),
    row(`memory after bulk work: ${SIMD128}`, "MB", megabytes(SIMD128), megabytes(PER_CHANNEL), PER_CHANNEL),
    row(`memory after bulk work: ${FLOAT}`, "MB", megabytes(FLOAT), megabytes(FP32), FP32),
  ];
}

/** Kinds of products in peak.mjs with their names in words, and who is made of one of them. */
const KINDS = /** @type {const} */ ([
  [RELAXED, { relaxed: "relaxed dot i8", paired: "relaxed dot i8 in pairs" }],
  [SIMD128, { i16: "dot i16 and addition" }],
  [FLOAT, { f32: "relaxed f32 multiplication and addition" }],
]);

/** @typedef {Record<string, number>} Peaks Billions of operations a second of each loop of peak.mjs. */

/** @param {Peaks} peaks @param {string} beginning */
function highest(peaks, beginning) {
  return Math.max(...Object.entries(peaks).flatMap(([name, rate]) => (name.startsWith(beginning) ? [rate] : [])));
}

/**
 * What of the machine's best is made use of, all stages counted.
 * @param {Results} results
 * @param {Peaks} peaks
 * @param {(tokens: number) => number} operations Of a passage.
 * @param {string} [where]
 */
export function peakRows(results, peaks, operations, where = "") {
  return KINDS.flatMap(([name, kinds]) => {
    const ends = Object.entries(kinds).map(([kind, words]) => ({ kind, words, most: highest(peaks, kind) }));
    const most = ends.reduce((one, other) => (other.most > one.most ? other : one));
    return [
      ...ends.map(({ kind, words }) =>
        row(
          `peak of the ${words}${where}: with a tile's loads`,
          "GOP/s",
          highest(peaks, `${kind} tile`),
          peaks[`${kind} bare`],
          "without loads",
        ),
      ),
      ...[128, 256].map((tokens) => {
        const rate = (results[name].rates[tokens] * operations(tokens)) / 1e9;
        const what = `end to end, ${tokens} tokens${where}: ${name}`;
        return row(what, "GOP/s", rate, most.most, `peak of the ${most.words}`);
      }),
    ];
  });
}

/**
 * What of the machine's best the products with weights alone make use of.
 * @param {Results} results @param {Peaks} peaks
 * @param {(tokens: number, attention?: boolean) => number} operations Of a passage.
 * @param {number} share Of the time, at 128 tokens.
 */
export function gemmRow(results, peaks, operations, share) {
  const rate = (results[RELAXED].rates[128] * operations(128, false)) / share / 1e9;
  const most = Math.max(highest(peaks, "relaxed"), highest(peaks, "paired"));
  return row(`GEMM alone, 128 tokens: ${RELAXED}`, "GOP/s", rate, most, "peak of the relaxed dot i8, fused or in pairs");
}

/** What the instruction that older machines lack is worth on this one. @param {Peaks} peaks @param {Peaks} without */
export function instructionRow(peaks, without) {
  return row(
    "peak of the relaxed dot i8",
    "GOP/s",
    highest(peaks, "relaxed"),
    highest(without, "relaxed"),
    "with AVX-VNNI off (1×: this CPU has none)",
  );
}
