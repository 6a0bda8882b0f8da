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
export type ApiGenerator = {
    api: Api;
    baseUrl: string;
    model: string;
    apiKey?: string;
    temperature?: number;
    maxTokens?: number;
};
export type OwnGenerator = (request: {
    messages: {
        role: string;
        content: string;
    }[];
}, options: {
    signal: AbortSignal;
}) => AsyncIterable<string>;
export type Generator = ApiGenerator | OwnGenerator;
/**
 * @typedef {"openai" | "responses" | "anthropic" | "gemini"} Api  `openai`: chat completions, and all that speak them;
 *   `responses`: OpenAI's newer API
 * @typedef {{ api: Api, baseUrl: string, model: string, apiKey?: string, temperature?: number, maxTokens?: number }} ApiGenerator
 * @typedef {(request: { messages: { role: string, content: string }[] }, options: { signal: AbortSignal }) => AsyncIterable<string>} OwnGenerator
 * @typedef {ApiGenerator | OwnGenerator} Generator
 */
/**
 * @param {unknown} generator
 * @param {boolean} [mayLackModel]
 * @returns {Generator | null}
 */
export declare function checkedGenerator(generator: unknown, mayLackModel?: boolean): Generator | null;
