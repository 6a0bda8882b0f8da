// Passages and citations → the cards under an answer. An excerpt starts near the sentence that was cited, because four
// lines of a passage are enough to check a claim only if they are the right four.
import { build } from "./dom.js";

/** @import { Citation, OpenPassage, Passage } from "./types.js" */
/** @typedef {{ card: HTMLElement, excerpt: HTMLElement, more: HTMLButtonElement, citation: Citation | null,
 *   painted: string, whole: boolean }} Card */

/** Some four lines: a passage that is longer can be unfolded. */
const EXCERPT = 320;
/** So much of what comes before the cited words is shown with them. */
const LEAD = 60;

export class SourceList {
  /** @type {Passage[]} */
  #sources = [];
  /** @type {Card[]} */
  #cards = [];
  #open;
  #list = build("ol", { class: "cards" });
  element = build("section", { class: "sources", hidden: true }, build("h3", {}, "Sources"), this.#list);

  /** @param {OpenPassage} open */
  constructor(open) {
    this.#open = open;
  }

  /** @param {Passage[]} sources */
  setSources(sources) {
    this.#sources = sources;
    const best = Math.max(...sources.map(({ score }) => score), Number.MIN_VALUE);
    this.#cards = sources.map((passage, index) => this.#makeCard(passage, index, best));
    this.#list.replaceChildren(...this.#cards.map(({ card }) => card));
    this.element.hidden = sources.length === 0;
  }

  /** @param {Citation[]} citations */
  setCitations(citations) {
    this.#cards.forEach((card, index) => {
      const own = citations.filter(({ source }) => source === index);
      card.citation = own.reduce((/** @type {Citation | null} */ best, each) => {
        return best !== null && best.support >= each.support ? best : each;
      }, null);
      card.card.dataset.cited = String(own.length > 0);
      this.#paintExcerpt(index);
    });
  }

  /**
   * @param {Passage} passage
   * @param {number} index
   * @param {number} best the highest score of all
   * @returns {Card}
   */
  #makeCard(passage, index, best) {
    const number = build("span", { class: "number", "aria-hidden": "true" }, String(index + 1));
    const open = () => this.#open(passage, this.#cards[index]?.citation ?? null, () => title.focus());
    const label = `Open source ${index + 1}: ${passage.title}`;
    const title = build("button", { class: "title", onclick: open, "aria-label": label }, passage.title);
    const score = build("span", { class: "score", title: `relevance ${passage.score.toFixed(3)}` });
    score.style.setProperty("--done", String(Math.max(0, passage.score / best)));
    const place = [passage.page === null ? "" : `page ${passage.page}`, passage.headings.join(" › ")];
    const path = build("p", { class: "path" }, place.filter(Boolean).join(" · "));
    const excerpt = build("p", { class: "excerpt", lang: "" });
    const unfold = () => {
      const card = this.#cards[index];
      if (!card) return;
      card.whole = !card.whole;
      this.#paintExcerpt(index);
    };
    const more = build("button", { class: "link", onclick: unfold });
    const head = build("div", { class: "head" }, title, score);
    // The title does the same for those who do not see the word "Open".
    const go = build("button", { class: "link", onclick: open, tabindex: -1, "aria-hidden": "true" }, "Open");
    const actions = build("div", { class: "actions" }, go, more);
    const body = build("div", { class: "body" }, head, path, excerpt, actions);
    const card = build("li", { class: "card", "data-carrel": "source", "data-source": index }, number, body);
    return { card, excerpt, more, citation: null, painted: "-", whole: false };
  }

  /** @param {number} index */
  #paintExcerpt(index) {
    const card = this.#cards[index];
    const passage = this.#sources[index];
    if (!card || !passage) return;
    const { text } = passage;
    const [start, end] = citedWithin(passage, card.citation);
    const painted = `${start}-${end}-${card.whole}`;
    if (painted === card.painted) return;
    card.painted = painted;
    const from = card.whole ? 0 : excerptStart(text, start);
    const to = card.whole ? text.length : wordEnd(text, Math.max(from + EXCERPT, end));
    const cut = Math.max(from, start);
    card.excerpt.replaceChildren(from > 0 ? "… " : "", text.slice(from, cut));
    if (end > cut) card.excerpt.append(build("mark", {}, text.slice(cut, end)));
    card.excerpt.append(text.slice(Math.max(cut, end), to), to < text.length ? " …" : "");
    card.excerpt.toggleAttribute("data-whole", card.whole);
    card.more.hidden = !card.whole && from === 0 && to >= text.length && text.length <= EXCERPT;
    card.more.textContent = card.whole ? "Show less" : "Show the whole passage";
    card.more.setAttribute("aria-expanded", String(card.whole));
  }
}

/**
 * The cited words as a span of the passage's text; both 0 where nothing is cited.
 * @param {Passage} passage
 * @param {Citation | null} citation
 * @returns {[number, number]}
 */
function citedWithin({ text, span }, citation) {
  if (!citation) return [0, 0];
  const start = Math.max(0, citation.span.start - span.start);
  const end = Math.min(text.length, citation.span.end - span.start);
  return end > start ? [start, end] : [0, 0];
}

/**
 * @param {string} text
 * @param {number} start where the cited words start
 */
function excerptStart(text, start) {
  if (start <= LEAD * 2) return 0;
  const space = text.indexOf(" ", start - LEAD);
  return space === -1 || space >= start ? start : space + 1;
}

/**
 * The end of the word at a place, where that is near.
 * @param {string} text
 * @param {number} place
 */
function wordEnd(text, place) {
  if (place >= text.length) return text.length;
  const space = text.slice(place, place + 40).search(/\s/);
  return space === -1 ? place : place + space;
}
