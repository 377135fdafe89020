#!/usr/bin/env bats
# What has broken other runtimes does not break this one: one test per published failure, with its name.

load runtime_lib

setup_file() { runtime_begin; }
teardown_file() { runtime_end; }
setup() { bundle_make; H=$T/host$BATS_TEST_NUMBER; mkdir "$H"; }
teardown() { bundle_remove; }

root_copy() { rm -rf "$B/rootfs"; cp -a "$T/root" "$B/rootfs"; }
host_is_untouched() { [ -z "$(ls -A "$H")" ]; }
without_dev() { config '.mounts |= map(select(.destination | startswith("/dev") | not))'; }

@test "R-01 CVE-2019-5736: behind /proc/PID/exe of what enters is sealed memory" {
	config '.process.args = ["sleep", "1000"]'
	rt create -b "$B" "$ID" </dev/null
	local pid
	pid=$(pid_of "$ID")
	[[ $(readlink "/proc/$pid/exe") != /*/tug-* ]]
	python3 - "/proc/$pid/exe" <<'PY'
import fcntl, sys
with open(sys.argv[1], "rb") as exe:
    seals = fcntl.fcntl(exe, 1034)
assert seals == 15, seals
PY
	rt start "$ID"
	# The way of the attack: the container's program is what entered it, and is held open for writing later.
	printf '#!/proc/self/exe\n' >"$B/rootfs/data/attack"
	chmod 755 "$B/rootfs/data/attack"
	run ! rt exec "$ID" /data/attack
	cmp "$TUG_BIN/tug-runtime" "/proc/self/root$TUG_BIN/tug-runtime"
	traced -f -e trace=execve,execveat,setns -o "$T/trace" "$TUG_BIN/tug-runtime" --root "$T/state" exec "$ID" true
	# The file of the host's is executed once, by us; from then on nothing but memory and the container's own.
	[ "$(grep -c 'execve("/' "$T/trace")" -ge 2 ]
	grep -n 'execveat(' "$T/trace" | head -n 1 | cut -d: -f1 >"$T/sealed"
	grep -n 'setns(' "$T/trace" | head -n 1 | cut -d: -f1 >"$T/entered"
	[ "$(cat "$T/sealed")" -lt "$(cat "$T/entered")" ]
}

@test "R-02 CVE-2024-21626: no working directory outside the root" {
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		config '.process.cwd = $c' --arg c "/proc/self/fd/$fd"
		run ! run_it
		[[ $output == *"chdir to cwd"* || $output == *"outside of container"* ]]
	done
	config '.process.cwd = "/"'
	command_is 'sleep 1000'
	run_it -d
	for fd in 3 5 7; do run ! rt exec --cwd "/proc/self/fd/$fd" "$ID" ls; done
	rt delete -f "$ID"
}

@test "R-03: at the created stop nothing is open but streams and the socket of the start" {
	config '.process.args = ["sleep", "1000"]'
	exec 8</etc/passwd 9<"$T"
	rt create -b "$B" "$ID" </dev/null
	exec 8<&- 9<&-
	local pid target
	pid=$(pid_of "$ID")
	for link in /proc/"$pid"/fd/*; do
		target=$(readlink "$link")
		case ${link##*/} in
		0 | 1 | 2) ;;
		*) [[ $target == socket:* ]] || { echo "$link -> $target" >&2; return 1; } ;;
		esac
	done
	[ "$(ls "/proc/$pid/fd" | wc -l)" -le 4 ]
	rt start "$ID"
	wait_for [ "$(cat "/proc/$pid/comm")" != tug-init ]
	[ "$(ls "/proc/$pid/fd" | wc -l)" = 3 ]
}

@test "R-04 CVE-2025-31133: masks come from the host's null device, not from the root's" {
	root_copy
	without_dev
	echo target >"$B/rootfs/data/target"
	ln -s /data/target "$B/rootfs/dev/null"
	config '.linux.maskedPaths = ["/data/secret"]'
	echo secret >"$B/rootfs/data/secret"
	command_is 'cat /data/secret; cat /data/target; stat -c %t:%T /data/secret'
	run run_it
	[[ $output == *$'target\n1:3' ]]
	[[ $output != *secret* ]]
}

