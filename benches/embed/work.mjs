// tokens of a passage → operations that BERT needs for them
//
// The products alone, linear layers and attention, a multiplication and an addition counted as two; what a program does
// beside them, or does not do, is its own affair.

import { readFileSync } from "node:fs";

/** @param {string} configFile The model's config.json. */
export function operationsOf(configFile) {
  const {
    hidden_size: hidden,
    intermediate_size: wide,
    num_hidden_layers: layers,
  } = JSON.parse(readFileSync(configFile, "utf8"));
  const linear = 4 * hidden * hidden + 2 * hidden * wide; // query, key, value and what is attended; to wide and back
  return (/** @type {number} */ tokens, attention = true) =>
    2 * layers * (tokens * linear + (attention ? 2 * tokens * tokens * hidden : 0));
}
