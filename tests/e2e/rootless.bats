#!/usr/bin/env bats
# tug-runtime as somebody who is not root: with one user in the container, with ranges through newuidmap and newgidmap,
# and as root of a user namespace. Control groups that may not be written are gone without, where nothing asks for them.

load runtime_lib

WHO=23456

setup_file() {
	runtime_begin
	# The program where somebody else finds it, and folders that are theirs.
	install -m 755 "$TUG_BIN/tug-runtime" "$T/tug-runtime"
	mkdir "$T/run" "$T/user"
	chown -R $WHO:$WHO "$T/run" "$T/user"
}
teardown_file() { runtime_end; }

# What newuidmap and newgidmap know of that user: files that only what is started here sees.
known() {
	printf 'root:x:0:0:root:/root:/bin/sh\nsomebody:x:%d:%d::/:/bin/sh\n' $WHO $WHO >"$T/passwd"
	echo "somebody:500000:65536" >"$T/subuid"
	echo "somebody:600000:65536" >"$T/subgid"
	unshare --mount --propagation private sh -c '
		for file in passwd subuid subgid; do
			[ -e /etc/$file ] || { mount -t tmpfs none /etc && : >/etc/$file; }
			mount --bind "$0/$file" /etc/$file
		done
		exec "$@"' "$T" "$@"
}
somebody() { setpriv --reuid=$WHO --regid=$WHO --clear-groups env XDG_RUNTIME_DIR="$T/run" "$@"; }
ur() { somebody "$T/tug-runtime" "$@"; }
ustatus_is() { [ "$(ur state "$1" 2>/dev/null | jq -r .status)" = "$2" ]; }

setup() {
	ID=$NAME-$BATS_TEST_NUMBER
	B=$T/user/b$BATS_TEST_NUMBER
	mkdir "$B"
	cp -a "$T/root" "$B/rootfs"
	chown -R $WHO:$WHO "$B"
	ur spec --rootless -b "$B"
	config '.process.terminal = false'
}
teardown() {
	ur delete --force "$ID" >/dev/null 2>&1 || true
	find /sys/fs/cgroup -maxdepth 2 -type d -name "$NAME-own" -exec rmdir {} +
	[ ! -e "$T/run/tug-runtime/$ID" ]
	nothing_left
}

@test "spec --rootless runs as it is, and leaves nothing" {
	command_is 'id -u; tr -s " " </proc/self/uid_map; touch /dev/shm/a; echo x >/dev/null; ls /sys/fs/cgroup | wc -l'
	config '.root.readonly = false'
	run -0 ur run -b "$B" "$ID" </dev/null
	[ "$output" = $'0\n 0 '$WHO$' 1\n0' ]
	config '.process.terminal = true'
	command_is 'tty; echo written >/root.file'
	run -0 script -qec "setpriv --reuid=$WHO --regid=$WHO --clear-groups env XDG_RUNTIME_DIR=$T/run $T/tug-runtime run -b $B $ID" /dev/null
	[[ $output == *"/dev/pts/0"* ]]
	[ "$(stat -c %u:%g "$B/rootfs/root.file")" = $WHO:$WHO ]
	[ -z "$(ls -A "$T/run/tug-runtime" | grep -v '^@')" ]
}

@test "create, state, start, exec, ps, list, kill, delete" {
	config '.process.args = ["sleep", "1000"]'
	ur create -b "$B" --pid-file "$B/pid" "$ID" </dev/null
	ustatus_is "$ID" created
	ur start "$ID"
	ustatus_is "$ID" running
	[ "$(ur exec "$ID" sh -c 'id -u; readlink /proc/self/ns/user')" = \
		"$(printf '0\n%s' "$(readlink "/proc/$(cat "$B/pid")/ns/user")")" ]
	run -7 ur exec "$ID" sh -c 'exit 7'
	ur exec -d --pid-file "$B/second" "$ID" sleep 2000
	[ "$(ur ps -f json "$ID" | jq -c 'sort')" = "$(jq -nc '[$ARGS.positional[] | tonumber] | sort' --args "$(cat "$B/pid")" "$(cat "$B/second")")" ]
	ur ps "$ID" | grep -q 'sleep 2000'
	[ "$(known setpriv --reuid=$WHO --regid=$WHO --clear-groups "$T/tug-runtime" --root "$T/run/tug-runtime" list -q)" = "$ID" ]
	ur list | grep -E "^$ID +[0-9]+ +running +$B +20.* $WHO$"
	run -1 ur pause "$ID"
	[[ $output == *"the container has no control group"* ]]
	run -1 ur update --memory 10000000 "$ID"
	[[ $output == *"the container has no control group"* ]]
	ur kill "$ID" KILL
	wait_for ustatus_is "$ID" stopped
	ur delete "$ID"
	[ ! -e "$T/run/tug-runtime/$ID" ]
}

