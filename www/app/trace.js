// An answer's trace → "What was sent" and "How this answer was made". The request is shown as it was sent (only
// the white space of JSON is added, and what cannot be seen is escaped), because a promise of privacy is worth what one
// can check of it.
import { build } from "./dom.js";
import { count, duration, money, number, spaced, UNSEEN } from "./words.js";

/** @import { Measure, Trace } from "./types.js" */

/** @type {Record<string, string>} */
const STAGES = {
  rewrite: "Completed the question by those before it",
  embed: "Understood the question",
  retrieve: "Found passages",
  abstain: "Found nothing near enough, and asked no model",
  prompt: "Wrote the prompt",
  generate: "Wrote the answer",
  ground: "Checked the citations",
};

/** @param {Trace} trace */
export function makeRequest({ request, cached }) {
  const details = build("details", { class: "trace" }, build("summary", {}, "What was sent"));
  if (!request) {
    details.append(build("p", {}, "Nothing left this tab: extractive answer."));
    return details;
  }
  if (cached) {
    details.append(build("p", {}, "Nothing left this tab: the same request was answered before, and the answer kept."));
    return details;
  }
  const bytes = new TextEncoder().encode(request.body).length;
  details.append(build("p", {}, build("span", { class: "address" }, request.url), ` · ${count(bytes, "byte")}`));
  // Pretty-printing some hundred kilobytes takes a moment: only when somebody looks.
  details.addEventListener("toggle", () => {
    details.append(build("pre", { tabindex: 0 }, build("code", {}, pretty(request.body))));
  }, { once: true });
  return details;
}

/**
 * The same JSON, with white space between its parts. Letters that cannot be seen, or that reorder others, are written as
 * escapes: they are sent as well, and may be there so that the model reads what the person does not.
 * @param {string} body
 */
export function pretty(body) {
  try {
    const units = (/** @type {string} */ unseen) =>
      unseen.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    return JSON.stringify(JSON.parse(body), null, 2).replace(UNSEEN, units);
  } catch {
    return body;
  }
}

/** @param {Trace} trace @param {string} [currency] */
export function makeTimeline({ stages, firstTokenMilliseconds, measure, resent }, currency = "") {
  const total = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0) || 1;
  let before = 0;
  const rows = stages.map((stage) => {
    const bar = build("span", { class: "stretch", "aria-hidden": "true" });
    bar.style.setProperty("--from", String(before / total));
    bar.style.setProperty("--length", String(stage.milliseconds / total));
    before += stage.milliseconds;
    const words = build("span", { class: "stage" }, STAGES[stage.stage] ?? spaced(stage.stage));
    const time = build("span", { class: "time" }, duration(stage.milliseconds));
    return build("li", {}, words, build("span", { class: "track" }, bar), time, detailsOf(stage));
  });
  const facts = [
    firstTokenMilliseconds === null ? "" : `first words after ${duration(firstTokenMilliseconds)}`,
    ...(measure ? measured(measure, currency) : []),
    ...resent.map(({ code, milliseconds }) => `asked again after ${duration(milliseconds)}: ${spaced(code)}`),
  ].filter(Boolean);
  const summary = build("summary", {}, "How this answer was made", build("span", { class: "total" }, duration(total)));
  const list = build("ol", { class: "timeline" }, ...rows);
  const more = facts.length > 0 ? build("p", {}, facts.join(" · ")) : null;
  return build("details", { class: "trace" }, summary, list, more);
}

/** @param {Measure} measure @param {string} currency */
function measured({ tokens, reported, money: spent, tokensPerSecond }, currency) {
  const about = reported ? "" : "about ";
  return [
    `${about}${count(tokens.prompt, "token")} read`,
    `${about}${count(tokens.completion, "token")} written${tokens.reasoning > 0 ? `, ${number(tokens.reasoning)} of them thoughts` : ""}`,
    tokensPerSecond === null ? "" : `${number(Math.round(tokensPerSecond))} a second`,
    spent === null ? "" : money(spent, currency),
  ];
}

/**
 * Whatever else a stage tells in plain numbers and words.
 * @param {Record<string, unknown>} stage
 */
function detailsOf(stage) {
  const facts = Object.entries(stage).flatMap(([name, value]) => {
    if (name === "stage" || name === "milliseconds") return [];
    if (typeof value === "number") return [`${spaced(name)} ${number(value)}`];
    if (typeof value === "string" && value.length <= 40) return [`${spaced(name)} ${value}`];
    return [];
  });
  return facts.length > 0 ? build("span", { class: "facts" }, facts.join(" · ")) : null;
}
