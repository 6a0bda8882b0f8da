// what a story needs to read → files, small and made here
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after } from "node:test";
import { root } from "./process.mjs";

export const rules = `# Rules of the reading room

## Hours

The reading room opens at nine in the morning. It closes at half past six in the evening. On Sundays it stays shut.

## Carrels

A carrel is reserved for one term. Books may be left in a carrel overnight if a green slip lies on top of them.
Whoever loses the key of a carrel pays twelve pounds for a new lock.

## Food

Water in closed bottles is allowed at every desk. Hot drinks are allowed in the hall only.
`;

export const boiler = `<!doctype html>
<html lang="en"><head><title>The boiler of the east wing</title></head>
<body><h1>The boiler of the east wing</h1>
<p>The boiler was built in 1931 by Hartley and Sons. It burns coke, and it needs eleven hundredweight a week.</p>
<h2>Pressure</h2>
<p>The pressure must never rise above four bar. If the needle enters the red field, open the brass valve by the door.</p>
<h2>Chimney</h2>
<p>The chimney is swept every March by a firm from Leeds.</p>
</body></html>
`;

/** The pages of a PDF about bees. */
export const bees = [
  [
    "Keeping bees on the roof",
    "",
    "Four hives stand on the south roof of the library.",
    "They were a gift of the botanical society in 1987.",
  ],
  [
    "Harvest",
    "",
    "Honey is harvested twice, in June and in August.",
    "A good year gives forty kilograms of lime honey from each hive.",
  ],
  [
    "Winter",
    "",
    "From November on the hives are wrapped in straw mats.",
    "The entrance is narrowed to the width of a thumb against mice.",
  ],
];

/** A folder of its own for the files of one file of stories; it goes when they are over. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "carrel-story-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    /** Writes a file and gives its path. @param {string} name @param {string | Uint8Array} content */
    write(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
  };
}

/** A file of the test data that is shared beside the repository. @param {string} path */
export function shared(path) {
  const whole = resolve(root, "../shared/data", path);
  if (!existsSync(whole))
    throw new Error(`the test data ${whole} is missing: these stories need it (see ../shared/DATA.md)`);
  return whole;
}

/**
 * A minimal PDF, by ISO 32000-1: one line of text after the other on each page.
 * @param {string[][]} pages
 * @param {{ password?: string, drawing?: string }} [options]  `drawing` is drawn on each page instead of text
 */
export function pdfOf(pages, { password, drawing } = {}) {
  const kids = pages.map((_, index) => `${4 + 2 * index} 0 R`).join(" ");
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
  ];
  pages.forEach((lines, index) => {
    const shown = lines.map((line) => `(${line.replace(/[\\()]/g, "\\$&")}) Tj T*`).join("\n");
    const stream = drawing ?? `BT /F1 12 Tf 16 TL 60 760 Td\n${shown}\nET`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> ` +
        `/Contents ${5 + 2 * index} 0 R >>`,
      `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    );
  });
  const id = "00112233445566778899aabbccddeeff";
  if (password !== undefined) objects.push(encryption(password, id));
  let text = "%PDF-1.4\n";
  const places = objects.map((object, index) => {
    const place = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const place of places) text += `${String(place).padStart(10, "0")} 00000 n \n`;
  const encrypt = password === undefined ? "" : ` /Encrypt ${objects.length} 0 R`;
  text += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /ID [<${id}> <${id}>]${encrypt} >>\n`;
  text += `startxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, "latin1");
}

/** What ISO 32000-1 pads passwords with. */
const PADDING = Buffer.from("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a", "hex");

/**
 * The dictionary of the standard security handler, revision 2: who does not know the password reads nothing.
 * @param {string} password
 * @param {string} id
 */
function encryption(password, id) {
  const padded = Buffer.concat([Buffer.from(password, "latin1"), PADDING]).subarray(0, 32);
  const permissions = -44;
  const owner = rc4(md5(padded).subarray(0, 5), padded);
  const numbers = Buffer.alloc(4);
  numbers.writeInt32LE(permissions);
  const key = md5(Buffer.concat([padded, owner, numbers, Buffer.from(id, "hex")])).subarray(0, 5);
  const user = rc4(key, PADDING);
  const [o, u] = [owner.toString("hex"), user.toString("hex")];
  return `<< /Filter /Standard /V 1 /R 2 /O <${o}> /U <${u}> /P ${permissions} >>`;
}

/** @param {Buffer} bytes */
function md5(bytes) {
  return createHash("md5").update(bytes).digest();
}

/** @param {Buffer} key @param {Buffer} bytes */
function rc4(key, bytes) {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const at = (/** @type {number} */ index) => state[index & 255] ?? 0;
  const swap = (/** @type {number} */ one, /** @type {number} */ other) => {
    [state[one & 255], state[other & 255]] = [at(other), at(one)];
  };
  for (let index = 0, other = 0; index < 256; index++) {
    other += at(index) + (key[index % key.length] ?? 0);
    swap(index, other);
  }
  let other = 0;
  return Buffer.from(
    bytes.map((byte, place) => {
      other += at(place + 1);
      swap(place + 1, other);
      return byte ^ at(at(place + 1) + at(other));
    }),
  );
}
