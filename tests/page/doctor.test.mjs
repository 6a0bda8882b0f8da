// What stands between a page and a language model's answers → told apart, with what to do, in each state of a real server.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { visitBlank } from "./blank.mjs";
import { ARGUMENTS, story } from "./browser.mjs";
import { startFaultServer } from "./fault-server.mjs";
import { startLanguageModel } from "./language-model.mjs";
import { ownSiteStory } from "./own-site.mjs";
import { freePort, until } from "./process.mjs";

/** @typedef {import("./blank.mjs").Run} Run */
/** @typedef {import("../../www/carrel.js").Step} Step */
/** @typedef {import("../../www/carrel.js").Diagnosis} Diagnosis */
/** @typedef {{ api?: string, baseUrl: string, model?: string, apiKey?: string }} Connection */

/** @type {Awaited<ReturnType<typeof startFaultServer>>} */
let server;
/** Where redirects lead; it must hear nothing. @type {Awaited<ReturnType<typeof startFaultServer>>} */
let elsewhere;
before(async () => {
  elsewhere = await startFaultServer();
  server = await startFaultServer({ elsewhere: elsewhere.origin });
});
after(() => Promise.all([server?.stop(), elsewhere?.stop()]));

/** The browser's own words on what it is made to see. */
const expected = [/Failed to load resource/, /blocked by CORS policy/, /ERR_/, /authorization will not be covered/i, /Mixed Content/, /Permission was denied/];

/**
 * Examines connections one after the other.
 * @param {Run} run
 * @param {Connection[]} connections
 * @param {{ ask?: boolean }} [options]
 * @returns {Promise<(Diagnosis & { told: Step[] })[]>}
 */
const examine = (run, connections, options = {}) =>
  run(async ({ open }, { connections, options }) => {
    const carrel = await open({ workers: 1 });
    const all = [];
    for (const connection of connections) {
      const told = /** @type {Step[]} */ ([]);
      const generator = /** @type {any} */ ({ api: "openai", model: "nobody", ...connection });
      all.push({ ...(await carrel.diagnose(generator, { ...options, onStep: (step) => told.push(step) })), told });
    }
    await carrel.close();
    return all;
  }, { connections, options });

/** The states of the steps, in short. @param {Diagnosis} diagnosis */
const states = ({ steps }) => steps.map(({ name, state }) => `${name} ${state}`).join(", ");
/** The step that failed. @param {Diagnosis} diagnosis @returns {Step} */
function failed({ steps }) {
  const all = steps.filter(({ state }) => state === "failed");
  assert.equal(all.length, 1, JSON.stringify(steps));
  return all[0];
}

/**
 * Plays in a browser of its own, started with further arguments.
 * @param {string[]} further
 * @param {string} url
 * @param {(run: Run, page: import("playwright-core").Page) => Promise<void>} play
 * @param {import("playwright-core").BrowserContextOptions & { permissions?: string[] }} [options]
 */
async function inBrowser(further, url, play, options = {}) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...ARGUMENTS, ...further] });
  try {
    const page = await (await browser.newContext(options)).newPage();
    await play(await visitBlank(page, url), page);
  } finally {
    await browser.close();
  }
}

