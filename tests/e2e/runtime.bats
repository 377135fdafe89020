#!/usr/bin/env bats
# tug-runtime's command line, as engines and people use it.

load runtime_lib

setup_file() { runtime_begin; }
teardown_file() { runtime_end; }
setup() { bundle_make; }
teardown() { bundle_remove; }

@test "run: output, input, exit status, nothing left" {
	command_is 'echo out; echo err >&2; cat; exit 7'
	run -7 --separate-stderr bash -c "echo in | $TUG_BIN/tug-runtime --root $T/state run -b $B $ID"
	[ "$output" = $'out\nin' ]
	[ "$stderr" = err ]
	nothing_left
}

@test "run: a signal is 128 and its number, and is passed on" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	command_is 'kill -TERM $$'
	run -143 run_it
	config '.linux.namespaces += [{"type": "pid"}]'
	command_is 'trap "echo got; exit 3" TERM; echo ready; while :; do sleep 0.05; done'
	"$TUG_BIN/tug-runtime" --root "$T/state" run -b "$B" "$ID" >"$T/out" 2>&1 3>&- </dev/null &
	local pid=$! ended=0
	wait_for grep -q ready "$T/out"
	kill -TERM $pid
	wait $pid || ended=$?
	[ $ended = 3 ]
	grep -q got "$T/out"
	nothing_left
}

@test "create, state, start, kill, delete" {
	config '.process.args = ["sleep", "1000"] | .annotations = {"a.b": "c"}'
	rt create -b "$B" --pid-file "$T/pid" "$ID" </dev/null
	[ "$(status_of "$ID")" = created ]
	[ "$(cat "$T/pid")" = "$(pid_of "$ID")" ]
	[ "$(rt state "$ID" | jq -c '[.ociVersion, .id, .bundle, .rootfs, .annotations, .owner]')" = \
		"[\"1.3.0\",\"$ID\",\"$B\",\"$B/rootfs\",{\"a.b\":\"c\"},\"root\"]" ]
	rt start "$ID"
	[ "$(status_of "$ID")" = running ]
	run ! rt start "$ID"
	[[ $output == *"cannot start an already running container"* ]]
	run ! rt delete "$ID"
	[[ $output == *"cannot delete container $ID that is not stopped: running"* ]]
	rt kill "$ID" KILL
	wait_for status_is "$ID" stopped
	[ "$(pid_of "$ID")" = 0 ]
	run ! rt start "$ID"
	[[ $output == *"cannot start a container that has stopped"* ]]
	run ! rt kill "$ID"
	[[ $output == *"container not running"* ]]
	rt delete "$ID"
	nothing_left
}

@test "delete of a created container, and --force of a running one and of none" {
	config '.process.args = ["sleep", "1000"]'
	rt create -b "$B" "$ID" </dev/null
	rt delete "$ID"
	nothing_left
	run_it -d
	rt delete --force "$ID"
	nothing_left
	rt delete --force "$ID"
	run ! rt delete "$ID"
	[[ $output == *"container does not exist"* ]]
}

@test "list: table, IDs, JSON" {
	config '.process.args = ["sleep", "1000"]'
	run_it -d
	rt list | grep -E "^$ID +[0-9]+ +running +$B +20.* root$"
	rt list -q | grep -x "$ID"
	[ "$(rt list -f json | jq -c --arg id "$ID" '.[] | select(.id == $id) | [.status, .bundle, .owner]')" = "[\"running\",\"$B\",\"root\"]" ]
	rt delete -f "$ID"
	[ "$(rt list -f json | jq -c --arg id "$ID" '[.[]? | select(.id == $id)]')" = '[]' ]
	run ! rt list -f xml
}

