// Graphs are built in the background → search goes on, and they are kept with the collection.
import assert from "node:assert/strict";
import { visitBlank } from "./blank.mjs";
import { story } from "./browser.mjs";
import { startOwnSite } from "./own-site.mjs";
import { until } from "./process.mjs";
import { serveTinyModel } from "./tiny-model.mjs";

/** @typedef {import("./blank.mjs").Run} Run */
/** @typedef {import("./own-site.mjs").OwnSite} OwnSite */

/** Counts the graphs that are begun. */
const counting = `self.addEventListener("message", ({ data }) => {
  if (!data.graph) return;
  const request = new XMLHttpRequest();
  request.open("GET", "/count/begun", false);
  request.send();
  if (crashes) throw new Error("no memory is left");
});`;

/**
 * A story of so many passages that a graph of them is worth building.
 * @param {string} name
 * @param {boolean} crashes
 * @param {(scene: { run: Run, own: OwnSite, find: () => Promise<string>, keep: () => Promise<string[]> }) => Promise<void>} play
 */
function graphStory(name, crashes, play) {
  story(name, async ({ page }) => {
    const own = await startOwnSite();
    own.before.set("/carrel/encoding.js", `const crashes = ${crashes};\n${counting}\n`);
    try {
      const run = await visitBlank(page, own.url);
      const chunks = await run(async ({ open }, model) => {
        const carrel = await open({ model, storage: "opfs:graph", workers: 2 });
        const paragraph = (/** @type {number} */ number) => `In ${number} days ${(number * 7919) % 977} owls count ${(number * 104729) % 991} lamps.`;
        const documents = Array.from({ length: 25 }, (_, at) => {
          return { id: `book-${at}`, text: Array.from({ length: 450 }, (_, line) => paragraph(450 * at + line)).join("\n\n") };
        });
        Object.assign(globalThis, { carrel, paragraph });
        return (await carrel.add(documents)).added.reduce((sum, { chunks }) => sum + chunks, 0);
      }, serveTinyModel(own));
      assert.ok(chunks > 10_000, `${chunks} passages`);
      await play({
        run,
        own,
        find: () =>
          run(async () => {
            const { carrel, paragraph } = /** @type {any} */ (globalThis);
            const { passages } = await carrel.search(paragraph(4321), { mode: "semantic", limit: 1 });
            return passages[0].text;
          }),
        keep: () =>
          run(async () => {
            await /** @type {any} */ (globalThis).carrel.save();
            const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("carrel");
            const names = /** @type {string[]} */ ([]);
            for await (const name of (await folder.getDirectoryHandle("graph")).keys()) names.push(name);
            return names;
          }),
      });
    } finally {
      await own.stop();
    }
  }, { fragment: null });
}

graphStory("a graph is built while questions are answered, kept with the next save, and used when it is opened again", false, async ({ run, own, find, keep }) => {
  await until("a graph is begun", () => (own.counts.get("begun") ?? 0) > 0);
  assert.match(await find(), /^In 4321 days/);
  await until("a graph is kept", async () => (await keep()).some((name) => name.startsWith("graph-")), 120_000);
  assert.match(await find(), /^In 4321 days/);
  await run(async ({ open }, model) => {
    await /** @type {any} */ (globalThis).carrel.close();
    Object.assign(globalThis, { carrel: await open({ model, storage: "opfs:graph", workers: 1 }) });
  }, serveTinyModel(own));
  assert.match(await find(), /^In 4321 days/);
  const files = await keep();
  assert.ok(files.some((name) => name.startsWith("graph-")));
  assert.equal(own.counts.get("begun"), 1, "it is not built anew");
});

graphStory("a graph that cannot be built is given up after two tries, and nothing but time is lost", true, async ({ run, own, find, keep }) => {
  await until("it was tried twice", () => own.counts.get("begun") === 2);
  await run(() => /** @type {any} */ (globalThis).carrel.add({ id: "more", text: "Another note." }));
  assert.match(await find(), /^In 4321 days/);
  assert.ok(!(await keep()).some((name) => name.startsWith("graph-")));
  assert.equal(own.counts.get("begun"), 2);
});
