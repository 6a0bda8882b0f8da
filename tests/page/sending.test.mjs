// What leaves the tab → the gate before it, the ledger of it, the meter of what it took, and the budget that it has.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { apiStory } from "./blank.mjs";
import { story } from "./browser.mjs";
import { rules, temporaryFolder } from "./documents.mjs";
import { startFaultServer } from "./fault-server.mjs";

/** @type {Awaited<ReturnType<typeof startFaultServer>>} */
let server;
before(async () => {
  server = await startFaultServer();
  server.state.text = "The reading room closes at half past six in the evening [1].";
});
after(() => server?.stop());

const { write } = temporaryFolder();
const file = write("rules.md", rules);
const question = "When does the reading room close?";
const generator = () => ({ api: /** @type {const} */ ("openai"), baseUrl: server.baseUrl("says"), model: "m", apiKey: "sk-secret" });
/** The bodies that came since. @param {number} from */
const bodies = (from) => server.requests.slice(from).filter(({ method }) => method === "POST").map(({ body }) => body);

apiStory("the gate sees the exact bytes, strikes and redacts, and without its word nothing is sent", async ({ run }) => {
  const from = server.requests.length;
  const told = await run(
    async ({ open, failure }, { generator, rules, question }) => {
      const carrel = await open({ generator });
      await carrel.add({ id: "rules", text: rules });
      await carrel.add({ id: "note", title: "A note", text: "Ada Lovelace says that the reading room closes late." });
      const seen = /** @type {any[]} */ ([]);
      const refused = await failure(() => carrel.ask(question, { gate: () => false }).text());
      const thrown = await failure(() => carrel.ask(question, { gate: () => Promise.reject(new Error("the gate fell")) }).text());
      const wrong = await failure(() => carrel.ask(question, { gate: () => ({ strike: [99] }) }).text());
      const sentBefore = (await carrel.ledger()).length;
      const answer = carrel.ask(question, {
        gate(outgoing) {
          seen.push(outgoing);
          if (outgoing.again) return true;
          const note = outgoing.sources.findIndex(({ id }) => id === "rules");
          return { strike: [note], redact: ["ada LOVELACE"], again: true };
        },
      });
      await answer.text();
      const trace = await answer.trace;
      return { refused, thrown, wrong, sentBefore, seen, sources: await answer.sources, trace, ledger: await carrel.ledger() };
    },
    { generator: generator(), rules, question },
  );
  assert.equal(told.refused.code, "not_sent");
  assert.match(told.thrown.message, /the gate fell/);
  assert.equal(told.wrong.code, "option_invalid");
  assert.equal(told.sentBefore, 0);
  const [first, second] = told.seen;
  assert.ok(first.body.includes("Ada Lovelace") && first.body.includes("half past six") && !first.again);
  assert.ok(second.again);
  const [body, ...others] = bodies(from);
  assert.deepEqual(others, [], "it was sent once");
  assert.ok(!/lovelace|half past six|sk-secret/i.test(body), body);
  assert.ok(body.includes("███ says") && body.includes("(not sent)"), body);
  assert.equal(told.trace.request?.body, body);
  assert.deepEqual(told.ledger.map((entry) => entry.body), [body]);
  assert.equal(told.sources.length, 2, "numbers stay as they were");
});

apiStory("the ledger holds every request with its passages, and never a key", async ({ run }) => {
  const from = server.requests.length;
  const ledger = await run(
    async ({ open }, { generator, rules, question }) => {
      const carrel = await open({ generator });
      await carrel.add({ id: "rules", text: rules });
      await carrel.models({ ...generator, model: "" }).catch(() => {});
      await carrel.ask(question).text();
      await carrel.ask(question, { generator: null }).text();
      return carrel.ledger();
    },
    { generator: generator(), rules, question },
  );
  assert.deepEqual(ledger.map(({ method }) => method), ["GET", "POST"]);
  const [, asked] = ledger;
  assert.equal(asked.body, bodies(from)[0]);
  assert.equal(asked.bytes, Buffer.byteLength(asked.body ?? ""));
  assert.equal(asked.url, `${server.baseUrl("says")}/chat/completions`);
  assert.equal(asked.question, question);
  assert.ok(asked.passages.length > 0 && asked.passages.every(({ id }) => id === "rules"));
  assert.ok(asked.status === 200 && asked.received > 100 && asked.milliseconds !== null);
  assert.deepEqual(asked.headers, ["authorization", "content-type"]);
  assert.ok(!JSON.stringify(ledger).includes("secret"));
});

apiStory("what an answer took is measured, priced, added up, and held against the budget before it is sent", async ({ run }) => {
  const from = server.requests.length;
  const told = await run(
    async ({ open, failure }, { generator, rules, question }) => {
      const prices = { currency: "USD", models: [{ model: "m*", prompt: 1_000_000, completion: 2_000_000 }] };
      const carrel = await open({ generator: { ...generator, prices } });
      await carrel.add({ id: "rules", text: rules });
      const answer = carrel.ask(question);
      await answer.text();
      const { measure } = await answer.trace;
      const totals = await carrel.totals();
      const dear = await failure(() => carrel.ask(question, { generator: { ...generator, budget: { question: { tokens: 100 } } } }).text());
      const unpriced = await failure(() => carrel.ask(question, { generator: { ...generator, budget: { session: { money: 1 } } } }).text());
      const mistyped = await failure(() => carrel.ask(question, { generator: { ...generator, budget: { session: /** @type {any} */ ({ token: 1 }) } } }));
      return { measure, totals, dear, unpriced, mistyped };
    },
    { generator: generator(), rules, question },
  );
  const { measure, totals } = told;
  assert.ok(measure && measure.tokens.prompt > 50 && measure.tokens.completion > 5 && !measure.reported);
  assert.equal(measure.money, measure.tokens.prompt + 2 * measure.tokens.completion);
  assert.ok(measure.firstTokenMilliseconds !== null && measure.firstTokenMilliseconds <= measure.milliseconds);
  assert.deepEqual([totals.answers, totals.counted, totals.money], [1, 1, measure.money]);
  assert.equal(told.dear.code, "budget_exceeded");
  assert.match(told.dear.message, /not sent/);
  assert.equal(told.unpriced.code, "option_invalid");
  assert.match(told.mistyped.message, /generator\.budget\.session\.token: there is no such option/);
  assert.equal(bodies(from).length, 1, "what is beyond the budget is not sent");
});

