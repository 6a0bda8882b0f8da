// What a browser can do → the build of the engine that it gets.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { chooseBuild, features } from "../../www/build.js";
import { workersFor } from "../../www/pool.js";
import { story } from "./browser.mjs";
import { root } from "./process.mjs";

test("relaxed SIMD has a build of its own, plain SIMD the other, and nothing else has any", () => {
  assert.match(chooseBuild({ simd: true, relaxedSimd: true }).wasm, /\/engine-relaxed_bg\.wasm$/);
  assert.match(chooseBuild({ simd: true, relaxedSimd: true }).script, /\/engine-relaxed\.js$/);
  assert.match(chooseBuild({ simd: true, relaxedSimd: false }).wasm, /\/engine_bg\.wasm$/);
  assert.match(chooseBuild({ simd: true, relaxedSimd: false }).script, /\/engine\.js$/);
  for (const relaxedSimd of [false, true]) {
    assert.throws(() => chooseBuild({ simd: false, relaxedSimd }), { code: "browser_unsupported", message: /update it/ });
  }
});

test("both builds are there, and both are valid WebAssembly", () => {
  for (const relaxedSimd of [false, true]) {
    const { name, script, wasm } = chooseBuild({ simd: true, relaxedSimd });
    for (const address of [script, wasm]) assert.ok(readFileSync(join(root, "pkg", new URL(address).pathname.split("/").at(-1) ?? "")));
    assert.ok(WebAssembly.validate(readFileSync(join(root, `pkg/${name}_bg.wasm`))), name);
  }
});

test("the probes are modules of which only the needed instruction can be missing", async () => {
  // V8 of this Node knows both; a byte of the instruction changed to one that is not defined, and they are invalid.
  assert.deepEqual(features(), { simd: true, relaxedSimd: true });
  const { validate } = WebAssembly;
  /** @type {Uint8Array[]} */
  const probes = [];
  WebAssembly.validate = (bytes) => {
    probes.push(/** @type {Uint8Array} */ (bytes));
    return validate(bytes);
  };
  features();
  WebAssembly.validate = validate;
  const [simd, relaxed] = probes;
  for (const probe of [simd, relaxed]) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(/** @type {any} */ (probe)));
    assert.ok(instance, "it is whole");
  }
  const unknown = Uint8Array.from(/** @type {Uint8Array} */ (relaxed));
  assert.deepEqual([...unknown.slice(-4)], [253, 147, 2, 11]);
  unknown[unknown.length - 3] = 255; // 0xfd 0x17f
  assert.ok(!validate(/** @type {any} */ (unknown)));
});

test("there is a worker for each core, up to four and within memory", () => {
  assert.equal(workersFor({ hardwareConcurrency: 2, deviceMemory: 8 }), 2);
  assert.equal(workersFor({ hardwareConcurrency: 16, deviceMemory: 8 }), 4);
  assert.equal(workersFor({ hardwareConcurrency: 8, deviceMemory: 2 }), 2);
  assert.equal(workersFor({ hardwareConcurrency: 8, deviceMemory: 0.25 }), 1);
  assert.equal(workersFor({ hardwareConcurrency: 8 }), 4);
  assert.equal(workersFor({}), 1);
});

story("the browser takes the build that suits it, and opens with the other one as well", async ({ page, context, site, requests }) => {
  const open = () => page.evaluate(async (base) => {
    const { Carrel } = await import(`${base}carrel/carrel.js`);
    const carrel = await Carrel.open({ model: `${base}models/all-MiniLM-L6-v2/`, workers: 1 });
    await carrel.add({ id: "a", text: "The lamps are lit at dusk." });
    const { passages } = await carrel.search("When are the lamps lit?");
    await carrel.close();
    return passages[0].semantic;
  }, site.url);
  await page.goto(`${site.url}sample/privacy.txt`);
  const relaxed = await open();
  const wasm = () => requests.filter((url) => url.endsWith(".wasm")).map((url) => url.split("/").at(-1));
  assert.deepEqual(new Set(wasm()), new Set(["engine-relaxed_bg.wasm"]));
  requests.length = 0;
  const plain = `const of = (file) => new URL("./" + file, import.meta.url).href;
    export const features = () => ({});
    export const chooseBuild = () => ({ name: "engine", script: of("engine.js"), wasm: of("engine_bg.wasm") });`;
  await context.route("**/carrel/build.js", (route) => route.fulfill({ contentType: "text/javascript", body: plain }));
  const simd = await open();
  assert.deepEqual(new Set(wasm()), new Set(["engine_bg.wasm"]));
  assert.ok(Math.abs(relaxed - simd) < 0.02 && relaxed > 0.5, `${relaxed} and ${simd}`);
}, { fragment: null });
