// The JavaScript API on a page of one's own: open, add, search, ask, keep, close.
import assert from "node:assert/strict";
import { boiler, rules } from "./documents.mjs";
import { apiStory } from "./blank.mjs";

apiStory(
  "open tells its progress, and what is wrong with a model's address or with an option",
  async ({ run, context, site }) => {
    const phases = await run(async ({ open }) => {
      const told = /** @type {any[]} */ ([]);
      await (await open({ onProgress: (/** @type {any} */ progress) => told.push(progress) })).close();
      return told;
    });
    assert.equal(phases[0].phase, "engine");
    const last = phases.filter(({ phase }) => phase === "model").at(-1);
    assert.ok(last.loaded > 20_000_000 && last.loaded === last.total, JSON.stringify(last));

    await context.route(`${site}broken/*`, (route) => route.fulfill({ contentType: "application/json", body: "{}" }));
    const failures = await run(async ({ Carrel, model, failure }) => [
      await failure(() => Carrel.open({ model: "/nowhere/" })),
      await failure(() => Carrel.open({ model: "http://127.0.0.1:9/" })),
      await failure(() => Carrel.open({ model: "/broken/" })),
      await failure(() => Carrel.open(/** @type {any} */ ({ modle: model }))),
      await failure(() => Carrel.open(/** @type {any} */ ({ model: 5 }))),
      await failure(() => Carrel.open(/** @type {any} */ ({}))),
      await failure(() => Carrel.open({ model, storage: "cloud" })),
      await failure(() =>
        Carrel.open({
          model,
          generator: /** @type {any} */ ({ api: "openai", baseURL: "http://127.0.0.1:9/v1", model: "m" }),
        }),
      ),
      await failure(() => Carrel.open({ model, index: "/nowhere/" })),
      await failure(() => Carrel.open({ model, index: new Blob(["no index"]) })),
    ]);
    assert.deepEqual(
      failures.map(({ code }) => code),
      [
        "model_missing",
        "fetch_failed",
        "model_invalid",
        "option_invalid",
        "option_invalid",
        "option_invalid",
        "option_invalid",
        "option_invalid",
        "index_missing",
        "index_corrupt",
      ],
    );
    assert.ok(failures.every(({ name }) => name === "CarrelError"));
    assert.match(failures[0].message, /\/nowhere\/ has no [\w.]+\. Check the model's address/);
    assert.match(failures[3].message, /open\.modle: there is no such option; known are model, index, storage/);
    assert.match(failures[7].message, /generator\.baseURL: there is no such option; known are api, baseUrl/);
    assert.match(failures[8].message, /carrel index PATH --out DIR/);
  },
  { expected: [/Failed to load resource/] },
);

apiStory("documents come as texts, files, arrays and async iterables; the same id replaces", async ({ run }) => {
  const told = await run(
    async ({ open, failure }, [rules, boiler]) => {
      const carrel = await open();
      const states = /** @type {string[]} */ ([]);
      const first = await carrel.add(
        { id: "a", title: "Lamps", url: "https://library.example/lamps", text: "The lamps are lit at dusk." },
        {
          onProgress: ({ state }) => states.push(state),
        },
      );
      const second = await carrel.add([
        new File([rules], "rules.md"),
        { id: "b", file: new Blob([boiler]), name: "boiler.html" },
        { id: "nothing", text: "" },
        { id: "wrong", text: "x", format: /** @type {any} */ ("docx") },
      ]);
      const third = await carrel.add(
        (async function* () {
          for (const number of [1, 2]) yield { id: `note-${number}`, text: `Note ${number} is about owls.` };
        })(),
      );
      await carrel.add({ id: "a", text: "The lamps are put out at midnight." });
      const documents = await carrel.documents();
      const document = await carrel.document("rules.md");
      const removed = [await carrel.remove("note-1"), await carrel.remove("note-1")];
      const failures = [
        await failure(() => carrel.document("note-1")),
        await failure(() => carrel.add(/** @type {any} */ ({ id: "c", txt: "x" }))),
        await failure(() => carrel.add(/** @type {any} */ ({ id: "c" }))),
        await failure(() => carrel.add({ text: "no name" })),
        await failure(() => carrel.add({ id: "c", text: "x" }, /** @type {any} */ ({ onProgres() {} }))),
      ];
      const lamp = await carrel.search("When are the lamps lit?", { limit: 1 });
      return {
        states,
        first,
        failed: second.failed.map(({ id, error }) => [id, error.code, error.name]),
        added: second.added.map(({ id }) => id),
        third,
        documents,
        document,
        removed,
        failures,
        lamp: lamp.passages,
        elapsed: lamp.elapsed,
        left: (await carrel.documents()).length,
      };
    },
    [rules, boiler],
  );
  assert.deepEqual([...new Set(told.states)], ["waiting", "reading", "embedding", "ready"]);
  assert.deepEqual(told.first.added[0], {
    id: "a",
    name: "a",
    title: "Lamps",
    url: "https://library.example/lamps",
    format: "text",
    characters: 26,
    chunks: 1,
    pages: 0,
    language: "en",
    metadata: {},
    warnings: [],
  });
  assert.deepEqual(new Set(told.added), new Set(["rules.md", "b"]));
  assert.deepEqual(Object.fromEntries(told.failed.map(([id, code, name]) => [id, `${name} ${code}`])), {
    nothing: "CarrelError empty_document",
    wrong: "CarrelError unknown_format",
  });
  assert.deepEqual(told.third, { added: told.third.added, failed: [] });
  assert.deepEqual(
    told.third.added.map(({ id }) => id),
    ["note-1", "note-2"],
  );
  assert.deepEqual(told.documents.map(({ id }) => id).sort(), ["a", "b", "note-1", "note-2", "rules.md"]);
  assert.equal(told.documents.find(({ id }) => id === "b")?.title, "The boiler of the east wing");
  assert.equal(told.document.text, rules);
  assert.deepEqual(
    told.document.outline.map(({ level, title }) => `${level} ${title}`),
    ["1 Rules of the reading room", "2 Hours", "2 Carrels", "2 Food"],
  );
  assert.deepEqual(told.removed, [true, false]);
  assert.deepEqual(
    told.failures.map(({ code }) => code),
    ["document_unknown", "option_invalid", "option_invalid", "option_invalid", "option_invalid"],
  );
  assert.match(told.failures[1].message, /txt: there is no such option; known are id, name/);
  assert.equal(told.lamp[0]?.text, "The lamps are put out at midnight.");
  assert.ok(told.elapsed > 0);
  assert.equal(told.left, 4);
});

apiStory(
  "a search finds by words, by meaning, or by both, and spans fit the text whatever its characters",
  async ({ run }) => {
    const text =
      "# Ünïcödé 🦉\r\n\r\nEulen 🦉🦉 jagen nachts. 猫は魚を食べる。 The owl e\u0301crit.\r\n\r\n" +
      "## שלום\r\n\r\nA dog barks at the moon 👩‍👩‍👧 loudly.\r\n";
    const { found, document, failures } = await run(async ({ open, failure }, text) => {
      const carrel = await open();
      await carrel.add([
        { id: "mixed.md", text },
        { id: "tax", text: "Taxes are due in April." },
      ]);
      const search = async (/** @type {any} */ options) => (await carrel.search("A dog barks", options)).passages;
      return {
        found: {
          hybrid: await search({}),
          semantic: await search({ mode: "semantic" }),
          lexical: await search({ mode: "lexical" }),
          one: await search({ limit: 1 }),
        },
        document: await carrel.document("mixed.md"),
        failures: [
          await failure(() => carrel.search("x", /** @type {any} */ ({ mode: "magic" }))),
          await failure(() => carrel.search("x", { limit: 0 })),
          await failure(() => carrel.search("x", /** @type {any} */ ({ limt: 3 }))),
          await failure(() => carrel.search("  ")),
        ],
      };
    }, text);
    for (const passages of Object.values(found)) {
      assert.match(passages[0]?.text ?? "", /A dog barks/);
      for (const { id, span, text: passage } of passages) {
        if (id === "mixed.md") assert.equal(document.text.slice(span.start, span.end), passage);
      }
      for (let rank = 1; rank < passages.length; rank++)
        assert.ok((passages[rank]?.score ?? 0) <= (passages[rank - 1]?.score ?? 0));
    }
    assert.deepEqual(
      document.outline.map(({ span }) => document.text.slice(span.start, span.end).includes("#")),
      [true, true],
    );
    assert.equal(found.one.length, 1);
    assert.ok(found.semantic.every(({ semantic, lexical }) => typeof semantic === "number" && lexical === null));
    assert.ok(found.lexical.every(({ semantic, lexical }) => semantic === null && typeof lexical === "number"));
    assert.ok(
      !found.lexical.some(({ id }) => id === "tax"),
      "a passage without any of the words is not found by words",
    );
    assert.deepEqual(
      failures.map(({ code }) => code),
      ["option_invalid", "option_invalid", "option_invalid", "question_empty"],
    );
  },
);

apiStory("one's own function can write the answer", async ({ run }) => {
  const told = await run(async ({ open, failure }, rules) => {
    const carrel = await open();
    await carrel.add({ id: "rules.md", text: rules });
    /** @type {any[]} */
    const requests = [];
    carrel.generator = async function* poet(request) {
      requests.push(request);
      for (const part of [
        "It closes at half past six in the eve",
        "ning [",
        "1]. ",
        "Dragons guard every bookshelf [9].",
      ])
        yield part;
    };
    const answer = carrel.ask("When does the reading room close?", {
      template: { system: "Be brief.", user: "{{ passages }} :: {{ question }}" },
      limit: 2,
    });
    const sources = await answer.sources;
    const events = /** @type {any[]} */ ([]);
    for await (const event of answer) events.push(event);
    const text = await answer.text();
    const trace = await answer.trace;
    carrel.generator = async function* () {
      yield "It closes ";
      throw new Error("the ink is empty");
    };
    const broken = carrel.ask("When does the reading room close?");
    const kept = /** @type {string[]} */ ([]);
    const failures = [
      await failure(async () => {
        for await (const event of broken) if (event.type === "text") kept.push(event.text);
      }),
      await failure(() => carrel.ask("x", /** @type {any} */ ({ limt: 2 }))),
      await failure(() => {
        carrel.generator = /** @type {any} */ ({ api: "telepathy", baseUrl: "x", model: "y" });
      }),
      await failure(() => carrel.ask("x", { template: { user: "no placeholders" } }).text()),
    ];
    carrel.generator = null;
    const extractive = await carrel.ask("When does the reading room close?").text();
    return {
      requests,
      sources,
      events,
      text,
      trace,
      kept,
      failures,
      extractive,
      document: (await carrel.document("rules.md")).text,
    };
  }, rules);
  assert.deepEqual(
    told.requests[0].messages.map((/** @type {any} */ { role }) => role),
    ["system", "user"],
  );
  assert.equal(told.requests[0].messages[0].content, "Be brief.");
  assert.match(told.requests[0].messages[1].content, /half past six[\s\S]* :: When does the reading room close\?$/);
  assert.equal(told.sources.length, 2);
  assert.equal(told.text, "It closes at half past six in the evening [1]. Dragons guard every bookshelf [9].");
  assert.deepEqual(told.events[0], { type: "sources", sources: told.sources });
  const citations = told.events.filter(({ type }) => type === "citation");
  const streamed = told.events.findIndex(({ type }) => type === "citation");
  const completing = told.events[streamed - 1];
  assert.deepEqual(
    [completing.type, completing.text],
    ["text", "1]. "],
    "the citation follows the text that completes its mark",
  );
  const [first, dragon] = citations.slice(-2);
  assert.equal(told.text.slice(first.at.start, first.at.end), "[1]");
  assert.equal(told.document.slice(first.span.start, first.span.end), "It closes at half past six in the evening.");
  assert.deepEqual([first.source, first.verdict, first.by], [0, "supported", "model"]);
  assert.deepEqual([dragon.number, dragon.source, dragon.verdict], [9, -1, "unsupported"]);
  assert.deepEqual(
    told.trace.stages.map(({ stage }) => stage),
    ["embed", "retrieve", "prompt", "generate", "ground"],
  );
  assert.equal(told.trace.request, null);
  assert.deepEqual(told.kept, ["It closes "]);
  assert.match(told.failures[0].message, /the ink is empty/);
  assert.deepEqual(
    told.failures.slice(1).map(({ code }) => code),
    ["option_invalid", "option_invalid", "option_invalid"],
  );
  assert.match(told.extractive, /It closes at half past six in the evening\. \[1\]/);
});

apiStory("leaving the loop, and every signal, stops the work", async ({ run }) => {
  const told = await run(async ({ open, model, Carrel, failure }, rules) => {
    const carrel = await open();
    await carrel.add({ id: "rules.md", text: rules });
    const notes = { aborted: false, ended: false };
    carrel.generator = async function* (_, { signal }) {
      signal.addEventListener("abort", () => {
        notes.aborted = true;
      });
      try {
        for (;;) {
          yield "word ";
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      } finally {
        notes.ended = true;
      }
    };
    let words = 0;
    for await (const event of carrel.ask("Who pays?")) if (event.type === "text" && ++words === 5) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
    const afterBreak = { ...notes };

    const soon = () => AbortSignal.timeout(150);
    const text = Array.from({ length: 6000 }, (_, index) => `Line ${index} of the long book.`).join("\n");
    const gone = AbortSignal.abort();
    const controller = new AbortController();
    const adding = failure(() =>
      carrel.add(
        [
          { id: "long", text },
          { id: "never", text: "x y z" },
        ],
        {
          signal: controller.signal,
          onProgress({ id, state, done }) {
            if (id === "long" && state === "embedding" && done > 0) controller.abort();
          },
        },
      ),
    );
    const behind = carrel.add({ id: "behind", text: "The hall is cold." });
    const failures = [
      await failure(() => Carrel.open({ model, signal: gone })),
      await failure(() => Carrel.open({ model, signal: AbortSignal.timeout(1) })),
      await failure(() => carrel.search("x", { signal: gone })),
      await failure(() => carrel.ask("x", { signal: gone }).text()),
      await failure(() => carrel.ask("x", { signal: soon() }).text()),
      await failure(() => carrel.ask("x", { signal: gone }).sources),
      await failure(() => carrel.add({ id: "z", text: "z" }, { signal: gone })),
      await adding,
    ];
    await behind;
    return { afterBreak, failures, documents: (await carrel.documents()).map(({ id }) => id) };
  }, rules);
  assert.deepEqual(told.afterBreak, { aborted: true, ended: true });
  const [abort, timeout] = ["AbortError", "TimeoutError"];
  assert.deepEqual(
    told.failures.map(({ name }) => name),
    [abort, timeout, abort, abort, timeout, abort, abort, abort],
  );
  // Small ones are added first, so the one that came after the long one was in when it was cancelled.
  assert.deepEqual(told.documents.sort(), ["behind", "never", "rules.md"]);
});

apiStory("an exported collection opens again and finds the same", async ({ run }) => {
  const [before, after, size] = await run(
    async ({ open }, texts) => {
      const carrel = await open();
      await carrel.add(
        texts.map((text, index) => ({ id: `${index}.md`, text, url: `https://library.example/${index}` })),
      );
      const queries = ["When does it close?", "pressure of the boiler", "honey"];
      const all = async (/** @type {any} */ from) =>
        Promise.all(queries.map(async (query) => (await from.search(query)).passages));
      const found = await all(carrel);
      const blob = await carrel.export();
      await carrel.close();
      const again = await open({ index: blob });
      return [found, await all(again), blob.size];
    },
    [rules, boiler.replace(/<[^>]+>/g, "")],
  );
  assert.ok(size > 2000);
  assert.deepEqual(after, before);
});

apiStory("what is saved in the browser is there after a reload, and in other tabs meanwhile", async ({ run, page, newTab }) => {
  const keep = await run(async ({ open, failure }, rules) => {
    const carrel = await open({ storage: "opfs" });
    Object.assign(globalThis, { carrel });
    await carrel.add({ id: "rules.md", text: rules });
    await carrel.save();
    await carrel.add({ id: "unsaved", text: "This is not saved." });
    const inMemory = await open();
    return failure(() => inMemory.save());
  }, rules);
  assert.equal(keep.code, "storage_unavailable");

  const second = await newTab();
  const shared = await second(async ({ open }) => {
    const carrel = await open({ storage: "opfs" });
    const other = await open({ storage: "opfs:other" });
    return [await carrel.documents(), await other.documents()].map((documents) => documents.map(({ id }) => id));
  });
  assert.deepEqual(shared, [["rules.md"], []]);

  await page.close();
  const third = await newTab();
  const found = await third(async ({ open }) => {
    const carrel = await open({ storage: "opfs" });
    const documents = (await carrel.documents()).map(({ id }) => id);
    const { passages } = await carrel.search("When does the reading room close?", { limit: 1 });
    await carrel.close();
    return { documents, text: passages[0]?.text };
  });
  assert.deepEqual(found.documents, ["rules.md"]);
  assert.match(found.text ?? "", /half past six/);
});

apiStory("after close every call is refused, also those that were under way", async ({ run }) => {
  const failures = await run(async ({ open, failure }) => {
    const carrel = await open();
    const text = Array.from({ length: 3000 }, (_, index) => `Line ${index} of the long book.`).join("\n");
    const adding = failure(() => carrel.add({ id: "long", text }));
    await carrel.close();
    return [
      await adding,
      await failure(() => carrel.search("x")),
      await failure(() => carrel.documents()),
      await failure(() => carrel.ask("x").text()),
      await failure(() => carrel.add({ id: "x", text: "x" })),
      await failure(() => carrel.close()),
    ];
  });
  assert.deepEqual(
    failures.map(({ code }) => code),
    ["closed", "closed", "closed", "closed", "closed", "none"],
  );
});
