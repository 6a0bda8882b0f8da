// where a language model is said to be → what stands between this page and its answers
//
// To a page all that goes wrong before a server's first word looks the same: the request failed. What it was comes out
// when the same address is asked in several ways, each with less that may be refused: with all headers of a question,
// with none, and without wanting to read the answer. Only the person's own address is asked, and the key goes along only
// where a question would take it; nothing is asked of the model unless the person agrees. The ledger has all of it.

import { isCrash } from "./errors.js";
import { beginning, LONGEST_LIST, PRIVATELY } from "./sending.js";

/**
 * @typedef {typeof import("./engine.js")} EngineModule
 * @typedef {import("./options.js").ApiGenerator} ApiGenerator
 * @typedef {import("./carrel.js").Step} Step
 * @typedef {Step["name"]} StepName
 * @typedef {(url: string, init: { headers?: Record<string, string>, body?: string, mode?: RequestMode, redirect?: RequestRedirect }, patience?: number) => Promise<Response | null>} Send
 */

/** In the order in which one rests on the other. @type {StepName[]} */
const NAMES = ["address", "permission", "server", "cors", "key", "model", "answer"];
/** A server is waited for so long, in milliseconds: the browser may be asking the person first. */
const PATIENCE = 20_000;

/**
 * Servers of one's own, by the port that they have of themselves: by what they can be told apart before they can be
 * read. How each is started so that a page may ask it.
 * @type {Record<string, [name: string, command: string]>}
 */
const SERVERS = {
  11434: ["Ollama", `OLLAMA_ORIGINS=${location.origin} ollama serve`],
  1234: ["LM Studio, by Developer → Server Settings → Enable CORS, or", "lms server start --cors"],
  8080: ["llama.cpp", `llama-server --cors-origins ${location.origin}`],
  8000: ["vLLM", `vllm serve MODEL --allowed-origins '["${location.origin}"]'`],
};

/** Ends the examination: what comes after cannot be found out. */
const ENOUGH = Symbol("enough");

/**
 * @param {EngineModule} module
 * @param {ApiGenerator} generator  its model may be empty
 * @param {boolean} ask whether a word may be asked for, which may cost
 * @param {import("./ledger.js").Ledger} ledger
 * @param {{ signal: AbortSignal, emit: (step: Step) => void }} conversation
 * @returns {Promise<import("./carrel.js").Diagnosis>}
 */
export async function diagnose(module, generator, ask, ledger, { signal, emit }) {
  const { api, baseUrl, model = "", apiKey } = generator;
  const chart = new Chart(emit, apiKey?.trim());
  /** @type {Send} nothing where it failed or took too long */
  const send = async (url, init, patience = PATIENCE) => {
    const { headers = {}, body = "" } = init;
    const entry = ledger.open(url, Object.entries(headers), body);
    try {
      const response = await fetch(url, { ...PRIVATELY, ...init, method: body ? "POST" : "GET", body: body || null, signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) });
      entry.status = response.status || null; // Of some it may not be seen.
      return response;
    } catch {
      signal.throwIfAborted();
      return null;
    } finally {
      ledger.close(entry);
    }
  };
  try {
    await examine(chart, module, { api, baseUrl, model: model.trim(), apiKey }, ask, send);
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  for (const name of NAMES.slice(chart.steps.length)) chart.tell(name, "skipped");
  return { steps: chart.steps, verdict: chart.verdict };
}

/** What was found out, in the order of the steps. */
class Chart {
  /** @type {Step[]} */ steps = [];
  verdict = "ok";
  #emit;
  #key;

  /** @param {(step: Step) => void} emit @param {string} [key] which some servers repeat, and which is not told */
  constructor(emit, key) {
    this.#emit = emit;
    this.#key = key || /$^/;
  }

  /** All steps before this one that were not told are as they should be. @param {StepName} name */
  fineBefore(name) {
    while (NAMES.indexOf(name) > this.steps.length) this.tell(NAMES[this.steps.length], "ok");
  }

