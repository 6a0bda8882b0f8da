// the JavaScript in README.md → run, as a reader would who copies it

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { story } from "./browser.mjs";
import { root } from "./process.mjs";

story(
  "The README's example runs as it stands",
  async ({ page, site }) => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const example = /```js\n(.*?)```/s.exec(readme)?.[1];
    assert.ok(example, "README.md has no JavaScript");
    await page.route("**/readme.js", (route) => route.fulfill({ contentType: "text/javascript", body: `${example}\nconsole.log("end");` }));
    await page.route("**/readme.html", (route) =>
      route.fulfill({ contentType: "text/html", body: '<!doctype html><script type="module" src="readme.js"></script>' }));
    /** @type {string[]} */
    const printed = [];
    const ended = new Promise((resolve) => {
      page.on("console", (message) => {
        printed.push(message.text());
        if (message.text() === "end") resolve(undefined);
      });
    });
    await page.goto(`${site.url}readme.html`);
    await ended;
    const text = printed.join("\n");
    assert.match(text, /^Opening hours 0?\.?\d/m);
    assert.match(text, /Books are lent for four weeks\./);
    assert.match(text, /^\d+ supported Loans$/m);
  },
  { fragment: null },
);
