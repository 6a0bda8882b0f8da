// the names of faults → what a server does, and what must come of it
//
// What a real server does not do when asked: refuse, stall, break off, answer with a web page. Each row says what
// happens in words, plays it, and tells how a question must end: with the right answer, or with a code and with the
// words that came before. `arrives` is how often the question may reach the server, at least and at most: what was
// refused for good, or has begun to be answered, is never sent again.

/** @typedef {import("./dialects.mjs").Dialect} Dialect */
/** @typedef {import("./dialects.mjs").ErrorKind} ErrorKind */
/**
 * @typedef {object} Stage What a fault is played on: one request, and the means to answer it.
 * @property {import("node:http").ServerResponse} response
 * @property {Dialect} dialect
 * @property {number} attempt How often this question has come, from 1.
 * @property {string} elsewhere The address of another server, which must hear nothing.
 * @property {string} text What a right answer says.
 * @property {(bytes: string | Buffer) => Promise<void>} write
 * @property {(type?: string) => Promise<void>} open Sends status 200, and what a stream begins with.
 * @property {(text: string) => Promise<void>} say Streams a text, word by word.
 * @property {() => Promise<void>} finish Ends a stream as it should.
 * @property {(status: number, body: string | object, headers?: Record<string, string>) => void} refuse
 * @property {(kind: ErrorKind, headers?: Record<string, string>) => void} fail Refuses in the API's own words.
 * @property {(milliseconds: number) => Promise<void>} pause
 * @property {() => void} reset Breaks the connection.
 */
/**
 * @typedef {object} Fault
 * @property {string} what
 * @property {(stage: Stage) => unknown} play
 * @property {string} [code] How it ends; nothing: with the right answer.
 * @property {RegExp} [says] What the message must say.
 * @property {string} [partial] The words that came before, which stay.
 * @property {[least: number, most: number]} [arrives]
 * @property {"retries" | "timeouts"} [needs] Without these options of the generator it does not end so, or not soon.
 * @property {boolean} [everywhere] Whether it is played in all APIs: the others have the same bytes, or the same HTTP.
 * @property {number} [takes] At least so many milliseconds.
 * @property {number} [within] At most so many milliseconds.
 * @property {"before" | "after" | "headers"} [cors] Refused to the page: the question, the answer to it, or only the
 *   headers that a question has.
 * @property {boolean} [always] Whether a list of models, or what is no question, meets the same.
 */

/** Words of an answer that breaks off. */
export const beginning = "The reading room closes at half past six";
/** Words of an answer that comes whole; more than one byte for a character, and more than one unit of UTF-16. */
export const whole = "It closes at half past six in the evening, says the keeper Zoë 🦉.";

export const webPage =
  "<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>";

const once = /** @type {[number, number]} */ ([1, 1]);
/** With two further attempts allowed. */
const thrice = /** @type {[number, number]} */ ([3, 3]);
const upToThrice = /** @type {[number, number]} */ ([1, 3]);

/** @type {Record<string, ErrorKind>} */
const kinds = {
  tooLarge: { status: 400, type: "invalid_request_error", message: "max_tokens is too large: 99999" },
  key: { status: 401, type: "authentication_error", code: "invalid_api_key", message: "Incorrect API key provided" },
  credit: { status: 402, type: "billing_error", message: "Your credit balance is too low" },
  forbidden: { status: 403, type: "permission_error", message: "Your key may not use this model" },
  model: { status: 404, type: "not_found_error", code: "model_not_found", message: "The model `nobody` does not exist" },
  long: { status: 400, type: "invalid_request_error", code: "context_length_exceeded", message: "This model's maximum context length is 512 tokens" },
  unprocessable: { status: 422, type: "invalid_request_error", message: "temperature: Input should be at most 2" },
  rate: { status: 429, type: "rate_limit_error", code: "rate_limit_exceeded", message: "Rate limit reached for requests" },
  quota: { status: 429, type: "insufficient_quota", code: "insufficient_quota", message: "You exceeded your current quota" },
  engine: { status: 500, type: "server_error", message: "The engine is overloaded" },
  unavailable: { status: 503, type: "unavailable", message: "The model is being loaded" },
  overloaded: { status: 529, type: "overloaded_error", message: "Overloaded" },
};

/** Answers as it should. @param {Stage} stage */
async function answer(stage) {
  await stage.open();
  await stage.say(stage.text);
  await stage.finish();
}

/** @param {ErrorKind} kind @returns {Fault["play"]} */
const fail = (kind) => (stage) => stage.fail(kind);
/** Refuses so many times, then answers. @param {number} times @param {ErrorKind} kind @param {Record<string, string>} [headers] @returns {Fault["play"]} */
const failThenAnswer = (times, kind, headers) => (stage) =>
  stage.attempt > times ? answer(stage) : stage.fail(kind, headers);
