// Keys and the narrow screen's drawer → where the focus is and what is open.
import { find } from "./dom.js";

/** On narrow screens the documents are a drawer over the conversation. */
export function watchDrawer() {
  const panel = find("#documents-panel", HTMLElement);
  const toggle = find("#documents-toggle", HTMLButtonElement);
  const covered = [find("main", HTMLElement)];
  const narrow = matchMedia("(max-width: 759px)");
  const close = find("#documents-close", HTMLButtonElement);
  const isOpen = () => panel.hasAttribute("data-open");
  const setOpen = (/** @type {boolean} */ open) => {
    panel.toggleAttribute("data-open", open);
    toggle.setAttribute("aria-expanded", String(open));
    for (const element of covered) element.inert = open;
    if (open) close.focus();
    else if (narrow.matches) toggle.focus();
  };
  toggle.addEventListener("click", () => setOpen(!isOpen()));
  close.addEventListener("click", () => setOpen(false));
  narrow.addEventListener("change", () => setOpen(false));
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    setOpen(false);
  });
  addEventListener("click", (event) => {
    // A press beside the drawer; what is inert lets it through to its parent.
    if (isOpen() && event.target instanceof HTMLElement && event.target.matches(".desk")) setOpen(false);
  });
}

/** "/" goes to the question, the skip link too, and "Add documents" to the file input. */
export function watchKeys() {
  const question = find("[data-carrel=question]", HTMLTextAreaElement);
  addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLElement
      && event.target.matches("input:not([type=file], [type=radio]), textarea, select");
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
