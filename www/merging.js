// many vectors → a graph that finds among them fast, built while everything else goes on
//
// The engine says when a graph is worth its time; a worker builds it; until then its vectors are searched one by one.
// It is never needed: where it cannot be built nothing but time is lost.

import { isCrash } from "./errors.js";

/**
 * @typedef {import("./engine.js").Engine} Engine
 * @typedef {import("./pool.js").Pool} Pool
 */

/** After so many failures in a row it is not tried again. */
const MOST_FAILURES = 2;

export class Merging {
  #engine;
  #pool;
  #isAtWork = false;
  #isClosed = false;
  #failures = 0;
  #onCrash;

  /** @param {Engine} engine @param {Pool} pool @param {(error: unknown) => void} onCrash */
  constructor(engine, pool, onCrash) {
    this.#engine = engine;
    this.#pool = pool;
    this.#onCrash = onCrash;
  }

  /** Sees whether there is something to build, and has it built. */
  look() {
    if (this.#isAtWork) return; // And looks again afterwards.
    this.#isAtWork = true;
    this.#buildAll().then(() => (this.#isAtWork = false), this.#onCrash);
  }

  close() {
    this.#isClosed = true;
  }

  async #buildAll() {
    for (let work; !this.#isClosed && this.#failures < MOST_FAILURES && (work = this.#engine.work()); ) {
      try {
        const graph = await this.#pool.build(work);
        if (this.#isClosed) return;
        this.#engine.adopt(graph);
        this.#failures = 0;
      } catch (error) {
        if (this.#isClosed) return;
        if (isCrash(error)) throw error;
        this.#failures += 1;
        this.#engine.giveUpWork();
      }
    }
  }
}
