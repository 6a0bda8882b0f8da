// Carrel and its peers in one browser → the table of `make bench-embed`, and target/bench/embed.json
//
//     node benches/embed/run.mjs --onnx FOLDER [--quick] [--only NAMES]
//
// FOLDER is what onnx.sh prints. `--quick` takes fewer rounds and passages, `--only` some of the parts below: for
// development, neither writes embed.json.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { coreCount, inBrowser, lookForOthers } from "../browser/machine.mjs";
import { median, row, table } from "../browser/report.mjs";
import { startServer } from "../browser/server.mjs";
import { openWorkers } from "../browser/workers.mjs";
import { coldStarts } from "./cold.mjs";
import { cosines, fidelity } from "./fidelity.mjs";
import { openCorpora } from "./passages.mjs";
import { buildPeak } from "./peak.mjs";
import { gemmRow, instructionRow, latencyRows, memoryRows, peakRows, rateRows } from "./report.mjs";
import { measure } from "./rates.mjs";
import { profile } from "./shares.mjs";
import { MODEL, ours, PER_CHANNEL, RELAXED, SIMD128, TRANSFORMERS, theirs } from "./variants.mjs";
import { operationsOf } from "./work.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const built = join(root, "target/bench");
const model = join(root, "models/all-MiniLM-L6-v2");
const peers = join(here, "node_modules");
const say = (/** @type {string} */ text) => console.error(`· ${text}`);

