// What a browser can do → the build of the engine that it gets.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import v8 from "node:v8";
import { chooseBuild } from "../../www/build.js";
import { workersFor } from "../../www/pool.js";
import { apiStory } from "./blank.mjs";
import { root } from "./process.mjs";

// Node.js 20 knows relaxed SIMD when it is told to.
if (Number(process.versions.node.split(".")[0]) < 22) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");

test("relaxed SIMD has a build of its own, plain SIMD the other, and nothing else has any", () => {
  assert.match(chooseBuild({ simd: true, relaxedSimd: true, current: true }).wasm, /\/engine-relaxed_bg\.wasm$/);
  assert.match(chooseBuild({ simd: true, relaxedSimd: true, current: true }).script, /\/engine-relaxed\.js$/);
  assert.match(chooseBuild({ simd: true, relaxedSimd: false, current: true }).wasm, /\/engine_bg\.wasm$/);
  assert.match(chooseBuild({ simd: true, relaxedSimd: false, current: true }).script, /\/engine\.js$/);
  for (const relaxedSimd of [false, true]) {
    for (const [simd, current] of /** @type {const} */ ([[false, true], [true, false]])) {
      assert.throws(() => chooseBuild({ simd, relaxedSimd, current }), { code: "browser_unsupported", message: /update it/ });
    }
  }
});

test("both builds are there, and both are valid WebAssembly", () => {
  for (const relaxedSimd of [false, true]) {
    const { name, script, wasm } = chooseBuild({ simd: true, relaxedSimd, current: true });
    for (const address of [script, wasm]) assert.ok(readFileSync(join(root, "pkg", new URL(address).pathname.split("/").at(-1) ?? "")));
    assert.ok(WebAssembly.validate(readFileSync(join(root, `pkg/${name}_bg.wasm`))), name);
  }
});

test("there is a worker for each core, up to four and within memory", () => {
  assert.equal(workersFor({ hardwareConcurrency: 2, deviceMemory: 8 }), 2);
  assert.equal(workersFor({ hardwareConcurrency: 16, deviceMemory: 8 }), 4);
  assert.equal(workersFor({ hardwareConcurrency: 8, deviceMemory: 2 }), 2);
  assert.equal(workersFor({ hardwareConcurrency: 8, deviceMemory: 0.25 }), 1);
  assert.equal(workersFor({ hardwareConcurrency: 8 }), 4);
  assert.equal(workersFor({}), 1);
});

apiStory("the probes are whole modules in which only the needed instruction may be unknown", async ({ run, site }) => {
  const told = await run(async (_, base) => {
    const { features } = await import(`${base}carrel/build.js`);
    const { validate } = WebAssembly;
    const probes = /** @type {Uint8Array<ArrayBuffer>[]} */ ([]);
    WebAssembly.validate = (bytes) => {
      probes.push(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
      return validate(bytes);
    };
    const found = features();
    WebAssembly.validate = validate;
    for (const probe of probes) new WebAssembly.Instance(await WebAssembly.compile(probe));
    const unknown = Uint8Array.from(probes[1] ?? []);
    unknown[unknown.length - 3] = 255; // 0xfd 0x17f, which is no instruction.
    return { found, end: [...(probes[1] ?? [])].slice(-4), amount: probes.length, unknown: validate(unknown) };
  }, site);
  assert.deepEqual(told, { found: { simd: true, relaxedSimd: true, current: true }, end: [0xfd, 0x93, 0x02, 0x0b], amount: 2, unknown: false });
});

apiStory("the browser takes the build that suits it, and works with the other one as well", async ({ run, context }) => {
  /** @type {string[]} */
  const builds = [];
  context.on("request", (request) => {
    if (request.url().endsWith(".wasm")) builds.push(request.url().split("/").at(-1) ?? "");
  });
  const use = () => run(async ({ open }) => {
    const carrel = await open({ workers: 1 });
    await carrel.add({ id: "a", text: "The lamps are lit at dusk." });
    const { passages } = await carrel.search("When are the lamps lit?");
    await carrel.close();
    return passages[0]?.semantic ?? 0;
  });
  const relaxed = await use();
  assert.deepEqual(new Set(builds.splice(0)), new Set(["engine-relaxed_bg.wasm"]));
  const plain = `const of = (file) => new URL("./" + file, import.meta.url).href;
    export const features = () => ({});
    export const chooseBuild = () => ({ name: "engine", script: of("engine.js"), wasm: of("engine_bg.wasm") });`;
  await context.route("**/carrel/build.js", (route) => route.fulfill({ contentType: "text/javascript", body: plain }));
  const simd = await use();
  assert.deepEqual(new Set(builds), new Set(["engine_bg.wasm"]));
  // Bit for bit: what one browser has indexed, another one searches.
  assert.equal(relaxed, simd);
  assert.ok(relaxed > 0.5, `${relaxed}`);
});
