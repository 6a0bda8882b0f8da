#!/usr/bin/env bash
# Builds the npm package in pkg/ (the engine as WebAssembly, the modules of www/, pdf.js) and from it the app's site
# in target/site/. Takes minutes the first time, seconds after a change of www/ only.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/cache.sh

# What an engine is made of and by, as one checksum.
sources() {
  { rustc --version; find src .cargo Cargo.toml Cargo.lock rust-toolchain.toml tools/build.sh tools/web-cargo.sh \
    tools/rustc-trimmed.sh tools/wasm-bindgen.sh tools/wasm-opt.sh package-lock.json -type f -not -path 'src/bin/*' -print0 | sort -z | xargs -0 sha256sum; } | sha256sum
}

# engine NAME FEATURES [wasm-opt's flags]: target/engine/NAME.js and NAME_bg.wasm, from the same source. Both come out
# of cargo as one file, so that it would compile each anew every time: what has not changed is not even asked for.
engine() {
  local name=$1 features=$2 new=target/engine.new made_of; shift 2
  made_of=$(sources)
  if [ "$made_of" = "$(cat "target/engine/$name.sources" 2>/dev/null)" ]; then return; fi
  say "compiling $name to WebAssembly (some minutes the first time)"
  tools/web-cargo.sh build --quiet --lib --features "$features"
  rm -rf "$new" "target/engine/$name.sources"; mkdir -p "$new" target/engine
  "$(tools/wasm-bindgen.sh)/wasm-bindgen" target/wasm32-unknown-unknown/web/carrel.wasm --target web \
    --out-name "$name" --out-dir "$new"
  say "optimising $name"
  tools/wasm-opt.sh "$@" "$new/${name}_bg.wasm" -o "$new/optimised.wasm"
  mv "$new/optimised.wasm" "$new/${name}_bg.wasm"
  mv "$new"/* target/engine/
  echo "$made_of" > "target/engine/$name.sources" # Only what is finished is taken for built.
}
engine engine ""
engine engine-relaxed relaxed-simd --enable-relaxed-simd

# The package. Modules lose their comments and white space, which are a third of the download; the sources stay in
# www/. pdf.js: the build for browsers that are not the newest, and the character maps of CJK fonts.
minify() { npx --no-install esbuild "$@" --minify --target=es2022 --log-level=warning; }
find pkg -mindepth 1 ! -name README.md -delete
minify www/*.js target/engine/engine.js target/engine/engine-relaxed.js --format=esm --outdir=pkg --entry-names='[name]'
cp target/engine/engine_bg.wasm target/engine/engine-relaxed_bg.wasm pkg/
npx --no-install tsc --project tools/declarations.json
cp LICENSE-MIT LICENSE-APACHE pkg/
node -e '
  const { name, version, description, license } = require("./package.json");
  const exports = { ".": { types: "./carrel.d.ts", default: "./carrel.js" } };
  console.log(JSON.stringify({ name, version, description, license, type: "module", exports }, null, 2));
' > pkg/package.json
mkdir -p pkg/pdfjs
cp node_modules/pdfjs-dist/legacy/build/pdf.min.mjs node_modules/pdfjs-dist/legacy/build/pdf.worker.min.mjs \
  node_modules/pdfjs-dist/LICENSE pkg/pdfjs/
cp -r node_modules/pdfjs-dist/cmaps pkg/pdfjs/cmaps

# The site of the app. The model is linked, not copied.
site=target/site
rm -rf "$site"; mkdir -p "$site/carrel"
cp www/index.html "$site/"
minify www/app.css www/app/*.js www/app/*.css --outbase=www --outdir="$site"
cp -r www/sample "$site/"
cp -r pkg/. "$site/carrel/"
ln -sfn ../../models "$site/models"
