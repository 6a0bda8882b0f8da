// Collections that the browser keeps: several of them, shared among tabs, whole when the disk is full.
import assert from "node:assert/strict";
import { apiStory, visitBlank } from "./blank.mjs";
import { story } from "./browser.mjs";
import { kept } from "./kept.mjs";
import { startOwnSite } from "./own-site.mjs";

/** @typedef {import("./blank.mjs").Run} Run */
/** @typedef {import("./own-site.mjs").OwnSite} OwnSite */
/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").BrowserContext} BrowserContext */

const worker = "/carrel/worker.js";
/** The model takes more, in bytes. */
const MODEL = 20_000_000;

/**
 * A story on a site of its own, whose worker first runs some lines.
 * @param {string} name
 * @param {string} lines
 * @param {(scene: { run: Run, own: OwnSite, context: BrowserContext }) => Promise<void>} play
 */
function workerStory(name, lines, play) {
  story(name, async ({ page, context }) => {
    const own = await startOwnSite();
    own.before.set(worker, lines);
    try {
      await play({ run: await visitBlank(page, own.url), own, context });
    } finally {
      await own.stop();
    }
  }, { fragment: null });
}

/**
 * Leaves the site so little room, until the function that it gives is called.
 * @param {Page} page
 * @param {string} address the site's
 * @param {number} left in bytes
 */
async function leaveRoom(page, address, left) {
  const session = await page.context().newCDPSession(page);
  const used = await page.evaluate(async (model) => {
    // The engine and the model are kept, too, and not at once.
    for (let before = -1; ; ) {
      const { usage = 0 } = await navigator.storage.estimate();
      if (usage === before && usage > model) return usage;
      before = usage;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }, MODEL);
  const { origin } = new URL(address);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: used + left });
  return async () => {
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    await session.detach();
  };
}

/** Opens a collection, to be used by what comes next on the page. @param {Run} run @param {string} storage */
const openHere = (run, storage) =>
  run(async ({ open }, storage) => {
    Object.assign(globalThis, { carrel: await open({ storage, workers: 1 }) });
  }, storage);

/** Saves a small document, and tells what goes wrong with a large one. @param {Run} run */
const saveSmallThenLarge = (run) =>
  run(async ({ failure }) => {
    const { carrel } = /** @type {any} */ (globalThis);
    await carrel.add({ id: "small", text: "A small note." });
    await carrel.save();
    const lines = Array.from({ length: 500 }, (_, line) => `In line ${line} owls say ${"hu".repeat(100)}.`); // Quick to embed.
    await carrel.add({ id: "large", text: lines.join("\n") });
    return failure(() => carrel.save());
  });

/** @param {Run} run */
const saveAgain = (run) =>
  run(async ({ failure }) => {
    const { carrel } = /** @type {any} */ (globalThis);
    return failure(() => carrel.save());
  });

