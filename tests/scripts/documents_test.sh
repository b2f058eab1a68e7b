#!/bin/bash
# Every link from one installed document to another leads somewhere.
#
#   documents_test.sh BUILD
set -u
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

cmake --install "$1" --component documents --prefix "$tmp" >"$tmp/log" ||
  fail "$(cat "$tmp/log")"
links=0
while IFS= read -r document; do
  while IFS= read -r link; do
    [[ $link == *://* ]] && continue
    [[ -e ${document%/*}/${link%%#*} ]] || fail "${document#"$tmp/"}: $link"
    links=$((links + 1))
  done < <(grep -oP '\]\(\K[^)]+' "$document")
done < <(find "$tmp" -name '*.md')
[[ $links -gt 10 ]] || fail "$links links"
