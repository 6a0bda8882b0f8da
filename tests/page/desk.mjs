// what a person does → what the page does, by the handles of the page
import { basename } from "node:path";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ name: string, state: string, text: string, code: string | null }} Row */
/** @typedef {string | { name: string, mimeType: string, buffer: Buffer }} Given a path, or a file made here */

/** Documents are read by a machine that may be busy with other things. */
const PATIENCE = 120_000;

/** The app in one tab. */
export class Desk {
  #site;

  /** @param {Page} page @param {string} site */
  constructor(page, site) {
    this.page = page;
    this.#site = site;
    this.question = page.locator("[data-carrel=question]");
    this.askButton = page.locator("[data-carrel=ask]");
    this.stopButton = page.locator("[data-carrel=stop]");
    this.status = page.locator("[data-carrel=status]");
    this.answer = page.locator("[data-carrel=answer]");
    this.citations = page.locator("[data-carrel=answer] [data-carrel=citation]");
    this.answerError = page.locator("[data-carrel=answer] [data-carrel=error]");
    this.documents = page.locator("[data-carrel=documents] [data-carrel=document]");
    this.viewer = page.locator("#viewer");
    this.mark = page.locator("#viewer [data-carrel=source] mark");
  }

  /** @param {string} [fragment] */
  async open(fragment = "") {
    await this.page.goto(this.#site + fragment);
  }

  /** Chooses files by the file input. @param {...Given} files */
  async choose(...files) {
    await this.page.locator("[data-carrel=files]").setInputFiles(/** @type {any} */ (files));
  }

  /** Drops files of this machine on the page, as the system's file manager does. @param {...string} paths */
  async drop(...paths) {
    const session = await this.page.context().newCDPSession(this.page);
    const { width, height } = this.page.viewportSize() ?? { width: 1000, height: 700 };
    const data = { items: [], files: paths, dragOperationsMask: 1 };
    for (const type of /** @type {const} */ (["dragEnter", "dragOver", "drop"])) {
      await session.send("Input.dispatchDragEvent", { type, x: width / 2, y: height / 2, data });
    }
    await session.detach();
  }

  /** @returns {Promise<Row[]>} */
  rows() {
    return this.documents.evaluateAll((rows) =>
      rows.map((row) => ({
        name: row.querySelector(".title")?.getAttribute("title") ?? "",
        state: row.getAttribute("data-state") ?? "",
        text: row.textContent ?? "",
        code: row.querySelector("[data-carrel=error]")?.getAttribute("data-code") ?? null,
      })),
    );
  }

  /** The row of one document. @param {string} path */
  async row(path) {
    const name = basename(path);
    const row = (await this.rows()).find((each) => each.name === name);
    if (!row) throw new Error(`there is no ${name} in the list`);
    return row;
  }

  /** Waits until so many documents are there, and each is ready or has failed. @param {number} amount @param {number} [timeout] */
  async settled(amount, timeout = PATIENCE) {
    await this.page.waitForFunction(
      (expected) => {
        const rows = [...document.querySelectorAll("[data-carrel=document]")];
        const done = rows.filter((row) => ["ready", "failed"].includes(row.getAttribute("data-state") ?? ""));
        return rows.length === expected && done.length === expected;
      },
      amount,
      { timeout, polling: 200 }, // Rarely: hundreds of rows may be looked at.
    );
  }

  /** Types a question and presses Enter. @param {string} question */
  async ask(question) {
    await this.question.fill(question);
    await this.question.press("Enter");
  }

  /** Waits until the current answer is in that state. @param {"searching" | "streaming" | "done" | "error"} state */
  async answered(state = "done") {
    await this.page.waitForSelector(`[data-carrel=answer][data-state=${state}]`, {
      state: "attached",
      timeout: PATIENCE,
    });
  }

  /** The answer's text, without marks that are links. */
  async answerText() {
    return this.answer.evaluate((answer) => {
      const copy = /** @type {Element} */ (answer.cloneNode(true));
      for (const citation of copy.querySelectorAll("[data-carrel=citation], [data-carrel=error]")) citation.remove();
      return (copy.textContent ?? "").replace(/\s+/g, " ").trim();
    });
  }

  /** Clicks the first citation behind some words of the answer. @param {string} words */
  async openCitationBehind(words) {
    const index = await this.answer.evaluate((answer, wanted) => {
      const citations = [...answer.querySelectorAll("[data-carrel=citation]")];
      return citations.findIndex((citation) => {
        const range = document.createRange();
        range.setStart(answer, 0);
        range.setEndBefore(citation);
        return range.toString().replace(/\s+/g, " ").includes(wanted);
      });
    }, words);
    if (index === -1) throw new Error(`there is no citation behind "${words}" in: ${await this.answer.innerText()}`);
    await this.citations.nth(index).click();
    return this.citations.nth(index);
  }

  /** Waits until the marked words are within what can be seen of the viewer, and gives them. */
  async markedText() {
    await this.page.waitForFunction(
      () => {
        const mark = document.querySelector("#viewer mark");
        const pane = document.querySelector("#viewer-text");
        if (!mark || !pane) return false;
        const [inner, outer] = [mark.getBoundingClientRect(), pane.getBoundingClientRect()];
        const [top, bottom] = [Math.max(outer.top, 0), Math.min(outer.bottom, innerHeight)];
        return (
          inner.height > 0 &&
          inner.top >= top - 1 &&
          inner.top < bottom &&
          inner.left >= outer.left - 1 &&
          inner.right <= outer.right + 1
        );
      },
      undefined,
      { timeout: 20_000 },
    );
    return (await this.mark.first().innerText()).replace(/\s+/g, " ").trim();
  }
}
