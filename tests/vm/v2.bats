# In the guest: what only cgroup v2 has. The rest is in tests/e2e, which runs there too.
load ../e2e/runtime_lib

setup_file() { runtime_begin; }
teardown_file() { runtime_end; }
setup() { bundle_make; }
teardown() { bundle_remove; }

@test "the group is the root of the container's own view" {
	command_is 'cat /proc/self/cgroup; grep " /sys/fs/cgroup " /proc/mounts; cat /sys/fs/cgroup/pids.max; mkdir /sys/fs/cgroup/x'
	config '.linux.resources = {"pids": {"limit": 20}}'
	run -1 run_it
	[[ $output == "0::/"*cgroup2*ro,nosuid,nodev,noexec*20*"Read-only file system"* ]]
	nothing_left
}

@test "unified: files by their names, memory.oom.group among them" {
	command_is 'cd /sys/fs/cgroup && cat memory.oom.group pids.max memory.high cpu.weight'
	config '.linux.resources = {"unified": {"memory.oom.group": "1", "pids.max": "9", "memory.high": "8388608", "cpu.weight": "42"}}'
	run -0 run_it
	[ "$output" = $'1\n9\n8388608\n42' ]
	config '.linux.resources = {"unified": {"memory.nosuch": "1"}}'
	run -1 run_it
	[[ $output == *memory.nosuch* ]]
	nothing_left
}

@test "v1's values in v2's terms, idle, burst, hugetlb" {
	command_is 'cd /sys/fs/cgroup && cat cpu.weight cpu.max cpu.max.burst memory.max memory.swap.max memory.low hugetlb.2MB.max'
	config '.linux.resources = {"cpu": {"shares": 2048, "quota": 40000, "period": 80000, "burst": 20000},
		"memory": {"limit": 67108864, "swap": 100663296, "reservation": 33554432},
		"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	run -0 run_it
	[ "$output" = $'174\n40000 80000\n20000\n67108864\n33554432\n33554432\n4194304' ]
	command_is 'cat /sys/fs/cgroup/cpu.idle'
	config '.linux.resources = {"cpu": {"idle": 1}}'
	run -0 run_it
	[ "$output" = 1 ]
	config '.linux.resources = {"memory": {"swappiness": 3}}'
	run -1 run_it
	[[ $output == *"linux: resources: memory: swappiness: not available with cgroup v2"* ]]
	nothing_left
}
