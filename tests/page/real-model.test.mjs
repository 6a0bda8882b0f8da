// A real language model's server under what production asks of it: many questions at once, a prompt beyond its context,
// a wrong key; and how soon and at what cost an answer reaches the page.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { apiStory } from "./blank.mjs";
import { rules } from "./documents.mjs";
import { startLanguageModel } from "./language-model.mjs";

const KEY = "sk-right";

/** @type {Awaited<ReturnType<typeof startLanguageModel>>} */
let model;
before(async () => {
  model = await startLanguageModel({ tokens: 24, key: KEY });
});
after(() => model?.stop());

const generator = () => ({ api: /** @type {const} */ ("openai"), baseUrl: model.baseUrl, model: model.name, apiKey: KEY, maxTokens: 24 });

apiStory(
  "six questions at once are all answered, two at a time, and a wrong key and too long a prompt are told at once",
  async ({ run }) => {
    const told = await run(
      async ({ open, failure }, { generator, rules }) => {
        const carrel = await open({ generator: { ...generator, limits: { concurrency: 2 } } });
        await carrel.add({ id: "rules", text: rules });
        const long = Array.from({ length: 900 }, (_, number) => `In room ${number} the lamp of the reading desk ${number} is lit.`);
        await carrel.add({ id: "long", text: long.join(" ") });
        const questions = ["When does the reading room close?", "When does the reading room open?", "What may one drink?",
          "What does a new lock cost?", "Who pays for a lost key?", "Where are hot drinks allowed?"];
        const answers = await Promise.all(questions.map(async (question) => {
          const answer = carrel.ask(question, { limit: 1, contextTokens: 300, abstain: false });
          return { text: await answer.text(), trace: await answer.trace };
        }));
        const ledger = (await carrel.ledger()).map(({ at, milliseconds }) => [at, at + (milliseconds ?? Infinity)]);
        const most = Math.max(...ledger.map(([from]) => ledger.filter(([start, end]) => start <= from && from < end).length));
        const wrong = await failure(() => carrel.ask(questions[0], { generator: { ...generator, apiKey: "sk-wrong" } }).text());
        const tooLong = await failure(() => carrel.ask("lamp of the reading desk in room", { limit: 100, contextTokens: 100_000 }).text());
        return { answers, most, wrong, tooLong, totals: await carrel.totals() };
      },
      { generator: generator(), rules },
    );
    for (const { text, trace } of told.answers) {
      assert.ok(text.trim().length > 0);
      assert.ok(trace.measure?.reported && trace.measure.tokens.prompt > 50 && trace.measure.tokens.completion <= 24);
    }
    assert.equal(told.most, 2);
    assert.equal(told.wrong.code, "api_unauthorized");
    assert.ok(!told.wrong.message.includes("sk-wrong"));
    assert.equal(told.tooLong.code, "api_context_exceeded");
    assert.equal(told.totals.answers, 6, "what was refused is not counted");
  },
  { expected: [/Failed to load resource/] },
);

apiStory("the sources come first, and what each token costs beside the model is told", async ({ run }) => {
  const told = await run(async ({ open }, rules) => {
    const words = Array.from({ length: 2_000 }, (_, at) => (at % 12 === 11 ? "evening [1]. " : `word${at % 7} `));
    const carrel = await open({
      generator: async function* () {
        yield* words;
      },
    });
    await carrel.add({ id: "rules", text: rules });
    const kinds = /** @type {string[]} */ ([]);
    const start = performance.now();
    let [first, began] = [0, 0];
    for await (const { type } of carrel.ask("When does the reading room close?")) {
      kinds.push(type);
      if (type === "sources") first = performance.now() - start;
      else began ||= performance.now();
    }
    return { kinds, first, each: (performance.now() - began) / words.length };
  }, rules);
  assert.equal(told.kinds[0], "sources");
  assert.equal(told.kinds.filter((kind) => kind === "text").length, 2_000);
  console.log(`the sources after ${told.first.toFixed(1)} ms; ${told.each.toFixed(2)} ms a token, the way to the worker and back with it`);
});
