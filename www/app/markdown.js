// An answer's Markdown and its citations → blocks of DOM. A small reader of its own, because a model's text is hostile
// (no markup, no images and no links get through: an address is shown as text) and because every piece must keep its
// offset in the answer's text, so that citations land exactly where they belong, also while the text still streams.
import { build } from "./dom.js";
import { Inlines } from "./inlines.js";

/** @import { Mark } from "./types.js" */
/** @typedef {(citation: Mark) => HTMLElement} CitationMaker */
/** @typedef {{ text: string, at: number }} Line a line and where its text starts in the answer */
/** @typedef {{ signature: string, make: () => HTMLElement }} Block */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}#{1,6}\s+/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
/** Deeper quotes and lists are shown as plain paragraphs: no one writes them, and each level takes of the stack. */
const DEPTH_MOST = 16;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])(?:\s+|$)/;

/**
 * Cuts an answer into blocks. Those whose signature is unchanged need not be made again.
 * @param {string} text
 * @param {Mark[]} citations sorted by their place
 * @param {CitationMaker} makeCitation
 * @returns {Block[]}
 */
export function blocksOf(text, citations, makeCitation) {
  const blocks = cut(linesOf(text), text.length);
  return blocks.map((lines, index) => {
    const from = index === 0 ? 0 : startOf(lines);
    const next = blocks[index + 1];
    const to = next ? startOf(next) : Infinity;
    const own = citations.filter(({ at }) => at.start >= from && at.start < to);
    const last = lines.at(-1);
    const end = last ? last.at + last.text.length : from;
    const signature = [text.slice(from, end), ...own.map((each) => [
      each.at.start - from, each.at.end - from, each.number, each.source, each.verdict,
    ].join())].join("\n");
    return { signature, make: () => makeBlock(lines, own, makeCitation) };
  });
}

/**
 * @param {string} text
 * @returns {Line[]}
 */
function linesOf(text) {
  let at = 0;
  return text.split("\n").map((line) => {
    const start = at;
    at += line.length + 1;
    return { text: line.replace(/\r$/, ""), at: start };
  });
}

/** @param {Line[]} lines */
function startOf(lines) {
  return lines[0]?.at ?? 0;
}

/**
 * Groups lines into top-level blocks: a fence, a list with all its items, a quote, a heading, a paragraph.
 * @param {Line[]} lines
 * @param {number} end
 * @returns {Line[][]}
 */
function cut(lines, end) {
  /** @type {Line[][]} */
  const blocks = [];
  for (let index = 0; index < lines.length;) {
    const first = lines[index];
    if (!first) break;
    if (first.text.trim() === "") {
      index += 1;
      continue;
    }
    let stop = index + 1;
    const fence = FENCE.exec(first.text)?.[1];
    if (fence) {
      while (stop < lines.length && !isFenceEnd(lines[stop], fence)) stop += 1;
      stop += 1;
    } else if (!HEADING.test(first.text) && !RULE.test(first.text)) {
      const isItem = ITEM.test(first.text);
      while (stop < lines.length && continues(lines, stop, isItem)) stop += 1;
    }
    blocks.push(lines.slice(index, stop));
    index = stop;
  }
  // Citations may come before any text does; they need a block to stand in.
  return blocks.length > 0 ? blocks : [[{ text: "", at: end }]];
}

/**
 * Does the line at `stop` go on with the block before it?
 * @param {Line[]} lines
 * @param {number} stop
 * @param {boolean} inList
 */
function continues(lines, stop, inList) {
  const line = lines[stop]?.text ?? "";
  if (line.trim() === "") {
    if (!inList) return false;
    const after = lines[stop + 1]?.text ?? "";
    return ITEM.test(after) || (/^\s{2,}\S/.test(after));
  }
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line)) return inList && /^\s{2,}/.test(line);
  if (inList) return true;
  return !ITEM.test(line) && QUOTE.test(line) === QUOTE.test(lines[stop - 1]?.text ?? "");
}

