// target/site → a site of the story's own, which keeps a record and does what a real one sometimes does
//
// Breaks off, fails, changes a file, allows the browser to keep what it served; and serves modules with a few lines
// put before them, so that a story can make a worker crash, hurry, or lack what a browser may lack.
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { blankPage, visitBlank } from "./blank.mjs";
import { story } from "./browser.mjs";
import { root } from "./process.mjs";

/** @typedef {{ method: string, path: string, status: number, bytes: number, conditional: boolean }} Served */
/** @typedef {Awaited<ReturnType<typeof startOwnSite>>} OwnSite */

const TYPES = /** @type {Record<string, string>} */ ({
  html: "text/html", js: "text/javascript", mjs: "text/javascript", json: "application/json", css: "text/css",
});

/**
 * @param {object} [options]
 * @param {string} [options.cacheControl]
 * @param {"etag" | "last-modified"} [options.validator] what tells its files' versions apart
 * @param {boolean} [options.crossOrigin] whether pages of other sites may read its files
 * @param {boolean} [options.hasPrepared] whether its model's folder has the prepared file, if the site's has it
 */
export async function startOwnSite({ cacheControl = "no-cache", validator = "etag", crossOrigin = false, hasPrepared = true } = {}) {
  /** @type {Served[]} */
  const served = [];
  /** Lines put before a module, by path. @type {Map<string, string>} */
  const before = new Map();
  /** Files that are not those of the site, by path. @type {Map<string, Buffer>} */
  const files = new Map();
  /** What happens to the next request of a path. @type {Map<string, "breaks off" | "fails">} */
  const faults = new Map();
  /** How often `/count/NAME` was asked for; answers with that. @type {Map<string, number>} */
  const counts = new Map();

  const server = createServer((request, response) => {
    const { method = "GET", url = "/", headers } = request;
    const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
    if (path === "/favicon.ico") return response.writeHead(204).end();
    const name = path.slice("/count/".length);
    if (path.startsWith("/count/")) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return response.end(String(counts.get(name)));
    }
    const file = join(root, "target/site", normalize(path));
    const patch = before.get(path);
    const given = files.get(path) ?? (patch === undefined ? undefined : Buffer.from(patch + readFileSync(file, "utf8")));
    const body = path === "/blank.html" ? Buffer.from(blankPage()) : given;
    const hidden = !hasPrepared && path.endsWith("/model.carrel");
    const exists = body !== undefined || (!hidden && existsSync(file) && statSync(file).isFile());
    const size = body?.length ?? (exists ? statSync(file).size : 0);
    const version = given ? `given-${size}-${given.subarray(0, 64).toString("hex")}` : `file-${size}`;
    const age = new Date(Date.UTC(2024, 0, 1, 0, 0, given ? 1 : 0)).toUTCString();
    const conditional = headers["if-none-match"] !== undefined || headers["if-modified-since"] !== undefined;
    const fault = faults.get(path);
    faults.delete(path);
    /** @param {number} status @param {number} bytes */
    const begin = (status, bytes) => {
      served.push({ method, path, status, bytes: method === "HEAD" ? 0 : bytes, conditional });
      response.writeHead(status, {
        ...(status === 304 ? {} : { "content-type": TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream", "content-length": size }),
        "cache-control": cacheControl,
        ...(validator === "etag" ? { etag: `"${version}"` } : { "last-modified": age }),
        ...(crossOrigin ? { "access-control-allow-origin": "*" } : {}),
      });
    };
    if (fault === "fails") {
      served.push({ method, path, status: 503, bytes: 0, conditional });
      return response.writeHead(503).end();
    }
    if (!exists) {
      served.push({ method, path, status: 404, bytes: 0, conditional });
      return response.writeHead(404, crossOrigin ? { "access-control-allow-origin": "*" } : {}).end();
    }
    const same = validator === "etag" ? headers["if-none-match"] === `"${version}"` : headers["if-modified-since"] === age;
    if (same) {
      begin(304, 0);
      return response.end();
    }
    begin(200, size);
    if (method === "HEAD") return response.end();
    if (fault === "breaks off") {
      response.write(readFileSync(file).subarray(0, Math.floor(size / 2)));
      return setTimeout(() => response.destroy(), 100);
    }
    if (body) return response.end(body);
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://localhost:${port}/`,
    /** The same site by a name to which the browser grants less. */
    plainUrl: `http://carrel.test:${port}/`,
    served,
    before,
    files,
    faults,
    counts,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}

/**
 * A story on an empty page of such a site. Nothing stands between the page and the network: where stories answer
 * requests themselves, as those of `apiStory` do, the browser does not ask servers whether a page may (CORS).
 * @param {string} name
 * @param {(scene: { run: import("./blank.mjs").Run, own: OwnSite, page: import("playwright-core").Page,
 *   context: import("playwright-core").BrowserContext, requests: string[] }) => Promise<void>} play
 * @param {{ expected?: RegExp[] }} [options]
 */
export function ownSiteStory(name, play, { expected = [] } = {}) {
  story(name, async ({ page, context, requests }) => {
    const own = await startOwnSite();
    try {
      await play({ run: await visitBlank(page, own.url), own, page, context, requests });
    } finally {
      await own.stop();
    }
  }, { fragment: null, expected });
}
