// what a worker can do → answers to page.js, and how much memory WebAssembly has in it

/** Every memory that WebAssembly code of this worker has, whoever made it. @type {Set<WebAssembly.Memory>} */
const memories = new Set();
watchMemories();

/** Bytes of all WebAssembly memories. They never shrink, so this is the most that there was. */
export const memory = () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

/** Answers what page.js calls. @param {Record<string, (...parameters: any[]) => any>} calls */
export function serve(calls) {
  self.onmessage = async ({ data: { number, name, parameters } }) => {
    try {
      postMessage({ number, result: await calls[name](...parameters) });
    } catch (error) {
      postMessage({ number, error: String(/** @type {any} */ (error)?.stack ?? error) });
    }
  };
}

/** Libraries keep their memory to themselves: it is seen where it is made, or where an instance exports it. */
function watchMemories() {
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, parameters) {
      const memory = Reflect.construct(target, parameters);
      memories.add(memory);
      return memory;
    },
  });
  for (const name of /** @type {const} */ (["instantiate", "instantiateStreaming"])) {
    const original = /** @type {any} */ (WebAssembly)[name];
    /** @type {any} */ (WebAssembly)[name] = async (/** @type {any[]} */ ...parameters) => {
      const result = await original.apply(WebAssembly, parameters);
      for (const value of Object.values((result.instance ?? result).exports)) {
        if (Object.prototype.toString.call(value) === "[object WebAssembly.Memory]")
          memories.add(/** @type {WebAssembly.Memory} */ (value));
      }
      return result;
    };
  }
}
