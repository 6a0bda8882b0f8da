// what a page does meanwhile → how long its main thread was held up at most
//
// The browser's own trace tells of each task the time that its thread was really at work, so that a machine that is
// busy with others' work does not make a page look slow.

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ name: string, pid: number, tid: number, ts: number, tdur?: number, args?: { name?: string } }} TraceEvent */

/**
 * The longest task on the main thread of any page while `work` goes on, in milliseconds.
 * @param {Page} page
 * @param {() => Promise<void>} work
 */
export async function longestTask(page, work) {
  const browser = page.context().browser();
  if (!browser) throw new Error("the page has no browser");
  await browser.startTracing(page, { categories: ["toplevel"] });
  let trace;
  let elapsed = 0;
  try {
    const start = performance.now();
    await work();
    elapsed = performance.now() - start;
  } finally {
    trace = await browser.stopTracing();
  }
  const events = /** @type {TraceEvent[]} */ (JSON.parse(trace.toString("utf8")).traceEvents);
  const threads = events.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const main = new Set(threads.map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = events.filter(
    ({ name, pid, tid, tdur }) => name.endsWith("RunTask") && tdur !== undefined && main.has(`${pid} ${tid}`),
  );
  const times = tasks.map(({ ts }) => ts / 1000);
  const told = times.reduce((last, time) => Math.max(last, time), 0) - Math.min(...times.slice(0, 1000));
  if (tasks.length === 0 || told < elapsed / 2) throw new Error(`the trace tells of ${told} ms of ${elapsed} only`);
  return tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur / 1000), 0);
}
