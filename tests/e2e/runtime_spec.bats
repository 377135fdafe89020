#!/usr/bin/env bats
# The Linux part of the runtime specification, as a container sees it.

load runtime_lib

setup_file() { runtime_begin; }
teardown_file() { runtime_end; }
setup() { bundle_make; }
teardown() {
	bundle_remove
	ip netns del "$NAME-out" 2>/dev/null || true
	ip netns del "$NAME-in" 2>/dev/null || true
}

has_own() { [ "$(run_it)" != "$(readlink "/proc/self/ns/$1")" ]; }

user_namespace() {
	config '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
	chown -R 100000:200000 "$B/rootfs" 2>/dev/null || true
}

# Hard links share their owner with every other bundle: this one gets files of its own.
root_copy() { rm -rf "$B/rootfs"; cp -a "$T/root" "$B/rootfs"; }

@test "namespaces: new ones of all eight kinds" {
	root_copy
	user_namespace
	config '.linux.namespaces += [{"type": "time"}]'
	command_is 'for i in mnt pid net ipc uts cgroup user time; do readlink /proc/self/ns/$i; done'
	run_it >"$T/inside"
	[ "$(wc -l <"$T/inside")" = 8 ]
	for i in mnt pid net ipc uts cgroup user time; do
		! grep -qxF "$(readlink /proc/self/ns/$i)" "$T/inside" || { echo "$i is the host's" >&2; return 1; }
	done
}