for (const storage of ["opfs:shared", "indexeddb:shared"]) {
  apiStory(`two tabs that add and save at the same time lose nothing, and see each other's documents (${storage})`, async ({ run, newTab }) => {
    const tabs = [run, await newTab()];
    const work = (/** @type {Run} */ tab, /** @type {string} */ mark) =>
      tab(async ({ open }, { mark, storage }) => {
        const changes = /** @type {string[]} */ ([]);
        const carrel = await open({ storage, workers: 1, onChange: (/** @type {any} */ { reason }) => changes.push(reason) });
        Object.assign(globalThis, { carrel, changes });
        for (let number = 0; number < 10; number++) {
          await carrel.add([
            { id: `${mark}-${number}`, text: `The ${mark} tab writes note ${number} about lamps.` },
            { id: `${mark}-count`, text: `The ${mark} tab has written ${number + 1} notes.` },
          ]);
          if (number > 0) await carrel.remove(`${mark}-${number - 1}`);
          await carrel.save();
        }
      }, { mark, storage });
    await Promise.all([work(tabs[0], "left"), work(tabs[1], "right")]);
    const expected = ["left-9", "left-count", "right-9", "right-count"];
    const look = (/** @type {Run} */ tab) =>
      tab(async (_, expected) => {
        const { carrel, changes } = /** @type {any} */ (globalThis);
        const ids = async () => (await carrel.documents()).map((/** @type {any} */ { id }) => id).sort();
        for (let patience = 100; patience > 0 && `${await ids()}` !== `${expected}`; patience--) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        const counts = await Promise.all(["left-count", "right-count"].map(async (id) => (await carrel.document(id)).text));
        const { passages } = await carrel.search("Who writes about lamps?");
        return { ids: await ids(), counts, changes, found: passages.map((/** @type {any} */ { id }) => id).sort() };
      }, expected);
    for (const tab of tabs) {
      const { ids, counts, changes, found } = await look(tab);
      assert.deepEqual(ids, expected);
      assert.deepEqual(counts, ["left", "right"].map((mark) => `The ${mark} tab has written 10 notes.`));
      assert.deepEqual(found, expected);
      assert.ok(changes.length > 0 && changes.every((/** @type {string} */ reason) => reason === "saved"), `${changes}`);
    }
    assert.deepEqual((await kept(run, storage)).ids, expected);
  });

  apiStory(`of a document that two tabs change the later save counts, and a removal reaches the other (${storage})`, async ({ run, newTab }) => {
    const other = await newTab();
    await run(async ({ open }, storage) => {
      const carrel = await open({ storage, workers: 1 });
      Object.assign(globalThis, { carrel });
      await carrel.add([
        { id: "both", text: "Written first." },
        { id: "gone", text: "Soon to be removed." },
      ]);
      await carrel.save();
    }, storage);
    const [own, before] = await other(async ({ open }, storage) => {
      const carrel = await open({ storage, workers: 1 });
      Object.assign(globalThis, { carrel });
      await carrel.add({ id: "both", text: "Written by the other tab." });
      await carrel.remove("gone");
      const before = (await carrel.documents()).length;
      return [await carrel.document("both"), before];
    }, storage);
    assert.equal(before, 1);
    assert.equal(own.text, "Written by the other tab.");
    const first = await run(async () => {
      const { carrel } = /** @type {any} */ (globalThis);
      await carrel.add({ id: "both", text: "Written again." });
      await carrel.save();
      return (await carrel.documents()).map((/** @type {any} */ { id }) => id).sort();
    });
    assert.deepEqual(first, ["both", "gone"]);
    const last = await other(async () => {
      const { carrel } = /** @type {any} */ (globalThis);
      await carrel.save();
      const { text } = await carrel.document("both");
      return { text, ids: (await carrel.documents()).map((/** @type {any} */ { id }) => id) };
    });
    assert.deepEqual(last, { text: "Written by the other tab.", ids: ["both"] });
    assert.deepEqual((await kept(run, storage)).ids, ["both"]);
  });

  apiStory(`a disk that is full leaves what was kept, and keeps all once there is room (${storage})`, async ({ run, page, site }) => {
    await openHere(run, storage);
    const giveRoom = await leaveRoom(page, site, 40_000);
    const full = await saveSmallThenLarge(run);
    assert.equal(full.code, "storage_full", full.message);
    assert.match(full.message, /What was kept before is still there: free some disk space/);
    assert.deepEqual((await kept(run, storage)).ids, ["small"]);
    await giveRoom();
    assert.equal((await saveAgain(run)).code, "none");
    assert.deepEqual((await kept(run, storage)).ids, ["large", "small"]);
  });

  workerStory(
    `what the browser says that it has no room for is not written (${storage})`,
    `let asked = 0;
     StorageManager.prototype.estimate = async () => ({ usage: 1e6, quota: 1e6 + (++asked === 2 ? 40_000 : 1e9) });
     const fail = () => { throw new Error("something was written"); };
     const { write } = FileSystemSyncAccessHandle.prototype;
     FileSystemSyncAccessHandle.prototype.write = function (...all) { return asked === 2 ? fail() : write.apply(this, all); };
     const { put } = IDBObjectStore.prototype;
     IDBObjectStore.prototype.put = function (...all) { return asked === 2 ? fail() : put.apply(this, all); };`,
    async ({ run }) => {
      await openHere(run, storage);
      const full = await saveSmallThenLarge(run);
      assert.equal(full.code, "storage_full", full.message);
      assert.match(full.message, /0\.[0-9] MB are needed, and 0\.0 MB are left\. What was kept before is still there/);
      assert.equal((await saveAgain(run)).code, "none");
      assert.deepEqual((await kept(run, storage)).ids, ["large", "small"]);
    },
  );

  apiStory(`a collection that is deleted while it is open goes on in memory, and is kept anew (${storage})`, async ({ run, newTab }) => {
    const other = await newTab();
    await run(async ({ open }, storage) => {
      const changes = /** @type {string[]} */ ([]);
      const carrel = await open({ storage, workers: 1, onChange: (/** @type {any} */ { reason }) => changes.push(reason) });
      Object.assign(globalThis, { carrel, changes });
      await carrel.add({ id: "note", text: "A note about lamps." });
      await carrel.save();
    }, storage);
    const [deleted, again, left] = await other(async ({ Carrel }) => [
      await Carrel.deleteCollection("shared"),
      await Carrel.deleteCollection("shared"),
      await Carrel.collections(),
    ]);
    assert.deepEqual([deleted, again, left], [true, false, []]);
    const told = await run(async () => {
      const { carrel, changes } = /** @type {any} */ (globalThis);
      for (let patience = 100; patience > 0 && changes.length === 0; patience--) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const found = (await carrel.search("lamps")).passages.length;
      await carrel.save();
      return { changes, found };
    });
    assert.deepEqual(told, { changes: ["deleted"], found: 1 });
    assert.deepEqual((await kept(other, storage)).ids, ["note"]);
  });
}

