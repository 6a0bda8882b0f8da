// a developer's own page → Carrel's public API on it
//
// An empty page of the site under the same content security policy as the app's, with `Carrel` imported as anybody
// would, so that a story's functions can be run in it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { story } from "./browser.mjs";
import { root } from "./process.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").BrowserContext} BrowserContext */
/** @typedef {{ Carrel: typeof import("../../www/carrel.js").Carrel, model: string,
 *   open: (options?: object) => Promise<import("../../www/carrel.js").Carrel>,
 *   failure: (work: () => unknown) => Promise<{ code: string, name: string, message: string }> }} Tools
 *   `open` opens with the model; `failure` tells what went wrong with some work */
/**
 * @template Given, Result
 * @typedef {(tools: Tools, given: Given) => Promise<Result>} Work
 */
/** @typedef {<Given, Result>(work: Work<Given, Result>, given?: Given) => Promise<Result>} Run */
/**
 * @typedef {object} Scene
 * @property {Run} run Runs a function in the page, by its source: it may use only what it is given.
 * @property {Page} page
 * @property {BrowserContext} context
 * @property {string} site The address.
 * @property {() => Promise<Run>} newTab
 */

/**
 * @param {string} name
 * @param {(scene: Scene) => Promise<void>} play
 * @param {{ expected?: RegExp[] }} [options]
 */
export function apiStory(name, play, { expected = [] } = {}) {
  story(
    name,
    async ({ page, context, site }) => {
      await context.route(`${site.url}blank.html`, (route) => route.fulfill({ contentType: "text/html", body: blankPage() }));
      const visit = (/** @type {Page} */ tab) => visitBlank(tab, site.url);
      await play({
        run: await visit(page),
        page,
        context,
        site: site.url,
        newTab: async () => visit(await context.newPage()),
      });
    },
    { fragment: null, expected },
  );
}

/** An empty page under the app's content security policy. */
export function blankPage() {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(
    readFileSync(join(root, "www/index.html"), "utf8"),
  );
  if (!policy) throw new Error("the app has no content security policy");
  return `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy[1]}"><title>blank</title>`;
}

/** @param {Page} tab @param {string} base the site's address @returns {Promise<Run>} */
export async function visitBlank(tab, base) {
  await tab.goto(`${base}blank.html`);
  await tab.evaluate(prepare, base);
  return runnerOf(tab);
}

/** Runs in the page. @param {string} base */
async function prepare(base) {
  const { Carrel } = await import(`${base}carrel/carrel.js`);
  const model = `${base}models/all-MiniLM-L6-v2/`;
  const tools = {
    Carrel,
    model,
    open: (options = {}) => Carrel.open({ model, ...options }),
    failure: async (/** @type {() => unknown} */ work) => {
      try {
        await work();
      } catch (error) {
        const { code, name, message } = /** @type {any} */ (error);
        return { code, name, message };
      }
      return { code: "none", name: "none", message: "nothing went wrong" };
    },
  };
  Object.assign(globalThis, { tools });
}

/** @param {Page} page @returns {Run} */
function runnerOf(page) {
  return async (work, given) => {
    // The function is sent as its source, so it may use only what it is given.
    const handle = await page.evaluateHandle(`(${work})`);
    try {
      return await page.evaluate(
        ([run, value]) => /** @type {any} */ (run)(/** @type {any} */ (globalThis).tools, value),
        /** @type {[unknown, unknown]} */ ([handle, given]),
      );
    } finally {
      await handle.dispose();
    }
  };
}
