// No mouse, no eyes → the whole session works all the same.
import assert from "node:assert/strict";
import { story } from "./browser.mjs";
import { bees, boiler, pdfOf, rules, temporaryFolder } from "./documents.mjs";
import { until } from "./process.mjs";

/** @typedef {import("playwright-core").Page} Page */

const { write } = temporaryFolder();
const files = [write("rules.md", rules), write("boiler.html", boiler), write("bees.pdf", pdfOf(bees))];

/**
 * Presses a key until the focus is where it is wanted.
 * @param {Page} page
 * @param {string} key
 * @param {string} selector
 */
async function reach(page, key, selector) {
  for (let presses = 0; presses < 60; presses++) {
    if (await isFocused(page, selector)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to ${selector}`);
}

/** @param {Page} page @param {string} selector */
function isFocused(page, selector) {
  return page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector);
}

story("a whole session by keyboard alone", async ({ desk, page }) => {
  // The system's own dialog is not a part of the page. The browser is told early, so that it does not open one.
  page.on("filechooser", (chooser) => chooser.setFiles(files));
  await page.keyboard.press("Tab");
  assert.ok(await isFocused(page, "#skip"), "the first stop is the way past all others");
  await page.keyboard.press("Enter");
  assert.ok(await isFocused(page, "[data-carrel=question]"));

  await reach(page, "Shift+Tab", "[data-carrel=files]");
  await page.keyboard.press("Enter");
  await desk.settled(3);

  await page.keyboard.press("/");
  assert.ok(await isFocused(page, "[data-carrel=question]"));
  await page.keyboard.type("When does the reading room close? a/b");
  assert.equal(
    await desk.question.inputValue(),
    "When does the reading room close? a/b",
    "a slash in the box is a slash",
  );
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("And when does it open?");
  assert.equal(await page.locator("article").count(), 0, "a new line does not ask yet");
  await page.keyboard.press("Enter");
  await desk.answered();
  assert.ok(await isFocused(page, "[data-carrel=question]"), "the focus stays where one types");

  await reach(page, "Shift+Tab", "[data-carrel=citation]");
  const citation = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  assert.match(citation ?? "", /^Source \d+: .+; supported/);
  await page.keyboard.press("Enter");
  await desk.markedText();
  assert.ok(
    await page.evaluate(() => document.querySelector("#viewer")?.contains(document.activeElement)),
    "the focus is at the passage",
  );
  await page.keyboard.press("Escape");
  assert.ok(!(await desk.viewer.isVisible()));
  assert.ok(await isFocused(page, "[data-carrel=citation]"), "the focus is back at the citation");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), citation);

  await reach(page, "Tab", "[data-carrel=source] .title");
  const source = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  await page.keyboard.press("Enter");
  await desk.markedText();
  await reach(page, "Tab", "#viewer-close");
  await page.keyboard.press("Enter");
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute("aria-label")),
    source,
    "and back at the source",
  );

  await reach(page, "Tab", "summary");
  await page.keyboard.press("Enter");
  assert.ok(await page.locator("details[open]", { hasText: "What was sent" }).isVisible());

  await reach(page, "Shift+Tab", "[data-opens=settings]");
  await page.keyboard.press("Enter");
  await reach(page, "Tab", "#by-extracting");
  await page.keyboard.press("ArrowDown");
  await reach(page, "Tab", "#base-url");
  await page.keyboard.type("http://127.0.0.1:9/v1");
  await page.keyboard.press("Tab");
  await page.keyboard.type("m/o");
  await page.keyboard.press("Escape");
  assert.ok(await isFocused(page, "[data-opens=settings]"), "the settings give the focus back");
  assert.equal(await page.locator("#origin").innerText(), "m/o at 127.0.0.1:9");

  await reach(page, "Tab", "[data-carrel=document] .cross");
  await page.keyboard.press("Enter");
  await desk.settled(2);
  assert.ok(
    await isFocused(page, "[data-carrel=document] .cross"),
    "the focus goes to the neighbour of what is removed",
  );
});

story("wherever the focus is, it can be seen", async ({ desk, page }) => {
  await desk.choose(...files);
  await desk.settled(3);
  await desk.ask("When does the reading room close?");
  await desk.answered();
  const stops = new Set();
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const label = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
      const around = element.closest("form") ?? element;
      const visible = [element, ...label, around].some((each) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
        return (outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0) || boxShadow !== "none";
      });
      return { what: element.outerHTML.slice(0, 120), visible };
    });
    if (!stop) continue;
    assert.ok(stop.visible, `the focus cannot be seen at ${stop.what}`);
    stops.add(stop.what);
  }
  assert.ok(stops.size > 12, `${stops.size} stops`);
});

/** Everything one can operate, without a name in the accessibility tree. @param {Page} page */
async function nameless(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  const needName = new Set([
    "button",
    "link",
    "textbox",
    "checkbox",
    "radio",
    "combobox",
    "dialog",
    "alertdialog",
    "progressbar",
    "image",
    "img",
    "listbox",
    "option",
    "slider",
    "switch",
    "tab",
    "region",
    "DisclosureTriangle",
  ]);
  const named = nodes.filter(({ ignored, role }) => !ignored && needName.has(String(role?.value)));
  return {
    all: named.length,
    without: named
      .filter(({ name }) => !String(name?.value ?? "").trim())
      .map(({ role, properties }) => JSON.stringify([role?.value, properties])),
  };
}

story(
  "what is going on is told in a live region, and every control has a name",
  async ({ desk, page }) => {
    await page.addInitScript(() => {
      const told = /** @type {string[]} */ ([]);
      Object.assign(globalThis, { told });
      new MutationObserver(() => {
        const text = document.querySelector("[data-carrel=status]")?.textContent ?? "";
        if (text && text !== told.at(-1)) told.push(text);
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await desk.open();
    assert.equal(await desk.status.getAttribute("role"), "status");
    const check = async (/** @type {string} */ when) => {
      const { all, without } = await nameless(page);
      assert.ok(all > 5, `${all} controls ${when}`);
      assert.deepEqual(without, [], when);
    };
    await check("at the start");
    await page.waitForFunction(() =>
      document.querySelector("[data-carrel=status]")?.textContent?.startsWith("Ready"),
    );
    await desk.choose(...files, write("empty.md", ""));
    await desk.settled(4);
    await until("the rest is told", async () => /^Ready: 3 documents/.test(await desk.status.innerText()));
    assert.equal(await page.locator("[data-carrel=document] [role=alert]").count(), 1, "a failure is told at once");
    await check("with documents");
    await desk.ask("When does the reading room close?");
    await desk.answered();
    await until("the end is told", async () => /^Done: \d+ words/.test(await desk.status.innerText()));
    await check("with an answer");
    await desk.citations.first().click();
    await desk.markedText();
    await check("with the source open");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Settings", exact: true }).click();
    await page.locator("#by-api").check();
    await page.locator("#base-url").fill("http://127.0.0.1:11434/v1");
    await page.locator("#api-key").fill("sk-typed");
    await page.locator("#key-keep").check();
    await check("with the settings open");

    const told = /** @type {string[]} */ (await page.evaluate(() => /** @type {any} */ (globalThis).told));
    for (const expected of [
      /engine|model/i,
      /^Ready/,
      /^(Reading|Embedding) .+…$/,
      /^Ready: 3 documents, \d+ passages, 1 could not be read$/,
      /^Done: /,
    ]) {
      assert.ok(
        told.some((text) => expected.test(text)),
        `${expected} was told: ${JSON.stringify(told)}`,
      );
    }
    assert.ok(told.length < 40, `not more than one can listen to: ${JSON.stringify(told)}`);
    assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
    assert.equal(await page.locator("h1").count(), 1);
    assert.equal(await page.locator("main").count(), 1);
  },
  { fragment: null },
);
