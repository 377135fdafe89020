#!/bin/bash
# Runs runc's own integration tests twice, with runc and with tug-runtime, and compares; prints TAP. A test that runc
# passes here and tug-runtime does not is "not ok", unless runc.md beside this file gives the reason.
#
#   runc_suite.sh FOLDER [FILE.bats...]
#
# FOLDER is a checkout of runc that stands ready for its tests: runc itself, the helpers in tests/cmd/_bin, and the
# images in tests/integration/testdata. Nothing of it is part of this repository. TUG_BIN: the folder of tug-runtime.
# RESULTS: a folder that keeps what was printed, by file and runtime; what is there of runc is taken instead of running it
# again. Needs root, bats, jq, gawk. Everything runs in namespaces of its own, with a /dev of its own; control groups are
# below /runc-cgroups-integration-test and those of the containers' names.
cd "$(dirname "$0")/../.." || exit 1
suite=$(readlink -f "${1:?runc_suite.sh FOLDER [FILE.bats...]}"); shift
reasons=$PWD/tests/compat/runc.md
TUG_BIN=${TUG_BIN:-$PWD/build/release/bin}
results=${RESULTS:-$(mktemp -d)}
[ -n "${RESULTS:-}" ] || trap 'rm -rf "$results"' EXIT
for need in bats jq gawk; do
	command -v $need >/dev/null || { echo "1..0 # SKIP $need is not installed"; exit 0; }
done
[ -x "$suite/runc" ] && [ -d "$suite/tests/cmd/_bin" ] || { echo "1..0 # SKIP $suite is not ready: see the head of this file"; exit 0; }
mkdir -p "$results"

# The suite asks Go for the architecture, and nothing else.
tools=$(mktemp -d)
printf '#!/bin/sh\ncase $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac\n' >"$tools/go"
chmod 755 "$tools" "$tools/go"

# inside COMMAND...: in mount, network, host name, IPC and PID namespaces of its own; what is left of it ends with it.
inside() {
	unshare --mount --propagation private --net --uts --ipc --pid --fork --kill-child --mount-proc bash -c '
		set -e
		ip link set lo up
		mount -t tmpfs -o mode=1777 tmpfs /var/tmp
		mkdir /var/tmp/dev
		mount -t tmpfs -o mode=755 tmpfs /var/tmp/dev
		for node in /dev/*; do # a test that takes a device away takes it from itself
			case $node in /dev/pts|/dev/shm|/dev/mqueue) continue ;; esac
			cp -a "$node" /var/tmp/dev/ 2>/dev/null || :
		done
		mkdir -p /var/tmp/dev/{pts,shm,mqueue}
		mount --rbind /dev/pts /var/tmp/dev/pts
		mount -t tmpfs tmpfs /var/tmp/dev/shm
		mount -t mqueue mqueue /var/tmp/dev/mqueue
		mount --move /var/tmp/dev /dev
		if [ "$(stat -f -c %T /sys/fs/cgroup)" = tmpfs ]; then # v1: the suite makes directories beside the hierarchies
			mkdir /var/tmp/groups
			mount -t tmpfs -o mode=755 tmpfs /var/tmp/groups
			for place in /sys/fs/cgroup/*; do
				if [ -L "$place" ]; then cp -a "$place" /var/tmp/groups/; fi
				mountpoint -q "$place" || continue
				mkdir "/var/tmp/groups/${place##*/}"
				mount --bind "$place" "/var/tmp/groups/${place##*/}"
			done
			mount --move /var/tmp/groups /sys/fs/cgroup
		fi
		exec "$@"' inside "$@"
}

suite_run() { # suite_run RUNTIME FILE OUTPUT
	local scratch
	scratch=$(mktemp -d /tmp/runc-suite.XXXXXX)
	chmod 755 "$scratch"
	# A terminal of its own: most of its containers want one.
	inside env PATH="$tools:$PATH" TMPDIR="$scratch" RUNC="$1" FILE="$2" OUT="$3.new" \
		script -qec 'timeout --foreground -k 10 600 bats -t "$FILE" >"$OUT" 2>&1' /dev/null </dev/null >/dev/null
	mv "$3.new" "$3"
	rm -rf "$scratch"
}

verdicts() { # verdicts OUTPUT: "ok|not|skip NAME" of each test
	sed -nE -e 's/^ok [0-9]+ (.*) # skip.*/skip \1/p' -e t -e 's/^ok [0-9]+ (.*)/ok \1/p' -e 's/^not ok [0-9]+ (.*)/not \1/p' "$1"
}

number=0 failed=0
compare() { # compare FILE
	local name verdict theirs ours
	local file=$1 at
	at=$(basename "$file" .bats)
	[ -s "$results/$at.runc" ] || suite_run "$suite/runc" "$file" "$results/$at.runc"
	suite_run "$TUG_BIN/tug-runtime" "$file" "$results/$at.tug"
	verdicts "$results/$at.runc" >"$results/theirs"
	verdicts "$results/$at.tug" >"$results/ours"
	while read -r theirs name; do
		number=$((number + 1))
		ours=$(awk -v name="$name" '{verdict = $1; $1 = ""; if (substr($0, 2) == name) {print verdict; exit}}' "$results/ours")
		verdict="ok $number $at: ${name//#/}"
		case $theirs,$ours in
		ok,ok) echo "$verdict" ;;
		skip,skip) echo "$verdict # SKIP as with runc" ;;
		not,ok) echo "$verdict # runc does not pass it here" ;;
		not,*) echo "$verdict # SKIP neither passes it here" ;;
		*)
			if grep -qF "| $at | $name |" "$reasons"; then
				echo "$verdict # SKIP runc.md says why"
			else
				echo "not $verdict"; failed=1
				awk -v name="$name" '/^(not )?ok / {on = index($0, name) > 0} on' "$results/$at.tug" | sed 's/^/# /'
			fi ;;
		esac
	done <"$results/theirs"
}

if [ $# = 0 ]; then set -- "$suite"/tests/integration/*.bats; fi
for file; do
	[ -e "$file" ] || file=$suite/tests/integration/$file
	compare "$file"
done
rm -rf "$tools" "$results/theirs" "$results/ours"
echo "1..$number"
exit $failed
