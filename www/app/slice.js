// A stretch of a document's text → DOM, as written: headings set off, pages separated, the cited span marked. Page
// labels are drawn by CSS from an attribute, so that the text in the page stays exactly the text of the document.
import { build } from "./dom.js";

/** @typedef {import("./types.js").DocumentText} DocumentText */
/** @typedef {import("./types.js").Span} Span */
/** @typedef {{ text: string, headings: { level: number, span: Span }[], breaks: { at: number, page: number }[] }} Parts */

/**
 * @param {DocumentText} document
 * @param {number} from
 * @param {number} to
 * @param {Span | null} span what to mark
 */
export function makeSlice(document, from, to, span) {
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
