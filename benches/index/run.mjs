// Carrel's index and its peers in one browser → the table of `make bench-index`, and target/bench/index.json
//
//     node benches/index/run.mjs --vectors FOLDER [--sizes 1000,20000,100000] [--only PARTS] [--quick]
//
// FOLDER is what vectors.sh prints for these sizes. `--quick` takes fewer rounds, `--only` some of the parts below: for
// development, neither writes index.json.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { coreCount, inBrowser, lookForOthers } from "../browser/machine.mjs";
import { table } from "../browser/report.mjs";
import { startServer } from "../browser/server.mjs";
import { openWorkers } from "../browser/workers.mjs";
import { addingAndAsking, addingToFull, buildingElsewhere, MORE } from "./adding.mjs";
import { building, buildingByTwo, memory } from "./building.mjs";
import { curve } from "./curve.mjs";
import { againstOrama, filtered } from "./searching.mjs";
import { openTruth } from "./truth.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const built = resolve(here, "../../target/bench");
const peers = join(here, "node_modules");
const say = (/** @type {string} */ text) => console.error(`· ${text}`);

const PARTS = ["curve", "building", "elsewhere", "memory", "filter", "adding", "orama"];
/** Of what is measured once. */
const MIDDLE = 20_000;
const ALL = 100_000;
const SIZES = [1000, MIDDLE, ALL];
const { values: options } = parseArgs({
  options: {
    vectors: { type: "string" },
    sizes: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const folder = resolve(options.vectors ?? "");
const parts = options.only?.split(",") ?? PARTS;
const sizes = options.sizes?.split(",").map(Number) ?? SIZES;
const quick = options.quick;
for (const part of parts)
  if (!PARTS.includes(part)) throw new Error(`there is no part ${part}: they are ${PARTS.join(", ")}`);

/** Nothing is left out for not being there. */
for (const [make, ...files] of [
  ["benches/browser/engine.sh index-engine relaxed-simd,bench", ...["engine.js", "engine_bg.wasm"].map((name) => join(built, "index-engine", name))],
  ["npm ci --prefix benches/index", ...["hnswlib-wasm", "@orama/orama"].map((name) => join(peers, name, "package.json"))],
  [`benches/index/vectors.sh ${sizes.join(" ")}`, ...sizes.map((size) => join(folder, `tenth-${size}.f32`))],
])
  for (const file of files) if (!existsSync(file)) throw new Error(`${file} is missing: \`${make}\` makes it`);

const server = await startServer(
  {
    "/benches/": `${dirname(here)}/`,
    "/engine/": join(built, "index-engine/"),
    "/hnswlib/": join(peers, "hnswlib-wasm/dist/"),
    "/orama/": join(peers, "@orama/orama/dist/browser/"),
    "/vectors/": `${folder}/`,
  },
  // So that the clock is fine enough for a single question.
  { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" },
);
const truth = openTruth(folder, Math.min(ALL, Math.max(...sizes) + MORE));

/** @typedef {import("../browser/workers.mjs").Workers} Workers */
/** @typedef {{ rows: import("../browser/report.mjs").Row[], detail: unknown }} Measured */

/** @param {boolean} pinned @param {(workers: Workers) => Promise<Measured>} part */
const measured = (pinned, part) =>
  inBrowser({ pinned }, async (browser) =>
    part(await openWorkers(browser, `${server.url}/benches/browser/page.html`, "/benches/index/ways.js")),
  );

/** Fewer where one takes minutes. @param {number} size @param {number} rounds */
const rounds = (size, rounds) => (quick ? 1 : size > MIDDLE ? Math.ceil(rounds / 3) : rounds);
const large = sizes.filter((size) => size >= MIDDLE);
const middle = sizes.filter((size) => size === MIDDLE);
const each = async (
  /** @type {number[]} */ sizes,
  /** @type {boolean} */ pinned,
  /** @type {(workers: Workers, size: number) => Promise<Measured>} */ part,
) => {
  const all = [];
  for (const size of sizes) all.push(await measured(pinned, (workers) => part(workers, size)));
  return all;
};

/** @type {Record<string, () => Promise<Measured[]>>} */
const measurements = {
  curve: () => each(sizes, true, (workers, size) => curve(workers, truth, size, { rounds: quick ? 2 : 9, say })),
  async building() {
    const alone = await each(sizes, true, (workers, size) => building(workers, size, { rounds: rounds(size, 3), say }));
    if (coreCount < 2) throw new Error("two workers need two cores: this process may use one only");
    const by = (/** @type {Workers} */ workers, /** @type {number} */ size) =>
      buildingByTwo(workers, size, { rounds: rounds(size, 3), say });
    return [...alone, ...(await each(large, false, by))];
  },
  elsewhere: () => each(middle, false, (workers, size) => buildingElsewhere(workers, truth, size, { say })),
  memory: () => each(large, true, memory),
  filter: () => each(large, true, (workers, size) => filtered(workers, truth, size, { rounds: quick ? 2 : 9, say })),
  async adding() {
    const adding = (/** @type {Workers} */ workers, /** @type {number} */ size) =>
      addingToFull(workers, size, { rounds: 9, say });
    const more = quick ? 2000 : MIDDLE / 2;
    const asking = (/** @type {Workers} */ workers, /** @type {number} */ before) =>
      addingAndAsking(workers, truth, before, { rounds: quick ? 1 : 3, say, more });
    return [...(await each(large, true, adding)), ...(await each(middle.length ? [0, MIDDLE / 2] : [], true, asking))];
  },
  orama: () => each(middle, true, (workers, size) => againstOrama(workers, size, { rounds: quick ? 1 : 5, say })),
};

/** What the rows are made of. @type {Record<string, unknown>} */
const details = {};
/** @type {import("../browser/report.mjs").Row[]} */
const rows = [];
try {
  for (const part of PARTS.filter((part) => parts.includes(part))) {
    details[`others before ${part}`] = await lookForOthers(say);
    say(`${part}: measuring`);
    const all = await measurements[part]();
    details[part] = all.map(({ detail }) => detail);
    rows.push(...all.flatMap(({ rows }) => rows));
  }
} finally {
  server.stop();
  mkdirSync(built, { recursive: true });
  writeFileSync(join(built, "index-details.json"), `${JSON.stringify(details)}\n`);
}
console.log(table(rows));
if (parts.length === PARTS.length && !quick && !options.sizes)
  writeFileSync(join(built, "index.json"), `${JSON.stringify(rows, null, 2)}\n`);
