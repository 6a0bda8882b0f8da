// Questions → answers below each other, the newest being the current one. A question that comes before the engine or
// the documents are ready is kept and asked when they are; a new one stops the one before it.
import { AnswerView } from "./answer.js";
import { build, find } from "./dom.js";
import { count, duration, isAbort, wordsIn } from "./words.js";

/** @import { Engine } from "./engine.js" */
/** @import { Intake } from "./intake.js" */
/** @import { Status } from "./status.js" */
/** @import { Answer, OpenPassage, Outgoing, Revision, Turn } from "./types.js" */
/** @typedef {{ isGated: boolean, currency: string, ask: (outgoing: Outgoing, signal: AbortSignal) => Promise<false | Revision> }} Wishes */

/** How many questions and answers a follow-up may lean on. */
const REMEMBERED = 4;

export class Conversation {
  /** What was asked and answered. @type {Turn[]} */
  #history = [];
  /** @type {AnswerView | null} */
  #current = null;
  /** @type {AbortController | null} */
  #running = null;
  #box = find("[data-carrel=question]", HTMLTextAreaElement);
  #stop = find("[data-carrel=stop]", HTMLButtonElement);
  #entries = find("#entries", HTMLElement);
  #main = find("main", HTMLElement);
  #engine;
  #intake;
  #status;
  #openPassage;
  #wishes;

  /**
   * @param {Engine} engine
   * @param {Intake} intake
   * @param {Status} status
   * @param {OpenPassage} openPassage
   * @param {Wishes} wishes whether requests are shown before they are sent, how that is asked, what money is called
   */
  constructor(engine, intake, status, openPassage, wishes) {
    this.#engine = engine;
    this.#intake = intake;
    this.#status = status;
    this.#openPassage = openPassage;
    this.#wishes = wishes;
    find("#composer", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#box.addEventListener("keydown", (event) => {
      // While an input method composes a word, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#stop.addEventListener("click", () => {
      this.#running?.abort();
      this.#box.focus();
    });
  }

  #submit() {
    const question = this.#box.value.trim();
    // An empty box is asked too, since the person needs to be told; but it does not stop what is being written.
    if (question === "" && this.#running) return;
    this.#box.value = "";
    void this.ask(question);
  }

  /** @param {string} question @param {boolean} [anyway] whether a model is asked though nothing near was found */
  async ask(question, anyway = false) {
    this.#running?.abort();
    const controller = new AbortController();
    this.#running = controller;
    const view = this.#begin(question);
    /** @type {Answer | null} */
    let answer = null;
    try {
      answer = await this.#wait(question, controller, anyway);
      const started = performance.now();
      this.#say(controller, "Searching…");
      await this.#follow(answer, view, controller);
      const { stages } = await answer.trace;
      // That nothing was found is no answer to lean on.
      if (!stages.some(({ stage }) => stage === "abstain")) {
        this.#history = [...this.#history, { question, answer: view.text }].slice(-REMEMBERED);
      }
      const words = count(wordsIn(view.text), "word");
      view.finish();
      this.#rest(controller, `Done: ${words} in ${duration(performance.now() - started)}`);
    } catch (error) {
      this.#end(error, question, view, controller);
    }
    // The trace tells what was sent, also of an answer that failed or was stopped; without one nothing is claimed.
    answer?.trace.then((trace) => {
      view.setTrace(trace, this.#wishes.currency);
      if (trace.stages.some(({ stage }) => stage === "abstain")) view.offer("Ask the model anyway", () => void this.ask(question, true));
    }, () => {});
  }

  /** @param {string} question */
  #begin(question) {
    this.#current?.retire();
    const view = new AnswerView(question, this.#openPassage);
    this.#current = view;
    this.#main.dataset.phase = "talking";
    this.#entries.append(view.element);
    this.#stop.hidden = false;
    view.element.scrollIntoView({ block: "start" });
    return view;
  }

  /**
   * @param {string} question
   * @param {AbortController} controller
   * @param {boolean} anyway
   */
  async #wait(question, controller, anyway) {
    const { signal } = controller;
    const note = question === "" ? "" : " Your question will be asked then.";
    if (!this.#engine.ready) this.#status.busy("answer", `Waiting for the engine to be ready.${note}`);
    await this.#engine.whenReady(signal);
    if (this.#intake.busy && this.#intake.readyCount === 0) {
      this.#status.busy("answer", `Waiting for the first document to be read.${note}`);
    }
    await this.#intake.whenSearchable(signal);
    const gate = async (/** @type {Outgoing} */ outgoing) => {
      this.#say(controller, "Waiting for your word on what is sent…");
      const word = await this.#wishes.ask(outgoing, signal);
      if (word && !word.again) this.#say(controller, "Writing…");
      return word;
    };
    const options = { signal, gate: this.#wishes.isGated ? gate : undefined, history: this.#history, abstain: !anyway };
    return (await this.#engine.ask(question, options)).answer;
  }

  /**
   * @param {Answer} answer
   * @param {AnswerView} view
   * @param {AbortController} controller
   */
  async #follow(answer, view, controller) {
    const unread = [...this.#intake.items].filter(({ state }) => state !== "ready" && state !== "failed").length;
    for await (const event of answer) {
      controller.signal.throwIfAborted();
      if (event.type === "sources") {
        view.setSources(event.sources);
        this.#say(controller, "Writing…");
      } else if (event.type === "text") {
        if (view.text === "") view.setState("streaming");
        view.addText(event.text);
      } else if (event.type === "citation") view.addCitation(event);
      else if (event.type === "waiting") {
        this.#say(controller, `The model cannot answer yet; asking again in ${duration(event.milliseconds)}…`);
      }
      else if (event.type === "sentence") view.addSentence(event);
      else if (event.finish === "length") view.addNote("The model stopped at its limit of length");
      else if (event.finish === "refusal") view.addNote("The model, or who watches over it, refused to answer");
    }
    if (view.doubts > 0) view.addNote(`${count(view.doubts, "sentence")} that no passage supports`);
    if (unread > 0) view.addNote(`Asked while ${count(unread, "document")} had not been read yet`);
  }

  /**
   * @param {unknown} error
   * @param {string} question
   * @param {AnswerView} view
   * @param {AbortController} controller
   */
  #end(error, question, view, controller) {
    const problem = this.#engine.problemOf(error);
    const kept = problem.code === "not_sent";
    if (controller.signal.aborted || isAbort(error) || kept) {
      const told = kept ? "Not sent" : "Stopped";
      view.addNote(told);
      view.finish();
      this.#rest(controller, told);
      return;
    }
    view.fail(problem);
    // So that it can be asked again when the trouble is over.
    if (this.#box.value === "" && this.#current === view) this.#box.value = question;
    this.#rest(controller, "The question could not be answered");
    this.#engine.noticeCrash(error);
  }

  /**
   * @param {AbortController} controller
   * @param {string} text
   */
  #say(controller, text) {
    if (this.#running === controller) this.#status.busy("answer", text);
  }

  /**
   * @param {AbortController} controller
   * @param {string} text
   */
  #rest(controller, text) {
    if (this.#running !== controller) return;
    this.#running = null;
    this.#stop.hidden = true;
    this.#status.rest("answer", text);
  }

  /**
   * Offers questions to try.
   * @param {string[]} questions
   */
  suggest(questions) {
    const chips = questions.map((question) => {
      const chip = build("button", { class: "chip" }, question);
      chip.addEventListener("click", () => {
        chip.remove();
        void this.ask(question);
        this.#box.focus();
      });
      return chip;
    });
    find("#suggestions", HTMLElement).replaceChildren(...chips);
  }
}
