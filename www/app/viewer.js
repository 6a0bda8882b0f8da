// A document and a span → its text at that place, with the span marked. Only a window of the text is in the page, since
// ten megabytes of it would freeze any browser; the window grows and moves with "Show earlier/later text".
import { build, find } from "./dom.js";
import { makeSlice } from "./slice.js";
import { count, problemOf } from "./words.js";

/** @typedef {import("./types.js").DocumentText} DocumentText */
/** @typedef {import("./types.js").Opening} Opening */
/** @typedef {{ element: HTMLElement, from: number, to: number }} Slice */

/** Characters rendered at once, and how many such pieces are kept in the page. */
const WINDOW = 40_000;
const SLICES_MOST = 4;

export class Viewer {
  #dialog = find("#viewer", HTMLDialogElement);
  #title = find("#viewer-title", HTMLElement);
  #about = find("#viewer-about", HTMLElement);
  #scroller = find("#viewer-text", HTMLElement);
  #back = find("#viewer-back", HTMLButtonElement);
  #earlier = build("button", { type: "button", class: "button quiet" }, "Show earlier text");
  #later = build("button", { type: "button", class: "button quiet" }, "Show later text");
  #pages = build("div", { class: "pages", "data-carrel": "source" });
  /** On narrow screens the viewer covers the desk, so it is modal there. */
  #narrow = matchMedia("(max-width: 1099px)");
  /** @type {Slice[]} */
  #slices = [];
  /** @type {DocumentText | null} */
  #document = null;
  /** @type {Opening | null} */
  #opening = null;
  #fetch;

  /** @param {(id: string) => Promise<DocumentText>} fetchDocument */
  constructor(fetchDocument) {
    this.#fetch = fetchDocument;
    this.#scroller.append(this.#earlier, this.#pages, this.#later);
    this.#earlier.addEventListener("click", () => this.#grow(-1));
    this.#later.addEventListener("click", () => this.#grow(1));
    this.#back.addEventListener("click", () => this.#showSpan());
    find("#viewer-close", HTMLButtonElement).addEventListener("click", () => this.close());
    addEventListener("keydown", (event) => {
      const other = document.querySelector("dialog[open]:not(#viewer)");
      if (event.key === "Escape" && this.#dialog.open && !other && !event.defaultPrevented) this.close();
    });
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    this.#narrow.addEventListener("change", () => {
      if (!this.#dialog.open) return;
      this.#dialog.close();
      this.#show();
    });
  }

  /** @param {Opening} opening */
  async open(opening) {
    this.#opening = opening;
    const known = this.#document?.id === opening.id;
    if (!known) {
      this.#title.textContent = "Opening…";
      this.#about.textContent = "";
      this.#clear();
    }
    this.#show();
    try {
      const text = await this.#fetch(opening.id);
      // Something else was opened meanwhile, or the viewer was closed.
      if (this.#opening !== opening) return;
      this.#document = text;
      this.#title.textContent = text.title;
      this.#about.textContent = [
        text.title === text.name ? "" : text.name,
        opening.page === null ? "" : `page ${opening.page} of ${text.pages}`,
        count(text.characters, "character"),
      ].filter(Boolean).join(" · ");
      this.#showSpan();
    } catch (error) {
      if (this.#opening !== opening) return;
      this.#clear();
      const { code, message } = problemOf(error);
      const attributes = { class: "problem", role: "alert", "data-carrel": "error", "data-code": code };
      this.#title.textContent = "The document cannot be shown";
      this.#pages.append(build("p", attributes, message));
    }
  }

  close() {
    const opening = this.#opening;
    this.#opening = null;
    this.#document = null;
    this.#dialog.close();
    this.#clear();
    opening?.returnFocus();
  }

  /** @param {string} id of a document that has been removed */
  forget(id) {
    if (this.#dialog.open && this.#opening?.id === id) this.close();
  }

  #show() {
    if (this.#dialog.open) return;
    if (this.#narrow.matches) this.#dialog.showModal();
    else this.#dialog.show();
  }

  #clear() {
    this.#slices = [];
    this.#pages.replaceChildren();
    this.#paintEnds();
  }

  /** Shows the window around the span, and the span in its middle. */
  #showSpan() {
    const text = this.#document?.text ?? "";
    const start = this.#opening?.span?.start ?? 0;
    this.#clear();
    const from = lineStart(text, Math.max(0, start - WINDOW / 2));
    this.#add(from, Math.max(from + WINDOW, this.#opening?.span?.end ?? 0), "append");
    this.#paintEnds();
    const mark = this.#pages.querySelector("mark");
    if (mark) {
      mark.scrollIntoView({ block: "center" });
      mark.focus({ preventScroll: true });
    } else {
      this.#scroller.scrollTop = 0;
      this.#title.focus();
    }
  }

  /** @param {-1 | 1} direction */
  #grow(direction) {
    const first = this.#slices[0];
    const last = this.#slices.at(-1);
    if (!first || !last) return;
    const text = this.#document?.text ?? "";
    const before = this.#scroller.scrollHeight;
    if (direction < 0) {
      this.#add(lineStart(text, Math.max(0, first.from - WINDOW)), first.from, "prepend");
      this.#paintEnds();
      this.#scroller.scrollTop += this.#scroller.scrollHeight - before;
      if (this.#slices.length > SLICES_MOST) this.#slices.pop()?.element.remove();
    } else {
      this.#add(last.to, last.to + WINDOW, "append");
      if (this.#slices.length > SLICES_MOST) {
        const grown = this.#scroller.scrollHeight;
        this.#slices.shift()?.element.remove();
        this.#paintEnds();
        this.#scroller.scrollTop -= grown - this.#scroller.scrollHeight;
      }
    }
    this.#paintEnds();
    // The button may have gone with the end of the text.
    if (document.activeElement === document.body) this.#scroller.focus();
  }

  /**
   * @param {number} from
   * @param {number} to
   * @param {"append" | "prepend"} where
   */
  #add(from, to, where) {
    if (!this.#document) return;
    const end = to >= this.#document.text.length ? this.#document.text.length : lineStart(this.#document.text, to);
    const stop = end > from ? end : Math.min(to, this.#document.text.length);
    const slice = { element: makeSlice(this.#document, from, stop, this.#opening?.span ?? null), from, to: stop };
    this.#pages[where](slice.element);
    if (where === "append") this.#slices.push(slice);
    else this.#slices.unshift(slice);
  }

  #paintEnds() {
    this.#earlier.hidden = (this.#slices[0]?.from ?? 0) === 0;
    this.#later.hidden = (this.#slices.at(-1)?.to ?? Infinity) >= (this.#document?.text.length ?? 0);
    this.#back.hidden = this.#opening?.span === null || this.#slices.length < 2;
  }
}

/**
 * The start of the line near a place, if there is one near; else a place that cuts no character in two.
 * @param {string} text
 * @param {number} place
 */
function lineStart(text, place) {
  if (place <= 0) return 0;
  const newline = text.lastIndexOf("\n", place - 1);
  if (newline !== -1 && place - newline < 2000) return newline + 1;
  const unit = text.charCodeAt(place);
  return unit >= 0xdc00 && unit < 0xe000 ? place - 1 : place;
}
