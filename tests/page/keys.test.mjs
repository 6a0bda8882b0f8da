// A key in the settings → in memory only, or kept encrypted where the person asks for it, and for one address alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before } from "node:test";
import { story } from "./browser.mjs";
import { rules, temporaryFolder } from "./documents.mjs";
import { startFaultServer } from "./fault-server.mjs";
import { until } from "./process.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./desk.mjs").Desk} Desk */
/** @typedef {{ keys: string[], all: string }} Stored */

/** @type {Awaited<ReturnType<typeof startFaultServer>>} */
let server;
before(async () => {
  server = await startFaultServer();
  server.state.text = "It closes at half past six in the evening [1].";
});
after(() => server?.stop());

const { write } = temporaryFolder();
const file = write("rules.md", rules);
const fragment = () => `#api=openai&base-url=${encodeURIComponent(server.baseUrl("says"))}&llm=m`;
const KEY = "sk-proj-0123456789-secret";
const PASSPHRASE = "née quatre mots ordinaires";

/** Everything that this browser keeps for the site, as text; `keys`: the names in its localStorage. @param {Page} page @returns {Promise<Stored>} */
function stored(page) {
  return page.evaluate(async () => {
    const parts = [location.href, document.cookie, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
    const read = async (/** @type {Blob} */ blob) => parts.push(new TextDecoder("latin1").decode(await blob.arrayBuffer()));
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        parts.push(request.url, JSON.stringify([...request.headers]));
        // Models are large, and come from the site.
        const response = await cache.match(request);
        if (response && !/\.(carrel|safetensors|wasm)$/.test(request.url)) await read(await response.blob());
      }
    }
    const walk = async (/** @type {FileSystemDirectoryHandle} */ folder) => {
      for await (const [name, entry] of folder.entries()) {
        parts.push(name);
        if (entry instanceof FileSystemDirectoryHandle) await walk(entry);
        else if (entry instanceof FileSystemFileHandle) await read(await entry.getFile());
      }
    };
    await walk(await navigator.storage.getDirectory());
    for (const { name = "" } of await indexedDB.databases()) {
      /** @type {(request: IDBRequest) => Promise<any>} */
      const done = (request) =>
        new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }));
      const database = await done(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        parts.push(name, store, JSON.stringify(await done(database.transaction(store).objectStore(store).getAll())));
      }
      database.close();
    }
    return { keys: Object.keys(localStorage), all: parts.join("\n") };
  });
}

/** The secrets, as they are and as they are often written. @param {string} text @param {string} when */
function assertNoSecret(text, when) {
  for (const secret of [KEY, PASSPHRASE]) {
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").replace(/=+$/, ""), Buffer.from(secret).toString("hex")];
    for (const form of forms) assert.ok(!text.includes(form), `${form} is in ${when}`);
  }
}

/** @param {Page} page */
const openSettings = (page) => page.getByRole("button", { name: "Settings", exact: true }).click();
/** @param {Page} page @param {RegExp} words */
const hinted = (page, words) => page.locator("#key-hint", { hasText: words }).waitFor();
/** By keyboard alone. @param {Page} page @param {string} [passphrase] */
async function keep(page, passphrase = PASSPHRASE) {
  await page.locator("#api-key").fill(KEY);
  for (const key of ["Tab", "Space", "Tab"]) await page.keyboard.press(key);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "key-passphrase");
  await page.keyboard.insertText(passphrase);
  await page.keyboard.press("Enter");
}
/** Asks, and tells the key that came to the server. @param {Desk} desk */
async function keySent(desk) {
  server.requests.length = 0;
  await desk.ask("When does the reading room close?");
  await desk.answered();
  return server.requests.find(({ method }) => method === "POST")?.headers.authorization;
}

