// The browser is killed while a page adds and saves → what was saved last is there, whole.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { liveAndDie, stateAfter } from "./mortal.mjs";
import { startOwnSite } from "./own-site.mjs";
import { serveTinyModel } from "./tiny-model.mjs";

/** @typedef {import("./mortal.mjs").Moment} Moment */
/** @typedef {import("./mortal.mjs").State} State */

/** How often the browser is killed for each storage. */
// CARREL_KILLS=50 is the whole measure, of some minutes.
const KILLS = Number(process.env.CARREL_KILLS ?? 10);
/** The latest moment of a kill, in milliseconds after the first step. */
const LATEST = 800;

/** When it was killed, and what was there afterwards. */
const FATES = [
  "adding, what was saved before is there",
  "saving, what was saved before is there",
  "saving, what was being saved is there",
  "right after a save, it is there",
];

// A start takes a second of waiting, so both are done at the same time.
describe("kills", { concurrency: true }, () => {
  for (const storage of ["opfs:mortal", "indexeddb:mortal"]) {
    test(`a browser killed at ${KILLS} random moments has what was saved last, whole (${storage})`, { timeout: 900_000 }, async () => {
      const own = await startOwnSite();
      const model = serveTinyModel(own);
      const profile = mkdtempSync(join(tmpdir(), "carrel-mortal-"));
      const seed = Number(process.env.CARREL_SEED ?? Math.floor(Math.random() * 2 ** 31));
      const random = randomFrom(seed);
      const fell = Object.fromEntries(FATES.map((fate) => [fate, 0]));
      let before = /** @type {Moment} */ ({ phase: "saved", step: 0 });
      const stepOf = (/** @type {State} */ state) => {
        const { phase, step } = before;
        // Of a step that was begun what was before is there; of a save either that or all of it.
        const possible = phase === "saved" ? [step] : phase === "adding" ? [step - 1] : [step - 1, step];
        const found = possible.find((each) => JSON.stringify(sorted(stateAfter(each))) === JSON.stringify(sorted(state)));
        assert.notEqual(found, undefined, `killed ${phase} step ${step} (seed ${seed}), there is ${JSON.stringify(state)}`);
        return /** @type {number} */ (found);
      };
      try {
        for (let kill = 0; kill <= KILLS; kill++) {
          let step = 0;
          const look = (/** @type {State} */ state) => (step = stepOf(state));
          const delay = kill < KILLS ? 1 + random() * LATEST : 0;
          const moment = await liveAndDie({ profile, site: own.url, model, storage, stepOf: look, delay });
          if (kill > 0) fell[fate(before, step)] += 1;
          before = moment;
        }
      } finally {
        await own.stop();
        rmSync(profile, { recursive: true, force: true });
      }
      console.log(`killed ${KILLS} times (${storage}, ${before.step} steps, seed ${seed}): ${JSON.stringify(fell)}`);
      assert.equal(Object.values(fell).reduce((sum, count) => sum + count, 0), KILLS);
    });
  }
});

/** @param {Moment} moment @param {number} found */
function fate({ phase, step }, found) {
  if (phase === "adding") return FATES[0];
  if (phase === "saved") return FATES[3];
  return FATES[found === step ? 2 : 1];
}

/** @param {object} object */
function sorted(object) {
  return Object.entries(object).sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Mulberry32: the same numbers for the same seed. @param {number} seed */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
