import { CarrelError } from "./errors.js";
/** The APIs of language models that are spoken. */
export declare const APIS: string[];
/** The most workers that may be asked for. */
export declare const MOST_WORKERS = 16;
/** @param {string} option @param {string} problem */
export declare function invalid(option: string, problem: string): CarrelError;
/**
 * Checks names and types; `known` gives for each name the types it may have.
 * @param {string} what
 * @param {Record<string, string>} known  such as `{ limit: "number", signal: "AbortSignal" }`
 * @param {unknown} options
 * @returns {Record<string, any>}
 */
export declare function checked(what: string, known: Record<string, string>, options?: unknown): Record<string, any>;
export type Place = {
    kind: import("./storage.js").Kind;
    name: string;
};
/** @typedef {{ kind: import("./storage.js").Kind, name: string }} Place */
/** Where a collection is kept; nothing: in memory only. @param {string} storage @returns {Place | null} */
export declare function checkedStorage(storage: string): Place | null;
export type Scalar = string | number | boolean;
export type Metadata = Record<string, Scalar | Scalar[]>;
/** @typedef {string | number | boolean} Scalar */
/** @typedef {Record<string, Scalar | Scalar[]>} Metadata */
/** @param {unknown} metadata */
export declare function checkMetadata(metadata: unknown): void;
/**
 * The address of a folder, with a slash at its end.
 * @param {string} option
 * @param {string | URL} address
 */
export declare function folder(option: string, address: string | URL): string;
export type Api = "openai" | "responses" | "anthropic" | "gemini";
export type Limits = {
    requestsPerMinute?: number;
    tokensPerMinute?: number;
    concurrency?: number;
};
export type Retries = {
    retries?: number;
    firstWait?: number;
    longestWait?: number;
};
export type Timeouts = {
    connect?: number;
    firstToken?: number;
    silence?: number;
    total?: number;
};
export type Allowance = {
    tokens?: number;
    money?: number;
};
export type Budget = {
    question?: Allowance;
    session?: Allowance;
};
export type Prices = {
    currency?: string;
    models?: {
        model: string;
        prompt: number;
        completion: number;
        cachedPrompt?: number;
    }[];
};
export type ApiGenerator = {
    api: Api;
    baseUrl: string;
    model: string;
    apiKey?: string;
    temperature?: number;
    maxTokens?: number;
    limits?: Limits;
    retries?: Retries;
    timeouts?: Timeouts;
    budget?: Budget;
    prices?: Prices;
    cache?: boolean;
};
export type OwnGenerator = (request: {
    messages: {
        role: string;
        content: string;
    }[];
}, options: {
    signal: AbortSignal;
}) => AsyncIterable<string>;
export type BuiltIn = {
    api: "browser";
};
export type Generator = ApiGenerator | OwnGenerator | BuiltIn;
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
export declare function isBuiltIn(generator: Generator | null): generator is BuiltIn;
/**
 * @param {unknown} generator
 * @param {boolean} [mayLackModel]
 * @returns {Generator | null}
 */
export declare function checkedGenerator(generator: unknown, mayLackModel?: boolean): Generator | null;
/**
 * The generator as the engine takes it: what is about time, limits and money apart.
 * @param {ApiGenerator} generator
 */
export declare function forEngine({ limits, retries, timeouts, budget, prices, cache, ...settings }: ApiGenerator): {
    api: Api;
    baseUrl: string;
    model: string;
    apiKey?: string;
    temperature?: number;
    maxTokens?: number;
    policy: any;
};
