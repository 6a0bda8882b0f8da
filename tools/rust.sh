#!/usr/bin/env bash
# The WebAssembly target of the Rust toolchain.
. "$(dirname "$0")/cache.sh"
if ! [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ]; then
  say "installing Rust's WebAssembly target"
  rustup target add wasm32-unknown-unknown
fi
