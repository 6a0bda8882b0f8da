// calls and events ⇄ messages between the page and its worker
//
// One conversation for each call, told apart by a number: the page sends the call, and may abort it or feed it; the
// worker sends events and in the end a result or an error. Nothing else crosses.

import { crashed, fromPlain, isCrash, toPlain } from "./errors.js";

/**
 * @typedef {{ id: number, call: string, args: unknown[] } | { id: number, abort: import("./errors.js").PlainError }
 *   | { id: number, feed: unknown }} ToWorker
 * @typedef {{ id: number, event: unknown } | { id: number, result: unknown }
 *   | { id: number, error: import("./errors.js").PlainError, crash: boolean }} ToPage
 * @typedef {object} Conversation What a function of the worker gets beside its arguments.
 * @property {AbortSignal} signal
 * @property {(event: unknown) => void} emit
 * @property {() => AsyncGenerator<any, void, undefined>} feeds What the page feeds in, until it feeds `null`.
 * @typedef {(args: any[], conversation: Conversation) => unknown} Handler
 */

/** The page's end. */
export class Caller {
  #worker;
  #next = 1;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void, onEvent?: (event: any) => void, signal?: AbortSignal }>} */
  #pending = new Map();
  /** @type {Error | null} Why no call can be made any more. */
  #ended = null;

  /** @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => this.end(crashed(event.message || "its worker could not be loaded"));
    worker.onmessageerror = () => this.end(crashed("a message could not be read"));
  }

  /**
   * Calls a function of the worker.
   * @param {string} call
   * @param {unknown[]} args
   * @param {{ signal?: AbortSignal, onEvent?: (event: any) => void }} [options]
   * @returns {{ result: Promise<any>, feed: (value: unknown) => void }}
   */
  call(call, args, { signal, onEvent } = {}) {
    const id = this.#next++;
    /** @param {ToWorker} message */
    const send = (message) => {
      if (!this.#ended) this.#worker.postMessage(message);
    };
    const abort = () => send({ id, abort: toPlain(signal?.reason) });
    const result = new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      if (signal?.aborted) return reject(signal.reason);
      send({ id, call, args }); // What cannot be sent throws here, before anything waits for it.
      this.#pending.set(id, { resolve, reject, onEvent, signal });
      signal?.addEventListener("abort", abort, { once: true });
    }).finally(() => signal?.removeEventListener("abort", abort));
    return { result, feed: (value) => send({ id, feed: value }) };
  }

  /**
   * Stops the worker; what is still to come is rejected with `reason`.
   * @param {Error} reason
   */
  end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  /** @param {ToPage} message */
  #receive(message) {
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if ("event" in message) return pending.onEvent?.(message.event);
    this.#pending.delete(message.id);
    if ("result" in message) return pending.resolve(message.result);
    if (!message.crash) return pending.reject(pending.signal?.aborted ? pending.signal.reason : fromPlain(message.error));
    const error = crashed(message.error.message);
    pending.reject(error);
    this.end(error);
  }
}

/**
 * The worker's end: answers calls with the functions of `handlers`.
 * @param {Record<string, Handler>} handlers
 * @param {{ onmessage: ((event: MessageEvent) => void) | null, postMessage: (message: ToPage) => void }} scope
 */
export function answerCalls(handlers, scope) {
  /** @type {Map<number, { abort: (reason: unknown) => void, feed: (value: unknown) => void }>} */
  const running = new Map();
  scope.onmessage = ({ data }) => {
    const message = /** @type {ToWorker} */ (data);
    if ("abort" in message) return running.get(message.id)?.abort(fromPlain(message.abort));
    if ("feed" in message) return running.get(message.id)?.feed(message.feed);
    const { id, call, args } = message;
    const controller = new AbortController();
    const { feed, feeds } = queue(controller.signal);
    running.set(id, { abort: (reason) => controller.abort(reason), feed });
    const emit = (/** @type {unknown} */ event) => scope.postMessage({ id, event });
    Promise.resolve()
      .then(() => handlers[call](args, { signal: controller.signal, emit, feeds }))
      .then((result) => scope.postMessage({ id, result }))
      .catch((error) => scope.postMessage({ id, error: toPlain(error), crash: isCrash(error) }))
      .finally(() => running.delete(id));
  };
}

/**
 * Values that come from outside, to be iterated over.
 * @param {AbortSignal} signal
 */
function queue(signal) {
  /** @type {unknown[]} */
  const waiting = [];
  let wake = () => {};
  let fail = (/** @type {unknown} */ _reason) => {};
  signal.addEventListener("abort", () => fail(signal.reason), { once: true });
  return {
    /** @param {unknown} value */
    feed(value) {
      waiting.push(value);
      wake();
    },
    /** @returns {AsyncGenerator<any, void, undefined>} */
    async *feeds() {
      for (;;) {
        while (waiting.length > 0) {
          const value = waiting.shift();
          if (value === null) return;
          yield value;
        }
        await new Promise((resolve, reject) => {
          wake = () => resolve(undefined);
          fail = reject;
          if (signal.aborted) reject(signal.reason);
        });
      }
    },
  };
}
