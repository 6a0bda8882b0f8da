// The network goes away once the page has loaded: documents, search and extractive answers go on.
import assert from "node:assert/strict";
import { story } from "./browser.mjs";
import { Desk } from "./desk.mjs";
import { bees, boiler, pdfOf, rules, temporaryFolder } from "./documents.mjs";
import { until } from "./process.mjs";
import { startSite } from "./site.mjs";

const { write } = temporaryFolder();
const pdf = write("bees.pdf", pdfOf(bees));
const files = [write("rules.md", rules), write("boiler.html", boiler)];

story(
  "with the network cut after load, files are read, and an answer's citation opens the source at the passage",
  async ({ page, context, requests }) => {
    const site = await startSite();
    const desk = new Desk(page, site.url);
    try {
      await desk.open();
      await page.waitForFunction(() =>
        document.querySelector("[data-carrel=status]")?.textContent?.startsWith("Ready"),
      );
    } finally {
      await site.stop();
    }
    await context.setOffline(true);
    const before = requests.length;
    assert.ok(await page.locator("#offline").isVisible(), "the page says that it is offline");
    assert.match(await page.locator("#offline").innerText(), /offline/i);

    await desk.drop(...files);
    await desk.settled(2);
    await desk.ask("What must I do when the needle enters the red field?");
    await desk.answered();
    assert.match(await desk.answerText(), /open the brass valve by the door/);
    await desk.openCitationBehind("open the brass valve by the door");
    assert.equal(await desk.markedText(), "If the needle enters the red field, open the brass valve by the door.");
    const details = page.locator("details", { hasText: "What was sent" });
    await page.keyboard.press("Escape");
    await details.locator("summary").click();
    assert.match(await details.innerText(), /Nothing left this tab/);
    assert.deepEqual(
      requests.slice(before).filter((url) => !/^(blob|data):/.test(url)),
      [],
      "nothing was asked for",
    );

    await context.setOffline(false);
    await until("the banner goes", async () => !(await page.locator("#offline").isVisible()));
  },
);

story(
  "a PDF that comes while its reader cannot be loaded says so, and is read when the network is back",
  async ({ desk, page, context }) => {
    await page.waitForFunction(() =>
      document.querySelector("[data-carrel=status]")?.textContent?.startsWith("Ready"),
    );
    await context.setOffline(true);
    await desk.choose(pdf, ...files);
    await desk.settled(3);
    const row = await desk.row(pdf);
    assert.equal(row.state, "failed");
    assert.match(row.text, /PDF reader did not load.*Check the connection/);
    assert.deepEqual(await Promise.all(files.map(async (path) => (await desk.row(path)).state)), ["ready", "ready"]);
    await context.setOffline(false);
    await desk.documents.filter({ hasText: "bees" }).getByRole("button", { name: "Try again" }).click();
    await until("the PDF is read", async () => (await desk.row(pdf)).state === "ready");
    await desk.ask("When is honey harvested?");
    await desk.answered();
    assert.match(await desk.answerText(), /twice, in June and in August/);
  },
  { expected: [/ERR_INTERNET_DISCONNECTED/] },
);
