// a core → Chromium on it
//
// Everything is pinned: the bench sets its own affinity, and what it starts from then on inherits it.

import { execFileSync } from "node:child_process";
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
export function allowedCores() {
  const list = execFileSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8" })
    .split(":")[1]
    .trim();
  return list.split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** @param {number[]} cores */
export function pin(cores) {
  execFileSync("taskset", ["-acp", cores.join(","), String(process.pid)], { stdio: "ignore" });
}

/** @param {string[]} [more] */
export function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...ARGUMENTS, ...more],
  });
}
