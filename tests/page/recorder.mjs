// requests → the same requests, to a server behind, and a record of them
//
// It stands between the page and the language model, and knows to the byte what left the page.
import { createServer, request } from "node:http";

/** @typedef {import("node:http").IncomingHttpHeaders} Headers */
/** @typedef {{ method: string, path: string, headers: Headers, body: string }} Recorded */

/**
 * @param {string} origin of the server behind
 * @returns {Promise<{ baseUrl: string, requests: Recorded[], stop: () => Promise<void> }>}
 */
export async function startRecorder(origin) {
  /** @type {Recorded[]} */
  const requests = [];
  const server = createServer(async (incoming, outgoing) => {
    const { method = "", url: path = "", headers } = incoming;
    /** @type {Buffer[]} */
    const parts = [];
    for await (const part of incoming) parts.push(part);
    const body = Buffer.concat(parts);
    requests.push({ method, path, headers, body: body.toString("utf8") });
    const behind = request(new URL(path, origin), { method, headers: { ...headers, host: new URL(origin).host } });
    behind.on("response", (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    behind.on("error", () => outgoing.destroy());
    outgoing.on("close", () => behind.destroy());
    behind.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}
