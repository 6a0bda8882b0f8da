export type Backend = import("./storage.js").Backend;
/** @implements {Backend} */
export declare class IndexedDb implements Backend {
    #private;
    kind: "indexeddb";
    /** @returns {Promise<IndexedDb | null>} Nothing where this page may not have it. */
    static open(): Promise<IndexedDb | null>;
    names(): Promise<string[]>;
    /** @param {string} name @returns {Promise<{ bytes: Uint8Array, saved: Date } | null>} */
    manifest(name: string): Promise<{
        bytes: Uint8Array;
        saved: Date;
    } | null>;
    /** @param {string} name @param {string} file @returns {Promise<Uint8Array | undefined>} */
    read(name: string, file: string): Promise<Uint8Array | undefined>;
    /** @param {string} name @param {[string, Uint8Array][]} files @param {Uint8Array} manifest */
    write(name: string, files: [string, Uint8Array][], manifest: Uint8Array): Promise<void>;
    /** @param {string} name @param {Set<string>} keep */
    sweep(name: string, keep: Set<string>): Promise<void>;
    strays(): Promise<never[]>;
    /** @param {string} name */
    delete(name: string): Promise<boolean>;
}
