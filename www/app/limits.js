// What the person allows a language model to take: time, tokens, money → the generator's options. Empty fields mean
// what Carrel does by itself.
import { find } from "./dom.js";

/** @import { ApiGenerator } from "./types.js" */

export class LimitFields {
  #gate = find("#show-before", HTMLInputElement);
  #cache = find("#use-cache", HTMLInputElement);

  /** Whether requests are shown before they are sent. */
  get isGated() {
    return this.#gate.checked;
  }

  get currency() {
    return find("#currency", HTMLInputElement).value.trim();
  }

  /** What is wrong in the fields, in words; nothing where all is right. */
  get problem() {
    for (const field of document.querySelectorAll(".allowance input")) {
      if (!(field instanceof HTMLInputElement) || field.checkValidity()) continue;
      return `${field.labels?.[0]?.textContent}: ${field.validationMessage}`;
    }
    const prices = ["#price-prompt", "#price-completion"].map((price) => amount(price) === undefined);
    return prices[0] === prices[1] ? "" : "Both prices are needed, of what is read and of what is written.";
  }

  /** What is filled in, as options; a field that is wrong says so itself, and counts as empty. @returns {Partial<ApiGenerator>} */
  get options() {
    const seconds = amount("#limit-seconds");
    const [prompt, completion] = [amount("#price-prompt"), amount("#price-completion")];
    const priced = prompt !== undefined || completion !== undefined;
    return defined({
      limits: defined({ requestsPerMinute: amount("#limit-requests"), tokensPerMinute: amount("#limit-tokens") }),
      timeouts: defined({ total: seconds && seconds * 1000 }),
      retries: defined({ retries: amount("#limit-retries") }),
      budget: defined({
        question: defined({ tokens: amount("#budget-question") }),
        session: defined({ tokens: amount("#budget-session"), money: amount("#budget-money") }),
      }),
      prices: priced ? { currency: this.currency, models: [{ model: "*", prompt: prompt ?? 0, completion: completion ?? 0 }] } : undefined,
      cache: this.#cache.checked || undefined,
    }) ?? {};
  }
}

/** @param {string} selector */
function amount(selector) {
  const field = find(selector, HTMLInputElement);
  return field.value === "" || !field.checkValidity() ? undefined : field.valueAsNumber;
}

/**
 * Without what is empty; nothing where all is.
 * @template {Record<string, any>} Options
 * @param {Options} options
 * @returns {Options | undefined}
 */
function defined(options) {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? /** @type {Options} */ (Object.fromEntries(entries)) : undefined;
}
