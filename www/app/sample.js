// The sample collection → files on the desk and questions to try. It is fetched only when asked for, from this site.

/** @typedef {{ title: string, files: { path: string, name: string }[], questions: string[] }} Sample */

const SAMPLE = "sample/sample.json";

/**
 * Fetches the sample. Paths in `sample.json` are relative to that file.
 * @returns {Promise<{ files: File[], questions: string[] }>}
 */
export async function fetchSample() {
  const address = new URL(SAMPLE, document.baseURI);
  const sample = /** @type {Sample} */ (await (await get(address)).json());
  const files = await Promise.all(sample.files.map(async ({ path, name }) => {
    const blob = await (await get(new URL(path, address))).blob();
    return new File([blob], name, { type: blob.type });
  }));
  return { files, questions: sample.questions };
}

/** @param {URL} address */
async function get(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`The sample could not be fetched: ${address.pathname} answers ${response.status}.`);
  return response;
}
