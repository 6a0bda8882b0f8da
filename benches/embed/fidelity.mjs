// vectors that were computed in int8 and in floats → how near they are to each other

import { FLOAT, FP32, ours, PER_CHANNEL, PER_TENSOR, RELAXED, SIMD128, theirs } from "./variants.mjs";

const DIMENSIONS = 384;

/** Of vectors that stand one behind the other. @param {number[]} a @param {number[]} b */
export function cosines(a, b, dimensions = DIMENSIONS) {
  if (a.length !== b.length || a.length % dimensions !== 0)
    throw new Error(`${a.length} and ${b.length} numbers are not as many vectors`);
  return Array.from({ length: a.length / dimensions }, (_, index) => {
    let [product, first, second] = [0, 0, 0];
    for (let at = index * dimensions; at < (index + 1) * dimensions; at++) {
      product += a[at] * b[at];
      first += a[at] ** 2;
      second += b[at] ** 2;
    }
    return product / Math.sqrt(first * second);
  });
}

/** @param {number[]} values */
export function meanAndLeast(values) {
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, least: Math.min(...values) };
}

/**
 * Int8 against floats, ours and theirs, on the same passages. Nothing is timed: all workers run at once.
 * @param {import("../browser/workers.mjs").Workers} workers
 * @param {import("./passages.mjs").Passages} passages
 * @param {number} fewer As many for the peers, and for our other build.
 * @returns {Promise<Record<string, { mean: number, least: number }>>}
 */
export async function fidelity(workers, passages, fewer) {
  const all = [...ours(), ...theirs()];
  /** @param {string} name @param {number} count */
  async function vectorsOf(name, count) {
    const configuration = all.find((way) => way.name === name)?.candidates.at(-1)?.configuration;
    if (!configuration) throw new Error(`there is no ${name}`);
    await workers.start(name, configuration);
    await workers.call(name, "keep", "passages", passages);
    const vectors = await workers.call(name, "vectors", "passages", 0, count, 1);
    await workers.stop(name);
    return vectors;
  }
  const whole = passages.texts.length;
  // By twos, since there are two cores or more.
  const [relaxed, float] = await Promise.all([vectorsOf(RELAXED, whole), vectorsOf(FLOAT, whole)]);
  const [simd128, fp32] = await Promise.all([vectorsOf(SIMD128, fewer), vectorsOf(FP32, fewer)]);
  const [perChannel, perTensor] = await Promise.all([vectorsOf(PER_CHANNEL, fewer), vectorsOf(PER_TENSOR, fewer)]);
  const few = float.slice(0, fewer * DIMENSIONS);
  return {
    [RELAXED]: meanAndLeast(cosines(relaxed, float)),
    [SIMD128]: meanAndLeast(cosines(simd128, few)),
    [FLOAT]: meanAndLeast(cosines(few, fp32)),
    [PER_CHANNEL]: meanAndLeast(cosines(perChannel, fp32)),
    [PER_TENSOR]: meanAndLeast(cosines(perTensor, fp32)),
  };
}
