// the loops of peak.wat on the page's own thread → operations a second

/** Operations a second of the loops of peak.wat: the best of several tries. */
async function peak() {
  const { instance } = await WebAssembly.instantiateStreaming(fetch("/built/peak.wasm"));
  /** @type {Record<string, number>} */
  const rates = {};
  for (const [name, run] of Object.entries(instance.exports)) {
    if (typeof run !== "function") continue;
    const turns = name.endsWith("bare") ? 1_000_000 : 10_000;
    for (let warm = performance.now(); performance.now() - warm < 150;) run(turns);
    let best = 0;
    for (let attempt = 0; attempt < 25; attempt++) {
      const start = performance.now();
      const operations = Number(run(10 * turns));
      best = Math.max(best, operations / (performance.now() - start) / 1e6);
    }
    rates[name] = best;
  }
  return rates;
}

Object.assign(globalThis, { peak });

export {}; // A module.
