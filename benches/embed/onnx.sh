#!/usr/bin/env bash
# Prints the folder that holds the model as ONNX, in fp32 and int8, for the peers. Made once, by onnx/make.py with
# ONNX Runtime's own tools: a minute. It is found again by what it was made of: the script, its requirements, the model.
root="$(cd "$(dirname "$0")/../.." && pwd)"
. "$root/tools/cache.sh"
here="$root/benches/embed/onnx"
model="$root/models/all-MiniLM-L6-v2"
version=$(cat "$here"/{make.py,requirements.txt} "$model"/{config.json,model.safetensors} | sha256sum | head -c 12)
home="$cache/onnx-$version"
if [ ! -f "$home/ready" ]; then
  rm -rf "$home"; mkdir -p "$home"
  say "making ONNX files of the model in $home (once; a minute)"
  python3 -c 'import ensurepip' 2>/dev/null || debian python3-venv
  python3 -m venv "$home/python"
  # The list names all that is needed: nothing else is drawn in.
  "$home/python/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
    --requirement "$here/requirements.txt" >&2
  "$home/python/bin/python" "$here/make.py" "$model" "$root/tests/fixtures/golden" "$home" > "$home/made.log" 2>&1 || {
    tail -20 "$home/made.log" >&2; say "the ONNX files were not made: see $home/made.log"; exit 1; }
  rm -rf "$home/python"
  touch "$home/ready"
fi
echo "$home"
