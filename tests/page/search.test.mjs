// What is known of documents, and the options of a search, on a page of one's own.
import assert from "node:assert/strict";
import { apiStory } from "./blank.mjs";

const documents = [
  { id: "moths", text: "# Moths\n\nMoths are drawn to lamps at night.", format: "markdown", metadata: { year: 2019, tags: ["insects", "night"], draft: false } },
  { id: "owls", text: "# Owls\n\nOwls hunt mice at night, when lamps are out.", format: "markdown", metadata: { year: 2021, tags: ["birds", "night"] } },
  { id: "larks", text: "# Larks\n\nLarks sing at dawn.\n\n## Nests\n\nTheir nests lie on the ground.", format: "markdown", metadata: { year: 2023, tags: "birds" } },
  { id: "eulen", text: "Eulen jagen nachts Mäuse, wenn die Lampen aus sind.", language: "de" },
];

apiStory("documents have metadata and a language, by which they are filtered and counted", async ({ run }) => {
  const told = await run(async ({ open, failure }, documents) => {
    const carrel = await open({ workers: 1 });
    await carrel.add(/** @type {any} */ (documents));
    const found = async (/** @type {any} */ filter) => {
      const { passages } = await carrel.search("Who is awake at night?", { filter });
      return passages.map(({ id }) => id).sort();
    };
    const { passages, facets } = await carrel.search("owls", { facets: ["tags", "year", "language"], filter: { year: { $exists: true } } });
    carrel.generator = async function* (request) {
      yield String(request.messages.at(-1)?.content.includes("Larks"));
    };
    return {
      metadata: [(await carrel.documents()).find(({ id }) => id === "moths")?.metadata, (await carrel.document("owls")).metadata],
      languages: (await carrel.documents()).map(({ id, language }) => `${id} ${language}`).sort(),
      passage: passages[0],
      facets,
      found: [
        await found({ tags: "birds" }),
        await found({ year: { $gte: 2020 }, language: "en" }),
        await found({ $or: [{ draft: false }, { language: "de" }] }),
        await found({ tags: { $in: ["insects"] }, year: 1999 }),
      ],
      sources: (await carrel.ask("Who sings?", { filter: { tags: "night" }, limit: 5 }).sources).map(({ id }) => id).sort(),
      answers: [await carrel.ask("Who sings?", { filter: { tags: "night" }, abstain: false }).text(), await carrel.ask("Who sings?").text()],
      failures: [
        await failure(() => carrel.search("x", { filter: /** @type {any} */ ({ year: { $about: 2020 } }) })),
        await failure(() => carrel.search("x", { filter: /** @type {any} */ ("year") })),
        await failure(() => carrel.search("x", { diversity: 2 })),
        await failure(() => carrel.search("x", { facets: /** @type {any} */ ("year") })),
        await failure(() => carrel.add({ id: "x", text: "x", metadata: /** @type {any} */ ({ author: { name: "x" } }) })),
        await failure(() => carrel.add({ id: "x", text: "x", metadata: { year: Number.NaN } })),
      ],
    };
  }, documents);
  assert.deepEqual(told.metadata, [documents[0].metadata, documents[1].metadata]);
  assert.deepEqual(told.languages, ["eulen de", "larks en", "moths en", "owls en"]);
  assert.equal(told.passage.id, "owls");
  assert.deepEqual(told.passage.metadata, documents[1].metadata);
  assert.deepEqual(
    told.passage.highlights.map(({ start, end }) => told.passage.text.slice(start, end)),
    Array.from(told.passage.text.matchAll(/Owls/g), ([word]) => word),
  );
  assert.deepEqual(told.facets, {
    language: [["en", 3]],
    tags: [["birds", 2], ["night", 2], ["insects", 1]],
    year: [[2019, 1], [2021, 1], [2023, 1]],
  });
  assert.deepEqual(told.found, [["larks", "owls"], ["larks", "owls"], ["eulen", "moths"], []]);
  assert.deepEqual(told.sources, ["moths", "owls"]);
  assert.deepEqual(told.answers, ["false", "true"]);
  assert.deepEqual(
    told.failures.map(({ code }) => code),
    ["filter_invalid", "option_invalid", "option_invalid", "option_invalid", "option_invalid", "option_invalid"],
  );
  assert.match(told.failures[4].message, /metadata\.author: a text, a finite number, true or false is needed, or a list of these/);
});

apiStory("a word that is being typed is found, near copies are collapsed, and neighbours are joined", async ({ run }) => {
  const told = await run(async ({ open }) => {
    const carrel = await open({ workers: 1 });
    const page = Array.from({ length: 120 }, (_, number) => `Paragraph ${number} of the long book tells of ${number * 7919} lanterns in the harbour.`).join("\n\n");
    await carrel.add([
      { id: "book", text: page },
      { id: "one", text: "The lighthouse keeper lights the lantern at dusk." },
      { id: "two", text: "The lighthouse keeper lights the lantern at dusk." },
    ]);
    const ids = async (/** @type {string} */ question, /** @type {any} */ options) =>
      (await carrel.search(question, options)).passages.map(({ id }) => id);
    const [alone] = (await carrel.search("lanterns in the harbour", { limit: 1, mode: "semantic", filter: { id: "book" } })).passages;
    const [joined] = (await carrel.search("lanterns in the harbour", { limit: 1, mode: "semantic", filter: { id: "book" }, neighbours: 1 })).passages;
    const { text } = await carrel.document("book");
    return {
      typed: [await ids("lighth", { mode: "lexical" }), await ids("lighth", { mode: "lexical", typing: true })],
      copies: [await ids("lighthouse keeper", { mode: "lexical" }), await ids("lighthouse keeper", { mode: "lexical", collapse: true })],
      joined: [alone.text.length < joined.text.length, joined.text.includes(alone.text), text.slice(joined.span.start, joined.span.end) === joined.text],
    };
  });
  assert.deepEqual(told.typed.map((ids) => ids.sort()), [[], ["one", "two"]]);
  assert.deepEqual(told.copies.map(({ length }) => length), [2, 1]);
  assert.deepEqual(told.joined, [true, true, true]);
});
