#!/usr/bin/env bats
# tug-runtime checkpoint and restore: what criu is asked, against one that only keeps the requests; and the real one,
# where it is installed and works on this kernel.

load runtime_lib

setup_file() {
	runtime_begin
	mkdir "$T/fake"
	cp "$BATS_TEST_DIRNAME/fake_criu.py" "$T/fake/criu"
	chmod 755 "$T/fake/criu"
	criu check >/dev/null 2>&1 && export CRIU_WORKS=1 || true
}
teardown_file() { runtime_end; }
setup() {
	bundle_make
	export FAKE_CRIU=$T/f$BATS_TEST_NUMBER
	mkdir "$FAKE_CRIU"
	cd "$T/b$BATS_TEST_NUMBER"
	config '.process.args = ["sleep", "1000"]'
}
teardown() {
	rt delete --force "$ID-2" >/dev/null 2>&1 || true
	bundle_remove
	[ -z "${SPACE:-}" ] || ip netns del "$SPACE"
}

# --- against the false one ---

fake() { PATH=$T/fake:$PATH rt "$@"; }
# Of the last request: asked JQ-CONDITION [ARGS].
asked() {
	tail -n 1 "$FAKE_CRIU/requests" | jq -e "${@:2}" "$1" >/dev/null || { tail -n 1 "$FAKE_CRIU/requests" | jq . >&2; return 1; }
}
start_it() { rt run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1; }
space_make() {
	SPACE=$NAME$BATS_TEST_NUMBER
	ip netns add "$SPACE"
}

@test "checkpoint: criu is told of the container, and the container is gone" {
	mkdir -p "$B/rootfs/real" "$B/src"
	ln -s /real "$B/rootfs/link"
	config '.mounts += [{"destination": "/link", "source": "src", "type": "bind", "options": ["bind"]}]
		| .hooks.poststop = [{"path": "/bin/sh", "args": ["sh", "-c", "cat >$f"], "env": ["f='"$FAKE_CRIU"'/poststop"]}]'
	start_it
	local pid
	pid=$(pid_of "$ID")
	fake checkpoint "$ID"
	asked '.kind == 1 and .images == $dir and .logs == $dir and .stdio == ["/dev/null", "/dev/null", "/dev/null"]' --arg dir "$B/checkpoint"
	asked '.options | .pid == $pid and .root == $root and .log_file == "dump.log" and .log_level == 4 and .cgroups_mode == 6
		and .manage_cgroups == 1 and .notify_scripts == 1 and .orphan_pts_master == 1 and .empty_ns == 1073741824
		and .config_file == "/etc/criu/runc.conf" and (.leave_running or .shell_job or .work_dir or .external | not)' \
		--argjson pid "$pid" --arg root "$B/rootfs"
	# Where the mount really lies; what is masked; devices; the groups.
	asked '.options.mounts | index([["/real", "/real"]]) and index([["/proc/keys", "/dev/null"]]) and index([["/dev/null", "/dev/null"]])'
	if [ -d /sys/fs/cgroup/freezer ]; then
		asked '.options | .freeze_cgroup == "/sys/fs/cgroup/freezer/" + $id
			and (.mounts | index([["/sys/fs/cgroup/freezer", "/sys/fs/cgroup/freezer"]]))' --arg id "$ID"
	else
		asked '.options.freeze_cgroup == "/sys/fs/cgroup/" + $id' --arg id "$ID"
	fi
	jq -e '. == ["/dev/null", "/dev/null", "/dev/null"]' checkpoint/descriptors.json
	jq -e '.status == "stopped"' "$FAKE_CRIU/poststop"
	nothing_left
	run -1 fake state "$ID"
}

