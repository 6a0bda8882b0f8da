// Text items of a PDF page → the page's text. A PDF knows only where pieces of text stand, so lines and paragraphs are
// found again from the geometry. The order is the one in which the file draws the text: it reads columns one by one,
// where sorting by height would mix them.

/** One piece of text as pdf.js gives it.
 * @typedef {{ str: string, transform: number[], width: number, height: number, fontName: string, hasEOL: boolean }
 *          } TextItem */

/** What is known of a font. @typedef {Record<string, { vertical?: boolean, fontFamily?: string }>} TextStyles */

/** Where an item stands, in a frame turned with the text: `start` and `end` along the line, `base` is the height of
 * its base line, both in points.
 * @typedef {{ turn: number, start: number, end: number, base: number, size: number, monospaced: boolean }} Place */

/** A line of text. @typedef {Place & { text: string }} Line */

/** The lines of one paragraph. `byIndent`: only the indentation of its first line tells it from the one before.
 * @typedef {{ lines: Line[], byIndent: boolean }} Paragraph */

/** How the document writes its words: whole ones, and pairs joined by a hyphen in lower case.
 * @typedef {{ words: Set<string>, compounds: Set<string> }} Vocabulary */

/** The left and right edge of the run of lines that is being read.
 * @typedef {{ left: number, right: number }} Column */

