#!/usr/bin/env bash
# Prints the folder of the wasm-bindgen CLI of the version in Cargo.lock, building it once if need be.
. "$(dirname "$0")/cache.sh"
version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p}' "$(dirname "$0")/../Cargo.lock")
home="$cache/wasm-bindgen-$version"
if [ ! -x "$home/bin/wasm-bindgen-test-runner" ]; then
  say "building wasm-bindgen $version (once; some four minutes)"
  (cd "$cache" && cargo install --quiet wasm-bindgen-cli --version "$version" --root "$home" >&2)
fi
echo "$home/bin"
