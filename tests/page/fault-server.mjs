// the table of faults → a server that has them all, each under a path of its own
//
// `baseUrl("cut")` is the address of an API that breaks off; which of the four APIs is spoken is seen by the path that
// follows. What happens under each name is in `faults.mjs`.
import { createServer } from "node:http";
import { apiOf, dialects } from "./dialects.mjs";
import { faults, whole } from "./faults.mjs";

export { beginning } from "./faults.mjs";

/** @typedef {import("node:http").ServerResponse} ServerResponse */
/** @typedef {import("node:http").IncomingHttpHeaders} Headers */
/** @typedef {{ method: string, path: string, headers: Headers, body: string }} Received */
/** @typedef {import("./faults.mjs").Stage} Stage */

/**
 * Starts it. `state.text` is what it answers under `says` and wherever it answers; `state.models` are those that it
 * lists, where a fault does not refuse that, too; a word comes every `state.pace` milliseconds, and where `state.isCut`
 * the connection breaks behind the last.
 * @param {{ elsewhere?: string }} [options]  `elsewhere` is where its redirects lead
 */
export async function startFaultServer({ elsewhere = "http://127.0.0.1:9" } = {}) {
  /** @type {Received[]} */
  const requests = [];
  const state = { text: whole, models: ["nobody"], isCut: false, pace: 5 };
  /** How many connections wait in silence. */
  let waiting = 0;
  let addresses = 0;
  const server = createServer(async (request, response) => {
    const { method = "", url: path = "", headers } = request;
    let body = "";
    for await (const part of request) body += part;
    requests.push({ method, path, headers, body });
    const name = path.split("/")[1] ?? "";
    const fault = Object.hasOwn(faults, name) ? faults[name] : undefined;
    if (fault?.cors !== "before" && !(fault?.cors === "after" && method !== "OPTIONS")) {
      response.setHeader("access-control-allow-origin", "*");
      response.setHeader("access-control-expose-headers", "*");
      if (fault?.cors !== "headers") response.setHeader("access-control-allow-headers", "*, authorization");
    }
    if (method === "OPTIONS") return response.writeHead(204).end();
    if (!fault) return response.writeHead(404).end("not found");
    const attempt = requests.filter((earlier) => earlier.method === method && earlier.path === path).length;
    const stage = stageOf(path, response, { attempt, elsewhere, text: state.text }, state);
    if (name === "silent") {
      waiting += 1;
      response.once("close", () => (waiting -= 1));
    }
    if (!fault.always && method === "GET") return stage.refuse(200, stage.dialect.models(state.models));
    if (!fault.always && !isJson(body)) return stage.fail({ status: 400, type: "invalid_request_error", message: "We could not parse the JSON body" });
    const isStreamed = /"stream": ?true/.test(body) || path.includes(":stream");
    if (!fault.code && !isStreamed) return stage.refuse(200, stage.dialect.whole(state.text));
    await Promise.resolve(fault.play(stage)).catch((error) => {
      if (!response.closed) throw error;
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    requests,
    state,
    /** @param {string | number} fault */
    baseUrl: (fault) => `${origin}/${fault}/v1`,
    /** An address that nobody has asked yet, so that what arrives there is one question's. @param {string} fault */
    freshBaseUrl: (fault) => `${origin}/${fault}/${(addresses += 1)}/v1`,
    waiting: () => waiting,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} path
 * @param {ServerResponse} response
 * @param {Pick<Stage, "attempt" | "elsewhere" | "text">} given
 * @param {{ isCut: boolean, pace: number }} state
 * @returns {Stage}
 */
function stageOf(path, response, given, state) {
  const dialect = dialects[apiOf(path)];
  const pause = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(() => resolve(undefined), milliseconds));
  /** Resolves when the bytes are on their way, so that a fast writer does not fill the memory. @param {string | Buffer} bytes @returns {Promise<void>} */
  const write = (bytes) => new Promise((resolve) => {
    if (response.closed) return resolve();
    response.once("close", resolve);
    response.write(bytes, () => {
      response.off("close", resolve);
      resolve();
    });
  });
  /** @type {Stage["refuse"]} */
  const refuse = (status, body, headers = {}) => {
    const isPage = typeof body === "string" && body.startsWith("<");
    const type = isPage ? "text/html; charset=utf-8" : "application/json";
    response.writeHead(status, { "content-type": type, ...headers }).end(typeof body === "string" ? body : JSON.stringify(body));
  };
  return {
    ...given,
    response,
    dialect,
    pause,
    write,
    refuse,
    async open(type = "text/event-stream") {
      response.writeHead(200, { "content-type": type });
      response.flushHeaders();
      for (const event of dialect.before) await write(event);
    },
    async say(text) {
      for (const word of text.split(/(?<=\s)/)) {
        await write(dialect.word(word));
        await pause(state.pace);
      }
    },
    async finish() {
      if (state.isCut) {
        await pause(200);
        return void response.destroy();
      }
      await write(dialect.reason.join("") + dialect.end);
      response.end();
    },
    fail: (kind, headers) => refuse(kind.status, dialect.error(kind), headers),
    reset: () => response.destroy(),
  };
}
