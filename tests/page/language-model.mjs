// llama.cpp's server and SmolLM2 → a real language model on this machine
//
// The model is small and does not cite of itself; it is here for the wire: real streams, real pace, real aborts. It
// writes its likeliest words, so that a story reads the same answer every time.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { freePort, root, startServer, until } from "./process.mjs";

/**
 * @param {{ tokens?: number, endless?: boolean, origins?: string, key?: string, port?: number }} [options]  `tokens` is
 *   the most it writes; `endless`: it never stops before that; `origins`: whose pages may ask; `key`: the one it wants
 */
export async function startLanguageModel({ tokens = 120, endless = false, origins = "*", key, port: given } = {}) {
  // Builds it where it is missing, which takes some ten minutes once.
  const home = execFileSync(join(root, "tools/llama-server.sh"), {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = given ?? (await freePort());
  const server = startServer(join(home.trim(), "llama-server"), [
    "-m",
    join(home.trim(), "model.gguf"),
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    "-c",
    "4096",
    "-t",
    "1",
    "-np",
    "1",
    "--temp",
    "0",
    "--seed",
    "1",
    "-n",
    String(tokens),
    "--no-ui",
    "--cors-origins",
    origins,
    ...(key ? ["--api-key", key] : []),
    ...(endless ? ["--ignore-eos"] : []),
  ]);
  const origin = `http://127.0.0.1:${port}`;
  await until(
    "llama-server is ready",
    async () => {
      const response = await fetch(`${origin}/health`).catch(() => null);
      return response?.ok ?? false;
    },
    60_000,
  ).catch(async (error) => {
    await server.stop();
    throw error;
  });
  return {
    origin,
    baseUrl: `${origin}/v1`,
    name: "smollm2",
    /** Is it writing? */
    async isBusy() {
      const slots = /** @type {{ is_processing: boolean }[]} */ (await (await fetch(`${origin}/slots`)).json());
      return slots.some((slot) => slot.is_processing);
    },
    stop: server.stop,
  };
}