@test "checkpoint: every flag" {
	config '.annotations = {"org.criu.config": "/x/y.conf"}'
	start_it
	mkdir -p parent
	exec 7>"$T/status$BATS_TEST_NUMBER"
	fake checkpoint --image-path "$T/i$BATS_TEST_NUMBER/deep" --work-path work --parent-path ../../"$(basename "$B")"/parent --leave-running \
		--tcp-established --tcp-skip-in-flight --link-remap --ext-unix-sk --shell-job --lazy-pages --status-fd 7 --page-server 127.0.0.1:1234 \
		--file-locks --manage-cgroups-mode ignore --empty-ns network --auto-dedup "$ID"
	exec 7>&-
	asked '.images == $images and .logs == $logs and (.options | .leave_running == 1 and .tcp_established == 1 and .tcp_skip_in_flight == 1
		and .link_remap == 1 and .ext_unix_sk == 1 and .shell_job == 1 and .lazy_pages == 1 and .page_server == [["127.0.0.1", 1234]]
		and .file_locks == 1 and .cgroups_mode == 0 and .auto_dedup == 1 and .track_mem == 1 and .config_file == "/x/y.conf"
		and (.parent | endswith("/parent")))' --arg images "$T/i$BATS_TEST_NUMBER/deep" --arg logs "$B/work"
	[ "$(od -An -tx1 "$T/status$BATS_TEST_NUMBER" | tr -d ' ')" = 00 ]
	[ "$(status_of "$ID")" = running ]
	# Memory alone, and it runs on.
	config '.annotations = {"org.criu.config": ""}'
	fake checkpoint --pre-dump --page-server '[::1]:9' --manage-cgroups-mode strict "$ID"
	asked '.kind == 4 and (.options | .cgroups_mode == 5 and .page_server == [["::1", 9]] and (.mounts | not))'
	[ "$(status_of "$ID")" = running ]
}

@test "checkpoint: namespaces of others are named, not saved" {
	space_make
	config '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/'"$SPACE"'"'
	start_it
	fake checkpoint --leave-running "$ID"
	asked '.options.external == ["net[\($inode)]:extRootNetNS"]' --arg inode "$(stat -Lc %i "/run/netns/$SPACE")"
}

@test "checkpoint: what is wrong is named, and the container runs on" {
	run -1 fake checkpoint "$ID"
	[[ $output == *"container does not exist"* ]]
	rt create -b "$B" "$ID" </dev/null
	run -1 fake checkpoint "$ID"
	[[ $output == *"Container cannot be checkpointed in created state"* ]]
	rt start "$ID"
	# Without criu there is nothing to find in an empty folder.
	mkdir empty
	run -1 env PATH="$B/empty" "$TUG_BIN/tug-runtime" --root "$T/state" checkpoint "$ID"
	[[ $output == *'exec: "criu": executable file not found in $PATH'*"package criu"* ]]
	[ ! -e checkpoint ]
	echo 3 14 0 >"$FAKE_CRIU/version"
	run -1 fake checkpoint "$ID"
	[[ $output == *"CRIU version 31400 must be 31500 or higher"* ]]
	rm "$FAKE_CRIU/version"
	echo lazy_pages >"$FAKE_CRIU/features"
	run -1 fake checkpoint --pre-dump "$ID"
	[[ $output == *"criu is missing features: MemTrack"* ]]
	rm "$FAKE_CRIU/features"
	run -1 fake checkpoint --parent-path /abs "$ID"
	[[ $output == *"--parent-path must be relative"* ]]
	run -1 fake checkpoint --parent-path ./nothing "$ID"
	[[ $output == *"invalid --parent-path"* ]]
	run -1 fake checkpoint --page-server nothing "$ID"
	[[ $output == *"Use --page-server ADDRESS:PORT"* ]]
	run -1 fake checkpoint --page-server a:99999 "$ID"
	run -1 fake checkpoint --manage-cgroups-mode some "$ID"
	[[ $output == *"invalid manage-cgroups-mode value"* ]]
	run -1 fake checkpoint --empty-ns pid "$ID"
	[[ $output == *'namespace "pid" is not supported'* ]]
	run -1 fake checkpoint --lazy-pages --status-fd 99 "$ID"
	[[ $output == *"invalid --status-fd argument 99"* ]]
	[ ! -e "$FAKE_CRIU/requests" ]
	touch "$FAKE_CRIU/fail"
	run -1 fake checkpoint "$ID"
	[[ $output == *"checkpoint/dump.log"*"it was asked to fail"*"criu failed: type DUMP errno 52"* ]]
	rm "$FAKE_CRIU/fail"
	touch "$FAKE_CRIU/die"
	run -1 fake checkpoint "$ID"
	[[ $output == *"criu ended without an answer"* ]]
	[ "$(status_of "$ID")" = running ]
}