@test "exec: output, exit status, user, environment, directory, terminal, detached" {
	config '.process.args = ["sleep", "1000"] | .process.env += ["A=1", "B=2"]'
	run_it -d
	run -9 rt exec "$ID" sh -c 'echo hello; exit 9'
	[ "$output" = hello ]
	[ "$(rt exec -u 1000:7 -g 8 "$ID" sh -c 'id -u; id -g; id -G')" = $'1000\n7\n7 8' ]
	[ "$(rt exec -e A=3 -e C=4 --cwd /etc "$ID" sh -c 'echo $A $B $C $PWD')" = "3 2 4 /etc" ]
	[ "$(echo in | rt exec "$ID" cat)" = in ]
	rt exec -d --pid-file "$T/pid" "$ID" sleep 1000
	[ "$(tr '\0' ' ' <"/proc/$(cat "$T/pid")/cmdline")" = "sleep 1000 " ]
	[ "$(rt ps -f json "$ID" | jq length)" = 2 ]
	rt ps "$ID" | grep -q 'sleep 1000'
	jq -n '{args: ["sh", "-c", "id -u; echo $X"], cwd: "/", env: ["PATH=/bin", "X=y"], user: {uid: 5, gid: 5}}' >"$T/process.json"
	[ "$(rt exec --process "$T/process.json" "$ID")" = $'5\ny' ]
	run -255 rt exec "$ID" nonexistent
	[[ $output == *'exec: "nonexistent": executable file not found in $PATH'* ]]
	run -255 rt exec "$ID" /etc/passwd
	[[ $output == *'permission denied'* ]]
	run -255 rt exec --cwd /none "$ID" true
	[[ $output == *'chdir to cwd ("/none")'*'no such file or directory'* ]]
	run -255 rt exec -u 1000x "$ID" true
	rt kill "$ID" KILL
	wait_for status_is "$ID" stopped
	run -255 rt exec "$ID" true
	[[ $output == *"cannot exec in a stopped container"* ]]
}

@test "pause, exec in it, resume" {
	config '.process.args = ["sleep", "1000"]'
	run_it -d
	run ! rt resume "$ID"
	[[ $output == *"container not paused"* ]]
	rt pause "$ID"
	[ "$(status_of "$ID")" = paused ]
	run -255 rt exec "$ID" true
	[[ $output == *"cannot exec in a paused container (use --ignore-paused to override)"* ]]
	rt resume "$ID"
	[ "$(status_of "$ID")" = running ]
	rt exec "$ID" true
	rt pause "$ID"
	rt delete --force "$ID"
	nothing_left
}

@test "kill: names, numbers, all; an unknown one is refused" {
	command_is 'trap "echo usr1 >>/data/got" USR1; trap "echo hup >>/data/got" HUP; echo ready >/data/got; while :; do sleep 0.05; done'
	run_it -d
	wait_for grep -q ready "$B/rootfs/data/got"
	rt kill "$ID" SIGUSR1
	wait_for grep -q usr1 "$B/rootfs/data/got"
	rt kill "$ID" hup
	wait_for grep -q hup "$B/rootfs/data/got"
	rt kill "$ID" 10
	wait_for grep -qzP 'usr1[^$]*usr1' "$B/rootfs/data/got"
	run ! rt kill "$ID" WRONG
	[[ $output == *'unknown signal "WRONG"'* ]]
	run ! rt kill "$ID" 99
	rt kill --all "$ID" KILL
	wait_for status_is "$ID" stopped
}

@test "a terminal in the foreground" {
	config '.process.terminal = true'
	command_is 'tty; stty size; echo done'
	run script -qec "stty cols 91 rows 17; $TUG_BIN/tug-runtime --root $T/state run -b $B $ID" /dev/null
	[[ $output == *"/dev/pts/0"*"17 91"*"done"* ]]
	nothing_left
}

@test "a terminal: what a program that is over at once has written is not lost" {
	config '.process.terminal = true | .process.args = ["echo", "hello"]'
	for _ in $(seq 60); do [ "$(run_it)" = hello ]; done
}