  /** @param {StepName} name @param {Step["state"]} state @param {string} [detail] @param {string | null} [remedy] @param {string | null} [command] */
  tell(name, state, detail = "", remedy = null, command = null) {
    this.fineBefore(name);
    const step = { name, state, detail: detail.split(this.#key).join("(the key)"), remedy, command };
    this.steps.push(step);
    this.#emit(step);
  }

  /** @param {StepName} name @param {string} code @param {string} detail @param {string | null} [remedy] @param {string | null} [command] @returns {never} */
  fail(name, code, detail, remedy, command) {
    this.verdict = code;
    this.tell(name, "failed", detail, remedy, command);
    throw ENOUGH;
  }
}

/** @param {Chart} chart @param {EngineModule} module @param {ApiGenerator} settings @param {boolean} ask @param {Send} send */
async function examine(chart, module, settings, ask, send) {
  const { url, headers, address } = await checkedAddress(chart, module, settings);
  chart.fineBefore("permission");
  const all = { ...Object.fromEntries(headers), "content-type": "application/json" }; // Those of a question.
  const response = await reach(chart, address, url, all, send);
  const listed = await judged(module, settings, url, response);
  const found = [listed];
  /** The judgement with that code, where there is one. @param {string} code */
  const ofCode = (code) => found.find((each) => each.code === code);
  const hasList = listed.code !== "api_model_unknown"; // Many have none.
  let isHeard = true;
  if (!ofCode("api_unauthorized")) {
    // Half a question: no API can answer it, and all look at the key first.
    const probed = await send(questionUrl(settings, url), { headers: all, body: "{" });
    if (probed && !probed.ok) found.push(await judged(module, settings, probed.url, probed));
    if (!hasList && probed?.status === 404) chart.fail("server", "api_not_json", `It has no API at ${url.replace(LIST, "")}.`, BASE_URL);
    isHeard = probed !== null;
  }
  if (hasList && listed.code && !/unauthorized|quota/.test(listed.code)) chart.fail("server", listed.code, listed.message);
  const unauthorized = ofCode("api_unauthorized");
  if (unauthorized) chart.fail("key", "api_unauthorized", unauthorized.message, settings.apiKey ? null : "Enter a key.");
  if (!isHeard) chart.tell("key", "unknown", "The server did not say.");
  chart.fineBefore("model");

  const answer = ask && settings.model ? await question(module, settings, url, all, send) : null;
  if (answer) found.push(answer);
  checkModel(chart, settings.model, hasList ? listed : null, answer);
  const quota = ofCode("api_quota_exceeded");
  if (quota) chart.fail("answer", "api_quota_exceeded", quota.message);
  if (answer?.code) chart.fail("answer", answer.code, answer.message);
  if (answer) chart.tell("answer", "ok");
  else chart.tell("answer", "skipped", "Not asked: an answer may cost.");
}

/** Where the list of models is, behind the base URL. */
const LIST = /\/models(\?.*)?$/;
const BASE_URL = "Check the base URL, which usually ends in /v1.";

/** Is it an address, and may this page ask it at all? @param {Chart} chart @param {EngineModule} module @param {ApiGenerator} settings */
async function checkedAddress(chart, module, settings) {
  let url = "";
  let headers = /** @type {[string, string][]} */ ([]);
  try {
    [url, headers] = module.modelsRequest(settings);
  } catch (error) {
    if (isCrash(error)) throw error;
    const { message } = /** @type {Error} */ (error);
    chart.fail(message.startsWith("apiKey") ? "key" : "address", "option_invalid", message);
  }
  const address = URL.canParse(url) ? new URL(url) : null;
  if (!address || address.username || address.password) {
    return chart.fail("address", "option_invalid", "It is no address, or holds a password.", BASE_URL);
  }
  const { hostname, protocol } = address;
  const isMixed = location.protocol === "https:" && protocol === "http:" && !isLoopback(hostname);
  // Browsers with a permission for the network of one's own let a page that has it ask there by http.
  if (isMixed && !(isPrivate(hostname) && (await permissionFor(hostname)))) {
    chart.fail("address", "mixed_content", "A page that came by https may ask no http address but this machine's.", "Give the server an https address.");
  }
  return { url, headers, address };
}

/** Gets the list of models as a question would be sent, or finds out why not. @param {Chart} chart @param {URL} address @param {string} url @param {Record<string, string>} headers @param {Send} send */
async function reach(chart, { host, hostname, port }, url, headers, send) {
  const clock = performance.now();
  const response = await send(url, { headers, redirect: "manual" });
  const isSilent = performance.now() - clock >= PATIENCE;
  const bare = response ?? (isSilent ? null : await send(url, { redirect: "manual" }));
  // Without CORS browsers follow redirects or refuse to ask; this request has no key, no cookie and no referrer.
  const isThere = bare !== null || (!isSilent && (await send(url, { mode: "no-cors", redirect: "follow" })) !== null);
  const isLocal = isLoopback(hostname) || isPrivate(hostname);
  if (!isThere) {
    const permission = isLocal ? await permissionFor(hostname) : null;
    if (permission === "denied") {
      chart.fail("permission", "permission_denied", "The browser keeps this page from this machine and network.", isSecureContext
        ? "Allow “Local network access” in the site settings, left of the address, and load the page again."
        : "Open this page by https, or from this machine.");
    }
    const mayAsk = permission === "prompt" && !isLoopback(location.hostname);
    if (mayAsk) chart.tell("permission", "unknown", "If the browser asks, allow it.");
    else if (permission !== "granted") chart.tell("permission", "skipped");
    chart.fail("server", isSilent ? "api_timeout" : "no_server", isSilent
      ? `${host} takes connections and says nothing for ${PATIENCE / 1000} s.`
      : `Nothing that speaks HTTP answers at ${host}.`, "Start the server, and check host and port.");
  }
  if (bare?.type === "opaqueredirect") chart.fail("server", "redirected", "It redirects, and nothing follows: what you send goes where you send it.", "Enter the address that it leads to.");
  if (response) return response;
  const { origin } = location;
  const [server, command] = (isLocal && SERVERS[port]) || [];
  chart.fail("cors", "cors_refused", bare
    ? `It lets ${origin} ask, but not with these headers: ${Object.keys(headers).join(", ")}.`
    : `It does not let ${origin} read what it answers.${server ? "" : " With vLLM a wrong key looks the same."}`,
  server ? `Allow this page in ${server}:` : isLocal ? Object.values(SERVERS).map((each) => each.join(": ")).join("\n") : "Choose an API that pages may ask.", command);
}

/** Is the model there? @param {Chart} chart @param {string} model @param {Judgement | null} listed @param {Judgement | null} answer */
function checkModel(chart, model, listed, answer) {
  const { names = [], body } = listed ?? {};
  const owner = body?.data?.[0]?.owned_by; // So servers of one's own give themselves away.
  const some = names.length > 0 ? ` There are ${names.slice(0, 9).join(", ")}.` : "";
  const tell = (/** @type {Step["state"]} */ state, /** @type {string} */ detail) => chart.tell("model", state, detail + some);
  const isListed = names.includes(model) || names.includes(`${model}:latest`);
  const refusal = answer?.code === "api_model_unknown" ? answer.message : null;
  if (refusal || (model && listed && !listed.code && !isListed && (!some || owner === "library" || owner === "vllm"))) {
    chart.fail("model", "api_model_unknown", (refusal ?? `The server does not have ${model}.`) + some);
  }
  if (isListed || (answer && !answer.code)) chart.fineBefore("answer");
  else if (!model) tell("unknown", "None is chosen.");
  else if (!listed || listed.code) tell("unknown", "The API has no list.");
  else if (owner === "llamacpp") tell("ok", "llama.cpp answers with what it has loaded, whatever the name.");
  else {
    chart.verdict = "model_unlisted";
    tell("unknown", `${model} is not listed; it may answer all the same.`);
  }
}

/** @typedef {{ code: string | null, message: string, names?: string[], body?: any }} Judgement  `body` as it is in JSON */

/** What a response to a request for models, or a refusal of any, means. @param {EngineModule} module @param {ApiGenerator} settings @param {string} url @param {Response} response @returns {Promise<Judgement>} */
async function judged(module, settings, url, response) {
  const bytes = await beginning(response, LONGEST_LIST);
  const body = await new Response(bytes).json().catch(() => null);
  try {
    const names = module.models(settings, url, response.status, (/** @type {string} */ name) => response.headers.get(name), bytes);
    return { code: null, message: "", names, body };
  } catch (error) {
    if (isCrash(error)) throw error;
    const { code, message } = /** @type {import("./errors.js").CarrelError} */ (error);
    return { code, message, body };
  }
}

/** Asks for a word. @param {EngineModule} module @param {ApiGenerator} settings @param {string} list @param {Record<string, string>} headers @param {Send} send @returns {Promise<Judgement>} */
async function question(module, settings, list, headers, send) {
  const { api, model } = settings;
  const url = questionUrl(settings, list);
  const messages = [{ role: "user", content: "Hi" }];
  const limit = url.includes("//api.openai.com") ? "max_completion_tokens" : "max_tokens";
  const body = api === "gemini" ? { contents: [{ parts: [{ text: "Hi" }] }], generationConfig: { maxOutputTokens: 1 } }
    : api === "responses" ? { model, input: "Hi", max_output_tokens: 16 } : { model, messages, [limit]: 1 };
  // A server of one's own may have to load the model first.
  const response = await send(url, { headers, body: JSON.stringify(body) }, 6 * PATIENCE);
  if (!response) return { code: "api_unreachable", message: `${url} did not answer the question.` };
  const answer = await judged(module, settings, url, response);
  // That it is no list of models was to be expected.
  const isAnswer = ["choices", "output", "content", "candidates"].some((name) => answer.body?.[name]);
  return response.ok && answer.code === "api_not_json" && isAnswer ? { code: null, message: "" } : answer;
}

/** Where a question goes. @param {ApiGenerator} settings @param {string} list where the list of models is */
function questionUrl({ api, model }, list) {
  const path = { openai: "chat/completions", responses: "responses", anthropic: "messages", gemini: `models/${model.replace("models/", "")}:generateContent` };
  return list.replace(LIST, "/") + path[api];
}

/** Whether the browser lets this page reach the machine or its network; nothing where it knows no such permission. @param {string} host */
async function permissionFor(host) {
  // Chromium's names: the newer ones tell the machine and its network apart, the older one is for both.
  for (const name of [isLoopback(host) ? "loopback-network" : "local-network", "local-network-access"]) {
    try {
      return (await navigator.permissions.query({ name: /** @type {any} */ (name) })).state;
    } catch {
      // It does not know this name.
    }
  }
  return null;
}

/** @param {string} host */
const isLoopback = (host) => /^(localhost|\[::1\]|127(\.\d+){3})$/.test(host);
/** @param {string} host */
const isPrivate = (host) => /^(10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))(\.\d+)+$|^\[f[cde]|\.local$/.test(host);
