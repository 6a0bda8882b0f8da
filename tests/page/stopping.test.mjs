// A person stops an answer in mid-stream → the language model stops, what came stays, and the next question works.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { story } from "./browser.mjs";
import { rules, temporaryFolder } from "./documents.mjs";
import { startLanguageModel } from "./language-model.mjs";
import { until } from "./process.mjs";

/** @typedef {import("./desk.mjs").Desk} Desk */

/** @type {Awaited<ReturnType<typeof startLanguageModel>>} */
let model;
before(async () => {
  // Enough to write for half a minute: if it is idle sooner, it was stopped.
  model = await startLanguageModel({ tokens: 3000, endless: true });
});
after(() => model?.stop());

const { write } = temporaryFolder();
const file = write("rules.md", rules);
const fragment = () => `#api=openai&base-url=${encodeURIComponent(model.baseUrl)}&llm=${model.name}`;

/** @param {Desk} desk */
async function askAndWaitForWords(desk) {
  await desk.ask("What are the rules of the reading room?");
  await desk.answered("streaming");
  await until("some words have come", async () => (await desk.answerText()).length > 60, 60_000);
  assert.ok(await model.isBusy(), "the model is writing");
}

async function modelIsIdle() {
  await until("the model has stopped", async () => !(await model.isBusy()), 3000);
}

story(
  "Stop ends the answer at once, keeps its text, the model stops writing, and asking again works",
  async ({ desk, page }) => {
    await desk.choose(file);
    await desk.settled(1);
    assert.ok(!(await desk.stopButton.isVisible()), "there is nothing to stop yet");
    await askAndWaitForWords(desk);
    const before = await desk.answerText();
    await desk.stopButton.click();
    await desk.answered("done");
    await modelIsIdle();
    const text = await desk.answerText();
    assert.ok(text.startsWith(before.slice(0, 60)), "what had come is still there");
    assert.match(await desk.status.innerText(), /Stopped/);
    assert.ok(!(await desk.stopButton.isVisible()));
    assert.equal(await desk.answerError.count(), 0, "a stop is no error");
    await page.waitForTimeout(500);
    assert.equal(await desk.answerText(), text, "nothing comes afterwards");

    await askAndWaitForWords(desk);
    assert.equal(await page.locator("article").count(), 2);
    await desk.stopButton.click();
    await modelIsIdle();
  },
  { fragment },
);

story(
  "a new question stops the one before it",
  async ({ desk, page }) => {
    await desk.choose(file);
    await desk.settled(1);
    await askAndWaitForWords(desk);
    await desk.question.fill("Who pays twelve pounds?");
    await desk.askButton.click();
    await desk.answered("streaming");
    assert.match(await page.locator("article").first().innerText(), /Stopped/);
    await desk.stopButton.click();
    await desk.answered("done");
    await modelIsIdle();
  },
  { fragment },
);

story(
  "closing the tab stops the model, too",
  async ({ desk, page }) => {
    await desk.choose(file);
    await desk.settled(1);
    await askAndWaitForWords(desk);
    await page.close();
    await modelIsIdle();
  },
  { fragment },
);

story("leaving the loop over an answer stops the model", async ({ page, site }) => {
  await page.goto(site.url);
  const text = await page.evaluate(
    async ([base, baseUrl, name, rules]) => {
      const { Carrel } = await import(`${base}carrel/carrel.js`);
      const carrel = await Carrel.open({
        model: `${base}models/all-MiniLM-L6-v2/`,
        generator: { api: "openai", baseUrl, model: name },
      });
      await carrel.add({ id: "rules.md", text: rules });
      let some = "";
      for await (const event of carrel.ask("What are the rules of the reading room?")) {
        if (event.type === "text") some += event.text;
        if (some.length > 60) break;
      }
      Object.assign(globalThis, { carrel });
      return some;
    },
    [site.url, model.baseUrl, model.name, rules],
  );
  assert.ok(text.length > 60);
  await modelIsIdle();
});
