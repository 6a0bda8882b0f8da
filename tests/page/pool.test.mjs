// Documents are embedded by several workers → the same index as by one, questions overtake, and a crash is overcome.
import assert from "node:assert/strict";
import { visitBlank } from "./blank.mjs";
import { story } from "./browser.mjs";
import { threadsNamed, until } from "./process.mjs";
import { startOwnSite } from "./own-site.mjs";

/** @typedef {import("./own-site.mjs").OwnSite} OwnSite */
/** @typedef {import("./blank.mjs").Run} Run */

const encoding = "/carrel/encoding.js";

/**
 * Has the workers do something before they embed certain texts: `meddle(texts)` is called with each batch.
 * @param {string} meddle the source of a function
 */
const meddling = (meddle) => `
  self.addEventListener("message", async ({ data }) => {
    if (!data.engine) return;
    const { Encoder } = await import(data.engine.script);
    const { encode } = Encoder.prototype;
    const meddle = ${meddle};
    Encoder.prototype.encode = function (texts) {
      meddle(texts);
      return encode.call(this, texts);
    };
  });
  /** Tells how often it was called with this name, in all workers together. */
  const count = (name) => {
    const request = new XMLHttpRequest();
    request.open("GET", "/count/" + name, false);
    request.send();
    return Number(request.responseText);
  };
  /** A real trap of WebAssembly: (func (export "f") unreachable). */
  const trap = () => new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(
    [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11]))).exports.f();
`;

/** Documents that differ in length: some are one batch, some are many, most are tiny. */
const documents = Array.from({ length: 24 }, (_, number) => {
  const sentences = number === 7 ? 100 : number % 10 === 0 ? 20 : 2;
  const text = Array.from({ length: sentences }, (_, at) => {
    return `In entry ${at} of book ${number} the keeper notes ${(at * 7 + number) % 97} visitors and ${(at * 13) % 89} loans.`;
  });
  return { id: `book-${number}`, text: `# Book ${number}\n\n${text.join(" ")}` };
});

/**
 * @param {string} name
 * @param {(scene: { run: Run, own: OwnSite, page: import("playwright-core").Page, context: import("playwright-core").BrowserContext }) => Promise<void>} play
 * @param {{ before?: Record<string, string>, expected?: RegExp[] }} [options]
 */
function poolStory(name, play, { before = {}, expected = [] } = {}) {
  story(name, async ({ page, context }) => {
    const own = await startOwnSite();
    for (const [path, lines] of Object.entries(before)) own.before.set(path, lines);
    try {
      await play({ run: await visitBlank(page, own.url), own, page, context });
    } finally {
      await own.stop();
    }
  }, { fragment: null, expected });
}

/** Adds all documents with so many workers, and gives the sha256 of the index. @param {Run} run @param {number} workers @param {object[]} items */
const indexOf = (run, workers, items) =>
  run(async ({ open }, [workers, items]) => {
    const carrel = await open({ workers });
    const { added, failed } = await carrel.add(/** @type {any} */ (items));
    const bytes = await (await carrel.export()).arrayBuffer();
    const ids = (await carrel.documents()).map(({ id }) => id);
    await carrel.close();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const failures = failed.map(({ id, error: { name, code, message } }) => ({ id, error: `${name} ${code}: ${message}` }));
    return { hash: String(hash), size: bytes.byteLength, added: added.length, failed: failures, ids };
  }, /** @type {[number, object[]]} */ ([workers, items]));

const slow = meddling(`(texts) => {
  // The first batch of a long document takes much longer than all that come after it.
  if (!texts.some((text) => /entry 0 of book (7|10)/.test(text))) return;
  for (const end = performance.now() + 700; performance.now() < end; ) continue;
}`);

poolStory("the index is the same to the byte with one, two and three workers, and whatever is done first", async ({ run, own }) => {
  const one = await indexOf(run, 1, documents);
  assert.equal(one.added, documents.length);
  assert.deepEqual(one.failed, []);
  assert.ok(one.size > 20_000);
  for (const workers of [2, 3]) assert.deepEqual(await indexOf(run, workers, documents), one, `${workers} workers`);
  own.before.set(encoding, slow);
  assert.deepEqual(await indexOf(run, 3, documents), one, "with one worker that lags behind");
  const other = await indexOf(run, 2, documents.slice(20));
  assert.notEqual(other.hash, one.hash, "another input gives another index");
});

poolStory("a worker that crashes is replaced and its batch done again, and nobody can tell", async ({ run, own }) => {
  const untouched = await indexOf(run, 2, documents);
  own.before.set(encoding, meddling(`(texts) => {
    if (texts.some((text) => text.includes("entry 0 of book 7 ")) && count("crash") === 1) trap();
  }`));
  const crashed = await indexOf(run, 2, documents);
  assert.equal(own.counts.get("crash"), 2, "the batch was begun twice");
  assert.deepEqual(crashed, untouched);
});

poolStory("a document that crashes every worker fails with a reason, and the others go on", async ({ run, own }) => {
  own.before.set(encoding, meddling(`(texts) => {
    if (texts.some((text) => text.includes("poison"))) { count("crash"); trap(); }
  }`));
  const items = [...documents.slice(0, 7), { id: "bad.md", text: "This sentence is poison." }, { id: "last", text: "It is quiet here. ".repeat(600) }];
  const { added, failed, ids } = await indexOf(run, 2, items);
  assert.equal(own.counts.get("crash"), 2, "it was tried twice");
  assert.equal(added, 8);
  assert.equal(failed.length, 1);
  assert.equal(failed[0]?.id, "bad.md");
  assert.match(failed[0]?.error ?? "", /^CarrelError crashed: bad\.md was not added: .*2 times.*unreachable.*Other documents are not affected/);
  assert.ok(!ids.includes("bad.md") && ids.includes("last"));
  // Without it the index is the one that it would have been without it.
  own.before.delete(encoding);
  const without = await indexOf(run, 1, items.filter(({ id }) => id !== "bad.md"));
  assert.deepEqual(ids, without.ids);
});

