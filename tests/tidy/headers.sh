#!/bin/bash
# Each header compiles alone; prints TAP.
cd "$(dirname "$0")/../.." || exit 1
number=0 status=0
for header in src/*/*.h tests/unit/*.h; do
	number=$((number + 1))
	if out=$(echo "#include \"$header\"" | ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -DTUG_VERSION='"0"' -Isrc -Itests -I. -Wall -Wextra \
		-fsyntax-only -x c - 2>&1); then
		echo "ok $number $header alone"
	else
		echo "$out" | sed 's/^/# /'
		echo "not ok $number $header alone"; status=1
	fi
done
echo "1..$number"
exit $status