@test "without a PID namespace: the processes of ps are the first one's, and nobody else's" {
	config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))
		| .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	command_is 'sleep 1000 & sleep 1000'
	ur run -d -b "$B" --pid-file "$B/pid" "$ID" </dev/null
	two() { [ "$(ur ps -f json "$ID" | jq length)" -ge 2 ]; }
	wait_for two
	[ "$(ur ps -f json "$ID" | jq --argjson pid "$(cat "$B/pid")" 'index($pid) != null and length <= 3')" = true ]
	local pid
	for pid in $(ur ps -f json "$ID" | jq '.[]'); do kill -9 "$pid"; done
	wait_for ustatus_is "$ID" stopped
}

@test "ranges of /etc/subuid and /etc/subgid, by newuidmap and newgidmap" {
	config '.linux.uidMappings = [{"containerID": 0, "hostID": $who, "size": 1}, {"containerID": 1, "hostID": 500000, "size": 65535}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": $who, "size": 1}, {"containerID": 1, "hostID": 600000, "size": 65535}]
		| .root.readonly = false | .process.user = {"uid": 5, "gid": 6, "additionalGids": [7, 8]}' --argjson who $WHO
	chmod 777 "$B/rootfs/data"
	command_is 'id -u; id -g; id -G; tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; touch /data/made'
	run -0 known setpriv --reuid=$WHO --regid=$WHO --clear-groups env XDG_RUNTIME_DIR="$T/run" "$T/tug-runtime" run -b "$B" "$ID" </dev/null
	[ "$output" = "$(printf '%s\n' 5 6 '6 7 8' " 0 $WHO 1" ' 1 500000 65535' " 0 $WHO 1" ' 1 600000 65535')" ]
	[ "$(stat -c %u:%g "$B/rootfs/data/made")" = 500004:600005 ]
	# What is not ours to map is refused, in the helper's words and ours.
	config '.linux.uidMappings[1].hostID = 700000'
	run -1 known setpriv --reuid=$WHO --regid=$WHO --clear-groups env XDG_RUNTIME_DIR="$T/run" "$T/tug-runtime" run -b "$B" "$ID" </dev/null
	[[ $output == *"newuidmap failed"* ]]
	[ ! -e "$T/run/tug-runtime/$ID" ]
}

@test "a group that may not be made: refused where a path or a limit asks for it" {
	config '.linux.cgroupsPath = $path' --arg path "/$ID"
	run -1 ur run -b "$B" "$ID" </dev/null
	[[ $output == *"unable to apply cgroup configuration"*"permission denied"* ]]
	config 'del(.linux.cgroupsPath) | .linux.resources = {"pids": {"limit": 20}}'
	run -1 ur run -b "$B" "$ID" </dev/null
	[[ $output == *"cannot set pids limit: container could not join or create cgroup"* ]] ||
		[[ $output == *"rootless needs no limits + no cgrouppath when no permission is granted for cgroups"* ]]
	config '.linux.resources = {"devices": [{"allow": false, "access": "rwm"}]}'
	config '.process.args = ["echo", "hello"]'
	[ "$(ur run -b "$B" "$ID" </dev/null)" = hello ]
}

