#!/bin/bash
# clang-format has nothing to change; prints TAP. Its opinion differs from version to version: 14 is the one that counts.
cd "$(dirname "$0")/../.." || exit 1
format=$(command -v clang-format-14 || command -v clang-format)
version=$("$format" --version 2>/dev/null | grep -oE 'version [0-9]+' | grep -oE '[0-9]+')
if [ "$version" != 14 ]; then
	echo "ok 1 layout # SKIP clang-format 14 is not here (found: ${version:-none})"
	echo "1..1"
	exit 0
fi
wrong=$(git ls-files '*.c' '*.h' | xargs -P 2 -n 16 "$format" --dry-run 2>&1 | grep -oE '^[^:]+:[0-9]+' | sort -u)
if [ -z "$wrong" ]; then
	echo "ok 1 layout"
else
	echo "$wrong" | sed 's/^/# /'
	echo "# make format mends them"
	echo "not ok 1 layout"
fi
echo "1..1"
[ -z "$wrong" ]
