// What lies on the desk → a collection that this browser keeps, where the person wants that: chosen in a dialog, saved
// whenever something has changed, followed when another tab changes it. Until then everything is in this tab only, and
// is let go of only by someone who has said so.
import { Carrel } from "../carrel/carrel.js";
import { build, find } from "./dom.js";
import { showProblem, showRemark } from "./status.js";
import { count, problemOf, size } from "./words.js";

/** @import { Engine } from "./engine.js" */
/** @import { Intake } from "./intake.js" */
/** @import { Change, CollectionInfo, Problem } from "./types.js" */

/** Under which name this browser remembers what was open last. It is a name, and nothing of any document. */
const REMEMBERED = "carrel.collection";
/** How long changes wait to be saved at most, in milliseconds: at rest, and while documents are read. */
const REST = 400;
const WORK = 10_000;

export class Keeping {
  #dialog = find("#collections", HTMLDialogElement);
  #list = find("#collection-list", HTMLElement);
  #form = find("#keep-form", HTMLFormElement);
  #name = find("#keep-name", HTMLInputElement);
  #hint = find("#collections-hint", HTMLElement);
  #kept = find("#kept", HTMLElement);
  #engine;
  #intake;
  #hasChanges = false;
  /** Whether other documents are being laid on the desk. */
  #isMoving = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #due = Infinity;
  /** One save after the other. @type {Promise<void>} */
  #saving = Promise.resolve();
  /** @type {HTMLElement | null} */
  #trouble = null;