@test "namespaces: those of another container are joined" {
	config '.process.args = ["sleep", "1000"] | .linux.namespaces += [{"type": "time"}]'
	run_it -d
	local pid other=$ID
	pid=$(pid_of "$ID")
	ID=$other-2
	mkdir "$B/second"
	cp "$B/config.json" "$B/second/"
	B=$B/second
	config '.root.path = "../rootfs"'
	config '.linux.cgroupsPath = $g | .linux.namespaces = [{"type": "mount"}, {"type": "cgroup"}] +
		[("pid", "network", "ipc", "uts", "time") | {"type": ., "path": ("/proc/" + $pid + "/ns/" + ({"network": "net"}[.] // .))}] | del(.hostname)' \
		--arg pid "$pid" --arg g "/$ID"
	command_is 'for i in pid net ipc uts time; do readlink /proc/self/ns/$i; done; ps | grep -c "sleep 1000"'
	run_it >"$T/inside"
	ID=$other
	for i in pid net ipc uts time; do grep -qxF "$(readlink "/proc/$pid/ns/$i")" "$T/inside"; done
	[ "$(tail -n 1 "$T/inside")" -ge 1 ]
}

@test "a user namespace: maps, ownership, exec in it" {
	root_copy
	user_namespace
	command_is 'id -u; cat /proc/self/uid_map /proc/self/gid_map | tr -s " "; touch /data/made; sleep 1000'
	run_it -d >"$T/out"
	wait_for [ -e "$B/rootfs/data/made" ]
	[ "$(head -n 1 "$T/out")" = 0 ]
	grep -q '0 100000 65536' "$T/out"
	grep -q '0 200000 65536' "$T/out"
	[ "$(stat -c %u:%g "$B/rootfs/data/made")" = 100000:200000 ]
	[ "$(rt exec "$ID" sh -c 'id -u; cat /proc/self/uid_map | tr -s " "; readlink /proc/self/ns/user')" = \
		"$(printf '0\n 0 100000 65536\n%s' "$(readlink "/proc/$(pid_of "$ID")/ns/user")")" ]
	[ "$(stat -c %u "/proc/$(pid_of "$ID")")" = 100000 ]
	rt delete -f "$ID"
}

@test "time offsets" {
	config '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 864000}, "monotonic": {"secs": 86400, "nanosecs": 5}}'
	command_is 'cut -d. -f1 /proc/uptime'
	[ "$(run_it)" -ge 864000 ]
	config '.linux.namespaces |= map(select(.type != "time"))'
	run -1 run_it
	[[ $output == *"timeOffsets"* ]]
}

@test "hostname, domainname" {
	config '.hostname = "other" | .domainname = "example.net"'
	command_is 'hostname; cat /proc/sys/kernel/domainname'
	[ "$(run_it)" = $'other\nexample.net' ]
}

@test "binds: options, recursive ones, propagation" {
	mkdir "$T/source$BATS_TEST_NUMBER" && cd "$T/source$BATS_TEST_NUMBER"
	mkdir below
	mount -t tmpfs -o nosuid below below
	config '.mounts += [
		{"destination": "/plain", "type": "bind", "source": $s, "options": ["bind"]},
		{"destination": "/deep", "type": "bind", "source": $s, "options": ["rbind", "ro"]},
		{"destination": "/all", "type": "bind", "source": $s, "options": ["rbind", "rro", "rnoexec"]},
		{"destination": "/flags", "type": "bind", "source": $s, "options": ["bind", "nosuid", "nodev", "noexec", "noatime"]},
		{"destination": "/shared", "type": "bind", "source": $s, "options": ["rbind", "rshared"]},
		{"destination": "/file", "type": "bind", "source": "/etc/hostname", "options": ["bind", "ro"]}]' --arg s "$PWD"
	command_is 'ls /plain/below | wc -l; grep " /deep\| /all\| /flags\| /shared " /proc/self/mountinfo | cut -d" " -f5-7;
		touch /deep/x 2>&1; touch /deep/below/ok && echo written; touch /all/below/x 2>&1; cat /file'
	run run_it
	cd /
	umount "$T/source$BATS_TEST_NUMBER/below"
	[[ $output == *"/deep ro,"* ]]
	[[ $output == *"/deep/below rw,nosuid"* ]]
	[[ $output == *"/all ro,noexec"* ]]
	[[ $output == *"/all/below ro,nosuid,noexec"* ]]
	[[ $output == *"/flags rw,nosuid,nodev,noexec,noatime"* ]]
	[[ $output == *"/shared rw,"*"shared:"* ]]
	[[ $output == *"touch: /deep/x: Read-only file system"* ]]
	[[ $output == *"written"* ]]
	[[ $output == *"touch: /all/below/x: Read-only file system"* ]]
	[[ $output == *"$(cat /etc/hostname)"* ]]
}

@test "id-mapped binds: the mount's own ranges, the container's, and all below" {
	mkdir "$T/owned"
	touch "$T/owned/file"
	chown 5000:6000 "$T/owned/file" "$T/owned"
	config '.mounts += [{"destination": "/mapped", "type": "bind", "source": $s, "options": ["rbind", "ridmap"],
		"uidMappings": [{"containerID": 5000, "hostID": 7, "size": 1}], "gidMappings": [{"containerID": 6000, "hostID": 8, "size": 1}]}]' --arg s "$T/owned"
	command_is 'stat -c %u:%g /mapped/file'
	run run_it
	[ "$output" = 7:8 ]
	bundle_remove
	root_copy
	user_namespace
	chown 0:0 "$T/owned/file"
	config '.mounts[-1] |= (del(.uidMappings, .gidMappings) | .options = ["bind", "idmap"])'
	run run_it
	[ "$output" = 0:0 ]
}

@test "tmpfs: copied up, with the mode that was there" {
	root_copy
	mkdir -m 1750 "$B/rootfs/data/sub"
	echo content >"$B/rootfs/data/sub/file"
	chown 5:6 "$B/rootfs/data/sub/file"
	ln -s file "$B/rootfs/data/sub/link"
	config '.mounts += [{"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "ro"]},
		{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]}]'
	chmod 1777 "$B/rootfs/tmp"
	command_is 'cat /data/sub/link; stat -c "%a %u:%g" /data/sub /data/sub/file /tmp; touch /data/x 2>&1'
	run run_it
	[ "$output" = $'content\n1750 0:0\n644 5:6\n1777 0:0\ntouch: /data/x: Read-only file system' ]
}

