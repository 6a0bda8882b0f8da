// what a caller passes → checked options
//
// A mistyped option that is silently ignored costs an afternoon; so every name and type is checked, and the message
// lists the names that are known.

import { CarrelError } from "./errors.js";

/** The APIs of language models that are spoken. */
export const APIS = ["openai", "responses", "anthropic", "gemini"];
/** The most workers that may be asked for. */
export const MOST_WORKERS = 16;

/** @param {string} option @param {string} problem */
export function invalid(option, problem) {
  return new CarrelError("option_invalid", `${option}: ${problem}`);
}

/**
 * Checks names and types; `known` gives for each name the types it may have.
 * @param {string} what
 * @param {Record<string, string>} known  such as `{ limit: "number", signal: "AbortSignal" }`
 * @param {unknown} options
 * @returns {Record<string, any>}
 */
export function checked(what, known, options = {}) {
  if (typeof options !== "object" || options === null || Array.isArray(options)) throw invalid(what, "an object is needed");
  for (const [name, value] of Object.entries(options)) {
    const types = Object.hasOwn(known, name) ? known[name] : undefined;
    if (types === undefined) {
      throw invalid(`${what}.${name}`, `there is no such option; known are ${Object.keys(known).join(", ")}`);
    }
    if (value !== undefined && !types.split("|").some((type) => isOf(type, value))) {
      const needed = types === "amount" ? "a number from 0 up" : types.replaceAll("|", " or ");
      throw invalid(`${what}.${name}`, `${needed} is needed`);
    }
  }
  return /** @type {Record<string, any>} */ (options);
}

/** @param {string} type @param {unknown} value */
function isOf(type, value) {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "amount":
      return typeof value === "number" && value >= 0 && value < Infinity;
    case "AbortSignal":
      return value instanceof AbortSignal;
    case "Blob":
      return value instanceof Blob;
    case "URL":
      return value instanceof URL;
    default:
      return typeof value === type;
  }
}

/** @typedef {{ kind: import("./storage.js").Kind, name: string }} Place */

/** Where a collection is kept; nothing: in memory only. @param {string} storage @returns {Place | null} */
export function checkedStorage(storage) {
  if (storage === "memory") return null;
  const [, kind, name = "default"] = /^(opfs|indexeddb)(?::([\w-]{1,64}))?$/.exec(storage) ?? [];
  if (kind) return { kind: /** @type {Place["kind"]} */ (kind), name };
  throw invalid("open.storage", `${JSON.stringify(storage)} is not known; use "memory", "opfs", "indexeddb", or "opfs:NAME" with a name of up to 64 letters without accents, digits, "-" and "_"`);
}

/** @typedef {string | number | boolean} Scalar */
/** @typedef {Record<string, Scalar | Scalar[]>} Metadata */

/** @param {unknown} metadata */
export function checkMetadata(metadata) {
  for (const [name, value] of Object.entries(metadata ?? {})) {
    const isScalar = (/** @type {unknown} */ one) => ["string", "boolean"].includes(typeof one) || Number.isFinite(one);
    if (!(Array.isArray(value) ? value : [value]).every(isScalar)) {
      throw invalid(`metadata.${name}`, "a text, a finite number, true or false is needed, or a list of these");
    }
  }
}

/**
 * The address of a folder, with a slash at its end.
 * @param {string} option
 * @param {string | URL} address
 */
export function folder(option, address) {
  try {
    const url = new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href);
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return url.href;
  } catch {
    throw invalid(option, `${address} is no address`);
  }
}