/** Begins an answer, then does something else. @param {Fault["play"]} then @returns {Fault["play"]} */
const beginThen = (then) => async (stage) => {
  await stage.open();
  await stage.say(beginning);
  await then(stage);
};
/** Until the page lets go. @param {Stage} stage @param {string} bytes */
async function forEver({ response, write, pause }, bytes) {
  while (!response.closed) {
    await write(bytes);
    await pause(50);
  }
}

/** @type {Record<string, Fault>} */
export const faults = {
  says: { what: "none: the right answer", play: answer, everywhere: true },

  // Refused for good.
  400: { what: "a bad request", play: fail(kinds.tooLarge), code: "api_rejected", says: /max_tokens is too large/, everywhere: true },
  401: { always: true, what: "a wrong key", play: fail(kinds.key), code: "api_unauthorized", says: /Incorrect API key.*Check the key/, everywhere: true },
  402: { what: "no credit", play: fail(kinds.credit), code: "api_quota_exceeded", says: /credit balance/, everywhere: true },
  403: { always: true, what: "a key that may not", play: fail(kinds.forbidden), code: "api_unauthorized", everywhere: true },
  404: { what: "an unknown model", play: fail(kinds.model), code: "api_model_unknown", says: /"nobody".*does not exist/, everywhere: true },
  413: { always: true, what: "a body that is too large, told by a proxy's web page", play: (stage) => stage.refuse(413, webPage), code: "api_context_exceeded", everywhere: true },
  422: { what: "an option that is refused", play: fail(kinds.unprocessable), code: "api_rejected", says: /temperature/ },
  "too-long": { what: "a prompt longer than the context", play: fail(kinds.long), code: "api_context_exceeded" },
  quota: { what: "429 that means: no credit", play: fail(kinds.quota), code: "api_quota_exceeded", needs: "retries", says: /Add credit/ },
  html: { always: true, what: "200 with a web page", play: (stage) => stage.refuse(200, webPage), code: "api_not_json", says: /web page.*usually ends in \/v1/, everywhere: true },
  empty: { always: true, what: "200 with nothing", play: (stage) => stage.refuse(200, ""), code: "api_not_json", everywhere: true },
  "other-json": { always: true, what: "200 with JSON that is no answer", play: (stage) => stage.refuse(200, { status: "ok" }), code: "api_not_json", everywhere: true },
  "error-as-200": { what: "200 with an error", play: ({ refuse, dialect }) => refuse(200, dialect.error(kinds.key)), code: "api_unauthorized" },

  // Refused for now: sent again, as often as was allowed.
  429: { what: "too many requests, every time", play: fail(kinds.rate), code: "api_rate_limited", arrives: thrice, needs: "retries", says: /Rate limit.*Wait a little/, everywhere: true },
  "429-once": { what: "too many requests, once", play: failThenAnswer(1, kinds.rate), arrives: [2, 2], needs: "retries", everywhere: true },
  "429-retry-after": { what: "too many requests, once, and a second to wait", play: failThenAnswer(1, kinds.rate, { "retry-after": "1" }), arrives: [2, 2], needs: "retries", takes: 1000 },
  "429-retry-after-hour": { what: "too many requests, and an hour to wait, which is too long", play: (stage) => stage.fail(kinds.rate, { "retry-after": "3600" }), code: "api_rate_limited", needs: "retries", says: /Wait 3600 s/, within: 3000 },
  500: { what: "a fault of the server, every time", play: fail(kinds.engine), code: "api_server", arrives: thrice, needs: "retries", says: /try again in a moment/, everywhere: true },
  502: { always: true, what: "a proxy's web page", play: (stage) => stage.refuse(502, webPage), code: "api_server", arrives: thrice, needs: "retries", says: /web page instead of an answer/ },
  503: { always: true, what: "not ready, every time", play: fail(kinds.unavailable), code: "api_overloaded", arrives: thrice, needs: "retries", everywhere: true },
  "503-twice": { what: "not ready, twice", play: failThenAnswer(2, kinds.unavailable), arrives: thrice, needs: "retries", everywhere: true },
  504: { what: "a proxy that gave up, without a word", play: (stage) => stage.refuse(504, ""), code: "api_server", arrives: thrice, needs: "retries", says: /gave no reason/ },
  529: { what: "Anthropic's overload, every time", play: fail(kinds.overloaded), code: "api_overloaded", arrives: thrice, needs: "retries", everywhere: true },
  "endless-refusal": {
    what: "500 with a body that never ends", code: "api_server", arrives: thrice, needs: "retries",
    async play(stage) {
      stage.response.writeHead(500, { "content-type": "text/plain" });
      await forEver(stage, "failed ".repeat(4000));
    },
  },
  "silent-refusal": {
    what: "500 whose body never comes", code: "api_timeout", needs: "timeouts",
    play: ({ response }) => response.writeHead(500, { "content-type": "application/json" }).flushHeaders(),
  },

  // The connection. One that was used before and breaks is made anew by the browser itself, which asks once more.
  "reset-before": { always: true, what: "broken before the headers", play: (stage) => stage.reset(), code: "api_unreachable", arrives: [1, 6], needs: "retries", everywhere: true },
  "reset-before-once": { what: "broken before the headers, once", play: (stage) => (stage.attempt > 1 ? answer(stage) : stage.reset()), arrives: [2, 2], needs: "retries" },
  "reset-after-headers": {
    what: "broken between the headers and the first word", code: "api_stream_cut", arrives: upToThrice, needs: "retries",
    async play(stage) {
      stage.response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      await stage.pause(100);
      stage.reset();
    },
  },
  cut: { what: "broken in mid-stream", play: beginThen(async ({ pause, reset }) => { await pause(200); reset(); }), code: "api_stream_cut", partial: beginning, says: /ask again for the rest/, everywhere: true },
  ended: { what: "a stream that ends without its end", play: beginThen(({ response }) => response.end()), code: "api_stream_cut", partial: beginning, everywhere: true },
  "half-character": {
    what: "ended within a character of two bytes", code: "api_stream_cut", partial: beginning, everywhere: true,
    play: beginThen(async ({ write, response, dialect }) => {
      const bytes = Buffer.from(dialect.word("Zoë"));
      await write(bytes.subarray(0, bytes.indexOf("ë") + 1));
      response.end();
    }),
  },
  "half-event": { what: "ended within an event", play: beginThen(({ response, dialect }) => response.end(dialect.word(" in the evening").slice(0, -9))), code: "api_stream_cut", partial: beginning, everywhere: true },
  "shorter-than-said": {
    what: "broken before the length that was announced", code: "api_stream_cut", partial: beginning,
    async play(stage) {
      stage.response.setHeader("content-length", "100000");
      await beginThen(({ pause, reset }) => pause(100).then(reset))(stage);
    },
  },
  "no-gzip": {
    what: "announced as compressed, and it is not", code: "api_stream_cut", arrives: upToThrice, needs: "retries",
    play: ({ response }) => response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" }).end("data: nothing\n\n"),
  },
  redirect: { always: true, what: "sent on to another path", play: (stage) => stage.refuse(307, "", { location: "/says/v1/chat/completions" }), code: "api_unreachable", needs: "retries" },
  "redirect-elsewhere": { always: true, what: "sent on to another server", play: (stage) => stage.refuse(307, "", { location: `${stage.elsewhere}/says/v1/chat/completions` }), code: "api_unreachable", needs: "retries" },
  "no-cors": { always: true, what: "the page may not ask (CORS)", play: answer, cors: "before", code: "api_unreachable", arrives: [0, 0], needs: "retries", says: /CORS.*OLLAMA_ORIGINS/, everywhere: true },
  "no-cors-after": { always: true, what: "the page may ask, and not read the answer (CORS)", play: answer, cors: "after", code: "api_unreachable", needs: "retries" },
  "no-cors-refused": { always: true, what: "the page may ask, and not read the refusal (CORS)", play: fail(kinds.key), cors: "after", code: "api_unreachable", needs: "retries" },

  "no-cors-headers": { what: "the page may ask, but not with the headers of a question (CORS)", play: answer, cors: "headers", code: "api_unreachable", arrives: [0, 0], needs: "retries" },

  // Time.
  silent: { always: true, what: "takes the request and says nothing", play: () => {}, code: "api_timeout", arrives: upToThrice, needs: "timeouts", says: /timeouts\.(connect|total)/, everywhere: true },
  "silent-after-headers": { what: "sends headers and nothing more", play: ({ response }) => response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders(), code: "api_timeout", needs: "timeouts", says: /timeouts\.(firstToken|total)/ },
  "silent-in-mid-stream": { what: "stops in the middle, and stays on the line", play: beginThen(() => {}), code: "api_timeout", partial: beginning, needs: "timeouts", says: /timeouts\.silence/, everywhere: true },
  pings: { what: "says that it is alive, for ever, and never a word", play: async (stage) => { await stage.open(); await forEver(stage, stage.dialect.silence); }, code: "api_timeout", needs: "timeouts", says: /timeouts\.(firstToken|total)/, everywhere: true },
  "pings-in-mid-stream": { what: "words, then only signs of life", play: beginThen((stage) => forEver(stage, stage.dialect.silence)), code: "api_timeout", partial: beginning, needs: "timeouts", says: /timeouts\.silence/, everywhere: true },
  "comments-for-ever": { what: "only comments, for ever", play: async (stage) => { await stage.open(); await forEver(stage, ": PROCESSING\n\n"); }, code: "api_timeout", needs: "timeouts" },
  "never-ending": { what: "words without end", play: beginThen((stage) => forEver(stage, stage.dialect.word(" and"))), code: "api_timeout", partial: `${beginning} and and`, needs: "timeouts", says: /timeouts\.total/, everywhere: true },
  slow: { what: "a word now and then, each soon enough", play: async (stage) => { await stage.open(); for (const word of stage.text.split(/(?<=half )/)) { await stage.say(word); await stage.pause(500); } await stage.finish(); }, needs: "timeouts" },

  // The stream.
  "error-in-stream": { what: "an error in mid-stream", play: beginThen(({ write, dialect, response }) => write(dialect.errorEvent(kinds.overloaded)).then(() => response.end())), code: "api_overloaded", partial: beginning, everywhere: true },
  "error-then-silence": { what: "an error in mid-stream, and the line stays open", play: beginThen(({ write, dialect }) => write(dialect.errorEvent(kinds.overloaded))), code: "api_overloaded", partial: beginning, everywhere: true },
  "error-first": { what: "an error as the first event", play: async ({ open, write, dialect, response }) => { await open(); await write(dialect.errorEvent(kinds.quota)); response.end(); }, code: "api_quota_exceeded", needs: "retries", everywhere: true },
  "no-json": { what: "an event that is no JSON", play: beginThen(({ write }) => write("data: {nonsense\n\n")), code: "api_not_json", partial: beginning, everywhere: true },
  "no-text": { what: "an event with a byte that no text has", play: beginThen(({ write, dialect }) => { const bytes = Buffer.from(dialect.word("?")); bytes[bytes.lastIndexOf("?")] = 0xff; return write(bytes); }), code: "api_not_json", partial: beginning },
  "endless-line": { what: "a line without end", play: beginThen(async (stage) => { await stage.write("data: "); await forEver({ ...stage, pause: async () => {} }, "x".repeat(1 << 20)); }), code: "api_not_json", says: /data without end/, partial: beginning, within: 15_000 },
  "10-MB-event": { what: "an event of 10 MB, then the answer", play: async (stage) => { await stage.open(); await stage.write(`data: ${JSON.stringify({ type: "ping", object: "padding", padding: "x".repeat(10_000_000) })}\n\n`); await stage.say(stage.text); await stage.finish(); }, everywhere: true, within: 15_000 },
  "10-MB-comment": { what: "a comment of 10 MB, then the answer", play: async (stage) => { await stage.open(); await stage.write(`: ${"x".repeat(10_000_000)}\n\n`); await stage.say(stage.text); await stage.finish(); }, within: 15_000 },
  "split-characters": { what: "cut after every byte", play: async (stage) => { await stage.open(); for (const byte of Buffer.from(stage.dialect.word(stage.text))) { await stage.write(Buffer.of(byte)); } await stage.finish(); }, everywhere: true },
  "wrong-type": { what: "a stream that is called a picture", play: async (stage) => { await stage.open("image/png"); await stage.say(stage.text); await stage.finish(); }, everywhere: true },
  "not-streamed": { what: "the answer whole, as JSON", play: ({ refuse, dialect, text }) => refuse(200, dialect.whole(text)), everywhere: true },
  "other-line-ends": { what: "a byte-order mark, comments, and ends of lines as Windows has them", play: async (stage) => { const { response, dialect } = stage; response.writeHead(200, { "content-type": "text/event-stream" }); const all = [...dialect.before, dialect.word(stage.text), ...dialect.reason, dialect.end].join(": PROCESSING\n\n"); response.end(`\ufeff${all.replaceAll("\n", "\r\n")}`); }, everywhere: true },
  "open-after-its-end": { what: "whole, and the line stays open", play: async (stage) => { await stage.open(); await stage.say(stage.text); await stage.write(stage.dialect.reason.join("") + stage.dialect.end); } },
  "no-end-mark": { what: "whole, without the mark of the end", play: async (stage) => { await stage.open(); await stage.say(stage.text); stage.response.end(stage.dialect.reason.join("")); } },
  "more-after-its-end": { what: "whole, and then more words", play: async (stage) => { await stage.open(); await stage.say(stage.text); await stage.write(stage.dialect.reason.join("") + stage.dialect.end + stage.dialect.word("Buy our book!")); stage.response.end(); } },
};
