// Drops, inputs, folders, the sample → files with names that tell them apart. What systems leave in folders (hidden
// files, thumbnails) is left out, because nobody means to ask about it.
import { find } from "./dom.js";

/** Left behind by systems, never meant as a document. */
const LITTER = new Set(["thumbs.db", "desktop.ini", "__macosx"]);
const SAMPLE = "sample/sample.json";

/**
 * Takes files from the two inputs and from anywhere in the window.
 * @param {(files: File[]) => void} receive
 */
export function watchFiles(receive) {
  for (const selector of ["#files", "#folder"]) {
    const input = find(selector, HTMLInputElement);
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])].map((file) => named(file, file.webkitRelativePath));
      // So that choosing the same file once more is a change again.
      input.value = "";
      offer(files, receive);
    });
  }
  watchDrops(receive);
}

/** @param {(files: File[]) => void} receive */
function watchDrops(receive) {
  const veil = find("#drop-veil", HTMLElement);
  let depth = 0;
  const show = (/** @type {number} */ newDepth) => {
    depth = Math.max(0, newDepth);
    veil.hidden = depth === 0;
  };
  const holdsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragenter", (event) => {
    if (holdsFiles(event)) show(depth + 1);
  });
  addEventListener("dragleave", (event) => {
    if (holdsFiles(event)) show(depth - 1);
  });
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer || !holdsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", async (event) => {
    if (!event.dataTransfer || !holdsFiles(event)) return;
    event.preventDefault();
    show(0);
    offer(await filesOf(event.dataTransfer), receive);
  });
}

/**
 * @param {File[]} files
 * @param {(files: File[]) => void} receive
 */
function offer(files, receive) {
  const meant = files.filter((file) => !isLitter(file.name));
  if (meant.length > 0) receive(meant);
}

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<File[]>}
 */
async function filesOf(transfer) {
  // The list of items is emptied as soon as this turn ends, so the entries are taken first.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry !== null)) return [...transfer.files];
  /** @type {File[]} */
  const files = [];
  for (const entry of entries) if (entry !== null) await walk(entry, files);
  return files;
}

/**
 * @param {FileSystemEntry} entry
 * @param {File[]} files where to put what is found
 */
async function walk(entry, files) {
  if (isLitter(entry.name)) return;
  if (isFile(entry)) {
    try {
      const file = await new Promise((/** @type {(file: File) => void} */ resolve, reject) => {
        entry.file(resolve, reject);
      });
      files.push(named(file, entry.fullPath.slice(1)));
    } catch {
      // Gone or unreadable since it was dropped: an empty file of its name says so in the list.
      files.push(new File([], entry.name));
    }
  } else if (isDirectory(entry)) {
    const reader = entry.createReader();
    for (;;) {
      const batch = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ resolve) => {
        reader.readEntries(resolve, () => resolve([]));
      });
      if (batch.length === 0) break;
      for (const inner of batch) await walk(inner, files);
    }
  }
}

/**
 * A file under its path, so that two of the same name in two folders stay two.
 * @param {File} file
 * @param {string} path
 */
function named(file, path) {
  if (!path.includes("/")) return file;
  return new File([file], path, { type: file.type, lastModified: file.lastModified });
}

/** @param {string} path */
function isLitter(path) {
  return path.split("/").some((part) => part.startsWith(".") || LITTER.has(part.toLowerCase()));
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemFileEntry}
 */
function isFile(entry) {
  return entry.isFile;
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemDirectoryEntry}
 */
function isDirectory(entry) {
  return entry.isDirectory;
}

/**
 * Fetches the sample. Paths in `sample.json` are relative to that file.
 * @returns {Promise<{ files: File[], questions: string[] }>}
 */
export async function fetchSample() {
  const address = new URL(SAMPLE, document.baseURI);
  /** @type {{ files: { path: string, name: string }[], questions: string[] }} */
  const sample = await (await get(address)).json();
  const files = await Promise.all(sample.files.map(async ({ path, name }) => {
    const blob = await (await get(new URL(path, address))).blob();
    return new File([blob], name, { type: blob.type });
  }));
  return { files, questions: sample.questions };
}

/** @param {URL} address */
async function get(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`The sample could not be fetched: ${address.pathname} answers ${response.status}.`);
  return response;
}
