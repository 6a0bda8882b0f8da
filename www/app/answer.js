// One question's events → its article on the page: the prose as it streams, its citations, what it rests on. Repainted
// once a frame at most, and then only from the first block that changed, so that a selection or the focus in what is
// already written stays where it is.
import { build, oncePerFrame } from "./dom.js";
import { blocksOf } from "./markdown.js";
import { SourceList } from "./sources.js";
import { makeRequest, makeTimeline } from "./trace.js";
import { placeOf } from "./words.js";

/** @import { Citation, Doubt, Mark, OpenPassage, Passage, Problem, Sentence, Trace } from "./types.js" */
/** @typedef {"searching" | "streaming" | "done" | "error"} AnswerState */

const VERDICTS = { supported: "supported", weak: "weakly supported", unsupported: "unsupported" };

export class AnswerView {
  text = "";
  /** @type {Map<string, Citation>} */
  #citations = new Map();
  /** Sentences that no passage supports. @type {Doubt[]} */
  #doubts = [];
  /** @type {Passage[]} */
  #sources = [];
  /** @type {string[]} */
  #painted = [];
  #openPassage;
  #schedule = oncePerFrame(() => this.#paint());

  #blocks = build("div", { class: "prose" });
  #prose = build("div", { class: "answer", "data-carrel": "answer", "data-state": "searching" }, this.#blocks);
  #copy = build("button", { class: "button quiet", hidden: true }, "Copy answer");
  #note = build("p", { class: "aside" });
  #tools = build("div", { class: "tools" }, this.#copy, this.#note);
  #list;
  element;

