// a story's name and its steps → a test in a real browser
//
// Each story has a page of its own in a fresh profile. Whatever the page complains of (errors in the console, scripts
// or requests that the content security policy stops, errors that nobody caught) fails the story, unless the story is
// about just that and says so.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { Desk } from "./desk.mjs";
import { startSite } from "./site.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").BrowserContext} BrowserContext */
/**
 * @typedef {object} Scene What a story plays on.
 * @property {Page} page
 * @property {Desk} desk The app on it.
 * @property {BrowserContext} context
 * @property {{ url: string, stop: () => Promise<void> }} site
 * @property {string[]} requests What the page and its workers have asked for, over any network.
 * @property {string[]} problems What it has complained of.
 */
/**
 * @typedef {object} Setting
 * @property {RegExp[]} [expected] Complaints that belong to the story.
 * @property {string | null | (() => string)} [fragment] The URL's; null: the page is not opened yet.
 * @property {{ width: number, height: number }} [viewport]
 * @property {"light" | "dark"} [colorScheme]
 * @property {() => string} [proxy] Through which all requests go, those to this machine included.
 */

/** What the browser is started with. */
export const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A site of another name than localhost, for which the browser grants less.
  "--host-resolver-rules=MAP carrel.test 127.0.0.1",
];
/** A folder without a prepared model is asked for one in vain, and the browser says so. */
const EXPECTED = /status of 404 .*\/model\.carrel\)/;
/** A story that takes longer hangs. */
const LONGEST_STORY = 240_000;

/** @type {import("playwright-core").Browser | undefined} */
let browser;
/** @type {{ url: string, stop: () => Promise<void> } | undefined} */
let site;

before(async () => {
  [browser, site] = await Promise.all([
    chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS }),
    startSite(),
  ]);
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

/**
 * @param {string} name
 * @param {(scene: Scene) => Promise<void>} play
 * @param {Setting} [setting]
 */
export function story(name, play, { expected = [], fragment = "", viewport, colorScheme = "light", proxy } = {}) {
  test(name, { timeout: LONGEST_STORY }, async () => {
    if (!browser || !site) throw new Error("there is no browser to play in");
    const context = await browser.newContext({
      viewport: viewport ?? { width: 1280, height: 800 },
      colorScheme,
      ...(proxy ? { proxy: { server: proxy(), bypass: "<-loopback>" } } : {}),
    });
    const page = await context.newPage();
    const { problems, requests } = watch(context, page);
    const desk = new Desk(page, site.url);
    try {
      if (fragment !== null) await desk.open(typeof fragment === "function" ? fragment() : fragment);
      await play({ page, desk, context, site, requests, problems });
      const unexpected = problems.filter((problem) => ![EXPECTED, ...expected].some((pattern) => pattern.test(problem)));
      assert.deepEqual(unexpected, [], "the page complained");
    } catch (error) {
      if (problems.length > 0) console.error(`The page complained:\n  ${problems.join("\n  ")}`);
      throw error;
    } finally {
      await context.close();
    }
  });
}

/**
 * @param {BrowserContext} context
 * @param {Page} first
 */
function watch(context, first) {
  /** @type {string[]} */
  const problems = [];
  /** @type {string[]} */
  const requests = [];
  context.on("request", (request) => requests.push(request.url()));
  const watchPage = (/** @type {Page} */ page) => {
    page.on("pageerror", (error) => problems.push(`uncaught ${error.stack ?? error}`));
    page.on("crash", () => problems.push("the page crashed"));
    page.on("console", (message) => {
      const told = `${message.type()}: ${message.text()} (${message.location().url})`;
      if (message.type() === "error" || message.type() === "warning") problems.push(told);
    });
  };
  watchPage(first);
  context.on("page", (page) => page !== first && watchPage(page));
  return { problems, requests };
}
