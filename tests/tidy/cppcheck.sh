#!/bin/bash
# cppcheck finds no error; prints TAP. `make lint` adds clang-tidy, which takes longer.
cd "$(dirname "$0")/../.." || exit 1
if ! command -v cppcheck >/dev/null; then
	echo "ok 1 cppcheck # SKIP cppcheck is not installed"
	echo "1..1"
	exit 0
fi
mkdir -p build/cppcheck
# Leaks are left to the sanitizers: cppcheck does not know the cleanup attribute.
found=$(cppcheck -q -j2 --std=c11 --language=c --enable=warning,portability --inline-suppr --error-exitcode=0 \
	--cppcheck-build-dir=build/cppcheck --max-configs=1 --library=posix,gnu -D_GNU_SOURCE -D__x86_64__ \
	--suppress=missingInclude --suppress=resourceLeak --suppress=memleak --suppress=readdirCalled --suppress=varFuncNullUB --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches -Isrc \
	--template='{file}:{line}: {severity}: {id}: {message}' src bench 2>&1)
if [ -z "$found" ]; then
	echo "ok 1 cppcheck"
else
	echo "$found" | sed 's/^/# /'
	echo "not ok 1 cppcheck"
fi
echo "1..1"
[ -z "$found" ]
