// Narrow and wide, light and dark → nothing sticks out, and everything can be read. Leaves pictures of all of it in
// target/screenshots/.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { story } from "./browser.mjs";
import { bees, boiler, pdfOf, rules, temporaryFolder } from "./documents.mjs";
import { startFaultServer } from "./fault-server.mjs";
import { root } from "./process.mjs";

/** @typedef {import("playwright-core").Page} Page */

const elsewhere = "http://a-host-with-a-rather-long-name.library.example:8080/v1";
const pictures = join(root, "target/screenshots");
mkdirSync(pictures, { recursive: true });

const { write } = temporaryFolder();
const files = [
  write("rules.md", rules),
  write("boiler.html", boiler),
  write("bees.pdf", pdfOf(bees)),
  write("a-file-with-a-name-that-goes-on-and-on-without-any-place-where-one-could-break-it.md", ""),
  write("old.txt", Buffer.from("Das Café öffnet um neun Uhr, so steht es in der alten Hausordnung.", "latin1")),
];

/** @type {Awaited<ReturnType<typeof startFaultServer>>} */
let server;
before(async () => {
  server = await startFaultServer();
  server.state.text =
    "The reading room **closes at half past six** in the evening [1], and on Sundays it stays shut [1]. " +
    "It opens at nine in the morning [1].\n\n- Water in closed bottles is allowed at every desk [2]\n" +
    "- Hot drinks are allowed in the hall only [2]\n\n" +
    "Whoever loses the key of a carrel pays twelve pounds for a new lock [3]. Owls live in the tower [9].\n\n" +
    `\`\`\`\n${"a line of code that is too long for any narrow screen ".repeat(4)}\n\`\`\`\n\n` +
    `See https://library.example/${"very-long-path/".repeat(12)}` +
    ` and ${"Donaudampfschifffahrtsgesellschaft".repeat(5)}.`;
});
after(() => server?.stop());

const fragment = () =>
  `#api=openai&base-url=${encodeURIComponent(server.baseUrl("says"))}&llm=a-model-with-a-long-name`;

/** What is wider than the window. @param {Page} page @param {string} when */
async function assertFits(page, when) {
  const { over, wide } = await page.evaluate(() => {
    const element = document.scrollingElement ?? document.documentElement;
    const clipped = (/** @type {Element | null} */ inner) => {
      for (let outer = inner?.parentElement ?? null; outer; outer = outer.parentElement) {
        if (/auto|scroll|hidden|clip/.test(getComputedStyle(outer).overflowX))
          return outer.getBoundingClientRect().right <= innerWidth + 1;
      }
      return false;
    };
    const wide = [...document.body.querySelectorAll("*")].filter((each) => {
      const { right, width, height } = each.getBoundingClientRect();
      return (
        width > 1 &&
        height > 1 &&
        right > innerWidth + 1 &&
        !clipped(each) &&
        getComputedStyle(each).visibility === "visible"
      );
    });
    return {
      over: element.scrollWidth - innerWidth,
      wide: wide.map(({ outerHTML }) => outerHTML.slice(0, 100)).slice(0, 5),
    };
  });
  assert.ok(over <= 0, `${when}: the page is ${over} px too wide: ${wide}`);
  assert.deepEqual(wide, [], when);
}

/**
 * No text has less contrast than WCAG 2.2 asks for at level AA (https://www.w3.org/TR/WCAG22/#contrast-minimum).
 * @param {Page} page
 * @param {string} when
 */
