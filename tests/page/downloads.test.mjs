// The model comes once → the browser keeps it, asks whether there is another, and does without a network.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { visitBlank } from "./blank.mjs";
import { story } from "./browser.mjs";
import { startOwnSite } from "./own-site.mjs";
import { root } from "./process.mjs";

/** @typedef {import("./own-site.mjs").OwnSite} OwnSite */
/** @typedef {import("./blank.mjs").Run} Run */
/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").BrowserContext} BrowserContext */

const weights = "/models/all-MiniLM-L6-v2/model.safetensors";
const config = "/models/all-MiniLM-L6-v2/config.json";
const prepared = "/models/all-MiniLM-L6-v2/model.carrel";
const network = /Failed to load resource|ERR_/;

/**
 * @param {string} name
 * @param {(scene: { run: Run, own: OwnSite, page: Page, context: BrowserContext }) => Promise<void>} play
 * @param {Parameters<typeof startOwnSite>[0]} [site]
 */
function downloadStory(name, play, site) {
  story(name, async ({ page, context }) => {
    const own = await startOwnSite({ hasPrepared: false, ...site }); // Several files are the harder case.
    try {
      await play({ run: await visitBlank(page, own.url), own, page, context });
    } finally {
      await own.stop();
    }
  }, { fragment: null, expected: [network] });
}

/** Opens, adds and finds something, and closes; tells of the model's progress, or of what went wrong. @param {Run} run @param {{ model?: string }} [options] */
const use = (run, options = {}) =>
  run(async ({ open }, options) => {
    const told = /** @type {any[]} */ ([]);
    try {
      const carrel = await open({ workers: 1, ...options, onProgress: (/** @type {any} */ progress) => told.push(progress) });
      await carrel.add({ id: "rules", text: "The reading room closes at half past six in the evening." });
      const { passages } = await carrel.search("When does the reading room close?");
      await carrel.close();
      return { found: passages[0]?.text, model: told.filter(({ phase }) => phase === "model"), code: "", message: "" };
    } catch (error) {
      const { code, message } = /** @type {any} */ (error);
      return { found: undefined, model: told.filter(({ phase }) => phase === "model"), code, message };
    }
  }, options);

/** What was sent of the model since the last look. @param {OwnSite} own */
function sent(own) {
  const served = own.served.splice(0).filter(({ path }) => path.startsWith("/models/"));
  return { bytes: served.reduce((sum, { bytes }) => sum + bytes, 0), statuses: served.map(({ status }) => status), served };
}

/** @param {Awaited<ReturnType<typeof use>>} told */
function worked({ found, code, message }) {
  assert.match(found ?? `${code}: ${message}`, /half past six/);
}

/** Turns one byte of what the browser keeps. @param {Run} run @param {string} path */
const damage = (run, path) =>
  run(async (_, path) => {
    const [name] = await caches.keys();
    const cache = await caches.open(name ?? "");
    const [key] = (await cache.keys()).filter(({ url }) => new URL(url).pathname === path);
    const kept = key && (await cache.match(key));
    if (!key || !kept) throw new Error(`${path} is not kept`);
    const bytes = new Uint8Array(await kept.arrayBuffer());
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await cache.put(key, new Response(bytes, { headers: kept.headers }));
  }, path);

/** The paths of what the browser keeps. @param {Run} run */
const keptPaths = (run) =>
  run(async () => {
    const all = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) all.push(new URL(url).pathname);
    }
    return all.sort();
  });

for (const validator of /** @type {const} */ (["etag", "last-modified"])) {
  downloadStory(`by ${validator}, the second open takes the model from the cache, unless the site has another`, async ({ run, own }) => {
    const first = await use(run);
    worked(first);
    assert.ok(sent(own).bytes > 20_000_000);
    const last = first.model.at(-1);
    assert.ok(last.loaded === last.total && last.loaded > 20_000_000 && !last.cached);
    assert.ok(first.model.length > 5, "its progress was told");
    assert.ok(first.model.every(({ note }) => note === undefined));
    assert.ok((await keptPaths(run)).some((path) => path.endsWith("_bg.wasm")), "the engine is kept, too");

    const second = await use(run);
    worked(second);
    const again = sent(own);
    assert.equal(again.bytes, 0);
    assert.ok(again.statuses.filter((status) => status === 304).length >= 3, String(again.statuses));
    assert.deepEqual(second.model.map(({ cached }) => cached), [true]);
    assert.ok(second.model[0].loaded === second.model[0].total && second.model[0].loaded > 20_000_000);

    // The site replaces a file: here by one that says the same in other bytes.
    const text = JSON.stringify(await run(async ({ model }) => (await fetch(`${model}config.json`)).json()), null, 3);
    own.files.set(config, Buffer.from(text));
    sent(own);
    worked(await use(run));
    assert.equal(sent(own).bytes, text.length, "only the file that is another is sent");
    worked(await use(run));
    assert.equal(sent(own).bytes, 0);
  }, { validator });
}

downloadStory("a model of another site is asked for without its leave for conditions", async ({ run, own }) => {
  const other = await startOwnSite({ crossOrigin: true, validator: "last-modified", hasPrepared: false });
  try {
    const model = `${other.url}models/all-MiniLM-L6-v2/`;
    worked(await use(run, { model }));
    assert.ok(sent(other).bytes > 20_000_000);
    worked(await use(run, { model }));
    const again = sent(other);
    assert.equal(again.bytes, 0);
    assert.ok(again.served.some(({ method, path }) => method === "HEAD" && path === weights));
    assert.ok(again.served.every(({ method }) => method !== "OPTIONS"), "nothing had to be allowed");
    assert.equal(sent(own).bytes, 0);
  } finally {
    await other.stop();
  }
});

