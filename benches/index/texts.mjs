// rustup's own documentation → as many distinct texts as are asked for, the same ones each time
//
//     node benches/index/texts.mjs COUNT > texts.jsonl
//
// A benchmark of nearest neighbours needs the vectors of real text: random ones are all equally far from each other. Every
// machine that builds Carrel can have this documentation. First its paragraphs; these are too few, so there are their
// sentences, too, and two or three of them that follow each other.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [LEAST, MOST] = [60, 400];
const LEAST_OF_A_SENTENCE = 20;
const ENTITIES = /** @type {Record<string, string>} */ ({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " });

const count = Number(process.argv[2]);
if (!(count > 0)) throw new Error("how many texts? `node benches/index/texts.mjs COUNT`");
const sysroot = execFileSync("rustc", ["--print", "sysroot"], { encoding: "utf8" }).trim();
const folder = join(sysroot, "share/doc/rust/html");
if (!existsSync(folder)) throw new Error(`${folder} is missing: \`rustup component add rust-docs\` installs it`);

/** @param {string} html A paragraph's. */
function textOf(html) {
  return html
    .replace(/<[^>]*>/g, "")
    .replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hexadecimal, decimal, name) =>
      name ? (ENTITIES[name] ?? whole) : String.fromCodePoint(hexadecimal ? parseInt(hexadecimal, 16) : Number(decimal)),
    )
    .replace(/\s+/g, " ")
    .trim();
}

/** @type {Set<string>} */
const texts = new Set();
/** Paragraphs that are too long, and those with several sentences. @type {string[]} */
const whole = [];
/** @param {string} text @param {number} least */
function keep(text, least) {
  if (text.length >= least && text.length <= MOST) texts.add(text);
}

/** A page of documentation. @param {string} html */
function* paragraphsOf(html) {
  const block = /<(?:p|li|dd|td)\b[^>]*>(.*?)(?=<\/?(?:p|li|ul|ol|dd|dl|dt|td|pre|div|section|h\d)\b)/gs;
  for (const [, paragraph] of html.matchAll(block)) yield textOf(paragraph);
}

/** A page of source code: what is said in it beside the documentation. @param {string} html */
function* commentsOf(html) {
  for (const [, comment] of html.matchAll(/<span class="comment">(.*?)<\/span>/gs)) {
    const lines = comment.replace(/^<a [^>]*>\d+<\/a>/gm, "").replace(/^\s*\/\/+ ?/gm, "");
    for (const paragraph of lines.split(/\n\s*\n/)) yield textOf(paragraph);
  }
}

const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".html"));
for (const file of pages.sort()) {
  const html = readFileSync(join(folder, file), "utf8");
  if (html.includes('http-equiv="refresh"')) continue; // It names another page, no more.
  for (const text of file.startsWith("src/") ? commentsOf(html) : paragraphsOf(html)) {
    keep(text, LEAST);
    whole.push(text);
  }
}
const paragraphs = texts.size;
const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
const several = [...new Set(whole)]
  .map((text) => [...segmenter.segment(text)].map(({ segment }) => segment.trim()))
  .filter((sentences) => sentences.length > 1);
for (const sentences of several) for (const sentence of sentences) keep(sentence, LEAST_OF_A_SENTENCE);
const single = texts.size - paragraphs;
for (const length of [2, 3])
  if (texts.size < count)
    for (const sentences of several)
      for (let end = length; end <= sentences.length; end++) keep(sentences.slice(end - length, end).join(" "), LEAST);
const joined = texts.size - paragraphs - single;
console.error(`· ${paragraphs} paragraphs, ${single} sentences, ${joined} several sentences side by side`);
if (texts.size < count) throw new Error(`the documentation has ${texts.size} distinct texts only`);

// In the order of their checksums: of any part of them, the beginning is as mixed as the whole.
const hash = (/** @type {string} */ text) => createHash("sha256").update(text).digest("hex");
const mixed = [...texts].map((text) => ({ text, hash: hash(text) })).sort((a, b) => (a.hash < b.hash ? -1 : 1));
for (const { text } of mixed.slice(0, count)) process.stdout.write(`${JSON.stringify(text)}\n`);
