// The settings dialog and the URL's fragment → who writes the answers. Changes apply at once. The key lives in the
// input and in memory, nowhere else unless the person keeps it, and is forgotten whenever the answers are to come from
// another address.
import { Checkup } from "./checkup.js";
import { build, find } from "./dom.js";
import { APIS, isLoopback, readFragment, webAddress } from "./fragment.js";
import { KeyKeeping } from "./key-keeping.js";
import { LimitFields } from "./limits.js";
import { showRemark } from "./status.js";
import { count, problemWithout } from "./words.js";

/** @import { Proposal } from "./fragment.js" */
/** @import { ApiGenerator } from "./types.js" */

export class Settings {
  #dialog = find("#settings", HTMLDialogElement);
  #consent = find("#consent", HTMLDialogElement);
  #byApi = find("#by-api", HTMLInputElement);
  #api = find("#api", HTMLSelectElement);
  #extractive = find("#by-extracting", HTMLInputElement);
  #fields = find("#api-fields", HTMLFieldSetElement);
  #baseUrl = find("#base-url", HTMLInputElement);
  #model = find("#llm", HTMLInputElement);
  #key = find("#api-key", HTMLInputElement);
  #hint = find("#settings-hint", HTMLElement);
  #look = find("#look-for-models", HTMLButtonElement);
  #names = find("#llms", HTMLDataListElement);
  #origin = find("#origin", HTMLElement);
  #keyFor = "";
  #keeping = new KeyKeeping(this.#key, () => this.#changed());
  limits = new LimitFields();
  #apply;
  #models;
  /** The index that the fragment asks for at the start. @type {string | null} */
  index;