const PARTS = ["rates", "old", "cold", "fidelity", "pool", "shares", "size"];
const { values: options } = parseArgs({
  options: {
    onnx: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const onnx = options.onnx ?? "";
const parts = options.only?.split(",") ?? PARTS;
for (const part of parts)
  if (!PARTS.includes(part)) throw new Error(`there is no part ${part}: they are ${PARTS.join(", ")}`);

/** Nothing is left out for not being there. */
function checkFiles() {
  const needed = [
    [
      "make build",
      ...["engine", "engine-relaxed"]
        .flatMap((name) => [`${name}.js`, `${name}_bg.wasm`])
        .map((name) => join(root, "target/engine", name)),
    ],
    ["make build", join(root, "pkg/carrel.js")],
    ["make model", ...["model.carrel", "model.safetensors"].map((name) => join(model, name))],
    [
      "benches/embed/onnx.sh",
      ...["plain", "fused"].flatMap((graph) =>
        ["fp32", "int8-per-channel", "int8-per-tensor"].map((kind) => join(onnx, `${graph}-${kind}.onnx`)),
      ),
    ],
    [
      "npm ci --prefix benches/embed",
      ...["onnxruntime-web", "@huggingface/transformers", "@huggingface/tokenizers"].map((name) =>
        join(peers, name, "package.json"),
      ),
    ],
    [
      "benches/browser/engine.sh named-engine relaxed-simd --debuginfo",
      ...["engine.js", "engine_bg.wasm"].map((name) => join(built, "named-engine", name)),
    ],
  ];
  const missing = needed.flatMap(([make, ...files]) =>
    files.filter((file) => !existsSync(file)).map((file) => `${file} is missing: \`${make}\` makes it`),
  );
  if (missing.length > 0) throw new Error(missing.join("\n"));
}

checkFiles();
buildPeak(built, join(root, "node_modules/.bin"));
const corpora = await openCorpora(root, model);
const operations = operationsOf(join(model, "config.json"));
const text = corpora.passages(12, 1).texts[0];
const server = await startServer({
  "/benches/": `${dirname(here)}/`,
  "/built/": `${built}/`,
  "/carrel/": join(root, "pkg/"),
  "/engine/": join(root, "target/engine/"),
  "/models/": join(root, "models/"),
  "/onnx/": `${resolve(onnx)}/`,
  "/onnxruntime-web/": join(peers, "onnxruntime-web/dist/"),
  "/tokenizers/": join(peers, "@huggingface/tokenizers/dist/"),
  "/transformers/": join(peers, "@huggingface/transformers/dist/"),
  "/transformers-onnxruntime-web/": join(peers, "@huggingface/transformers/node_modules/onnxruntime-web/dist/"),
  // The folder that transformers.js asks for: one for each graph.
  ...Object.fromEntries(
    ["plain", "fused"].flatMap((graph) => [
      [`/transformers-models/${graph}/`, `${model}/`],
      [
        `/transformers-models/${graph}/onnx/model_quantized.onnx`,
        join(resolve(onnx), `${graph}-int8-per-channel.onnx`),
      ],
    ]),
  ),
});
const configurationOf = (/** @type {string} */ name) =>
  /** @type {any} */ ([...ours(), ...theirs()].find((way) => way.name === name)?.candidates[0].configuration);

/** @param {import("playwright-core").Browser} browser */
const openEmbedders = (browser) =>
  openWorkers(browser, `${server.url}/benches/embed/page.html`, "/benches/embed/variant.js");

/** @param {number} rounds @param {string[]} [flags] */
function rates(rounds, flags) {
  return inBrowser({ pinned: true, flags }, async (browser) => {
    const workers = await openEmbedders(browser);
    const peak = () => workers.page.evaluate(() => /** @type {any} */ (globalThis).peak());
    const before = await peak();
    const results = await measure(workers, corpora, { rounds, say });
    const after = await peak();
    const peaks = Object.fromEntries(Object.keys(after).map((name) => [name, Math.max(before[name], after[name])]));
    return { results, peaks };
  });
}

/** What the rows are made of. @type {Record<string, any>} */
const details = {};

/** @type {Record<string, () => Promise<import("../browser/report.mjs").Row[]>>} */
const measurements = {
  async rates() {
    const { results, peaks } = (details.rates = await rates(options.quick ? 2 : 9));
    return [
      ...rateRows(results),
      ...latencyRows(results),
      ...memoryRows(results),
      ...peakRows(results, peaks, operations),
    ];
  },

  async old() {
    const { results, peaks } = (details.old = await rates(options.quick ? 2 : 5, ["--js-flags=--no-enable-avx-vnni"]));
    const where = ", AVX-VNNI off";
    return [
      ...(details.rates ? [instructionRow(details.rates.peaks, peaks)] : []),
      ...rateRows(results, where),
      ...latencyRows(results, where),
      ...peakRows(results, peaks, operations, where),
    ];
  },

  cold: () =>
    inBrowser({ pinned: true }, async (browser) => {
      const { engine, prepared } = configurationOf(RELAXED);
      const files = prepared
        ? [prepared]
        : ["config.json", "tokenizer.json", "model.safetensors", "sentence_bert_config.json"];
      const page = (/** @type {string} */ name, /** @type {Record<string, string>} */ parameters) =>
        `${server.url}/benches/embed/${name}?${new URLSearchParams({ ...parameters, text })}`;
      const { times, vectors } = await coldStarts(
        browser,
        {
          carrel: page("cold-carrel.html", { engine, model: MODEL, files: files.join() }),
          plain: page("cold-onnxruntime.html", {
            model: "/onnx/plain-int8-per-channel.onnx",
            tokenizer: `${MODEL}tokenizer.json`,
          }),
          fused: page("cold-onnxruntime.html", {
            model: "/onnx/fused-int8-per-channel.onnx",
            tokenizer: `${MODEL}tokenizer.json`,
          }),
        },
        options.quick ? 3 : 9,
      );
      const [alike] = cosines(vectors.carrel, vectors.plain);
      if (!(alike > 0.95))
        throw new Error(`the first vectors of both pages are ${alike} alike only: they do not read the same`);
      details.cold = times;
      return [
        row(
          `from a cold page load to the first vector: ${RELAXED}`,
          "ms",
          times.carrel,
          Math.min(times.plain, times.fused),
          PER_CHANNEL,
        ),
      ];
    }),

  fidelity: () =>
    inBrowser({ pinned: false }, async (browser) => {
      const passages = corpora.whole(options.quick ? 40 : 1000, 256);
      const fewer = options.quick ? 10 : 100;
      const found = await fidelity(await openEmbedders(browser), passages, fewer);
      details.fidelity = found;
      const of = (/** @type {string} */ name, /** @type {number} */ count) =>
        /** @type {const} */ (["mean", "least"]).map((kind) =>
          row(
            `cosine to f32, ${kind} of ${count} passages: ${name}`,
            "",
            found[name][kind],
            found[PER_CHANNEL][kind],
            `${PER_CHANNEL}, ${fewer} passages`,
          ),
        );
      return [...of(RELAXED, passages.texts.length), ...of(SIMD128, fewer)];
    }),

  pool: () =>
    inBrowser({ pinned: false }, async (browser) => {
      if (coreCount < 2) throw new Error("two workers need two cores: this process may use one only");
      const page = await browser.newPage();
      await page.goto(`${server.url}/benches/embed/pool.html`);
      const { texts } = corpora.passages(128, options.quick ? 60 : 320);
      const documents = Array.from({ length: texts.length / 20 }, (_, index) => ({
        id: String(index),
        title: `Document ${index}`,
        text: texts.slice(20 * index, 20 * index + 20).join("\n\n"),
      }));
      const [warmUp, measured] = [documents.slice(0, 1), documents.slice(1)];
      /** @type {Record<number, number[]>} */
      const times = { 1: [], 2: [] };
      for (let round = 0; round < (options.quick ? 1 : 5); round++) {
        for (const workers of round % 2 ? [2, 1] : [1, 2]) {
          const time = await page.evaluate(
            ([workers, warmUp, measured]) => /** @type {any} */ (globalThis).add(workers, warmUp, measured),
            /** @type {const} */ ([workers, warmUp, measured]),
          );
          times[workers].push(time);
        }
      }
      const rate = (/** @type {number} */ workers) => (20 * measured.length) / (median(times[workers]) / 1000);
      details.pool = times;
      return [
        row(
          "two workers, by Carrel.add, 128 tokens a passage",
          "passages/s",
          rate(2),
          rate(1),
          "Carrel with one worker, two cores as well",
        ),
      ];
    }),

  shares: () =>
    inBrowser({ pinned: true }, async (browser) => {
      const page = await browser.newPage();
      await page.goto(`${server.url}/benches/embed/shares.html`);
      const { prepared } = configurationOf(RELAXED);
      const names = prepared
        ? [prepared]
        : ["config.json", "tokenizer.json", "model.safetensors", "sentence_bert_config.json"];
      await page.evaluate(
        ([model, names]) => /** @type {any} */ (globalThis).open("/built/named-engine/engine", model, names),
        /** @type {const} */ ([MODEL, names]),
      );
      const found = await profile(page, corpora.passages(128, 48).texts, options.quick ? 3000 : 8000);
      details.shares = found;
      const { results, peaks } = details.rates ?? {};
      return [
        ...Object.entries(found.shares).map(([stage, share]) =>
          row(`share of the time, 128 tokens: ${stage}`, "%", 100 * share),
        ),
        ...(results ? [gemmRow(results, peaks, operations, found.shares.GEMM)] : []),
      ];
    }),

  size: async () => {
    const compress = promisify(brotliCompress);
    const size = async (/** @type {string} */ file) => {
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
      return (await compress(readFileSync(file), { params })).length / 1000;
    };
    const engine = (/** @type {string} */ name) => join(root, `target${configurationOf(name).engine}_bg.wasm`);
    const [relaxed, simd128, theirs] = await Promise.all(
      [engine(RELAXED), engine(SIMD128), join(peers, "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm")].map(size),
    );
    return [
      row(`wasm, brotli: ${RELAXED}`, "KB", relaxed, theirs, "onnxruntime-web"),
      row(`wasm, brotli: ${SIMD128}`, "KB", simd128, theirs, "onnxruntime-web"),
    ];
  },
};

/** @type {import("../browser/report.mjs").Row[]} */
const rows = [];
try {
  for (const part of PARTS.filter((part) => parts.includes(part))) {
    const others = await lookForOthers(say);
    say(`${part}: measuring`);
    rows.push(...(await measurements[part]()));
    details[`others before ${part}`] = others;
  }
} finally {
  server.stop();
  mkdirSync(built, { recursive: true });
  writeFileSync(join(built, "embed-details.json"), `${JSON.stringify(details, null, 2)}\n`);
}
console.log(table(rows));
if (parts.length === PARTS.length && !options.quick)
  writeFileSync(join(built, "embed.json"), `${JSON.stringify(rows, null, 2)}\n`);
