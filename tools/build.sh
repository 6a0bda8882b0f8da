#!/usr/bin/env bash
# Builds the npm package in pkg/ (the engine as WebAssembly, the modules of www/, pdf.js) and from it the app's site
# in target/site/. Takes minutes the first time, seconds after a change of www/ only.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/cache.sh

say "compiling the engine to WebAssembly (some minutes the first time)"
cargo build --quiet --profile web --no-default-features --target wasm32-unknown-unknown --lib
engine=target/wasm32-unknown-unknown/web/carrel.wasm
if [ ! -f target/engine/engine_bg.wasm ] || [ "$engine" -nt target/engine/engine_bg.wasm ]; then
  bindgen=$(tools/wasm-bindgen.sh)
  rm -rf target/engine target/engine.new
  "$bindgen/wasm-bindgen" "$engine" --target web --out-name engine --out-dir target/engine.new
  say "optimising the engine"
  npx --no-install wasm-opt -O3 --enable-simd --enable-bulk-memory --enable-reference-types --enable-multivalue \
    --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals \
    target/engine.new/engine_bg.wasm -o target/engine.new/optimised.wasm
  mv target/engine.new/optimised.wasm target/engine.new/engine_bg.wasm
  mv target/engine.new target/engine # Only what is finished is taken for built.
fi

# The package. Modules lose their comments and white space, which are a third of the download; the sources stay in
# www/. pdf.js: the build for browsers that are not the newest, and the character maps of CJK fonts.
minify() { npx --no-install esbuild "$@" --minify --target=es2022 --log-level=warning; }
find pkg -mindepth 1 ! -name README.md ! -name '*.d.ts' -delete
minify www/*.js target/engine/engine.js --format=esm --outdir=pkg --entry-names='[name]'
cp target/engine/engine_bg.wasm pkg/
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
