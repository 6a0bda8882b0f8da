// Every request that has left this tab → a list to look through: when, where to, the exact bytes, which passages, and
// what all of them took together.
import { build, find } from "./dom.js";
import { pretty } from "./trace.js";
import { count, duration, money, number, problemOf, size } from "./words.js";

/** @import { Engine } from "./engine.js" */
/** @import { LedgerEntry, Totals } from "./types.js" */

const time = new Intl.DateTimeFormat("en", { timeStyle: "medium" });

export class LedgerView {
  #dialog = find("#ledger", HTMLDialogElement);
  #list = find("#ledger-list", HTMLElement);
  #totals = find("#ledger-totals", HTMLElement);
  #engine;
  #currency;

  /** @param {Engine} engine @param {() => string} currency what money is called */
  constructor(engine, currency) {
    this.#engine = engine;
    this.#currency = currency;
    find("#ledger-open", HTMLButtonElement).addEventListener("click", () => void this.#show());
    find("#ledger-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  async #show() {
    this.#list.replaceChildren();
    this.#totals.textContent = "Looking…";
    this.#dialog.showModal();
    try {
      const [entries, totals] = await Promise.all([this.#engine.ledger(), this.#engine.totals()]);
      this.#totals.textContent = entries.length === 0 ? "Nothing has left this tab." : this.#sum(entries, totals);
      this.#list.replaceChildren(...entries.toReversed().map(makeEntry));
    } catch (error) {
      this.#totals.textContent = problemOf(error).message;
    }
  }

  /** @param {LedgerEntry[]} entries @param {Totals} totals */
  #sum(entries, { answers, tokens, money: spent, unpriced, counted }) {
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    return [
      `${count(entries.length, "request")}, ${size(bytes)} in all`,
      answers > 0 ? `${count(answers, "answer")}: ${count(tokens.prompt, "token")} read, ${number(tokens.completion)} written${counted > 0 ? " (in part counted here)" : ""}` : "",
      spent > 0 ? `${money(spent, this.#currency())}${unpriced > 0 ? `, without ${count(unpriced, "answer")} of unknown price` : ""}` : "",
    ].filter(Boolean).join(" · ");
  }
}

/** @param {LedgerEntry} entry */
function makeEntry({ at, method, url, headers, body, bytes, passages, question, status, received, milliseconds }) {
  const outcome = status === null ? (milliseconds === null ? "under way" : "no response") : `status ${status}, ${size(received)} came back`;
  const facts = [time.format(at), count(bytes, "byte"), outcome, milliseconds === null ? "" : duration(milliseconds)].filter(Boolean);
  const summary = build("summary", {},
    build("strong", {}, question ?? "Which models are there?"),
    build("span", { class: "address" }, `${method} ${url}`),
    build("span", { class: "facts" }, facts.join(" · ")));
  const details = build("details", {}, summary);
  // Some hundred kilobytes are made readable only when somebody looks.
  details.addEventListener("toggle", () => {
    details.append(build("p", {}, `Headers: ${headers.join(", ") || "none"}. Their values are not written down, since one is the key.`));
    if (passages.length > 0) {
      details.append(build("p", {}, `Passages of: ${[...new Set(passages.map(({ id }) => id))].join(", ")}.`));
    }
    if (bytes > 0) {
      const what = body === null ? "Let go of, since there were many after it." : pretty(body);
      details.append(build("pre", { tabindex: 0 }, build("code", {}, what)));
    }
  }, { once: true });
  return build("li", {}, details);
}
