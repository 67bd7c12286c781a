#!/usr/bin/env bash
# Gives the module another path, in go.mod and in every import:
#
#	scripts/set-module.sh example.org/you/pare
#
# Run it on a clean checkout; it changes tracked .go, .mod and .md files and commits nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
new=${1-}
if [ $# -ne 1 ] || ! printf '%s' "$new" | grep -Eq '^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$'; then
  echo "usage: scripts/set-module.sh PATH, a module path such as example.org/you/pare" >&2
  exit 2
fi
old=$(sed -n 's/^module //p' go.mod)
if [ "$old" = "$new" ]; then
  echo "the module is $new already"
  exit 0
fi
# An import is a quoted path: alone on its line, after import or a name, before a comment.
pattern=$(printf '%s' "$old" | sed 's/[.]/[.]/g')
git ls-files '*.go' '*.md' | while IFS= read -r file; do
  if grep -Eq "\"$pattern(/[^\"]*)?\"( //.*)?\$" "$file"; then
    sed -E -i.bak "s#^([[:space:]]*(import[[:space:]]+)?([A-Za-z0-9_.]+[[:space:]]+)?)\"$pattern(/[^\"]*)?\"( //.*)?\$#\\1\"$new\\4\"\\5#" "$file"
    rm "$file.bak"
  fi
done
go mod edit -module "$new"
gofmt -w $(git ls-files '*.go')
echo "the module is $new; check with: go build ./... && go test ./..."