@test "links in the root on the way to a mount stay inside it" {
	root_copy
	ln -s /data/there "$B/rootfs/link"
	mkdir "$B/rootfs/data/there"
	config '.mounts += [{"destination": "/link/../link/deep", "type": "tmpfs", "source": "tmpfs"},
		{"destination": "/new/sub/file", "type": "bind", "source": "/etc/hostname", "options": ["bind"]}]'
	command_is 'grep -o " /data/[a-z/]*" /proc/self/mountinfo; cat /new/sub/file'
	[ "$(run_it)" = " /data/there/deep"$'\n'"$(cat /etc/hostname)" ]
}

@test "read-only root, rootfsPropagation" {
	config '.root.readonly = true'
	command_is 'touch /x 2>&1'
	run run_it
	[[ $output == *"Read-only file system"* ]]
	for word in shared slave private unbindable; do
		config '.linux.rootfsPropagation = $w' --arg w "$word"
		command_is 'grep " / / \| / [a-z]*,\| - " /proc/self/mountinfo | awk "\$5 == \"/\"" | grep -o "shared:\|master:\|unbindable" | tr "\n" " "'
		run run_it
		case $word in
		shared) [[ $output == *shared:* ]] ;;
		private) [ -z "$output" ] ;;
		unbindable) [[ $output == *unbindable* ]] ;;
		slave) [[ $output != *shared:* ]] ;;
		esac
	done
}

@test "devices: the default ones, those that are asked for, links" {
	config '.linux.devices = [{"path": "/dev/sub/zero2", "type": "c", "major": 1, "minor": 5, "fileMode": 432, "uid": 3, "gid": 4},
		{"path": "/dev/pipe", "type": "p", "fileMode": 384}] | .linux.resources.devices += [{"allow": true, "type": "c", "major": 1, "minor": 5, "access": "rwm"}]'
	command_is 'stat -c "%F %a %u:%g %t:%T" /dev/sub/zero2 /dev/pipe /dev/null; readlink /dev/fd; readlink /dev/ptmx; echo x >/dev/null; head -c 1 /dev/zero | od -An -tx1'
	[ "$(run_it)" = $'character special file 660 3:4 1:5\nfifo 600 0:0 0:0\ncharacter special file 666 0:0 1:3\n/proc/self/fd\npts/ptmx\n 00' ]
}

@test "capabilities: each set is what was asked for; ambient ones survive the user" {
	config '.process.user = {"uid": 1000, "gid": 1000} | .process.capabilities = {
		"bounding": ["CAP_NET_RAW", "CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_NET_RAW", "CAP_KILL"], "effective": ["CAP_KILL"],
		"inheritable": ["CAP_NET_RAW"], "ambient": ["CAP_NET_RAW"]}'
	command_is 'grep Cap /proc/self/status | cut -f2 | tr "\n" " "'
	[ "$(run_it)" = "0000000000002000 0000000000002000 0000000000002000 0000000000002021 0000000000002000 " ]
	config '.process.user = {"uid": 0, "gid": 0} | del(.process.capabilities)'
	[ "$(run_it)" = "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 " ]
}

@test "user, groups, umask, rlimits, no_new_privs, oom score, home" {
	config '.process.user = {"uid": 1000, "gid": 1001, "umask": 63, "additionalGids": [7, 8]} | .process.oomScoreAdj = 500 |
		.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]'
	command_is 'id -u; id -g; id -G; umask; ulimit -n; ulimit -Hn; grep NoNewPrivs /proc/self/status | cut -f2; cat /proc/self/oom_score_adj; echo $HOME'
	[ "$(run_it)" = $'1000\n1001\n1001 7 8\n0077\n100\n200\n1\n500\n/home/user' ]
}

@test "sysctls of the container's namespaces" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4242", "net/ipv4/conf/lo/forwarding": "0"}'
	command_is 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/net/ipv4/conf/lo/forwarding'
	[ "$(run_it)" = $'1\n4242\n0' ]
}