story(
  "a key is kept nowhere unless somebody asks for it, and is in no log, no trace and no export",
  async ({ desk, page }) => {
    const logged = /** @type {string[]} */ ([]);
    page.on("console", (message) => logged.push(message.text()));
    await desk.choose(file);
    await desk.settled(1);
    await openSettings(page);
    assert.ok(!(await page.locator("#key-keeping").isVisible()), "without a key there is nothing to keep");
    await page.locator("#api-key").fill(KEY);
    assert.ok(await page.getByLabel("Keep this key on this device").isVisible());
    assert.ok(!(await page.locator("#key-passphrase").isVisible()), "nothing is asked for until it is wished");
    await page.locator("#settings-close").click();
    assert.equal(await keySent(desk), `Bearer ${KEY}`);
    await page.locator("#collections-open").click();
    await page.locator("#keep-name").fill("thesis");
    await page.locator("#keep-name").press("Enter");
    await page.locator("#kept", { hasText: /Kept in this browser/ }).waitFor();

    const { keys, all } = await stored(page);
    assert.deepEqual(keys.filter((name) => name.includes("key")), []);
    assert.ok(all.includes("reading room"), "what is kept was looked through");
    assertNoSecret(all, "what is kept");
    await page.locator("details", { hasText: "What was sent" }).locator("summary").click();
    await page.locator("details.trace pre").waitFor();
    assertNoSecret(await page.evaluate(() => document.documentElement.outerHTML), "the page");
    assertNoSecret(logged.join("\n"), "the log");
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#export").click()]);
    const exported = readFileSync(await download.path());
    assert.ok(exported.includes("reading room"));
    assertNoSecret(exported.toString("latin1"), "the export");
    await page.reload();
    await openSettings(page);
    assert.equal(await page.locator("#api-key").inputValue(), "");
    assert.ok(!(await page.locator("#key-keeping").isVisible()));
  },
  { fragment },
);

story(
  "a server that repeats the key in what it complains of does not get it shown",
  async ({ desk, page, context }) => {
    await context.route("http://127.0.0.1:9/**", (route) =>
      route.fulfill({
        status: 401,
        headers: { "access-control-allow-origin": "*" },
        json: { error: { message: `Incorrect API key provided: ${route.request().headers().authorization}.` } },
      }),
    );
    await desk.choose(file);
    await desk.settled(1);
    await openSettings(page);
    await page.locator("#api-key").fill(` ${KEY} `);
    await page.locator("#look-for-models").click();
    await page.locator("#settings-hint", { hasText: "Bearer (the key)." }).waitFor();
    await page.locator("#settings-close").click();
    await desk.ask("When does the reading room close?");
    await desk.answered("error");
    assert.match(await desk.answerError.innerText(), /Bearer \(the key\)\./);
    assertNoSecret(await page.evaluate(() => document.documentElement.outerHTML), "the page");
  },
  { fragment: "#api=openai&base-url=http%3A%2F%2F127.0.0.1%3A9%2Fv1&llm=m", expected: [/status of 401/] },
);

story(
  "a key that is kept is there encrypted, is unlocked after a reload, and is gone when it is forgotten",
  async ({ desk, page }) => {
    await openSettings(page);
    await keep(page, "short");
    await hinted(page, /8 characters or more/);
    await page.getByLabel("Keep this key on this device").uncheck();
    assert.deepEqual((await stored(page)).keys.filter((name) => name.includes("key")), []);
    await keep(page);
    await hinted(page, /^Kept\./);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "api-key", "the focus is not lost");
    const origin = new URL(server.origin).origin;
    const { keys, all } = await stored(page);
    assert.deepEqual(keys.filter((name) => name.includes("key")), [`carrel.key ${origin}`]);
    assertNoSecret(all, "what is kept");
    const record = JSON.parse((await page.evaluate((name) => localStorage.getItem(name), `carrel.key ${origin}`)) ?? "{}");
    assert.ok(record.version === 1 && record.iterations >= 600_000, JSON.stringify(record));

    await page.reload();
    await desk.choose(file);
    await desk.settled(1);
    assert.equal(await keySent(desk), undefined, "it is not used before it is unlocked");
    await page.getByRole("button", { name: "Unlock it…" }).click();
    assert.equal(await page.evaluate(() => document.activeElement?.id), "key-passphrase");
    assert.match(await page.locator("#key-kept").innerText(), /is kept on this device, encrypted/);
    await page.keyboard.type("not the passphrase");
    await page.keyboard.press("Enter");
    await hinted(page, /passphrase does not open it/);
    assert.equal(await page.locator("#api-key").inputValue(), "");
    // As a keyboard that composes its accents in two steps would send it.
    await page.locator("#key-passphrase").fill(PASSPHRASE.normalize("NFD"));
    await page.locator("#key-passphrase").press("Enter");
    await hinted(page, /Unlocked/);
    assert.equal(await page.locator("#key-passphrase").inputValue(), "", "the passphrase is not kept, even here");
    await page.locator("#settings-close").click();
    assert.equal(await keySent(desk), `Bearer ${KEY}`);

    await openSettings(page);
    await page.getByRole("button", { name: "Forget it" }).click();
    await hinted(page, /Forgotten/);
    assert.equal(await page.locator("#api-key").inputValue(), "");
    assert.deepEqual((await stored(page)).keys.filter((name) => name.includes("key")), []);
    await page.locator("#settings-close").click();
    assert.equal(await keySent(desk), undefined);
    await page.reload();
    await openSettings(page);
    assert.ok(!(await page.locator("#key-keeping").isVisible()));
  },
  { fragment },
);

