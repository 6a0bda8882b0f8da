#!/usr/bin/env bash
# engine.sh NAME FEATURES [wasm-opt's flags]: target/bench/NAME/, an engine compiled and optimised as tools/build.sh does it,
# but for what a benchmark needs: names of functions for profiles, or the index alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/cache.sh
name=$1 features=$2; shift 2
module=${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/web/carrel.wasm
out=target/bench/$name
say "building $name, an engine for the benchmark"
tools/web-cargo.sh build --quiet --lib --features "$features"
if [ -f "$out/engine_bg.wasm" ] && cmp --silent "$module" "$out/source.wasm" &&
  cmp --silent tools/wasm-opt.sh "$out/wasm-opt.sh"; then exit 0; fi
rm -rf "$out" "$out.new"; mkdir -p "$out.new"
cp "$module" "$out.new/source.wasm"
"$(tools/wasm-bindgen.sh)/wasm-bindgen" "$module" --target web --out-name engine --out-dir "$out.new"
tools/wasm-opt.sh "$@" --enable-relaxed-simd "$out.new/engine_bg.wasm" -o "$out.new/optimised.wasm"
cp tools/wasm-opt.sh "$out.new/"
mv "$out.new/optimised.wasm" "$out.new/engine_bg.wasm"
mv "$out.new" "$out"
