// what the makers of the APIs publish → what is wrong with a request body
//
// OpenAI publishes a specification, of which `shared/` has a copy. Anthropic and Google publish typed software development
// kits; what is asked here of bodies is written after those: MessageCreateParamsStreaming of anthropic-sdk-typescript, and
// GenerateContentRequest as js-genai sends it to the Gemini API.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020 as Ajv } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { root } from "./process.mjs";

const OPENAI = resolve(root, "../shared/specs/openai/openapi.yaml");
const SCHEMAS = { openai: "CreateChatCompletionRequest", responses: "CreateResponse" };

/** A text, or texts in blocks. */
const content = {
  anyOf: [
    { type: "string", minLength: 1 },
    {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["type", "text"],
        properties: { type: { const: "text" }, text: { type: "string", minLength: 1 } },
        additionalProperties: false,
      },
    },
  ],
};
const anthropic = {
  type: "object",
  required: ["model", "messages", "max_tokens", "stream"],
  properties: {
    model: { type: "string", minLength: 1 },
    max_tokens: { type: "integer", minimum: 1 },
    messages: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["role", "content"],
        properties: { role: { enum: ["user", "assistant"] }, content },
        additionalProperties: false,
      },
    },
    system: content,
    stream: { const: true },
    temperature: { type: "number", minimum: 0, maximum: 1 },
  },
  additionalProperties: false,
};
const parts = {
  type: "array",
  minItems: 1,
  items: { type: "object", required: ["text"], properties: { text: { type: "string" } }, additionalProperties: false },
};
const gemini = {
  type: "object",
  required: ["contents"],
  properties: {
    contents: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["role", "parts"],
        properties: { role: { enum: ["user", "model"] }, parts },
        additionalProperties: false,
      },
    },
    systemInstruction: { type: "object", required: ["parts"], properties: { parts }, additionalProperties: false },
    generationConfig: {
      type: "object",
      properties: {
        temperature: { type: "number", minimum: 0, maximum: 2 },
        maxOutputTokens: { type: "integer", minimum: 1 },
      },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};

/** @type {Ajv | undefined} */
let ajv;

/**
 * What is wrong with a body, in words; nothing where it is right. Of OpenAI's, names that are not known are wrong, too.
 * @param {"openai" | "responses" | "anthropic" | "gemini"} api
 * @param {string} body
 * @returns {string[]}
 */
export function faultsOf(api, body) {
  if (!ajv) {
    ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    ajv.addSchema(nullable(parse(readFileSync(OPENAI, "utf8"), { maxAliasCount: -1 })), "openai");
    ajv.addSchema(anthropic, "anthropic");
    ajv.addSchema(gemini, "gemini");
  }
  const name = api === "openai" || api === "responses" ? `openai#/components/schemas/${SCHEMAS[api]}` : api;
  const validate = ajv.getSchema(name);
  if (!validate) throw new Error(`there is no schema ${name}`);
  const value = JSON.parse(body);
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

/** OpenAPI 3.0's way to allow null → JSON Schema's. @param {any} schema @returns {any} */
function nullable(schema) {
  if (Array.isArray(schema)) return schema.map(nullable);
  if (typeof schema !== "object" || schema === null) return schema;
  const { nullable: isNullable, ...rest } = schema;
  const inner = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, nullable(value)]));
  return isNullable === true ? { anyOf: [{ type: "null" }, inner] } : inner;
}
