# Limits of containers end to end, on v1 and on v2: what run asks for is in the control group, an update changes it while
# the container runs, and what cannot be is refused in Docker's words.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

v2() { [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; }
# group CONTAINER HIERARCHY V1-FILE V2-FILE: a control file of a container's group.
group() {
	local id
	id=$(tug inspect -f '{{.Id}}' "$1")
	if v2; then cat "/sys/fs/cgroup/$NAME/$id/$4"; else cat "/sys/fs/cgroup/$2/$NAME/$id/$3"; fi
}
disk() { lsblk -dnpo NAME,TYPE 2>/dev/null | awk '$2 == "disk" {print $1; exit}'; }
group_gone() { [ -z "$(find /sys/fs/cgroup -type d -name "$1" 2>/dev/null)" ]; }
# one V1 V2: the value for this host
one() { if v2; then echo "$2"; else echo "$1"; fi; }

@test "memory, processors and pids" {
	tug run -d --name web -m 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 --cpu-shares 1024 \
		--pids-limit 50 --cpuset-cpus 0 --cpuset-mems 0 busybox sleep 1000 >/dev/null
	[ "$(group web memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(group web memory memory.memsw.limit_in_bytes memory.swap.max)" = "$(one 100663296 33554432)" ]
	[ "$(group web memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	[ "$(group web cpu cpu.cfs_quota_us cpu.max)" = "$(one 50000 "50000 100000")" ]
	[ "$(group web cpu cpu.shares cpu.weight)" = "$(one 1024 100)" ]
	[ "$(group web pids pids.max pids.max)" = 50 ]
	[ "$(group web cpuset cpuset.cpus cpuset.cpus)" = 0 ]
	run -0 tug exec web grep Cpus_allowed_list /proc/self/status
	[[ $output == *$'\t'0 ]]
}

@test "an update reaches what runs" {
	tug run -d --name web -m 64m busybox sleep 1000 >/dev/null
	tug update -m 200m --memory-swap 300m --cpu-quota 25000 --pids-limit 9 --cpuset-cpus 0 web >/dev/null
	[ "$(group web memory memory.limit_in_bytes memory.max)" = 209715200 ]
	[ "$(group web memory memory.memsw.limit_in_bytes memory.swap.max)" = "$(one 314572800 104857600)" ]
	[ "$(group web cpu cpu.cfs_quota_us cpu.max)" = "$(one 25000 "25000 100000")" ]
	[ "$(group web pids pids.max pids.max)" = 9 ]
	tug update --pids-limit -1 -m 48m --memory-swap 48m web >/dev/null
	[ "$(group web pids pids.max pids.max)" = max ]
	[ "$(group web memory memory.limit_in_bytes memory.max)" = 50331648 ]
	[ "$(tug inspect -f '{{.HostConfig.Memory}}' web)" = 50331648 ]
	# And what is stopped begins with it.
	tug stop -t 0 web >/dev/null
	tug update -m 32m --memory-swap 64m web >/dev/null
	tug start web >/dev/null
	[ "$(group web memory memory.limit_in_bytes memory.max)" = 33554432 ]
}

@test "block devices" {
	local device numbers
	device=$(disk)
	[ -n "$device" ] || skip "no block device here"
	numbers=$((0x$(stat -c %t "$device"))):$((0x$(stat -c %T "$device")))
	tug run -d --name web --device-read-bps "$device:1mb" --device-write-iops "$device:77" busybox sleep 1000 >/dev/null
	if v2; then
		[[ $(group web io . io.max) == "$numbers rbps=1048576 wbps=max riops=max wiops=77" ]]
	else
		[ "$(group web blkio blkio.throttle.read_bps_device .)" = "$numbers 1048576" ]
		[ "$(group web blkio blkio.throttle.write_iops_device .)" = "$numbers 77" ]
	fi
	[ "$(tug inspect -f '{{(index .HostConfig.BlkioDeviceReadBps 0).Rate}}' web)" = 1048576 ]
	run -127 tug run --rm --device-read-bps /dev/nosuch:1mb busybox true # the words decide, as with Docker
	[[ $output == *"stat /dev/nosuch: no such file or directory"* ]]
	run -125 tug run --rm --device-read-bps nosuch:1mb busybox true
	[[ $output == *"bad format for device path: nosuch:1mb"* ]]
	run -125 tug run --rm --device-write-iops "$device:1mb" busybox true
	[[ $output == *"invalid rate for device: $device:1mb. The correct format is <device-path>:<number>. Number must be a positive integer"* ]]
	run -125 tug run --rm --blkio-weight-device "$device:5" busybox true
	[[ $output == *"invalid weight for device: $device:5"* ]]
}

@test "a parent of one's own for the control group" {
	tug run -d --name web --cgroup-parent "/$NAME-own/below/" -m 64m busybox sleep 1000 >/dev/null
	local id
	id=$(tug inspect -f '{{.Id}}' web)
	[ "$(find /sys/fs/cgroup -path "*/$NAME-own/below/$id" | wc -l)" != 0 ]
	[ "$(tug stats --no-stream --format '{{.MemUsage}}' web | sed 's/.* //')" = 64MiB ]
	tug rm -f web >/dev/null
	run -125 tug create --cgroup-parent ../x busybox
	[[ $output == *"invalid CgroupParent: ../x"* ]]
	find /sys/fs/cgroup -depth -path "*/$NAME-own*" -type d -exec rmdir {} \;
}

@test "what only v1 has is discarded with a warning on v2" {
	run -0 --separate-stderr tug run -d --name web -m 64m --memory-swappiness 10 --oom-kill-disable busybox sleep 1000
	if v2; then
		[[ $stderr == *"Memory swappiness discarded."*"OomKillDisable discarded."* ]]
	else
		[ -z "$stderr" ]
		[ "$(group web memory memory.swappiness .)" = 10 ]
		[[ $(group web memory memory.oom_control .) == *"oom_kill_disable 1"* ]]
	fi
}

@test "values out of range are refused in Docker's words" {
	refused() { # refused TEXT OPTION...
		local text=$1
		shift
		run -125 tug create "$@" busybox
		[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
	}
	refused "Minimum memory limit allowed is 6MB" -m 5m
	refused "Minimum memoryswap limit should be larger than memory limit, see usage" -m 64m --memory-swap 32m
	refused "Minimum memory reservation allowed is 6MB" --memory-reservation 1m
	refused "invalid value: 101, valid memory swappiness range is 0-100" --memory-swappiness 101
	refused "Range of blkio weight is from 10 to 1000" --blkio-weight 5
	refused "Invalid value x for cpuset cpus" --cpuset-cpus x
	refused "Requested CPUs are not available - requested 4000, available: " --cpuset-cpus 4000
	refused "Requested memory nodes are not available - requested 900, available: " --cpuset-mems 900
	refused "CPU cfs period can not be less than 1ms" --cpu-period 10
	refused "cpu real-time" --cpu-rt-runtime 100 --cpu-rt-period 10 || refused "CPU real-time scheduler" --cpu-rt-period 10
	[ -z "$(tug ps -aq)" ]
}

# R-20, R-19: nothing of the host's hierarchy can be written, and no release agent be named.
@test "the container's groups are read-only for it, and mounted with nothing to gain" {
	tug run -d --name web busybox sleep 1000 >/dev/null
	run -0 tug exec web sh -c 'grep -c "/sys/fs/cgroup" /proc/mounts
		grep "/sys/fs/cgroup" /proc/mounts | while read -r source target type options rest; do
			case ,$options, in *,ro,*) ;; *) echo "writable: $target" ;; esac
			case ,$options, in *,nosuid,*) ;; *) echo "suid: $target" ;; esac
			case ,$options, in *,nodev,*) ;; *) echo "dev: $target" ;; esac
			case ,$options, in *,noexec,*) ;; *) echo "exec: $target" ;; esac
		done
		find /sys/fs/cgroup -type f \( -name cgroup.procs -o -name tasks -o -name "devices.allow" -o -name "memory.*" \
			-o -name release_agent -o -name notify_on_release -o -name cgroup.kill -o -name cgroup.freeze \) |
			while read -r file; do (echo 0 >"$file") 2>/dev/null && echo "wrote $file"; done
		mkdir /sys/fs/cgroup/x 2>/dev/null && echo "made a group"
		find /sys/fs/cgroup -name release_agent'
	[[ $output =~ ^[1-9][0-9]*$ ]] || { echo "$output"; return 1; }
	run tug exec web sh -c 'mkdir /tmp/cg && mount -t cgroup -o memory cgroup /tmp/cg'
	[ "$status" != 0 ]
	run tug exec web unshare -Ur true
	[ "$status" != 0 ]
}

