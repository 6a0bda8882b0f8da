// hnswlib-wasm in this worker

/** Links of a point, how wide it looks for them, and what its random numbers begin with. */
const [M, CONSTRUCTION, SEED] = [16, 100, 100];
const FILE = "index.dat";

/** @param {{ capacity: number }} configuration @returns {Promise<import("./ways.js").Way>} */
export async function loadHnswlib({ capacity }) {
  // It takes every place for a page, and looks for the page's database.
  Object.assign(globalThis, { window: globalThis });
  const address = "/hnswlib/hnswlib.js";
  const { loadHnswlib } = await import(address);
  const library = await loadHnswlib();
  // The vectors are of length one, so that the inner product is the cosine, without its cost.
  const make = () => new library.HierarchicalNSW("ip", 384, "");
  let index = make();
  index.initIndex(capacity, M, CONSTRUCTION, SEED);
  return {
    add(rows, from) {
      const count = rows.length / 384;
      if (from + count > index.getMaxElements()) index.resizeIndex(from + count);
      for (let at = 0; at < count; at++) index.addPoint(rows.subarray(at * 384, (at + 1) * 384), from + at, false);
    },
    nearest(query, limit, width = 64) {
      index.setEfSearch(width);
      return index.searchKnn(query, limit, undefined).neighbors;
    },
    async save() {
      await index.writeIndex(FILE);
    },
    async open() {
      const count = index.getCurrentCount();
      index.delete();
      index = make();
      await index.readIndex(FILE, capacity);
      if (index.getCurrentCount() !== count) throw new Error("it has not read what it wrote");
    },
  };
}
