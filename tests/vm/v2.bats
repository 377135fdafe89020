# In the guest: the engine on cgroup v2 with AppArmor.
load ../e2e/lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() {
	local ids
	ids=$(tug ps -aq)
	[ -z "$ids" ] || tug rm -f $ids >/dev/null
}

# group NAME FILE: a control file of a container's group, as the host sees it.
group() { cat "/sys/fs/cgroup/$NAME/$(tug inspect -f '{{.Id}}' "$1")/$2"; }

@test "limits are v2's own" {
	tug run -d --name c -m 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 --cpu-shares 1024 \
		--pids-limit 50 --cpuset-cpus 0 busybox sleep 1000 >/dev/null
	[ "$(group c memory.max)" = 67108864 ]
	[ "$(group c memory.swap.max)" = 33554432 ]
	[ "$(group c memory.low)" = 33554432 ]
	[ "$(group c cpu.max)" = "50000 100000" ]
	[ "$(group c cpu.weight)" = 100 ]
	[ "$(group c pids.max)" = 50 ]
	[ "$(group c cpuset.cpus)" = 0 ]
}

@test "the container has a cgroup namespace, and its own group read-only" {
	run -0 tug run --rm busybox sh -c 'cat /proc/self/cgroup; grep " /sys/fs/cgroup " /proc/mounts; mkdir /sys/fs/cgroup/x'
	:
}

@test "no more memory: killed, and said so" {
	run -137 tug run --name c -m 16m --memory-swap 16m busybox sh -c 'x=a; while :; do x=$x$x; done'
	[ "$(tug inspect -f '{{.State.OOMKilled}}' c)" = true ]
}

@test "devices: the list is all there is" {
	run -0 tug run --rm --device /dev/kmsg busybox sh -c 'head -c 0 /dev/kmsg && echo listed
		mknod /tmp/mem c 1 1 && ! head -c 1 /tmp/mem 2>/tmp/err && cat /tmp/err; mknod /tmp/zero c 1 5 && head -c 1 /tmp/zero | wc -c'
	[[ $output == *listed*"Operation not permitted"*1* ]]
}

@test "stop, kill and rm -f leave no group" {
	tug run -d --name c busybox sleep 1000 >/dev/null
	id=$(tug inspect -f '{{.Id}}' c)
	[ -d "/sys/fs/cgroup/$NAME/$id" ]
	tug kill c >/dev/null
	wait_for test ! -e "/sys/fs/cgroup/$NAME/$id"
	tug start c >/dev/null
	tug rm -f c >/dev/null
	[ ! -e "/sys/fs/cgroup/$NAME/$id" ]
}

@test "exec is in the container's group" {
	tug run -d --name c busybox sleep 1000 >/dev/null
	run -0 tug exec c cat /proc/self/cgroup
	[ "$output" = "0::/" ]
}
