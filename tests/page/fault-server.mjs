// the faults of APIs → a server that has them all, each under a path of its own
//
// What a real server does not do when asked: refuse, stall, break off, answer with a web page, say what one wants.
import { createServer } from "node:http";

/** @typedef {import("node:http").ServerResponse} ServerResponse */
/** @typedef {import("node:http").IncomingHttpHeaders} Headers */
/** @typedef {{ method: string, path: string, headers: Headers, body: string }} Received */

const webPage =
  "<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>";

/** Words of an answer that breaks off. */
export const beginning = "The reading room closes at half past six";

/** @type {Record<string, [status: number, body: string]>} */
const refusals = {
  400: [400, JSON.stringify({ error: { message: "max_tokens is too large: 99999" } })],
  401: [401, JSON.stringify({ error: { message: "Incorrect API key provided" } })],
  404: [404, JSON.stringify({ error: { message: "The model `nobody` does not exist", code: "model_not_found" } })],
  429: [429, JSON.stringify({ error: { message: "Rate limit reached for requests" } })],
  500: [500, JSON.stringify({ error: { message: "The engine is overloaded" } })],
  502: [502, webPage],
  html: [200, webPage],
};

/**
 * Starts it. A base URL is `baseUrl(fault)`: one of the refusals above, or `cut` (the connection breaks in mid-stream),
 * `ended` (the stream ends without its end), `silent` (accepts, and says nothing), `no-cors` (answers, but does not let
 * a page read it), `says` (answers with `text`, and breaks off behind it where `isCut`, a word
 * every `pace` milliseconds).
 */
export async function startFaultServer() {
  /** @type {Received[]} */
  const requests = [];
  const state = { text: "", isCut: false, pace: 5 };
  /** How many connections wait in silence. */
  let waiting = 0;
  const server = createServer(async (request, response) => {
    const { method = "", url: path = "", headers } = request;
    let body = "";
    for await (const part of request) body += part;
    requests.push({ method, path, headers, body });
    const fault = path.split("/")[1] ?? "";
    if (fault !== "no-cors") {
      response.setHeader("access-control-allow-origin", "*");
      response.setHeader("access-control-allow-headers", "*, authorization");
    }
    if (method === "OPTIONS") return response.writeHead(204).end();
    const refusal = refusals[fault];
    if (refusal) {
      const [status, text] = refusal;
      const type = text.startsWith("<") ? "text/html; charset=utf-8" : "application/json";
      return response.writeHead(status, { "content-type": type }).end(text);
    }
    if (fault === "silent") {
      waiting += 1;
      return response.once("close", () => (waiting -= 1));
    }
    if (!["cut", "ended", "no-cors", "says"].includes(fault)) return response.writeHead(404).end("not found");
    response.writeHead(200, { "content-type": "text/event-stream" });
    const isWhole = fault === "says" || fault === "no-cors";
    for (const word of (isWhole ? state.text : beginning).split(/(?<=\s)/)) {
      say(response, { choices: [{ index: 0, delta: { content: word }, finish_reason: null }] });
      await new Promise((resolve) => setTimeout(resolve, state.pace));
    }
    if (fault === "cut" || state.isCut) return setTimeout(() => response.destroy(), 200);
    if (fault === "ended") return response.end();
    say(response, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    response.end("data: [DONE]\n\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    state,
    /** @param {string | number} fault */
    baseUrl: (fault) => `http://127.0.0.1:${port}/${fault}/v1`,
    waiting: () => waiting,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}

/** @param {ServerResponse} response @param {object} chunk */
function say(response, chunk) {
  response.write(
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", ...chunk })}\n\n`,
  );
}
