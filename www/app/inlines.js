// Lines of Markdown → text, code, emphasis and citations, in their order. Links and images become plain text with
// their address, since a link in an answer is a model's word about where to go, and a picture would call home.
import { build } from "./dom.js";
import { UNSEEN } from "./words.js";

/** @import { CitationMaker, Line } from "./markdown.js" */
/** @import { Mark } from "./types.js" */

/** Each is tried where a character of SPECIAL stands. Their reach is limited, so that no text takes quadratic time. */
const RULES = /** @type {{ pattern: RegExp, tag: "code" | "strong" | "em" | "link" | "escape" }[]} */ ([
  { pattern: /\\([\\`*_{}[\]()#+\-.!>~|])/y, tag: "escape" },
  { pattern: /(`+)([^`][\s\S]{0,999}?)\1(?!`)/y, tag: "code" },
  { pattern: /(\*\*)(?=\S)([\s\S]{0,999}?\S)\*\*(?!\*)/y, tag: "strong" },
  { pattern: /(__)(?=\S)([\s\S]{0,999}?\S)__(?![\p{L}\p{N}])/uy, tag: "strong" },
  { pattern: /(\*)(?=[^\s*])([\s\S]{0,999}?[^\s*])\*(?!\*)/y, tag: "em" },
  { pattern: /(_)(?=[^\s_])([\s\S]{0,999}?[^\s_])_(?![\p{L}\p{N}_])/uy, tag: "em" },
  { pattern: /(!?\[)([^\]\n]{0,999})\]\(\s{0,9}<?((?:[^\s()>]|\([^\s()]{0,999}\)){1,1999})>?[^)\n]{0,199}\)/y, tag: "link" },
]);
const SPECIAL = /[\\`*_![\n]/g;
const NESTING_MOST = 8;

export class Inlines {
  #next = 0;
  #citations;
  #makeCitation;

  /**
   * @param {Mark[]} citations of one block, sorted by their place
   * @param {CitationMaker} makeCitation
   */
  constructor(citations, makeCitation) {
    this.#citations = citations;
    this.#makeCitation = makeCitation;
  }

  /**
   * @param {Line[]} lines
   * @returns {(Node | string)[]}
   */
  read(lines) {
    const text = lines.map((line) => line.text).join("\n");
    /** Where each line starts, in the joined text. @type {number[]} */
    const starts = [];
    let position = 0;
    for (const line of lines) {
      starts.push(position);
      position += line.text.length + 1;
    }
    const place = (/** @type {number} */ index) => {
      let line = starts.length - 1;
      while (line > 0 && (starts[line] ?? 0) > index) line -= 1;
      return (lines[line]?.at ?? 0) + index - (starts[line] ?? 0);
    };
    return this.#span(text, 0, text.length, place, 0);
  }

  /** The citations that found no place. */
  rest() {
    return this.#citations.slice(this.#next).map((citation) => this.#emit(citation));
  }

  /**
   * @param {string} text
   * @param {number} from
   * @param {number} to
   * @param {(index: number) => number} place the offset in the answer's text
   * @param {number} depth
   * @returns {(Node | string)[]}
   */
  #span(text, from, to, place, depth) {
    /** @type {(Node | string)[]} */
    const nodes = [];
    let index = from;
    let plain = from;
    const flush = () => {
      if (index > plain) nodes.push(...broken(text.slice(plain, index)));
    };
    while (index <= to) {
      const citation = this.#citations[this.#next];
      if (citation && citation.at.start <= place(index)) {
        flush();
        // Marks such as "[2, 3]" are several citations at one place.
        const length = Math.max(0, citation.at.end - place(index));
        nodes.push(this.#emit(citation));
        const following = this.#citations[this.#next];
        if (following?.at.start !== citation.at.start || following.at.end !== citation.at.end) {
          index = Math.min(to, index + length);
        }
        plain = index;
        continue;
      }
      if (index === to) break;
      const rule = depth < NESTING_MOST ? this.#match(text, index, to) : null;
      if (rule) {
        flush();
        const { tag, match } = rule;
        const inner = match[2] ?? "";
        const start = index + (match[1]?.length ?? 0);
        index += match[0].length;
        plain = index;
        if (tag === "escape") nodes.push(match[1] ?? "");
        else if (tag === "code") nodes.push(build("code", {}, inner.replace(/^ (.+) $/s, "$1")));
        else {
          const children = this.#span(text, start, start + inner.length, place, depth + 1);
          if (tag !== "link") nodes.push(build(tag, {}, ...children));
          else if (inner === match[3] || inner === "") nodes.push(address(match[3]));
          else nodes.push(...children, " (", address(match[3]), ")");
        }
        continue;
      }
      // On to the next character that may mean something, but not past the next citation. Lines are entered one by
      // one, since between two of them the places may jump over a prefix.
      if (text[index] === "\n") {
        index += 1;
        continue;
      }
      SPECIAL.lastIndex = index + 1;
      const special = SPECIAL.exec(text)?.index ?? to;
      const mark = citation ? Math.max(index + 1, index + citation.at.start - place(index)) : to;
      index = Math.min(special, mark, to);
    }
    index = to;
    flush();
    return nodes;
  }

  /**
   * @param {string} text
   * @param {number} index
   * @param {number} to
   */
  #match(text, index, to) {
    if (!"\\`*_![".includes(text[index] ?? " ")) return null;
    for (const { pattern, tag } of RULES) {
      // An underscore within a word is a part of it, as in file names; a star behind a digit multiplies.
      const before = text[index - 1] ?? "";
      if (text[index] === "_" ? /[\p{L}\p{N}]/u.test(before) : text[index] === "*" && /\d/.test(before)) continue;
      pattern.lastIndex = index;
      const match = pattern.exec(text);
      if (match && index + match[0].length <= to) return { tag, match };
    }
    return null;
  }

  /** @param {Mark} citation */
  #emit(citation) {
    this.#next += 1;
    return this.#makeCitation(citation);
  }
}

/** Where a link would lead, in letters that are where they seem to be. */
function address(written = "") {
  return build("span", { class: "address" }, written.replace(UNSEEN, encodeURIComponent));
}

/**
 * Text with its hard line breaks (two spaces at a line's end).
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function broken(text) {
  return text.split(/ {2,}\n/).flatMap((part, index) => (index === 0 ? [part] : [build("br"), part]));
}
