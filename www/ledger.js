// requests that leave the tab → the ledger of them
//
// Everything that goes to a language model is written down: when, where to, the exact bytes, which passages. Keys stand
// in headers, of which only the names are.

/** How many characters of bodies are kept; of older requests only that they were made. */
const KEPT = 16 * 1024 * 1024;

/**
 * @typedef {{ at: number, method: "GET" | "POST", url: string, headers: string[], body: string | null, bytes: number,
 *   passages: { id: string, chunk: number }[], question: string | null, status: number | null, received: number,
 *   milliseconds: number | null }} LedgerEntry
 *   `at` in milliseconds since 1970; `headers` their names only; `body` as it was sent, or null where it was let go of
 *   since there were many after it; `bytes` of it; `status` null where there was no response; `received` in bytes;
 *   `milliseconds` null while it is under way
 */

/** Of one desk, in memory only. */
export class Ledger {
  /** @type {LedgerEntry[]} */ entries = [];
  #kept = 0;

  /**
   * @param {string} url
   * @param {[string, string][]} headers
   * @param {string} body
   * @param {{ question: string, stages: any[] }} [trace]
   */
  open(url, headers, body, trace) {
    const found = trace?.stages.find(({ stage }) => stage === "retrieve")?.passages ?? [];
    const { kept = [], struck = [] } = trace?.stages.find(({ stage }) => stage === "prompt") ?? {};
    const sent = kept.filter((/** @type {number} */ _, /** @type {number} */ at) => !struck.includes(at));
    /** @type {LedgerEntry} */
    const entry = {
      at: Date.now(), method: body ? "POST" : "GET", url, headers: headers.map(([name]) => name), body: body || null,
      bytes: new TextEncoder().encode(body).length,
      passages: sent.map((/** @type {number} */ at) => ({ id: found[at].id, chunk: found[at].chunk })),
      question: trace?.question ?? null, status: null, received: 0, milliseconds: null,
    };
    this.entries.push(entry);
    this.#kept += body.length;
    for (const old of this.entries) {
      if (this.#kept <= KEPT || old === entry) break;
      this.#kept -= old.body?.length ?? 0;
      old.body = null;
    }
    return entry;
  }

  /** @param {LedgerEntry} entry */
  close(entry) {
    entry.milliseconds = Date.now() - entry.at;
  }
}
