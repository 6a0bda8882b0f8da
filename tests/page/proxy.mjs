// whatever leaves the browser → a record of it, and passage for the few addresses that may be reached
//
// A browser that is given this proxy for all it asks, this machine included, resolves no names itself: a request to a
// host that does not exist comes here like any other. So what is not in the record has not left.
import { createServer, request } from "node:http";

/** @typedef {import("node:http").IncomingHttpHeaders} Headers */
/** @typedef {{ method: string, url: string, headers: Headers, body: string }} Proxied `url` of a CONNECT is HOST:PORT */

/** @returns {Promise<{ server: string, requests: Proxied[], reachable: Set<string>, stop: () => Promise<void> }>} */
export async function startProxy() {
  /** @type {Proxied[]} */
  const requests = [];
  /** The origins behind; all others are refused, and in the record. @type {Set<string>} */
  const reachable = new Set();
  const server = createServer(async (incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const record = { method, url, headers, body: "" };
    requests.push(record); // Before the body, which may never end.
    /** @type {Buffer[]} */
    const parts = [];
    for await (const part of incoming) parts.push(part);
    const body = Buffer.concat(parts);
    record.body = body.toString("utf8");
    if (!URL.canParse(url) || !reachable.has(new URL(url).origin)) return outgoing.writeHead(502).end();
    const behind = request(url, { method, headers });
    behind.on("response", (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.on("error", () => outgoing.destroy()).pipe(outgoing);
    });
    behind.on("error", () => outgoing.destroy());
    outgoing.on("close", () => behind.destroy());
    behind.end(body);
  });
  server.on("connect", ({ method = "", url = "", headers }, socket) => {
    requests.push({ method, url, headers, body: "" });
    socket.on("error", () => {}).end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    server: `http://127.0.0.1:${port}`,
    requests,
    reachable,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}
