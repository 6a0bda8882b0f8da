import { Answer } from "./answer.js";
import { CarrelError } from "./errors.js";
import { Caller } from "./protocol.js";
export { Answer, CarrelError };
export type Span = {
    start: number;
    end: number;
};
export type Format = "markdown" | "html" | "text" | "pdf";
export type Mode = "hybrid" | "semantic" | "lexical";
export type DocumentInfo = {
    id: string;
    name: string;
    title: string;
    url: string | null;
    format: Format;
    characters: number;
    chunks: number;
    pages: number;
    warnings: string[];
};
export type WholeDocument = DocumentInfo & {
    text: string;
    outline: {
        level: number;
        title: string;
        span: Span;
    }[];
    pageSpans: Span[];
};
export type Passage = {
    id: string;
    chunk: number;
    title: string;
    url: string | null;
    format: Format;
    headings: string[];
    page: number | null;
    text: string;
    span: Span;
    score: number;
    semantic: number | null;
    lexical: number | null;
};
export type Item = {
    id?: string;
    name?: string;
    title?: string;
    url?: string;
    format?: Format;
    text?: string;
    file?: Blob;
};
export type Addable = File | Item;
export type AddProgress = {
    id: string;
    name: string;
    state: "waiting" | "reading" | "embedding" | "ready" | "failed";
    done: number;
    document?: DocumentInfo;
    error?: CarrelError;
    note?: string;
};
export type AddResult = {
    added: DocumentInfo[];
    failed: {
        id: string;
        name: string;
        error: CarrelError;
    }[];
};
export type OpenProgress = {
    phase: "engine" | "model" | "index";
    loaded: number;
    total: number | null;
    cached?: boolean;
    note?: string;
};
export type Template = {
    system?: string;
    user?: string;
};
export type Generator = import("./options.js").Generator;
export type CitationEvent = {
    type: "citation";
    number: number;
    at: Span;
    source: number;
    span: Span;
    support: number;
    verdict: "supported" | "weak" | "unsupported";
    by: "model" | "carrel";
};
export type UsageEvent = {
    type: "usage";
    promptTokens: number | null;
    completionTokens: number | null;
    finishReason: string | null;
};
export type AnswerEvent = {
    type: "sources";
    sources: Passage[];
} | {
    type: "text";
    text: string;
} | CitationEvent | UsageEvent;
export type Trace = {
    question: string;
    stages: ({
        stage: string;
        milliseconds: number;
    } & Record<string, unknown>)[];
    request: {
        url: string;
        body: string;
    } | null;
    firstTokenMilliseconds: number | null;
    usage: {
        promptTokens: number | null;
        completionTokens: number | null;
        finishReason: string | null;
    } | null;
};
export type OpenOptions = {
    model: string | URL;
    index?: string | URL | Blob;
    storage?: string;
    generator?: Generator | null;
    workers?: number;
    onProgress?: (progress: OpenProgress) => void;
    signal?: AbortSignal;
};
export type SearchOptions = {
    limit?: number;
    mode?: Mode;
    signal?: AbortSignal;
};
export type AskOptions = {
    limit?: number;
    mode?: Mode;
    template?: Template;
    examples?: {
        question: string;
        answer: string;
    }[];
    contextTokens?: number;
    generator?: Generator | null;
    signal?: AbortSignal;
};
/**
 * @typedef {{ start: number, end: number }} Span  UTF-16 offsets into a text
 * @typedef {"markdown" | "html" | "text" | "pdf"} Format
 * @typedef {"hybrid" | "semantic" | "lexical"} Mode
 * @typedef {{ id: string, name: string, title: string, url: string | null, format: Format, characters: number,
 *   chunks: number, pages: number, warnings: string[] }} DocumentInfo  `pages` is 0 where the format has none
 * @typedef {DocumentInfo & { text: string, outline: { level: number, title: string, span: Span }[], pageSpans: Span[] }} WholeDocument
 * @typedef {{ id: string, chunk: number, title: string, url: string | null, format: Format, headings: string[],
 *   page: number | null, text: string, span: Span, score: number, semantic: number | null, lexical: number | null }} Passage
 *   `span` counts in the document's text; `score` is comparable within one search only, higher is better
 * @typedef {{ id?: string, name?: string, title?: string, url?: string, format?: Format, text?: string, file?: Blob }} Item
 *   a text, or a file under another id
 * @typedef {File | Item} Addable
 * @typedef {{ id: string, name: string, state: "waiting" | "reading" | "embedding" | "ready" | "failed", done: number,
 *   document?: DocumentInfo, error?: CarrelError, note?: string }} AddProgress  `done` is 0 to 1; `note` says why it
 *   takes longer than it should
 * @typedef {{ added: DocumentInfo[], failed: { id: string, name: string, error: CarrelError }[] }} AddResult
 * @typedef {{ phase: "engine" | "model" | "index", loaded: number, total: number | null, cached?: boolean,
 *   note?: string }} OpenProgress  in bytes; `cached` where the browser had kept the model from an earlier time; `note`
 *   says why it could not be kept for the next time
 * @typedef {{ system?: string, user?: string }} Template  `user` holds `{{ passages }}` and `{{ question }}`
 * @typedef {import("./options.js").Generator} Generator
 * @typedef {{ type: "citation", number: number, at: Span, source: number, span: Span, support: number,
 *   verdict: "supported" | "weak" | "unsupported", by: "model" | "carrel" }} CitationEvent
 *   `at` is the mark's place in the answer, empty where Carrel adds one; `source` an index into the sources, -1 where
 *   the model cites what does not exist; `span` the cited sentences in the document's text. A later event with the
 *   same `at` and `number` replaces an earlier one.
 * @typedef {{ type: "usage", promptTokens: number | null, completionTokens: number | null, finishReason: string | null }} UsageEvent
 * @typedef {{ type: "sources", sources: Passage[] } | { type: "text", text: string } | CitationEvent | UsageEvent} AnswerEvent
 * @typedef {{ question: string, stages: ({ stage: string, milliseconds: number } & Record<string, unknown>)[],
 *   request: { url: string, body: string } | null, firstTokenMilliseconds: number | null,
 *   usage: { promptTokens: number | null, completionTokens: number | null, finishReason: string | null } | null }} Trace
 * @typedef {{ model: string | URL, index?: string | URL | Blob, storage?: string, generator?: Generator | null,
 *   workers?: number, onProgress?: (progress: OpenProgress) => void, signal?: AbortSignal }} OpenOptions
 *   `index` is the address of a folder that the CLI made, or an exported file;
 *   `storage` is `"memory"` (the default), `"opfs"`, or `"opfs:NAME"` to keep several apart;
 *   `workers` embed documents side by side, 1 to 16: as many as suit the machine unless given
 * @typedef {{ limit?: number, mode?: Mode, signal?: AbortSignal }} SearchOptions
 * @typedef {{ limit?: number, mode?: Mode, template?: Template, examples?: { question: string, answer: string }[],
 *   contextTokens?: number, generator?: Generator | null, signal?: AbortSignal }} AskOptions
 */
