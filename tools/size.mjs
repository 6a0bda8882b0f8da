// what the browser downloads → its size in brotli, held against the budget
//
// Prints a table, and fails where the budget is exceeded.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const SITE = "target/site";

/** @param {string} file */
function brotli(file) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  return brotliCompressSync(readFileSync(file), { params }).length;
}

const files = readdirSync(SITE, { recursive: true, encoding: "utf8" }).filter((name) => !/^(models|sample)/.test(name));
const code = files.filter((name) => /\.(m?js|css|html)$/.test(name));
const isPdf = (/** @type {string} */ name) => /^carrel\/pdf/.test(name);

const rows = [
  { what: "engine (WebAssembly)", files: ["carrel/engine_bg.wasm"], budget: 800_000 },
  { what: "engine, with relaxed SIMD", files: ["carrel/engine-relaxed_bg.wasm"], budget: 800_000 },
  // A browser takes one of the engine's two scripts, which are as good as the same.
  { what: "page code", files: code.filter((name) => !isPdf(name) && name !== "carrel/engine-relaxed.js"), budget: 76_000 },
  { what: "PDF reading, when a PDF comes", files: code.filter(isPdf), budget: 600_000 },
];

let failed = false;
for (const { what, files, budget } of rows) {
  const bytes = files.reduce((sum, name) => sum + brotli(join(SITE, name)), 0);
  failed ||= bytes > budget || files.length === 0;
  console.log(`${what.padEnd(32)}${String(bytes).padStart(9)} bytes of brotli, at most ${budget}${bytes > budget ? "  TOO LARGE" : ""}`);
}
process.exitCode = failed ? 1 : 0;
