# Everything one does with Carrel. `make serve` and `make test` need nothing else done before: each target installs
# what it needs (see tools/) and says so.
.PHONY: serve build test check size model tools bench bench-embed bench-embed-native bench-index format

serve: build model ## Build the app and open it in the browser
	@python3 tools/serve.py target/site --open

build: tools ## Build the npm package (pkg/) and the app's site (target/site/)
	@tools/build.sh

model: tools ## Put the embedding model into models/
	@tools/model.sh

tools: node_modules/.package-lock.json
	@tools/rust.sh

node_modules/.package-lock.json: package.json package-lock.json
	@echo '· installing the npm packages of package-lock.json' >&2
	@npm ci --silent --no-audit --no-fund
	@touch $@

test: build model ## All tests: native, WebAssembly in Chromium, page stories
	@tools/test.sh

check: build ## Format, lints as errors, types
	cargo fmt --check
	cargo clippy --quiet --release --all-targets --features bench -- -D warnings
	tools/web-cargo.sh clippy --quiet --lib -- -D warnings
	tools/web-cargo.sh clippy --quiet --lib --features relaxed-simd,bench -- -D warnings
	npx --no-install tsc --project tsconfig.json

size: build ## Measure what the browser downloads and hold it against the budget
	@node tools/size.mjs

bench: bench-embed bench-embed-native bench-index ## All benchmarks

bench-embed: build model benches/embed/node_modules/.package-lock.json ## Embedding in Chromium against onnxruntime-web and transformers.js (some 15 minutes)
	@tools/chromium.sh
	@benches/browser/engine.sh named-engine relaxed-simd --debuginfo
	@onnx=$$(benches/embed/onnx.sh) && node benches/embed/run.mjs --onnx "$$onnx"

bench-embed-native: model ## Embedding natively, on one core and on all, against ONNX Runtime and candle
	@benches/native/run.sh

bench-index: tools model benches/index/node_modules/.package-lock.json ## The index in Chromium against hnswlib-wasm and Orama (some 40 minutes)
	@tools/chromium.sh
	@benches/browser/engine.sh index-engine relaxed-simd,bench
	@vectors=$$(benches/index/vectors.sh 1000 20000 100000) && node benches/index/run.mjs --vectors "$$vectors"

benches/%/node_modules/.package-lock.json: benches/%/package.json benches/%/package-lock.json
	@echo '· installing the peers of benches/$*/package-lock.json' >&2
	@npm ci --prefix benches/$* --silent --no-audit --no-fund --ignore-scripts
	@touch $@

format: ## Format the Rust code
	cargo fmt
