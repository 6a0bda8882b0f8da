// folders of this machine → one server on the loopback interface
//
// All variants come from it, uncompressed and from memory, so that none has the shorter way.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/**
 * @param {Record<string, string>} folders What an address begins with → the folder or the file that it stands for.
 * @param {Record<string, string>} [headers] Of each answer.
 * @returns {Promise<{ url: string, stop: () => void }>}
 */
export async function startServer(folders, headers = {}) {
  const prefixes = Object.keys(folders).sort((a, b) => b.length - a.length); // The longest that fits.
  /** @type {Map<string, Buffer>} */
  const kept = new Map();

  /** @param {string} path */
  async function bytesOf(path) {
    const prefix = prefixes.find((prefix) => path.startsWith(prefix));
    if (prefix === undefined) return undefined;
    const file = normalize(join(folders[prefix], path.slice(prefix.length)));
    if (!file.startsWith(normalize(folders[prefix]))) return undefined;
    const bytes = kept.get(file) ?? (await readFile(file).catch(() => undefined));
    if (bytes) kept.set(file, bytes);
    return bytes;
  }

  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://127.0.0.1").pathname;
    const bytes = await bytesOf(path);
    if (!bytes) return response.writeHead(404, { "content-length": 0 }).end();
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    response.writeHead(200, { ...headers, "content-type": type, "content-length": bytes.length }).end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  if (!address || typeof address !== "object") throw new Error("the server has no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
