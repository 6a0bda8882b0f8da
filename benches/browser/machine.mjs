// a core → Chromium on it
//
// What is pinned: the bench sets its own affinity, and what it starts from then on inherits it.

import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A page that is measured must not be slowed down for not being looked at.
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
];

/** Cores that this process may use now, as taskset lists them. */
function allowedCores() {
  const list = execFileSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8" })
    .split(":")[1]
    .trim();
  return list.split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

const cores = allowedCores();
/** The one that is measured on. */
const core = Number(process.env.CARREL_BENCH_CORE ?? cores.at(-1));

/** How many cores this process could use when it began. */
export const coreCount = cores.length;

/** @param {number[]} cores */
function pin(cores) {
  execFileSync("taskset", ["-acp", cores.join(","), String(process.pid)], { stdio: "ignore" });
}

/** @param {string[]} [more] */
function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...ARGUMENTS, ...more],
  });
}

/**
 * Runs a part in a browser of its own.
 * @template T
 * @param {{ pinned: boolean, flags?: string[] }} how
 * @param {(browser: import("playwright-core").Browser) => Promise<T>} part
 */
export async function inBrowser({ pinned, flags }, part) {
  pin(pinned ? [core] : cores);
  const browser = await launch(flags);
  try {
    return await part(browser);
  } finally {
    await browser.close();
  }
}

/** Warns where other programs take more of the cores than can be overlooked. Nothing of ours runs meanwhile. */
export async function lookForOthers(/** @type {(text: string) => void} */ say) {
  const times = () =>
    cpus().map(({ times: { idle, ...busy } }) => ({ idle, all: idle + Object.values(busy).reduce((a, b) => a + b) }));
  const before = times();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const busy = times().map(
    ({ idle, all }, index) => 1 - (idle - before[index].idle) / Math.max(1, all - before[index].all),
  );
  const taken = busy.flatMap((share, index) => (share > 0.1 ? [`${Math.round(100 * share)} % of core ${index}`] : []));
  if (taken.length > 0) say(`other programs take ${taken.join(" and ")}: ratios will be rougher than they should`);
  return busy;
}
