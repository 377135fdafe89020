#!/usr/bin/env bats
# Corners in which tug-runtime does as runc does: what is a warning and no error, and what is where others look for it.

load runtime_lib

setup_file() { runtime_begin; }
teardown_file() { runtime_end; }
setup() { bundle_make; }
teardown() {
	rt delete --force "$ID"
	while mounts_here | grep -q .; do umount -R -l "$B/rootfs"; done # a test of the host's mount namespace that failed
	bundle_remove
}

root_copy() { rm -rf "$B/rootfs"; cp -a "$T/root" "$B/rootfs"; }

@test "capabilities: an unknown one is a warning, once, and the others count" {
	config '.process.capabilities.bounding = ["CAP_UNKNOWN", "CAP_KILL", "UNKNOWN_CAP"]
		| .process.capabilities.permitted = ["CAP_KILL", "UNKNOWN_CAP"] | .process.capabilities.effective = ["CAP_KILL"]'
	command_is 'grep Cap /proc/self/status'
	run -0 --separate-stderr rt --log "$T/log" run -b "$B" "$ID" </dev/null
	[[ $stderr == *"ignoring unknown or unavailable capabilities: [CAP_UNKNOWN UNKNOWN_CAP]"* ]]
	[[ $output == *"CapPrm:	0000000000000020"*"CapBnd:	0000000000000020"* ]]
	grep -q 'level=warning msg="ignoring unknown or unavailable capabilities: \[CAP_UNKNOWN UNKNOWN_CAP\]"' "$T/log"
	config '.process.args = ["sleep", "1000"] | .process.capabilities = {}'
	run_it -d
	jq -n '{args: ["true"], cwd: "/", capabilities: {bounding: ["CAP_NONE"]}}' >"$B/process.json"
	run -0 rt exec -p "$B/process.json" "$ID"
	[[ $output == *"ignoring unknown or unavailable capabilities: [CAP_NONE]"* ]]
}

@test "capabilities: an ambient one that is not inheritable is a warning" {
	config '.process.capabilities.inheritable = ["CAP_KILL"] | .process.capabilities.ambient = ["CAP_KILL", "CAP_CHOWN"]'
	command_is 'grep CapAmb /proc/self/status'
	run -0 --separate-stderr run_it
	[[ $stderr == *"can't raise ambient capability CAP_CHOWN: operation not permitted"* ]]
	[ "$output" = "CapAmb:	0000000000000020" ]
}

@test "environment: of two of one name the last counts, and is there once" {
	config '.process.env = ["A=1", "PATH=/nowhere", "B=2", "A=3", "PATH=/bin", "HOME=/x", "HOME="] | .process.args = ["env"]'
	run -0 run_it
	[ "$output" = $'B=2\nA=3\nPATH=/bin\nHOME=/root' ]
	config '.process.env = ["A=1", "B"]'
	run -1 run_it
	[[ $output == *"process: env: [1]: invalid environment variable: missing '='"* ]]
	config '.process.env = ["=1"]'
	run -1 run_it
	[[ $output == *"process: env: [0]: invalid environment variable: name cannot be empty"* ]]
	config '.process.env = ["A=1", "PATH=/bin"] | .process.args = ["sleep", "1000"]'
	run_it -d
	[ "$(rt exec -e A=2 -e A=3 "$ID" sh -c 'env | grep ^A=')" = A=3 ]
	run -255 rt exec -e A "$ID" true
	[[ $output == *"invalid environment variable: missing '='"* ]]
}

@test "a file bound over a link that leads to nothing: what it leads to is made" {
	root_copy
	ln -s ../run/resolve/file.conf "$B/rootfs/etc/conf"
	ln -s /run/other "$B/rootfs/etc/absolute"
	ln -s ../../../../../out/side "$B/rootfs/etc/above"
	echo content >"$B/source"
	config '.mounts += [("/etc/conf", "/etc/absolute", "/etc/above") | {"destination": ., "type": "bind", "source": $s, "options": ["rbind"]}]' --arg s "$B/source"
	command_is 'cat /etc/conf /run/resolve/file.conf /run/other /out/side; readlink /etc/conf'
	run -0 run_it
	[ "$output" = "$(printf 'content\n%.0s' 1 2 3 4; echo ../run/resolve/file.conf)" ]
	[ ! -e /out/side ]
}