@test "a terminal over a console socket" {
	config '.process.terminal = true'
	run ! rt create -b "$B" "$ID"
	[[ $output == *"cannot allocate tty if runc will detach without setting console socket"* ]]
	command_is 'ls -l /dev/console | cut -c1; test -t 1 && echo terminal'
	python3 "$BATS_TEST_DIRNAME/console.py" "$T/console" >"$T/out" 3>&- &
	local python=$!
	wait_for [ -S "$T/console" ]
	rt create -b "$B" --console-socket "$T/console" "$ID"
	rt start "$ID"
	wait $python
	grep -q '^/dev/pts/' "$T/out"
	grep -qx c "$T/out"
	grep -qx terminal "$T/out"
}

@test "descriptors are passed where asked for, and no others" {
	command_is 'ls /proc/self/fd | sort -n | tr "\n" " "; cat <&3'
	exec 7</dev/null 8</dev/null
	echo passed >"$T/three"
	run --separate-stderr rt run -b "$B" --preserve-fds 1 "$ID" 3<"$T/three" </dev/null
	exec 7<&- 8<&-
	[[ ${lines[0]} == "0 1 2 3 "*passed ]] || [[ $output == "0 1 2 3 4 "* && $output == *passed ]]
	run ! bash -c "exec 9<&-; $TUG_BIN/tug-runtime --root $T/state run -b $B --preserve-fds 50 $ID </dev/null"
	[[ $output == *"please check that preserved-fd"* ]]
}

@test "errors are the last line of the log, as JSON or text; the status is 1" {
	run -1 rt --log "$T/log.json" --log-format json start none
	[ "$(tail -n 1 "$T/log.json" | jq -r .level)" = error ]
	[[ $(tail -n 1 "$T/log.json" | jq -r .msg) == *"container does not exist"* ]]
	[[ $(tail -n 1 "$T/log.json" | jq -r .time) == 20*T*Z ]]
	run -1 rt --log "$T/log.text" state none
	grep -q 'level=error msg="container does not exist' "$T/log.text"
	run -1 rt --log-format xml list
}

@test "what cannot be executed has the words that engines look for" {
	config '.process.args = ["nothere"]'
	run -1 run_it
	[[ $output == *'unable to start container process: exec: "nothere": executable file not found in $PATH'* ]]
	config '.process.args = ["/nothere"]'
	run -1 run_it
	[[ $output == *"no such file or directory"* ]]
	config '.process.args = ["/etc/passwd"]'
	run -1 run_it
	[[ $output == *"permission denied"* ]]
	config '.process.args = ["/etc"]'
	run -1 run_it
	[[ $output == *"is a directory"* ]]
	rt create -b "$B" "$ID" </dev/null && false
	nothing_left
}

@test "features are those of the specification" {
	rt features | jq -e '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0" and (.hooks | length) == 6 and
		(.linux.namespaces | length) == 8 and (.mountOptions | index("rro")) and (.linux.seccomp.actions | index("SCMP_ACT_NOTIFY")) and
		.linux.mountExtensions.idmap.enabled and .linux.netDevices.enabled'
}

@test "spec: runs as it is, and is not written twice" {
	mkdir "$B/new"
	rt spec -b "$B/new"
	[ "$(jq -r .process.args[0] "$B/new/config.json")" = sh ]
	run ! rt spec -b "$B/new"
	rm "$B/new/config.json"
	rt spec --rootless -b "$B/new"
	jq -e '.linux.uidMappings[0].size == 1 and (.linux.namespaces | map(.type) | index("user"))' "$B/new/config.json"
}

@test "usage: unknown commands, options and numbers of arguments" {
	run -1 rt nothing
	run -1 rt run
	run -1 rt run a b
	run -1 rt run --wrong "$ID"
	[[ $output == *"unknown flag: --wrong"* ]]
	run -0 rt --version
	[[ $output == "tug-runtime version "*"spec: 1.3.0" ]]
	run -0 rt run --help
	[[ $output == *"--console-socket"* ]]
}

@test "Intel RDT: where it is not, that is said" {
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "this host has resctrl mounted"
	command_is true
	config '.linux.intelRdt = {"closID": "guests"}'
	run -1 rt run -b "$B" "$ID"
	[[ $output == *"linux: intelRdt: intelRdt is specified in config, but Intel RDT is not enabled"* ]]
	[ -z "$(rt list -q)" ]
}

