# In the guest, below a real systemd: the systemd driver of tug-runtime. What it does without one is in
# tests/e2e/systemd.bats.
load ../e2e/runtime_lib

setup_file() { runtime_begin; }
teardown_file() {
	systemctl stop "$NAME.slice" || true
	runtime_end
}
setup() {
	bundle_make
	UNIT=rt-$ID.scope
	config '.process.args = ["sleep", "1000"] | .linux.cgroupsPath = $path
		| .linux.resources = {"memory": {"limit": 67108864}, "pids": {"limit": 77}, "cpu": {"quota": 20000, "period": 100000}}' \
		--arg path "$NAME.slice:rt:$ID"
}
teardown() { bundle_remove; }

rs() { rt --systemd-cgroup "$@"; }
shown() { systemctl show "$UNIT" -P "$1"; } # a property of the container's unit
is_shown() { [ "$(shown "$1")" = "$2" ]; }
no_unit() {
	is_shown LoadState not-found && is_shown ActiveState inactive && [ -z "$(systemctl list-units --all --plain --no-legend --state=failed)" ]
}
group() { echo "/sys/fs/cgroup$(shown ControlGroup)"; }

@test "a transient scope with the container's limits, in its slice; delete leaves no unit" {
	rs create -b "$B" "$ID" </dev/null
	is_shown ActiveState active
	is_shown Transient yes
	is_shown Delegate yes
	is_shown Slice "$NAME.slice"
	is_shown MemoryMax 67108864
	is_shown TasksMax 77
	is_shown CPUQuotaPerSecUSec 200ms
	[ "$(cat "$(group)/cgroup.procs")" = "$(pid_of "$ID")" ]
	[ "$(cat "$(group)/memory.max")" = 67108864 ]
	rs start "$ID"
	[ "$(rs exec "$ID" cat /proc/1/cgroup)" = "0::/" ]
	rs delete --force "$ID"
	wait_for no_unit
	nothing_left
}

@test "update holds, also when systemd writes everything anew" {
	rs run -d -b "$B" "$ID" </dev/null
	rt update --pids-limit 88 --memory 50331648 --cpu-quota 30000 --cpu-period 60000 "$ID"
	is_shown TasksMax 88
	is_shown MemoryMax 50331648
	is_shown CPUQuotaPerSecUSec 500ms
	systemctl daemon-reload
	systemctl set-property --runtime "$UNIT" CPUWeight=50
	[ "$(cat "$(group)/pids.max")" = 88 ]
	[ "$(cat "$(group)/memory.max")" = 50331648 ]
	[ "$(cat "$(group)/cpu.max")" = "30000 60000" ]
	rt delete --force "$ID"
	wait_for no_unit
}

@test "delegation: groups made in the container stay the container's" {
	config '(.mounts[] | select(.type == "cgroup")).options |= map(select(. != "ro"))'
	command_is 'mkdir /sys/fs/cgroup/own && echo $$ >/sys/fs/cgroup/own/cgroup.procs && exec sleep 1000'
	rs run -d -b "$B" "$ID" </dev/null
	wait_for grep -q . "$(group)/own/cgroup.procs"
	systemctl daemon-reload
	systemctl set-property --runtime "$UNIT" CPUWeight=50
	grep -q . "$(group)/own/cgroup.procs"
	is_shown ActiveState active
	rs delete --force "$ID"
	wait_for no_unit
}

@test "however it ends, no unit is left, and its name can be used again" {
	command_is 'exit 3'
	run -3 rs run -b "$B" "$ID" </dev/null
	wait_for no_unit
	command_is 'exec tail /dev/zero'
	config '.linux.resources.memory.limit = 8388608'
	run -137 rs run -b "$B" "$ID" </dev/null
	wait_for no_unit
	command_is 'tail /dev/zero; tail /dev/zero; tail /dev/zero'
	run -137 rs run -b "$B" "$ID" </dev/null
	wait_for no_unit
	config '.process.args = ["nothere"]'
	run -1 rs run -b "$B" "$ID" </dev/null
	wait_for no_unit
	config '.process.args = ["sleep", "1000"]'
	rs run -d -b "$B" "$ID" </dev/null
	systemctl kill -s KILL "$UNIT"
	wait_for status_is "$ID" stopped
	rt delete "$ID"
	wait_for no_unit
	nothing_left
}
