// an answer in the making → events, over HTTP or a function of the caller's own

/**
 * @typedef {import("./engine.js").Engine} Engine
 * @typedef {import("./engine.js").Answering} Answering
 * @typedef {{ signal: AbortSignal, emit: (event: any) => void }} Conversation
 */

/** How much of a refusal is read, and of a list of models. */
const LONGEST_REFUSAL = 64 * 1024;
export const LONGEST_LIST = 8 * 1024 * 1024;
/** No cookies, no referrer, no redirect to another host: nothing goes where the person did not send it. */
export const PRIVATELY = /** @type {const} */ ({ credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", cache: "no-store" });

/**
 * Sends the request and tells what comes, as it comes.
 * @param {Engine} engine
 * @param {Answering} answering
 * @param {Conversation} conversation
 */
export async function answerByApi(engine, answering, { signal, emit }) {
  const [url, headers, body] = answering.request();
  let response;
  try {
    response = await fetch(url, { method: "POST", headers, body, signal, ...PRIVATELY });
  } catch {
    signal.throwIfAborted();
    throw answering.broken(false);
  }
  if (!response.ok) {
    const body = await beginning(response, LONGEST_REFUSAL);
    signal.throwIfAborted();
    throw answering.refused(response.status, (/** @type {string} */ name) => response.headers.get(name), body);
  }
  if (!response.body) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        signal.throwIfAborted();
        throw answering.broken(true);
      });
      signal.throwIfAborted();
      if (done) return;
      emitAll(emit, engine.push(answering, value));
      if (answering.isDone()) return; // Some servers keep the connection open.
    }
  } finally {
    await reader.cancel().catch(() => {}); // Where we leave early, the server is told.
  }
}

/**
 * Asks an API which models it has.
 * @param {typeof import("./engine.js")} module
 * @param {import("./options.js").ApiGenerator} generator
 * @param {AbortSignal} signal
 * @returns {Promise<string[]>}
 */
export async function listModels({ modelsRequest, models, unreachable }, generator, signal) {
  const settings = { ...generator, model: generator.model ?? "" };
  const [url, headers] = modelsRequest(settings);
  let response;
  try {
    response = await fetch(url, { headers, signal, ...PRIVATELY });
  } catch {
    signal.throwIfAborted();
    throw unreachable(url);
  }
  const body = await beginning(response, LONGEST_LIST);
  signal.throwIfAborted();
  return models(settings, url, response.status, (/** @type {string} */ name) => response.headers.get(name), body);
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
  if (event.type !== "citation") return event;
  return { ...event, source: event.source ?? -1, span: event.span ?? { start: 0, end: 0 } };
}

/** @param {Response} response @param {number} most bytes */
export async function beginning(response, most) {
  const bytes = new Uint8Array(most);
  let length = 0;
  const reader = response.body?.getReader();
  while (reader && length < most) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
    if (done || !value) break;
    bytes.set(value.subarray(0, most - length), length);
    length = Math.min(most, length + value.length);
  }
  await reader?.cancel().catch(() => {});
  return bytes.subarray(0, length);
}