@test "a group that is ours is used, limits and all" {
	local top
	for top in /sys/fs/cgroup/*/ /sys/fs/cgroup; do
		[ -e "$top/cgroup.procs" ] && ! [ -L "${top%/}" ] || continue
		mkdir "$top/$NAME-own" 2>/dev/null || continue
		chown $WHO:$WHO "$top/$NAME-own" "$top/$NAME-own"/{cgroup.procs,tasks,cgroup.subtree_control,cgroup.threads} 2>/dev/null || true
		[ ! -e "$top/$NAME-own/cpuset.cpus" ] || chown $WHO:$WHO "$top/$NAME-own"/cpuset.{cpus,mems}
	done
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		skip "v2 lets nobody move a process out of a group that is not theirs"
	fi
	config '.linux.cgroupsPath = $path | .linux.resources = {"pids": {"limit": 20}}
		| .linux.namespaces |= map(select(.type != "cgroup"))' --arg path "/$NAME-own/$ID"
	command_is 'grep pids: /proc/self/cgroup; sleep 1000'
	ur run -d -b "$B" "$ID" </dev/null >"$T/out"
	wait_for grep -q "/$NAME-own/$ID" "$T/out"
	[ "$(cat "/sys/fs/cgroup/pids/$NAME-own/$ID/pids.max")" = 20 ]
	[ "$(ur exec "$ID" grep pids: /proc/self/cgroup)" = "$(cat "$T/out")" ]
	ur update --pids-limit 30 "$ID"
	[ "$(cat "/sys/fs/cgroup/pids/$NAME-own/$ID/pids.max")" = 30 ]
	ur pause "$ID"
	ustatus_is "$ID" paused
	ur resume "$ID"
	ur delete --force "$ID"
	[ -z "$(find /sys/fs/cgroup -type d -name "$ID")" ]
}

@test "what cannot be without root is named" {
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	run -1 ur run -b "$B" "$ID" </dev/null
	[[ $output == *"linux: namespaces: rootless container requires user namespaces"* ]]
	rm "$B/config.json"
	ur spec --rootless -b "$B"
	config '.process.terminal = false | .mounts[2].options += ["gid=5"]'
	run -1 ur run -b "$B" "$ID" </dev/null
	[[ $output == *"mounts: [2]: options: cannot specify gid=5 mount option for rootless container"* ]]
	[ ! -e "$T/run/tug-runtime/$ID" ]
}

@test "binds of a user's own, with options" {
	mkdir "$B/source"
	echo content >"$B/source/file"
	chown -R $WHO:$WHO "$B/source"
	config '.mounts += [{"destination": "/data", "type": "bind", "source": $s, "options": ["rbind", "ro", "nosuid"]},
		{"destination": "/tmp/file", "source": ($s + "/file"), "options": ["bind"]}] | .root.readonly = false' --arg s "$B/source"
	command_is 'cat /data/file; touch /data/x 2>/dev/null || echo read-only; echo more >>/tmp/file'
	run -0 ur run -b "$B" "$ID" </dev/null
	[ "$output" = $'content\nread-only' ]
	[ "$(cat "$B/source/file")" = $'content\nmore' ]
}

@test "root of a user namespace is not root" {
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	config '.process.args = ["echo", "inside"]'
	[ "$(somebody unshare -r -m "$T/tug-runtime" run -b "$B" "$ID" </dev/null)" = inside ]
	# --rootless=false: whatever we are, control groups are not done without.
	run -1 somebody unshare -r -m "$T/tug-runtime" --rootless=false run -b "$B" "$ID" </dev/null
	[[ $output == *"unable to apply cgroup configuration"* ]]
}

@test "--rootless: what it takes, and that true counts for root" {
	run -1 ur --rootless=maybe list
	[[ $output == *'invalid value "maybe" for --rootless'* ]]
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	config '.process.args = ["echo", "inside"]'
	readonly_groups() { # control groups that even root cannot write
		unshare --mount --propagation private sh -c '
			for place in $(awk "\$5 ~ /^\\/sys\\/fs\\/cgroup/ {print \$5}" /proc/self/mountinfo); do
				mount -o remount,bind,ro "$place"
			done
			exec "$@"' sh "$@"
	}
	run -1 readonly_groups "$T/tug-runtime" --root "$T/state" run -b "$B" "$ID" </dev/null
	run -1 readonly_groups "$T/tug-runtime" --root "$T/state" --rootless false run -b "$B" "$ID" </dev/null
	[[ $output == *"unable to apply cgroup configuration"* ]]
	run -0 readonly_groups "$T/tug-runtime" --root "$T/state" --rootless true run -b "$B" "$ID" </dev/null
	[ "$output" = inside ]
	[ -z "$(rt list -q)" ]
}
