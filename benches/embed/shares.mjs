// a profile of the engine → the share of the time that each stage takes
//
// The product has no clocks in it. Chromium's sampling profiler sees the functions of WebAssembly by the names that the
// benchmark's own build keeps (engine.sh), and a function's place among Rust's modules says which stage it is of.

/** In this order: the first that fits a function's name is its stage, else its caller's. */
export const STAGES = /** @type {const} */ ([
  ["tokenise", /tokenizer/i],
  ["attention", /kernels::.*::attend/],
  ["GELU", /kernels::.*::gelu/],
  ["norm", /kernels::.*::normalize/],
  ["quantise", /kernels::.*::quantize/],
  ["GEMM", /gemm|kernels::.*::multiply/],
  ["pooling", /pooling|UnitVector/],
]);

/** @param {string} name */
function stageOf(name) {
  return STAGES.find(([, pattern]) => pattern.test(name))?.[0];
}

/**
 * @param {import("playwright-core").Page} page On shares.html, with an engine opened.
 * @param {string[]} texts
 * @param {number} milliseconds
 */
export async function profile(page, texts, milliseconds) {
  const run = (/** @type {number} */ time) =>
    page.evaluate(
      ([texts, time]) => /** @type {any} */ (globalThis).run(texts, time),
      /** @type {const} */ ([texts, time]),
    );
  await run(1500); // By then V8 has compiled it for speed.
  const session = await page.context().newCDPSession(page);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: 250 });
  await session.send("Profiler.start");
  await run(milliseconds);
  const { profile } = await session.send("Profiler.stop");
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const callers = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  /** Its own stage, or that of the nearest caller that has one. @param {number} id @returns {string} */
  function stageAt(id) {
    const [name, caller] = [nodes.get(id)?.callFrame.functionName ?? "", callers.get(id)];
    return stageOf(name) ?? (caller === undefined ? "other" : stageAt(caller));
  }
  /** By stage and name. @type {Map<string, { name: string, stage: string, time: number }>} */
  const functions = new Map();
  (profile.samples ?? []).forEach((id, index) => {
    const name = nodes.get(id)?.callFrame.functionName ?? "";
    if (name === "(idle)" || name === "(root)") return;
    const stage = stageAt(id);
    const entry = functions.get(`${stage} ${name}`) ?? { name, stage, time: 0 };
    entry.time += Math.max(0, profile.timeDeltas?.[index] ?? 0);
    functions.set(`${stage} ${name}`, entry);
  });
  const all = [...functions.values()];
  if (!all.some(({ name }) => name.includes("carrel::")))
    throw new Error("the profile has no names of Rust's functions");
  const total = all.reduce((sum, { time }) => sum + time, 0);
  /** @type {Record<string, number>} */
  const shares = Object.fromEntries([...STAGES.map(([stage]) => stage), "other"].map((stage) => [stage, 0]));
  for (const { stage, time } of all) shares[stage] += time / total;
  const longest = all.sort((a, b) => b.time - a.time).slice(0, 30);
  return { shares, functions: longest.map(({ name, stage, time }) => ({ name, stage, share: time / total })) };
}
