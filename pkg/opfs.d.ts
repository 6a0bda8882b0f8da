export type Backend = import("./storage.js").Backend;
/** @implements {Backend} */
export declare class Opfs implements Backend {
    #private;
    kind: "opfs";
    /** @param {FileSystemDirectoryHandle} root */
    constructor(root: FileSystemDirectoryHandle);
    /** @returns {Promise<Opfs | null>} Nothing where the browser has none, or does not let this page have it. */
    static open(): Promise<Opfs | null>;
    names(): Promise<string[]>;
    /** @param {string} name */
    manifest(name: string): Promise<{
        bytes: Uint8Array<ArrayBuffer>;
        saved: Date;
    } | null>;
    /** @param {string} name @param {string} file */
    read(name: string, file: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
    /** @param {string} name @param {[string, Uint8Array][]} files @param {Uint8Array} manifest */
    write(name: string, files: [string, Uint8Array][], manifest: Uint8Array): Promise<void>;
    /** @param {string} name @param {Set<string>} keep */
    sweep(name: string, keep: Set<string>): Promise<void>;
    /** @param {string} name */
    delete(name: string): Promise<boolean>;
    strays(): Promise<string[]>;
}
