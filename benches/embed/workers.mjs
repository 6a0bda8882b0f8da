// a browser → its page's workers, called from here

/** @typedef {Awaited<ReturnType<typeof openWorkers>>} Workers */

/** @param {import("playwright-core").Browser} browser @param {string} url Of the bench's server. */
export async function openWorkers(browser, url) {
  const page = await browser.newPage();
  await page.goto(`${url}/bench/page.html`);
  await page.waitForFunction(() => "bench" in globalThis);
  /** @param {string} name @param {unknown[]} parameters @returns {Promise<any>} */
  const bench = (name, ...parameters) =>
    page.evaluate(
      ([name, parameters]) => /** @type {any} */ (globalThis).bench[name](...parameters),
      /** @type {const} */ ([name, parameters]),
    );
  return {
    /** Starts a worker and loads a way of embedding in it. @param {string} worker @param {object} configuration */
    async start(worker, configuration) {
      await bench("start", worker);
      await bench("call", worker, "load", configuration);
    },
    /** @param {string} worker @param {string} name Of `calls` in variant.js. @param {unknown[]} parameters */
    call: (worker, name, ...parameters) => bench("call", worker, name, ...parameters),
    /** @param {string} worker */
    stop: (worker) => bench("stop", worker),
    /** Operations a second of each loop of peak.mjs. @returns {Promise<Record<string, number>>} */
    peak: () => bench("peak"),
  };
}
