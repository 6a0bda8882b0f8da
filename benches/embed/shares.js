// the engine on the page's own thread, where the profiler looks

/** @param {string} engine @param {string} model @param {string[]} names */
async function open(engine, model, names) {
  const { default: init, Encoder } = await import(`${engine}.js`);
  await init({ module_or_path: `${engine}_bg.wasm` });
  const files = new Map();
  for (const name of names) files.set(name, new Uint8Array(await (await fetch(model + name)).arrayBuffer()));
  const encoder = new Encoder((/** @type {string} */ name) => files.get(name));
  /** Embeds for some time, all texts again and again. @param {string[]} texts @param {number} milliseconds */
  const run = (texts, milliseconds) => {
    const start = performance.now();
    while (performance.now() - start < milliseconds)
      for (let at = 0; at < texts.length; at += 8) encoder.encode(texts.slice(at, at + 8));
  };
  Object.assign(globalThis, { run });
}

Object.assign(globalThis, { open });

export {}; // A module.