const SMALL_FIRST = /^\p{Ll}/u;
const SENTENCE_END = /[.!?:;…。！？][)\]}"'”’»]*$/u;
const HYPHEN_END = /(\p{L}+)[-\u2010\u00AD]$/u;
const FIRST_WORD = /^\p{L}+/u;
const COMPOUND = /(?<!\p{L})(?=(\p{L}+)[-\u2010](\p{L}+))/gu;
/** A sentence that goes on in the next column ends its line like this. */
const UNFINISHED = /[\p{L},\u2010\u00AD-]$/u;
/** @type {Record<string, string>} */
const COMBINING = {
  "¨": "\u0308", "´": "\u0301", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030C", "˝": "\u030B", "˚": "\u030A",
};
const SPACING_ACCENT = /(?!´s)([¨´ˆ˜ˇ˝˚])([aeiouyıcnzrsgAEIOUYCNZRSG])(?![’'])/gu;
/** Space between two pieces that is wide enough for a blank, in font sizes. */
const BLANK = 0.15;
/** An indentation that opens a paragraph, in font sizes; a wider one is a centred line or a table. */
const INDENT_LEAST = 0.7;
const INDENT_MOST = 4;

/**
 * The lines of each paragraph of a page, in the order of its content stream.
 * @param {ReadonlyArray<TextItem | object>} items other things than text are skipped
 * @param {TextStyles} [styles]
 * @returns {string[][]}
 */
export function paragraphsOfPage(items, styles = {}) {
  return paragraphsOf(linesOf(items, styles)).map(({ lines }) => lines.map(({ text }) => text));
}

/**
 * The texts of a document's pages: "\n" between the lines of a paragraph, "\n\n" between paragraphs, words that were
 * divided at the end of a line whole again. All pages at once, since one page tells how another's words are written.
 * @param {ReadonlyArray<string[][]>} pages the lines of each paragraph of each page
 * @returns {string[]}
 */
export function textsOfPages(pages) {
  /** @type {Vocabulary} */
  const vocabulary = { words: new Set(), compounds: new Set() };
  for (const line of pages.flat(2)) {
    for (const [word] of line.matchAll(/\p{L}+/gu)) vocabulary.words.add(word);
    for (const [, first, second] of line.matchAll(COMPOUND)) {
      vocabulary.compounds.add(`${first}-${second}`.toLowerCase());
    }
  }
  return pages.map((paragraphs) => paragraphs.map((lines) => joinLines(lines, vocabulary)).join("\n\n"));
}

/**
 * Lines of one paragraph → its text. "implemen-" and "tation" become one word; "trace-" and "based" keep the hyphen if
 * the document writes "trace-based" within a line, and "Trace-" and "Monkey" lose it if it writes "TraceMonkey".
 * @param {string[]} lines
 * @param {Vocabulary} vocabulary
 * @returns {string}
 */
function joinLines(lines, { words, compounds }) {
  let text = "";
  for (const line of lines) {
    const head = HYPHEN_END.exec(text)?.[1];
    const tail = FIRST_WORD.exec(line)?.[0];
    const known = head && tail && compounds.has(`${head}-${tail}`.toLowerCase()) && !text.endsWith("\u00AD");
    if (known) text += line;
    else if (head && tail && (SMALL_FIRST.test(tail) || words.has(head + tail))) text = text.slice(0, -1) + line;
    else text += text === "" ? line : `\n${line}`;
  }
  return text.replaceAll("\u00AD", "");
}

/**
 * Characters that only serve printing → plain ones: ligatures and other presentation forms become their letters,
 * control characters go. A soft hyphen at the very end stays: it says that the word goes on.
 * @param {string} text
 * @returns {string}
 */
export function cleanText(text) {
  return text
    .replace(/[\uFB00-\uFB4F]+/gu, (forms) => forms.normalize("NFKC"))
    .replace(/[\t\n\r\f\v\u2028\u2029]/gu, " ")
    .replace(/[\u0000-\u001F\u007F-\u009F\uFEFF]/gu, "")
    .replace(/\u00AD(?!\s*$)/gu, "");
}

/** TeX's older fonts print an accent and then the letter under it, "na¨ıve": one letter again.
 * @param {string} text */
function composeAccents(text) {
  return text.replace(SPACING_ACCENT, (pair, /** @type {string} */ accent, /** @type {string} */ letter) => {
    const base = letter === "ı" ? "i" : letter;
    const composed = (base + COMBINING[accent]).normalize("NFC");
    return composed.length === 1 ? composed : pair;
  });
}

/** @param {ReadonlyArray<TextItem | object>} items @param {TextStyles} styles @returns {Line[]} */
function linesOf(items, styles) {
  /** @type {Line[]} */
  const lines = [];
  /** @type {LineBuilder | null} */
  let line = null;
  for (const item of items) {
    if (!("str" in item)) continue;
    const text = cleanText(item.str);
    if (text.trim() !== "") {
      const place = placeOf(item, styles);
      if (line?.goesOnWith(place)) {
        line.append(text, place);
      } else {
        if (line) lines.push(line.finish());
        line = new LineBuilder(text, place);
      }
    } else if (text !== "") {
      line?.appendBlank();
    }
    if (item.hasEOL && line) {
      lines.push(line.finish());
      line = null;
    }
  }
  if (line) lines.push(line.finish());
  return lines;
}

/** @param {TextItem} item @param {TextStyles} styles @returns {Place} */
function placeOf({ transform: [a, b, c, d, x, y], width, height, fontName }, styles) {
  const style = styles[fontName];
  const vertical = style?.vertical === true;
  // Vertical writing runs down the glyphs' own height, and its next line stands to the left.
  let [alongX, alongY] = direction(vertical ? -c : a, vertical ? -d : b);
  // A page scanned a little askew is still read as straight.
  if (Math.abs(alongY) < 0.035) [alongX, alongY] = [Math.sign(alongX), 0];
  if (Math.abs(alongX) < 0.035) [alongX, alongY] = [0, Math.sign(alongY)];
  const start = x * alongX + y * alongY;
  return {
    turn: (Math.round((Math.atan2(alongY, alongX) * 180) / Math.PI) + 360) % 360,
    start,
    end: start + (vertical ? height : width),
    base: -x * alongY + y * alongX,
    size: (vertical ? Math.hypot(a, b) : Math.hypot(c, d)) || height || 1,
    monospaced: style?.fontFamily === "monospace",
  };
}

/** @param {number} x @param {number} y @returns {[number, number]} a vector of length one */
function direction(x, y) {
  const length = Math.hypot(x, y);
  return length > 0 ? [x / length, y / length] : [1, 0];
}

class LineBuilder {
  /** @type {string} */ #text;
  /** @type {Place} */ #place;
  /** @type {{ text: string, place: Place }} */ #last;
  /** Characters by font size: the size of most of them is that of the line, whatever its footnote marks have.
   * @type {Map<number, number>} */
  #sizes = new Map();
  #longest = 0;

  /** @param {string} text @param {Place} place */
  constructor(text, place) {
    this.#text = "";
    this.#place = { ...place };
    this.#last = { text: "", place };
    this.#add(text, place);
  }

  /** Whether a piece at this place belongs to the line. pdf.js marks ends of lines, but not where text drawn by a form
   * or in another direction begins. @param {Place} place */
  goesOnWith(place) {
    const { turn, start, base, size } = this.#place;
    const shift = Math.abs(place.base - base);
    const largest = Math.max(size, place.size);
    if (place.turn !== turn || shift > 1.2 * largest) return false;
    return shift <= 0.5 * largest || place.start > start;
  }

  /** @param {string} text @param {Place} place */
  append(text, place) {
    const last = this.#last;
    const near = BLANK * Math.max(place.size, last.place.size);
    // Bold letters are sometimes printed as the same text twice, shifted by a hair.
    const twice = text === last.text && Math.abs(place.start - last.place.start) <= near
      && Math.abs(place.base - last.place.base) <= near;
    if (twice) return;
    const before = last.place.start - place.end > near; // right to left
    if (place.start - last.place.end > near || before) this.appendBlank();
    this.#add(text, place);
  }

  appendBlank() {
    if (!/\s$/u.test(this.#text)) this.#text += " ";
  }

  /** @param {string} text @param {Place} place */
  #add(text, place) {
    this.#text += text;
    this.#last = { text, place };
    const line = this.#place;
    line.start = Math.min(line.start, place.start);
    line.end = Math.max(line.end, place.end);
    const size = Math.round(place.size * 10) / 10;
    this.#sizes.set(size, (this.#sizes.get(size) ?? 0) + text.length);
    if (text.length > this.#longest) {
      this.#longest = text.length;
      line.base = place.base;
      line.monospaced = place.monospaced;
    }
  }

  /** @returns {Line} */
  finish() {
    const [[size]] = [...this.#sizes].sort(([, one], [, other]) => other - one);
    return { ...this.#place, size, text: composeAccents(this.#text.replace(/\s+/gu, " ").trim()) };
  }
}

/** @param {Line[]} lines @returns {Paragraph[]} */
function paragraphsOf(lines) {
  /** @type {Paragraph[]} */
  const paragraphs = [];
  /** @type {Column} */
  let column = { left: Infinity, right: -Infinity };
  for (const [index, line] of lines.entries()) {
    const paragraph = paragraphs.at(-1);
    const before = lines[index - 1];
    const elsewhere = !before || before.turn !== line.turn || isElsewhere(before, line);
    if (elsewhere) column = { left: Infinity, right: -Infinity };
    if (!paragraph || !before) {
      paragraphs.push({ lines: [line], byIndent: false });
    } else if (elsewhere) {
      // A sentence goes on in the next column.
      const continues = before.turn === line.turn && sameSize(before, line) && UNFINISHED.test(before.text)
        && SMALL_FIRST.test(line.text);
      if (continues) paragraph.lines.push(line);
      else paragraphs.push({ lines: [line], byIndent: false });
    } else if (isApart(before, line, usualDrop(lines, index))) {
      paragraphs.push({ lines: [line], byIndent: false });
    } else if (isIndented(paragraph, line, column) || isNextEntry(paragraph, line)) {
      paragraphs.push({ lines: [line], byIndent: true });
    } else {
      paragraph.lines.push(line);
    }
    column.left = Math.min(column.left, line.start);
    column.right = Math.max(column.right, line.end);
  }
  return paragraphs;
}

/** Whether the reading jumps up or aside, to another column or box. @param {Line} before @param {Line} line */
function isElsewhere(before, line) {
  const size = Math.max(before.size, line.size);
  const drop = before.base - line.base;
  if (drop < -0.5 * size) return true;
  const aside = line.start > before.end + size || line.end < before.start - size;
  return aside && drop > 1.6 * size;
}

/** @param {Line} one @param {Line} other */
function sameSize(one, other) {
  return Math.max(one.size, other.size) <= 1.12 * Math.min(one.size, other.size);
}

/** Whether a gap or another size of letters parts two lines. @param {Line} before @param {Line} line
 * @param {number} usual distance of base lines around here, in font sizes */
function isApart(before, line, usual) {
  const drop = (before.base - line.base) / Math.max(before.size, line.size);
  if (drop < 0.5) return false; // the same row, as in a table
  return !sameSize(before, line) || drop > 1.35 * usual || drop > 2.6;
}

/** The usual distance of base lines near a line, in font sizes: the median, so that double spacing is no gap.
 * @param {Line[]} lines @param {number} index */
function usualDrop(lines, index) {
  const drops = [];
  for (let at = Math.max(1, index - 5); at <= Math.min(lines.length - 1, index + 5); at++) {
    const [before, line] = [lines[at - 1], lines[at]];
    const drop = (before.base - line.base) / line.size;
    if (before.turn === line.turn && sameSize(before, line) && drop > 0.7 && drop < 2.6) drops.push(drop);
  }
  drops.sort((one, other) => one - other);
  // With few lines to go by, a gap could be the median itself.
  return drops.length >= 3 ? drops[(drops.length - 1) >> 1] : Math.min(drops[0] ?? 1.2, 1.3);
}

/** Whether a line opens a paragraph by its indentation. @param {Paragraph} paragraph @param {Line} line
 * @param {Column} column */
function isIndented({ lines, byIndent }, line, column) {
  const before = lines[lines.length - 1];
  if (before.monospaced && line.monospaced) return false; // program text
  const { size } = line;
  const short = before.end < column.right - 2 * size;
  const ended = SENTENCE_END.test(before.text);
  const indent = (line.start - before.start) / size;
  if (Math.abs(indent) <= 0.2) return byIndent && lines.length === 1 && ended && line.start > column.left + 0.5 * size;
  if (indent < INDENT_LEAST || indent > INDENT_MOST) return false;
  const centred = Math.abs(line.start + line.end - before.start - before.end) < size;
  if (centred) return false;
  // Below the first line of a list entry the others are indented, too.
  return lines.length > 1 ? short || ended : short && ended;
}

/** Whether a line steps back out to where a list entry began, so that it begins the next entry.
 * @param {Paragraph} paragraph @param {Line} line */
function isNextEntry({ lines }, line) {
  const [first, before] = [lines[0], lines[lines.length - 1]];
  return lines.length > 1 && before.start - line.start > INDENT_LEAST * line.size
    && Math.abs(first.start - line.start) < 0.3 * line.size && !SMALL_FIRST.test(line.text);
}
