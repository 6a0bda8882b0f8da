// The key in the settings, and what this browser keeps → what is offered: to keep it, to unlock it, to forget it. By
// itself nothing is kept and nothing is opened; what is kept for one origin is offered there and nowhere else.
import { find } from "./dom.js";
import { canKeepKeys, forgetKey, hasKey, keepKey, unlockKey } from "./keys.js";
import { problemOf } from "./words.js";

export class KeyKeeping {
  #group = find("#key-keeping", HTMLElement);
  #wish = find("#key-keep", HTMLInputElement);
  #told = find("#key-kept", HTMLElement);
  #lock = find("#key-lock", HTMLElement);
  #passphrase = find("#key-passphrase", HTMLInputElement);
  #do = find("#key-do", HTMLButtonElement);
  #forget = find("#key-forget", HTMLButtonElement);
  #hint = find("#key-hint", HTMLElement);
  #origin = "";
  /** The key that was kept or unlocked last, in memory as the input is. */
  #known = "";
  /** What was in the input when this was painted last. */
  #typed = "";
  #isBusy = false;
  #key;
  #changed;

  /**
   * @param {HTMLInputElement} key where it is typed
   * @param {() => void} changed is told when it was filled in or taken out here
   */
  constructor(key, changed) {
    this.#key = key;
    this.#changed = changed;
    this.#do.addEventListener("click", () => void this.#act());
    this.#passphrase.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) void this.#act();
    });
    this.#forget.addEventListener("click", () => {
      forgetKey(this.#origin);
      if (this.#key.value === this.#known) this.#key.value = "";
      this.#settle("Forgotten: this device keeps no key for this address any more.");
    });
  }

  /** Shows what is so. @param {string} origin where keys would be sent; empty where there is no address yet */
  paint(origin) {
    if (origin !== this.#origin) {
      this.#origin = origin;
      this.#known = "";
      this.#reset();
    }
    const host = origin === "" ? "" : new URL(origin).host;
    const typed = this.#key.value;
    if (typed !== this.#typed) this.#hint.textContent = ""; // It was about another key.
    this.#typed = typed;
    const isKept = hasKey(origin);
    const isLocked = isKept && typed === "";
    const isSame = isKept && typed !== "" && typed === this.#known;
    const canBeKept = typed !== "" && !isSame && canKeepKeys();
    if (!canBeKept) this.#wish.checked = false;
    this.#group.hidden = origin === "" || !(isKept || typed !== "" || this.#hint.textContent !== "");
    find("#key-wish", HTMLElement).hidden = !canBeKept;
    this.#told.textContent = isLocked ? `A key for ${host} is kept on this device, encrypted.`
      : isSame ? `This key for ${host} is kept on this device, encrypted.`
      : isKept ? `Another key for ${host} is kept on this device, encrypted.`
      : typed !== "" && !canKeepKeys() ? "Keys can be kept on https and on localhost only, and not on this page."
      : "";
    this.#lock.hidden = !isLocked && !this.#wish.checked;
    this.#do.textContent = isLocked ? "Unlock" : "Keep";
    this.#forget.hidden = !isKept;
  }

  /** Is there a key that could be unlocked? */
  get isLocked() {
    return hasKey(this.#origin) && this.#key.value === "";
  }

  async #act() {
    if (this.#isBusy) return;
    const origin = this.#origin;
    const typed = this.#key.value;
    this.#isBusy = true;
    this.#hint.textContent = typed === "" ? "Unlocking…" : "Encrypting…";
    try {
      if (typed === "") {
        const key = await unlockKey(origin, this.#passphrase.value);
        // Another address, or another key, was entered meanwhile: this one is not for it.
        if (origin !== this.#origin || this.#key.value !== "") return;
        this.#known = this.#key.value = key;
        this.#settle("Unlocked, until this tab closes.");
      } else {
        await keepKey(origin, typed, this.#passphrase.value);
        if (origin !== this.#origin) return;
        this.#known = typed;
        this.#settle("Kept. The passphrase is not: who forgets it enters the key anew.");
      }
    } catch (error) {
      if (origin !== this.#origin) return;
      this.#hint.textContent = problemOf(error).message;
      this.#passphrase.select();
      this.paint(origin);
    } finally {
      this.#isBusy = false;
    }
  }

  /** @param {string} words how it ended */
  #settle(words) {
    this.#reset();
    this.#changed();
    this.#hint.textContent = words;
    this.#group.hidden = false;
    this.#key.focus(); // What was pressed may be gone.
  }

  #reset() {
    this.#wish.checked = false;
    this.#passphrase.value = "";
    this.#hint.textContent = "";
  }
}
