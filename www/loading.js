// a build's address → the engine, compiled once and started
//
// The compiled module goes to the pool's workers as well. A copy of the bytes is kept for when there is no network;
// while there is one the browser's own cache is better, which keeps the compiled code, too.

import { CarrelError } from "./errors.js";

/** @typedef {import("./build.js").Build} Build */
/** @typedef {import("./downloads.js").Downloads} Downloads */

/**
 * @param {Build} build
 * @param {Downloads} downloads
 * @returns {Promise<{ module: typeof import("./engine.js"), compiled: WebAssembly.Module }>}
 */
export async function loadEngine({ script, wasm }, downloads) {
  try {
    const [module, compiled] = await Promise.all([import(script), compile(wasm, downloads)]);
    await module.default({ module_or_path: compiled });
    return { module, compiled };
  } catch (cause) {
    const problem = `${wasm} could not be loaded (${/** @type {Error} */ (cause).message}): the engine lies beside carrel.js; serve the whole folder`;
    throw new CarrelError("fetch_failed", problem, { cause });
  }
}

/** @param {string} wasm @param {Downloads} downloads */
async function compile(wasm, downloads) {
  let response;
  try {
    response = await fetch(wasm); // As its script, by the same cache: the two must be of one version.
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
  } catch (error) {
    const kept = await downloads.kept(wasm);
    if (!kept) throw error;
    try {
      return await WebAssembly.compileStreaming(ofRightType(kept));
    } catch (damaged) {
      await downloads.forget([{ url: wasm }]);
      throw damaged;
    }
  }
  const copy = response.clone();
  const compiled = await WebAssembly.compileStreaming(ofRightType(response));
  void downloads.keepResponse(wasm, copy);
  return compiled;
}

/** Not every server knows the type, without which browsers refuse. @param {Response} response */
function ofRightType(response) {
  if (response.headers.get("content-type") === "application/wasm") return response;
  return new Response(response.body, { headers: { "content-type": "application/wasm" } });
}
