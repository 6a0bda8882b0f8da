// a browser that has seen neither page → milliseconds from the start of the navigation to the first vector

import { median } from "../browser/report.mjs";

/**
 * Takes turns; each visit has a context of its own, so that nothing is cached, neither files nor compiled code.
 * @param {import("playwright-core").Browser} browser
 * @param {Record<string, string>} addresses Of the pages, by name.
 * @param {number} rounds
 */
export async function coldStarts(browser, addresses, rounds) {
  /** @type {Record<string, number[]>} */
  const times = {};
  /** @type {Record<string, number[]>} */
  const vectors = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, address] of Object.entries(addresses)) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const failed = new Promise((_, reject) =>
        page.once("pageerror", (error) => reject(new Error(`${name}: ${error.message}`))),
      );
      await page.goto(address);
      const come = page.waitForFunction(() => /** @type {any} */ (globalThis).first, undefined, { timeout: 60_000 });
      const first = await (await Promise.race([come, /** @type {Promise<never>} */ (failed)])).jsonValue();
      await context.close();
      vectors[name] = first.vector;
      // The first visit warms the server, and does not count.
      if (round > 0) (times[name] ??= []).push(first.milliseconds);
    }
  }
  return { times: Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)])), vectors };
}
