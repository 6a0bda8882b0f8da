#!/usr/bin/env bash
# vectors.sh SIZE…: the folder of the vectors of real text that `make bench-index` needs for indexes of these sizes, made
# once and found again by what they are made of: queries.f32, vectors-N.f32 of 20,000 rows each, tenth-SIZE.f32, the
# cosine of each query's tenth nearest among the first SIZE rows, and texts.jsonl.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/cache.sh
block=20000 blocks=5 queries=1000
model=models/all-MiniLM-L6-v2
[ -d "$(rustc --print sysroot)/share/doc/rust/html" ] || rustup component add rust-docs >&2
made_of=$({ rustc --version; cat benches/index/texts.mjs; sha256sum < "$model/model.carrel"; } | sha256sum | cut -c1-12)
home=$cache/index-vectors-$made_of
mkdir -p "$home"
# make FILE COMMAND…: makes a file that is not there by a command that is given a name for it; half a file is none.
make() {
  local file=$home/$1; shift
  if [ ! -f "$file" ]; then "$@" "$file.new" && mv "$file.new" "$file"; fi
}
cargo build --quiet --release --features bench --bin index-vectors
program=${CARGO_TARGET_DIR:-target}/release/index-vectors

texts() { node benches/index/texts.mjs $((block * blocks + queries)) > "$1"; }
embed() { "$program" embed "$model" "$home/texts.jsonl" "$1" "$2" "$3"; }
nearest() { "$program" tenth "$home/queries.f32" "$1" "$2" "$home"/vectors-?.f32; }

make texts.jsonl texts
[ -f "$home/queries.f32" ] || say "embedding real text, once, in $home (some minutes for each 20,000)"
make queries.f32 embed $((block * blocks)) $((block * blocks + queries))
for size in "$@"; do
  if [ "$size" -gt $((block * blocks)) ]; then say "there are $((block * blocks)) vectors only"; exit 1; fi
  # And some more, which are added to such an index.
  for ((number = 0; number < blocks && number * block < size + 1000; number++)); do
    make "vectors-$number.f32" embed $((number * block)) $(((number + 1) * block))
  done
  make "tenth-$size.f32" nearest "$size"
done
echo "$home"
