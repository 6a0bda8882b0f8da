// a page → how long its main thread was held up, by the browser's own measure (https://w3c.github.io/longtasks/)

/** @typedef {import("playwright-core").Page} Page */

/** Begins to watch; what was before does not count. @param {Page} page */
export function watchTasks(page) {
  return page.evaluate(() => {
    const tasks = /** @type {number[]} */ ([]);
    Object.assign(globalThis, { longTasks: tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: "longtask",
    });
  });
}

/**
 * The longest since the last look, in milliseconds; 0 where none took more than 50.
 * @param {Page} page
 * @returns {Promise<number>}
 */
export function longestTask(page) {
  return page.evaluate(() => Math.max(0, .../** @type {any} */ (globalThis).longTasks.splice(0)));
}