downloadStory(
  "without a network the page opens again from what it keeps, where the browser was allowed to keep its scripts",
  async ({ run, own, context }) => {
    worked(await use(run));
    await own.stop();
    const stopped = await use(run);
    worked(stopped);
    assert.deepEqual(stopped.model.map(({ cached }) => cached), [true]);
    await context.setOffline(true);
    worked(await use(run));
    await context.setOffline(false);
    // What is damaged is not used, and cannot be fetched.
    await damage(run, weights);
    const damaged = await use(run);
    assert.equal(damaged.code, "fetch_failed");
    assert.match(damaged.message, /model\.safetensors could not be loaded: the server does not answer\. Check the connection/);
  },
  { cacheControl: "max-age=3600" },
);

downloadStory("what was damaged in the cache is thrown away and fetched again, once", async ({ run, own }) => {
  worked(await use(run));
  sent(own);
  await damage(run, weights);
  const healed = await use(run);
  worked(healed);
  assert.ok(sent(own).bytes > 20_000_000);
  assert.equal(healed.model.at(-1).cached, false);
  worked(await use(run));
  assert.equal(sent(own).bytes, 0);
  // A file that was broken before it was kept passes its checksum, and is found out by reading it.
  await run(async ({ model }) => {
    const cache = await caches.open((await caches.keys())[0] ?? "");
    const kept = await cache.match(`${model}config.json`);
    const bytes = new TextEncoder().encode("{}");
    const hash = Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    await cache.put(`${model}config.json`, new Response(bytes, { headers: { ...Object.fromEntries(kept?.headers ?? []), "x-carrel-sha256": hash } }));
  });
  worked(await use(run));
  worked(await use(run));
  // What the site itself has broken is fetched once and not kept.
  own.files.set(config, Buffer.from("{}"));
  sent(own);
  assert.equal((await use(run)).code, "model_invalid");
  assert.deepEqual((await keptPaths(run)).filter((path) => path.startsWith("/models/")), []);
  own.files.delete(config);
  worked(await use(run));
});

downloadStory("a download that breaks off or fails is told, nothing is kept of it, and it can be tried again", async ({ run, own }) => {
  own.faults.set(weights, "breaks off");
  const broken = await use(run);
  assert.equal(broken.code, "fetch_failed");
  assert.match(broken.message, /model\.safetensors could not be loaded: the download broke off\. Check the connection and the address, and try again/);
  assert.deepEqual((await keptPaths(run)).filter((path) => path.startsWith("/models/")), []);
  own.faults.set(weights, "fails");
  const failed = await use(run);
  assert.equal(failed.code, "fetch_failed");
  assert.match(failed.message, /the server answers 503/);
  worked(await use(run));
  // Once it is kept, a server that fails does no harm.
  own.faults.set(weights, "fails");
  const kept = await use(run);
  worked(kept);
  assert.equal(kept.model.at(-1).cached, true);
});

downloadStory("a prepared model is preferred, and one that cannot be read is not kept", async ({ run, own }) => {
  own.files.set(prepared, Buffer.from("this is no model"));
  const told = await use(run);
  assert.equal(told.code, "model_invalid");
  assert.deepEqual(sent(own).served.map(({ path }) => path), [prepared], "nothing else was asked for");
  assert.deepEqual((await keptPaths(run)).filter((path) => path.startsWith("/models/")), []);
});

downloadStory("what is kept of another model, in a folder within, stays", async ({ run }) => {
  worked(await use(run));
  const inner = await run(async ({ model }) => {
    const cache = await caches.open((await caches.keys())[0] ?? "");
    await cache.put(`${model}inner/config.json`, new Response("{}"));
    return new URL(`${model}inner/config.json`).pathname;
  });
  worked(await use(run));
  assert.ok((await keptPaths(run)).includes(inner));
});

downloadStory("a prepared model in which one bit is another is refused, with https and without", async ({ run, own, page }) => {
  const damaged = readFileSync(join(root, "target/site", prepared));
  const middle = damaged.length >> 1; // Among the weights, where it would only be a little wrong.
  damaged[middle] = (damaged[middle] ?? 0) ^ 1;
  own.files.set(prepared, damaged);
  for (const way of [run, await visitBlank(await page.context().newPage(), own.plainUrl)]) {
    const { code, message } = await use(way);
    assert.equal(code, "model_invalid");
    assert.match(message, /its checksum is another.*`carrel model prepare`/);
  }
  assert.deepEqual((await keptPaths(run)).filter((path) => path.startsWith("/models/")), []);
});

story("where nothing can be kept, on a page without https, the model is in memory, and the page says so", async ({ page }) => {
  const own = await startOwnSite();
  try {
    const run = await visitBlank(page, own.plainUrl);
    assert.deepEqual(await run(async () => [isSecureContext, "caches" in globalThis]), [false, false]);
    const told = await use(run);
    worked(told);
    assert.match(told.model.at(-1).note, /in memory only, and is downloaded again next time: this page is not on https or localhost/);
  } finally {
    await own.stop();
  }
}, { fragment: null });

downloadStory("where the browser has no room, the model is in memory, and the page says so", async ({ run, own, page, context }) => {
  const session = await context.newCDPSession(page);
  const origin = new URL(own.url).origin;
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 5_000_000 });
  const told = await use(run);
  worked(told);
  assert.match(told.model.at(-1).note, /in memory only, and is downloaded again next time: there is no room in this browser/);
  assert.deepEqual((await keptPaths(run)).filter((path) => path.startsWith("/models/")), []);
  await session.send("Storage.overrideQuotaForOrigin", { origin });
  const again = await use(run);
  assert.equal(again.model.at(-1).note, undefined);
  worked(await use(run));
  sent(own);
  worked(await use(run));
  assert.equal(sent(own).bytes, 0);
});
