// Descriptions → DOM nodes. The one place where elements are made, so that one sees at a glance that whatever comes
// from documents and models gets into the page as text and attributes only, never as markup.

/** @typedef {string | number | boolean | null | undefined | ((event: any) => void)} AttributeValue */

/**
 * Makes an element. Functions become listeners ("onclick"), true becomes an empty attribute, false and null none.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, AttributeValue>} [attributes]
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function build(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  // A button that submits is the exception, and stands in the page itself.
  if (element instanceof HTMLButtonElement) element.type = "button";
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

/**
 * Finds an element that the page cannot do without.
 * @template {Element} Kind
 * @param {string} selector
 * @param {new () => Kind} kind
 * @param {ParentNode} [root]
 * @returns {Kind}
 */
export function find(selector, kind, root = document) {
  const element = root.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`The page lacks ${selector}.`);
  return element;
}

/**
 * Wraps work so that many calls within a frame do it once. In a hidden tab, where no frames come, a timer does it.
 * @param {() => void} work
 * @returns {() => void}
 */
export function oncePerFrame(work) {
  let scheduled = false;
  const run = () => {
    if (!scheduled) return;
    scheduled = false;
    work();
  };
  return () => {
    if (scheduled) return;
    scheduled = true;
    if (document.hidden) setTimeout(run, 250);
    else {
      requestAnimationFrame(run);
      // A tab hidden in this very moment gets no frame any more.
      setTimeout(run, 1000);
    }
  };
}

/**
 * Saves bytes as a file of the person's.
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = build("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
