#!/usr/bin/env bash
# target/bench/named-engine/: the engine as tools/build.sh makes it, but with the names of its functions, for profiles.
# wasm-opt must not dissolve our kernels into their callers: `#[inline(never)]` holds for rustc only.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/cache.sh
module=target/engine/engine-relaxed.source.wasm
out=target/bench/named-engine
[ -f "$module" ] || { say "$module is missing: \`make build\` makes it"; exit 1; }
if [ -f "$out/engine_bg.wasm" ] && [ ! "$module" -nt "$out/engine_bg.wasm" ]; then exit 0; fi
say "building an engine that keeps the names of its functions, for the profile"
bindgen=$(tools/wasm-bindgen.sh)
rm -rf "$out" "$out.new"
"$bindgen/wasm-bindgen" "$module" --target web --out-name engine --out-dir "$out.new"
npx --no-install wasm-opt --debuginfo --no-inline='carrel::embed::*' -O3 --enable-simd --enable-relaxed-simd \
  --enable-bulk-memory --enable-reference-types --enable-multivalue --enable-nontrapping-float-to-int \
  --enable-sign-ext --enable-mutable-globals \
  "$out.new/engine_bg.wasm" -o "$out.new/optimised.wasm"
mv "$out.new/optimised.wasm" "$out.new/engine_bg.wasm"
mv "$out.new" "$out"
