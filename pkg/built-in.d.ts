/** Whether this browser has one at all; it may still have to download it. */
export declare function isBuiltIn(): boolean;
/** @type {import("./options.js").OwnGenerator} */
export declare function builtIn({ messages }: {
    messages: {
        role: string;
        content: string;
    }[];
}, { signal }: {
    signal: AbortSignal;
}): AsyncIterable<string>;
