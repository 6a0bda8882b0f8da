// An API key and a passphrase → a record in this browser that only the passphrase opens, and back. One record for each
// origin that keys are sent to: the origin is sealed in with the key, so a record that was moved to another does not
// open there. What is kept is worth something to whoever can read this profile, or runs a script on this site (other
// pages may share its storage); so it is kept encrypted only, and only where somebody asks.

/** @typedef {{ version: 1, iterations: number, salt: string, iv: string, sealed: string }} KeyRecord in Base64 */

/** For PBKDF2 with SHA-256 OWASP asks for 600,000 (Password Storage Cheat Sheet, 2023). */
const ITERATIONS = 600_000;
/** A forged record must not keep the page busy for hours. */
const ITERATIONS_MOST = 10 * ITERATIONS;
/** Of characters in a passphrase: who has the record can try as many as they have time for. */
export const PASSPHRASE_LEAST = 8;

/** @param {string} origin */
const place = (origin) => `carrel.key ${origin}`;

/** Why a key cannot be kept or opened, by a code and in words. */
export class KeyError extends Error {
  /** @param {"key_unavailable" | "key_short" | "key_locked" | "key_damaged" | "key_missing" | "storage_full"} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "KeyError";
    this.code = code;
  }
}

/** Has this page what it takes? Browsers encrypt on https and on this machine only. */
export function canKeepKeys() {
  return isSecureContext && globalThis.crypto?.subtle !== undefined && storage() !== null;
}

/** Is there a key for an origin? @param {string} origin */
export function hasKey(origin) {
  return origin !== "" && (storage()?.getItem(place(origin)) ?? null) !== null;
}

/** @param {string} origin */
export function forgetKey(origin) {
  storage()?.removeItem(place(origin));
}

/**
 * Keeps a key for an origin, in place of the one before.
 * @param {string} origin that it is for
 * @param {string} key
 * @param {string} passphrase
 */
export async function keepKey(origin, key, passphrase) {
  const local = available();
  if ([...passphrase].length < PASSPHRASE_LEAST) {
    throw new KeyError("key_short", `Take a passphrase of ${PASSPHRASE_LEAST} characters or more; four words are better.`);
  }
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const lock = await lockOf(passphrase, salt, ITERATIONS);
  const sealed = await crypto.subtle.encrypt(cipher(origin, iv), lock, new TextEncoder().encode(key));
  /** @type {KeyRecord} */
  const record = { version: 1, iterations: ITERATIONS, salt: text(salt), iv: text(iv), sealed: text(new Uint8Array(sealed)) };
  try {
    local.setItem(place(origin), JSON.stringify(record));
  } catch {
    throw new KeyError("storage_full", "This browser has no room to keep the key. Free some, or go on without.");
  }
}

/**
 * The key that is kept for an origin.
 * @param {string} origin
 * @param {string} passphrase
 */
export async function unlockKey(origin, passphrase) {
  const { iterations, salt, iv, sealed } = readRecord(available().getItem(place(origin)), origin);
  const lock = await lockOf(passphrase, salt, iterations);
  try {
    return new TextDecoder().decode(await crypto.subtle.decrypt(cipher(origin, iv), lock, sealed));
  } catch {
    // The cipher does not tell one from the other, lest it help who guesses.
    throw new KeyError("key_locked", "That passphrase does not open it. If it is the right one, what was kept has been " +
      "damaged: forget it, and enter the key anew.");
  }
}

/**
 * @param {string | null} written
 * @param {string} origin
 */
function readRecord(written, origin) {
  if (written === null) throw new KeyError("key_missing", `No key is kept for ${origin} any more: enter it anew.`);
  try {
    const { version, iterations, salt, iv, sealed } = JSON.parse(written);
    const record = { iterations, salt: bytes(salt), iv: bytes(iv), sealed: bytes(sealed) };
    const isWhole = version === 1 && Number.isInteger(iterations) && iterations >= ITERATIONS &&
      iterations <= ITERATIONS_MOST && record.salt.length >= 16 && record.iv.length === 12;
    if (isWhole) return record;
  } catch {
    // Told below.
  }
  throw new KeyError("key_damaged", "What was kept is damaged, or of a later version: forget it, and enter the key anew.");
}

function available() {
  const local = canKeepKeys() ? storage() : null;
  if (local) return local;
  throw new KeyError("key_unavailable", "This page can keep no key: that takes https, or localhost, and a browser that lets sites keep things.");
}

/** Where records are; null where the browser lets this site keep nothing. */
function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/**
 * @param {string} passphrase
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {number} iterations
 */
async function lockOf(passphrase, salt, iterations) {
  // One passphrase, however the keyboard composes its accents.
  const given = new TextEncoder().encode(passphrase.normalize("NFKC"));
  const base = await crypto.subtle.importKey("raw", given, "PBKDF2", false, ["deriveKey"]);
  const way = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(way, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/**
 * @param {string} origin
 * @param {Uint8Array<ArrayBuffer>} iv
 */
function cipher(origin, iv) {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(place(origin)) };
}

/** @param {Uint8Array} given */
function text(given) {
  return btoa(String.fromCharCode(...given));
}

/** @param {string} given */
function bytes(given) {
  return Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
}
