// a browser → its page's workers, called from here

/** @typedef {Awaited<ReturnType<typeof openWorkers>>} Workers */

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} address Of a page with page.js.
 * @param {string} script What its workers run.
 */
export async function openWorkers(browser, address, script) {
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForFunction(() => "bench" in globalThis);
  /** @param {string} name @param {unknown[]} parameters @returns {Promise<any>} */
  const bench = (name, ...parameters) =>
    page.evaluate(
      ([name, parameters]) => /** @type {any} */ (globalThis).bench[name](...parameters),
      /** @type {const} */ ([name, parameters]),
    );
  return {
    page,
    /** Starts a worker and loads what is to be measured in it. @param {string} worker @param {object} configuration */
    async start(worker, configuration) {
      await bench("start", worker, script);
      await bench("call", worker, "load", configuration);
    },
    /** @param {string} worker @param {string} name Of the worker's calls. @param {unknown[]} parameters */
    call: (worker, name, ...parameters) => bench("call", worker, name, ...parameters),
    /** As in page.js. @param {{ worker: string, name: string }[]} steps @returns {Promise<any[]>} */
    chain: (steps) => bench("chain", steps),
    /** @param {string} worker */
    stop: (worker) => bench("stop", worker),
  };
}
