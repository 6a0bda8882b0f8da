export type Kind = "opfs" | "indexeddb";
export type Backend = {
    kind: Kind;
    /**
     * of the collections
     */
    names: () => Promise<string[]>;
    /**
     * nothing before the first save
     */
    manifest: (name: string) => Promise<{
        bytes: Uint8Array;
        saved: Date;
    } | null>;
    read: (name: string, file: string) => Promise<Uint8Array | undefined>;
    /**
     *   the files first, then the manifest, which takes the place of the one before wholly or not at all
     */
    write: (name: string, files: [string, Uint8Array][], manifest: Uint8Array) => Promise<void>;
    /**
     * deletes all files but these and the manifest
     */
    sweep: (name: string, keep: Set<string>) => Promise<void>;
    /**
     * all files; tells whether there was a collection
     */
    delete: (name: string) => Promise<boolean>;
    /**
     * names under which a first save, or a deletion, broke off
     */
    strays: () => Promise<string[]>;
};
export type CollectionInfo = {
    name: string;
    storage: Kind;
    /**
     * of its files; nothing where it is damaged, or of another version
     */
    bytes: number | null;
    /**
     * how many; nothing where it is damaged, or of another version
     */
    documents: number | null;
    /**
     * when last; nothing where it is of another version
     */
    saved: Date | null;
};
/**
 * @typedef {"opfs" | "indexeddb"} Kind
 * @typedef {object} Backend Keeps files of collections; whoever calls holds the collection's lock.
 * @property {Kind} kind
 * @property {() => Promise<string[]>} names of the collections
 * @property {(name: string) => Promise<{ bytes: Uint8Array, saved: Date } | null>} manifest nothing before the first save
 * @property {(name: string, file: string) => Promise<Uint8Array | undefined>} read
 * @property {(name: string, files: [string, Uint8Array][], manifest: Uint8Array) => Promise<void>} write
 *   the files first, then the manifest, which takes the place of the one before wholly or not at all
 * @property {(name: string, keep: Set<string>) => Promise<void>} sweep deletes all files but these and the manifest
 * @property {(name: string) => Promise<boolean>} delete all files; tells whether there was a collection
 * @property {() => Promise<string[]>} strays names under which a first save, or a deletion, broke off
 *
 * @typedef {object} CollectionInfo A collection that this browser keeps.
 * @property {string} name
 * @property {Kind} storage
 * @property {number | null} bytes of its files; nothing where it is damaged, or of another version
 * @property {number | null} documents how many; nothing where it is damaged, or of another version
 * @property {Date | null} saved when last; nothing where it is of another version
 */
/** The name of the lock and of the channel of a collection. @param {string} name */
export declare const sharedName: (name: string) => string;
/**
 * Where a collection is kept, or will be.
 * @param {string} name
 * @param {Kind} kind
 * @returns {Promise<Backend>}
 */
export declare function backendFor(name: string, kind: Kind): Promise<Backend>;
/** @returns {Promise<CollectionInfo[]>} */
export declare function listCollections(): Promise<CollectionInfo[]>;
/** Tells whether there was one. @param {string} name */
export declare function deleteCollection(name: string): Promise<boolean>;
/**
 * An error of the browser's → one of ours.
 * @param {unknown} error
 * @param {string} what happened, for the message
 */
export declare function problemOf(error: unknown, what: string): unknown;
