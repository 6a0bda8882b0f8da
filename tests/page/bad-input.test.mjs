// What people drop by mistake → a message for each such file, while the others are read all the same.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { story } from "./browser.mjs";
import { bees, boiler, pdfOf, rules, shared, temporaryFolder } from "./documents.mjs";
import { longestTask } from "./tasks.mjs";

const { folder, write } = temporaryFolder();

/** Bytes that are no text, the same every time. @param {number} length */
function noise(length) {
  let state = 1;
  return Buffer.from(Uint8Array.from({ length }, () => (state = (state * 48271) % 2147483647) & 255));
}

const good = [write("rules.md", rules), write("boiler.html", boiler), write("bees.pdf", pdfOf(bees))];
const whole = pdfOf(bees);
/** @type {[path: string, code: string, message: RegExp][]} */
const bad = [
  [write("empty.md", ""), "empty_document", /empty\.md is empty: there is nothing to read in it/],
  [write("blank.txt", " \n\t\n"), "empty_document", /blank\.txt is empty/],
  [
    write("huge.txt", Buffer.alloc(50_000_000, "All work and no play makes a dull text.\n")),
    "too_large",
    /huge\.txt is too large: 47\.7 MB, and the limit is 16 MB\. Split it/,
  ],
  [
    write("picture.txt", Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), noise(5000)])),
    "not_text",
    /picture\.txt is not text \(a PNG picture\)/,
  ],
  [write("program.txt", noise(20_000)), "not_text", /program\.txt is not text \(binary data\).*convert it/],
  [write("cut.pdf", whole.subarray(0, 200)), "not_pdf", /cut\.pdf is damaged or cut off.*download it again/],
  [
    write("locked.pdf", pdfOf(bees, { password: "honey" })),
    "encrypted",
    /locked\.pdf is locked with a password.*save a copy without/,
  ],
  [
    write("scan.pdf", pdfOf([[], []], { drawing: "0 0 1 rg 100 100 300 400 re f" })),
    "no_text",
    /scan\.pdf has no text: it is a scan.*OCR/,
  ],
  [write("named.pdf", "This is no PDF at all."), "not_pdf", /named\.pdf is not a PDF/],
];
const latin = write(
  "latin.txt",
  Buffer.from("Das Café öffnet um neun Uhr. Es schließt um fünf. Der Kaffee kostet zwei Mark.", "latin1"),
);

story(
  "of many files dropped at once each bad one has its message, and the good ones are read",
  async ({ desk, page }) => {
    await desk.drop(...bad.map(([path]) => path), ...good, latin);
    await desk.settled(bad.length + good.length + 1);
    for (const [path, code, message] of bad) {
      const row = await desk.row(path);
      assert.deepEqual([row.state, row.code], ["failed", code], path);
      assert.match(row.text, message);
    }
    for (const path of good) assert.equal((await desk.row(path)).state, "ready", path);
    const row = await desk.row(latin);
    assert.equal(row.state, "ready", "what can be read of a file is read");
    assert.match(row.text, /4 characters of latin\.txt could not be decoded.*save it as UTF-8/);
    assert.match(await desk.status.innerText(), /4 documents.*9 could not be read/);

    await desk.ask("How often is honey harvested?");
    await desk.answered();
    assert.match(await desk.answerText(), /twice, in June and in August/);

    await page.getByRole("button", { name: "9 failed" }).click();
    assert.equal(await desk.documents.filter({ visible: true }).count(), 9, "the failed ones can be seen alone");
    for (const [path] of bad)
      await desk.documents
        .filter({ hasText: path.split("/").at(-1) })
        .getByRole("button", { name: /Dismiss/ })
        .click();
    await desk.settled(good.length + 1);
  },
);

story(
  "of a PDF that was cut off in the middle what is left is read, with a warning, or it is refused",
  async ({ desk }) => {
    const paper = readFileSync(shared("files/pdf/basicapi.pdf"));
    const path = write("half.pdf", paper.subarray(0, paper.length / 2));
    await desk.choose(path);
    await desk.settled(1);
    const row = await desk.row(path);
    if (row.state === "ready") assert.match(row.text, /the end of the file is missing/);
    else assert.match(row.text, /half\.pdf is damaged or cut off/);
  },
);

