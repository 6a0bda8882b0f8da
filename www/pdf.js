// PDF bytes → texts of pages. This is the only place that knows pdf.js (https://mozilla.github.io/pdf.js/), 1.9 MB
// which are loaded when the first PDF comes. It runs in a worker without a DOM and reads text only: no image, font,
// form or script of a document is decoded or run, and nothing is fetched but pdf.js's own files beside this one.
// Documents are hostile: each is parsed in a nested worker that is ended when it takes too long.
import { paragraphsOfPage, textsOfPages } from "./pdf-text.js";

/** @typedef {typeof import("pdfjs-dist")} PdfJs */
/** @typedef {import("pdfjs-dist").PDFDocumentProxy} PdfDocument */
/** @typedef {import("pdfjs-dist").PDFWorker} PdfWorker */
/** @typedef {{ pdf: PdfWorker, thread: Worker | null }} Reader */

/** A file may stand still this long before it is given up. */
const SECONDS_WITHOUT_PROGRESS = 60;
/** A few bytes can claim any number of pages, and draw any amount of text on one. */
const PAGES_MOST = 50_000;
const CHARACTERS_MOST = 4_000_000;
/** Of a whole file; as much as is read of a file of text. */
const CHARACTERS_MOST_OF_ALL = 16_000_000;
/** A reader that is not used is kept for the next file so long, in milliseconds. */
const READER_KEPT = 10_000;

const library = new URL("pdfjs/", import.meta.url);

/**
 * Reads the text of a PDF.
 * @param {Uint8Array<ArrayBuffer>} bytes the file; moved to the reader, so empty afterwards
 * @param {object} options
 * @param {string} options.name the file's name, for messages
 * @param {AbortSignal} [options.signal] ends the reading at once, with the signal's reason
 * @param {(done: number) => void} [options.onProgress] called after each page with the part done, 0 to 1
 * @returns {Promise<{ pages: string[], warnings: string[] }>} one text a page (empty where there is none, as in a
 *   scan) and what could not be read, in words
 * @throws a CarrelError with the code `encrypted` or `not_pdf`; `fetch_failed` if the reader itself cannot be loaded
 */
export async function readPages(bytes, { name, signal, onProgress }) {
  signal?.throwIfAborted();
  const signs = signsOf(bytes);
  const { getDocument } = await loadLibrary(name);
  const reader = await takeReader(name);
  const watch = watchOver(name, reader, signal);
  /** @type {Set<string>} */
  const missing = new Set();
  const task = getDocument(optionsFor(bytes, reader.pdf, missing));
  let whole = false;
  try {
    // A password that is asked for is a failure: nobody is here to type it.
    const file = await watch.during(task.promise);
    const result = await readDocument(file, { name, signs, missing, watch, onProgress });
    whole = true;
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    throw errorFor(error, name, signs);
  } finally {
    const closing = task.destroy();
    // A reader that failed, or that does not close, is not asked to read again.
    const inOrder = whole && await watch.during(closing).then(() => true, () => false);
    closing.catch(() => {});
    watch.end();
    giveBack(reader, inOrder);
  }
}

/**
 * @param {PdfDocument} file
 * @param {{ name: string, signs: Signs, missing: ReadonlySet<string>, watch: Watch,
 *           onProgress?: (done: number) => void }} options
 */
async function readDocument(file, { name, signs, missing, watch, onProgress }) {
  /** @type {string[][][]} */
  const pages = [];
  const warnings = [];
  const unread = [];
  const count = Math.min(file.numPages, PAGES_MOST);
  let total = 0;
  for (let number = 1; number <= count; number++) {
    try {
      const { paragraphs, cut, characters } = await watch.during(readPage(file, number));
      pages.push(paragraphs);
      total += characters;
      if (cut) warnings.push(`${name}, page ${number}: only the first ${CHARACTERS_MOST} characters are read`);
      watch.progress();
    } catch (error) {
      if (error instanceof Stopped) throw error;
      // Not progress: pages that a damaged file only claims to have must come to an end.
      pages.push([]);
      unread.push(number);
    }
    onProgress?.(number / count);
    if (total > CHARACTERS_MOST_OF_ALL) {
      throw carrelError("too_large", `${name} holds too much text: more than ${CHARACTERS_MOST_OF_ALL / 1e6} million `
        + "characters. Split it into smaller files");
    }
  }
  const empty = pages.every((paragraphs) => paragraphs.length === 0);
  if (count === 0 || unread.length === count || (empty && !signs.hasEnd)) throw notPdf(name, signs);
  if (unread.length > 0) {
    const some = unread.slice(0, 10).join(", ") + (unread.length > 10 ? ", …" : "");
    warnings.push(`${name}: ${unread.length} of ${count} pages could not be read (${some})`);
  }
  if (file.numPages > count) warnings.push(`${name}: only the first ${count} of ${file.numPages} pages are read`);
  if (missing.size > 0) {
    warnings.push(`${name}: tables of East Asian characters did not load (${[...missing].join(", ")}), so some of its `
      + "text is missing or wrong. Check the connection and add the file again");
  }
  if (!signs.hasEnd) warnings.push(`${name}: the end of the file is missing, and perhaps some of its text`);
  return { pages: textsOfPages(pages), warnings };
}

