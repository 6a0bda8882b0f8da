// words, ends and errors → the bytes of each API
//
// So that one table of faults is played in all four. The forms are those of the recorded streams in `streams/`.

/** @typedef {"openai" | "responses" | "anthropic" | "gemini"} Api */
/**
 * @typedef {object} Dialect
 * @property {string[]} before What the stream begins with, as events.
 * @property {(text: string) => string} word
 * @property {string} silence An event that says that the server is alive, and nothing else.
 * @property {string[]} reason The events that tell why it ended, where that comes before the end.
 * @property {string} end
 * @property {(kind: ErrorKind) => object} error The body of a refusal.
 * @property {(kind: ErrorKind) => string} errorEvent The same within a stream.
 * @property {(text: string) => object} whole The answer where nothing is streamed.
 * @property {(names: string[]) => object} models
 */
/** @typedef {{ status: number, type: string, code?: string, message: string }} ErrorKind */

/** An event with the name that stands in it, where it has one. @param {{ type?: string } & Record<string, unknown>} data */
const event = (data) => `${data.type ? `event: ${data.type}\n` : ""}data: ${JSON.stringify(data)}\n\n`;

/** @param {object} delta @param {string | null} reason */
const chunk = (delta, reason = null) =>
  event({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: reason }] });
/** @param {object} candidate */
const candidate = (candidate) => event({ candidates: [{ index: 0, ...candidate }], modelVersion: "m" });
const openaiError = (/** @type {ErrorKind} */ { type, code, message }) => ({ error: { message, type, param: null, code: code ?? null } });
const openaiModels = (/** @type {string[]} */ names) => ({ object: "list", data: names.map((id) => ({ id, object: "model" })) });
/** @param {string} text */
const output = (text) => [{ type: "message", role: "assistant", content: [{ type: "output_text", text, annotations: [] }] }];

/** @type {Record<Api, Dialect>} */
export const dialects = {
  openai: {
    before: [chunk({ role: "assistant", content: "" })],
    word: (content) => chunk({ content }),
    silence: chunk({}),
    reason: [chunk({}, "stop")],
    end: "data: [DONE]\n\n",
    error: openaiError,
    errorEvent: (kind) => event(openaiError(kind)),
    whole: (content) => ({ object: "chat.completion", choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }] }),
    models: openaiModels,
  },
  responses: {
    before: [event({ type: "response.created", response: { id: "r", status: "in_progress", output: [] } })],
    word: (delta) => event({ type: "response.output_text.delta", item_id: "i", output_index: 0, content_index: 0, delta }),
    silence: event({ type: "response.in_progress", response: { id: "r", status: "in_progress" } }),
    reason: [],
    end: event({ type: "response.completed", response: { id: "r", status: "completed", output: [] } }),
    error: openaiError,
    errorEvent: ({ type, code = type, message }) =>
      event({ type: "response.failed", response: { id: "r", status: "failed", error: { code, message } } }),
    whole: (text) => ({ id: "r", object: "response", status: "completed", output: output(text) }),
    models: openaiModels,
  },
  anthropic: {
    before: [
      event({ type: "message_start", message: { id: "m", role: "assistant", content: [], usage: { input_tokens: 9, output_tokens: 1 } } }),
      event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    ],
    word: (text) => event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
    silence: event({ type: "ping" }),
    reason: [
      event({ type: "content_block_stop", index: 0 }),
      event({ type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 12 } }),
    ],
    end: event({ type: "message_stop" }),
    error: ({ type, message }) => ({ type: "error", error: { type, message } }),
    errorEvent: ({ type, message }) => event({ type: "error", error: { type, message } }),
    whole: (text) => ({ type: "message", role: "assistant", content: [{ type: "text", text }], stop_reason: "end_turn" }),
    models: (names) => ({ data: names.map((id) => ({ type: "model", id })), has_more: false }),
  },
  gemini: {
    before: [],
    word: (text) => candidate({ content: { parts: [{ text }], role: "model" } }),
    silence: candidate({ content: { parts: [{ text: "" }], role: "model" } }),
    reason: [],
    end: candidate({ content: { parts: [{ text: "" }], role: "model" }, finishReason: "STOP" }),
    error: ({ status, type, message }) => ({ error: { code: status, message, status: type.toUpperCase() } }),
    errorEvent: ({ status, type, message }) => event({ error: { code: status, message, status: type.toUpperCase() } }),
    whole: (text) => ({ candidates: [{ content: { parts: [{ text }], role: "model" }, finishReason: "STOP" }] }),
    models: (names) => ({ models: names.map((name) => ({ name: `models/${name}`, supportedGenerationMethods: ["generateContent"] })) }),
  },
};

/** Which API a request speaks, by the end of its address. @param {string} path @returns {Api} */
export function apiOf(path) {
  if (path.includes("/responses")) return "responses";
  if (path.includes("/messages")) return "anthropic";
  return /:streamGenerateContent|:generateContent|pageSize=/.test(path) ? "gemini" : "openai";
}