/**
 * @typedef {"openai" | "responses" | "anthropic" | "gemini"} Api  `openai`: chat completions, and all that speak them;
 *   `responses`: OpenAI's newer API
 * @typedef {{ requestsPerMinute?: number, tokensPerMinute?: number, concurrency?: number }} Limits  how much may be sent
 *   in a minute, and how many requests at once (4); without, what the server tells
 * @typedef {{ retries?: number, firstWait?: number, longestWait?: number }} Retries  how often a request that failed
 *   before its first word is sent again (4), and the longest wait before the first time (1,000 ms, then twice as long
 *   each time) and of all (30,000 ms)
 * @typedef {{ connect?: number, firstToken?: number, silence?: number, total?: number }} Timeouts  in milliseconds: until
 *   the response begins (120,000), from there to the first word (180,000), between words (60,000), and over all, retries
 *   too (600,000)
 * @typedef {{ tokens?: number, money?: number }} Allowance
 * @typedef {{ question?: Allowance, session?: Allowance }} Budget  what one question and all of this Carrel may take: more
 *   is refused before it is sent
 * @typedef {{ currency?: string, models?: { model: string, prompt: number, completion: number, cachedPrompt?: number }[] }} Prices
 *   of a million tokens; `*` in a model's name stands for anything; the first that fits counts
 * @typedef {{ api: Api, baseUrl: string, model: string, apiKey?: string, temperature?: number, maxTokens?: number,
 *   limits?: Limits, retries?: Retries, timeouts?: Timeouts, budget?: Budget, prices?: Prices, cache?: boolean }} ApiGenerator
 *   `cache`: the same request is answered from memory the second time
 * @typedef {(request: { messages: { role: string, content: string }[] }, options: { signal: AbortSignal }) => AsyncIterable<string>} OwnGenerator
 * @typedef {{ api: "browser" }} BuiltIn  the browser's own model, where it has one
 * @typedef {ApiGenerator | OwnGenerator | BuiltIn} Generator
 */

/** The browser's own model: a generator that is a function. @param {Generator | null} generator @returns {generator is BuiltIn} */
export function isBuiltIn(generator) {
  return typeof generator === "object" && generator?.api === "browser";
}

/**
 * @param {unknown} generator
 * @param {boolean} [mayLackModel]
 * @returns {Generator | null}
 */
export function checkedGenerator(generator, mayLackModel = false) {
  if (generator === null || generator === undefined) return null;
  if (typeof generator === "function") return /** @type {OwnGenerator} */ (generator);
  const known = {
    api: "string", baseUrl: "string", model: "string", apiKey: "string", temperature: "number", maxTokens: "number",
    limits: "object", retries: "object", timeouts: "object", budget: "object", prices: "object", cache: "boolean",
  };
  if (isBuiltIn(/** @type {Generator} */ (generator))) {
    checked("generator", { api: "string" }, generator);
    return { api: "browser" };
  }
  const { api, baseUrl, model } = checked("generator", known, generator);
  if (!APIS.includes(api)) throw invalid("generator.api", `${JSON.stringify(api)} is not known; use one of ${APIS.join(", ")}, browser`);
  if (!baseUrl) throw invalid("generator.baseUrl", "it is missing; it usually ends in /v1");
  if (!model && !mayLackModel) throw invalid("generator.model", "it is missing; give the model's name as the API knows it");
  const { temperature, maxTokens } = /** @type {ApiGenerator} */ (generator);
  if (temperature !== undefined && !(temperature >= 0)) throw invalid("generator.temperature", "a number from 0 up is needed");
  if (maxTokens !== undefined && !(Number.isInteger(maxTokens) && maxTokens > 0)) {
    throw invalid("generator.maxTokens", "a whole number from 1 up is needed");
  }
  const { limits, retries, timeouts, budget } = /** @type {ApiGenerator} */ (generator);
  checked("generator.limits", amounts("requestsPerMinute", "tokensPerMinute", "concurrency"), limits);
  checked("generator.retries", amounts("retries", "firstWait", "longestWait"), retries);
  checked("generator.timeouts", amounts("connect", "firstToken", "silence", "total"), timeouts);
  for (const [scope, allowance] of Object.entries(checked("generator.budget", { question: "object", session: "object" }, budget))) {
    checked(`generator.budget.${scope}`, amounts("tokens", "money"), allowance);
  }
  return /** @type {ApiGenerator} */ ({ .../** @type {object} */ (generator) });
}

/** @param {string[]} names */
function amounts(...names) {
  return Object.fromEntries(names.map((name) => [name, "amount"]));
}

/**
 * The generator as the engine takes it: what is about time, limits and money apart.
 * @param {ApiGenerator} generator
 */
export function forEngine({ limits, retries, timeouts, budget, prices, cache, ...settings }) {
  return { ...settings, policy: JSON.parse(JSON.stringify({ limits, retries, timeouts, budget, prices, cache })) };
}
