// Items as pdf.js gives them → text. The items are written by hand, so that each test shows the geometry it is about.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanText, paragraphsOfPage, textsOfPages } from "../../www/pdf-text.js";

/** @typedef {import("../../www/pdf-text.js").TextItem} Item */

/**
 * One line of text at a place, in 10-point letters of 5 points' width, unless told otherwise.
 * @param {string} str
 * @param {number} x
 * @param {number} y
 * @param {{ size?: number, width?: number, hasEOL?: boolean, fontName?: string }} [options]
 * @returns {Item}
 */
function line(str, x, y, { size = 10, width = str.length * size * 0.5, hasEOL = true, fontName = "f" } = {}) {
  return { str, transform: [size, 0, 0, size, x, y], width, height: size, fontName, hasEOL };
}

/**
 * The same text turned: its letters stand upright when the page is turned by so many degrees.
 * @param {Item[]} items
 * @param {number} degrees
 */
function turned(items, degrees) {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return items.map((item) => {
    const [a = 0, b = 0, c = 0, d = 0, x = 0, y = 0] = item.transform;
    const turn = (/** @type {number} */ u, /** @type {number} */ v) => [u * cos - v * sin, u * sin + v * cos];
    return { ...item, transform: [...turn(a, b), ...turn(c, d), ...turn(x, y)] };
  });
}

/** @param {(Item | object)[]} items @param {import("../../www/pdf-text.js").TextStyles} [styles] */
const textOf = (items, styles) => textsOfPages([paragraphsOfPage(items, styles)])[0];

const prose = [
  line("The first line of a paragraph is long", 50, 700),
  line("and the second one is as long as that,", 50, 688),
  line("and it ends here.", 50, 676),
  line("After a gap the next paragraph begins", 50, 654),
  line("and goes on for another line.", 50, 642),
];
const proseText = "The first line of a paragraph is long\nand the second one is as long as that,\nand it ends here.\n\n"
  + "After a gap the next paragraph begins\nand goes on for another line.";

test("a gap parts paragraphs, and lines of one paragraph stay together", () => {
  assert.equal(textOf(prose), proseText);
});

test("text that is turned by any angle reads the same", () => {
  for (const degrees of [90, 180, 270, 45, -30, 1]) {
    assert.equal(textOf(turned(prose, degrees)), proseText, `${degrees} degrees`);
  }
});

test("double spacing is no gap", () => {
  const items = ["one of the lines", "two of the lines", "three of the lines", "four of the lines"];
  const text = textOf(items.map((str, index) => line(str, 50, 700 - 24 * index)));
  assert.equal(text, items.join("\n"));
});

test("another size of letters makes a heading a paragraph of its own", () => {
  const text = textOf([
    line("A heading", 50, 700, { size: 14 }),
    line("and its text in smaller letters", 50, 686),
    line("on two lines.", 50, 674),
  ]);
  assert.equal(text, "A heading\n\nand its text in smaller letters\non two lines.");
});

test("a small footnote mark does not change the size of its line", () => {
  const text = textOf([
    line("back to a double.", 50, 700, { hasEOL: false }),
    line("1", 136, 704, { size: 6, hasEOL: false }),
    line(" Clearly, a", 139, 700),
    line("machine must be fast", 50, 688),
  ]);
  assert.equal(text, "back to a double.1 Clearly, a\nmachine must be fast");
});

test("an indented line after the end of a sentence opens a paragraph", () => {
  const text = textOf([
    line("A paragraph without a gap after it ends", 50, 700),
    line("with a short line.", 50, 688),
    line("The next one is only indented, and", 62, 676),
    line("then goes on at the margin as usual.", 50, 664),
    line("So does this one.", 62, 652),
    line("And this, although it has one line.", 62, 640),
  ]);
  assert.equal(text, "A paragraph without a gap after it ends\nwith a short line.\n\n"
    + "The next one is only indented, and\nthen goes on at the margin as usual.\n\nSo does this one.\n\n"
    + "And this, although it has one line.");
});

test("lines in the middle of the page and program text are not taken for indented", () => {
  const title = [line("A Title That Is Centred and Ends.", 50, 700), line("On a Second Line", 92, 688)];
  assert.equal(textOf(title), "A Title That Is Centred and Ends.\nOn a Second Line");
  const styles = { mono: { fontFamily: "monospace" } };
  const program = [line("for each:", 50, 700), line("call();", 50, 688), line("more();", 70, 676)];
  assert.equal(textOf(program.map((item) => ({ ...item, fontName: "mono" })), styles), "for each:\ncall();\nmore();");
});

