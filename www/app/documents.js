// Documents on the desk → their list. Hundreds may come at once and each tells its progress many times a second, so
// rows are made some dozens a frame, and a frame repaints only the rows that changed since the last one.
import { build, find, oncePerFrame } from "./dom.js";
import { count, number } from "./words.js";

/** @import { Item } from "./types.js" */
/** @typedef {{ remove: (item: Item) => void, retry: (item: Item) => void, open: (item: Item) => void }} Actions */
/** @typedef {ReturnType<typeof makeRow>} Row */

const ROWS_PER_FRAME = 60;
/** So many failures are read aloud; of hundreds the summary tells. */
const ALERTS_MOST = 3;

export class DocumentList {
  /** @type {Map<Item, Row>} */
  #rows = new Map();
  /** @type {Set<Item>} */
  #changed = new Set();
  #list = find("[data-carrel=documents]", HTMLElement);
  #summary = find("#documents-summary", HTMLElement);
  #onlyFailed = find("#only-failed", HTMLButtonElement);
  #badge = find("#documents-count", HTMLElement);
  #export = find("#export", HTMLButtonElement);
  #alerts = 0;
  #items;
  #actions;
  #schedule = oncePerFrame(() => this.#paint());

  /**
   * @param {Set<Item>} items
   * @param {Actions} actions
   */
  constructor(items, actions) {
    this.#items = items;
    this.#actions = actions;
    this.#onlyFailed.addEventListener("click", () => {
      this.#filter(this.#onlyFailed.getAttribute("aria-pressed") !== "true");
    });
    this.#paint();
  }

  /** @param {Item} item one that is new or has changed */
  update(item) {
    this.#changed.add(item);
    this.#schedule();
  }

  /** @param {Item} item */
  remove(item) {
    const row = this.#rows.get(item)?.row;
    if (row?.contains(document.activeElement)) {
      const next = neighbour(row, "nextElementSibling") ?? neighbour(row, "previousElementSibling");
      const target = next?.querySelector(".cross");
      (target instanceof HTMLElement ? target : find("#files", HTMLInputElement)).focus();
    }
    row?.remove();
    this.#rows.delete(item);
    this.#changed.delete(item);
    this.#schedule();
  }

  #paint() {
    let made = 0;
    for (const item of this.#changed) {
      let row = this.#rows.get(item);
      if (!row) {
        if (made === ROWS_PER_FRAME) continue;
        made += 1;
        row = makeRow(item, this.#actions);
        this.#rows.set(item, row);
        this.#list.append(row.row);
      }
      this.#changed.delete(item);
      this.#paintRow(item, row);
    }
    if (this.#changed.size > 0) this.#schedule();
    this.#paintSummary();
  }

  #paintSummary() {
    const tally = { waiting: 0, reading: 0, embedding: 0, ready: 0, failed: 0 };
    for (const item of this.#items) tally[item.state] += 1;
    const all = this.#items.size;
    const done = tally.ready + tally.failed === all;
    const words = done ? count(tally.ready, "document") : `${number(tally.ready)} of ${number(all)} ready`;
    this.#summary.textContent = all === 0 ? "" : words;
    this.#badge.textContent = all === 0 ? "" : done ? number(tally.ready) : `${number(tally.ready)}/${number(all)}`;
    this.#onlyFailed.hidden = tally.failed === 0;
    this.#onlyFailed.textContent = `${number(tally.failed)} failed`;
    if (tally.failed === 0) this.#filter(false);
    this.#export.hidden = tally.ready === 0;
  }

  /** @param {boolean} only show the failed ones only */
  #filter(only) {
    this.#onlyFailed.setAttribute("aria-pressed", String(only));
    this.#list.toggleAttribute("data-only-failed", only);
  }

  /**
   * @param {Item} item
   * @param {Row} row
   */
  #paintRow(item, row) {
    const { state, document: info, problem } = item;
    const working = state === "reading" || state === "embedding";
    row.row.dataset.state = state;
    row.words.textContent = wordsOf(item);
    row.bar.hidden = !working;
    row.bar.style.setProperty("--done", String(item.done));
    row.bar.setAttribute("aria-valuenow", String(Math.round(item.done * 100)));
    // The rest changes with the state only.
    const painted = `${state} ${info?.id ?? ""} ${problem?.code ?? ""}`;
    if (painted === row.painted) return;
    row.painted = painted;
    const title = info?.title || item.name;
    row.title.textContent = title;
    row.title.title = item.name;
    row.title.toggleAttribute("disabled", state !== "ready");
    row.kind.textContent = kindOf(item);
    row.bar.setAttribute("aria-label", item.name);
    const verb = state === "ready" ? "Remove" : state === "failed" ? "Dismiss" : "Cancel";
    row.close.setAttribute("aria-label", `${verb} ${title}`);
    row.close.title = verb;
    row.notes.replaceChildren(...this.#notesOf(item));
  }

  /**
   * @param {Item} item
   * @returns {HTMLElement[]}
   */
  #notesOf(item) {
    if (item.problem) {
      const { code, message } = item.problem;
      this.#alerts += 1;
      const role = this.#alerts <= ALERTS_MOST ? "alert" : null;
      const notes = [build("p", { class: "problem", role, "data-carrel": "error", "data-code": code }, message)];
      if (code === "crashed" || code === "fetch_failed") {
        const retry = () => this.#actions.retry(item);
        notes.push(build("p", {}, build("button", { class: "link", onclick: retry }, "Try again")));
      }
      return notes;
    }
    return (item.document?.warnings ?? []).map((warning) => build("p", { class: "warning" }, warning));
  }
}

/**
 * @param {Item} item
 * @param {Actions} actions
 */
function makeRow(item, actions) {
  const title = build("button", { class: "title", onclick: () => actions.open(item) });
  const kind = build("span", { class: "kind", "aria-hidden": "true" });
  const words = build("span", { class: "words" });
  const bar = build("span", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 });
  const notes = build("div", { class: "notes" });
  const close = build("button", { class: "cross", onclick: () => actions.remove(item) }, "×");
  const text = build("div", { class: "about" }, title, words, bar, notes);
  const row = build("li", { class: "document", "data-carrel": "document" }, kind, text, close);
  return { row, title, kind, words, bar, close, notes, painted: "" };
}

/**
 * The next row in a direction that is not filtered out.
 * @param {Element} row
 * @param {"nextElementSibling" | "previousElementSibling"} direction
 */
function neighbour(row, direction) {
  let other = row[direction];
  while (other instanceof HTMLElement && other.offsetParent === null) other = other[direction];
  return other;
}

/** @param {Item} item */
function wordsOf({ state, done, document: info }) {
  const percent = done > 0 && done < 1 ? ` ${Math.round(done * 100)} %` : "";
  if (state === "waiting") return "Waiting";
  if (state === "reading") return `Reading${percent || "…"}`;
  if (state === "embedding") return `Embedding${percent || "…"}`;
  if (state === "failed" || !info) return "Could not be read";
  const pages = info.pages > 0 ? `${count(info.pages, "page")} · ` : "";
  return `${pages}${count(info.chunks, "passage")}`;
}

/** @param {Item} item */
function kindOf({ name, document: info }) {
  const ending = /\.(\w{1,4})$/.exec(name)?.[1]?.toLowerCase();
  const kinds = { markdown: "md", html: "html", text: "txt", pdf: "pdf" };
  return (info ? kinds[info.format] : undefined) ?? ending ?? "…";
}
