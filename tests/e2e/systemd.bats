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
	find /sys/fs/cgroup -depth -type d -name "$NAME.slice" -exec rmdir {} \; 2>/dev/null
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
