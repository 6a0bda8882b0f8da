// Collections that are damaged, or of another version → an error that says so, and nothing is written over.
import assert from "node:assert/strict";
import { apiStory } from "./blank.mjs";
import { kept } from "./kept.mjs";

/** Runs in the page: does something to a file of a collection in OPFS, and tells all files and their sizes. @param {unknown} _ @param {{ name: string, file: string, from: string, to: string | null }} damage */
async function damageFile(_, { name, file, from, to }) {
  const folder = await (await (await navigator.storage.getDirectory()).getDirectoryHandle("carrel")).getDirectoryHandle(name);
  const files = /** @type {Record<string, number>} */ ({});
  for await (const [each, handle] of folder.entries()) {
    const before = await /** @type {FileSystemFileHandle} */ (handle).getFile();
    files[each] = before.lastModified;
    if (!each.startsWith(file) || to === null) continue;
    const writable = await /** @type {FileSystemFileHandle} */ (handle).createWritable();
    if (from && !(await before.text()).includes(from)) throw new Error(`there is no ${from} in ${each}`);
    if (from) await writable.write((await before.text()).replace(from, to));
    else await writable.write(new Uint8Array(await before.arrayBuffer()).map((byte, at) => (at === 20 ? byte ^ 1 : byte)));
    await writable.close();
    files[each] = (await /** @type {FileSystemFileHandle} */ (handle).getFile()).lastModified;
  }
  return files;
}

apiStory("a damaged collection, or one of a newer version, is refused, and none of its files is touched", async ({ run }) => {
  for (const { file, from, to, code, words } of [
    { file: "documents-", from: "", to: "", code: "index_corrupt", words: /the index file documents-\w+\.bin is damaged/ },
    { file: "manifest-", from: "documents-", to: "documents-0", code: "index_corrupt", words: /the index file manifest\.json is damaged/ },
    { file: "manifest-", from: '"format": 2', to: '"format": 3', code: "index_version", words: /3.*2/ },
  ]) {
    const name = `hurt-${code}-${file.length}`;
    await run(async ({ open }, storage) => {
      const carrel = await open({ storage, workers: 1 });
      await carrel.add({ id: "note", text: "A note about lamps." });
      await carrel.save();
      await carrel.close();
    }, `opfs:${name}`);
    const before = await run(damageFile, { name, file, from, to });
    const refused = await kept(run, `opfs:${name}`);
    assert.equal(refused.code, code, refused.message);
    assert.match(refused.message, words);
    assert.deepEqual(await run(damageFile, { name, file: "none", from, to: null }), before);
    const told = await run(async ({ Carrel }, name) => {
      const listed = (await Carrel.collections()).filter((each) => each.name === name).length;
      return [listed, await Carrel.deleteCollection(name)];
    }, name);
    assert.deepEqual(told, [1, true], "it can be seen and deleted");
  }
});

apiStory("what another tab saved and this one cannot read is told, and not written over", async ({ run }) => {
  await run(async ({ open }) => {
    const told = /** @type {any[]} */ ([]);
    const carrel = await open({ storage: "opfs:newer", workers: 1, onChange: (/** @type {any} */ change) => told.push(change) });
    Object.assign(globalThis, { carrel, told });
    await carrel.add({ id: "note", text: "A note about lamps." });
    await carrel.save();
    await carrel.add({ id: "more", text: "A note about owls." });
  });
  const before = await run(damageFile, { name: "newer", file: "manifest-", from: '"format": 2', to: '"format": 3' });
  const { change, refused, found } = await run(async ({ failure }) => {
    const { carrel, told } = /** @type {any} */ (globalThis);
    const channel = new BroadcastChannel("carrel:newer");
    channel.postMessage(null);
    for (let patience = 100; patience > 0 && told.length === 0; patience--) await new Promise((resolve) => setTimeout(resolve, 50));
    const refused = await failure(() => carrel.save());
    const { reason, error } = told[0];
    return { change: [told.length, reason, error?.name, error?.code], refused, found: (await carrel.documents()).length };
  });
  assert.deepEqual(change, [1, "failed", "CarrelError", "index_version"]);
  assert.equal(refused.code, "index_version");
  assert.equal(found, 2);
  assert.deepEqual(await run(damageFile, { name: "newer", file: "none", from: "", to: null }), before);
});

for (const file of ["current", "manifest.json"]) {
  apiStory(`what an earlier version kept is refused with words, and can be deleted (${file})`, async ({ run }) => {
    await run(async (_, file) => {
      const carrel = await (await navigator.storage.getDirectory()).getDirectoryHandle("carrel", { create: true });
      const folder = await carrel.getDirectoryHandle("default", { create: true });
      const writable = await (await folder.getFileHandle(file, { create: true })).createWritable();
      await writable.write("g1");
      await writable.close();
    }, file);
    const { code, message } = await kept(run, "opfs");
    assert.equal(code, "index_version");
    assert.match(message, /earlier version of Carrel.*Carrel\.deleteCollection\("default"\)/);
    const told = await run(async ({ Carrel }) => [await Carrel.collections(), await Carrel.deleteCollection("default")]);
    assert.deepEqual(told, [[{ name: "default", storage: "opfs", bytes: null, documents: null, saved: null }], true]);
    assert.equal((await kept(run, "opfs")).code, "none");
  });
}
