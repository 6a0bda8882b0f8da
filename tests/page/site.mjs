// target/site → its address on this machine, served as `make serve` does
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, startServer } from "./process.mjs";

/** @returns {Promise<{ url: string, stop: () => Promise<void> }>} */
export async function startSite() {
  for (const needed of ["target/site/index.html", "target/site/models/all-MiniLM-L6-v2/model.safetensors"]) {
    if (!existsSync(join(root, needed))) throw new Error(`${needed} is missing: run \`make build model\` first`);
  }
  const server = startServer("python3", ["tools/serve.py", "target/site", "--port", "0"]);
  return { url: await server.firstLine, stop: server.stop };
}