images_make() { # of nothing, for the false one
	mkdir checkpoint
	echo "${1-[]}" >checkpoint/descriptors.json
}

@test "restore: criu is told where, and the container is there" {
	mkdir -p "$B/src" "$B/rootfs/real"
	ln -s /real "$B/rootfs/link"
	config '.mounts += [{"destination": "/link/a", "source": "src", "type": "bind", "options": ["bind"]},
			{"destination": "/link/a/deep", "source": "src", "type": "bind", "options": ["bind"]}]
		| .linux.resources.pids.limit = 77
		| .hooks = {"prestart": [{"path": "/bin/sh", "args": ["sh", "-c", "cat >$f"], "env": ["f='"$FAKE_CRIU"'/prestart"]}],
			"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "cat >$f"], "env": ["f='"$FAKE_CRIU"'/runtime"]}]}'
	images_make
	fake restore -d --pid-file pid "$ID" </dev/null >/dev/null 2>"$FAKE_CRIU/err"
	asked '.kind == 2 and .is_mount and .images == $dir and (.root | index("real"))' --arg dir "$B/checkpoint"
	asked '.options | .evasive_devices == 1 and .rst_sibling == 1 and .log_file == "restore.log" and .empty_ns == 1073741824 and (.inherit | not)'
	asked '(.options.mounts | index([["/real/a", $src]]) and index([["/real/a/deep", $src]]) and index([["/dev/null", "/dev/null"]]))
		and (.there | index("/real/a"))' --arg src "$B/src"
	asked '.cgroup | contains($id)' --arg id "$ID"
	[ -d "$B/src/deep" ] # a place in what is mounted
	! grep -q "$B" /proc/self/mountinfo
	[ ! -e "$T/state/$ID/criu-root" ]
	[ "$(status_of "$ID")" = running ]
	[ "$(cat pid)" = "$(pid_of "$ID")" ]
	jq -e '.status == "creating" and .pid == $pid' --argjson pid "$(cat pid)" "$FAKE_CRIU/prestart"
	jq -e .pid "$FAKE_CRIU/runtime"
	grep -q "$ID" "/proc/$(cat pid)/cgroup"
	[ "$(cat /sys/fs/cgroup/pids/"$ID"/pids.max 2>/dev/null || cat /sys/fs/cgroup/"$ID"/pids.max)" = 77 ]
	rt delete --force "$ID"
	nothing_left
}

@test "restore: pipes, namespaces, flags" {
	space_make
	config '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/'"$SPACE"'"
		| (.linux.namespaces[] | select(.type == "uts")).path = "/proc/self/ns/uts" | del(.hostname)'
	images_make '["/dev/null", "pipe:[41]", "pipe:[42]"]'
	fake restore -d --lsm-profile apparmor:x --lsm-mount-context y --tcp-established --ext-unix-sk --shell-job --file-locks \
		--auto-dedup --lazy-pages --manage-cgroups-mode full --work-path work "$ID" </dev/null >/dev/null 2>&1
	asked '.options | .inherit == [["extRootNetNS", 4], ["pipe:[41]", 1], ["pipe:[42]", 2]] and .join == [["uts", "/proc/self/ns/uts"]]
		and .lsm_profile == "apparmor:x" and .lsm_mount_context == "y" and .cgroups_mode == 4 and .tcp_established == 1
		and .ext_unix_sk == 1 and .shell_job == 1 and .file_locks == 1 and .auto_dedup == 1 and .lazy_pages == 1'
	asked '.inherited.extRootNetNS == ($inode | tonumber) and .logs == $logs' --arg inode "$(stat -Lc %i "/run/netns/$SPACE")" --arg logs "$B/work"
}

@test "restore: in the foreground, with the exit status" {
	images_make
	printf '#!/bin/sh\nexec 3<"%s/go"\nexit 9\n' "$FAKE_CRIU" >"$FAKE_CRIU/program"
	chmod 755 "$FAKE_CRIU/program"
	mkfifo "$FAKE_CRIU/go"
	PATH=$T/fake:$PATH "$TUG_BIN/tug-runtime" --root "$T/state" restore "$ID" </dev/null >/dev/null 2>"$FAKE_CRIU/err" 3>&- &
	local pid=$! ended=0
	wait_for status_is "$ID" running
	: >"$FAKE_CRIU/go"
	wait $pid || ended=$?
	[ $ended = 9 ]
	nothing_left
}

