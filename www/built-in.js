// the browser's own language model (the Prompt API) → a generator
//
// Some browsers carry a small model (https://webmachinelearning.github.io/prompt-api/): nothing leaves the machine, and
// there is no address, no key and no price. It is there for pages only, not for workers, so it runs as a function of the
// page's own does.

import { CarrelError } from "./errors.js";

/** Whether this browser has one at all; it may still have to download it. */
export function isBuiltIn() {
  return "LanguageModel" in globalThis;
}

/** @type {import("./options.js").OwnGenerator} */
export async function* builtIn({ messages }, { signal }) {
  const { LanguageModel } = /** @type {any} */ (globalThis);
  const last = messages.at(-1);
  const state = (await LanguageModel?.availability()) ?? "unavailable";
  if (state === "unavailable" || !last) {
    throw new CarrelError("api_unreachable", "this browser has no language model of its own for this page (the Prompt API). Choose an API in the settings, or let answers be extracted");
  }
  let session;
  try {
    session = await LanguageModel.create({ initialPrompts: messages.slice(0, -1), signal });
    for await (const text of session.promptStreaming(last.content, { signal })) yield text;
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "QuotaExceededError") throw error;
    throw new CarrelError("api_context_exceeded", "the question with its passages is longer than the browser's own model reads. Ask with fewer passages (limit) or fewer contextTokens");
  } finally {
    session?.destroy();
  }
}
