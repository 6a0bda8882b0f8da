#!/usr/bin/env bash
# wasm-opt.sh ARGUMENTS: wasm-opt as the engines are optimised by it.
set -euo pipefail
cd "$(dirname "$0")/.."
# Inlining would help no speed that we could measure, and compresses badly: it takes 36 KB of the download.
exec npx --no-install wasm-opt -O3 --skip-pass=inlining --skip-pass=inlining-optimizing --enable-simd --enable-bulk-memory \
  --enable-reference-types --enable-multivalue --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals "$@"
