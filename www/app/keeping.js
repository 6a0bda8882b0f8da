// What lies on the desk → a collection that this browser keeps, where the person wants that: chosen in a dialog, saved
// whenever something has changed, followed when another tab changes it. Until then everything is in this tab only.
import { Carrel } from "../carrel/carrel.js";
import { build, find } from "./dom.js";
import { showProblem, showRemark } from "./status.js";
import { count, megabytes, problemOf } from "./words.js";

/** @import { Engine } from "./engine.js" */
/** @import { Intake } from "./intake.js" */
/** @import { Change, CollectionInfo } from "./types.js" */

/** Under which name this browser remembers what was open last. It is a name, and nothing of any document. */
const REMEMBERED = "carrel.collection";
/** How long changes are gathered before they are saved, in milliseconds: at rest, and while documents are read. */
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
  #onMoved;
  #hasChanges = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** One save after the other. @type {Promise<void>} */
  #saving = Promise.resolve();
  /** @type {HTMLElement | null} */
  #trouble = null;

  /**
   * @param {Engine} engine
   * @param {Intake} intake
   * @param {() => void} onMoved called when other documents are about to be on the desk
   */
  constructor(engine, intake, onMoved) {
    this.#engine = engine;
    this.#intake = intake;
    this.#onMoved = onMoved;
    find("#collections-open", HTMLButtonElement).addEventListener("click", () => {
      this.#dialog.showModal();
      void this.#paint();
    });
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
    this.tell();
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

  /** Something on the desk has changed. */
  changed() {
    this.#hasChanges = true;
    if (this.#engine.collection === null) return;
    this.tell();
    clearTimeout(this.#timer);
    // While documents keep coming in, what is there is saved from time to time all the same.
    if (!this.#intake.busy) this.#timer = setTimeout(() => this.#save(), REST);
    else this.#timer = setTimeout(() => this.#save(), WORK);
  }

  /** Another tab has changed the collection. @param {Change} change */
  async follow(change) {
    if (change.reason === "saved") return this.#intake.listAgain();
    if (change.reason === "failed") {
      showProblem(problemOf(change.error));
      return;
    }
    const name = this.#engine.collection;
    await this.#move(null, await this.#engine.export());
    const again = { label: "Keep them again", run: () => void (name && this.#keep(name)) };
    showRemark(`Another tab has deleted the collection “${name}”. Its documents are in this tab only now.`, again);
  }

  /** Puts an exported collection on the desk. @param {Blob} file */
  async import(file) {
    if (this.#isBusy()) return;
    const { collection, index } = this.#engine;
    const before = collection === null && this.#intake.items.size > 0 ? await this.#engine.export() : index;
    if (await this.#move(null, file)) {
      if (before instanceof Blob) {
        const back = { label: "Bring them back", run: () => void this.#move(null, before) };
        showRemark("The documents that were on the desk were in this tab only.", back);
      }
      return this.#dialog.close();
    }
    // It is no collection, or a damaged one: the desk is laid again as it was, and the problem stands at the top.
    await this.#move(collection, before);
  }

  /** Keeps what is on the desk. @param {string} name */
  async #keep(name) {
    if (name === "") return this.#say("Give it a name of letters and digits, such as thesis-2.");
    if (this.#isBusy()) return;
    if ((await Carrel.collections()).some((each) => each.name === name)) {
      return this.#say(`There is a collection “${name}” already: open that one, or choose another name.`);
    }
    this.#say("Keeping…");
    try {
      if (!(await this.#move(name, await this.#engine.export()))) return this.#say("");
      await this.#save();
      if (!this.#hasChanges) void Carrel.persist();
      this.#dialog.close();
    } catch (error) {
      this.#say(problemOf(error).message);
    }
  }

  /** Puts a collection on the desk; none: an empty one in this tab only. @param {string | null} name */
  async #open(name) {
    if (this.#isBusy()) return;
    if (this.#hasChanges) await this.#save();
    if (this.isBehind) return this.#say("What is on the desk could not be saved yet. Export it, or free some space and try again.");
    if (await this.#move(name, null)) this.#dialog.close();
  }

  /** @param {string} name */
  async #delete(name) {
    try {
      const isOpen = name === this.#engine.collection;
      if (isOpen) await this.#move(null, null);
      await Carrel.deleteCollection(name);
    } catch (error) {
      this.#say(problemOf(error).message);
    }
    await this.#paint();
  }

  /**
   * Opens the desk anew with other documents, or with the same ones kept elsewhere; tells whether it is open.
   * @param {string | null} collection
   * @param {Blob | string | null} index what it begins with
   */
  async #move(collection, index) {
    clearTimeout(this.#timer);
    await this.#saving;
    this.#onMoved();
    this.#hasChanges = false;
    const isOpen = await this.#engine.move(collection, index);
    try {
      if (collection === null) localStorage.removeItem(REMEMBERED);
      else localStorage.setItem(REMEMBERED, collection);
    } catch {
      // It will not be opened by itself the next time.
    }
    this.tell();
    return isOpen;
  }

  /** @returns {Promise<void>} */
  #save() {
    clearTimeout(this.#timer);
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
        const again = { label: "Try again", run: () => void this.#save() };
        this.#trouble = showProblem(problemOf(error), { action: again });
      }
      this.tell();
    };
    this.#saving = this.#saving.then(save);
    return this.#saving;
  }

  #isBusy() {
    if (this.#intake.busy) this.#say("Documents are still being read. Wait until they are, or cancel them.");
    return this.#intake.busy;
  }

  /** @param {string} words */
  #say(words) {
    this.#hint.textContent = words;
  }

  /** Says where the documents are. @param {"saving"} [phase] */
  tell(phase) {
    const name = this.#engine.collection;
    this.#kept.textContent = name === null ? "Read in this tab, and gone when it closes."
      : phase === "saving" ? `Saving “${name}” in this browser…`
      : this.#hasChanges ? `Not saved yet in “${name}”.` : `Kept in this browser as “${name}”.`;
    this.#kept.dataset.place = name === null ? "tab" : "browser";
  }

  async #paint() {
    this.#say("");
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
    if (bytes !== null) parts.push(megabytes(bytes, null));
    if (saved !== null) parts.push(`saved ${saved.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}`);
    return build("li", { class: "collection", "data-carrel": "collection", "aria-current": isOpen ? "true" : null },
      build("span", { class: "about" }, build("strong", {}, name), build("small", {}, parts.join(" · "))),
      isOpen ? build("span", { class: "badge" }, "On the desk") : this.#opener(name, "Open"),
      this.#asking(build("button", { class: "link bad", "aria-label": `Delete ${name}` }, "Delete"), "Delete for good", () => void this.#delete(name)));
  }

  /** @param {string | null} name @param {string} label */
  #opener(name, label) {
    const button = build("button", { class: "button", "aria-label": `${label}${name === null ? "" : ` ${name}`}` }, label);
    const open = () => void this.#open(name);
    const ready = this.#intake.readyCount;
    const isLost = this.#engine.collection === null && ready > 0;
    if (isLost) return this.#asking(button, `Let go of ${count(ready, "document")}`, open);
    button.addEventListener("click", open);
    return button;
  }

  /** A button that wants to be pressed twice. @param {HTMLButtonElement} button @param {string} sure @param {() => void} run */
  #asking(button, sure, run) {
    button.addEventListener("click", () => {
      if (button.dataset.sure === "") return run();
      button.dataset.sure = "";
      button.textContent = sure;
      button.setAttribute("aria-label", sure);
      button.addEventListener("blur", () => void this.#paint(), { once: true });
    });
    return button;
  }
}

/** What a person types → a name that a collection may have. @param {string} typed */
function nameFrom(typed) {
  const plain = typed.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.replace(/[^\w-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64);
}