ownSiteStory("no server, one that is no web server, and one that says nothing are told apart", async ({ run }) => {
  const greeting = createServer((socket) => socket.on("error", () => {}).end("220 mail.library.example ESMTP\r\n"));
  await new Promise((resolve) => greeting.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (greeting.address());
  try {
    const addresses = [...[await freePort(), port].map((each) => `http://127.0.0.1:${each}/v1`), server.baseUrl("silent")];
    const [none, other, silent] = await examine(run, addresses.map((baseUrl) => ({ baseUrl })), { ask: true });
    for (const diagnosis of [none, other]) {
      assert.equal(diagnosis.verdict, "no_server");
      assert.equal(states(diagnosis), "address ok, permission skipped, server failed, cors skipped, key skipped, model skipped, answer skipped");
      assert.match(failed(diagnosis).detail, /^Nothing that speaks HTTP answers at 127\.0\.0\.1:\d+\.$/);
      assert.match(failed(diagnosis).remedy ?? "", /Start the server/);
      assert.deepEqual(diagnosis.told, diagnosis.steps.slice(0, diagnosis.told.length));
      assert.equal(diagnosis.told.length, 7, "each step is told");
    }
    assert.equal(silent.verdict, "api_timeout");
    assert.match(failed(silent).detail, /takes connections and says nothing for 20 s/);
  } finally {
    greeting.close();
  }
}, { expected });

ownSiteStory("a real server that does not let this page ask is told, and what is said to do about it helps", async ({ own }) => {
  const port = await freePort();
  const inPage = new URL(own.url).origin;
  // As if it had the port that llama.cpp's server has of itself.
  const asIf = [`--host-resolver-rules=MAP 127.0.0.1:8080 127.0.0.1:${port}`];
  const connection = { baseUrl: "http://127.0.0.1:8080/v1" };
  let command = "";
  const refusing = await startLanguageModel({ port, origins: "https://elsewhere.example" });
  try {
    await inBrowser(asIf, own.url, async (run) => {
      const [refused] = await examine(run, [connection], { ask: true });
      assert.equal(refused.verdict, "cors_refused");
      assert.equal(states(refused), "address ok, permission ok, server ok, cors failed, key skipped, model skipped, answer skipped");
      const { detail, remedy } = failed(refused);
      command = failed(refused).command ?? "";
      assert.ok(detail.includes(`does not let ${inPage} read`), detail);
      assert.match(remedy ?? "", /^Allow this page in llama\.cpp:$/);
      assert.equal(command, `llama-server --cors-origins ${inPage}`);
      assert.ok(!(await refusing.isBusy()));
    });
  } finally {
    await refusing.stop();
  }
  const allowing = await startLanguageModel({ port, origins: command.split(" ")[2] });
  try {
    await inBrowser(asIf, own.url, async (run) => {
      const [allowed] = await examine(run, [connection], { ask: true });
      assert.equal(allowed.verdict, "ok", JSON.stringify(allowed.steps));
      assert.equal(states(allowed), "address ok, permission ok, server ok, cors ok, key ok, model ok, answer ok");
    });
  } finally {
    await allowing.stop();
  }
}, { expected });

ownSiteStory("at a real server a wrong key, a missing one and the right one are told apart; it takes any name of a model", async ({ run, requests, own }) => {
  const model = await startLanguageModel({ key: "sk-right" });
  try {
    const { baseUrl } = model;
    const [wrong, missing] = await examine(run, [{ baseUrl, apiKey: "sk-wrong" }, { baseUrl }], { ask: true });
    for (const diagnosis of [wrong, missing]) {
      assert.equal(diagnosis.verdict, "api_unauthorized");
      assert.equal(states(diagnosis), "address ok, permission ok, server ok, cors ok, key failed, model skipped, answer skipped");
    }
    assert.match(failed(wrong).detail, /Invalid API Key.*Check the key/);
    assert.match(failed(missing).remedy ?? "", /Enter a key/);
    const right = { baseUrl, apiKey: "sk-right", model: "a-name-of-my-own" };
    const [quiet] = await examine(run, [right]);
    assert.equal(states(quiet), "address ok, permission ok, server ok, cors ok, key ok, model ok, answer skipped");
    assert.match(quiet.steps[5].detail, /whatever the name/);
    const [asked] = await examine(run, [right, { ...right, api: "anthropic" }], { ask: true });
    assert.equal(asked.verdict, "ok", JSON.stringify(asked.steps));
    assert.equal(asked.steps[6].state, "ok");
    assert.ok(!JSON.stringify([wrong, missing, quiet, asked]).includes("sk-"), "no key is told");
  } finally {
    await model.stop();
  }
  const others = requests.filter((url) => !url.startsWith(own.url) && !url.startsWith("data:") && !url.startsWith(model.baseUrl));
  assert.deepEqual(others, [], "nobody else was asked");
}, { expected });

ownSiteStory("an unknown model and an empty account are found out, without a question wherever that can be", async ({ run }) => {
  server.state.models = ["writer", "reader"];
  server.requests.length = 0;
  const connections = ["404", "402", "quota", "says"].map((fault) => ({ baseUrl: server.baseUrl(fault), model: fault === "says" ? "writer" : "nobody" }));
  const quiet = await examine(run, connections);
  assert.deepEqual(quiet.map(({ verdict }) => verdict), ["model_unlisted", "model_unlisted", "model_unlisted", "ok"]);
  assert.match(quiet[0].steps[5].detail, /nobody is not listed.*There are writer, reader\./);
  assert.match(quiet[3].steps[6].detail, /Not asked: an answer may cost/);
  const posts = server.requests.filter(({ method }) => method === "POST").map(({ body }) => body);
  assert.deepEqual([...new Set(posts)], ["{"], "nothing that could be answered was sent");

  const [unknown, credit, quota, fine] = await examine(run, connections, { ask: true });
  assert.equal(unknown.verdict, "api_model_unknown");
  assert.equal(failed(unknown).name, "model");
  assert.match(failed(unknown).detail, /"nobody".*There are writer, reader/);
  for (const diagnosis of [credit, quota]) {
    assert.equal(diagnosis.verdict, "api_quota_exceeded");
    assert.equal(failed(diagnosis).name, "answer");
    assert.match(failed(diagnosis).detail, /Add credit/);
  }
  assert.equal(fine.verdict, "ok");
  assert.equal(states(fine), "address ok, permission ok, server ok, cors ok, key ok, model ok, answer ok");
}, { expected });

ownSiteStory("all four APIs are examined by their own list, headers and question", async ({ run }) => {
  server.state.models = ["writer"];
  server.requests.length = 0;
  const apis = ["openai", "responses", "anthropic", "gemini"];
  const connection = { baseUrl: server.baseUrl("says"), model: "writer", apiKey: "sk-mine" };
  const all = await examine(run, apis.map((api) => ({ ...connection, api })), { ask: true });
  for (const [at, diagnosis] of all.entries()) assert.equal(diagnosis.verdict, "ok", `${apis[at]} ${JSON.stringify(diagnosis.steps)}`);
  const asked = server.requests.filter(({ method, body }) => method === "POST" && body !== "{");
  assert.deepEqual(asked.map(({ path }) => path.replace("/says/v1", "")), ["/chat/completions", "/responses", "/messages", "/models/writer:generateContent"]);
  for (const [at, name] of ["authorization", "authorization", "x-api-key", "x-goog-api-key"].entries()) {
    assert.match(String(asked[at].headers[name]), /^(Bearer )?sk-mine$/);
  }
}, { expected });

ownSiteStory("a redirect, refused headers, a web page and a wrong path each have their verdict, and nobody else is asked", async ({ run }) => {
  elsewhere.requests.length = 0;
  const faults = ["redirect-elsewhere", "no-cors-headers", "no-cors", "html", "nowhere", "503"];
  const all = await examine(run, faults.map((fault) => ({ baseUrl: server.baseUrl(fault), apiKey: "sk-mine" })));
  assert.deepEqual(all.map(({ verdict }) => verdict), ["redirected", "cors_refused", "cors_refused", "api_not_json", "api_not_json", "api_overloaded"]);
  assert.match(failed(all[1]).detail, /but not with these headers: authorization, content-type/);
  const { remedy, command } = failed(all[2]);
  assert.equal(command, null, "the port tells nothing, so each server's way is told");
  const page = (await run(async () => location.origin)) ?? "";
  assert.deepEqual((remedy ?? "").split("\n").sort(), [
    `LM Studio, by Developer → Server Settings → Enable CORS, or: lms server start --cors`,
    `Ollama: OLLAMA_ORIGINS=${page} ollama serve`,
    `llama.cpp: llama-server --cors-origins ${page}`,
    `vLLM: vllm serve MODEL --allowed-origins '["${page}"]'`,
  ].sort());
  assert.match(failed(all[4]).remedy ?? "", /usually ends in \/v1/);
  assert.equal(elsewhere.requests.length, 0, "the redirect was not followed");
}, { expected });

ownSiteStory("each server of one's own is known by its port, and told how to let this page ask", async ({ own }) => {
  const { port } = new URL(server.origin);
  const ports = [11434, 1234, 8080, 8000];
  const rules = ports.map((each) => `MAP 127.0.0.1:${each} 127.0.0.1:${port}`).join(",");
  const page = new URL(own.url).origin;
  await inBrowser([`--host-resolver-rules=${rules}`], own.url, async (run) => {
    const all = await examine(run, ports.map((each) => ({ baseUrl: `http://127.0.0.1:${each}/no-cors/v1` })));
    assert.deepEqual(all.map((each) => failed(each).command), [
      `OLLAMA_ORIGINS=${page} ollama serve`,
      "lms server start --cors",
      `llama-server --cors-origins ${page}`,
      `vllm serve MODEL --allowed-origins '["${page}"]'`,
    ]);
    assert.match(failed(all[1]).remedy ?? "", /Developer → Server Settings → Enable CORS/);
  });
}, { expected });

ownSiteStory("a page from the web that the browser keeps from this machine is told so, and one that may ask is not", async ({ own }) => {
  // The site as if it were somewhere on the web, for which the browser asks the person first; without a head it refuses.
  const fromTheWeb = [`--ip-address-space-overrides=127.0.0.1:${new URL(own.url).port}=public`];
  const connection = { baseUrl: server.baseUrl("says") };
  await inBrowser(fromTheWeb, own.url, async (run) => {
    const [denied] = await examine(run, [connection]);
    assert.equal(denied.verdict, "permission_denied", JSON.stringify(denied.steps));
    assert.equal(states(denied), "address ok, permission failed, server skipped, cors skipped, key skipped, model skipped, answer skipped");
    assert.match(failed(denied).remedy ?? "", /Local network access.* in the site settings/);
  });
  await inBrowser(fromTheWeb, own.url, async (run) => {
    const [granted] = await examine(run, [connection, { baseUrl: `http://127.0.0.1:${await freePort()}/v1` }]);
    assert.equal(granted.steps[1].state, "ok");
    assert.equal(granted.steps[2].state, "ok");
  }, { permissions: ["local-network-access"] });
  await inBrowser(fromTheWeb, own.plainUrl, async (run) => {
    const [plain] = await examine(run, [connection]);
    assert.equal(plain.verdict, "permission_denied", JSON.stringify(plain.steps));
    assert.match(failed(plain).remedy ?? "", /Open this page by https/);
  });
}, { expected });

ownSiteStory("an address that is none, or that a page by https may not ask, is told before anything is sent", async ({ run, own, page, context }) => {
  const addresses = ["127.0.0.1:11434", "ftp://library.example/v1", "http://reader:secret@127.0.0.1:9/v1", "http://library.example:99999/v1"];
  const wrong = await examine(run, addresses.map((baseUrl) => ({ baseUrl })));
  for (const diagnosis of wrong) {
    assert.equal(diagnosis.verdict, "option_invalid", JSON.stringify(diagnosis.steps));
    assert.equal(failed(diagnosis).name, "address");
  }
  assert.match(failed(wrong[2]).detail, /password; leave them out/);
  assert.ok(!JSON.stringify(wrong).includes("secret"));
  const [key] = await examine(run, [{ baseUrl: server.baseUrl("says"), apiKey: "sk-\u2013dash" }]);
  assert.equal(failed(key).name, "key");
  const [repeated] = await examine(run, [{ baseUrl: server.baseUrl(401), apiKey: "Incorrect" }]);
  assert.match(failed(repeated).detail, /\(the key\) API key provided/, "a key that a server repeats is not told");

  // The same site by https: its answers are the story's own.
  await context.route("https://desk.example/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    const response = await fetch(new URL(pathname, own.url));
    await route.fulfill({ status: response.status, contentType: response.headers.get("content-type") ?? "", body: Buffer.from(await response.arrayBuffer()) });
  });
  const secure = await visitBlank(page, "https://desk.example/");
  const [mixed, local] = await examine(secure, [{ baseUrl: "http://library.example/v1" }, { baseUrl: server.baseUrl("says") }]);
  assert.equal(mixed.verdict, "mixed_content");
  assert.match(failed(mixed).detail, /came by https/);
  assert.equal(local.steps[0].state, "ok", "this very machine may be asked by http");
}, { expected });

