# What the tests of tug-runtime share: a state directory, a bundle with a static busybox, and a check that nothing is
# left: no state, mount, cgroup or process.
#
#   setup_file() { runtime_begin; }   teardown_file() { runtime_end; }   setup() { bundle_make; }
#
# T is the file's folder; ID a name of the test's own; B its bundle.

export TUG_BIN=${TUG_BIN:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/release/bin}
source "$(dirname "${BASH_SOURCE[0]}")/wait.bash"
bats_require_minimum_version 1.5.0 2>/dev/null || true

runtime_begin() {
	[ "$(id -u)" = 0 ] || { echo "end-to-end tests need root" >&2; return 1; }
	T=$(mktemp -d /tmp/tug-runtime.XXXXXX)
	NAME=rt$(basename "$T" | tr -dc a-zA-Z0-9 | tail -c 6)
	export T NAME
	mkdir -p "$T"/root/{bin,dev,etc,proc,sys,tmp,data}
	chmod 755 "$T" "$T/root"
	cp "$(command -v busybox)" "$T/root/bin/busybox"
	"$T/root/bin/busybox" --install "$T/root/bin"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$T/root/etc/passwd"
	echo 'root:x:0:' >"$T/root/etc/group"
}

rt() { "$TUG_BIN/tug-runtime" --root "$T/state" "$@"; }
status_of() { rt state "$1" | jq -r .status; }
pid_of() { rt state "$1" | jq -r .pid; }

# A bundle of this test's own, on a copy of the root made of hard links.
bundle_make() {
	ID=$NAME-$BATS_TEST_NUMBER
	B=$T/b$BATS_TEST_NUMBER
	mkdir -p "$B"
	cp -al "$T/root" "$B/rootfs"
	(cd "$B" && rt spec)
	config '.process.terminal = false | .process.args = ["true"] | .root.readonly = false | .linux.cgroupsPath = "/'"$ID"'"'
}

config() { # config JQ-PROGRAM [ARGS]: changes config.json
	jq "${@:2}" "$1" "$B/config.json" >"$B/config.new" && mv "$B/config.new" "$B/config.json"
}

command_is() { # command_is SCRIPT: what the container runs in its shell
	config '.process.args = ["sh", "-c", $script]' --arg script "$1"
}

run_it() { rt run -b "$B" "$@" "$ID" </dev/null; }

# strace; the leak check of a sanitized build does not work below it.
traced() { ASAN_OPTIONS=detect_leaks=0 strace -qq "$@"; }

status_is() { [ "$(status_of "$1" 2>/dev/null)" = "$2" ]; }
gone() { [ ! -e "$T/state/$1" ]; }

nothing_left() { # nothing_left [ID]
	local id=${1:-$ID} found
	[ ! -e "$T/state/$id" ] || { echo "state of $id is left" >&2; return 1; }
	found=$(find /sys/fs/cgroup -type d -name "$id" 2>/dev/null)
	[ -z "$found" ] || { echo "cgroups are left: $found" >&2; return 1; }
	! awk -v folder="$T/" 'index($5, folder) == 1' /proc/self/mountinfo | grep . || return 1
}

# Whatever a test that failed has left.
bundle_remove() {
	rt delete --force "$ID" >/dev/null 2>&1 || true
	wait_for nothing_left
}

runtime_end() {
	local status=0 id
	for id in $(rt list -q 2>/dev/null); do echo "left: $id" >&2; rt delete --force "$id"; status=1; done
	find /sys/fs/cgroup -type d -name "$NAME*" 2>/dev/null | grep . && status=1
	rm -rf "$T"
	return $status
}