@test "masked and read-only paths" {
	root_copy
	mkdir "$B/rootfs/data/hidden"
	echo secret | tee "$B/rootfs/data/hidden/file" >"$B/rootfs/data/secret"
	config '.linux.maskedPaths += ["/data/hidden", "/data/secret", "/data/none"] | .linux.readonlyPaths += ["/tmp", "/none"]'
	command_is 'ls /data/hidden | wc -l; cat /data/secret | wc -c; touch /tmp/x 2>&1; touch /data/hidden/x 2>&1; stat -f -c %T /data/hidden'
	[ "$(run_it)" = $'0\n0\ntouch: /tmp/x: Read-only file system\ntouch: /data/hidden/x: Read-only file system\ntmpfs' ]
}

hook_script() { # hook_script NAME: writes what it is given and where it runs
	cat >"$T/$1.hook" <<SH
#!/bin/busybox sh
{ echo "$1 \$* cwd=\$(/bin/busybox pwd) env=\$(/bin/busybox wc -c </proc/\$\$/environ)"; /bin/busybox cat; echo; } >>"$T/hooks.log"
SH
	chmod 755 "$T/$1.hook"
}

@test "hooks: six kinds in their order, with a clean environment, / and the state" {
	root_copy
	cp "$(command -v busybox)" /bin/busybox 2>/dev/null || [ -x /bin/busybox ]
	for name in prestart createRuntime createContainer poststart poststop; do hook_script $name; done
	rm -f "$T/hooks.log"
	printf '#!/bin/sh\n{ echo startContainer cwd=$(pwd); cat; echo; } >/data/start.log\n' >"$B/rootfs/data/start"
	chmod 755 "$B/rootfs/data/start"
	export LD_PRELOAD_LIKE=evil
	config '.annotations = {"k": "v"} | .hooks = (["prestart", "createRuntime", "createContainer", "poststart", "poststop"] | map({(.): [{"path": ($t + "/" + . + ".hook"), "args": ["hook", "arg"]}]}) | add) |
		.hooks.startContainer = [{"path": "/data/start"}]' --arg t "$T"
	command_is 'cat /data/start.log'
	run run_it
	[[ ${lines[0]} == "startContainer cwd=/" ]]
	jq -e --arg id "$ID" 'select(.id == $id and .pid > 0)' <<<"${lines[1]}"
	[ "$(grep -o '^[a-zA-Z]* arg cwd=/ env=0\?$' "$T/hooks.log" | cut -d' ' -f1 | tr '\n' ' ')" = "prestart createRuntime createContainer poststart poststop " ]
	[ "$(grep '^{' "$T/hooks.log" | jq -r .status | tr '\n' ' ')" = "creating creating creating running stopped " ]
	[ "$(grep '^{' "$T/hooks.log" | jq -r '.annotations.k' | sort -u)" = v ]
}

@test "a hook that fails, hangs, or is not there ends the container" {
	for kind in prestart createRuntime createContainer; do
		config '.hooks = {($k): [{"path": "/bin/sh", "args": ["sh", "-c", "echo reason >&2; exit 3"]}]}' --arg k $kind
		run -1 run_it
		[[ $output == *"$kind hook #0"*"exit status 3"*"reason"* ]]
		nothing_left
		config '.hooks = {($k): [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]}' --arg k $kind
		run -1 run_it
		[[ $output == *"$kind hook #0"*"ran past specified timeout"* ]]
		nothing_left
	done
	config '.hooks = {"createRuntime": [{"path": "/none/there"}]}'
	run -1 run_it
	[[ $output == *"createRuntime hook #0"* ]]
	config '.hooks = {"poststart": [{"path": "/bin/false"}]} | .process.args = ["sleep", "1000"]'
	run -1 run_it -d
	[[ $output == *"poststart hook #0"* ]]
	nothing_left
}

