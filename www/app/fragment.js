// The URL's fragment → settings it asks for. A link is somebody else's wish: it can name an API on this very machine,
// or propose another one, which the person must accept; it can never bring a key, and an index only from this site.
import { UNSEEN } from "./words.js";

/** @import { Api } from "./types.js" */
/** @typedef {{ api: Api, baseUrl: string, model: string }} Proposal */

export const APIS = /** @type {Api[]} */ (["openai", "responses", "anthropic", "gemini"]);

const KEY_NAMES = /^(api)?[-_]?(key|token|secret|password)$/i;

/**
 * @param {string} hash
 * @returns {{ proposal: Proposal | null, index: string | null, remarks: string[], cleaned: string | null }}
 *   `cleaned`: the fragment without what must not be in it, if there was any
 */
export function readFragment(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  /** @type {string[]} */
  const remarks = [];
  const secrets = [...parameters.keys()].filter((name) => KEY_NAMES.test(name));
  for (const name of secrets) parameters.delete(name);
  if (secrets.length > 0) {
    remarks.push("The link held an API key. It was not used and has been taken out of the address; " +
      "anybody who saw the link may know the key. Enter keys in the settings.");
  }
  return {
    proposal: readProposal(parameters, remarks),
    index: readIndex(parameters, remarks),
    remarks,
    cleaned: secrets.length > 0 ? parameters.toString() : null,
  };
}

/**
 * @param {URLSearchParams} parameters
 * @param {string[]} remarks
 * @returns {Proposal | null}
 */
function readProposal(parameters, remarks) {
  const named = parameters.get("api");
  if (named === null) return null;
  const api = APIS.find((each) => each === named);
  const baseUrl = parameters.get("base-url") ?? "";
  const model = parameters.get("llm") ?? "";
  if (!api) remarks.push(`The link asks for an API "${named}", which is not known here. Known: ${APIS.join(", ")}.`);
  else if (webAddress(baseUrl) === null) {
    remarks.push("The link's base-url is not a web address without a user name or password; it was not used.");
  } else if (model.search(UNSEEN) !== -1) {
    // It will stand in the question whether the address is trusted, and could turn the words around it about.
    remarks.push("The link's model (llm=…) has letters that cannot be seen in its name; it was not used.");
  } else if (model === "") remarks.push("The link names no model (llm=…); it was not used.");
  else return { api, baseUrl, model };
  return null;
}

/**
 * @param {URLSearchParams} parameters
 * @param {string[]} remarks
 */
function readIndex(parameters, remarks) {
  const path = parameters.get("index");
  if (path === null) return null;
  const address = URL.canParse(path, document.baseURI) ? new URL(path, document.baseURI) : null;
  if (address?.origin === location.origin) return address.href;
  remarks.push("The link's index is not on this site; it was not opened.");
  return null;
}

/**
 * A base URL that can be asked: http or https, no credentials in it.
 * @param {string} text
 * @returns {URL | null}
 */
export function webAddress(text) {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  return isWeb && url.username === "" && url.password === "" ? url : null;
}

/**
 * Is it this very machine? The URL parser has already brought all ways to write an address into one form.
 * @param {URL} url
 */
export function isLoopback({ hostname }) {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
