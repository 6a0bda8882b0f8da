// a tiny model of the fixtures → an address on a story's own site
//
// It is loaded at once and embeds thousands of passages a second, badly: for stories of what becomes of an index,
// whatever is in it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./process.mjs";

const FOLDER = "tests/fixtures/family/bert-mean";

/** Gives the address of the model. @param {import("./own-site.mjs").OwnSite} own */
export function serveTinyModel(own) {
  for (const name of readdirSync(join(root, FOLDER), { recursive: true, encoding: "utf8" })) {
    const path = join(root, FOLDER, name);
    if (statSync(path).isFile()) own.files.set(`/models/tiny/${name}`, readFileSync(path));
  }
  return `${own.url}models/tiny/`;
}