apiStory("a save that finds the collection deleted writes nothing, and the next one keeps it anew", async ({ run, newTab }) => {
  const other = await newTab();
  await openHere(run, "opfs:shared");
  await run(async () => {
    const { carrel } = /** @type {any} */ (globalThis);
    await carrel.add({ id: "note", text: "A note about lamps." });
    await carrel.save();
    await carrel.add({ id: "more", text: "A note about owls." });
  });
  // Deleted while the save waits for its turn.
  const deletion = other(({ Carrel }) =>
    navigator.locks.request("carrel:shared", async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("carrel");
      await folder.removeEntry("shared", { recursive: true });
      await new Promise((resolve) => setTimeout(resolve, 500));
      return (await Carrel.collections()).length;
    }),
  );
  const found = await run(async ({ failure }) => {
    const { carrel } = /** @type {any} */ (globalThis);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const problem = await failure(() => carrel.save());
    return problem;
  });
  assert.equal(await deletion, 0);
  assert.equal(found.code, "storage_deleted", found.message);
  assert.deepEqual((await kept(other, "opfs:shared")).ids, []);
  assert.equal((await saveAgain(run)).code, "none");
  assert.deepEqual((await kept(other, "opfs:shared")).ids, ["more", "note"]);
});

apiStory("what a broken first save or deletion left is no collection, and does not stay", async ({ run }) => {
  const told = await run(async ({ Carrel }) => {
    const carrel = await (await navigator.storage.getDirectory()).getDirectoryHandle("carrel", { create: true });
    for (const name of ["first", "second"]) {
      const folder = await carrel.getDirectoryHandle(name, { create: true });
      await folder.getFileHandle("documents-0.bin", { create: true });
    }
    const left = async () => {
      const names = [];
      for await (const name of carrel.keys()) names.push(name);
      return names.sort();
    };
    const deleted = await Carrel.deleteCollection("first");
    const after = await left();
    return { deleted, after, listed: await Carrel.collections(), last: await left() };
  });
  assert.deepEqual(told, { deleted: false, after: ["second"], listed: [], last: [] });
});