  /**
   * @param {string} question
   * @param {OpenPassage} openPassage
   */
  constructor(question, openPassage) {
    this.#openPassage = openPassage;
    this.#list = new SourceList(openPassage);
    const asked = build("h2", { class: "asked" }, question || "(no question)");
    this.element = build("article", { class: "entry" }, asked, this.#prose, this.#tools, this.#list.element);
    this.#copy.addEventListener("click", () => this.#copyAnswer());
  }

  /** @param {AnswerState} state */
  setState(state) {
    this.#prose.dataset.state = state;
    this.#copy.hidden = !(state === "done" || state === "error") || this.text === "";
  }

  /** A newer answer is the current one: the handles for drivers from outside are its own from now on. */
  retire() {
    this.#prose.removeAttribute("data-carrel");
    const handles = this.element.querySelectorAll("[data-carrel=citation], [data-carrel=source], [data-carrel=error]");
    for (const element of handles) element.removeAttribute("data-carrel");
  }

  /** @param {string} text */
  addNote(text) {
    this.#note.textContent = [this.#note.textContent, text].filter(Boolean).join(" · ");
  }

  /** Something that can be done with this answer. @param {string} label @param {() => void} run */
  offer(label, run) {
    const button = build("button", { class: "button quiet" }, label);
    button.addEventListener("click", () => (button.remove(), run()));
    this.#tools.append(button);
  }

  /** @param {Passage[]} sources */
  setSources(sources) {
    this.#sources = sources;
    this.#list.setSources(sources);
  }

  /** @param {string} text */
  addText(text) {
    this.text += text;
    this.#schedule();
  }

  /** @param {Citation} citation */
  addCitation(citation) {
    // Verdicts come again when all is written; the same place and number is the same citation.
    this.#citations.set(`${citation.at.start}-${citation.at.end}-${citation.number}`, citation);
    this.#schedule();
  }

  /** @param {Sentence} sentence */
  addSentence({ at, verdict }) {
    if (verdict !== "unsupported") return;
    this.#doubts.push({ type: "doubt", number: "?", at: { start: at.end, end: at.end }, source: -1, verdict });
    this.#schedule();
  }

  /** How many sentences no passage supports. */
  get doubts() {
    return this.#doubts.length;
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.#paint();
    const attributes = { class: "problem", role: "alert", "data-carrel": "error", "data-code": problem.code };
    this.#prose.append(build("p", attributes, problem.message));
    this.setState("error");
  }

  /** Everything has come, or the person has stopped it. */
  finish() {
    this.#paint();
    this.setState("done");
  }

  /** @param {Trace} trace @param {string} currency */
  setTrace(trace, currency) {
    this.element.append(makeRequest(trace), makeTimeline(trace, currency));
  }

  #paint() {
    const citations = [...this.#citations.values()].map((each) => snug(each, this.text))
      .sort((a, b) => a.at.start - b.at.start || a.at.end - b.at.end);
    const doubts = this.#doubts.map((each) => snug(each, this.text));
    const marks = [...citations, ...doubts].sort((a, b) => a.at.start - b.at.start || a.at.end - b.at.end);
    const blocks = blocksOf(this.text, marks, (mark) => (mark.type === "doubt" ? makeDoubt() : this.#makeCitation(mark)));
    const focused = this.#blocks.contains(document.activeElement) ? document.activeElement : null;
    const key = focused instanceof HTMLElement ? focused.dataset.key : undefined;
    blocks.forEach(({ signature, make }, index) => {
      if (this.#painted[index] === signature) return;
      const old = this.#blocks.children[index];
      if (old) old.replaceWith(make());
      else this.#blocks.append(make());
    });
    while (this.#blocks.children.length > blocks.length) this.#blocks.lastElementChild?.remove();
    this.#painted = blocks.map(({ signature }) => signature);
    if (key !== undefined && focused && !focused.isConnected) this.#focusCitation(key);
    this.#list.setCitations(citations);
  }

  /** @param {Citation} citation */
  #makeCitation(citation) {
    const passage = this.#sources[citation.source] ?? null;
    const key = `${citation.at.start}-${citation.at.end}-${citation.number}`;
    const verdict = passage === null ? "unsupported" : citation.verdict;
    const what = passage === null
      ? `Source ${citation.number}: there is no such source; unsupported`
      : `Source ${citation.number}: ${placeOf(passage)}; ${VERDICTS[verdict]}`;
    const added = citation.by === "carrel" && citation.at.start === citation.at.end ? "added by Carrel's check" : null;
    const open = () => {
      if (passage) this.#openPassage(passage, citation, () => this.#focusCitation(key));
    };
    const attributes = {
      class: "citation", "data-carrel": this.#prose.hasAttribute("data-carrel") ? "citation" : null,
      "data-key": key, "data-verdict": verdict, "data-by": citation.by, "data-source": citation.source,
      "aria-label": added ? `${what}; ${added}` : what, "aria-disabled": passage === null ? "true" : null,
      title: added ?? what, onclick: open,
    };
    return build("button", attributes, String(citation.number));
  }

  /** @param {string} key */
  #focusCitation(key) {
    const citation = this.#blocks.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (citation instanceof HTMLElement) citation.focus();
  }

  async #copyAnswer() {
    const cited = new Set([...this.#citations.values()].map(({ source }) => source));
    const sources = this.#sources.flatMap((passage, index) => {
      return cited.has(index) ? [`[${index + 1}] ${placeOf(passage)}`] : [];
    });
    const text = sources.length > 0 ? `${this.text.trim()}\n\nSources\n${sources.join("\n")}` : this.text.trim();
    try {
      await navigator.clipboard.writeText(text);
      this.#copy.textContent = "Copied";
    } catch {
      // No clipboard here: select the answer, so that the keyboard can copy it.
      getSelection()?.selectAllChildren(this.#blocks);
      this.#copy.textContent = "Selected: copy with the keyboard";
    }
    setTimeout(() => {
      this.#copy.textContent = "Copy answer";
    }, 2500);
  }
}

/** The sign that no passage supports the sentence before it. */
function makeDoubt() {
  const what = "No passage supports this sentence";
  return build("span", { class: "doubt", role: "img", "aria-label": what, title: what }, "?");
}

/**
 * What the check added stands behind its sentence, not behind the space after it.
 * @template {Mark} Kind
 * @param {Kind} citation
 * @param {string} text
 * @returns {Kind}
 */
function snug(citation, text) {
  const { start, end } = citation.at;
  if (end > start) return citation;
  const place = text.slice(0, start).trimEnd().length;
  return { ...citation, at: { start: place, end: place } };
}
