// events of an answer → something to await, to iterate over, or to read whole
//
// Like fetch's Response: the work begins at once, the parts are promises, and the body can be read as it comes.

/**
 * @typedef {import("./carrel.js").Passage} Passage
 * @typedef {import("./carrel.js").Trace} Trace
 * @typedef {import("./carrel.js").AnswerEvent} AnswerEvent
 */

export class Answer {
  /** @type {AnswerEvent[]} */ #events = [];
  #ended = false;
  /** @type {unknown} */ #error = null;
  /** @type {(() => void)[]} */ #waiting = [];
  #abort;

  /**
   * @param {(onEvent: (event: AnswerEvent | { type: "trace", trace: Trace }) => void) => Promise<void>} begin
   *   starts the work; settled when it has ended
   * @param {() => void} abort
   */
  constructor(begin, abort) {
    this.#abort = abort;
    /** @type {PromiseWithResolvers<Passage[]>} */
    const sources = Promise.withResolvers();
    /** The passages that the answer may cite, there before its first word. @type {Promise<Passage[]>} */
    this.sources = sources.promise;
    /** @type {PromiseWithResolvers<Trace>} */
    const trace = Promise.withResolvers();
    /** What was done, stage by stage, also for an answer that failed half-way. @type {Promise<Trace>} */
    this.trace = trace.promise;
    begin((event) => {
      if (event.type === "trace") return trace.resolve(event.trace);
      if (event.type === "sources") sources.resolve(event.sources);
      this.#events.push(event);
      this.#wake();
    }).then(
      () => this.#end(),
      (error) => {
        sources.reject(error);
        trace.reject(error); // Nothing, where it has come already.
        this.#end(error);
      },
    );
    // Who does not look at a part is not told of its failure twice.
    this.sources.catch(() => {});
    this.trace.catch(() => {});
  }

  /** The whole text. @returns {Promise<string>} */
  async text() {
    let text = "";
    for await (const event of this) if (event.type === "text") text += event.text;
    return text;
  }

  /** All events from the first on; leaving the loop early aborts the request. */
  async *[Symbol.asyncIterator]() {
    let whole = false;
    try {
      for (let next = 0; ; ) {
        while (next < this.#events.length) yield this.#events[next++];
        if (this.#error) throw this.#error;
        if (this.#ended) break;
        await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
      }
      whole = true;
    } finally {
      if (!whole && !this.#ended) this.#abort();
    }
  }

  /** @param {unknown} [error] */
  #end(error) {
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  #wake() {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
