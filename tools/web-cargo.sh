#!/usr/bin/env bash
# web-cargo.sh COMMAND …: cargo for the engine in the browser, always with the same flags, so that nothing is compiled twice.
set -euo pipefail
cd "$(dirname "$0")/.."
# The wrapper leaves out what no tokeniser needs. Cargo does not see what it does: its hash among the flags keeps what was
# compiled with another one apart. And no path of this machine shall be in the messages of panics. LLVM's strength reduction
# hides from the browser that an address is another one plus a constant, which costs an addition for each load. Inlining
# pays in what computes, where it is asked for by name; elsewhere it costs bytes.
flags="\"--cfg=trimmed_by_$(sha256sum < tools/rustc-trimmed.sh | cut -c1-8)\",
  \"--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=\",
  \"-Cllvm-args=-disable-lsr -inline-threshold=10\""
command=$1; shift
exec cargo "$command" --profile web --no-default-features --target wasm32-unknown-unknown \
  --config 'build.rustc-wrapper="tools/rustc-trimmed.sh"' \
  --config "target.wasm32-unknown-unknown.rustflags=[$flags]" "$@"
