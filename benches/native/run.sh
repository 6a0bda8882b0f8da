#!/usr/bin/env bash
# Embedding natively against ONNX Runtime and candle: on one core, then on all.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/cache.sh
CARREL_BENCH_ONNX=$(benches/embed/onnx.sh); export CARREL_BENCH_ONNX
# What the peer needs of the list that the ONNX files were made with.
packages=$(grep -E '^(flatbuffers|numpy|onnxruntime|packaging|protobuf)==' benches/embed/onnx/requirements.txt)
home="$cache/onnxruntime-$(echo "$packages" | sha256sum | head -c 12)"
if [ ! -f "$home/ready" ]; then
  say "installing ONNX Runtime for Python in $home (once)"
  python3 -c 'import ensurepip' 2>/dev/null || debian python3-venv
  rm -rf "$home"; python3 -m venv "$home"
  echo "$packages" | "$home/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
    --requirement /dev/stdin >&2
  touch "$home/ready"
fi
export CARREL_BENCH_PYTHON=$home/bin/python
cargo bench --quiet --bench embed_native --no-run
RAYON_NUM_THREADS=1 taskset -c "${CARREL_BENCH_CORE:-$(($(nproc) - 1))}" cargo bench --quiet --bench embed_native
RAYON_NUM_THREADS=$(nproc) cargo bench --quiet --bench embed_native
