// instructions → a WebAssembly module that runs nothing else, for the most that this machine and browser can do
//
// For each kind of product two loops: `bare` has its operands in registers, `tile` loads them from the first-level
// cache as a matrix product must, a tile of rows × vectors of columns at a time. Assembled by binaryen's wasm-as.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {{ operations: number, fused?: true, add: (sum: string, a: string, b: string) => string }} Product */

/**
 * Each adds `a`·`b` to `sum`; operations count a multiplication and an addition as two.
 * @type {Record<string, Product>}
 */
const PRODUCTS = {
  relaxed: {
    operations: 32,
    fused: true,
    add: (sum, a, b) => `(i32x4.relaxed_dot_i8x16_i7x16_add_s ${a} ${b} ${sum})`,
  },
  // Two of these in 16 bits, widened together.
  paired: {
    operations: 64,
    add: (sum, a, b) => {
      const [one, other] = [`${a} ${b}`, `${b} ${a}`].map((both) => `(i16x8.relaxed_dot_i8x16_i7x16_s ${both})`);
      return `(i32x4.add ${sum} (i32x4.extadd_pairwise_i16x8_s (i16x8.add ${one} ${other})))`;
    },
  },
  i16: { operations: 16, add: (sum, a, b) => `(i32x4.add ${sum} (i32x4.dot_i16x8_s ${a} ${b}))` },
  f32: { operations: 8, fused: true, add: (sum, a, b) => `(f32x4.relaxed_madd ${a} ${b} ${sum})` },
};
const STEPS = 96;
const ROW = 4 * STEPS;

const range = (/** @type {number} */ count) => Array.from({ length: count }, (_, index) => index);
const get = (/** @type {string} */ name) => `(local.get $${name})`;
const set = (/** @type {string} */ name, /** @type {string} */ value) => `(local.set $${name} ${value})`;
const plus = (/** @type {string} */ name, /** @type {number} */ bytes) =>
  set(name, `(i32.add ${get(name)} (i32.const ${bytes}))`);

/**
 * @param {string} name @param {string[]} vectors @param {string} before @param {string} body @param {string[]} sums
 * @param {number} operations A turn's.
 */
function loop(name, vectors, before, body, sums, operations) {
  return `(func (export "${name}") (param $turns i32) (result f64)
    (local $left i32) (local $step i32) (local $a i32) (local $b i32)
    ${vectors.map((each) => `(local $${each} v128)`).join(" ")}
    ${set("left", get("turns"))} ${before}
    (loop $turn
      ${body}
      (br_if $turn (local.tee $left (i32.sub ${get("left")} (i32.const 1)))))
    (v128.store (i32.const 0) ${sums.map(get).reduce((all, each) => `(v128.xor ${all} ${each})`)})
    (f64.mul (f64.convert_i32_u ${get("turns")}) (f64.const ${operations})))`;
}

/**
 * Without loads, eight sums. Where the product is an instruction of its own (`fused` with its addition it is not), each
 * has other operands, and two change with every turn: else it is seen to be the same as before, and left out.
 * @param {string} kind @param {Product} product
 */
function bare(kind, { operations, add, fused }) {
  const sums = range(8).map((index) => `s${index}`);
  const columns = range(fused ? 1 : 4).map((index) => `y${index}`);
  const changing = range(fused ? 1 : 2).map((index) => `x${index}`);
  const before = columns.map((name, index) => set(name, `(i32x4.splat (i32.const ${index + 3}))`)).join(" ");
  const turn = [
    ...sums.map((sum, index) => {
      const [x, y] = [changing[index % changing.length], columns[(index >> 1) % columns.length]];
      return set(sum, add(get(sum), get(x), get(y)));
    }),
    ...(fused ? [] : changing.map((name) => set(name, `(v128.xor ${get(name)} ${get(columns[0])})`))),
  ].join("\n      ");
  return loop(`${kind} bare`, [...sums, ...columns, ...changing], before, turn, sums, sums.length * operations);
}

/**
 * With the loads of a matrix product.
 * @param {string} kind @param {Product} product @param {number} rows @param {number} columns In vectors.
 */
function tile(kind, { operations, add }, rows, columns) {
  const sums = range(rows * columns).map((index) => `s${index}`);
  const vectors = range(columns).map((index) => `y${index}`);
  const body = `${set("a", "(i32.const 1024)")} ${set("b", "(i32.const 8192)")} ${set("step", `(i32.const ${STEPS})`)}
      (loop $inner
        ${vectors.map((name, index) => set(name, `(v128.load offset=${16 * index} ${get("b")})`)).join(" ")}
        ${range(rows)
          .map((row) => {
            const each = vectors.map((vector, column) =>
              set(sums[row * columns + column], add(get(sums[row * columns + column]), get("x"), get(vector))),
            );
            return [set("x", `(v128.load32_splat offset=${row * ROW} ${get("a")})`), ...each].join(" ");
          })
          .join("\n        ")}
        ${plus("a", 4)} ${plus("b", 16 * columns)}
        (br_if $inner (local.tee $step (i32.sub ${get("step")} (i32.const 1)))))`;
  return loop(
    `${kind} tile ${rows}x${4 * columns}`,
    [...sums, ...vectors, "x"],
    "",
    body,
    sums,
    STEPS * rows * columns * operations,
  );
}

/** Writes peak.wat and peak.wasm into a folder. @param {string} folder @param {string} binaries Where wasm-as is. */
export function buildPeak(folder, binaries) {
  const functions = Object.entries(PRODUCTS).flatMap(([kind, product]) => [
    bare(kind, product),
    tile(kind, product, 4, 2),
    tile(kind, product, 3, 3),
  ]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "peak.wat"), `(module (memory 1)\n${functions.join("\n")})\n`);
  execFileSync(join(binaries, "wasm-as"), [
    join(folder, "peak.wat"),
    "--enable-simd",
    "--enable-relaxed-simd",
    "-o",
    join(folder, "peak.wasm"),
  ]);
}
