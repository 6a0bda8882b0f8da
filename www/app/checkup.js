// A connection to a language model → what is wrong with it, step by step, in the settings. What servers say is told as
// text; what is to be typed elsewhere can be copied.
import { build, find } from "./dom.js";
import { problemOf } from "./words.js";

/** @import { ApiGenerator, Diagnosis, Step } from "./types.js" */
/** @typedef {(connection: ApiGenerator, options: { ask: boolean, onStep: (step: Step) => void, signal: AbortSignal }) => Promise<Diagnosis>} Diagnose */

const STATES = { ok: ["✓", "in order"], failed: ["✕", "wrong"], skipped: ["–", "left out"], unknown: ["?", "not known"] };

export class Checkup {
  #button = find("#check-connection", HTMLButtonElement);
  #ask = find("#check-ask", HTMLInputElement);
  #verdict = find("#check-verdict", HTMLElement);
  #steps = find("#check-steps", HTMLElement);
  /** Of the check that is going on. @type {AbortController | null} */
  #running = null;

  /**
   * @param {HTMLDialogElement} dialog where the connection is filled in
   * @param {() => ApiGenerator} connection as it is filled in; the model may be empty
   * @param {Diagnose} diagnose
   */
  constructor(dialog, connection, diagnose) {
    this.#button.addEventListener("click", () => {
      if (this.#running) this.#reset("Cancelled.");
      else void this.#check(connection(), diagnose);
    });
    // What was found is of the connection as it was.
    dialog.addEventListener("input", ({ target }) => target !== this.#ask && this.#reset(""));
    dialog.querySelector(".presets")?.addEventListener("click", () => this.#reset(""));
    dialog.addEventListener("close", () => this.#reset(""));
  }

  /** @param {string} verdict */
  #reset(verdict) {
    this.#running?.abort();
    this.#running = null;
    this.#button.textContent = "Check the connection";
    this.#verdict.textContent = verdict;
    this.#steps.replaceChildren();
  }

  /** @param {ApiGenerator} connection @param {Diagnose} diagnose */
  async #check(connection, diagnose) {
    this.#reset("Checking…");
    const running = new AbortController();
    this.#running = running;
    this.#button.textContent = "Cancel the check";
    const tell = (/** @type {string} */ verdict) => {
      if (this.#running === running) this.#verdict.textContent = verdict;
    };
    const onStep = (/** @type {Step} */ step) => {
      if (this.#running === running) this.#steps.append(shown(step));
      if (step.state !== "skipped") tell(`${titleOf(step)}: ${STATES[step.state][1]}…`);
    };
    try {
      const { steps } = await diagnose(connection, { ask: this.#ask.checked, onStep, signal: running.signal });
      const wrong = steps.find(({ state }) => state === "failed");
      tell(wrong ? `${titleOf(wrong)}: ${wrong.detail}` : `Nothing is wrong${steps.at(-1)?.state === "ok" ? ": the model answers" : ", as far as can be seen without asking"}.`);
    } catch (error) {
      tell(problemOf(error).message);
    }
    if (this.#running !== running) return;
    this.#running = null;
    this.#button.textContent = "Check the connection";
    this.#verdict.scrollIntoView({ block: "nearest" });
  }
}

/** @param {Step} step */
function titleOf({ name }) {
  return name === "cors" ? "Access of pages (CORS)" : name[0].toUpperCase() + name.slice(1);
}

/** @param {Step} step */
function shown(step) {
  const { state, detail, remedy, command } = step;
  const [sign, word] = STATES[state];
  return build("li", { "data-state": state },
    build("span", { "aria-hidden": "true" }, sign),
    build("div", {}, build("strong", {}, titleOf(step)), ` ${word}`,
      detail && build("p", {}, detail), remedy && build("p", { class: "remedy" }, remedy), command && copied(command)));
}

/** What is to be typed, with a button that copies it where the browser lets it. @param {string} command */
function copied(command) {
  const onclick = async (/** @type {Event & { currentTarget: HTMLElement }} */ { currentTarget }) => {
    await navigator.clipboard.writeText(command);
    currentTarget.textContent = "Copied";
  };
  return build("p", {}, build("code", {}, command), " ", navigator.clipboard && build("button", { class: "link", onclick }, "Copy"));
}
