// documents, and how many workers → milliseconds to add them, by Carrel's public API

/** @typedef {{ id: string, title: string, text: string }[]} Documents */

/** @param {number} workers @param {Documents} warmUp @param {Documents} documents */
async function add(workers, warmUp, documents) {
  const address = "/carrel/carrel.js";
  const { Carrel } = await import(address);
  const carrel = await Carrel.open({ model: "/models/all-MiniLM-L6-v2/", workers });
  await carrel.add(warmUp);
  const start = performance.now();
  const { added, failed } = await carrel.add(documents);
  const milliseconds = performance.now() - start;
  await carrel.close();
  if (failed.length > 0 || added.length !== documents.length)
    throw new Error(`not all was added: ${JSON.stringify(failed)}`);
  return milliseconds;
}

Object.assign(globalThis, { add });

export {}; // A module.
