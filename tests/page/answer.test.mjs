// The main story: documents and a question → a streamed answer of a real language model, whose citations open the
// source at the passage.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { story } from "./browser.mjs";
import { bees, boiler, pdfOf, rules, shared, temporaryFolder } from "./documents.mjs";
import { startLanguageModel } from "./language-model.mjs";
import { startRecorder } from "./recorder.mjs";

/** @typedef {import("./browser.mjs").Scene} Scene */

/** @type {Awaited<ReturnType<typeof startLanguageModel>>} */
let model;
/** @type {Awaited<ReturnType<typeof startRecorder>>} */
let recorder;

before(async () => {
  model = await startLanguageModel();
  recorder = await startRecorder(model.origin);
});
after(async () => {
  await recorder?.stop();
  await model?.stop();
});

const fragment = () => `#api=openai&base-url=${encodeURIComponent(recorder.baseUrl)}&llm=${model.name}`;
const { write } = temporaryFolder();
const pdf = write("bees.pdf", pdfOf(bees));
const files = [write("rules.md", rules), write("boiler.html", boiler), pdf];

/** Records how the answer's text grows, as the page paints it. @param {import("playwright-core").Page} page */
function watchGrowth(page) {
  return page.evaluate(() => {
    const lengths = /** @type {number[]} */ ([]);
    Object.assign(globalThis, { answerLengths: lengths });
    new MutationObserver(() => {
      const length = document.querySelector("[data-carrel=answer]")?.textContent?.length ?? 0;
      if (length > 0 && length !== lengths.at(-1)) lengths.push(length);
    }).observe(document.querySelector("main") ?? document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
}

/** What is to hold for every answer about the reading room. @param {Scene} scene */
async function askAndCheck({ desk, page }) {
  await watchGrowth(page);
  await desk.ask("When does the reading room close?");
  await desk.answered();
  const lengths = await page.evaluate(() => /** @type {any} */ (globalThis).answerLengths);
  assert.ok(lengths.length >= 3, `the text came in pieces: ${lengths}`);
  assert.match(await desk.answerText(), /half past six/i);
  assert.match(await desk.status.innerText(), /Done/);

  await desk.openCitationBehind("half past six");
  const marked = await desk.markedText();
  assert.match(marked, /closes at half past six in the evening/);
  assert.ok(rules.replace(/\s+/g, " ").includes(marked), `what is marked stands in the file as it is: ${marked}`);
  assert.equal(await page.locator("#viewer-title").innerText(), "Rules of the reading room");
}

story(
  "a person drops a Markdown file, an HTML file and a PDF, asks, and reads a streamed answer whose citation opens " +
    "the source at the passage",
  async (scene) => {
    const { desk, page, requests } = scene;
    await desk.drop(...files);
    await desk.settled(3);
    assert.deepEqual(
      (await desk.rows()).map(({ state }) => state),
      ["ready", "ready", "ready"],
    );
    await askAndCheck(scene);

    // What was sent is what the server got, byte for byte.
    const [received] = recorder.requests.filter(({ method }) => method === "POST").slice(-1);
    const details = page.locator("details", { hasText: "What was sent" });
    await page.keyboard.press("Escape");
    await details.locator("summary").click();
    const shown = await details.locator("pre").innerText();
    const sent = received?.body ?? "";
    assert.equal(shown, JSON.stringify(JSON.parse(sent), null, 2));
    assert.match(
      await details.locator("p").innerText(),
      new RegExp(`${Buffer.byteLength(sent)} bytes`.replace(/\B(?=(\d{3})+ )/g, ",")),
    );
    assert.equal(received?.path, "/v1/chat/completions");
    assert.ok(sent.includes("half past six") && sent.includes("When does the reading room close?"));
    assert.equal(received?.headers.authorization, undefined);
    assert.equal(received?.headers.cookie, undefined);
    assert.equal(received?.headers.referer, undefined);

    // Nothing went anywhere else.
    const hosts = new Set(requests.filter((url) => url.startsWith("http")).map((url) => new URL(url).host));
    assert.deepEqual([...hosts].sort(), [new URL(page.url()).host, new URL(recorder.baseUrl).host].sort());

    await page.reload();
    await desk.choose(...files);
    await desk.settled(3);
    await askAndCheck(scene);
  },
  { fragment },
);

story("a citation of a PDF opens it at its page", async ({ desk, page }) => {
  await desk.choose(shared("files/pdf/tracemonkey.pdf"));
  await desk.settled(1);
  await desk.ask("What is a side exit, and when is a trace tree extended with a branch trace?");
  await desk.answered();
  await desk.citations.first().click();
  const marked = await desk.markedText();
  assert.ok(marked.length > 20, marked);
  const number = /page (\d+) of 14/.exec(await page.locator("#viewer-about").innerText())?.[1];
  const pageOfMark = await desk.mark.first().evaluate((mark) => {
    const before = [...document.querySelectorAll("#viewer .page")].filter(
      (label) => label.compareDocumentPosition(mark) & Node.DOCUMENT_POSITION_FOLLOWING,
    );
    return before.at(-1)?.getAttribute("data-label") ?? "Page 1";
  });
  assert.equal(pageOfMark, `Page ${number}`);
  assert.ok(Number(number) > 1, `side exits are not told of on page ${number}`);
});

story("a citation opens the page of the cited words, also where a passage spans several", async ({ desk, page }) => {
  await desk.choose(pdf);
  await desk.settled(1);
  await desk.ask("What narrows the entrance against mice?");
  await desk.answered();
  await desk.openCitationBehind("against mice");
  assert.match(await desk.markedText(), /The entrance is narrowed/);
  assert.match(await page.locator("#viewer-about").innerText(), /page 3 of 3/);
});
