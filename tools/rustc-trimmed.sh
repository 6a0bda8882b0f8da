#!/usr/bin/env bash
# rustc, as cargo calls it, less the features of regex crates that no tokeniser of ours needs
#
# tokenizers asks for all features of the regex crates and offers no choice; cargo cannot take one back. Left out are
# the Unicode tables of \p{Age=…}, \p{Alphabetic} and its like, \p{Script=…} and \p{Word_Break=…}, automata that are
# built ahead or while searching (the simulation is kept), the backtracker, searches for several literals at once,
# inlining by force, tables for matching without regard to case, and look-behinds of no fixed length.
#
# Where in its source a panic came from is left out, too, as the compiler offers it behind its switch for what is not
# settled: file names and lines take 5 % of the download. What went wrong is still told. So is what derived Debug would write of
# structs, all but their names, which nothing shows to anybody. Crates that ask the compiler what
# it can do must not see the switch.
set -euo pipefail
case " $* " in
  *" --target wasm32-unknown-unknown "*) ;;
  *) exec "$@" ;;
esac
case " $* " in
  *" --emit=dep-info,"*) export RUSTC_BOOTSTRAP=1; set -- "$@" -Zlocation-detail=none -Zfmt-debug=shallow ;;
esac
case " $* " in
  *" --crate-name regex_syntax "*) out='unicode|unicode-age|unicode-bool|unicode-case|unicode-script|unicode-segment' ;;
  *" --crate-name regex_automata "*)
    out='dfa|dfa-build|dfa-search|dfa-onepass|hybrid|nfa-backtrack|perf-inline|perf-literal-multisubstring'
    ;;
  *" --crate-name fancy_regex "*) out='variable-lookbehinds' ;;
  *) exec "$@" ;;
esac
kept=()
while [ $# -gt 0 ]; do
  if [ "$1" = --cfg ] && [[ "${2-}" =~ ^feature=\"($out)\"$ ]]; then shift; else kept+=("$1"); fi
  shift
done
exec "${kept[@]}"