story(
  "five hundred files at once are read while the page stays at hand, and a question overtakes them",
  async ({ desk, page }) => {
    const many = join(folder, "many");
    mkdirSync(many);
    for (let number = 1; number <= 500; number++) {
      const text = `# Note ${number}\n\nShelf ${number} holds the letters of the year ${1400 + number}.\n`;
      writeFileSync(join(many, `note-${number}.md`), text);
    }
    writeFileSync(join(many, ".DS_Store"), "left behind by a system");
    const longest = await longestTask(page, async () => {
      await desk.drop(many);
      await page.waitForFunction(
        () => document.querySelectorAll("[data-carrel=document][data-state=ready]").length >= 5,
      );
      await desk.ask("Which letters does a shelf hold?");
      await desk.answered();
      const ready = await desk.documents.and(page.locator("[data-state=ready]")).count();
      assert.ok(ready < 500, `it was answered while ${500 - ready} were still to be read`);
      assert.match(await desk.answerText(), /holds the letters of the year/);
      await desk.settled(500);
    });
    assert.equal(await desk.documents.and(page.locator("[data-state=ready]")).count(), 500);
    assert.ok(longest < 200, `the page was held up for ${longest} ms`);
    console.log(`500 files: the longest task took ${longest} ms`);
    await desk.ask("Which shelf holds the letters of the year 1833?");
    await desk.answered();
    assert.match(await desk.answerText(), /Shelf 433 holds/);
  },
);

story("questions that cannot be answered say why", async ({ desk, page }) => {
  const refused = async (/** @type {string} */ code, /** @type {RegExp} */ message) => {
    await desk.answered("error");
    assert.equal(await desk.answerError.getAttribute("data-code"), code);
    assert.match(await desk.answerError.innerText(), message);
    assert.equal(await desk.answerError.getAttribute("role"), "alert");
  };
  await desk.ask("Is anybody there?");
  await refused("nothing_indexed", /nothing has been added yet: add a document/);

  await desk.choose(write("one.md", rules));
  await desk.settled(1);
  const long = Array.from({ length: 10_000 }, (_, index) => `word${index}`).join(" ");
  await desk.ask(long);
  await refused(
    "question_too_long",
    new RegExp(`the question has ${long.length} characters; the limit is 8000\\. Shorten it`),
  );
  assert.equal((await desk.question.inputValue()).length, long.length, "it is not lost");

  await desk.ask("   ");
  await refused("question_empty", /the question is empty: type a question/);

  await desk.ask("When does the reading room close?");
  await desk.answered();
  assert.match(await desk.answerText(), /half past six/);
  assert.equal(await page.locator("article").count(), 4);
});

story(
  "a question may come before the documents have been read, and before the engine is ready",
  async ({ desk, page }) => {
    await page.reload({ waitUntil: "commit" });
    await desk.question.waitFor();
    await page.waitForLoadState("domcontentloaded");
    await desk.choose(write("two.md", rules));
    await desk.ask("When does the reading room close?");
    await desk.answered();
    assert.match(await desk.answerText(), /half past six/);
  },
);

story("a file that changed after it was chosen, and one chosen twice, are told apart", async ({ desk }) => {
  const path = write("again.md", "# First\n\nThe cat sleeps on the stove.\n");
  await desk.choose(path);
  await desk.settled(1);
  write("again.md", "# Second\n\nThe dog sleeps under the table.\n");
  await desk.choose(path);
  await desk.documents.filter({ hasText: "Second" }).waitFor();
  await desk.settled(1);
  await desk.ask("Who sleeps?");
  await desk.answered();
  assert.match(await desk.answerText(), /dog sleeps under the table/);
  assert.doesNotMatch(await desk.answerText(), /cat/);
});
