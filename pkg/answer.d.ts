export type Passage = import("./carrel.js").Passage;
export type Trace = import("./carrel.js").Trace;
export type AnswerEvent = import("./carrel.js").AnswerEvent;
/**
 * @typedef {import("./carrel.js").Passage} Passage
 * @typedef {import("./carrel.js").Trace} Trace
 * @typedef {import("./carrel.js").AnswerEvent} AnswerEvent
 */
export declare class Answer {
    #private;
    /** The passages that the answer may cite, there before its first word. @type {Promise<Passage[]>} */
    sources: Promise<Passage[]>;
    /** What was done, stage by stage, also for an answer that failed half-way. @type {Promise<Trace>} */
    trace: Promise<Trace>;
    /**
     * @param {(onEvent: (event: AnswerEvent | { type: "trace", trace: Trace }) => void) => Promise<void>} begin
     *   starts the work; settled when it has ended
     * @param {() => void} abort
     */
    constructor(begin: (onEvent: (event: AnswerEvent | {
        type: "trace";
        trace: Trace;
    }) => void) => Promise<void>, abort: () => void);
    /** The whole text. @returns {Promise<string>} */
    text(): Promise<string>;
    /** All events from the first on; leaving the loop early aborts the request. */
    [Symbol.asyncIterator](): AsyncGenerator<import("./carrel.js").AnswerEvent, void, unknown>;
}
