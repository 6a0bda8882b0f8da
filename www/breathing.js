// a pause → the worker's chance to hear what has come in

/** Lets messages that have come in be handled. A timer would wait for four milliseconds each time. */
export function breathe() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(null);
  });
}
