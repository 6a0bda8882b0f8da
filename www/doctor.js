// where a language model is said to be → what stands between this page and its answers
//
// To a page all that goes wrong before a server's first word looks the same: the request failed. What it was comes out
// when the same address is asked in several ways, each with less that may be refused: with all headers of a question,
// with none, and without wanting to read the answer. Only the person's own address is asked, and the key goes along only
// where a question would take it; nothing is asked of the model unless the person agrees.

import { beginning, LONGEST_LIST, PRIVATELY } from "./answering.js";
import { isCrash } from "./errors.js";

/**
 * @typedef {typeof import("./engine.js")} EngineModule
 * @typedef {import("./options.js").ApiGenerator} ApiGenerator
 * @typedef {import("./carrel.js").Step} Step
 * @typedef {Step["name"]} StepName
 * @typedef {Partial<Pick<Step, "remedy" | "command">>} Advice
 */

/** In the order in which one rests on the other. @type {StepName[]} */
const NAMES = ["address", "permission", "server", "cors", "key", "model", "answer"];
/** A server is waited for so long, in milliseconds: the browser may be asking the person first. */
const PATIENCE = 20_000;
/** The answer to a question may have to wait until a model is loaded. */
const LONG_PATIENCE = 120_000;

/**
 * Servers of one's own, by the port that they have of themselves: by what they can be told apart before they can be
 * read. How each is started, and started so that a page may ask it.
 * @type {Record<string, { name: string, start: string, remedy: string, allow: (origin: string) => string }>}
 */
const SERVERS = {
  11434: { name: "Ollama", start: "ollama serve", remedy: "Quit Ollama where it runs already, and start it with", allow: (origin) => `OLLAMA_ORIGINS=${origin} ollama serve` },
  1234: { name: "LM Studio", start: "lms server start", remedy: "In LM Studio: Developer → Server Settings → Enable CORS. Or start it with", allow: () => "lms server start --cors" },
  8080: { name: "llama.cpp", start: "llama-server -m MODEL.gguf", remedy: "Start llama.cpp's server again, with one option more:", allow: (origin) => `llama-server --cors-origins ${origin}` },
  8000: { name: "vLLM", start: "vllm serve MODEL", remedy: "Start vLLM again, with one option more:", allow: (origin) => `vllm serve MODEL --allowed-origins '["${origin}"]'` },
};

/** Ends the examination: what comes after cannot be found out. */
const ENOUGH = Symbol("enough");

/**
 * @param {EngineModule} module
 * @param {ApiGenerator} generator  its model may be empty
 * @param {boolean} ask whether a word may be asked for, which may cost
 * @param {{ signal: AbortSignal, emit: (step: Step) => void }} conversation
 * @returns {Promise<import("./carrel.js").Diagnosis>}
 */