test("an entry of a list that steps back out is a paragraph of its own", () => {
  const text = textOf([
    line("[1] The first entry of the references is", 50, 700),
    line("longer than a line, Inc., 2006.", 66, 688),
    line("[2] The second entry follows without a gap", 50, 676),
    line("and is as long, 2007.", 66, 664),
  ]);
  assert.equal(text, "[1] The first entry of the references is\nlonger than a line, Inc., 2006.\n\n"
    + "[2] The second entry follows without a gap\nand is as long, 2007.");
});

test("columns come one after the other, and a sentence goes on from one to the next", () => {
  const left = [line("The left column is read first", 50, 700), line("and its last sentence contin-", 50, 688)];
  const right = [line("ues in the right column.", 300, 700), line("It ends there.", 300, 688)];
  assert.equal(textOf([...left, ...right]),
    "The left column is read first\nand its last sentence continues in the right column.\nIt ends there.");
  const box = [line("Another box has nothing to do with it", 300, 760)];
  assert.equal(textOf([left[0], ...box]), "The left column is read first\n\nAnother box has nothing to do with it");
});

test("vertical writing runs down and its lines from right to left", () => {
  const items = [line("吾輩は猫", 500, 700), line("である。", 484, 700)];
  const text = textOf(items.map((item) => ({ ...item, width: 10, height: 40 })), { f: { vertical: true } });
  assert.equal(text, "吾輩は猫\nである。");
});

test("a word that is divided at the end of a line is whole again", () => {
  assert.equal(textsOfPages([[["the implemen-", "tation of it"]]])[0], "the implementation of it");
  assert.equal(textsOfPages([[["the implemen\u2010", "tation of it"]]])[0], "the implementation of it");
  assert.equal(textsOfPages([[["the implemen\u00AD", "tation of it"]]])[0], "the implementation of it");
});

test("a hyphen stays before a capital, after a digit and where it is a dash", () => {
  for (const text of ["Ruhr-\nUniversität", "pages 134-\n153", "in 2008-\nto-date", "a client -\nand more"]) {
    assert.equal(textsOfPages([[text.split("\n")]])[0], text);
  }
});

test("how the document writes a word elsewhere decides about its hyphen", () => {
  const pages = [[["a trace-", "based compiler, and Trace-", "Monkey"]], [["Trace-based is what TraceMonkey is."]]];
  assert.equal(textsOfPages(pages)[0], "a trace-based compiler, and TraceMonkey");
});

test("ligatures become letters, and nothing else is normalised", () => {
  assert.equal(cleanText("ﬁne oﬃce ﬂow ﬆ"), "fine office flow st");
  assert.equal(cleanText("x² ½ Ａ ™ ﷺ"), "x² ½ Ａ ™ ﷺ");
});

test("accents that are printed before their letter are put on it", () => {
  const text = textOf([line("a na¨ıve Poincar´e, Erd˝os and Schr¨odinger", 50, 700)]);
  assert.equal(text, "a naïve Poincaré, Erdős and Schrödinger");
  assert.equal(textOf([line("it´s 5 ˜x ¨q", 50, 700)]), "it´s 5 ˜x ¨q");
});

test("soft hyphens, NULs and other control characters go", () => {
  assert.equal(cleanText("im\u00ADple\u0000ment\u0007ed\u0085\uFEFF"), "implemented");
  assert.equal(cleanText("one\ttwo\nthree"), "one two three");
});

test("blanks come from wide gaps, and text printed twice is read once", () => {
  const text = textOf([
    line("Bold", 50, 700, { hasEOL: false }),
    line("Bold", 50.4, 700, { hasEOL: false }),
    line("and", 76, 700, { hasEOL: false }),
    line("wide", 93, 700),
  ]);
  assert.equal(text, "Bold and wide");
});

test("text without marks of line ends is parted by its place", () => {
  const text = textOf(prose.slice(0, 2).map((item) => ({ ...item, hasEOL: false })));
  assert.equal(text, "The first line of a paragraph is long\nand the second one is as long as that,");
});

test("hostile or empty items give a text and no exception", () => {
  assert.equal(textOf([]), "");
  assert.equal(textOf([{ type: "beginMarkedContent" }, line("", 0, 0), line("  ", 0, 0)]), "");
  const broken = { ...line("x", 0, 0), transform: [0, 0, 0, 0, NaN, Infinity], width: NaN, height: 0 };
  assert.equal(textOf([broken, broken]), "x\nx");
});
