// A document and a span → its text at that place, with the span marked. Only a window of the text is in the page, since
// ten megabytes of it would freeze any browser; the window grows and moves with "Show earlier/later text".
import { build, find } from "./dom.js";
import { count, problemOf } from "./words.js";

/** @import { DocumentText, Opening, Span } from "./types.js" */
/** @typedef {{ element: HTMLElement, from: number, to: number }} Slice */
/** @typedef {{ level: number, span: Span }} Heading */
/** @typedef {{ text: string, headings: Heading[], breaks: { at: number, page: number }[] }} Parts */

/** Characters rendered at once, and how many such pieces are kept in the page. */
const WINDOW = 40_000;
const SLICES_MOST = 4;

export class Viewer {
  #dialog = find("#viewer", HTMLDialogElement);
  #title = find("#viewer-title", HTMLElement);
  #about = find("#viewer-about", HTMLElement);
  #scroller = find("#viewer-text", HTMLElement);
  #back = find("#viewer-back", HTMLButtonElement);
  #earlier = build("button", { class: "button quiet" }, "Show earlier text");
  #later = build("button", { class: "button quiet" }, "Show later text");
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
      // A dialog that was closed for a moment has lost its place.
      this.#pages.querySelector("mark")?.scrollIntoView({ block: "center" });
    });
  }

  /** @param {Opening} opening */
  async open(opening) {
    this.#opening = opening;
    const known = this.#document?.id === opening.id ? this.#document : null;
    if (known === null) {
      this.#title.textContent = "Opening…";
      this.#about.textContent = "";
      this.#clear();
    }
    this.#show();
    try {
      const text = known ?? await this.#fetch(opening.id);
      // Something else was opened meanwhile, or the viewer was closed.
      if (this.#opening !== opening) return;
      this.#document = text;
      this.#title.textContent = text.title;
      this.#about.textContent = [
        text.title === text.name ? "" : text.name,
        opening.span === null || text.pages === 0 ? "" : `page ${pageAt(text, opening.span.start)} of ${text.pages}`,
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
 * The page that a place is on, from 1. A passage may go on over several, so its own page is not always that.
 * @param {DocumentText} document
 * @param {number} place
 */
function pageAt({ pageSpans }, place) {
  return Math.max(1, pageSpans.findLastIndex(({ start }) => start <= place) + 1);
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

/**
 * A stretch of a document as DOM: as written, headings set off, pages separated, the span marked. Page labels are drawn
 * by CSS from an attribute, so that the text in the page stays exactly the text of the document.
 * @param {DocumentText} document
 * @param {number} from
 * @param {number} to
 * @param {Span | null} span what to mark
 */
function makeSlice(document, from, to, span) {
  const parts = {
    text: document.text,
    headings: document.outline.filter(({ span: at }) => at.end > from && at.start < to),
    breaks: document.pageSpans.flatMap(({ start }, index) => {
      return start >= from && start < to ? [{ at: start, page: index + 1 }] : [];
    }),
  };
  const slice = build("div", { class: "slice", lang: "" });
  const start = clamp(span?.start ?? to, from, to);
  const end = clamp(span?.end ?? to, from, to);
  appendPages(slice, parts, from, start);
  if (end > start) {
    const mark = build("mark", { "data-start": span?.start, "data-end": span?.end, tabindex: -1 });
    appendPages(mark, parts, start, end);
    slice.append(mark);
  }
  appendPages(slice, parts, end, to);
  return slice;
}

/**
 * @param {HTMLElement} parent
 * @param {Parts} parts
 * @param {number} from
 * @param {number} to
 */
function appendPages(parent, parts, from, to) {
  let position = from;
  for (const { at, page } of parts.breaks) {
    if (at < from || at >= to) continue;
    appendText(parent, parts, position, at);
    const label = `Page ${page}`;
    parent.append(build("span", { class: "page", role: "separator", "aria-label": label, "data-label": label }));
    position = at;
  }
  appendText(parent, parts, position, to);
}

/**
 * @param {HTMLElement} parent
 * @param {Parts} parts
 * @param {number} from
 * @param {number} to
 */
function appendText(parent, { text, headings }, from, to) {
  let position = from;
  for (const { level, span } of headings) {
    const start = Math.max(span.start, position);
    const end = Math.min(span.end, to);
    if (end <= start) continue;
    parent.append(text.slice(position, start));
    parent.append(build("strong", { class: "heading", "data-level": level }, text.slice(start, end)));
    position = end;
  }
  if (to > position) parent.append(text.slice(position, to));
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function clamp(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
