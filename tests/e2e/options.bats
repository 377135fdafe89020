# What `run` is told about a container's surroundings: namespaces of others, devices, capabilities, groups, limits,
# sysctls and security options, each seen from inside.
load lib

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/cdi"
	engine_begin "{\"cdi-spec-dirs\": [\"$BATS_FILE_TMPDIR/nosuch\", \"$BATS_FILE_TMPDIR/cdi\"]}"
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

inside() { tug run --rm "${@:2}" busybox sh -c "$1"; }
refused() { # refused TEXT ARGUMENT...: with status 125, and nothing is left
	run tug run --rm "${@:2}" busybox true
	[ "$status" != 0 ]
	[[ $output == *"$1"* ]] || { echo "$output"; false; }
}

@test "ipc: private, shareable, of another container, host, none" {
	tug run -d --name donor --ipc shareable --shm-size 2m busybox sh -c 'echo seen >/dev/shm/f; exec sleep 100' >/dev/null
	wait_for tug exec donor test -s /dev/shm/f
	[ "$(inside 'cat /dev/shm/f; readlink /proc/self/ns/ipc' --ipc container:donor)" = "$(printf 'seen\n%s' "$(tug exec donor readlink /proc/self/ns/ipc)")" ]
	[[ $(tug exec donor df -k /dev/shm) == *" 2048 "* ]]
	[ "$(inside 'readlink /proc/self/ns/ipc; ls /dev/shm')" != "$(tug exec donor readlink /proc/self/ns/ipc)" ]
	[ "$(inside 'readlink /proc/self/ns/ipc' --ipc host)" = "$(readlink /proc/self/ns/ipc)" ]
	[ "$(inside 'test -e /dev/shm || echo none' --ipc none)" = none ]
	# it is there for others after the engine was killed, and gone with the container
	engine_stop KILL
	engine_start
	[ "$(inside 'cat /dev/shm/f' --ipc container:donor)" = seen ]
	tug run -d --name closed busybox sleep 100 >/dev/null
	refused "non-shareable IPC (hint: use IpcMode:shareable for the donor container)" --ipc container:closed
	tug rm -f donor closed >/dev/null
	[ -z "$(grep "$T/data/containers" /proc/self/mountinfo)" ]
	refused "No such container: donor" --ipc container:donor
	tug create --name idle --ipc shareable busybox true >/dev/null
	refused "cannot join IPC namespace of a non running container" --ipc container:idle
	refused "invalid IpcMode: floppy" --ipc floppy
}

@test "pid: of another container, host" {
	tug run -d --name donor busybox sleep 12345 >/dev/null
	[[ $(inside 'ps' --pid container:donor) == *"sleep 12345"* ]]
	[[ $(inside 'ps') != *"sleep 12345"* ]]
	[ "$(inside 'readlink /proc/self/ns/pid' --pid host)" = "$(readlink /proc/self/ns/pid)" ]
	refused "No such container: nosuch" --pid container:nosuch
	refused "invalid PidMode: x" --pid x
}

@test "uts, userns, cgroupns" {
	[ "$(inside 'readlink /proc/self/ns/uts' --uts host)" = "$(readlink /proc/self/ns/uts)" ]
	[ "$(inside 'readlink /proc/self/ns/user' --userns host)" = "$(readlink /proc/self/ns/user)" ]
	[ "$(inside 'readlink /proc/self/ns/cgroup' --cgroupns host)" = "$(readlink /proc/self/ns/cgroup)" ]
	[ "$(inside 'readlink /proc/self/ns/cgroup' --cgroupns private)" != "$(readlink /proc/self/ns/cgroup)" ]
	refused "invalid UsernsMode: x" --userns x
	refused "invalid CgroupnsMode: x" --cgroupns x
}