@test "seccomp: actions, arguments, architectures; the notify listener" {
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
		"syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
	command_is 'mkdir /tmp/x 2>&1; grep "^Seccomp:" /proc/self/status | cut -f2'
	run run_it
	[[ $output == *"not supported"* && $output == *$'\n2' ]]
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": $p, "listenerMetadata": "mine",
		"syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}' --arg p "$T/listener"
	python3 - "$T/listener" >"$T/out" 3>&- <<'PY' &
import array, fcntl, json, os, socket, struct, sys
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1]); listener.listen(1)
peer, _ = listener.accept()
text, control, _, _ = peer.recvmsg(65536, socket.CMSG_SPACE(4))
fds = array.array("i"); fds.frombytes(control[0][2][:4])
state = json.loads(text)
print(state["metadata"], state["fds"][0], state["state"]["id"], state["pid"] > 0)
notice = bytearray(80)
fcntl.ioctl(fds[0], 0xc0502100, notice)
ident = struct.unpack_from("Q", notice)[0]
fcntl.ioctl(fds[0], 0xc0182101, bytearray(struct.pack("QqiI", ident, 0, -28, 0)))
PY
	local python=$!
	wait_for [ -S "$T/listener" ]
	command_is 'mkdir /tmp/x 2>&1'
	run run_it
	wait $python
	[[ $output == *"No space left"* ]]
	[ "$(cat "$T/out")" = "mine seccompFd $ID True" ]
}

@test "scheduler, I/O priority, personality, processors of exec" {
	config '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 5} | .process.ioPriority = {"class": "IOPRIO_CLASS_IDLE", "priority": 0} |
		.linux.personality = {"domain": "LINUX32"} | .process.execCPUAffinity = {"initial": "0", "final": "0"}'
	command_is 'uname -m; awk "{print \$41, \$19}" /proc/self/stat; sleep 1000'
	run_it -d >"$T/out"
	wait_for grep -q '3 5' "$T/out"
	grep -qE 'i686|i386' "$T/out"
	[ "$(rt exec "$ID" sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2')" = 0 ]
	rt delete -f "$ID"
}

@test "memory policy" {
	config '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0"}'
	command_is 'cut -d" " -f2 /proc/self/numa_maps | sort -u'
	run run_it
	[[ $status != 0 || $output == *bind* ]]
	config '.linux.memoryPolicy.mode = "MPOL_WRONG"'
	run -1 run_it
	[[ $output == *"invalid memory policy mode"* ]]
}

# The host's side of a device is a network namespace of the test's own.
outside() { nsenter --net="/run/netns/$NAME-out" "$TUG_BIN/tug-runtime" --root "$T/state" "$@"; }
outside_make() {
	ip netns add "$NAME-out"
	ip -n "$NAME-out" link add dev0 address 02:00:00:00:00:07 mtu 1400 type veth peer name peer0
	ip -n "$NAME-out" addr add 10.99.7.1/24 dev dev0
	ip -n "$NAME-out" addr add fd00:99::1/64 dev dev0 nodad
	ip -n "$NAME-out" addr add 169.254.9.9/16 scope link dev dev0
	ip -n "$NAME-out" link set dev0 up
}
@test "a network device is moved in, renamed, with its addresses, MTU and hardware address" {
	outside_make
	config '.linux.netDevices = {"dev0": {"name": "inside0"}}'
	command_is 'ip addr show dev inside0'
	run -0 outside run -b "$B" "$ID" </dev/null
	[[ $output == *" mtu 1400 "* && $output == *"02:00:00:00:00:07"* && $output == *"10.99.7.1/24"* && $output == *"fd00:99::1/64"* ]]
	[[ $output == *"UP"* && $output != *169.254.9.9* ]]
	nothing_left
	# A virtual device ends with the namespace it is in, and with it its peer; hardware would be the host's again.
	! ip -n "$NAME-out" link show dev0
}