@test "restore: the terminal goes over the console socket" {
	images_make '[]'
	touch "$FAKE_CRIU/terminal"
	config '.process.terminal = true'
	run -1 fake restore -d "$ID"
	[[ $output == *"without setting console socket"* ]]
	python3 "$BATS_TEST_DIRNAME/console.py" "$FAKE_CRIU/console" >"$FAKE_CRIU/out" 3>&- &
	local python=$!
	wait_for [ -S "$FAKE_CRIU/console" ]
	fake restore -d --console-socket "$FAKE_CRIU/console" "$ID" </dev/null >/dev/null
	wait $python
	grep -q restored "$FAKE_CRIU/out"
}

@test "restore: what fails leaves nothing behind" {
	run -1 fake restore -d "$ID"
	[[ $output == *"open the directory checkpoint"* ]]
	nothing_left
	mkdir checkpoint
	run -1 fake restore -d "$ID"
	[[ $output == *descriptors.json* ]]
	nothing_left
	rmdir checkpoint
	images_make
	touch "$FAKE_CRIU/fail"
	run -1 fake restore -d "$ID"
	[[ $output == *"restore.log"*"it was asked to fail"*"restore failed: criu failed: type RESTORE errno 52"* ]]
	nothing_left
	rm "$FAKE_CRIU/fail"
	config '.hooks = {"createRuntime": [{"path": "/bin/false"}]}'
	run -1 fake restore -d "$ID"
	[[ $output == *"createRuntime hook #0"* ]]
	nothing_left
	config 'del(.hooks) | .mounts += [{"destination": "/x", "source": "/nonexistent", "options": ["bind"]}]'
	run -1 fake restore -d "$ID"
	[[ $output == *"create criu restore mountpoint for /x mount"* ]]
	nothing_left
	config 'del(.mounts[-1]) | .linux.namespaces |= map(select(.type != "cgroup")) + [{"type": "cgroup", "path": "/proc/self/ns/cgroup"}]'
	run -1 fake restore -d "$ID"
	[[ $output == *"cgroup namespace"* ]]
	nothing_left
	! grep -q "$T" /proc/self/mountinfo
}

@test "restore: killed between any two of its steps, delete --force takes all away" {
	images_make
	local call
	for call in mkdirat:1 renameat:1 renameat:2 unshare:1 mount:1 mount:2 setns:1 socketpair:3 sendmsg:2 recvmsg:2 recvmsg:3 renameat:3; do
		PATH=$T/fake:$PATH traced -o /dev/null -e "inject=${call%:*}:signal=KILL:when=${call#*:}" \
			"$TUG_BIN/tug-runtime" --root "$T/state" restore -d "$ID" </dev/null >/dev/null 2>&1 || true
		wait_for rt delete --force "$ID"
		wait_for nothing_left || { echo "after $call" >&2; return 1; }
		! grep -q "$T" /proc/self/mountinfo
	done
}

# --- with the real one ---

real() { [ -n "${CRIU_WORKS:-}" ] || skip "criu is not installed or does not work on this kernel (criu check)"; }

@test "criu: there and back, twice; group, limits, exec, a second process" {
	real
	command_is 'while :; do echo $((i += 1)) >/data/n; sleep 0.1; done'
	config '.linux.resources.pids.limit = 50'
	start_it
	rt exec "$ID" sh -c 'sleep 1000 </dev/null >/dev/null 2>&1 &' </dev/null >/dev/null 2>&1
	wait_for [ -s "$B/rootfs/data/n" ]
	for _ in 1 2; do
		rt checkpoint --manage-cgroups-mode ignore "$ID"
		nothing_left
		local before
		before=$(cat "$B/rootfs/data/n")
		rt restore -d --manage-cgroups-mode ignore "$ID" </dev/null >/dev/null 2>&1
		[ "$(status_of "$ID")" = running ]
		wait_for [ "$(cat "$B/rootfs/data/n")" != "$before" ]
		[ "$(rt exec "$ID" cat /data/n)" -gt "$before" ]
		[ "$(rt ps -f json "$ID" | jq length)" -ge 2 ]
		grep -q "$ID" "/proc/$(pid_of "$ID")/cgroup"
		[ "$(rt events --stats "$ID" | jq .data.pids.limit)" = 50 ]
	done
	rt delete --force "$ID"
}