apiStory("collections are kept apart, listed and deleted", async ({ run }) => {
  const told = await run(async ({ Carrel, open, failure }) => {
    const before = await Carrel.collections();
    const names = ["opfs", "opfs:letters", "indexeddb:maps"];
    for (const storage of names) {
      const carrel = await open({ storage, workers: 1 });
      await carrel.add(Array.from(storage, (_, number) => ({ id: `${storage}-${number}`, text: `Note ${number} of ${storage}.` })));
      await carrel.save();
      await carrel.close();
    }
    const moved = await open({ storage: "opfs:maps", workers: 1 }); // It stays where it is.
    const found = (await moved.documents()).length;
    await moved.close();
    const all = await Carrel.collections();
    const persisted = await Carrel.persist();
    const deleted = [await Carrel.deleteCollection("letters"), await Carrel.deleteCollection("nothing")];
    const left = (await Carrel.collections()).map(({ name }) => name);
    const fresh = await open({ storage: "opfs:letters", workers: 1 });
    return {
      before, all, found, persisted, deleted, left, fresh: (await fresh.documents()).length,
      wrong: await failure(() => open({ storage: "opfs:a/b" })),
    };
  });
  assert.deepEqual(told.before, []);
  assert.deepEqual(
    told.all.map(({ name, storage, documents }) => ({ name, storage, documents })),
    [
      { name: "default", storage: "opfs", documents: 4 },
      { name: "letters", storage: "opfs", documents: 12 },
      { name: "maps", storage: "indexeddb", documents: 14 },
    ],
  );
  for (const { bytes, saved } of told.all) {
    assert.ok(bytes !== null && bytes > 300 && bytes < 1_000_000, `${bytes} bytes`);
    assert.ok(saved && Math.abs(Date.now() - saved.getTime()) < 60_000);
  }
  assert.equal(told.found, 14);
  assert.equal(typeof told.persisted, "boolean");
  assert.deepEqual(told.deleted, [true, false]);
  assert.deepEqual(told.left, ["default", "maps"]);
  assert.equal(told.fresh, 0);
  assert.equal(told.wrong.code, "option_invalid");
});

const ABSENT = {
  "has no private file system": "delete StorageManager.prototype.getDirectory;",
  "cannot rename a file": "delete FileSystemHandle.prototype.move; delete FileSystemFileHandle.prototype.move;",
};
for (const [what, lines] of Object.entries(ABSENT)) {
  workerStory(`a browser that ${what} keeps collections in IndexedDB`, lines, async ({ run, own }) => {
    await run(async ({ open }) => {
      const carrel = await open({ storage: "opfs", workers: 1 });
      await carrel.add({ id: "note", text: "A note about lamps." });
      await carrel.save();
      await carrel.close();
    });
    assert.deepEqual((await kept(run, "opfs")).ids, ["note"]);
    own.before.delete(worker); // The browser has learned it.
    const all = await run(({ Carrel }) => Carrel.collections());
    assert.deepEqual(all.map(({ name, storage }) => [name, storage]), [["default", "indexeddb"]]);
    assert.deepEqual((await kept(run, "opfs")).ids, ["note"], "what is kept stays where it is");
  });
}

workerStory(
  "a browser that can keep nothing says so, and works in memory",
  "delete StorageManager.prototype.getDirectory; delete globalThis.indexedDB; delete WorkerGlobalScope.prototype.indexedDB;",
  async ({ run }) => {
    const { code, message } = await kept(run, "opfs");
    assert.equal(code, "storage_unavailable");
    assert.match(message, /neither a private file system nor IndexedDB.*Use storage: "memory"/);
    assert.equal((await kept(run, "memory")).code, "none");
  },
);

apiStory("an exported collection is opened as the beginning of another, and saved there whole", async ({ run }) => {
  const told = await run(async ({ open }) => {
    const first = await open({ storage: "opfs:first", workers: 1 });
    await first.add([
      { id: "a", text: "Owls hunt at night." },
      { id: "b", text: "Lamps are lit at dusk." },
    ]);
    await first.save();
    const index = await first.export();
    const search = async (/** @type {any} */ carrel) => (await carrel.search("When do owls hunt?")).passages;
    const found = await search(first);
    await first.close();
    const second = await open({ storage: "indexeddb:second", index, workers: 1 });
    await second.save();
    await second.close();
    const again = await open({ storage: "indexeddb:second", workers: 1 });
    const foundAgain = await search(again);
    await again.remove("a");
    await again.save();
    await again.close();
    const last = await open({ storage: "indexeddb:second", index, workers: 1 }); // What is kept goes first.
    return { found, foundAgain, last: (await last.documents()).map(({ id }) => id) };
  });
  assert.ok(told.found.length > 0);
  assert.deepEqual(told.foundAgain, told.found);
  assert.deepEqual(told.last, ["b"]);
});
