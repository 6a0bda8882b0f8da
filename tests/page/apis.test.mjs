// Four APIs → the same answer: their requests are as their makers publish them, and their streams are read. Three are spoken
// by a real language model, the fourth by a server that says what Google's was recorded to say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { apiStory } from "./blank.mjs";
import { rules, shared } from "./documents.mjs";
import { startLanguageModel } from "./language-model.mjs";
import { startRecorder } from "./recorder.mjs";
import { faultsOf } from "./specifications.mjs";

/** @typedef {import("./blank.mjs").Run} Run */
/** @typedef {"openai" | "responses" | "anthropic" | "gemini"} Api */

/** @type {Awaited<ReturnType<typeof startLanguageModel>>} */
let model;
/** @type {Awaited<ReturnType<typeof startRecorder>>} */
let recorder;
/** @type {Awaited<ReturnType<typeof startGemini>>} */
let gemini;
before(async () => {
  [model, gemini] = await Promise.all([startLanguageModel(), startGemini()]);
  recorder = await startRecorder(model.origin);
});
after(async () => {
  await recorder?.stop();
  await Promise.all([model?.stop(), gemini?.stop()]);
});

/** Google's side: a recorded stream, for whatever is asked. */
async function startGemini() {
  const chunks = readFileSync(shared("streams/google/google-reasoning-gemini3.chunks.txt"), "utf8").split("\n").filter((line) => line.trim() !== "");
  /** @type {{ path: string, headers: import("node:http").IncomingHttpHeaders, body: string }[]} */
  const requests = [];
  const server = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "content-type, x-goog-api-key");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    let body = "";
    for await (const part of request) body += part;
    requests.push({ path: request.url ?? "", headers: request.headers, body });
    if (request.method === "GET") {
      const all = [["embedder", "embedContent"], ["writer", "generateContent"]];
      const models = all.map(([name, method]) => ({ name: `models/${name}`, supportedGenerationMethods: [method] }));
      return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ models }));
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks) response.write(`data: ${chunk}\r\n\r\n`);
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const parts = chunks.flatMap((chunk) => JSON.parse(chunk).candidates?.[0]?.content?.parts ?? []);
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    requests,
    text: parts.filter((part) => !part.thought).map(({ text = "" }) => text).join(""),
    stop: () => new Promise((resolve) => server.close(() => resolve(undefined))),
  };
}

/** Asks by an API, and tells what came. @param {Run} run @param {object} generator */
const ask = (run, generator) =>
  run(async ({ open }, { generator, rules }) => {
    const carrel = await open({ workers: 1 });
    await carrel.add({ id: "rules", title: "Rules", text: rules });
    const examples = [{ question: "When does it open?", answer: "At nine in the morning [1]." }];
    const answer = carrel.ask("When does the reading room close?", { generator: /** @type {any} */ (generator), limit: 1, examples });
    let text = "";
    let pieces = 0;
    for await (const event of answer) {
      if (event.type !== "text") continue;
      text += event.text;
      pieces += 1;
    }
    const { usage, request } = await answer.trace;
    const models = await carrel.models(/** @type {any} */ (generator));
    await carrel.close();
    return { text, pieces, usage, request, models };
  }, { generator, rules });

/** The headers that a browser does not send of itself. @param {import("node:http").IncomingHttpHeaders} headers */
const ownHeaders = (headers) =>
  Object.keys(headers).filter((name) => /^(authorization|x-|anthropic)/.test(name) && !name.startsWith("x-forwarded")).sort();

for (const [api, path, headers] of /** @type {[Api, string, string[]][]} */ ([
  ["openai", "/v1/chat/completions", []],
  ["responses", "/v1/responses", []],
  ["anthropic", "/v1/messages", ["anthropic-dangerous-direct-browser-access", "anthropic-version"]],
])) {
  apiStory(`a real language model answers by ${api}: the request is as published, the stream is read`, async ({ run }) => {
    recorder.requests.length = 0;
    const told = await ask(run, { api, baseUrl: recorder.baseUrl, model: model.name, maxTokens: 60 });
    assert.match(told.text, /reading room/i);
    assert.ok(told.pieces > 3, `${told.pieces} pieces`);
    const { promptTokens, completionTokens, finish } = told.usage ?? {};
    assert.ok((promptTokens ?? 0) > 50 && (completionTokens ?? 0) >= told.pieces / 2, JSON.stringify(told.usage));
    assert.ok(finish === "stop" || finish === "length", `it ended by ${finish}`);
    const [posted] = recorder.requests.filter(({ method }) => method === "POST");
    assert.equal(posted.path, path);
    assert.deepEqual(ownHeaders(posted.headers), headers);
    assert.equal(posted.body, told.request?.body, "the trace has what was sent, to the byte");
    assert.deepEqual(faultsOf(api, posted.body), []);
    assert.ok(told.models.length > 0);
  });
}

apiStory("Gemini's stream is read, its request is as published, and its models that write are listed", async ({ run }) => {
  gemini.requests.length = 0;
  const told = await ask(run, { api: "gemini", baseUrl: gemini.baseUrl, model: "writer", apiKey: "AIza-secret", maxTokens: 60 });
  assert.ok(told.text.length > 0);
  assert.equal(told.text, gemini.text);
  assert.equal(told.usage?.finish, "stop");
  assert.deepEqual(told.models, ["writer"]);
  const [posted] = gemini.requests;
  assert.equal(posted.path, "/v1beta/models/writer:streamGenerateContent?alt=sse");
  assert.deepEqual(ownHeaders(posted.headers), ["x-goog-api-key"]);
  assert.equal(posted.headers["x-goog-api-key"], "AIza-secret");
  assert.deepEqual(faultsOf("gemini", posted.body), []);
  assert.ok(!JSON.stringify(told).includes("AIza-secret"), "the key is in no trace");
});

apiStory("the schemas refuse what is wrong", async () => {
  const wrong = /** @type {[Api, object][]} */ ([
    ["openai", { model: "m", messages: [] }],
    ["openai", { model: "m", messages: [{ role: "nobody", content: "x" }] }],
    ["responses", { model: "m", input: [{ role: "user" }] }],
    ["anthropic", { model: "m", messages: [{ role: "system", content: "x" }], max_tokens: 1, stream: true }],
    ["gemini", { contents: [{ role: "assistant", parts: [{ text: "x" }] }] }],
  ]);
  for (const [api, body] of wrong) assert.notDeepEqual(faultsOf(api, JSON.stringify(body)), [], `${api} ${JSON.stringify(body)}`);
});
