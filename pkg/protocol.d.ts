export type ToWorker = {
    id: number;
    call: string;
    args: unknown[];
} | {
    id: number;
    abort: import("./errors.js").PlainError;
} | {
    id: number;
    feed: unknown;
};
export type ToPage = {
    id: number;
    event: unknown;
} | {
    id: number;
    result: unknown;
} | {
    id: number;
    error: import("./errors.js").PlainError;
    crash: boolean;
};
export type Conversation = {
    signal: AbortSignal;
    emit: (event: unknown) => void;
    /**
     * What the page feeds in, until it feeds `null`.
     */
    feeds: () => AsyncGenerator<any, void, undefined>;
};
export type Handler = (args: any[], conversation: Conversation) => unknown;
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
export declare class Caller {
    #private;
    /** @param {Worker} worker */
    constructor(worker: Worker);
    /**
     * Calls a function of the worker.
     * @param {string} call
     * @param {unknown[]} args
     * @param {{ signal?: AbortSignal, onEvent?: (event: any) => void }} [options]
     * @returns {{ result: Promise<any>, feed: (value: unknown) => void }}
     */
    call(call: string, args: unknown[], { signal, onEvent }?: {
        signal?: AbortSignal;
        onEvent?: (event: any) => void;
    }): {
        result: Promise<any>;
        feed: (value: unknown) => void;
    };
    /**
     * Stops the worker; what is still to come is rejected with `reason`.
     * @param {Error} reason
     */
    end(reason: Error): void;
}
/**
 * The worker's end: answers calls with the functions of `handlers`.
 * @param {Record<string, Handler>} handlers
 * @param {{ onmessage: ((event: MessageEvent) => void) | null, postMessage: (message: ToPage) => void }} scope
 */
export declare function answerCalls(handlers: Record<string, Handler>, scope: {
    onmessage: ((event: MessageEvent) => void) | null;
    postMessage: (message: ToPage) => void;
}): void;
