// Orama in this worker

/** @returns {Promise<import("./ways.js").Way>} */
export async function loadOrama() {
  const address = "/orama/index.js";
  const { create, insertMultiple, search } = await import(address);
  const index = await create({ schema: { text: "string", embedding: "vector[384]" } });
  return {
    async add(rows, from, texts = []) {
      const documents = texts.map((text, at) => ({
        id: String(from + at),
        text,
        embedding: Array.from(rows.subarray(at * 384, (at + 1) * 384)),
      }));
      await insertMultiple(index, documents, documents.length);
    },
    async search(question, query, { limit, mode }) {
      const { hits } = await search(index, {
        mode: /** @type {Record<string, string>} */ ({ semantic: "vector", lexical: "fulltext" })[mode] ?? mode,
        term: mode === "semantic" ? undefined : question,
        vector: query && { value: query, property: "embedding" },
        similarity: 0, // Else it leaves out most of the nearest.
        limit,
      });
      return hits.map((/** @type {{ id: string }} */ { id }) => Number(id));
    },
  };
}