@test "network devices of any kind, with their own names, in a namespace that outlives the container" {
	outside_make
	ip netns add "$NAME-in"
	ip -n "$NAME-out" link add mac0 link peer0 type macvlan
	config '(.linux.namespaces[] | select(.type == "network")).path = $p | .linux.netDevices = {"dev0": {}, "mac0": {"name": "m"}}' \
		--arg p "/run/netns/$NAME-in"
	config '.process.args = ["sleep", "1000"]'
	outside run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1
	[[ $(rt exec "$ID" ip addr show dev dev0) == *10.99.7.1/24* ]]
	rt exec "$ID" ip link show dev m
	! ip -n "$NAME-out" link show dev0
	rt delete --force "$ID"
	nothing_left
	[[ $(ip -n "$NAME-in" addr show dev dev0) == *10.99.7.1/24* ]]
	ip -n "$NAME-in" link set dev0 netns "$NAME-out"
	ip -n "$NAME-out" link show dev0
}

@test "network devices: what cannot be moved is named, and nothing is left" {
	outside_make
	command_is true
	local name
	config '.linux.netDevices = {"none0": {}}'
	run -1 outside run -b "$B" "$ID" </dev/null
	[[ $output == *"linux: netDevices: none0"*"no such device"* ]]
	for name in a/b a:b 'a b' .. 0123456789abcdef; do
		config '.linux.netDevices = {"dev0": {"name": $n}}' --arg n "$name"
		run -1 outside run -b "$B" "$ID" </dev/null
		[[ $output == *"linux: netDevices: dev0: name: invalid network device name"* ]]
	done
	ip -n "$NAME-out" link add br0 type bridge
	config '.linux.netDevices = {"br0": {}}'
	run -1 outside run -b "$B" "$ID" </dev/null
	[[ $output == *"linux: netDevices: br0: move the device"* ]]
	config '.linux.netDevices = {"dev0": {"name": "lo"}}'
	run -1 outside run -b "$B" "$ID" </dev/null
	[[ $output == *"linux: netDevices: dev0: move the device"* ]]
	[[ $(ip -n "$NAME-out" addr show dev dev0) == *UP*10.99.7.1/24* ]]
	# One that had been moved before comes back too.
	config '.linux.netDevices = {"dev0": {"name": "other"}, "none0": {}}'
	run -1 outside run -b "$B" "$ID" </dev/null
	[[ $(ip -n "$NAME-out" addr show dev dev0) == *UP*10.99.7.1/24* ]]
	config '.linux.netDevices = {"dev0": {}} | .linux.namespaces |= map(select(.type != "network"))'
	run -1 outside run -b "$B" "$ID" </dev/null
	[[ $output == *"unable to move network devices without a NET namespace"* ]]
	nothing_left
	# It is where it was, as it was.
	[[ $(ip -n "$NAME-out" addr show dev dev0) == *10.99.7.1/24* ]]
}

@test "a session keyring of its own, unless not wanted" {
	command_is 'cat /proc/keys 2>/dev/null | grep -c _ses || true'
	config '.linux.maskedPaths = []'
	[ "$(run_it)" -ge 1 ] || skip "no keys here"
	[ "$(run_it --no-new-keyring)" = 0 ] || true
}

@test "--no-pivot" {
	command_is 'ls / | tr "\n" " "; sleep 1000'
	run_it -d --no-pivot >"$T/out"
	wait_for grep -q busybox -r "$B/rootfs/bin/busybox"
	wait_for [ -s "$T/out" ]
	[ "$(cat "$T/out")" = "$(rt exec "$ID" sh -c 'ls / | tr "\n" " "')" ]
	[[ $(cat "$T/out") != *home* ]]
	rt delete -f "$ID"
}

@test "--no-pivot: the host's /proc below is not there to be mounted anew" {
	config '.process.capabilities.bounding += ["CAP_SETFCAP"] | .process.capabilities.permitted += ["CAP_SETFCAP"]'
	command_is 'unshare -mrpf sh -c "mount -t proc none /proc && echo mounted" 2>&1'
	run run_it --no-pivot
	[ "$status" != 0 ]
	[[ $output != *mounted* ]]
}
