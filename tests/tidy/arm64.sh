#!/bin/bash
# Every file compiles for arm64 too; prints TAP.
cd "$(dirname "$0")/../.." || exit 1
cc=aarch64-linux-gnu-gcc
if ! command -v $cc >/dev/null; then
	echo "ok 1 arm64 # SKIP $cc is not installed"
	echo "1..1"
	exit 0
fi
# Headers of packaged libraries are the host's: they do not depend on the architecture.
host=$(cc -print-multiarch)
# Configuring makes the sources that are generated.
[ -d build/dev/generated ] || cmake --preset dev >/dev/null || exit 1
found=$(git ls-files 'src/*.c' | xargs -P 2 -n 24 $cc -std=gnu17 -D_GNU_SOURCE -DTUG_VERSION='"0"' -Isrc -Itests \
	-Ibuild/dev/generated -idirafter /usr/include -idirafter "/usr/include/$host" -Wall -Wextra -fsyntax-only 2>&1)
if [ -z "$found" ]; then
	echo "ok 1 arm64"
else
	echo "$found" | sed 's/^/# /'
	echo "not ok 1 arm64"
fi
echo "1..1"
[ -z "$found" ]
