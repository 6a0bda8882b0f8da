// A person keeps what is on the desk → it is there the next time, in the next tab, and gone when it is deleted.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { story } from "./browser.mjs";
import { Desk } from "./desk.mjs";
import { boiler, rules, temporaryFolder } from "./documents.mjs";

/** @typedef {import("playwright-core").Page} Page */

const { write } = temporaryFolder();
const rulesFile = write("rules.md", rules);
const boilerFile = write("boiler.html", boiler);

/** @param {Page} page */
const dialog = (page) => page.locator("#collections");
/** @param {Page} page */
const openDialog = (page) => page.locator("#collections-open").click();
/** @param {Page} page @param {string} name */
async function keep(page, name) {
  await openDialog(page);
  await page.locator("#keep-name").fill(name);
  await page.locator("#keep-name").press("Enter");
}
/** @param {Page} page @param {RegExp} words */
const told = (page, words) => page.locator("#kept", { hasText: words }).waitFor();
/** @param {Page} page @param {string} name */
const row = (page, name) => page.locator("[data-carrel=collection]", { hasText: name });

story("what is kept is there after the page was closed, and what is added later, too", async ({ page, desk, context, site }) => {
  await desk.choose(rulesFile);
  await desk.settled(1);
  await told(page, /gone when it closes/);
  await keep(page, "Maison d'été");
  await dialog(page).waitFor({ state: "hidden" });
  await told(page, /Kept in this browser as “Maison-d-ete”/);
  await page.reload();
  await desk.settled(1);
  assert.match((await desk.rows())[0].text, /Rules of the reading room/);
  await desk.choose(boilerFile);
  await desk.settled(2);
  await told(page, /Kept in this browser/);
  await desk.ask("What does losing the key of a carrel cost?");
  await desk.answered();
  assert.match(await desk.answerText(), /twelve pounds/);

  const other = await context.newPage();
  const second = new Desk(other, site.url);
  await second.open();
  await second.settled(2);
  await other.getByRole("button", { name: "Remove The boiler of the east wing" }).click();
  await desk.settled(1); // The first tab follows.
  assert.match((await desk.rows())[0].text, /Rules of the reading room/);
  await other.close();
});

story("collections are opened, kept apart and deleted, and nothing is let go of unasked", async ({ page, desk }) => {
  await desk.choose(rulesFile);
  await desk.settled(1);
  await keep(page, "rules");
  await told(page, /as “rules”/);
  await openDialog(page);
  await page.getByRole("button", { name: "Begin an empty desk" }).click();
  await desk.settled(0);
  await told(page, /gone when it closes/);
  await desk.choose(boilerFile);
  await desk.settled(1);
  await keep(page, "rules");
  await dialog(page).getByText("There is a collection “rules” already").waitFor();
  await row(page, "rules").getByRole("button", { name: "Open rules" }).click();
  await row(page, "rules").getByRole("button", { name: "Let go of 1 document" }).click();
  await told(page, /as “rules”/);
  await desk.settled(1);
  assert.match((await desk.rows())[0].text, /Rules of the reading room/);
  await openDialog(page);
  await row(page, "rules").getByRole("button", { name: "Delete rules" }).click();
  assert.equal(await row(page, "rules").count(), 1, "one press is no deletion");
  await row(page, "rules").getByRole("button", { name: "Delete for good" }).click();
  await row(page, "rules").waitFor({ state: "detached" });
  await desk.settled(0);
  await page.reload();
  await page.locator("[data-carrel=status]", { hasText: "no documents yet" }).waitFor();
  await told(page, /gone when it closes/);
});

story("an exported collection is opened from its file, and one that is damaged leaves the desk as it was", async ({ page, desk }) => {
  await desk.choose(rulesFile);
  await desk.settled(1);
  const [exported] = await Promise.all([page.waitForEvent("download"), page.locator("#export").click()]);
  const bytes = readFileSync(await exported.path());
  await page.reload();
  await page.locator("[data-carrel=status]", { hasText: "no documents yet" }).waitFor();
  await openDialog(page);
  await page.locator("#import").setInputFiles({ name: "some.carrel", mimeType: "", buffer: bytes });
  await dialog(page).waitFor({ state: "hidden" });
  await desk.settled(1);
  assert.match((await desk.rows())[0].text, /Rules of the reading room/);
  bytes[bytes.length >> 1] ^= 1;
  await openDialog(page);
  await page.locator("#import").setInputFiles({ name: "hurt.carrel", mimeType: "", buffer: bytes });
  await page.getByRole("button", { name: "Let go of 1 document" }).click();
  await page.locator("#notices [data-carrel=error][data-code=index_corrupt]").waitFor();
  await dialog(page).waitFor({ state: "hidden" });
  await desk.settled(1);
  await page.waitForTimeout(500);
  assert.match((await desk.rows())[0].text, /Rules of the reading room/);
  assert.equal(await page.locator("#notices [data-code=index_corrupt]").count(), 1, "what went wrong stays to be read");
});

story("while documents keep coming in, what is there is saved, and two presses in a row open one desk", async ({ page, desk }) => {
  await desk.choose(rulesFile);
  await desk.settled(1);
  await keep(page, "one");
  await told(page, /as “one”/);
  const savedOf = (/** @type {string} */ name) => page.evaluate(async (name) => {
    const { Carrel } = await import(new URL("carrel/carrel.js", document.baseURI).href);
    return (await Carrel.collections()).find((/** @type {any} */ each) => each.name === name)?.documents;
  }, name);
  // Once a second something comes, so that the desk is never long at rest.
  let added = 1;
  for (; added < 40 && (await savedOf("one")) === 1; added++) {
    await desk.choose({ name: `note-${added}.md`, mimeType: "", buffer: Buffer.from(`# Note ${added}\n\nLamps are lit at ${added}.`) });
    await page.waitForTimeout(700);
  }
  assert.ok(added < 40, "nothing was saved");
  await desk.settled(added);
  await told(page, /Kept/);
  await openDialog(page);
  await page.getByRole("button", { name: "Begin an empty desk" }).click();
  await desk.settled(0);
  await keep(page, "two");
  await told(page, /as “two”/);
  await openDialog(page);
  await row(page, "one").getByRole("button", { name: "Open one" }).dblclick();
  await told(page, /as “one”/);
  await desk.settled(added);
  assert.equal(await savedOf("two"), 0);
});

story("a link to what another tab deletes: the desk goes on in this tab, and can be kept again", async ({ page, desk, context, site }) => {
  await desk.choose(rulesFile);
  await desk.settled(1);
  await keep(page, "short-lived");
  await told(page, /as “short-lived”/);
  const other = await context.newPage();
  await other.goto(site.url);
  await openDialog(other);
  await row(other, "short-lived").getByRole("button", { name: "Delete short-lived" }).click();
  await row(other, "short-lived").getByRole("button", { name: "Delete for good" }).click();
  await row(other, "short-lived").waitFor({ state: "detached" });
  await page.getByText("Another tab has deleted the collection “short-lived”").waitFor();
  await told(page, /gone when it closes/);
  await desk.settled(1);
  await page.getByRole("button", { name: "Keep them again" }).click();
  await told(page, /as “short-lived”/);
  await desk.settled(1);
});
