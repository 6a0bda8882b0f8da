// What goes wrong at an API → a message that says what to do, and a page that goes on.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { story } from "./browser.mjs";
import { rules, temporaryFolder } from "./documents.mjs";
import { beginning, startFaultServer } from "./fault-server.mjs";
import { freePort, until } from "./process.mjs";

/** @typedef {import("./desk.mjs").Desk} Desk */

/** @type {Awaited<ReturnType<typeof startFaultServer>>} */
let server;
before(async () => {
  server = await startFaultServer();
});
after(() => server?.stop());

const { write } = temporaryFolder();
const file = write("rules.md", rules);
const question = "When does the reading room close?";

/** Whoever looks into the console sees the browser's own word on a failed request. */
const expected = [/Failed to load resource/, /blocked by CORS policy/, /ERR_INCOMPLETE_CHUNKED_ENCODING/];

/** Names another API in the address, as a link does. @param {Desk} desk @param {string} baseUrl */
async function turnTo(desk, baseUrl) {
  await desk.page.evaluate(
    (hash) => {
      location.hash = hash;
    },
    `api=openai&base-url=${encodeURIComponent(baseUrl)}&llm=nobody`,
  );
  const { host } = new URL(baseUrl);
  await until(
    `the page names ${host}`,
    async () => (await desk.page.locator("#origin").innerText()) === `nobody at ${host}`,
  );
}

story(
  "each failure of an API has its code, and its message says what to do",
  async ({ desk }) => {
    await desk.choose(file);
    await desk.settled(1);
    const closed = `http://127.0.0.1:${await freePort()}/v1`;
    /** @type {[baseUrl: string, code: string, message: RegExp][]} */
    const failures = [
      [server.baseUrl(400), "api_rejected", /max_tokens is too large/],
      [server.baseUrl(401), "api_unauthorized", /Incorrect API key provided.*Check the key in the settings/],
      [server.baseUrl(404), "api_model_unknown", /"nobody".*does not exist.*Check the model's name and the base URL/],
      [server.baseUrl(429), "api_rate_limited", /Rate limit reached.*Wait a little and ask again/],
      [server.baseUrl(500), "api_server", /overloaded.*try again in a moment/],
      [server.baseUrl(502), "api_server", /web page instead of an answer.*try again/],
      [server.baseUrl("html"), "api_not_json", /web page.*Check the base URL, which usually ends in \/v1/],
      [server.baseUrl("unknown"), "api_model_unknown", /Check the model's name and the base URL/],
      [server.baseUrl("no-cors"), "api_unreachable", /Is the server running.*CORS.*OLLAMA_ORIGINS/],
      [closed, "api_unreachable", /Is the server running at that address/],
    ];
    for (const [baseUrl, code, message] of failures) {
      await turnTo(desk, baseUrl);
      await desk.ask(question);
      await desk.answered("error");
      assert.equal(await desk.answerError.getAttribute("data-code"), code, baseUrl);
      const told = await desk.answerError.innerText();
      assert.match(told, message, baseUrl);
      assert.ok(told.includes(baseUrl), `the message names the address: ${told}`);
      assert.equal(await desk.question.inputValue(), question, "the question can be asked again");
      assert.ok(!(await desk.stopButton.isVisible()));
    }
    server.state.text = "It closes at half past six in the evening [1].";
    await turnTo(desk, server.baseUrl("says"));
    await desk.askButton.click();
    await desk.answered();
    assert.equal(await desk.answerText(), "It closes at half past six in the evening .");
    assert.equal(await desk.citations.getAttribute("data-verdict"), "supported");
  },
  { expected },
);

story(
  "of an answer that breaks off, what came is kept",
  async ({ desk }) => {
    await desk.choose(file);
    await desk.settled(1);
    for (const fault of ["cut", "ended"]) {
      await turnTo(desk, server.baseUrl(fault));
      await desk.ask(question);
      await desk.answered("error");
      assert.equal(await desk.answerError.getAttribute("data-code"), "api_stream_cut", fault);
      assert.match(await desk.answerError.innerText(), /ask again for the rest/);
      assert.equal(await desk.answerText(), beginning, fault);
    }
  },
  { expected },
);

story(
  "of a server that says nothing one can let go",
  async ({ desk }) => {
    await desk.choose(file);
    await desk.settled(1);
    await turnTo(desk, server.baseUrl("silent"));
    await desk.ask(question);
    await until("the request has come", () => server.waiting() === 1);
    assert.match(await desk.status.innerText(), /Writing|Searching/);
    await desk.stopButton.click();
    await desk.answered("done");
    await until("the connection is closed", () => server.waiting() === 0);
    assert.match(await desk.status.innerText(), /Stopped/);
  },
  { expected },
);

story("a model that cites what does not exist is told apart from one that cites well", async ({ desk }) => {
  await desk.choose(file);
  await desk.settled(1);
  server.state.text =
    "It closes at half past six in the evening [1]. Dragons guard every bookshelf and demand gold [7].";
  await turnTo(desk, server.baseUrl("says"));
  await desk.ask(question);
  await desk.answered();
  const verdicts = await desk.citations.evaluateAll((all) => all.map((each) => each.getAttribute("data-verdict")));
  assert.deepEqual(verdicts, ["supported", "unsupported"]);
  assert.match((await desk.citations.nth(1).getAttribute("aria-label")) ?? "", /no such source/);
  await desk.citations.nth(1).click({ force: true }); // It says that it is disabled.
  assert.ok(!(await desk.viewer.isVisible()), "there is nothing to open");
});
