// the name of a collection → what a page finds in it that opens it anew

/** @typedef {import("./blank.mjs").Run} Run */

/** Opens a collection anew and tells the ids of its documents. @param {Run} run @param {string} storage */
export const kept = (run, storage) =>
  run(async ({ open, failure }, storage) => {
    let ids = /** @type {string[]} */ ([]);
    const problem = await failure(async () => {
      const carrel = await open({ storage, workers: 1 });
      ids = (await carrel.documents()).map(({ id }) => id).sort();
      await carrel.close();
    });
    return { ids, code: problem.code, message: problem.message };
  }, storage);
