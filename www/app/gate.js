// What would be sent → the person's word on it. Where it is asked for, nothing leaves before somebody has seen it, has
// taken out whole passages or single words, and has said so.
import { build, find } from "./dom.js";
import { pretty } from "./trace.js";
import { count, placeOf } from "./words.js";

/** @import { Outgoing, Revision } from "./types.js" */

export class Gate {
  #dialog = find("#gate", HTMLDialogElement);
  #host = find("#gate-host", HTMLElement);
  #passages = find("#gate-passages", HTMLElement);
  #redact = find("#gate-redact", HTMLInputElement);
  #amount = find("#gate-amount", HTMLElement);
  #bytes = find("#gate-bytes", HTMLElement);
  /** @type {((word: false | Revision) => void) | null} */
  #answer = null;
  /** What was taken out before it was looked at again. @type {Revision} */
  #revision = {};

  constructor() {
    find("#gate-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const wish = this.#wish();
      const { strike = [], redact = [] } = this.#revision;
      // What comes back in is looked at once more before it goes.
      const isBack = strike.some((at) => !wish.strike.includes(at)) || redact.some((words) => !wish.redact.includes(words));
      this.#say(isBack ? { ...wish, again: true } : wish);
    });
    find("#gate-no", HTMLButtonElement).addEventListener("click", () => this.#say(false));
    find("#gate-again", HTMLButtonElement).addEventListener("click", () => this.#say({ ...this.#wish(), again: true }));
    this.#dialog.addEventListener("close", () => this.#say(false));
  }

  /**
   * @param {Outgoing} outgoing
   * @param {AbortSignal} signal
   * @returns {Promise<false | Revision>}
   */
  ask(outgoing, signal) {
    if (signal.aborted) return Promise.resolve(false);
    if (!outgoing.again) [this.#revision, this.#redact.value] = [{}, ""];
    this.#show(outgoing);
    return new Promise((resolve) => {
      this.#answer = resolve;
      signal.addEventListener("abort", () => this.#say(false), { once: true });
    });
  }

  /** @param {Outgoing} outgoing */
  #show({ url, body, sources }) {
    this.#host.textContent = new URL(url ?? "").host;
    this.#amount.textContent = `${count(new TextEncoder().encode(body ?? "").length, "byte")}, as ${this.#revision.again ? "they would be sent now" : "they would be sent"}`;
    this.#bytes.textContent = pretty(body ?? "");
    const struck = new Set(this.#revision.strike);
    this.#passages.replaceChildren(...sources.map((passage, at) => {
      const box = build("input", { type: "checkbox", checked: !struck.has(at) });
      const what = build("span", {}, build("strong", {}, `${at + 1}. ${placeOf(passage)}`), build("span", { class: "excerpt" }, passage.text));
      return build("li", {}, build("label", {}, box, what));
    }));
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** @returns {{ strike: number[], redact: string[] }} */
  #wish() {
    const strike = [...this.#passages.querySelectorAll("input")].flatMap((box, at) => (box.checked ? [] : [at]));
    const redact = this.#redact.value.split(",").map((words) => words.trim()).filter(Boolean);
    return { strike, redact };
  }

  /** @param {false | Revision} word */
  #say(word) {
    const answer = this.#answer;
    this.#answer = null;
    if (word) this.#revision = word;
    if (!word || !word.again) this.#dialog.close();
    answer?.(word);
  }
}
