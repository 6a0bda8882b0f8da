// what an index found → how much of it is right
//
// Held against the cosine of the tenth nearest, which vectors.rs found by comparing each query with every vector: what is
// as near is right, whichever of several equal ones it is.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export const DIMENSIONS = 384;
export const LIMIT = 10;
const BLOCK = 20_000;
/** What rounding makes of a cosine's sum in f32. */
const ROUNDING = 1e-6;

/** @typedef {ReturnType<typeof openTruth>} Truth */

/** @param {string} folder What vectors.sh printed. @param {number} rows */
export function openTruth(folder, rows) {
  const floats = (/** @type {string} */ name) => {
    const bytes = readFileSync(join(folder, name));
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  };
  const queries = floats("queries.f32");
  const blocks = Array.from({ length: Math.ceil(rows / BLOCK) }, (_, number) => floats(`vectors-${number}.f32`));
  const queryCount = queries.length / DIMENSIONS;

  /** @param {number} query @param {number} row */
  function cosine(query, row) {
    const block = blocks[Math.floor(row / BLOCK)];
    const [left, right] = [(query % queryCount) * DIMENSIONS, (row % BLOCK) * DIMENSIONS];
    let sum = 0;
    for (let at = 0; at < DIMENSIONS; at++) sum += queries[left + at] * block[right + at];
    return sum;
  }

  /**
   * The cosine of the tenth nearest of some rows. @param {number} query @param {Iterable<number>} rows
   */
  function tenth(query, rows) {
    const best = /** @type {number[]} */ ([]);
    for (const row of rows) {
      const value = cosine(query, row);
      if (best.length === LIMIT && value <= best[LIMIT - 1]) continue;
      best.splice(best.findIndex((other) => other < value) >>> 0, 0, value);
      if (best.length > LIMIT) best.pop();
    }
    return best[Math.min(LIMIT, best.length) - 1];
  }

  return {
    queryCount,
    tenth,
    /** For each query, of the first rows of all. @param {number} size */
    tenths: (size) => floats(`tenth-${size}.f32`),
    /**
     * The share of the ten nearest that was found.
     * @param {number[]} found Ten rows of each query, one after the other.
     * @param {(query: number) => number} tenthOf The cosine of the tenth nearest.
     * @param {number} [first] The first query.
     */
    recall(found, tenthOf, first = 0) {
      if (found.length === 0 || found.length % LIMIT) throw new Error(`${found.length} rows are not ten for each query`);
      let right = 0;
      for (let at = 0; at < found.length / LIMIT; at++) {
        const rows = new Set(found.slice(at * LIMIT, (at + 1) * LIMIT)); // None twice.
        for (const row of rows) if (cosine(first + at, row) >= tenthOf(first + at) - ROUNDING) right++;
      }
      return right / found.length;
    },
  };
}