@test "a bind of what another mount of the same container brings: with a user namespace, and id-mapped" {
	root_copy
	chown -R 100000:200000 "$B/rootfs"
	mkdir -p "$B/first/below"
	echo content >"$B/first/below/file"
	chown -R 100000:200000 "$B/first"
	config '.mounts += [{"destination": "/data", "type": "bind", "source": ($b + "/first"), "options": ["rbind"]},
		{"destination": "/again", "type": "bind", "source": ($b + "/rootfs/data/below"), "options": ["rbind"]}]' --arg b "$B"
	command_is 'cat /again/file; stat -c %u:%g /again/file'
	[ "$(run_it)" = $'content\n100000:200000' ]
	config '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
	[ "$(run_it)" = $'content\n0:0' ]
	# Nobody but root of the host may map what others own.
	config '.mounts[-1] += {"uidMappings": [{"containerID": 100000, "hostID": 100007, "size": 1}],
		"gidMappings": [{"containerID": 200000, "hostID": 200008, "size": 1}]}'
	[ "$(run_it)" = $'content\n7:8' ]
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	[ "$(run_it)" = $'content\n100007:200008' ]
	# A link in it leads nowhere else.
	ln -s /etc "$B/first/below/link"
	config '.mounts[-1].source += "/link/passwd" | .mounts[-1].destination = "/file" | del(.mounts[-1].uidMappings, .mounts[-1].gidMappings)'
	command_is 'cmp /file /etc/passwd && echo its own'
	[ "$(run_it)" = "its own" ]
}

@test "list: a root that was named and is not there is an error; the one by default is not" {
	run -1 rt --root "$B/none" list
	[[ $output == *"$B/none: no such file or directory"* ]]
	run -0 env XDG_RUNTIME_DIR="$B" setpriv --reuid=23457 --regid=23457 --clear-groups "$TUG_BIN/tug-runtime" list -q
	[ -z "$output" ]
}

@test "personality: flags are a warning, an unknown domain is an error" {
	config '.linux.personality = {"domain": "LINUX32", "flags": ["A", "B"]}'
	command_is 'uname -m'
	run -0 --separate-stderr run_it
	[[ $stderr == *"ignoring unsupported personality flags: [A B]"* ]]
	[ "$output" = i686 ] || [ "$(uname -m)" != x86_64 ]
	config '.linux.personality = {"domain": "OTHER"}'
	run -1 run_it
	[[ $output == *"linux: personality: domain: invalid personality domain OTHER"* ]]
}

mounts_here() { awk -v folder="$B/rootfs" 'index($5, folder) == 1 {print $5}' /proc/self/mountinfo; }

@test "the host's mount namespace: mounts are below the root file system, and nowhere else" {
	config '.linux.namespaces |= map(select(.type != "mount"))'
	run -1 run_it
	[[ $output == *"linux: maskedPaths, readonlyPaths: unable to restrict sys entries without a private MNT namespace"* ]]
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .root.readonly = true'
	command_is 'ls /; cat /proc/1/comm; touch /new 2>/dev/null || echo read-only; readlink /proc/self/ns/mnt; sleep 1000'
	awk '{print $5, $7}' /proc/self/mountinfo | sort >"$T/before"
	rt run -d -b "$B" "$ID" </dev/null >"$T/out"
	wait_for grep -q mnt: "$T/out"
	grep -q read-only "$T/out"
	grep -qxF "$(readlink /proc/self/ns/mnt)" "$T/out"
	[ -n "$(mounts_here)" ]
	# Another process in it is in its root, too.
	[ "$(rt exec "$ID" ls / | tr '\n' ' ')" = "$(sed '/^sh$/,$d' "$T/out" | tr '\n' ' ')" ]
	rt delete --force "$ID"
	[ -z "$(mounts_here)" ]
	awk '{print $5, $7}' /proc/self/mountinfo | sort | diff "$T/before" -
	# The end of a run, and a failure on the way, leave nothing either.
	config '.process.args = ["true"]'
	run -0 run_it
	[ -z "$(mounts_here)" ]
	config '.process.args = ["nothing"]'
	run -1 run_it
	[ -z "$(mounts_here)" ]
	config '.mounts += [{"destination": "/data", "type": "nonsense", "source": "x"}]'
	run -1 run_it
	[ -z "$(mounts_here)" ]
	# A root that is a mount of somebody else's stays.
	mount --bind "$B/rootfs" "$B/rootfs"
	run -1 run_it
	[ "$(mounts_here)" = "$B/rootfs" ]
	config 'del(.mounts[-1]) | .process.args = ["true"]'
	run -0 run_it
	[ "$(mounts_here)" = "$B/rootfs" ]
	umount "$B/rootfs"
}

@test "--debug: each step in the log, or on standard error without one" {
	command_is 'echo hello'
	run -0 rt --debug run -b "$B" "$ID" </dev/null
	[[ $output == *"level=debug msg=\"tug-runtime "*": run\""*"level=debug msg=\"plan compiled\""*hello* ]]
	run -0 rt --debug --log "$B/log" --log-format json run -b "$B" "$ID" </dev/null
	[ "$output" = hello ]
	jq -es 'all(.[]; .level == "debug") and any(.[]; .msg == "program started")' "$B/log"
	run -1 rt --debug --log "$B/log" state nosuch
	tail -n 1 "$B/log" | grep -q level=error
}