@test "devices and their rules" {
	[ "$(inside 'ls -l /dev/zero2 | cut -c1-10; head -c 2 /dev/zero2 | wc -c' --device /dev/zero:/dev/zero2:r)" = "$(printf 'crw-rw-rw-\n2')" ]
	run tug run --rm busybox sh -c 'mknod /dev/x c 10 200 && cat /dev/x'
	[ "$status" != 0 ]
	if [ -d /sys/fs/cgroup/devices ]; then
		rules=$(inside 'cat /sys/fs/cgroup/devices/devices.list' --device-cgroup-rule 'c 42:* rwm' --device-cgroup-rule 'b 8:1 r')
		[[ $rules == *"c 42:* rwm"* && $rules == *"b 8:1 r"* ]]
		[[ $(inside 'cat /sys/fs/cgroup/devices/devices.list') != *"c 42:"* ]]
	fi
	refused "invalid device cgroup rule format: 'c 1:2'" --device-cgroup-rule 'c 1:2'
	refused "invalid device cgroup rule format: 'd 1:2 rwm'" --device-cgroup-rule 'd 1:2 rwm'
	refused "invalid device cgroup rule format: 'c 1:2 rwx'" --device-cgroup-rule 'c 1:2 rwx'
	refused 'error gathering device information while adding custom device "/dev/nosuch"' --device /dev/nosuch
	refused 'not a device node' --device /etc/passwd
	refused "storage-opt: known to Docker, not there yet" --storage-opt size=1g
}

@test "capabilities and groups" {
	caps() { inside "grep CapEff /proc/self/status | cut -f2" "$@"; }
	[ "$(caps)" = 00000000a80425fb ]
	[ "$(caps --cap-drop all)" = 0000000000000000 ]
	[ "$(caps --cap-drop ALL --cap-add chown)" = 0000000000000001 ]
	[ "$(caps --cap-drop CHOWN)" = 00000000a80425fa ]
	[ "$(caps --cap-add NET_ADMIN)" = 00000000a80435fb ]
	own=$(grep CapBnd /proc/self/status | cut -f2)
	[ "$(caps --privileged)" = "$own" ]
	[ "$(caps --cap-add ALL)" = "$own" ]
	[ "$(inside 'grep -E "CapEff|CapPrm|CapInh|CapAmb" /proc/self/status | cut -f2 | sort -u' -u 1000)" = 0000000000000000 ]
	refused "NOSUCH" --cap-add NOSUCH
	[ "$(inside 'id -G' --group-add 7 --group-add 9)" = "0 7 9" ]
	[ "$(inside 'id -G' -u 5:6 --group-add 7)" = "6 7" ]
}

@test "limits and sysctls" {
	[ "$(inside 'ulimit -n; ulimit -Hn' --ulimit nofile=100:200)" = "$(printf '100\n200')" ]
	[ "$(inside 'ulimit -c' --ulimit core=0)" = 0 ]
	refused "invalid ulimit type: nosuch" --ulimit nosuch=1
	refused "ulimit soft limit must be less than or equal to hard limit" --ulimit nofile=2:1
	[ "$(inside 'cat /proc/sys/net/ipv4/ip_default_ttl' --sysctl net.ipv4.ip_default_ttl=77)" = 77 ]
	[ "$(inside 'cat /proc/sys/kernel/msgmax' --sysctl kernel.msgmax=9000)" = 9000 ]
	for name in kernel.core_pattern vm.swappiness fs.file-max kernel.msgmax+kernel.core_pattern net/../kernel/core_pattern; do
		refused "sysctl" --sysctl "$name=1"
	done
	refused "not allowed in" --network host --sysctl net.ipv4.ip_default_ttl=77
	refused "not allowed in" --ipc host --sysctl kernel.msgmax=9000
	core=$(cat /proc/sys/kernel/core_pattern)
	# the value is bytes, not more settings
	run tug run --rm --sysctl "kernel.msgmax=9000+kernel.core_pattern=|/bin/x" busybox true
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$core" ]
}

