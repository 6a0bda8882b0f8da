// Every fault of an API → the right answer, or a clear error with its code, in time, with what had come kept.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before } from "node:test";
import { startFaultServer } from "./fault-server.mjs";
import { faults, whole } from "./faults.mjs";
import { rules } from "./documents.mjs";
import { ownSiteStory } from "./own-site.mjs";
import { freePort } from "./process.mjs";

/** @typedef {import("./blank.mjs").Run} Run */
/** @typedef {import("./dialects.mjs").Api} Api */
/** @typedef {import("./faults.mjs").Fault} Fault */
/** @typedef {Awaited<ReturnType<typeof startFaultServer>>} FaultServer */

/** For faults that need patience: little of it, in milliseconds. */
const patience = {
  retries: { retries: 2, firstWait: 20, longestWait: 40 },
  timeouts: { connect: 1500, firstToken: 1500, silence: 1500, total: 5000 },
};
/** By then all must be over. */
const DEADLINE = 8000;
const KEY = "sk-never-told";

/** @type {FaultServer} */
let server;
/** Where redirects lead; it must hear nothing. @type {FaultServer} */
let elsewhere;
before(async () => {
  elsewhere = await startFaultServer();
  server = await startFaultServer({ elsewhere: elsewhere.origin });
});
after(() => Promise.all([server?.stop(), elsewhere?.stop()]));

/** The browser's own words on what it is made to see. */
const expected = [/Failed to load resource/, /blocked by CORS policy/, /ERR_/, /Deprecation|authorization will not be covered/i];

/**
 * Asks each of them the same, one after the other.
 * @param {Run} run
 * @param {object[]} generators
 */
const askAll = (run, generators) =>
  run(async ({ open }, { generators, rules }) => {
    const carrel = await open({ workers: 1 });
    await carrel.add({ id: "rules", title: "Rules", text: rules });
    const told = [];
    for (const generator of generators) {
      const start = performance.now();
      const answer = carrel.ask("When does the reading room close?", { generator: /** @type {any} */ (generator), limit: 1 });
      let text = "";
      let failure = /** @type {{ code: string, message: string } | null} */ (null);
      try {
        for await (const event of answer) if (event.type === "text") text += event.text;
      } catch (error) {
        const { code, message } = /** @type {any} */ (error);
        failure = { code, message };
      }
      const elapsed = performance.now() - start;
      const trace = JSON.stringify(await answer.trace.catch(() => null));
      told.push({ text, failure, elapsed, trace, sources: (await answer.sources.catch(() => [])).length });
    }
    await carrel.close();
    return told;
  }, { generators, rules });

/** Plays rows of the table in one API, and holds what comes against them. @param {Run} run @param {Api} api @param {[string, Fault][]} rows */
async function play(run, api, rows) {
  const addresses = rows.map(([name]) => server.freshBaseUrl(name));
  const generators = rows.map(([, { needs }], at) => {
    return { api, baseUrl: addresses[at], model: "nobody", apiKey: KEY, maxTokens: 60, ...(needs ? patience : {}) };
  });
  elsewhere.requests.length = 0;
  const told = await askAll(run, generators);
  /** All that is wrong, so that one row does not hide the others. @type {string[]} */
  const wrong = [];
  for (const [at, [name, fault]] of rows.entries()) {
    const { text, failure, elapsed, trace, sources } = told[at];
    const path = new URL(addresses[at]).pathname;
    const arrived = server.requests.filter((request) => request.method === "POST" && request.path.startsWith(`${path}/`)).length;
    const [least, most] = fault.arrives ?? [1, 1];
    const complain = (/** @type {boolean} */ holds, /** @type {string} */ problem) => {
      if (!holds) wrong.push(`${api}, ${name} (${fault.what}): ${problem}`);
    };
    const ended = failure ? `${failure.code}: ${failure.message}` : "an answer";
    complain(failure?.code === fault.code, `ended with ${ended}`);
    if (!fault.code) complain(text === whole, `it says ${JSON.stringify(text.slice(0, 200))}`);
    else if (name === "never-ending") complain(text.startsWith(fault.partial ?? ""), `kept ${JSON.stringify(text.slice(0, 200))}`);
    else complain(text === (fault.partial ?? ""), `kept ${JSON.stringify(text.slice(0, 200))}`);
    if (failure && fault.says) complain(fault.says.test(failure.message), `the message is ${failure.message}`);
    if (failure) complain(failure.message.includes(addresses[at]), `the message names no address: ${failure.message}`);
    complain(arrived >= least && arrived <= most, `arrived ${arrived} times, not ${least} to ${most}`);
    complain(elapsed <= (fault.within ?? DEADLINE) && elapsed >= (fault.takes ?? 0), `took ${Math.round(elapsed)} ms`);
    complain(sources === 1, "the sources are there");
    complain(!`${trace}${failure?.message}`.includes(KEY), "the key is told");
    complain(trace !== "null", "there is no trace");
  }
  assert.deepEqual(wrong, []);
  assert.equal(elsewhere.requests.length, 0, "another server was asked");
}

const table = Object.entries(faults);

/** @type {[title: string, belongs: (fault: Fault) => boolean][]} */
const parts = [
  ["what can be told at once", ({ needs }) => needs === undefined],
  ["what another time may help", ({ needs }) => needs === "retries"],
  ["what takes too long", ({ needs }) => needs === "timeouts"],
];
for (const [title, belongs] of parts) {
  for (const api of /** @type {Api[]} */ (["openai", "responses", "anthropic", "gemini"])) {
    const rows = table.filter(([, fault]) => belongs(fault) && (api === "openai" || fault.everywhere));
    ownSiteStory(`${rows.length} faults by ${api} end as they should: ${title}`, ({ run }) => play(run, api, rows), { expected });
  }
}

ownSiteStory("no server, and one that speaks something else, are told as such", async ({ run }) => {
  const greeting = createServer((socket) => socket.on("error", () => {}).end("220 mail.library.example ESMTP\r\n"));
  await new Promise((resolve) => greeting.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (greeting.address());
  try {
    const addresses = [await freePort(), port].map((port) => `http://127.0.0.1:${port}/v1`);
    const told = await askAll(run, addresses.map((baseUrl) => ({ api: "openai", baseUrl, model: "nobody" })));
    for (const { failure, text } of told) {
      assert.equal(failure?.code, "api_unreachable");
      assert.match(failure.message, /Is the server running at that address/);
      assert.equal(text, "");
    }
  } finally {
    greeting.close();
  }
}, { expected });