  /**
   * @param {Engine} engine
   * @param {Intake} intake
   */
  constructor(engine, intake) {
    this.#engine = engine;
    this.#intake = intake;
    find("#collections-open", HTMLButtonElement).addEventListener("click", () => this.show());
    find("#collections-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#keep(nameFrom(this.#name.value));
    });
    const file = find("#import", HTMLInputElement);
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      file.value = "";
      if (chosen) void this.import(chosen);
    });
  }

  /** Whether something would be lost if the page went now. */
  get isBehind() {
    return this.#engine.collection !== null && this.#hasChanges;
  }

  /** What was open last, as long as this browser still keeps it. @returns {Promise<string | null>} */
  static async last() {
    try {
      const name = localStorage.getItem(REMEMBERED);
      return name !== null && (await Carrel.collections()).some((each) => each.name === name) ? name : null;
    } catch {
      return null; // A browser that keeps nothing.
    }
  }

  /** Opens the dialog. */
  show() {
    this.#say("");
    this.#list.replaceChildren(); // What was there the last time must not be pressed.
    if (!this.#dialog.open) this.#dialog.showModal();
    void this.#paint();
  }

  /** Something on the desk has changed. */
  changed() {
    this.#hasChanges = true;
    if (this.#engine.collection === null) return;
    this.tell();
    // While documents keep coming in, what is there is saved from time to time all the same.
    const wait = this.#intake.busy ? WORK : REST;
    const due = performance.now() + wait;
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.#save(), wait);
  }

  /** Another tab has changed the collection. @param {Change} change */
  async follow(change) {
    if (change.reason === "saved") return this.#intake.listAgain();
    if (change.reason === "failed") {
      showProblem(problemOf(change.error));
      return;
    }
    const name = this.#engine.collection;
    if (name === null || this.#isMoving) return;
    await this.#move(null, await this.#engine.export());
    const again = { label: "Keep them again", run: () => void this.#keep(name) };
    showRemark(`Another tab has deleted the collection “${name}”. Its documents are in this tab only now.`, again);
  }

  /** Puts an exported collection on the desk, once nothing is lost by it. @param {File} file @returns {Promise<void>} */
  async import(file) {
    const open = async () => {
      const { collection, index } = this.#engine;
      const problem = await this.#move(null, file);
      if (!problem) return this.#dialog.close();
      // It is no collection, or a damaged one: the desk is laid again as it was.
      await this.#move(collection, index);
      this.#dialog.close();
      showProblem(problem);
    };
    await this.#replacing(`To open ${file.name} here:`, open);
  }

  /** Keeps what is on the desk. @param {string} name */
  async #keep(name) {
    if (name === "") return this.#say("Give it a name of Latin letters and digits, such as thesis-2.");
    if (this.#isBusy()) return;
    try {
      if ((await Carrel.collections()).some((each) => each.name === name)) {
        return this.#say(`There is a collection “${name}” already: open that one, or choose another name.`);
      }
      this.#say("Keeping…");
      const documents = (await this.#engine.documents()).length;
      const all = await this.#engine.export();
      if (await this.#move(name, all)) return this.#say("");
      if ((await this.#engine.documents()).length < documents) {
        // Another tab was quicker with that name: what it keeps goes first.
        await this.#move(null, all);
        return this.#say(`There is a collection “${name}” already: choose another name.`);
      }
      await this.#save();
      if (this.#hasChanges) return;
      this.#engine.index = null; // From now on it begins with what is kept.
      void Carrel.persist();
      this.#dialog.close();
    } catch (error) {
      this.#say(problemOf(error).message);
    }
  }

  /** Puts a collection on the desk; none: an empty one in this tab only. @param {string | null} name */
  async #open(name) {
    if (!(await this.#move(name, null))) this.#dialog.close();
  }

  /**
   * Does something that takes what is on the desk away, where that is kept or the person lets go of it.
   * @param {string} words what for
   * @param {() => Promise<void>} work
   */
  async #replacing(words, work) {
    const lost = await this.#lost();
    if (lost === null) return;
    if (lost === 0) return work();
    if (!this.#dialog.open) this.show();
    const go = () => {
      this.#say("");
      void work();
    };
    this.#hint.replaceChildren(`${words} `, build("button", { class: "button", onclick: go }, lettingGoOf(lost)));
  }

  /** @param {string} name */
  async #delete(name) {
    try {
      if (name === this.#engine.collection) await this.#move(null, null);
      await Carrel.deleteCollection(name);
      this.#say("");
    } catch (error) {
      this.#say(problemOf(error).message);
    }
    await this.#paint();
    find("#collections-close", HTMLButtonElement).focus();
  }

  /**
   * Opens the desk anew with other documents, or with the same ones kept elsewhere.
   * @param {string | null} collection
   * @param {Blob | string | null} index what it begins with
   * @returns {Promise<Problem | null>} why it could not be opened
   */
  async #move(collection, index) {
    this.#isMoving = true;
    this.#dialog.inert = true; // One thing after the other.
    try {
      this.#stopTimer();
      await this.#saving;
      this.#intake.clear();
      this.#hasChanges = false;
      this.#trouble?.remove();
      const problem = await this.#engine.move(collection, index);
      if (!problem) remember(collection);
      return problem;
    } finally {
      this.#isMoving = false;
      this.#dialog.inert = false;
      this.tell();
    }
  }

  /** @returns {Promise<void>} */
  #save() {
    this.#stopTimer();
    const save = async () => {
      if (this.#engine.collection === null || !this.#engine.ready) return;
      this.#hasChanges = false;
      this.tell("saving");
      try {
        await this.#engine.save();
        this.#trouble?.remove();
      } catch (error) {
        this.#hasChanges = true;
        this.#trouble?.remove();
        const problem = problemOf(error);
        const again = { label: "Try again", run: () => void this.#save() };
        // That another tab has deleted it is told by `follow`.
        this.#trouble = problem.code === "storage_deleted" ? null : showProblem(problem, { action: again });
      }
      this.tell();
    };
    this.#saving = this.#saving.then(save);
    return this.#saving;
  }

  #stopTimer() {
    clearTimeout(this.#timer);
    this.#due = Infinity;
  }

  /** How many documents would be nowhere any more if others were laid on the desk now; null where that cannot be. */
  async #lost() {
    if (this.#isBusy()) return null;
    if (this.isBehind) await this.#save();
    const { readyCount, items } = this.#intake;
    return this.#engine.collection === null || this.isBehind ? items.size : items.size - readyCount;
  }

  #isBusy() {
    const isReading = this.#intake.busy && this.#engine.ready;
    if (isReading) this.#say("Documents are still being read. Wait until they are, or cancel them.");
    return isReading || this.#isMoving;
  }

  /** In the dialog, or at the top of the page where that is closed. @param {string} words */
  #say(words) {
    this.#hint.textContent = words;
    if (words !== "" && !this.#dialog.open) showRemark(words);
  }

  /** Says where the documents are. @param {"saving"} [phase] */
  tell(phase) {
    const name = this.#engine.collection;
    this.#kept.textContent = name === null ? "Read in this tab, and gone when it closes."
      : this.#engine.problem ? `The collection “${name}” is not open.`
      : phase === "saving" ? `Saving “${name}” in this browser…`
      : this.#hasChanges ? `Not saved yet in “${name}”.` : `Kept in this browser as “${name}”.`;
  }

  async #paint() {
    const open = this.#engine.collection;
    this.#form.hidden = open !== null;
    /** @type {CollectionInfo[]} */
    let all = [];
    try {
      all = await Carrel.collections();
    } catch (error) {
      this.#say(problemOf(error).message);
    }
    const inTab = build("li", { class: "collection", "aria-current": open === null ? "true" : null },
      build("span", { class: "about" }, build("strong", {}, "In this tab only"), build("small", {}, "Gone when it closes")),
      open === null ? build("span", { class: "badge" }, "On the desk") : this.#opener(null, "Begin an empty desk"));
    this.#list.replaceChildren(inTab, ...all.map((each) => this.#row(each, each.name === open)));
  }

  /** @param {CollectionInfo} info @param {boolean} isOpen */
  #row({ name, documents, bytes, saved }, isOpen) {
    const parts = documents === null ? ["of another version, or damaged"] : [count(documents, "document")];
    if (bytes !== null) parts.push(size(bytes));
    if (saved !== null) parts.push(`saved ${saved.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}`);
    const remove = build("button", { class: "link bad", "aria-label": `Delete ${name}` }, "Delete");
    remove.addEventListener("click", () => askTwice(remove, "Delete for good", () => void this.#delete(name)));
    return build("li", { class: "collection", "data-carrel": "collection", "aria-current": isOpen ? "true" : null },
      build("span", { class: "about" }, build("strong", {}, name), build("small", {}, parts.join(" · "))),
      isOpen ? build("span", { class: "badge" }, "On the desk") : this.#opener(name, "Open"),
      remove);
  }

  /** @param {string | null} name @param {string} label */
  #opener(name, label) {
    const button = build("button", { class: "button", "aria-label": `${label}${name === null ? "" : ` ${name}`}` }, label);
    button.addEventListener("click", async () => {
      const lost = await this.#lost();
      if (lost === null) return;
      const open = () => void this.#open(name);
      if (lost === 0) open();
      else askTwice(button, lettingGoOf(lost), open);
    });
    return button;
  }
}

/** Runs at the second press, until the focus goes elsewhere. @param {HTMLButtonElement} button @param {string} sure @param {() => void} run */
function askTwice(button, sure, run) {
  if (button.textContent === sure) return run();
  const { textContent, ariaLabel } = button;
  Object.assign(button, { textContent: sure, ariaLabel: null });
  button.dataset.sure = "";
  button.focus(); // Safari does not, by a press.
  button.addEventListener("blur", () => {
    Object.assign(button, { textContent, ariaLabel });
    delete button.dataset.sure;
  }, { once: true });
}

/** @param {number} documents */
function lettingGoOf(documents) {
  return `Let go of ${count(documents, "document")}`;
}

/** @param {string | null} collection */
function remember(collection) {
  try {
    if (collection === null) localStorage.removeItem(REMEMBERED);
    else localStorage.setItem(REMEMBERED, collection);
  } catch {
    // It will not be opened by itself the next time.
  }
}

/** What a person types → a name that a collection may have. @param {string} typed */
function nameFrom(typed) {
  const plain = typed.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.replace(/[^\w-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64);
}
