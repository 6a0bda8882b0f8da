// Carrel and its peers in one browser → the table of `make bench-embed`, and target/bench/embed.json
//
//     node benches/embed/run.mjs --onnx FOLDER [--only rates,old,cold,fidelity,pool,shares,size] [--quick]

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { allowedCores, launch, pin } from "./machine.mjs";
import { openCorpora } from "./passages.mjs";
import { buildPeak } from "./peak.mjs";
import { measure } from "./rates.mjs";
import { startServer } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const built = join(root, "target/bench");
const model = join(root, "models/all-MiniLM-L6-v2");
const peers = join(here, "node_modules");

const { values: options } = parseArgs({
  options: { onnx: { type: "string" }, only: { type: "string" }, quick: { type: "boolean" }, unfinished: { type: "boolean" } },
});
const say = (/** @type {string} */ text) => console.error(`· ${text}`);
const onnx = options.onnx ?? "";

const corpora = await openCorpora(root, model);
buildPeak(built, join(root, "node_modules/.bin"));
const core = allowedCores().at(-1) ?? 0;
pin([core]);
const server = await startServer({
  "/bench/": here,
  "/built/": built,
  "/engine/": join(root, "target/engine"),
  "/models/": join(root, "models"),
  "/onnx/": onnx,
  "/onnxruntime-web/": join(peers, "onnxruntime-web/dist"),
  "/transformers/": join(peers, "@huggingface/transformers/dist"),
  "/transformers-onnxruntime-web/": join(peers, "@huggingface/transformers/node_modules/onnxruntime-web/dist"),
  "/transformers-models/minilm/": join(onnx, "transformers"),
});
const browser = await launch();
const page = await browser.newPage();
page.on("console", (m) => console.error(m.text()));
await page.goto(`${server.url}/bench/page.html`);
await page.waitForFunction(() => "bench" in globalThis);
const r = await measure(page, corpora, { rounds: options.quick ? 2 : 9, unfinished: options.unfinished ?? false, say });
console.log(JSON.stringify(r, null, 1));
await browser.close();
server.stop();
