// a page that shows what others wrote → whether more came of it than text

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ unset: boolean, pwned: unknown, made: string[] }} Harm `made`: the beginnings of what should not be there */

/** Where what others wrote is shown in the app. */
export const SHOWN =
  "#entries, #viewer, [data-carrel=documents], #suggestions, #notices, .status-line, #origin, .promise, .summary";
/** All elements that are made there, and no others. */
const ELEMENTS =
  "article blockquote br button code details div em h2 h3 hr li mark ol p pre section span strong summary ul";
/** And their attributes. */
const ATTRIBUTES =
  "(class|id|type|title|role|tabindex|lang|start|hidden|open|disabled|style|data-[a-z-]+|aria-[a-z-]+)";

/**
 * Watches a page from its very beginning, so that what is there for a moment is seen, too.
 * @param {Page} page
 * @param {string} shown where to look
 */
export async function watchForHarm(page, shown) {
  await page.addInitScript(watch, { shown, elements: ELEMENTS.toUpperCase().split(" "), attributes: ATTRIBUTES });
}

/** What came of it so far; `anew`: all is looked at once more. @param {Page} page @param {boolean} [anew] @returns {Promise<Harm>} */
export function harmIn(page, anew = false) {
  return page.evaluate((anew) => {
    const { __pwned: pwned, harmMade } = /** @type {any} */ (globalThis);
    return { unset: pwned === undefined, pwned, made: harmMade(anew) };
  }, anew);
}

/** Runs in the page. @param {{ shown: string, elements: string[], attributes: string }} given */
function watch({ shown, elements, attributes }) {
  /** @type {Set<string>} */
  const made = new Set();
  const harmless = new RegExp(`^${attributes}$`);
  /** @param {Element} element */
  const isText = (element) =>
    element.namespaceURI === "http://www.w3.org/1999/xhtml" &&
    elements.includes(element.tagName) &&
    element.shadowRoot === null &&
    [...element.attributes].every(({ name, value }) => {
      // Of styles only the lengths of bars, as numbers.
      return harmless.test(name) && (name !== "style" || /^(--[a-z]+: ?[\d.e-]+;? ?)*$/.test(value));
    });
  /** @param {Node} node */
  const look = (node) => {
    if (!(node instanceof Element)) return;
    for (const element of [node, ...node.querySelectorAll("*")]) {
      // What the page itself has from the start is in none of these places, or of these kinds.
      if (element.parentElement?.closest(shown) && !isText(element)) made.add(element.outerHTML.slice(0, 120));
    }
  };
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") look(target);
      else addedNodes.forEach(look);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true });
  const harmMade = (/** @type {boolean} */ anew) => {
    if (anew) document.querySelectorAll(shown).forEach(look);
    return [...made];
  };
  Object.assign(globalThis, { harmMade });
}
