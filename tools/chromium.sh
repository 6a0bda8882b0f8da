#!/usr/bin/env bash
# Chromium and its driver, for the tests.
. "$(dirname "$0")/cache.sh"
if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
  debian chromium chromium-driver
fi