/**
 * @param {Line | undefined} line
 * @param {string} fence
 */
function isFenceEnd(line, fence) {
  const text = line?.text.trim() ?? "";
  return text.startsWith(fence) && text.replaceAll(fence[0] ?? "`", "") === "";
}

/**
 * @param {Line[]} lines
 * @param {Mark[]} citations
 * @param {CitationMaker} makeCitation
 * @returns {HTMLElement}
 */
function makeBlock(lines, citations, makeCitation) {
  const inlines = new Inlines(citations, makeCitation);
  const block = makePart(lines, inlines, 0);
  // What found no place, such as a mark within a code fence, goes behind the block.
  const rest = inlines.rest();
  if (rest.length === 0) return block;
  if (block.tagName === "P") block.append(...rest);
  else return build("div", { class: "with-citations" }, block, build("p", {}, ...rest));
  return block;
}

/**
 * @param {Line[]} lines
 * @param {Inlines} inlines
 * @param {number} depth
 * @returns {HTMLElement}
 */
function makePart(lines, inlines, depth) {
  const first = lines[0]?.text ?? "";
  const fence = FENCE.exec(first)?.[1];
  if (fence) {
    const closed = lines.length > 1 && isFenceEnd(lines.at(-1), fence);
    const code = lines.slice(1, closed ? -1 : undefined).map((line) => line.text).join("\n");
    return build("pre", { tabindex: 0 }, build("code", {}, code));
  }
  if (RULE.test(first)) return build("hr");
  if (HEADING.test(first)) {
    return build("p", { class: "heading" }, build("strong", {}, ...inlines.read(stripped(lines, HEADING))));
  }
  if (QUOTE.test(first) && depth < DEPTH_MOST) {
    const inner = cut(stripped(lines, QUOTE), startOf(lines));
    return build("blockquote", {}, ...inner.map((part) => makePart(part, inlines, depth + 1)));
  }
  if (ITEM.test(first) && depth < DEPTH_MOST) return makeList(lines, inlines, depth + 1);
  return build("p", {}, ...inlines.read(stripped(lines, /^\s+/)));
}

/**
 * @param {Line[]} lines
 * @param {Inlines} inlines
 * @param {number} depth
 */
function makeList(lines, inlines, depth) {
  const opening = ITEM.exec(lines[0]?.text ?? "");
  const indent = opening?.[1]?.length ?? 0;
  const ordered = /\d/.test(opening?.[2] ?? "");
  /** @type {Line[][]} */
  const items = [];
  for (const line of lines) {
    const item = ITEM.exec(line.text);
    // A mark that is not indented deeper than the first starts the next item of this list.
    if (item && (item[1]?.length ?? 0) < indent + 2) items.push(stripped([line], ITEM));
    else items.at(-1)?.push(...stripped([line], new RegExp(`^\\s{0,${indent + 2}}`)));
  }
  const parts = items.map((item) => {
    const [lead, ...others] = cut(item, startOf(item));
    const first = lead ? makePart(lead, inlines, depth) : build("p");
    // A short item needs no paragraph of its own.
    const content = first.tagName === "P" ? [...first.childNodes] : [first];
    return build("li", {}, ...content, ...others.map((part) => makePart(part, inlines, depth)));
  });
  const start = ordered ? Number.parseInt(opening?.[2] ?? "1", 10) : 1;
  return ordered ? build("ol", { start: start === 1 ? null : start }, ...parts) : build("ul", {}, ...parts);
}

/**
 * The lines without a prefix, their places kept.
 * @param {Line[]} lines
 * @param {RegExp} prefix
 * @returns {Line[]}
 */
function stripped(lines, prefix) {
  return lines.map(({ text, at }) => {
    const length = prefix.exec(text)?.[0].length ?? 0;
    return { text: text.slice(length), at: at + length };
  });
}