@test "criu: leave-running, pre-dump with a parent, restore in the foreground" {
	real
	command_is 'trap "exit 5" USR1; while :; do sleep 0.05; done'
	start_it
	if criu check --feature mem_dirty_track >/dev/null 2>&1; then
		rt checkpoint --pre-dump --image-path parent --manage-cgroups-mode ignore "$ID"
		[ "$(status_of "$ID")" = running ]
		rt checkpoint --leave-running --image-path other --manage-cgroups-mode ignore "$ID"
		[ "$(status_of "$ID")" = running ]
		rt checkpoint --parent-path ../parent --manage-cgroups-mode ignore "$ID"
		[ -e checkpoint/parent ]
	else
		rt checkpoint --manage-cgroups-mode ignore "$ID"
	fi
	nothing_left
	"$TUG_BIN/tug-runtime" --root "$T/state" restore --manage-cgroups-mode ignore "$ID" </dev/null >/dev/null 2>&1 3>&- &
	local pid=$! ended=0
	wait_for status_is "$ID" running
	rt kill "$ID" USR1
	wait $pid || ended=$?
	[ $ended = 5 ]
	nothing_left
}

@test "criu: pipes go to the restorer's, mounts and a network namespace of others" {
	real
	mkdir -p "$B/rootfs/real" src
	ln -s /real "$B/rootfs/link"
	space_make
	export ID
	config '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/'"$SPACE"'"
		| .mounts += [{"destination": "/link/m", "source": "src", "options": ["bind"]}]'
	command_is 'read x; echo got $x; cat /link/m/file'
	python3 - "$TUG_BIN/tug-runtime" --root "$T/state" <<'PY'
import os, subprocess, sys
def rt(*args, **io):
    io.setdefault("stdin", subprocess.DEVNULL)
    io.setdefault("stdout", subprocess.DEVNULL)
    if "-d" in args:
        io.setdefault("stderr", subprocess.DEVNULL)
    subprocess.run(sys.argv[1:] + list(args) + [os.environ["ID"]], check=True, **io)
ends = [os.pipe() for _ in range(4)]
rt("run", "-d", stdin=ends[0][0], stdout=ends[1][1])
rt("checkpoint", "--manage-cgroups-mode", "ignore")
os.makedirs("src/new")
open("src/file", "w").write("content\n")
rt("restore", "-d", "--manage-cgroups-mode", "ignore", stdin=ends[2][0], stdout=ends[3][1])
os.close(ends[3][1])
os.write(ends[2][1], b"word\n")
assert open(ends[3][0]).read() == "got word\ncontent\n"
PY
	wait_for status_is "$ID" stopped
}

@test "criu: a terminal, over the console socket" {
	real
	export ID
	config '.process.terminal = true'
	command_is 'while read x; do echo "again $x"; done'
	python3 - "$TUG_BIN/tug-runtime" --root "$T/state" <<'PY'
import array, os, socket, subprocess, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("console")
listener.listen(2)
def rt(*args):
    subprocess.run(sys.argv[1:] + list(args) + [os.environ["ID"]], check=True, stdin=subprocess.DEVNULL)
    if "-d" not in args:
        return None
    peer, _ = listener.accept()
    _, control, _, _ = peer.recvmsg(100, socket.CMSG_SPACE(4))
    return array.array("i", control[0][2][:4])[0]
def talk(master, word):
    os.write(master, word + b"\n")
    seen = b""
    while b"again " + word not in seen:
        seen += os.read(master, 100)
talk(rt("run", "-d", "--console-socket", "console"), b"one")
rt("checkpoint", "--manage-cgroups-mode", "ignore")
talk(rt("restore", "-d", "--console-socket", "console", "--manage-cgroups-mode", "ignore"), b"two")
PY
}