const long = { id: "long", text: Array.from({ length: 4000 }, (_, at) => `Line ${at} of the long book tells of ${(at * 31) % 101} owls.`).join("\n") };

poolStory("a question overtakes the embedding, a cancel is heard at once, and what was queued behind goes on", async ({ run, own }) => {
  own.before.set(encoding, meddling(`(texts) => {
    if (texts.some((text) => text.includes("long book"))) count("long");
  }`));
  const told = await run(async ({ open, failure }, long) => {
    const carrel = await open({ workers: 2 });
    await carrel.add({ id: "rules", text: "The reading room closes at half past six in the evening." });
    const controller = new AbortController();
    let begun = () => {};
    const embedding = new Promise((resolve) => (begun = () => resolve(undefined)));
    const adding = failure(() => carrel.add(long, {
      signal: controller.signal,
      onProgress: ({ state, done }) => state === "embedding" && done > 0 && begun(),
    }));
    const behind = carrel.add({ id: "behind", text: "The hall is cold." });
    await embedding;
    const times = [];
    let text = "";
    for (let turn = 0; turn < 5; turn++) {
      const start = performance.now();
      text = (await carrel.search("When does the reading room close?", { limit: 1 })).passages[0]?.text ?? "";
      times.push(performance.now() - start);
    }
    const before = (await carrel.documents()).map(({ id }) => id);
    const start = performance.now();
    controller.abort();
    const { name } = await adding;
    Object.assign(globalThis, { carrel, behind });
    return { times, text, before, name, cancelled: performance.now() - start };
  }, long);
  const begun = own.counts.get("long") ?? 0;
  assert.match(told.text, /half past six/);
  assert.deepEqual(told.before, ["rules"], "the long one was still under way");
  assert.equal(told.name, "AbortError");
  assert.ok(told.cancelled < 100, `${told.cancelled} ms`);
  const after = await run(async () => {
    const { carrel, behind } = /** @type {any} */ (globalThis);
    await behind;
    return (await carrel.documents()).map((/** @type {any} */ { id }) => id);
  });
  assert.deepEqual(after, ["rules", "behind"]);
  // Each worker had one more at hand, which is dropped unless it was begun in that very moment.
  assert.ok(begun >= 2 && (own.counts.get("long") ?? 0) <= begun + 1, `${begun} batches, then ${own.counts.get("long")}`);
  const times = told.times.map(Math.round).sort((one, other) => one - other);
  console.log(`questions meanwhile: ${times.join(", ")} ms; cancelled after ${Math.round(told.cancelled)} ms`);
  // On one core that is shared with two workers a question has a third of it; behind a batch it would wait a second.
  assert.ok((times[2] ?? 0) < 500, String(times));
});

poolStory("where no worker can be started the desk embeds by itself, and says so", async ({ run, own }) => {
  const some = documents.slice(0, 7);
  const untouched = await indexOf(run, 2, some);
  own.files.set(encoding, Buffer.from("throw new Error('blocked');"));
  assert.equal((await indexOf(run, 2, some)).hash, untouched.hash);
  own.files.delete(encoding);
  own.before.set("/carrel/worker.js", "Object.defineProperty(self, 'Worker', { value: undefined });");
  const notes = await run(async ({ open }) => {
    const carrel = await open({ workers: 2 });
    const notes = /** @type {any[]} */ ([]);
    const { added } = await carrel.add({ id: "a", text: "The lamps are lit at dusk." }, { onProgress: ({ note }) => notes.push(note) });
    await carrel.close();
    return [added.length, notes.at(-2)];
  });
  assert.equal(notes[0], 1);
  assert.match(notes[1] ?? "", /No worker for embedding could be started .*documents take longer/);
});

poolStory("the number of workers is checked, and close stops them all", async ({ run, page }) => {
  const codes = await run(async ({ open, failure }) => {
    const failures = [];
    for (const workers of [0, 17, 1.5, Number.NaN, "2"]) failures.push(await failure(() => open({ workers })));
    return failures.map(({ code, message }) => `${code} ${message}`);
  });
  assert.equal(codes.length, 5);
  for (const code of codes) assert.match(code, /^option_invalid open\.workers: .*needed/);
  await run(async ({ open }) => {
    const carrel = await open({ workers: 3 });
    Object.assign(globalThis, { carrel });
    await carrel.add({ id: "a", text: "The lamps are lit at dusk." });
  });
  // By the system's own count, as what has no work is not always told to have ended.
  const workers = () => threadsNamed("DedicatedWorker");
  await until("the desk and its three workers are there", () => page.workers().length === 4);
  await run(async () => {
    const { carrel } = /** @type {any} */ (globalThis);
    const text = Array.from({ length: 20_000 }, (_, at) => `It is quiet in room ${at}.`).join(" ");
    // All of them are at work by then. Chromium at times keeps the idle threads of workers that have just begun.
    await new Promise((resolve) => {
      const onProgress = (/** @type {any} */ { done }) => done > 0.02 && resolve(undefined);
      void carrel.add({ id: "b", text }, { onProgress }).catch(() => {});
    });
    await carrel.close();
  });
  await until("all are gone", () => workers() === 0);
});