export async function diagnose(module, generator, ask, { signal, emit }) {
  const { api, baseUrl, model = "", apiKey } = generator;
  const chart = new Chart(emit);
  try {
    await examine(chart, module, { api, baseUrl, model: model.trim(), ...(apiKey ? { apiKey } : {}) }, ask, signal);
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  const told = new Set(chart.steps.map(({ name }) => name));
  for (const name of NAMES) if (!told.has(name)) chart.tell(name, "skipped", "It rests on what failed before.");
  return { steps: chart.steps, verdict: chart.verdict };
}

/** What was found out. */
class Chart {
  /** @type {Step[]} */ steps = [];
  verdict = "ok";
  #emit;

  /** @param {(step: Step) => void} emit */
  constructor(emit) {
    this.#emit = emit;
  }

  /** @param {StepName} name @param {Step["state"]} state @param {string} detail @param {Advice} [advice] */
  tell(name, state, detail, advice) {
    const step = { name, state, detail, remedy: null, command: null, ...advice };
    this.steps.push(step);
    this.#emit(step);
  }

  /** @param {StepName} name @param {string} code @param {string} detail @param {Advice} [advice] @returns {never} */
  fail(name, code, detail, advice) {
    this.verdict = code;
    this.tell(name, "failed", detail, advice);
    throw ENOUGH;
  }
}

/** @param {Chart} chart @param {EngineModule} module @param {ApiGenerator} settings @param {boolean} ask @param {AbortSignal} signal */
async function examine(chart, module, settings, ask, signal) {
  const { url, headers, address } = await checkedAddress(chart, module, settings);
  const all = { ...Object.fromEntries(headers), "content-type": "application/json" }; // Those of a question.
  const response = await reach(chart, address, url, all, signal);
  const listed = await judged(module, settings, url, response);
  // Many have no list of models; a web page is no API, whatever its status.
  const hasList = listed.code !== "api_model_unknown";
  if (hasList && listed.code && listed.code !== "api_unauthorized" && listed.code !== "api_quota_exceeded") {
    chart.fail("server", listed.code, listed.message);
  }
  const asked = listed.code === "api_unauthorized" ? null : await probe(questionUrl(settings, url), all, signal);
  const refused = asked && !asked.ok ? await judged(module, settings, asked.url, asked) : null;
  if (!hasList && asked?.status === 404) {
    chart.fail("server", "api_not_json", `A server answers at ${address.host}, but it has no API at ${url.replace(/\/models\b.*/, "")}.`, { remedy: "Check the base URL, which usually ends in /v1." });
  }
  chart.tell("server", "ok", `A server answers at ${address.host}.`);
  chart.tell("cors", "ok", `It lets ${location.origin} ask.`);
  const unauthorized = [listed, refused].find((each) => each?.code === "api_unauthorized");
  if (unauthorized) chart.fail("key", "api_unauthorized", unauthorized.message, { remedy: settings.apiKey ? "Copy the key again from the account there, or make a new one." : "This server wants a key: enter it." });
  if (asked) chart.tell("key", "ok", settings.apiKey ? "The key is taken." : "No key is wanted.");
  else chart.tell("key", "unknown", "The server did not say whether it takes the key.");

  const answer = ask && settings.model ? await question(module, settings, url, all, signal) : null;
  checkModel(chart, settings.model, hasList ? listed : null, answer);
  const quota = [listed, refused, answer].find((each) => each?.code === "api_quota_exceeded");
  if (quota) chart.fail("answer", "api_quota_exceeded", quota.message, { remedy: "Add credit or raise the limit in the account there." });
  if (answer?.code) chart.fail("answer", answer.code, answer.message);
  if (answer) chart.tell("answer", "ok", "The model answers.");
  else chart.tell("answer", "skipped", ask ? "There is no model to ask." : "Not asked: an answer may cost.");
}

/** Is it an address, and may this page ask it at all? @param {Chart} chart @param {EngineModule} module @param {ApiGenerator} settings */
async function checkedAddress(chart, module, settings) {
  let url = "";
  let headers = /** @type {[string, string][]} */ ([]);
  let address = new URL("http://nowhere");
  try {
    [url, headers] = module.modelsRequest(settings);
    address = new URL(url);
  } catch (error) {
    if (isCrash(error)) throw error;
    const isOfKey = /apiKey/.test(String(error));
    chart.fail(isOfKey ? "key" : "address", "option_invalid", url ? `${url} is no address.` : /** @type {Error} */ (error).message);
  }
  if (address.username || address.password) {
    chart.fail("address", "option_invalid", "The address holds a user name or a password, which browsers do not send.", { remedy: "Take them out; a key has a field of its own." });
  }
  const isMixed = location.protocol === "https:" && address.protocol === "http:" && !isLoopback(address.hostname);
  // Browsers with a permission for the network of one's own let a page that has it ask there by http.
  if (isMixed && !(isPrivate(address.hostname) && (await permissionFor(address.hostname)) !== null)) {
    chart.fail("address", "mixed_content", `This page came by https, and ${address.origin} is http: browsers let no page mix the two, except for this very machine.`, { remedy: "Give the server an https address, or open this page from this machine by http." });
  }
  chart.tell("address", "ok", `${url.replace(/\/models\b.*/, "")} is an address that this page may ask.`);
  return { url, headers, address };
}

/** Gets the list of models as a question would be sent, or finds out why not. @param {Chart} chart @param {URL} address @param {string} url @param {Record<string, string>} headers @param {AbortSignal} signal */
async function reach(chart, address, url, headers, signal) {
  const clock = performance.now();
  const isLocal = isLoopback(address.hostname) || isPrivate(address.hostname);
  const ask = (/** @type {RequestInit} */ init) => sent(url, init, PATIENCE, signal);
  const response = await ask({ headers, redirect: "manual" });
  const isSilent = performance.now() - clock >= PATIENCE;
  const bare = response ?? (isSilent ? null : await ask({ redirect: "manual" }));
  // Without CORS browsers follow redirects or refuse to ask; this request has no key, no cookie and no referrer.
  const isThere = bare !== null || (!isSilent && (await ask({ mode: "no-cors", redirect: "follow" })) !== null);
  const permission = isLocal ? await permissionFor(address.hostname) : null;
  if (isThere || permission === "granted") chart.tell("permission", "ok", "The browser lets this page reach it.");
  else if (permission === null || (permission === "prompt" && isLoopback(location.hostname))) {
    chart.tell("permission", "skipped", isLocal ? "The browser asks for none here." : "None is needed: it is not on this machine or its network.");
  }
  else if (permission === "denied") {
    chart.fail("permission", "permission_denied", `The browser keeps ${location.origin} from reaching this machine and its network.`, globalThis.isSecureContext
      ? { remedy: "Allow it: the sign left of the address → site settings → Local network access (“Apps on device”), then load the page again." }
      : { remedy: "Only pages that came by https may ask for that: open this page by https, or from this machine." });
  } else chart.tell("permission", "unknown", "Where the browser asks whether this page may reach devices, choose “Allow”, and check again.");

  const server = isLocal ? SERVERS[address.port] : undefined;
  if (!isThere) {
    chart.fail("server", isSilent ? "api_timeout" : "no_server", isSilent
      ? `${address.host} takes connections and does not answer within ${PATIENCE / 1000} s.`
      : `Nothing that speaks ${address.protocol.slice(0, -1)} answers at ${address.host}.`,
    server ? { remedy: `Start ${server.name}${address.port === "8080" ? "'s server" : ""}, if it is to be there, with`, command: server.start } : { remedy: "Start the server, and check the host and the port of the base URL." });
  }
  if (bare?.type === "opaqueredirect") {
    chart.fail("server", "redirected", `${address.host} sends requests on to another address, which Carrel does not follow: nothing goes where you did not send it.`, { remedy: "Enter the address that it leads to." });
  }
  if (response) return response;
  chart.tell("server", "ok", `A server answers at ${address.host}.`);
  const what = bare
    ? `It lets ${location.origin} ask, but not with the headers of a question: ${Object.keys(headers).join(", ")}.`
    : `It does not let ${location.origin} read what it answers (CORS).${server ? "" : " Some, such as vLLM, refuse a wrong key in a way that looks the same."}`;
  chart.fail("cors", "cors_refused", what, server ? { remedy: server.remedy, command: server.allow(location.origin) } : {
    remedy: isLocal
      ? Object.values(SERVERS).map(({ name, allow }) => `${name}: ${allow(location.origin)}`).join("\n")
      : `Its owner must allow ${location.origin}; or choose an API that pages may ask.`,
  });
}

/** Is the model there? @param {Chart} chart @param {string} model @param {Judgement | null} listed @param {Judgement | null} answer */
function checkModel(chart, model, listed, answer) {
  const { names = [], body } = listed ?? {};
  const owner = body?.data?.[0]?.owned_by; // So servers of one's own give themselves away.
  const some = names.length > 0 ? ` There are ${names.slice(0, 5).join(", ")}${names.length > 5 ? " and more" : ""}.` : "";
  const unknown = (/** @type {string} */ detail) => chart.fail("model", "api_model_unknown", detail, {
    remedy: names.length > 0 ? "Choose one of those that are there." : "Load a model there.", ...(owner === "library" && model ? { command: `ollama pull ${model}` } : {}),
  });
  if (answer?.code === "api_model_unknown") return unknown(answer.message + some);
  if (!model) return chart.tell("model", "unknown", `No model is chosen.${some}`);
  if (answer && !answer.code) return chart.tell("model", "ok", `${model} answers.`);
  if (!listed || listed.code) return chart.tell("model", "unknown", "The API has no list of its models.");
  if (names.includes(model) || names.includes(`${model}:latest`)) return chart.tell("model", "ok", `${model} is there.`);
  if (owner === "llamacpp") return chart.tell("model", "ok", `llama.cpp answers by the model that it has loaded, whatever the name.`);
  if (names.length === 0 || owner === "library" || owner === "vllm") return unknown(`The server does not have ${model}.${some}`);
  chart.verdict = "model_unlisted";
  chart.tell("model", "unknown", `The list there does not have ${model}; it may answer all the same.${some}`);
}

/** @typedef {{ code: string | null, message: string, names?: string[], body?: any }} Judgement  `body` as it is in JSON */

/** What a response to a request for models, or a refusal of any, means. @param {EngineModule} module @param {ApiGenerator} settings @param {string} url @param {Response} response @returns {Promise<Judgement>} */
async function judged(module, settings, url, response) {
  const bytes = await beginning(response, LONGEST_LIST);
  const body = parsed(bytes);
  try {
    const names = module.models(settings, url, response.status, (/** @type {string} */ name) => response.headers.get(name), bytes);
    return { code: null, message: "", names, body };
  } catch (error) {
    if (isCrash(error)) throw error;
    const { code, message } = /** @type {import("./errors.js").CarrelError} */ (error);
    return { code, message, body };
  }
}

/** @param {Uint8Array} bytes @returns {any} */
function parsed(bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Sends what no API can take for a question, only to hear whether it takes the key. @param {string} url @param {Record<string, string>} headers @param {AbortSignal} signal */
function probe(url, headers, signal) {
  return sent(url, { method: "POST", headers, body: "{" }, PATIENCE, signal);
}

/** Asks for a word. @param {EngineModule} module @param {ApiGenerator} settings @param {string} list @param {Record<string, string>} headers @param {AbortSignal} signal @returns {Promise<Judgement>} */
async function question(module, settings, list, headers, signal) {
  const { api, model } = settings;
  const messages = [{ role: "user", content: "Hi" }];
  const url = questionUrl(settings, list);
  const body = {
    openai: { model, messages, [url.includes("//api.openai.com") ? "max_completion_tokens" : "max_tokens"]: 1 },
    responses: { model, input: messages, max_output_tokens: 16, store: false },
    anthropic: { model, messages, max_tokens: 1 },
    gemini: { contents: [{ role: "user", parts: [{ text: "Hi" }] }], generationConfig: { maxOutputTokens: 1 } },
  }[api];
  const response = await sent(url, { method: "POST", headers, body: JSON.stringify(body) }, LONG_PATIENCE, signal);
  if (!response) return { code: "api_unreachable", message: `${url} did not answer the question.` };
  const answer = await judged(module, settings, url, response);
  // That it is no list of models was to be expected.
  const isAnswer = ["choices", "output", "content", "candidates"].some((name) => answer.body?.[name]);
  return response.ok && answer.code === "api_not_json" && isAnswer ? { code: null, message: "" } : answer;
}

/** Where a question goes. @param {ApiGenerator} settings @param {string} list where the list of models is */
function questionUrl({ api, model }, list) {
  const base = list.replace(/\/models(\?.*)?$/, "");
  const path = { openai: "/chat/completions", responses: "/responses", anthropic: "/messages", gemini: `/models/${model.replace(/^models\//, "")}:generateContent` };
  return base + path[api];
}

/** @param {string} url @param {RequestInit} init @param {number} patience @param {AbortSignal} signal @returns {Promise<Response | null>} nothing where it failed or took too long */
async function sent(url, init, patience, signal) {
  try {
    return await fetch(url, { ...PRIVATELY, ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) });
  } catch {
    signal.throwIfAborted();
    return null;
  }
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
const isLoopback = (host) => host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
/** @param {string} host */
const isPrivate = (host) => host.endsWith(".local") || /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|\[f[cde])/.test(host);
