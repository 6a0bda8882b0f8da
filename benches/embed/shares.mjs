// a profile of the engine → the share of the time that each stage takes
//
// The product has no clocks in it. Chromium's sampling profiler sees the functions of WebAssembly by the names that the
// benchmark's own build keeps (named-engine.sh), and a function's place among Rust's modules says which stage it is of.

/** In this order: the first that fits a function's name is its stage. */
export const STAGES = /** @type {const} */ ([
  ["tokenise", /tokenizers|tokenizer|WordPiece|unicode|normaliz(er|ation)|aho_corasick|model::/i],
  ["attention", /kernels::.*(attention|attend|softmax)|Layer::attend/],
  ["GELU", /kernels::.*gelu/],
  ["norm", /kernels::.*norm/],
  ["quantise", /kernels::.*(quanti|pack)/],
  ["GEMM", /gemm|kernels::.*(multiply|matmul|linear|product)/],
  ["pooling", /pooling|UnitVector/],
]);

/** @param {string} name */
function stageOf(name) {
  return STAGES.find(([, pattern]) => pattern.test(name))?.[0] ?? "other";
}

/**
 * @param {import("playwright-core").Page} page On shares.html, with an engine opened.
 * @param {string[]} texts
 * @param {number} milliseconds
 */
export async function profile(page, texts, milliseconds) {
  const run = (/** @type {number} */ time) =>
    page.evaluate(([texts, time]) => /** @type {any} */ (globalThis).run(texts, time), /** @type {const} */ ([texts, time]));
  await run(1500); // By then V8 has compiled it for speed.
  const session = await page.context().newCDPSession(page);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: 250 });
  await session.send("Profiler.start");
  await run(milliseconds);
  const { profile } = await session.send("Profiler.stop");
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  /** @type {Map<string, number>} */
  const functions = new Map();
  (profile.samples ?? []).forEach((id, index) => {
    const frame = nodes.get(id);
    if (!frame || frame.functionName === "(idle)" || frame.functionName === "(root)") return;
    functions.set(frame.functionName, (functions.get(frame.functionName) ?? 0) + Math.max(0, profile.timeDeltas?.[index] ?? 0));
  });
  const total = [...functions.values()].reduce((sum, time) => sum + time, 0);
  if (![...functions.keys()].some((name) => name.includes("carrel::"))) throw new Error("the profile has no names of Rust's functions");
  /** @type {Record<string, number>} */
  const shares = Object.fromEntries([...STAGES.map(([stage]) => stage), "other"].map((stage) => [stage, 0]));
  for (const [name, time] of functions) shares[stageOf(name)] += time / total;
  const longest = [...functions].sort((a, b) => b[1] - a[1]).slice(0, 25);
  return { shares, functions: longest.map(([name, time]) => ({ name, stage: stageOf(name), share: time / total })) };
}