@test "R-05 CVE-2025-52565: the console is bound by the terminal's own descriptor" {
	root_copy
	without_dev
	config '.process.terminal = true | .mounts += [{"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]}]'
	ln -s /data/target "$B/rootfs/dev/console"
	echo target >"$B/rootfs/data/target"
	run script -qec "$TUG_BIN/tug-runtime --root $T/state run -b $B $ID" /dev/null
	[ "$(cat "$B/rootfs/data/target")" = target ]
	nothing_left
}

@test "R-06 CVE-2025-52881: sysctls are written through a procfs of our own" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	traced -f -e trace=fsopen,fsmount,openat2,write -o "$T/trace" "$TUG_BIN/tug-runtime" --root "$T/state" run -b "$B" "$ID" </dev/null
	grep -q 'fsopen("proc"' "$T/trace"
	grep 'sys/net/ipv4/ip_forward' "$T/trace" | grep -q 'RESOLVE_NO_XDEV'
}

@test "R-07 CVE-2019-16884 and others: /proc and /sys are real directories, and nothing lies on them" {
	for name in proc sys; do
		root_copy
		rmdir "$B/rootfs/$name"
		mkdir "$B/rootfs/data/elsewhere"
		ln -s data/elsewhere "$B/rootfs/$name"
		run -1 run_it
		[[ $output == *"must be a real directory"* || $output == *"symbolic links"* ]]
		nothing_left
	done
	root_copy
	for mount in '{"destination": "/proc", "type": "tmpfs", "source": "tmpfs"}' '{"destination": "/proc/self", "type": "bind", "source": "/etc", "options": ["bind"]}' \
		'{"destination": "/proc/../proc/sys", "type": "tmpfs", "source": "tmpfs"}' '{"destination": "/proc", "type": "bind", "source": "/etc", "options": ["bind"]}'; do
		config '.mounts = (.mounts | map(select(.mark | not))) + [$m + {"mark": true}]' --argjson m "$mount"
		run -1 run_it
		[[ $output == *"cannot be mounted because it is"* ]]
	done
	ln -s /proc/sys "$B/rootfs/link"
	config '.mounts = (.mounts | map(select(.mark | not))) + [{"destination": "/link", "type": "tmpfs", "source": "tmpfs"}]'
	run -1 run_it
	[[ $output == *"inside /proc"* ]]
}

@test "R-08, R-09 CVE-2021-30465, CVE-2024-45310: links to the host in the way of a mount lead into the root" {
	root_copy
	ln -s "$H" "$B/rootfs/absolute"
	ln -s ../../../../../../../../../.."$H" "$B/rootfs/relative"
	config '.mounts += [{"destination": "/absolute/made/here", "type": "tmpfs", "source": "tmpfs"},
		{"destination": "/relative/file", "type": "bind", "source": "/etc/hostname", "options": ["bind"]},
		{"destination": "/relative/../../../../../../up", "type": "tmpfs", "source": "tmpfs"}]'
	run_it
	host_is_untouched
	[ -d "$B/rootfs$H/made/here" ]
	[ -e "$B/rootfs$H/file" ]
}

@test "R-10 CVE-2026-41579: a /dev that is a link makes nothing outside" {
	root_copy
	without_dev
	rm -r "$B/rootfs/dev"
	ln -s "$H" "$B/rootfs/dev"
	run -1 run_it
	host_is_untouched
	ln -sfn "../../../../../../..$H" "$B/rootfs/dev"
	run -1 run_it
	host_is_untouched
	nothing_left
}

@test "R-11 CVE-2022-29162: no inheritable or ambient capabilities; none at all without root" {
	command_is 'grep "CapInh\|CapAmb" /proc/self/status | cut -f2 | sort -u; sleep 1000'
	run_it -d >"$T/out"
	wait_for [ -s "$T/out" ]
	[ "$(cat "$T/out")" = 0000000000000000 ]
	[ "$(rt exec -u 1000:1000 "$ID" sh -c 'grep "CapInh\|CapPrm\|CapEff\|CapAmb" /proc/self/status | cut -f2 | sort -u')" = 0000000000000000 ]
	rt delete -f "$ID"
}