  /**
   * @param {(generator: ApiGenerator | null) => void} apply
   * @param {(connection: Omit<ApiGenerator, "model">) => Promise<string[]>} models asks an API what it has
   * @param {import("./checkup.js").Diagnose} diagnose
   */
  constructor(apply, models, diagnose) {
    this.#apply = apply;
    this.#models = models;
    this.#look.addEventListener("click", () => void this.#lookForModels());
    new Checkup(this.#dialog, () => ({ ...this.#connection(), model: this.#model.value.trim() }), diagnose);
    for (const button of document.querySelectorAll("[data-opens=settings]")) {
      button.addEventListener("click", () => this.#dialog.showModal());
    }
    find("#settings-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => {
      // A press on the backdrop, which belongs to the dialog itself.
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("input", () => this.#changed());
    for (const preset of this.#dialog.querySelectorAll("[data-base-url]")) {
      preset.addEventListener("click", () => {
        const { api, baseUrl = "" } = preset instanceof HTMLElement ? preset.dataset : {};
        this.#fill({ api: APIS.find((each) => each === api) ?? "openai", baseUrl, model: this.#model.value });
        this.#model.focus();
      });
    }
    find("#consent-no", HTMLButtonElement).addEventListener("click", () => this.#consent.close("no"));
    find("#consent-yes", HTMLButtonElement).addEventListener("click", () => this.#consent.close("yes"));
    const { index } = readFragment(location.hash);
    this.index = index;
    addEventListener("hashchange", () => this.#readFragment());
    this.#changed();
    this.#readFragment();
  }

  #readFragment() {
    const { proposal, index, remarks, cleaned } = readFragment(location.hash);
    if (cleaned !== null) {
      history.replaceState(null, "", cleaned === "" ? location.pathname + location.search : `#${cleaned}`);
    }
    for (const remark of remarks) showRemark(remark);
    if (index !== null && index !== this.index) {
      const reload = { label: "Reload", run: () => location.reload() };
      showRemark("The link names another index. Reload the page to open it; documents added here go.", reload);
    }
    if (!proposal) return;
    const url = webAddress(proposal.baseUrl);
    const { api, baseUrl, model } = proposal;
    const isSame = this.#byApi.checked && api === this.#api.value && baseUrl === this.#baseUrl.value && model === this.#model.value;
    if (!url || isSame) return;
    if (isLoopback(url)) this.#fill(proposal);
    else this.#askConsent(url, proposal);
  }

  /**
   * @param {URL} url
   * @param {Proposal} proposal
   */
  #askConsent(url, proposal) {
    // What is being read must not change under the finger that accepts it.
    if (this.#consent.open) return;
    find("#consent-host", HTMLElement).textContent = url.host;
    find("#consent-url", HTMLElement).textContent = url.href;
    find("#consent-model", HTMLElement).textContent = proposal.model;
    find("#consent-plain", HTMLElement).hidden = url.protocol === "https:";
    this.#consent.returnValue = "no";
    this.#consent.onclose = () => {
      if (this.#consent.returnValue === "yes") this.#fill(proposal);
    };
    this.#consent.showModal();
  }

  /** @param {Proposal} proposal */
  #fill({ api, baseUrl, model }) {
    this.#byApi.checked = true;
    this.#api.value = api;
    this.#baseUrl.value = baseUrl;
    this.#model.value = model;
    this.#changed();
    if (this.#keeping.isLocked && !this.#dialog.open) {
      const unlock = () => (this.#dialog.showModal(), find("#key-passphrase", HTMLInputElement).focus());
      showRemark(`This device keeps a key for ${new URL(baseUrl).host}, encrypted.`, { label: "Unlock it…", run: unlock });
    }
  }

  #changed() {
    const url = webAddress(this.#baseUrl.value.trim());
    const origin = url?.origin ?? "";
    // A key is for the address it was typed for.
    if (this.#key.value === "") this.#keyFor = "";
    else if (this.#keyFor === "" || origin === "") this.#keyFor ||= origin;
    else if (this.#keyFor !== origin) {
      this.#key.value = "";
      this.#keyFor = "";
    }
    this.#keeping.paint(origin);
    this.#fields.hidden = !this.#byApi.checked;
    const model = this.#model.value.trim();
    if (this.#extractive.checked || !url || model === "") {
      const missing = "Until there are a base URL and a model, answers are extractive.";
      this.#set(null, this.#extractive.checked ? "" : missing);
      return;
    }
    const isPlain = url.protocol === "http:" && !isLoopback(url);
    const mixed = isPlain && location.protocol === "https:";
    const hint = mixed
      ? "A page served over https cannot reach an http address; the browser will refuse it."
      : isPlain ? "This address is not encrypted: whoever carries the connection can read what is sent." : "";
    const { problem } = this.limits;
    // Without limits that a person believes to be there nothing is asked.
    if (problem) this.#set(null, `${problem} Until this is mended, answers are extractive.`);
    else this.#set({ ...this.#connection(), model, ...this.limits.options }, hint);
  }

  /** Whom to ask, as it is filled in. */
  #connection() {
    const api = APIS.find((each) => each === this.#api.value) ?? "openai";
    const connection = { api, baseUrl: this.#baseUrl.value.trim() };
    return this.#key.value === "" ? connection : { ...connection, apiKey: this.#key.value };
  }

  /** Asks the address for its models, which tells as well whether it can be reached and takes the key. */
  async #lookForModels() {
    this.#look.disabled = true;
    this.#hint.textContent = "Asking for the models there…";
    try {
      const names = await this.#models(this.#connection());
      this.#names.replaceChildren(...names.map((value) => build("option", { value })));
      if (this.#model.value.trim() === "" && names[0]) this.#model.value = names[0];
      this.#changed();
      const found = names.length === 0 ? "The server answers, but has no model yet: load one there."
        : `The server answers. It has ${count(names.length, "model")}${names.length > 1 ? ": choose one above" : ""}.`;
      this.#hint.textContent = `${found} ${this.#hint.textContent}`.trim();
      this.#model.focus();
    } catch (error) {
      this.#hint.textContent = problemWithout(error, this.#key.value).message;
    }
    this.#look.disabled = false;
    this.#hint.scrollIntoView({ block: "nearest" }); // On small screens it is below what can be seen.
  }

  /**
   * @param {ApiGenerator | null} generator
   * @param {string} hint
   */
  #set(generator, hint) {
    let trouble = hint;
    try {
      this.#apply(generator);
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
      generator = null;
      this.#apply(null);
    }
    this.#hint.textContent = trouble;
    const host = generator ? new URL(generator.baseUrl).host : "";
    this.#origin.textContent = generator ? `${generator.model} at ${host}` : "Extractive · offline";
    this.#origin.dataset.by = generator ? "api" : "extractive";
    find("#promise", HTMLElement).textContent = generator
      ? `Only your questions, with the passages found for them, go to ${host}.`
      : "Nothing of them is sent anywhere.";
  }
}