ownSiteStory("an examination can be given up, and what it sent is in the ledger, without the key", async ({ run }) => {
  const told = await run(async ({ open, failure }, baseUrl) => {
    const carrel = await open({ workers: 1 });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 500);
    const generator = /** @type {const} */ ({ api: "openai", baseUrl, model: "nobody", apiKey: "sk-mine" });
    const aborted = await failure(() => carrel.diagnose(generator, { signal: controller.signal }));
    const mistyped = await failure(() => carrel.diagnose(generator, /** @type {any} */ ({ aks: true })));
    await carrel.diagnose({ ...generator, baseUrl: baseUrl.replace("silent", "says") });
    const ledger = await carrel.ledger();
    await carrel.close();
    return { codes: [aborted.name, mistyped.code], ledger };
  }, server.baseUrl("silent"));
  assert.deepEqual(told.codes, ["AbortError", "option_invalid"]);
  assert.deepEqual(told.ledger.map(({ method, status, body }) => [method, status, body]), [["GET", null, null], ["GET", 200, null], ["POST", 400, "{"]]);
  assert.ok(told.ledger.every(({ headers, milliseconds }) => headers.includes("authorization") && milliseconds !== null));
  assert.ok(!JSON.stringify(told.ledger).includes("sk-mine"));
}, { expected });

