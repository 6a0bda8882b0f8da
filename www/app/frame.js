// Keys and the narrow screen's drawer → where the focus is and what is open.
import { find } from "./dom.js";

/** On narrow screens the documents are a drawer over the conversation. */
export function watchDrawer() {
  const panel = find("#documents-panel", HTMLElement);
  const toggle = find("#documents-toggle", HTMLButtonElement);
  const covered = [find("main", HTMLElement)];
  const narrow = matchMedia("(max-width: 759px)");
  const setOpen = (/** @type {boolean} */ open) => {
    panel.toggleAttribute("data-open", open);
    toggle.setAttribute("aria-expanded", String(open));
    for (const element of covered) element.inert = open;
  };
  toggle.addEventListener("click", () => setOpen(!panel.hasAttribute("data-open")));
  find("#documents-close", HTMLButtonElement).addEventListener("click", () => {
    setOpen(false);
    toggle.focus();
  });
  narrow.addEventListener("change", () => setOpen(false));
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panel.hasAttribute("data-open")) return;
    event.preventDefault();
    setOpen(false);
    toggle.focus();
  });
}

/** "/" goes to the question, the skip link too, and "Add documents" to the file input. */
export function watchKeys() {
  const question = find("[data-carrel=question]", HTMLTextAreaElement);
  addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog:modal")) return;
    event.preventDefault();
    question.focus();
  });
  find("#skip", HTMLAnchorElement).addEventListener("click", (event) => {
    // Following the link would overwrite the settings in the fragment.
    event.preventDefault();
    question.focus();
  });
  find("#add-documents", HTMLButtonElement).addEventListener("click", () => {
    find("#files", HTMLInputElement).click();
  });
}
