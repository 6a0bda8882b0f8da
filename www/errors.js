// what went wrong → an error with a code, the same on both sides of the worker
//
// Errors lose their class when they cross from a worker to the page, so they travel as plain objects and are rebuilt.

/** An error of Carrel's: `code` is stable and listed in the README, `message` says what to do. */
export class CarrelError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = "CarrelError";
    this.code = code;
  }
}

/** @typedef {{ name: string, code?: string, message: string, stack?: string }} PlainError */

/**
 * Any thrown thing → a plain object that can be sent.
 * @param {unknown} error
 * @returns {PlainError}
 */
export function toPlain(error) {
  if (error instanceof Error || error instanceof DOMException) {
    const code = /** @type {{ code?: unknown }} */ (error).code;
    return {
      name: error.name,
      message: error.message,
      stack: error.stack,
      ...(typeof code === "string" ? { code } : {}),
    };
  }
  return { name: "Error", message: String(error) };
}

/**
 * The error that was sent; one with a code becomes a `CarrelError`, an abort a `DOMException`.
 * @param {PlainError} plain
 * @returns {Error}
 */
export function fromPlain(plain) {
  if (plain.name === "AbortError" || plain.name === "TimeoutError") return new DOMException(plain.message, plain.name);
  const error = plain.code ? new CarrelError(plain.code, plain.message) : new Error(plain.message);
  error.name = plain.name;
  if (plain.stack) error.stack = plain.stack;
  return error;
}

/**
 * Whether an error means that the engine can no longer be trusted: WebAssembly traps after a panic, or out of memory.
 * @param {unknown} error
 */
export function isCrash(error) {
  return error instanceof WebAssembly.RuntimeError || (error instanceof RangeError && /call stack/.test(error.message));
}

/** @param {string} reason */
export function crashed(reason) {
  return new CarrelError("crashed", `the engine stopped working (${reason}). Open Carrel again; what was not saved must be added again`);
}