@test "a directory without a hierarchy in it, left by another program, is none" {
	[ -d /sys/fs/cgroup/pids ] || skip "only cgroup v1 has hierarchies"
	command_is 'echo ran'
	run -0 --separate-stderr unshare -m sh -c "mount -t tmpfs tmpfs /sys/fs/cgroup/pids && exec $TUG_BIN/tug-runtime --root $T/state run -b $B $ID" </dev/null
	[ "$output" = ran ]
	config '.linux.resources.pids.limit = 10'
	run -1 unshare -m sh -c "mount -t tmpfs tmpfs /sys/fs/cgroup/pids && exec $TUG_BIN/tug-runtime --root $T/state run -b $B $ID" </dev/null
	[[ $output == *"pids"* ]]
	nothing_left
}

@test "another container's ID is refused, whatever its state" {
	config '.process.args = ["sleep", "1000"]'
	rt create -b "$B" "$ID" </dev/null
	run -1 rt create -b "$B" "$ID"
	[[ $output == *"container with given ID already exists"* ]]
	[ "$(status_of "$ID")" = created ]
}

@test "the runtime killed between any two of its steps: delete --force takes all away" {
	config '.process.args = ["sleep", "1000"]'
	local call
	# strace kills it by SIGKILL at the n-th call of a kind.
	for call in mkdirat:1 openat:12 renameat:1 renameat:2 write:2 bind:1 clone:1 sendmsg:1 recvmsg:1 recvmsg:2 prlimit64:1 renameat:3; do
		traced -o /dev/null -e "inject=${call%:*}:signal=KILL:when=${call#*:}" \
			"$TUG_BIN/tug-runtime" --root "$T/state" create -b "$B" "$ID" </dev/null >/dev/null 2>&1 || true
		rt delete --force "$ID"
		nothing_left || { echo "after $call" >&2; return 1; }
	done
}

@test "update: limits in force, from words and from a document; what is wrong is named" {
	config '.process.args = ["sleep", "1000"]'
	run_it -d
	rt update --memory 64m --memory-swap 128m --pids-limit 20 "$ID"
	echo '{"memory": {"limit": 33554432}, "cpu": {"quota": 20000, "period": 100000}}' | rt update --resources - "$ID"
	rt events --stats "$ID" >"$T/stats"
	jq -e '.type == "stats" and .data.memory.usage.limit == 33554432 and .data.pids.limit == 20 and .data.pids.current == 1' "$T/stats"
	run -1 rt update --memory 1x "$ID"
	run -1 rt update --pids-limit many "$ID"
	[[ $output == *"pids-limit"* ]]
	echo '{"memory": {"limit": "much"}}' >"$T/wrong"
	run -1 rt update -r "$T/wrong" "$ID"
	[[ $output == *"memory: limit"* ]]
	jq -e '.data.memory.usage.limit == 33554432' <(rt events --stats "$ID")
}

@test "events: statistics again and again, until the end" {
	config '.process.args = ["sleep", "1000"]'
	run_it -d
	rt events --interval 50ms "$ID" >"$T/events" 3>&- &
	local pid=$!
	wait_for grep -q stats "$T/events"
	rt kill "$ID" KILL
	wait $pid
	[ "$(jq -r '.type + .id' "$T/events" | sort -u)" = "stats$ID" ]
	run -1 rt events --interval 0s "$ID"
	run -1 rt events "$ID"
}

@test "events: out of memory" {
	config '.process.args = ["sleep", "1000"] | .linux.resources.memory = {"limit": 20000000}'
	[ ! -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || config '.linux.resources.memory.swap = 20000000'
	run_it -d
	rt events --interval 50ms "$ID" >"$T/events" 3>&- &
	local pid=$!
	wait_for grep -q stats "$T/events"
	rt exec -d "$ID" sh -c 'text=$(dd if=/dev/urandom bs=1M count=100)' </dev/null >/dev/null 2>&1
	wait_for grep -q '{"type":"oom","id":"'"$ID"'"}' "$T/events"
	rt delete --force "$ID"
	wait $pid
}
