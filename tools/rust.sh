#!/usr/bin/env bash
# The WebAssembly target of the Rust toolchain.
. "$(dirname "$0")/cache.sh"
command -v rustup >/dev/null || { say "rustup is needed, with Rust 1.95 or newer: https://rustup.rs"; exit 1; }
if ! [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ]; then
  say "installing Rust's WebAssembly target"
  rustup target add wasm32-unknown-unknown
fi
