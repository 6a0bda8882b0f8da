/** An error of Carrel's: `code` is stable and listed in the README, `message` says what to do. */
export declare class CarrelError extends Error {
    code: string;
    /**
     * @param {string} code
     * @param {string} message
     * @param {ErrorOptions} [options]
     */
    constructor(code: string, message: string, options?: ErrorOptions);
}
export type PlainError = {
    name: string;
    code?: string;
    message: string;
    stack?: string;
};
/** @typedef {{ name: string, code?: string, message: string, stack?: string }} PlainError */
/**
 * Any thrown thing → a plain object that can be sent.
 * @param {unknown} error
 * @returns {PlainError}
 */
export declare function toPlain(error: unknown): PlainError;
/**
 * The error that was sent; one with a code becomes a `CarrelError`, an abort a `DOMException`.
 * @param {PlainError} plain
 * @returns {Error}
 */
export declare function fromPlain(plain: PlainError): Error;
/**
 * Whether an error means that the engine can no longer be trusted: WebAssembly traps after a panic, or out of memory.
 * @param {unknown} error
 */
export declare function isCrash(error: unknown): boolean;
/** @param {string} reason */
export declare function crashed(reason: string): CarrelError;
