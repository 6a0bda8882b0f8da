// a command → a server that runs while stories do
//
// Servers are children of the story's own process, known by their handle: none outlives it, and no other is stopped.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @typedef {{ stop: () => Promise<void>, firstLine: Promise<string> }} Server
 */

/**
 * Starts a command in the root of the repository.
 * @param {string} command
 * @param {string[]} parameters
 * @returns {Server}
 */
export function startServer(command, parameters) {
  const child = spawn(command, parameters, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let told = "";
  child.stderr.on("data", (bytes) => {
    told = (told + bytes).slice(-4000);
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  /** @type {Promise<string>} */
  const firstLine = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.once("exit", (code) => reject(new Error(`${command} ended at once (${code}): ${told}`)));
  });
  firstLine.catch(() => {}); // Who waits for something else is told there.
  return {
    firstLine,
    async stop() {
      process.off("exit", end);
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const patience = setTimeout(end, 5000);
      await ended;
      clearTimeout(patience);
    },
  };
}

/** A port of the loopback interface on which nobody listens. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === "object") resolve(address.port);
        else reject(new Error("there is no free port"));
      });
    });
  });
}

/**
 * Waits until something holds, looking often.
 * @param {string} what for the message
 * @param {() => boolean | Promise<boolean>} holds
 * @param {number} [milliseconds]
 */
export async function until(what, holds, milliseconds = 15_000) {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`after ${milliseconds} ms it still does not hold: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * How many threads of that name there are in this process's children and theirs, such as a browser's.
 * @param {string} name as the system tells it, 15 letters at most
 */
export function threadsNamed(name) {
  const processes = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  /** What a process that ends meanwhile leaves unread is none of ours. @param {string} file */
  const read = (file) => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  const parents = new Map(processes.map((id) => [id, read(`/proc/${id}/stat`).split(") ").at(-1)?.split(" ")[1]]));
  const isOurs = (/** @type {string | undefined} */ id) => {
    while (id && id !== "0" && id !== String(process.pid)) id = parents.get(id);
    return id === String(process.pid);
  };
  const tasks = processes.filter(isOurs).flatMap((id) => {
    try {
      return readdirSync(`/proc/${id}/task`).map((task) => read(`/proc/${id}/task/${task}/comm`).trim());
    } catch {
      return [];
    }
  });
  return tasks.filter((task) => task === name).length;
}
