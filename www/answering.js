// an answer in the making → events, over HTTP or a function of the caller's own
//
// The engine says when to send, what came, what took too long and whether to send again; here is only what needs a
// network and timers.

import { isCrash } from "./errors.js";
import { beginning, PRIVATELY } from "./sending.js";

/**
 * @typedef {import("./engine.js").Engine} Engine
 * @typedef {import("./engine.js").Answering} Answering
 * @typedef {import("./ledger.js").Ledger} Ledger
 * @typedef {{ signal: AbortSignal, emit: (event: any) => void }} Conversation
 */

/** How much of a refusal is read. */
const LONGEST_REFUSAL = 64 * 1024;
/** A wait that is shorter need not be told. */
const SHORT = 250;

/**
 * Sends the request, again where that helps, and tells what comes, as it comes.
 * @param {Engine} engine
 * @param {Answering} answering
 * @param {Ledger} ledger
 * @param {Conversation} conversation
 */
export async function answerByApi(engine, answering, ledger, { signal, emit }) {
  const kept = engine.kept(answering);
  if (kept) {
    emitAll(emit, engine.push(answering, kept));
    engine.settle(answering);
    return;
  }
  for (;;) {
    for (let wait; (wait = engine.turn(answering)) > 0; ) await rest(wait, signal);
    await attempt(engine, answering, ledger, { signal, emit });
    signal.throwIfAborted();
    const wait = engine.settle(answering);
    if (wait === undefined) return;
    const { code, message } = answering.trace().resent.at(-1);
    if (wait > SHORT) emit({ type: "waiting", milliseconds: wait, code, message });
  }
}

/**
 * One time: what fails is told to the engine.
 * @param {Engine} engine
 * @param {Answering} answering
 * @param {Ledger} ledger
 * @param {Conversation} conversation
 */
async function attempt(engine, answering, ledger, { signal, emit }) {
  const [url, headers, body] = answering.request();
  const entry = ledger.open(url, headers, body, answering.trace());
  const alarm = new Alarm(engine, answering);
  const watched = AbortSignal.any([signal, alarm.signal]);
  let began = false;
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal: watched, ...PRIVATELY });
    began = true;
    entry.status = response.status;
    const header = (/** @type {string} */ name) => response.headers.get(name);
    engine.opened(answering, header);
    alarm.set();
    if (!response.ok) return answering.refused(response.status, header, await beginning(response, LONGEST_REFUSAL));
    if (response.body) await read(response.body, watched);
  } catch (error) {
    if (isCrash(error)) throw error;
    if (!watched.aborted) answering.broken(began);
  } finally {
    alarm.clear();
    ledger.close(entry);
  }

  /** @param {ReadableStream<Uint8Array>} body @param {AbortSignal} signal */
  async function read(body, signal) {
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) return;
        entry.received += value.length;
        emitAll(emit, engine.push(answering, value));
        alarm.set(); // Another word is waited for, less long than the first.
        if (answering.isDone()) return; // Some servers keep the connection open.
      }
    } finally {
      await reader.cancel().catch(() => {}); // Where we leave early, the server is told.
    }
  }
}

/** Aborts a request that takes too long. One timer for all its limits, which is set anew only when it rings. */
class Alarm {
  #controller = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #engine;
  #answering;

  /** @param {Engine} engine @param {Answering} answering */
  constructor(engine, answering) {
    this.#engine = engine;
    this.#answering = answering;
    this.set();
  }

  get signal() {
    return this.#controller.signal;
  }

  set() {
    this.clear();
    // The longest that a timer takes; then it is set again.
    const wait = Math.min(this.#engine.nextAlarm(this.#answering), 2 ** 31 - 1);
    this.#timer = setTimeout(() => {
      if (this.#engine.overdue(this.#answering)) this.#controller.abort();
      else this.set();
    }, Math.ceil(wait));
  }

  clear() {
    clearTimeout(this.#timer);
  }
}

/** @param {number} milliseconds @param {AbortSignal} signal */
async function rest(milliseconds, signal) {
  signal.throwIfAborted();
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(undefined);
    }, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Shows what would be sent, and takes out what is not to be, until it may go.
 * @param {Engine} engine
 * @param {Answering} answering
 * @param {Conversation & { feeds: () => AsyncGenerator<any> }} conversation
 */
export async function pass(engine, answering, { emit, feeds }) {
  const show = (/** @type {boolean} */ again) => {
    const [url = null, , body = null] = answering.request() ?? [];
    const prompt = answering.trace().stages.find((/** @type {{ stage: string }} */ { stage }) => stage === "prompt");
    emit({ type: "gate", request: { url, body, messages: prompt?.messages ?? [], again } });
  };
  show(false);
  let shown = { strike: [], redact: [] };
  for await (const { revision, again } of feeds()) {
    if (revision) {
      const { strike = [], redact = [] } = revision;
      // What was taken out stays out, unless it is shown once more before it goes.
      shown = again ? { strike, redact } : { strike: [...shown.strike, ...strike], redact: [...shown.redact, ...redact] };
      engine.revise(answering, shown);
    }
    if (!again) return;
    show(true);
  }
}

/**
 * Has the page's own function write, and tells what comes.
 * @param {Engine} engine
 * @param {Answering} answering
 * @param {Conversation & { feeds: () => AsyncGenerator<any> }} conversation
 */
export async function answerByPage(engine, answering, { emit, feeds }) {
  emit({ type: "request", messages: answering.messages() });
  for await (const text of feeds()) emitAll(emit, engine.pushText(answering, text));
}

/** @param {(event: any) => void} emit @param {any[]} events */
export function emitAll(emit, events) {
  for (const event of events) emit(shaped(event));
}

/** An event as the API promises it: numbers where the engine has nothing. @param {any} event */
function shaped(event) {
  if (event.type !== "citation" && event.type !== "sentence") return event;
  return { ...event, source: event.source ?? -1, span: event.span ?? { start: 0, end: 0 } };
}
