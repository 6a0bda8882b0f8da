/** No cookies, no referrer, no redirect to another host: nothing goes where the person did not send it. */
export declare const PRIVATELY: {
    readonly credentials: "omit";
    readonly referrerPolicy: "no-referrer";
    readonly redirect: "error";
    readonly cache: "no-store";
};
export type LedgerEntry = {
    at: number;
    method: "GET" | "POST";
    url: string;
    headers: string[];
    body: string | null;
    bytes: number;
    passages: {
        id: string;
        chunk: number;
    }[];
    question: string | null;
    status: number | null;
    received: number;
    milliseconds: number | null;
};
/**
 * @typedef {{ at: number, method: "GET" | "POST", url: string, headers: string[], body: string | null, bytes: number,
 *   passages: { id: string, chunk: number }[], question: string | null, status: number | null, received: number,
 *   milliseconds: number | null }} LedgerEntry
 *   `at` in milliseconds since 1970; `headers` their names only; `body` as it was sent, or null where it was let go of
 *   since there were many after it; `bytes` of it; `status` null where there was no response; `received` in bytes;
 *   `milliseconds` null while it is under way
 */
/** Of one desk, in memory only. */
export declare class Ledger {
    #private;
    /** @type {LedgerEntry[]} */ entries: LedgerEntry[];
    /**
     * @param {string} url
     * @param {[string, string][]} headers
     * @param {string} body
     * @param {{ question: string, stages: any[] }} [trace]
     */
    open(url: string, headers: [string, string][], body: string, trace?: {
        question: string;
        stages: any[];
    }): LedgerEntry;
    /** @param {LedgerEntry} entry */
    close(entry: LedgerEntry): void;
}
/**
 * Asks an API which models it has.
 * @param {typeof import("./engine.js")} module
 * @param {import("./options.js").ApiGenerator} generator
 * @param {Ledger} ledger
 * @param {AbortSignal} signal
 * @returns {Promise<string[]>}
 */
export declare function listModels({ modelsRequest, models, unreachable }: typeof import("./engine.js"), generator: import("./options.js").ApiGenerator, ledger: Ledger, signal: AbortSignal): Promise<string[]>;
/** @param {Response} response @param {number} most bytes */
export declare function beginning(response: Response, most: number): Promise<Uint8Array<ArrayBuffer>>;
