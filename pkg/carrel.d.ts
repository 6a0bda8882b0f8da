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
    language: string;
    metadata: Metadata;
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
    metadata: Metadata;
    page: number | null;
    text: string;
    span: Span;
    highlights: Span[];
    score: number;
    semantic: number | null;
    lexical: number | null;
};
export type Scalar = import("./options.js").Scalar;
export type Metadata = import("./options.js").Metadata;
export type Item = {
    id?: string;
    name?: string;
    title?: string;
    url?: string;
    format?: Format;
    text?: string;
    file?: Blob;
    metadata?: Metadata;
    language?: string;
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
export type Template = string | {
    name?: string;
    system?: string;
    user?: string;
};
export type TemplateVersion = {
    name: string;
    about: string;
    system: string;
    user: string;
};
export type Turn = {
    question: string;
    answer: string;
};
export type Change = {
    reason: "saved" | "deleted";
    error?: undefined;
} | {
    reason: "failed";
    error: CarrelError;
};
export type CollectionInfo = import("./storage.js").CollectionInfo;
export type Generator = import("./options.js").Generator;
export type Step = {
    name: "address" | "permission" | "server" | "cors" | "key" | "model" | "answer";
    state: "ok" | "failed" | "skipped" | "unknown";
    detail: string;
    remedy: string | null;
    command: string | null;
};
export type Diagnosis = {
    steps: Step[];
    verdict: string;
};
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
export type SentenceEvent = {
    type: "sentence";
    at: Span;
    source: number;
    span: Span;
    support: number;
    verdict: "supported" | "weak" | "unsupported";
};
export type Usage = {
    promptTokens: number | null;
    completionTokens: number | null;
    cachedTokens: number | null;
    reasoningTokens: number | null;
    finish: "stop" | "length" | "refusal" | "other" | null;
    finishReason: string | null;
};
export type UsageEvent = {
    type: "usage";
} & Usage;
export type WaitingEvent = {
    type: "waiting";
    milliseconds: number;
    code: string;
    message: string;
};
export type AnswerEvent = {
    type: "sources";
    sources: Passage[];
} | {
    type: "text";
    text: string;
} | CitationEvent | SentenceEvent | WaitingEvent | UsageEvent;
export type Tokens = {
    prompt: number;
    cachedPrompt: number;
    completion: number;
    reasoning: number;
};
export type Measure = {
    tokens: Tokens;
    reported: boolean;
    money: number | null;
    firstTokenMilliseconds: number | null;
    tokensPerSecond: number | null;
    milliseconds: number;
    retries: number;
};
export type Totals = {
    answers: number;
    counted: number;
    unpriced: number;
    tokens: Tokens;
    money: number;
    milliseconds: number;
    retries: number;
};
export type LedgerEntry = import("./ledger.js").LedgerEntry;
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
    usage: Usage | null;
    resent: {
        code: string;
        message: string;
        milliseconds: number;
    }[];
    cached: boolean;
    measure: Measure | null;
};
export type Outgoing = {
    url: string | null;
    body: string | null;
    messages: {
        role: string;
        content: string;
    }[];
    sources: Passage[];
    again: boolean;
};
export type Revision = {
    strike?: number[];
    redact?: string[];
    again?: boolean;
};
export type Gate = (outgoing: Outgoing) => boolean | Revision | Promise<boolean | Revision>;
export type OpenOptions = {
    model: string | URL;
    index?: string | URL | Blob;
    storage?: string;
    generator?: Generator | null;
    workers?: number;
    onProgress?: (progress: OpenProgress) => void;
    onChange?: (change: Change) => void;
    signal?: AbortSignal;
};
export type Condition = {
    $eq?: Scalar | null;
    $ne?: Scalar | null;
    $in?: (Scalar | null)[];
    $nin?: (Scalar | null)[];
    $gt?: Scalar;
    $gte?: Scalar;
    $lt?: Scalar;
    $lte?: Scalar;
    $exists?: boolean;
    $prefix?: string;
    $not?: Condition;
};
export type Filter = {
    $and?: Filter[];
    $or?: Filter[];
    $nor?: Filter[];
    $not?: Filter;
} | {
    [field: string]: Scalar | null | Condition;
};
export type Choice = {
    /**
     * how many at most: 1 to 1,000; 10 for a search, 5 for an answer
     */
    limit?: number;
    mode?: Mode;
    filter?: Filter;
    /**
     * how much passages are to differ from those before them, 0 (the default) to 1
     */
    diversity?: number;
    /**
     * whether passages that say the same as a better one are left out
     */
    collapse?: boolean;
    /**
     * how many stretches before and after are joined to each passage, 0 (the default) to 10
     */
    neighbours?: number;
};
export type SearchOptions = Choice & {
    facets?: string[];
    typing?: boolean;
    signal?: AbortSignal;
};
export type Facets = Record<string, [value: Scalar, count: number][]>;
export type SearchResult = {
    passages: Passage[];
    facets: Facets;
    elapsed: number;
};
export type AskOptions = Choice & {
    template?: Template;
    examples?: Turn[] | {
        pool: Turn[];
        most?: number;
    };
    history?: Turn[];
    followUps?: "rules" | "model" | "none";
    abstain?: boolean;
    contextTokens?: number;
    generator?: Generator | null;
    gate?: Gate;
    signal?: AbortSignal;
};
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
    /** The collections that this browser keeps for this site, by name. @returns {Promise<CollectionInfo[]>} */
    static collections(): Promise<CollectionInfo[]>;
    /**
     * Deletes what is kept of a collection; tells whether there was one. A Carrel that has it open, here or in another
     * tab, goes on in memory, and would keep it anew with its next `save`.
     * @param {string} name
     * @returns {Promise<boolean>}
     */
    static deleteCollection(name: string): Promise<boolean>;
    /**
     * Asks the browser not to delete what this site keeps when the disk becomes full. Some browsers ask the person, so it
     * is best called when there is a reason to see, such as the first save.
     * @returns {Promise<boolean>} whether the browser promises it
     */
    static persist(): Promise<boolean>;
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
     * Asks an API which models it has; `model` may be missing. Fails as an answer would, which tells whether the address,
     * the key and the browser's rules are right.
     * @param {Omit<import("./options.js").ApiGenerator, "model"> & { model?: string }} generator
     * @param {{ signal?: AbortSignal }} [options]
     * @returns {Promise<string[]>}
     */
    models(generator: Omit<import("./options.js").ApiGenerator, "model"> & {
        model?: string;
    }, options?: {
        signal?: AbortSignal;
    }): Promise<string[]>;
    /**
     * Finds out what stands between this page and an API's answers: the address, the browser's permission, the server,
     * its rules for pages (CORS), the key, the model, the account. Asks nothing but that address, and for an answer, of
     * one word, only with `ask`, since it may cost.
     * @param {Omit<import("./options.js").ApiGenerator, "model"> & { model?: string }} generator
     * @param {{ ask?: boolean, onStep?: (step: Step) => void, signal?: AbortSignal }} [options]
     *   `onStep` is told each step as it is taken
     * @returns {Promise<Diagnosis>}
     */
    diagnose(generator: Omit<import("./options.js").ApiGenerator, "model"> & {
        model?: string;
    }, options?: {
        ask?: boolean;
        onStep?: (step: Step) => void;
        signal?: AbortSignal;
    }): Promise<Diagnosis>;
    /**
     * @param {string} query
     * @param {SearchOptions} [options]
     * @returns {Promise<SearchResult>}
     */
    search(query: string, options?: SearchOptions): Promise<SearchResult>;
    /**
     * @param {string} question
     * @param {AskOptions} [options]
     * @returns {Answer}
     */
    ask(question: string, options?: AskOptions): Answer;
    /**
     * Every request that has left for a language model, in order. It is in memory only, and gone with this Carrel.
     * @returns {Promise<LedgerEntry[]>}
     */
    ledger(): Promise<LedgerEntry[]>;
    /** The wordings of prompts that are built in. @returns {Promise<TemplateVersion[]>} */
    templates(): Promise<TemplateVersion[]>;
    /** Fails where a wording cannot be used, with the line and the reason. @param {Template} template @returns {Promise<void>} */
    checkTemplate(template: Template): Promise<void>;
    /** What the answers of language models took together. @returns {Promise<Totals>} */
    totals(): Promise<Totals>;
    /**
     * Keeps the collection where `storage` says, with what other tabs have saved of it meanwhile: of a document that both
     * have changed, this one's. It is kept wholly or, where something goes wrong, as it was. Where another tab has deleted
     * it meanwhile this fails with `storage_deleted`, and the next one keeps it anew.
     * @returns {Promise<void>}
     */
    save(): Promise<void>;
    /** The whole collection as one file, which `open` takes as `index`. @returns {Promise<Blob>} */
    export(): Promise<Blob>;
    /** Gives all memory back. Calls that are still running are rejected. @returns {Promise<void>} */
    close(): Promise<void>;
}