@test "R-12 CVE-2016-9962: who joins is not dumpable before the first namespace" {
	config '.process.args = ["sleep", "1000"]'
	run_it -d
	traced -f -e trace=prctl,setns -o "$T/trace" "$TUG_BIN/tug-runtime" --root "$T/state" exec "$ID" true
	[ "$(grep -n 'PR_SET_DUMPABLE, SUID_DUMP_DISABLE' "$T/trace" | head -n 1 | cut -d: -f1)" -lt "$(grep -n 'setns(' "$T/trace" | head -n 1 | cut -d: -f1)" ]
	# The mount namespace is the last.
	[[ $(grep 'setns(' "$T/trace" | tail -n 1) == *CLONE_NEWNS* ]]
}

@test "R-13, R-14, R-15: users are strict numbers; a name of digits is none" {
	echo '1000:x:0:0:root:/root:/bin/sh' >"$B/passwd"
	root_copy
	cp "$B/passwd" "$B/rootfs/etc/passwd"
	config '.process.args = ["sleep", "1000"] | .process.user = {"uid": 1000, "gid": 1000}'
	run_it -d
	[ "$(rt exec "$ID" id -u)" = 1000 ]
	[ "$(rt exec -u 1000 "$ID" id -u)" = 1000 ]
	for user in 1000x -1 +0 ' 0' 0x0 4294967295 4294967296 18446744073709551616 0: :0 1:2:3 ''; do
		run -255 rt exec "--user=$user" "$ID" id -u
	done
	rt delete -f "$ID"
	for uid in -1 4294967295 4294967296 1.5 1e3 '"0"'; do
		config '.process.user.uid = $u' --argjson u "$uid"
		[ "$uid" != 1e3 ] || sed -i 's/"uid": 1000/"uid": 1e3/' "$B/config.json"
		run -1 run_it
		[[ $output == *"uid"* ]]
	done
}

@test "R-16: /etc/passwd may be anything" {
	root_copy
	config '.process.env |= map(select(startswith("HOME=") | not))'
	command_is 'echo $HOME'
	rm "$B/rootfs/etc/passwd"
	mkfifo "$B/rootfs/etc/passwd"
	[ "$(timeout 20 "$TUG_BIN/tug-runtime" --root "$T/state" run -b "$B" "$ID" </dev/null)" = /root ]
	rm "$B/rootfs/etc/passwd"
	ln -s "../../../../../../..$T/evil" "$B/rootfs/etc/passwd"
	echo 'root:x:0:0:root:/evil:/bin/sh' >"$T/evil"
	[ "$(run_it)" = /root ]
	rm "$B/rootfs/etc/passwd"
	truncate -s 1T "$B/rootfs/etc/passwd" 2>/dev/null || truncate -s 10G "$B/rootfs/etc/passwd"
	[ "$(timeout 20 "$TUG_BIN/tug-runtime" --root "$T/state" run -b "$B" "$ID" </dev/null)" = /root ]
}

@test "R-17 CVE-2023-25173: groups are exactly those that were asked for" {
	config '.process.user = {"uid": 1000, "gid": 5, "additionalGids": [5, 9]}'
	command_is 'grep Groups /proc/self/status | cut -f2'
	[ "$(run_it)" = "5 9 " ]
	config '.process.user = {"uid": 0, "gid": 0}'
	[ "$(run_it)" = "" ] || [ "$(run_it)" = " " ]
}

@test "R-18, R-35: sockets have names in a folder of our own; the state is nobody else's" {
	config '.process.args = ["sleep", "1000"]'
	rt create -b "$B" "$ID" </dev/null
	! grep -E '@.*(tug|start)' /proc/net/unix || return 1
	[ "$(stat -c %a "$T/state" "$T/state/$ID" | sort -u)" = 700 ]
	[ "$(find "$T/state/$ID" -type f ! -perm 600)" = "" ]
}

