# The systemd driver of tug-runtime, with a systemd that takes every unit and makes none.
load runtime_lib

setup_file() {
	runtime_begin
	python3 "$BATS_TEST_DIRNAME/fake_systemd.py" "$T/bus" "$T/asked" 3>&- </dev/null >"$T/bus.log" 2>&1 &
	echo $! >"$T/bus.pid"
	wait_for test -S "$T/bus"
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/bus
}
teardown_file() {
	kill "$(cat "$T/bus.pid")"
	find /sys/fs/cgroup -depth -type d \( -name "$NAME.slice" -o -name "$NAME-user" \) -exec rmdir {} \; 2>/dev/null
	runtime_end
}
setup() { bundle_make; }
teardown() { bundle_remove; }

@test "a scope is asked for, with its slice and limits, and the container is in it" {
	command_is 'cat /proc/self/cgroup'
	config '.linux.cgroupsPath = $path | .linux.namespaces |= map(select(.type != "cgroup"))
		| .linux.resources = {"memory": {"limit": 67108864}, "pids": {"limit": 77}}' --arg path "$NAME.slice:rt:$ID"
	run -0 rt --systemd-cgroup run -b "$B" "$ID" </dev/null
	[[ $output == *"/$NAME.slice/rt-$ID.scope"* ]]
	[[ $(cat "$T/asked") == *"StartTransientUnit "*"rt-$ID.scope "*replace*PIDs*Slice*"$NAME.slice"*Delegate*TasksMax* ]]
	[ -z "$(find /sys/fs/cgroup -type d -name "rt-$ID.scope")" ]
	nothing_left
}

@test "what is not SLICE:PREFIX:NAME is refused, and a bus that is not there named" {
	config '.linux.cgroupsPath = "/a/b"'
	run -1 rt --systemd-cgroup run -b "$B" "$ID" </dev/null
	[[ $output == *'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/a/b" instead'* ]]
	config '.linux.cgroupsPath = $path' --arg path "$NAME.slice:rt:$ID"
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/nowhere run -1 rt --systemd-cgroup run -b "$B" "$ID" </dev/null
	[[ $output == *"D-Bus: connect to unix:path=$T/nowhere: No such file or directory"* ]]
	nothing_left
}

asked() { grep -E "$1" "$T/asked" | tail -n 1; } # what systemd was asked for last

running() { # a container that runs, in a scope
	config '.process.args = ["sleep", "1000"] | .linux.cgroupsPath = $path
		| .linux.resources = {"memory": {"limit": 67108864}, "pids": {"limit": 77}}' --arg path "$NAME.slice:rt:$ID"
	rt --systemd-cgroup run -d -b "$B" "$ID" </dev/null
}
group_file() { find /sys/fs/cgroup -path "*/rt-$ID.scope/$1"; }

@test "update: the unit's properties and the group's files, whatever the command line says of systemd" {
	running
	jq -e --arg unit "rt-$ID.scope" '.scope.unit == $unit and .scope.slice != ""' "$T/state/$ID/state.json"
	: >"$T/asked"
	rt update --pids-limit 88 --memory 50331648 "$ID"
	[[ $(asked SetUnitProperties) == *"rt-$ID.scope"*Memory*TasksMax* ]]
	[ "$(cat "$(group_file pids.max)")" = 88 ]
	[ "$(cat "$(group_file 'memory.max')" "$(group_file memory.limit_in_bytes)" 2>/dev/null)" = 50331648 ]
	: >"$T/asked"
	rt update --cpu-quota 20000 --cpu-period 50000 "$ID"
	[[ $(asked SetUnitProperties) == *CPUQuotaPeriodUSec*CPUQuotaPerSecUSec* ]]
	# What systemd refuses is told, and nothing is written then.
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/nowhere run -1 rt update --pids-limit 99 "$ID"
	[[ $output == *"D-Bus: connect to unix:path=$T/nowhere"* ]]
	[ "$(cat "$(group_file pids.max)")" = 88 ]
	rt delete --force "$ID"
}

@test "delete stops the scope; so does the end of a run" {
	running
	: >"$T/asked"
	rt delete --force "$ID"
	[[ $(asked StopUnit) == *"rt-$ID.scope replace"* ]]
	[[ $(asked ResetFailedUnit) == *"rt-$ID.scope"* ]]
	[ -z "$(find /sys/fs/cgroup -type d -name "rt-$ID.scope")" ]
	nothing_left
	: >"$T/asked"
	config '.process.args = ["true"]'
	rt --systemd-cgroup run -b "$B" "$ID" </dev/null
	[[ $(asked StopUnit) == *"rt-$ID.scope replace"* ]]
	nothing_left
}

@test "pause, exec, resume, and the end of one that is paused" {
	running
	rt pause "$ID"
	[ "$(status_of "$ID")" = paused ]
	rt resume "$ID"
	[ "$(status_of "$ID")" = running ]
	rt exec "$ID" true
	rt pause "$ID"
	rt delete --force "$ID"
	[[ $(asked StopUnit) == *"rt-$ID.scope"* ]]
	nothing_left
}

@test "a bus that is gone keeps no container from being deleted" {
	running
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/nowhere run -0 rt delete --force "$ID"
	[[ $output == *"stop the scope rt-$ID.scope: D-Bus: connect to"* ]]
	[ -z "$(find /sys/fs/cgroup -type d -name "rt-$ID.scope")" ]
	nothing_left
}

@test "root of a user namespace asks the user's manager, below whose group the scope lies" {
	local bus
	python3 "$BATS_TEST_DIRNAME/fake_systemd.py" "$T/session" "$T/asked-session" 1234 "/$NAME-user" 3>&- </dev/null >"$T/session.log" 2>&1 &
	bus=$!
	wait_for test -S "$T/session"
	command_is 'cat /proc/self/cgroup'
	config '.linux.cgroupsPath = $path | .linux.namespaces |= map(select(.type != "cgroup" and .type != "network"))
		| .mounts |= map(select(.type != "sysfs" and .type != "devpts")) | del(.linux.resources)' --arg path "$NAME.slice:rt:$ID"
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/nowhere DBUS_SESSION_BUS_ADDRESS=unix:path=$T/session \
		run unshare -r -m "$TUG_BIN/tug-runtime" --systemd-cgroup --root "$T/state" run -b "$B" "$ID" </dev/null
	kill "$bus"
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	[[ $output == *"/$NAME-user/$NAME.slice/rt-$ID.scope"* ]]
	grep -q "StopUnit rt-$ID.scope" "$T/asked-session"
	nothing_left
}