apiStory("with a cache the same request is sent once, and another one anew", async ({ run }) => {
  const from = server.requests.length;
  const told = await run(
    async ({ open }, { generator, rules, question }) => {
      const carrel = await open({ generator: { ...generator, cache: true } });
      await carrel.add({ id: "rules", text: rules });
      const answers = /** @type {any[]} */ ([]);
      for (const asked of [question, question, `${question} Really?`]) {
        const answer = carrel.ask(asked);
        const events = [];
        for await (const event of answer) events.push(event);
        answers.push({ events: events.filter(({ type }) => type !== "sources" && type !== "text"), text: await answer.text(), trace: await answer.trace });
      }
      return answers;
    },
    { generator: generator(), rules, question },
  );
  assert.deepEqual(told.map(({ trace }) => trace.cached), [false, true, false]);
  assert.equal(told[0].text, told[1].text);
  assert.deepEqual(told[0].events.at(-1), told[1].events.at(-1));
  assert.equal(bodies(from).length, 2);
});

apiStory("the browser's own model answers where there is one, and where there is none that is said", async ({ run }) => {
  const told = await run(
    async ({ open, failure }, { rules, question }) => {
      const carrel = await open({ generator: { api: "browser" } });
      await carrel.add({ id: "rules", text: rules });
      Reflect.deleteProperty(globalThis, "LanguageModel");
      const none = await failure(() => carrel.ask(question).text());
      const asked = /** @type {any[]} */ ([]);
      // As the specification has it; the browser of these tests carries no model.
      Object.assign(globalThis, {
        LanguageModel: {
          availability: async () => "available",
          create: async (/** @type {any} */ { initialPrompts }) => ({
            async *promptStreaming(/** @type {string} */ text) {
              asked.push(...initialPrompts.map((/** @type {any} */ { role }) => role), text);
              if (text.includes("everything")) throw new DOMException("too long", "QuotaExceededError");
              yield* ["It closes at half past six", " in the evening [1]."];
            },
            destroy: () => asked.push("destroyed"),
          }),
        },
      });
      const answer = carrel.ask(question);
      const text = await answer.text();
      const long = await failure(() => carrel.ask("Tell me everything", { abstain: false }).text());
      const { measure, request } = await answer.trace;
      return { none, asked, text, long, measure, request, ledger: await carrel.ledger() };
    },
    { rules, question },
  );
  assert.equal(told.none.code, "api_unreachable");
  assert.match(told.none.message, /no language model of its own/);
  assert.equal(told.text, "It closes at half past six in the evening [1].");
  const [role, prompt, end] = told.asked;
  assert.deepEqual([role, end], ["system", "destroyed"]);
  assert.ok(prompt.includes("half past six") && prompt.includes(question));
  assert.equal(told.long.code, "api_context_exceeded");
  assert.ok(told.measure && told.measure.tokens.completion > 5 && !told.measure.reported);
  assert.deepEqual([told.request, told.ledger], [null, []], "nothing has left");
});

story("a person looks at what would be sent, takes something out, sends it, and finds it in the list of what has left", async ({ desk, page }) => {
  const from = server.requests.length;
  await desk.choose(file);
  await desk.settled(1);
  await page.evaluate((hash) => (location.hash = hash), `api=openai&base-url=${encodeURIComponent(server.baseUrl("says"))}&llm=m`);
  await page.locator("#ledger-open").click();
  await page.getByText("Nothing has left this tab.").waitFor();
  await page.locator("#ledger-close").click();
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await page.getByLabel("Show me each request").check();
  await page.locator("#settings-close").click();

  await desk.ask(question);
  await page.locator("#gate[open]").waitFor();
  await page.getByRole("button", { name: "Do not send" }).click();
  await desk.answered("done");
  assert.match(await desk.status.innerText(), /Not sent/);
  assert.equal(bodies(from).length, 0);

  await desk.ask(question);
  await page.locator("#gate[open]").waitFor();
  assert.match(await desk.status.innerText(), /Waiting for your word/);
  await page.getByLabel("Make unreadable").fill("reading room");
  await page.getByRole("button", { name: "Look again" }).click();
  await page.getByText("as they would be sent now").waitFor();
  assert.ok(!/reading room/i.test(await page.locator("#gate-bytes").innerText({ timeout: 1000 }).catch(() => "")));
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await desk.answered();
  const [body] = bodies(from);
  assert.ok(!/reading room/i.test(body) && body.includes("███"), body);

  await page.locator("#ledger-open").click();
  await page.getByText("1 request,").waitFor();
  const entry = page.locator("#ledger-list details").first();
  await entry.locator("summary").click();
  assert.ok((await entry.innerText()).includes("███"));
});