@test "R-19, R-20 CVE-2022-0492, CVE-2023-25809: control groups are read-only inside" {
	command_is 'grep " /sys/fs/cgroup" /proc/self/mountinfo | grep -vc " ro,nosuid,nodev,noexec"; for f in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/devices.allow /sys/fs/cgroup/cgroup.procs; do echo 1 2>/dev/null >$f && echo "wrote $f"; done; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/memory/x; true'
	run run_it
	[[ ${lines[0]} == 0 ]]
	[[ $output != *wrote* ]]
}

@test "R-21 CVE-2022-0811: sysctls by an allowlist of parsed names" {
	for name in kernel.core_pattern 'kernel.shm_rmid_forced=1+kernel.core_pattern' 'net.ipv4.ip_forward kernel.core_pattern' net/../kernel/core_pattern net..x fs.file-max kernel.hostname vm.swappiness ''; do
		config '.linux.sysctl = {($n): "1"}' --arg n "$name"
		run -1 run_it
		[[ $output == *"linux: sysctl"* ]]
	done
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))'
	run -1 run_it
	[[ $output == *"is not allowed in the hosts network namespace"* ]]
}

@test "R-23: an ID is letters, digits and _ + - . before anything is looked up" {
	local long
	long=$(printf 'a%.0s' $(seq 300))
	mkdir -p "$T/outside"
	for id in ../outside a/b '' . .. 'a b' $'a\nb' 'a*' "$long" 'ä' @seccomp; do
		for command in state start kill delete pause resume ps 'delete --force'; do
			run -1 rt $command -- "$id"
			[[ $output == *"invalid container ID format"* || $output == *"cannot be empty"* ]]
		done
		run -1 rt create -b "$B" -- "$id"
		run -1 rt run --dry-run -b "$B" -- "$id"
		run -255 rt exec -- "$id" true
	done
	[ -d "$T/outside" ]
}

@test "R-26: a container without a terminal of its own has none of ours" {
	command_is 'cat </dev/tty 2>&1; echo'
	run script -qec "$TUG_BIN/tug-runtime --root $T/state run -b $B $ID" /dev/null
	[[ $output == *"No such device"* || $output == *"can't open /dev/tty"* ]]
}

@test "R-27 CVE-2021-43784: names that are too long for netlink are refused" {
	config '.linux.netDevices = {"lo": {"name": $n}}' --arg n "$(printf 'a%.0s' $(seq 70000))"
	run -1 run_it
	[[ $output == *"invalid network device name"* ]]
	nothing_left
}

@test "R-30, R-31: what the default specification hides, with masks that hold nothing" {
	command_is 'for i in acpi asound kcore keys latency_stats timer_list timer_stats sched_debug scsi; do [ ! -e /proc/$i ] || { [ -d /proc/$i ] && ls /proc/$i || head -c 1 /proc/$i; }; done; ls /sys/firmware; df -k /sys/firmware | tail -n 1 | tr -s " " | cut -d" " -f2; echo x 2>&1 >/proc/sys/kernel/msgmax; echo x 2>&1 >/proc/sysrq-trigger'
	run run_it
	[[ ${lines[0]} == 4 ]]
	[[ $output == *"/proc/sys/kernel/msgmax: Read-only file system"* || $output == *"Permission denied"* ]]
}

@test "R-32: no program is setuid or has capabilities" {
	[ -z "$(find "$TUG_BIN" -maxdepth 1 -type f -perm /6000)" ]
	! getcap "$TUG_BIN"/* 2>/dev/null | grep . || return 1
}

@test "R-34: device nodes in the root are of no use" {
	root_copy
	mknod "$B/rootfs/data/kmsg" c 1 11
	chmod 666 "$B/rootfs/data/kmsg"
	command_is 'head -c 1 /data/kmsg 2>&1'
	run run_it
	[[ $output == *"Operation not permitted"* ]]
}

@test "a bundle that changes under the runtime changes nothing of what was created" {
	config '.process.args = ["sh", "-c", "echo first; sleep 1000"]'
	rt create -b "$B" "$ID" </dev/null >"$T/out"
	echo '{}' >"$B/config.json"
	rt start "$ID"
	wait_for grep -q first "$T/out"
	rt exec "$ID" true
	rm "$B/config.json"
	rt kill "$ID" KILL
	wait_for status_is "$ID" stopped
	rt delete "$ID"
	nothing_left
}
