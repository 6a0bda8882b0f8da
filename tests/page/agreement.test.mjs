// The browser's results → the same as those of the command line, and of the reference implementation.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiStory } from "./blank.mjs";
import { boiler, rules, temporaryFolder } from "./documents.mjs";
import { root } from "./process.mjs";

const { folder } = temporaryFolder();
const binary = join(root, "target/release/carrel");

/** Builds the command line where it is missing, and runs it. @param {...string} parameters */
function carrel(...parameters) {
  if (!existsSync(binary))
    execFileSync("cargo", ["build", "--release", "--quiet", "--bin", "carrel"], { cwd: root, stdio: "inherit" });
  return execFileSync(binary, parameters, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

apiStory(
  "an index that the command line built opens in a page, and finds the same passages",
  async ({ run, context, site }) => {
    const [documents, index] = [join(folder, "documents"), join(folder, "index")];
    mkdirSync(documents);
    writeFileSync(join(documents, "rules.md"), rules);
    writeFileSync(join(documents, "boiler.html"), boiler);
    writeFileSync(
      join(documents, "owls.txt"),
      "Eulen 🦉 jagen nachts.\r\nOwls hunt at night, and sleep by day in the old tower.\r\n",
    );
    carrel("index", documents, "--out", index);
    await context.route(`${site}collection/*`, (route) => {
      const path = join(index, new URL(route.request().url()).pathname.split("/").at(-1) ?? "");
      return existsSync(path)
        ? route.fulfill({ path, contentType: "application/octet-stream" })
        : route.fulfill({ status: 404 });
    });
    const queries = [
      "When does the reading room close?",
      "owls at night",
      "brass valve",
      "Eulen",
      "a new lock for the carrel",
    ];
    const modes = ["hybrid", "semantic", "lexical"];
    const found = await run(
      async ({ open }, [queries, modes]) => {
        const carrel = await open({ index: "/collection" });
        const all = [];
        for (const query of queries) {
          for (const mode of modes)
            all.push((await carrel.search(query, { mode: /** @type {any} */ (mode), limit: 10 })).passages);
        }
        const { text } = await carrel.document((await carrel.search("Eulen", { limit: 1 })).passages[0]?.id ?? "");
        return { all, text };
      },
      [queries, modes],
    );
    assert.ok(found.text.startsWith("Eulen 🦉 jagen nachts."));
    queries.forEach((query, row) =>
      modes.forEach((mode, column) => {
        const what = `${mode}: ${query}`;
        const { passages } = JSON.parse(carrel("search", index, query, "--mode", mode, "--limit", "10", "--json"));
        const here = found.all[row * modes.length + column] ?? [];
        const shape = (/** @type {any[]} */ list) =>
          list.map(({ id, title, text, url }) => ({ id, title, text, url: url ?? null }));
        assert.ok(here.length > 0, what);
        assert.deepEqual(shape(here), shape(passages), what);
        here.forEach(({ score }, rank) => {
          assert.ok(
            // In bytes: the last bit of a number before it is rounded is another on another processor.
            Math.abs(score - passages[rank].score) < 5e-3,
            `${what}, rank ${rank}: ${score}, and by the command line ${passages[rank].score}`,
          );
        });
      }),
    );
  },
);

apiStory("texts are embedded in the browser as the reference implementation embeds them", async ({ run, context }) => {
  const golden = join(root, "tests/fixtures/golden");
  /** @type {{ name: string, text: string }[]} */
  const texts = JSON.parse(readFileSync(join(golden, "texts.json"), "utf8"));
  // The reference is in f32: as if the folder had no prepared model.
  await context.route("**/model.carrel", (route) => route.fulfill({ status: 404 }));
  const bytes = readFileSync(join(golden, "minilm.f32"));
  const dimensions = bytes.length / 4 / texts.length;
  assert.equal(dimensions, 384);
  const vector = (/** @type {number} */ row) =>
    Array.from({ length: dimensions }, (_, column) => bytes.readFloatLE(4 * (row * dimensions + column)));
  // What a document keeps as it is, and what fits into one passage.
  const usable = texts
    .map(({ text }, row) => ({ text, row }))
    .filter(({ text }) => text.trim() === text && text !== "" && text.length < 600 && /[\p{L}\p{N}]/u.test(text));
  const items = usable.filter((_, index) => index % Math.max(1, Math.floor(usable.length / 45)) === 0).slice(0, 45);
  const found = await run(async ({ open }, items) => {
    const carrel = await open();
    const { added, failed } = await carrel.add(
      items.map(({ text, row }) => ({ id: String(row), text, format: "text" })),
    );
    const whole = new Set(added.filter(({ chunks }) => chunks === 1).map(({ id }) => id));
    const results = [];
    for (const { text, row } of items.filter(({ text }) => text.length < 300).slice(0, 10)) {
      const { passages } = await carrel.search(text, { mode: "semantic", limit: 100 });
      results.push({
        row,
        passages: passages
          .filter(({ id }) => whole.has(id))
          .map(({ id, text, semantic }) => ({ id, text, semantic })),
      });
    }
    return { results, failed, whole: whole.size };
  }, items);
  assert.deepEqual(found.failed, []);
  assert.ok(found.whole >= 35, `${found.whole} texts are one passage each`);
  let worst = 0;
  for (const { row, passages } of found.results) {
    assert.ok(passages.length >= 35, `${passages.length} passages`);
    for (const { id, text, semantic } of passages) {
      if (text !== texts[Number(id)]?.text) continue;
      const other = vector(Number(id));
      const expected = vector(row).reduce((sum, value, column) => sum + value * (other[column] ?? 0), 0);
      worst = Math.max(worst, Math.abs(expected - (semantic ?? NaN)));
      assert.ok(
        Math.abs(expected - (semantic ?? NaN)) < 2e-4,
        `${texts[row]?.name} and ${texts[Number(id)]?.name}: ${semantic}, not ${expected}`,
      );
    }
  }
  assert.equal(found.results.length, 10);
  console.log(`largest difference of a cosine: ${worst.toExponential(1)}`);
});