@test "security options" {
	[ "$(inside 'grep NoNewPrivs /proc/self/status | cut -f2' --security-opt no-new-privileges)" = 1 ]
	[ "$(inside 'grep NoNewPrivs /proc/self/status | cut -f2' --security-opt no-new-privileges=false)" = 0 ]
	[ "$(inside 'grep Seccomp: /proc/self/status | cut -f2')" = 2 ]
	[ "$(inside 'grep Seccomp: /proc/self/status | cut -f2' --security-opt seccomp=unconfined)" = 0 ]
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":30}]}' >"$BATS_TEST_TMPDIR/profile.json"
	[[ $(inside 'mkdir /x 2>&1 || true' --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json") == *"Read-only file system"* ]]
	masked() { inside 'wc -c </proc/keys; touch /proc/sys/kernel/domainname 2>&1 | grep -c Read-only; true' "$@"; }
	[ "$(inside 'cat /proc/keys | wc -c')" = 0 ]
	[ "$(inside 'grep -c " /proc/sys " /proc/mounts; grep -c " /proc/keys " /proc/mounts; true' --security-opt systempaths=unconfined)" = "$(printf '0\n0')" ]
	[ "$(inside 'grep -c " /proc/sys " /proc/mounts; grep -c " /proc/keys " /proc/mounts; true' --security-opt unmask=ALL)" = "$(printf '0\n0')" ]
	[ "$(inside 'grep -c " /proc/sys " /proc/mounts; grep -c " /proc/keys " /proc/mounts; grep -c " /proc/timer_list " /proc/mounts; true' --security-opt 'unmask=/proc/keys:/proc/timer*')" = "$(printf '1\n0\n0')" ]
	inside true --security-opt label=disable --security-opt label=type:x --security-opt apparmor=unconfined
	[ -e /sys/kernel/security/apparmor/profiles ] || refused "AppArmor is not enabled on this system" --security-opt apparmor=mine
	refused 'invalid --security-opt: "label=what"' --security-opt label=what
	refused 'invalid --security-opt: "nosuch=1"' --security-opt nosuch=1
	refused 'invalid --security-opt: "no-new-privileges=maybe"' --security-opt no-new-privileges=maybe
	refused 'opening seccomp profile' --security-opt seccomp=/nosuch
	[[ $(inside 'grep " /sys/fs/cgroup/pids " /proc/mounts || grep " /sys/fs/cgroup " /proc/mounts') == *" ro,"* ]]
	[[ $(inside 'grep " /sys/fs/cgroup/pids " /proc/mounts || grep " /sys/fs/cgroup " /proc/mounts' --security-opt writable-cgroups=true) == *" rw,"* ]]
}

@test "read-only root, shm size, privileged" {
	[ "$(inside 'touch /x 2>&1; touch /dev/shm/x /dev/x && echo ok' --read-only)" = "$(printf 'touch: /x: Read-only file system\nok')" ]
	[[ $(inside 'df -k /dev/shm' --shm-size 3m) == *" 3072 "* ]]
	[[ $(inside 'grep " /sys " /proc/mounts') == *" ro,"* ]]
	[[ $(inside 'grep " /sys " /proc/mounts' --privileged) == *" rw,"* ]]
	[ "$(inside 'grep -c " /proc/sys " /proc/mounts; true' --privileged)" = 0 ]
	inside 'test -b "$(find /dev -type b | head -n 1)"' --privileged
	refused "SHM size can not be less than 0" --shm-size -1 || refused "invalid" --shm-size -1
}

@test "devices by name: CDI and --gpus" {
	cat >"$BATS_FILE_TMPDIR/cdi/vendor.json" <<JSON
{"cdiVersion": "0.6.0", "kind": "vendor.com/net", "containerEdits": {"env": ["ALL=1"]}, "devices": [
	{"name": "a", "containerEdits": {"env": ["ONE=a"], "deviceNodes": [{"path": "/dev/vendor0", "hostPath": "/dev/zero"}],
		"mounts": [{"hostPath": "$BATS_FILE_TMPDIR/cdi", "containerPath": "/vendor", "options": ["ro", "rbind"]}]}},
	{"name": "b", "containerEdits": {"hooks": [{"hookName": "poststop", "path": "/bin/true"}]}}]}
JSON
	[ "$(inside 'echo $ALL $ONE; head -c 3 /dev/vendor0 | wc -c; ls /vendor; touch /vendor/x 2>&1 | grep -c Read-only' --device vendor.com/net=a)" = "$(printf '1 a\n3\nvendor.json\n1')" ]
	refused "CDI device injection failed: unresolvable CDI devices vendor.com/net=c" --device vendor.com/net=c
	refused "hook poststop is known, but not supported yet" --device vendor.com/net=b
	refused 'could not select device driver "" with capabilities: [[gpu]]' --gpus all
	sed 's/vendor.com.net/nvidia.com\/gpu/; s/"a"/"all"/; s/vendor0/nvidia0/' "$BATS_FILE_TMPDIR/cdi/vendor.json" >"$BATS_FILE_TMPDIR/cdi/nvidia.json"
	inside 'test -c /dev/nvidia0' --gpus all
	refused "unresolvable CDI devices nvidia.com/gpu=7" --gpus device=7
	echo broken >"$BATS_FILE_TMPDIR/cdi/broken.json"
	inside 'test -c /dev/nvidia0' --gpus all
	# labels of an image are no requests
	[ "$(inside 'ls /dev | grep -c vendor; true' --label cdi.k8s.io/x=vendor.com/net=a --annotation cdi.k8s.io/x=vendor.com/net=a)" = 0 ]
}