/** @param {PdfDocument} file @param {number} number @returns {Promise<{ paragraphs: string[][], cut: boolean, characters: number }>} */
async function readPage(file, number) {
  const page = await file.getPage(number);
  const items = [];
  /** @type {import("./pdf-text.js").TextStyles} */
  const styles = {};
  let characters = 0;
  const stream = page.streamTextContent().getReader();
  while (characters <= CHARACTERS_MOST) {
    const { value, done } = await stream.read();
    if (done) break;
    Object.assign(styles, value.styles);
    for (const item of value.items) {
      characters += 1 + ("str" in item ? item.str.length : 0);
      items.push(item);
    }
  }
  const cut = characters > CHARACTERS_MOST;
  if (cut) await stream.cancel(new Error("too much text on one page"));
  page.cleanup();
  return { paragraphs: paragraphsOfPage(items, styles), cut, characters };
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {PdfWorker} worker
 * @param {Set<string>} missing takes the names of pdf.js's own files that did not load */
function optionsFor(bytes, worker, missing) {
  return {
    // A part of a larger buffer must not take the rest with it.
    data: bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice(),
    worker,
    verbosity: 0,
    // The worker asks here for its files, so that no address is made from what a document says.
    useWorkerFetch: false,
    BinaryDataFactory: class {
      /** @param {{ kind: string, filename: string }} wanted */
      fetch(wanted) {
        return loadCharacterMap(wanted, missing);
      }
    },
    // Text needs no font program: widths and the meaning of codes stand in the document or in pdf.js's tables.
    disableFontFace: true,
    useSystemFonts: false,
    // Text needs no picture.
    maxImageSize: 0,
    useWasm: false,
    isOffscreenCanvasSupported: false,
    isImageDecoderSupported: false,
    enableXfa: false,
    // The whole file is given: nothing is to be fetched.
    disableRange: true,
    disableStream: true,
    disableAutoFetch: true,
  };
}

/** The tables of East Asian character codes, the only files that text needs besides the document; kept once loaded.
 * @type {Map<string, Promise<Uint8Array>>} */
const characterMaps = new Map();

/** @param {{ kind: string, filename: string }} wanted @param {Set<string>} missing @returns {Promise<Uint8Array>} */
async function loadCharacterMap({ kind, filename }, missing) {
  if (kind !== "cMapUrl" || !/^[\w-]+\.bcmap$/u.test(filename)) throw new Error(`${filename} is not used for text`);
  const loading = characterMaps.get(filename) ?? load(new URL(`cmaps/${filename}`, library));
  characterMaps.set(filename, loading);
  try {
    // A copy, since what is sent to the worker may be moved.
    return (await loading).slice();
  } catch (error) {
    characterMaps.delete(filename);
    missing.add(filename);
    throw error;
  }
}

/** @param {URL} url */
async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} was not found (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @type {Promise<PdfJs> | null} */
let loadingLibrary = null;

/** @param {string} name @returns {Promise<PdfJs>} */
function loadLibrary(name) {
  loadingLibrary ??= import(new URL("pdf.min.mjs", library).href);
  return loadingLibrary.catch((error) => {
    loadingLibrary = null;
    throw notLoaded(name, error);
  });
}

/** @param {string} name @param {Error} cause */
function notLoaded(name, cause) {
  return carrelError("fetch_failed", `${name} was not read: the PDF reader did not load (${cause.message}). `
    + "Check the connection, and add the file again", cause);
}

/** The reader of the last file, while no other has it. @type {Reader | null} */
let idle = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let idleTimer;

/** @param {string} name @returns {Promise<Reader>} */
async function takeReader(name) {
  const { PDFWorker } = await loadLibrary(name);
  // The same thread for all files would do, but then a file that hangs would take the others with it.
  if (idle) {
    clearTimeout(idleTimer);
    const reader = idle;
    idle = null;
    return reader;
  }
  const url = new URL("pdf.worker.min.mjs", library).href;
  // Some browsers have no nested workers: there it is parsed on this thread.
  if (typeof Worker === "undefined") {
    await importParser(url).catch((error) => {
      throw notLoaded(name, error);
    });
    return { pdf: new PDFWorker({ verbosity: 0 }), thread: null };
  }
  // pdf.js would make the worker itself, but looks at `window` for that, which a worker has not.
  const thread = new Worker(url, { type: "module", name: "pdf" });
  // The published types know no port but null.
  return { pdf: PDFWorker.create(/** @type {any} */ ({ name: "pdf", port: thread, verbosity: 0 })), thread };
}

/** Loads the parser into this thread. In a worker it would take the messages of the page for its own, and answer them,
 * so for that moment it must see a window. @param {string} url */
async function importParser(url) {
  const scope = /** @type {{ window?: object }} */ (globalThis);
  const inWorker = scope.window === undefined;
  if (inWorker) scope.window = {};
  try {
    await import(url);
  } finally {
    if (inWorker) delete scope.window;
  }
}

/** @param {Reader} reader @param {boolean} inOrder */
function giveBack(reader, inOrder) {
  if (!inOrder || idle) {
    end(reader);
    return;
  }
  idle = reader;
  idleTimer = setTimeout(() => {
    idle = null;
    end(reader);
  }, READER_KEPT);
}

/** @param {Reader} reader */
function end({ pdf, thread }) {
  thread?.terminate();
  pdf.destroy();
}

/** Why a file was given up while it was read. */
class Stopped extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @typedef {ReturnType<typeof watchOver>} Watch */

/** Ends the waiting for a reader that hangs, has died or is no longer wanted.
 * @param {string} name @param {Reader} reader @param {AbortSignal} [signal] */
function watchOver(name, { thread }, signal) {
  /** @type {(code: string, message: string) => void} */
  let stop = () => {};
  /** @type {Promise<never>} */
  const stopped = new Promise((_, reject) => {
    stop = (code, message) => reject(new Stopped(code, message));
  });
  stopped.catch(() => {});
  // Seconds are counted one by one: when this thread itself was busy, or the machine asleep, that is no hanging.
  let seconds = 0;
  const ticking = setInterval(() => {
    seconds += 1;
    if (seconds < SECONDS_WITHOUT_PROGRESS) return;
    stop("not_pdf", `${name} was given up after ${SECONDS_WITHOUT_PROGRESS} seconds without progress: it is probably `
      + "damaged. Save or print it as a new PDF and add that");
  }, 1000);
  const listening = new AbortController();
  const died = () => stop("crashed", `${name} was not read: the PDF reader did not load, or broke down over `
    + "this file. Reload the page and add it again; if that fails, save or print it as a new PDF and add that");
  thread?.addEventListener("error", died, { signal: listening.signal });
  const aborted = () => stop("aborted", `${name} is no longer wanted`);
  if (signal?.aborted) aborted();
  signal?.addEventListener("abort", aborted, { signal: listening.signal });
  return {
    /** @template T @param {Promise<T>} work @returns {Promise<T>} */
    during: (work) => Promise.race([work, stopped]),
    progress: () => void (seconds = 0),
    end() {
      clearInterval(ticking);
      listening.abort();
    },
  };
}

/** What the bytes show without parsing. @typedef {{ hasStart: boolean, hasEnd: boolean }} Signs */

/** @param {Uint8Array} bytes @returns {Signs} */
function signsOf(bytes) {
  const latin = new TextDecoder("latin1");
  return {
    hasStart: latin.decode(bytes.subarray(0, 1024)).includes("%PDF-"),
    // Servers and mail programs add a little after it.
    hasEnd: latin.decode(bytes.subarray(-4096)).includes("%%EOF"),
  };
}

/** @param {unknown} error @param {string} name @param {Signs} signs @returns {Error} */
function errorFor(error, name, signs) {
  if (!(error instanceof Error)) return notPdf(name, signs, error);
  if (error.name === "CarrelError") return error;
  if (error instanceof Stopped) return carrelError(error.code, error.message);
  if (error.name === "PasswordException") {
    return carrelError("encrypted", `${name} is locked with a password: open it in a PDF program, save a copy without `
      + "the password, and add that copy", error);
  }
  return notPdf(name, signs, error);
}

/** @param {string} name @param {Signs} signs @param {unknown} [cause] */
function notPdf(name, signs, cause) {
  const problem = signs.hasStart
    ? "is damaged or cut off: no page of it can be read. Export or download it again"
    : "is not a PDF, or is damaged from its beginning on: export or download it again";
  return carrelError("not_pdf", `${name} ${problem}`, cause);
}

/** In the form that the worker hands on. @param {string} code @param {string} message @param {unknown} [cause] */
function carrelError(code, message, cause) {
  return Object.assign(new Error(message, { cause }), { name: "CarrelError", code });
}
