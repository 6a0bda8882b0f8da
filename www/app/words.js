// Numbers and errors → words, in one place, so that amounts, times and failures sound the same everywhere.

/** @import { Passage, Problem } from "./types.js" */

const numbers = new Intl.NumberFormat("en");
const oneDigit = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/**
 * "1 passage", "1,210 passages".
 * @param {number} amount
 * @param {string} noun in the singular
 */
export function count(amount, noun) {
  return `${numbers.format(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}

/** @param {number} amount */
export function number(amount) {
  return numbers.format(amount);
}

/**
 * "12.3 of 23.4 MB", or "12.3 MB" where the whole is not known.
 * @param {number} loaded in bytes
 * @param {number | null} total in bytes
 */
export function megabytes(loaded, total) {
  const part = oneDigit.format(loaded / 1e6);
  return total ? `${part} of ${oneDigit.format(total / 1e6)} MB` : `${part} MB`;
}

/**
 * "12 KB", "3.4 MB".
 * @param {number} bytes
 */
export function size(bytes) {
  return bytes < 1e6 ? `${numbers.format(Math.ceil(bytes / 1000))} KB` : `${oneDigit.format(bytes / 1e6)} MB`;
}

/**
 * "0.4 ms", "38 ms", "2.1 s".
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  if (milliseconds < 0.1) return "under 0.1 ms";
  if (milliseconds < 10) return `${oneDigit.format(milliseconds)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${oneDigit.format(milliseconds / 1000)} s`;
}

/**
 * "0.0021 USD".
 * @param {number} amount
 * @param {string} currency
 */
export function money(amount, currency) {
  return `${amount.toLocaleString("en", { maximumSignificantDigits: 3 })} ${currency}`.trim();
}

/**
 * The words of an answer, without its citation marks.
 * @param {string} text
 */
export function wordsIn(text) {
  return text.replace(/\[\d[\d,\s]*\]/g, " ").match(/[\p{L}\p{N}]+(?:['’.-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
}

/**
 * "Annual report, page 3".
 * @param {Passage} passage
 */
export function placeOf(passage) {
  return passage.page === null ? passage.title : `${passage.title}, page ${passage.page}`;
}

/** What takes no room on a line, or turns the letters around it about. */
export const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu;

/**
 * "promptTokens" → "prompt tokens".
 * @param {string} name
 */
export function spaced(name) {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
}

/**
 * Whatever was thrown, as a code and a message that can be shown.
 * @param {unknown} thrown
 * @returns {Problem}
 */
export function problemOf(thrown) {
  if (!(thrown instanceof Error)) return { code: "unexpected", message: String(thrown) };
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "unexpected";
  return { code: isAbort(thrown) ? "aborted" : code, message: thrown.message || thrown.name };
}

/**
 * The same, should a server have repeated the key that it was sent: messages are copied and shown to others.
 * @param {unknown} thrown
 * @param {string} [key]
 * @returns {Problem}
 */
export function problemWithout(thrown, key = "") {
  const problem = problemOf(thrown);
  const secret = key.trim();
  return secret === "" ? problem : { ...problem, message: problem.message.replaceAll(secret, "(the key)") };
}

/**
 * Did the person stop it?
 * @param {unknown} thrown
 */
export function isAbort(thrown) {
  return thrown instanceof Error && (thrown.name === "AbortError" || ("code" in thrown && thrown.code === "aborted"));
}
