// a browser that is killed while a page adds and saves → what is there when it is started again
//
// The browser is started here rather than by Playwright, so that its process is known and its profile stays. What it is
// at it tells before and after each step and waits to be heard, so that at most one save is in question when it dies.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { visitBlank } from "./blank.mjs";
import { ARGUMENTS } from "./browser.mjs";
import { until } from "./process.mjs";

/** @typedef {{ phase: "adding" | "saving" | "saved", step: number }} Moment */
/** @typedef {Record<string, string>} State the texts of all documents, by id */

/** How many notes there are at most. */
const NOTES = 4;

/** The document that each step writes anew, and the one that it adds. @param {number} step */
const written = (step) => [
  { id: "count", text: `So far ${step} notes have been written down.` },
  { id: `note-${step}`, text: `Note ${step}: the keeper counts ${(step * 7) % 97} owls and ${(step * 13) % 89} lamps.` },
];

/** What is there after a step, and at no other time. @param {number} step @returns {State} */
export function stateAfter(step) {
  const steps = Array.from({ length: step }, (_, at) => at + 1).slice(-NOTES);
  return Object.fromEntries(steps.flatMap((each) => written(each)).map(({ id, text }) => [id, text]));
}

/**
 * Starts the browser on a profile, looks at what is kept, and has the page add and save until the browser is killed.
 * @param {object} options
 * @param {string} options.profile
 * @param {string} options.site the address
 * @param {string} options.model the address of the model's folder
 * @param {string} options.storage
 * @param {(state: State) => number} options.stepOf the step after which this was kept
 * @param {number} options.delay the milliseconds from the first step to the kill; 0: only look
 * @returns {Promise<Moment>} what it was at when it was killed
 */
export async function liveAndDie({ profile, site, model, storage, stepOf, delay }) {
  const { process: child, endpoint, gone } = await startBrowser(profile);
  try {
    const browser = await chromium.connectOverCDP(endpoint);
    const page = await browser.contexts()[0].newPage();
    /** @type {Moment} */
    let moment = { phase: "saved", step: 0 };
    await page.exposeFunction("tell", (/** @type {Moment} */ told) => {
      moment = told;
    });
    const run = await visitBlank(page, site);
    const state = await run(async ({ open }, { model, storage }) => {
      const carrel = await open({ model, storage, workers: 1 });
      Object.assign(globalThis, { carrel });
      const documents = await Promise.all((await carrel.documents()).map(({ id }) => carrel.document(id)));
      const ids = documents.map(({ id }) => id);
      for (const mode of /** @type {const} */ (["lexical", "semantic"])) {
        if (ids.length === 0) break;
        const { passages } = await carrel.search("Who counts or has written down?", { mode, limit: 100 });
        const found = passages.map(({ id }) => id);
        if (`${found.sort()}` !== `${ids.sort()}`) throw new Error(`of ${ids} the ${mode} search finds ${found}`);
      }
      return Object.fromEntries(documents.map(({ id, text }) => [id, text]));
    }, { model, storage });
    const step = stepOf(state);
    moment = { phase: "saved", step };
    if (delay === 0) return moment;
    const documents = await page.evaluateHandle(`(${written})`);
    const living = page.evaluate(addAndSave, { step, notes: NOTES, documents });
    let ended = false;
    living.catch(() => {}).finally(() => (ended = true));
    await until("the page adds", () => ended || moment.phase === "adding");
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill("SIGKILL");
    await gone;
    const reason = await living.then(() => "it ended", (error) => String(error));
    if (!/closed/.test(reason)) throw new Error(`the page stopped before it was killed: ${reason}`);
    return moment;
  } finally {
    child.kill("SIGKILL");
    await gone; // All its processes: nobody holds its output any more.
  }
}

/** Runs in the page. @param {{ step: number, notes: number, documents: any }} given */
async function addAndSave({ step, notes, documents }) {
  const { carrel, tell } = /** @type {any} */ (globalThis);
  for (;;) {
    step += 1;
    await tell({ phase: "adding", step });
    await carrel.add(documents(step));
    await carrel.remove(`note-${step - notes}`);
    await tell({ phase: "saving", step });
    await carrel.save();
    await tell({ phase: "saved", step });
  }
}

/** @param {string} profile */
async function startBrowser(profile) {
  const parameters = [...ARGUMENTS, "--headless", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
  const child = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium", parameters, { stdio: ["ignore", "ignore", "pipe"] });
  const gone = new Promise((resolve) => child.once("close", resolve));
  const endpoint = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      const [, address] = /DevTools listening on (ws:\S+)/.exec(line) ?? [];
      if (address) resolve(address);
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error("the browser ended before it began")));
  });
  return { process: child, endpoint: /** @type {string} */ (endpoint), gone };
}