story("the settings tell what is wrong with a connection, step by step", async ({ page }) => {
  await fillIn(page, server.baseUrl("no-cors"));
  const button = page.locator("#check-connection");
  const verdict = page.locator("#check-verdict");
  const steps = page.locator("#check-steps > li");
  /** Checks, and waits for the end. */
  const check = async () => {
    await button.click();
    await until("the check is over", async () => (await button.innerText()) === "Check the connection" && (await steps.count()) === 7);
  };
  await check();
  assert.match(await verdict.innerText(), /^Access of pages \(CORS\): It does not let http.* read what it answers/);
  assert.equal(await verdict.getAttribute("role"), "status");
  assert.deepEqual(await steps.evaluateAll((all) => all.map((each) => each.getAttribute("data-state"))), ["ok", "ok", "ok", "failed", "skipped", "skipped", "skipped"]);
  assert.match((await steps.nth(3).textContent()) ?? "", /wrong/, "it is told in words, too");
  assert.match(await steps.nth(3).innerText(), /OLLAMA_ORIGINS=http/);

  await page.locator("#base-url").fill(server.baseUrl(401));
  assert.equal(await steps.count(), 0, "what was found of another address goes");
  await check();
  assert.match(await verdict.innerText(), /^Key: .*Incorrect API key provided/);

  server.state.models = ["nobody"];
  await page.locator("#base-url").fill(server.baseUrl("says"));
  await check();
  assert.match(await verdict.innerText(), /Nothing is wrong, as far as can be seen without asking/);
  await page.locator("#check-ask").check();
  await check();
  assert.match(await verdict.innerText(), /Nothing is wrong: the model answers/);

  await page.locator("#base-url").fill(server.baseUrl("silent"));
  await button.click();
  await until("it waits", () => server.waiting() > 0);
  assert.equal(await button.innerText(), "Cancel the check");
  await page.locator("#settings-close").scrollIntoViewIfNeeded();
  await button.click();
  await until("it is over", async () => (await button.innerText()) === "Check the connection");
  assert.equal(await verdict.innerText(), "Cancelled.");
  await until("the server is let go", () => server.waiting() === 0);

  await page.locator("#base-url").fill(`http://127.0.0.1:${await freePort()}/v1`);
  await check();
  assert.match(await verdict.innerText(), /^Server: Nothing that speaks HTTP answers/);
}, { expected });

/** Fills in an address in the settings. @param {import("playwright-core").Page} page @param {string} baseUrl */
async function fillIn(page, baseUrl) {
  await page.locator("[data-opens=settings]:visible").first().click();
  await page.locator("#by-api").check();
  await page.locator("#base-url").fill(baseUrl);
  await page.locator("#llm").fill("nobody");
}

ownSiteStory("what is to be typed elsewhere is copied", async ({ own }) => {
  const asIf = [`--host-resolver-rules=MAP 127.0.0.1:11434 127.0.0.1:${new URL(server.origin).port}`];
  await inBrowser(asIf, own.url, async (_, page) => {
    await page.goto(`${own.url}index.html`);
    await fillIn(page, "http://127.0.0.1:11434/no-cors/v1");
    await page.locator("#check-connection").click();
    await page.locator("#check-steps").getByRole("button", { name: "Copy" }).click();
    await page.locator("#check-steps").getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, `OLLAMA_ORIGINS=${new URL(own.url).origin} ollama serve`);
  }, { permissions: ["clipboard-read", "clipboard-write"] });
}, { expected });
