// Carrel's index in this worker, without a model

/** @returns {Promise<import("./ways.js").Way & { restrict: (filter?: object) => void }>} */
export async function loadCarrel() {
  const address = "/engine/engine.js";
  const { default: init, Vectors, buildGraph } = await import(address);
  await init({ module_or_path: "/engine/engine_bg.wasm" });
  let index = new Vectors(384);
  /** @type {Map<string, Uint8Array>} */
  let files = new Map();
  return {
    add: (rows, _from, texts) => index.add(rows, texts),
    optimize: () => index.optimize(),
    nearest: (query, limit, width) => index.nearest(query, limit, width),
    search: (question, query, options) => index.search(question, query, JSON.stringify(options)),
    restrict: (filter) => index.restrict(filter && JSON.stringify(filter)),
    async save() {
      files = new Map(index.save());
    },
    open() {
      index.free();
      index = Vectors.open((/** @type {string} */ name) => files.get(name));
    },
    bytes: () => JSON.parse(index.bytes()),
    work: () => index.work(),
    doWork: (work) => buildGraph(work),
    adopt: (graph) => index.adopt(graph),
  };
}
