// the documents of ../shared/data → real English passages of an exact number of tokens
//
// Cut between words, where the model's own tokenizer says that [CLS], the words and [SEP] are as many as wanted. The
// token ids go with them: the peers are given ids, Carrel the text.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {{ texts: string[], ids: number[][] }} Passages */

const CORPORA = ["wikitexts", "pubmed", "state_of_the_union", "finance", "chatlogs"];

/** @param {string} root @param {string} model */
export async function openCorpora(root, model) {
  const folder = join(root, "../shared/data/chunking-evaluation");
  if (!existsSync(folder)) throw new Error(`the test data ${folder} is missing: the passages are cut from it`);
  const name = "@huggingface/tokenizers";
  const { Tokenizer } = await import(name);
  const tokenizer = new Tokenizer(JSON.parse(readFileSync(join(model, "tokenizer.json"), "utf8")), {});
  /** @param {string} text @returns {number[]} */
  const encode = (text) => Array.from(tokenizer.encode(text).ids, Number);

  const words = CORPORA.map((corpus) =>
    readFileSync(join(folder, `${corpus}.md`), "utf8")
      .split(/\s+/)
      .filter(Boolean),
  );
  /** @type {Map<string, number>} */
  const lengths = new Map();
  /** @param {string} word */
  function lengthOf(word) {
    let length = lengths.get(word);
    if (length === undefined) lengths.set(word, (length = encode(word).length - 2));
    return length;
  }

  /**
   * The next passage of exactly `tokens` tokens from a corpus, and where it ends.
   * @param {string[]} words @param {number} start @param {number} tokens
   */
  function cut(words, start, tokens) {
    for (; start < words.length; start++) {
      let sum = 2;
      let end = start;
      while (sum < tokens && end < words.length) sum += lengthOf(words[end++]);
      const text = words.slice(start, end).join(" ");
      if (sum === tokens && encode(text).length === tokens) return { text, end };
    }
    throw new Error(`the test data has too few passages of ${tokens} tokens`);
  }

  return {
    /** @param {number} tokens @param {number} count @returns {Passages} */
    passages(tokens, count) {
      const ends = words.map(() => 0);
      const texts = Array.from({ length: count }, (_, index) => {
        const corpus = index % words.length;
        const { text, end } = cut(words[corpus], ends[corpus], tokens);
        ends[corpus] = end;
        return text;
      });
      return { texts, ids: texts.map(encode) };
    },
    /** Passages as search finds them, of any length. @param {number} count @param {number} limit @returns {Passages} */
    whole(count, limit) {
      const lines = readFileSync(join(folder, "beir/corpus.jsonl"), "utf8").split("\n").filter(Boolean);
      const step = Math.floor(lines.length / count);
      if (step < 1) throw new Error(`the test data has ${lines.length} passages only`);
      const texts = Array.from({ length: count }, (_, index) => JSON.parse(lines[index * step]).text);
      const cutIds = (/** @type {number[]} */ ids) =>
        ids.length > limit ? [...ids.slice(0, limit - 1), ids[ids.length - 1]] : ids;
      return { texts, ids: texts.map((text) => cutIds(encode(text))) };
    },
  };
}
