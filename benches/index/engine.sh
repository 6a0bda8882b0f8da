#!/usr/bin/env bash
# target/bench/index-engine/: the relaxed-simd engine as tools/build.sh makes it, and in it the index alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/cache.sh
module=${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/web/carrel.wasm
out=target/bench/index-engine
say "building an engine whose index can be asked alone"
tools/web-cargo.sh build --quiet --lib --features relaxed-simd,bench
if [ -f "$out/engine_bg.wasm" ] && cmp --silent "$module" "$out/source.wasm" &&
  cmp --silent tools/wasm-opt.sh "$out/wasm-opt.sh"; then exit 0; fi
rm -rf "$out" "$out.new"; mkdir -p "$out.new"
cp "$module" "$out.new/source.wasm"
"$(tools/wasm-bindgen.sh)/wasm-bindgen" "$module" --target web --out-name engine --out-dir "$out.new"
tools/wasm-opt.sh --enable-relaxed-simd "$out.new/engine_bg.wasm" -o "$out.new/optimised.wasm"
cp tools/wasm-opt.sh "$out.new/"
mv "$out.new/optimised.wasm" "$out.new/engine_bg.wasm"
mv "$out.new" "$out"