# R-34: nodes that an image brings, or that are made inside, open only when the list has them.
@test "devices that are not in the list do not open" {
	run -0 tug run --rm busybox sh -c 'mknod /tmp/mem c 1 1 && (head -c 1 /tmp/mem) 2>&1; mknod /tmp/loop b 7 0 && (head -c 1 /tmp/loop) 2>&1
		mknod /tmp/zero c 1 5 && head -c 1 /tmp/zero | wc -c'
	[[ $output == *"/tmp/mem: Operation not permitted"*"/tmp/loop: Operation not permitted"*1 ]]
	local device
	device=$(disk)
	[ -n "$device" ] || return 0
	run -0 tug run --rm --device "$device:/dev/disk:r" busybox sh -c '(: </dev/disk) && echo opened; (: >>/dev/disk) 2>&1; true'
	[[ $output == opened*"Operation not permitted"* ]]
}

@test "no more memory: killed, and said so" {
	run -137 tug run --name web -m 16m --memory-swap 16m busybox sh -c 'x=aaaaaaaa; while :; do x=$x$x; done'
	[ "$(tug inspect -f '{{.State.OOMKilled}}' web)" = true ]
}

@test "pause, resume, kill, and no group is left" {
	tug run -d --name web busybox sh -c 'sleep 1000 & sleep 1000' >/dev/null
	local id
	id=$(tug inspect -f '{{.Id}}' web)
	tug pause web >/dev/null
	[ "$(tug inspect -f '{{.State.Status}}' web)" = paused ]
	tug unpause web >/dev/null
	tug exec web true
	tug kill web >/dev/null
	wait_for group_gone "$id"
	tug rm web >/dev/null
}
