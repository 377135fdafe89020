#!/usr/bin/env bats
# The plans that tug-runtime prints are those that were looked at once: tests/golden/plan/NAME.json (a config.json) and
# NAME.plan. No root is needed. With UPDATE=1 the plans are written anew, to be looked at in the difference.

bats_require_minimum_version 1.5.0 2>/dev/null || true

setup() {
	TUG_BIN=${TUG_BIN:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/release/bin}
	GOLDEN=$BATS_TEST_DIRNAME/../golden/plan
	T=$(mktemp -d /tmp/tug-plan.XXXXXX)
	mkdir "$T/rootfs"
	chmod 755 "$T" "$T/rootfs"
}

teardown() { rm -rf "$T"; }

# As nobody where we are root.
plain() {
	if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}

show() { # show NAME: the plan, the bundle's own folder named BUNDLE
	cp "$GOLDEN/$1.json" "$T/config.json"
	plain "$TUG_BIN/tug-runtime" --root "$T/none" run --dry-run -b "$T" golden >"$T/plan"
	sed "s|$T|BUNDLE|g" "$T/plan"
}

compare() {
	show "$1" >"$T/shown"
	[ -z "${UPDATE:-}" ] || cp "$T/shown" "$GOLDEN/$1.plan"
	diff -u "$GOLDEN/$1.plan" "$T/shown"
}

@test "the default specification" { compare default; }
@test "every kind of mount and its options" { compare mounts; }
@test "namespaces: made, joined, mapped, with other clocks" { compare namespaces; }
@test "everything about the process" { compare process; }
@test "devices, sysctls, hooks, limits" { compare rest; }

@test "a plan is printed without anything being made" {
	show default >/dev/null
	[ ! -e "$T/none" ]
}
