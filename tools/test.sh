#!/usr/bin/env bash
# All tests. What `make build` and `make model` make must be there.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/cache.sh
tools/chromium.sh
tools/llama-server.sh >/dev/null

say "native tests"
cargo test --quiet --release

say "tests in WebAssembly, in Chromium"
runner=$(tools/wasm-bindgen.sh)/wasm-bindgen-test-runner
# Without the program, which cargo would build for every test. The model is embedded in one test; loading it takes time.
export WASM_BINDGEN_TEST_TIMEOUT=600 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=$runner CHROMEDRIVER
CHROMEDRIVER=$(command -v chromedriver)
tools/web-cargo.sh test --test browser
# The kernels of both builds.
tools/web-cargo.sh test --lib
tools/web-cargo.sh test --lib --features relaxed-simd

say "page stories, in Chromium"
node --test --test-concurrency=1 tests/page/*.test.mjs
