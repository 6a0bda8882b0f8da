// how requests are sent, to whichever API
//
// What all of them have in common, and the one that asks nothing but which models there are.

/** No cookies, no referrer, no redirect to another host: nothing goes where the person did not send it. */
export const PRIVATELY = /** @type {const} */ ({ credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", cache: "no-store" });
/** How long a list of models is waited for, in milliseconds, and how much is read of it. */
const PATIENCE = 20_000;
export const LONGEST_LIST = 8 * 1024 * 1024;
/**
 * Asks an API which models it has.
 * @param {typeof import("./engine.js")} module
 * @param {import("./options.js").ApiGenerator} generator
 * @param {import("./ledger.js").Ledger} ledger
 * @param {AbortSignal} signal
 * @returns {Promise<string[]>}
 */
export async function listModels({ modelsRequest, models, unreachable }, generator, ledger, signal) {
  const settings = { ...generator, model: generator.model ?? "" };
  const [url, headers] = modelsRequest(settings);
  const entry = ledger.open(url, headers, "");
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  try {
    const response = await fetch(url, { headers, signal: patience, ...PRIVATELY }).catch(() => {
      signal.throwIfAborted();
      throw unreachable(url);
    });
    entry.status = response.status;
    const body = await beginning(response, LONGEST_LIST);
    entry.received = body.length;
    signal.throwIfAborted();
    return models(settings, url, response.status, (/** @type {string} */ name) => response.headers.get(name), body);
  } finally {
    ledger.close(entry);
  }
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