story(
  "a key kept for one address is not offered to another, and does not open there if it is moved",
  async ({ page }) => {
    const other = await startFaultServer();
    try {
      await openSettings(page);
      await keep(page);
      await hinted(page, /^Kept\./);
      const address = page.locator("#base-url");
      await address.fill(other.baseUrl("says"));
      assert.equal(await page.locator("#api-key").inputValue(), "", "it leaves the input with its address");
      assert.ok(!(await page.locator("#key-keeping").isVisible()), "nothing is offered to the other");
      // Another port, another scheme, a host that begins alike: all of them are others.
      const { host } = new URL(server.origin);
      for (const alike of [`https://${host}/v1`, `http://${host}.evil.example/v1`, `http://localhost:${host.split(":")[1]}/v1`]) {
        await address.fill(alike);
        assert.ok(!(await page.locator("#key-keeping").isVisible()), alike);
      }
      await page.evaluate(([from, to]) => {
        localStorage.setItem(`carrel.key ${to}`, localStorage.getItem(`carrel.key ${from}`) ?? "");
      }, [server.origin, other.origin]);
      await address.fill(other.baseUrl("says"));
      await page.locator("#key-passphrase").fill(PASSPHRASE);
      await page.locator("#key-passphrase").press("Enter");
      await hinted(page, /does not open it/);
      assert.equal(await page.locator("#api-key").inputValue(), "");
      // Back at its own, while it is being unlocked the address changes: the key comes too late, and is dropped.
      await address.fill(server.baseUrl("says"));
      await page.locator("#key-passphrase").fill(PASSPHRASE);
      await page.locator("#key-passphrase").press("Enter");
      await address.fill(`${other.origin}/elsewhere`);
      await page.waitForTimeout(2000);
      assert.equal(await page.locator("#api-key").inputValue(), "");
      await address.fill(server.baseUrl("says"));
      await page.locator("#key-passphrase").fill(PASSPHRASE);
      await page.locator("#key-passphrase").press("Enter");
      await hinted(page, /Unlocked/);
      assert.equal(await page.locator("#api-key").inputValue(), KEY);
    } finally {
      await other.stop();
    }
  },
  { fragment },
);

story(
  "a record that is damaged is told from a passphrase that is wrong, and can be forgotten",
  async ({ page }) => {
    await openSettings(page);
    await keep(page);
    await hinted(page, /^Kept\./);
    const name = `carrel.key ${server.origin}`;
    const whole = JSON.parse((await page.evaluate((name) => localStorage.getItem(name), name)) ?? "{}");
    for (const damaged of ["", "{", "null", "[]", { ...whole, version: 2 }, { ...whole, iterations: 1 },
      { ...whole, iterations: 1e12 }, { ...whole, salt: "" }, { ...whole, iv: "*" }, { ...whole, sealed: 7 }]) {
      const record = typeof damaged === "string" ? damaged : JSON.stringify(damaged);
      await page.evaluate(([name = "", record = ""]) => localStorage.setItem(name, record), [name, record]);
      await page.locator("#api-key").fill("");
      await page.locator("#key-passphrase").fill(PASSPHRASE);
      await page.locator("#key-passphrase").press("Enter");
      await hinted(page, /is damaged/);
      await page.locator("#api-key").fill("x"); // What was said goes with what it was about.
      assert.equal(await page.locator("#key-hint").textContent(), "", record);
    }
    await page.locator("#api-key").fill("");
    await page.getByRole("button", { name: "Forget it" }).click();
    await until("it is gone", async () => !(await stored(page)).keys.includes(name));
  },
  { fragment },
);

story(
  "where the browser does not encrypt, keys are kept in memory only, and the page says why",
  async ({ desk, page, site }) => {
    await page.goto(site.url.replace("localhost", "carrel.test") + fragment());
    await page.locator("#origin", { hasText: "m at" }).waitFor();
    await openSettings(page);
    await page.locator("#api-key").fill(KEY);
    assert.match(await page.locator("#key-kept").innerText(), /on https and on localhost only/);
    assert.ok(!(await page.getByLabel("Keep this key on this device").isVisible()));
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((name) => name.includes("key"))), []);
    assert.ok(desk);
  },
  { fragment: null },
);
