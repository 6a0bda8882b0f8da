// what the browser's WebAssembly can do → the build of the engine that suits it
//
// The same source is built twice: with relaxed SIMD, which has products of bytes, and with plain SIMD for browsers that
// lack it. Both give the same passages; neither an option nor an address chooses. A test or a
// benchmark that wants a certain build serves another build.js in place of this one.

import { CarrelError } from "./errors.js";

/** @typedef {{ simd: boolean, relaxedSimd: boolean, current: boolean }} Features `current`: JavaScript's own, newer than SIMD */
/** @typedef {{ name: string, script: string, wasm: string }} Build `script` and `wasm` are addresses */

/** @returns {Features} */
export function features() {
  return {
    simd: WebAssembly.validate(SIMD),
    relaxedSimd: WebAssembly.validate(RELAXED_SIMD),
    current: "withResolvers" in Promise && "any" in AbortSignal,
  };
}

/**
 * @param {Features} features
 * @returns {Build}
 */
export function chooseBuild({ simd, relaxedSimd, current }) {
  if (current && simd && relaxedSimd) {
    return {
      name: "engine-relaxed",
      script: new URL("./engine-relaxed.js", import.meta.url).href,
      wasm: new URL("./engine-relaxed_bg.wasm", import.meta.url).href,
    };
  }
  if (current && simd) {
    return {
      name: "engine",
      script: new URL("./engine.js", import.meta.url).href,
      wasm: new URL("./engine_bg.wasm", import.meta.url).href,
    };
  }
  throw new CarrelError("browser_unsupported", "this browser lacks what Carrel needs, such as WebAssembly SIMD: update it (Chrome 119, Firefox 124, Safari 17.4 or newer)");
}

/**
 * The smallest module whose one function, of type `() -> v128`, has this body.
 * @param {number[]} body
 */
function moduleOf(...body) {
  const code = [0, ...body, 11];
  const header = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
  return new Uint8Array([...header, 10, code.length + 2, 1, code.length, ...code]);
}

/** `i32.const 0 i8x16.splat` */
const ZEROS = [65, 0, 253, 15];
const SIMD = moduleOf(...ZEROS);
/** `i32x4.relaxed_dot_i8x16_i7x16_add_s` */
const RELAXED_SIMD = moduleOf(...ZEROS, ...ZEROS, ...ZEROS, 253, 147, 2);