async function assertReadable(page, when) {
  const faint = await page.evaluate(() => {
    const context = /** @type {CanvasRenderingContext2D} */ (
      document.createElement("canvas").getContext("2d", { willReadFrequently: true })
    );
    /** @param {string} color @returns {[number, number, number, number]} */
    const parsed = (color) => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
      return [red, green, blue, alpha / 255];
    };
    /** @param {number[]} top @param {number[]} below */
    const over = ([r = 0, g = 0, b = 0, a = 0], below) =>
      [r, g, b].map((value, index) => value * a + (below[index] ?? 0) * (1 - a));
    /** @param {Element} element @returns {number[]} */
    const behind = (element) => {
      const color = parsed(getComputedStyle(element).backgroundColor);
      const below =
        color[3] >= 0.99 ? [] : element.parentElement ? behind(element.parentElement) : parsed("canvas").slice(0, 3);
      return over(color, below);
    };
    /** @param {number[]} color */
    const luminance = (color) => {
      const [red = 0, green = 0, blue = 0] = color.map((value) =>
        value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const faint = [];
    for (const element of document.querySelectorAll("body *")) {
      const own = [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim(),
      );
      if (
        !own ||
        !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) ||
        element.matches(":disabled, .unseen, .skip")
      )
        continue;
      const style = getComputedStyle(element);
      const background = behind(element);
      const text = over(parsed(style.color), background);
      const [lighter = 0, darker = 0] = [luminance(text), luminance(background)].sort((a, b) => b - a);
      const ratio = (lighter + 0.05) / (darker + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5))
        faint.push(
          `${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${element.textContent?.trim().slice(0, 40)}`,
        );
    }
    return faint;
  });
  assert.deepEqual(faint, [], when);
}

for (const [width, height, colorScheme] of /** @type {[number, number, "light" | "dark"][]} */ ([
  [1280, 800, "light"],
  [1280, 800, "dark"],
  [390, 844, "light"],
  [390, 844, "dark"],
  [820, 1180, "light"],
])) {
  const name = `${width}-${colorScheme}`;
  story(
    `at ${width} pixels in ${colorScheme} nothing sticks out and everything can be read`,
    async ({ desk, page }) => {
      const shot = (/** @type {string} */ what) => page.screenshot({ path: join(pictures, `${name}-${what}.png`) });
      const check = async (/** @type {string} */ when) => {
        await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
        await shot(when);
        await assertFits(page, when);
        await assertReadable(page, when);
      };
      await page.waitForFunction(() =>
        document.querySelector("[data-carrel=status]")?.textContent?.startsWith("Ready"),
      );
      await check("empty");
      await desk.choose(...files);
      await desk.settled(files.length);
      if (width < 760) {
        await page.locator("#documents-toggle").click();
        await check("documents");
        await page.keyboard.press("Escape");
      }
      await check("ready");
      await desk.ask("When does the reading room close, and what may one drink there?");
      await desk.answered();
      await check("answer");
      for (const summary of await page.locator("details.trace summary").all()) await summary.click();
      await page.locator("details.trace pre").waitFor();
      await check("traces");
      await desk.citations.first().click();
      await desk.markedText();
      await check("viewer");
      await page.keyboard.press("Escape");
      await page.locator("[data-opens=settings]:visible").first().click();
      await check("settings");
      await page.locator("#api-key").fill("sk-typed");
      await page.locator("#key-keep").check();
      await page.locator("#key-passphrase").fill("four ordinary words");
      await page.locator("#key-passphrase").scrollIntoViewIfNeeded();
      await check("settings, a key to keep");
      await page.locator("#key-passphrase").press("Enter");
      await page.locator("#key-hint", { hasText: "Kept." }).waitFor();
      await page.locator("#api-key").fill("");
      await page.locator("#key-forget").scrollIntoViewIfNeeded();
      await check("settings, a key that is kept");
      await page.keyboard.press("Escape");
      await page.evaluate(
        (hash) => {
          location.hash = hash;
        },
        `api=openai&base-url=${encodeURIComponent(elsewhere)}&llm=big&key=x`,
      );
      await page.locator("#consent").waitFor();
      await check("consent");
      await page.getByRole("button", { name: "Keep answers here" }).click();
      await page.evaluate(
        (hash) => {
          location.hash = hash;
        },
        `api=openai&base-url=${encodeURIComponent(server.baseUrl(401))}&llm=m`,
      );
      await desk.ask("And on Sundays?");
      await desk.answered("error");
      await check("error");
    },
    { viewport: { width, height }, colorScheme, fragment, expected: [/status of 401/] },
  );
}

story(
  "a picture for the README",
  async ({ desk, page }) => {
    await desk.choose(...files.slice(0, 3));
    await desk.settled(3);
    await desk.ask("When does the reading room close, and what may one drink there?");
    await desk.answered();
    await desk.openCitationBehind("half past six");
    await desk.markedText();
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
    await page.screenshot({ path: join(pictures, "readme.png") });
  },
  { viewport: { width: 1280, height: 800 } },
);
