// What the parts of the app do → one line in words, a bar, and the notices at the top of the page. One line, because a
// live region that everybody writes to is noise when read aloud: what is going on beats what is over, and progress is
// told once a second at most.
import { build, find } from "./dom.js";

/** @import { Problem } from "./types.js" */
/** @typedef {"answer" | "engine" | "documents"} Channel */
/** @typedef {{ text: string, busy: boolean, fraction: number | null, since: number }} Report */
/** @typedef {{ label: string, run: () => void }} Action */

/** What is shown first when several things go on. */
const ORDER = /** @type {Channel[]} */ (["answer", "engine", "documents"]);
/** Progress of one and the same thing is told this often at most, in milliseconds. */
const PATIENCE = 1000;

export class Status {
  /** @type {Map<Channel, Report>} */
  #reports = new Map();
  #line = find("[data-carrel=status]", HTMLElement);
  #bar = find("#progress", HTMLElement);
  /** @type {Channel | null} */
  #shown = null;
  #shownAt = 0;
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * Something goes on.
   * @param {Channel} channel
   * @param {string} text
   * @param {number | null} [fraction] how much is done, 0 to 1; null where nobody knows
   */
  busy(channel, text, fraction = null) {
    this.#reports.set(channel, { text, busy: true, fraction, since: ++this.#turn });
    this.#show();
  }

  /**
   * Something is over.
   * @param {Channel} channel
   * @param {string} text how it ended; empty: nothing to tell
   */
  rest(channel, text) {
    if (text === "") this.#reports.delete(channel);
    else this.#reports.set(channel, { text, busy: false, fraction: null, since: ++this.#turn });
    this.#show();
  }

  #show() {
    const [channel, report] = this.#current();
    this.#bar.hidden = !report?.busy || report.fraction === null;
    this.#bar.style.setProperty("--done", String(report?.fraction ?? 0));
    this.#line.dataset.busy = String(report?.busy ?? false);
    const text = report?.text ?? "";
    if (text === this.#line.textContent) return;
    const isProgress = report?.busy && channel === this.#shown && channel !== "answer";
    const wait = isProgress ? this.#shownAt + PATIENCE - performance.now() : 0;
    clearTimeout(this.#timer);
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#show(), wait);
      return;
    }
    this.#line.textContent = text;
    this.#shown = report?.busy ? channel : null;
    this.#shownAt = performance.now();
  }

  /** @returns {[Channel | null, Report | null]} */
  #current() {
    /** @type {[Channel | null, Report | null]} */
    let latest = [null, null];
    for (const channel of ORDER) {
      const report = this.#reports.get(channel);
      if (report?.busy) return [channel, report];
      if (report && report.since > (latest[1]?.since ?? 0)) latest = [channel, report];
    }
    return latest;
  }
}

/**
 * Shows a failure of the whole page at its top, until it is dismissed or removed.
 * @param {Problem} problem
 * @param {{ hint?: string, action?: Action }} [options]
 * @returns {HTMLElement}
 */
export function showProblem(problem, { hint, action } = {}) {
  const message = /[.!?]$/.test(problem.message) ? problem.message : `${problem.message}.`;
  const text = build("p", {}, build("strong", {}, message), hint ? ` ${hint}` : null);
  const attributes = { class: "notice bad", role: "alert", "data-carrel": "error", "data-code": problem.code };
  return showNotice(build("div", attributes, text), action);
}

/**
 * Shows a remark at the top of the page.
 * @param {string} text
 * @param {Action} [action]
 */
export function showRemark(text, action) {
  return showNotice(build("div", { class: "notice", role: "status" }, build("p", {}, text)), action);
}

/**
 * @param {HTMLElement} notice
 * @param {Action} [action]
 */
function showNotice(notice, action) {
  if (action) {
    const run = () => {
      notice.remove();
      action.run();
    };
    notice.append(build("button", { class: "button", onclick: run }, action.label));
  }
  const dismiss = () => notice.remove();
  notice.append(build("button", { class: "cross", "aria-label": "Dismiss", onclick: dismiss }, "×"));
  find("#notices", HTMLElement).append(notice);
  return notice;
}

/** Tells when the network is away, and that the desk works all the same. */
export function watchNetwork() {
  const banner = find("#offline", HTMLElement);
  const update = () => {
    banner.hidden = navigator.onLine;
  };
  addEventListener("online", update);
  addEventListener("offline", update);
  update();
}