export declare class Carrel {
    #private;
    /** Use `Carrel.open`. @param {Caller} caller */
    constructor(caller: Caller);
    /**
     * Loads the engine and the model, and an index if one is named.
     * @param {OpenOptions} options
     * @returns {Promise<Carrel>}
     */
    static open(options: OpenOptions): Promise<Carrel>;
    /** Who writes the answers; nothing for extractive ones. May be changed at any time. @returns {Generator | null} */
    get generator(): Generator | null;
    set generator(generator: Generator | null);
    /**
     * Reads, cuts and embeds documents. One that fails does not stop the others: see `failed` of the result. An item
     * of the same id as an earlier one replaces it; a file's id is its path or name.
     * @param {Addable | Iterable<Addable> | AsyncIterable<Addable>} files
     * @param {{ signal?: AbortSignal, onProgress?: (progress: AddProgress) => void }} [options]
     * @returns {Promise<AddResult>}
     */
    add(files: Addable | Iterable<Addable> | AsyncIterable<Addable>, options?: {
        signal?: AbortSignal;
        onProgress?: (progress: AddProgress) => void;
    }): Promise<AddResult>;
    /** @returns {Promise<DocumentInfo[]>} */
    documents(): Promise<DocumentInfo[]>;
    /** A document with its text. @param {string} id @returns {Promise<WholeDocument>} */
    document(id: string): Promise<WholeDocument>;
    /** Tells whether there was one. @param {string} id @returns {Promise<boolean>} */
    remove(id: string): Promise<boolean>;
    /**
     * @param {string} query
     * @param {SearchOptions} [options]
     * @returns {Promise<{ passages: Passage[], elapsed: number }>}  `elapsed` in milliseconds, within the engine
     */
    search(query: string, options?: SearchOptions): Promise<{
        passages: Passage[];
        elapsed: number;
    }>;
    /**
     * @param {string} question
     * @param {AskOptions} [options]
     * @returns {Answer}
     */
    ask(question: string, options?: AskOptions): Answer;
    /** Keeps the collection where `storage` says. @returns {Promise<void>} */
    save(): Promise<void>;
    /** The whole collection as one file, which `open` takes as `index`. @returns {Promise<Blob>} */
    export(): Promise<Blob>;
    /** Gives all memory back. Calls that are still running are rejected. @returns {Promise<void>} */
    close(): Promise<void>;
}
