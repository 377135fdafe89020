# Containers from the command line: run, create, start, attach, exec, logs, ps, inspect, stop, rm, and their statuses.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

# on_terminal [EXPECT SEND]... -- ARGUMENT...: tug on a terminal of 24 lines and 80 columns.
on_terminal() {
	local pairs=()
	while [ "$1" != -- ]; do pairs+=("$1"); shift; done
	in_net python3 "$BATS_TEST_DIRNAME/terminal.py" "${pairs[@]}" -- "$TUG_BIN/tug" "${@:2}"
}

@test "hello" {
	run -0 tug run --rm hello
	[[ $output == *"Hello from tug!"* ]]
	[ -z "$(tug ps -aq)" ]
}

@test "output goes where it belongs, and the status is the program's" {
	run -7 --separate-stderr tug run --rm busybox sh -c 'echo out; echo err >&2; exit 7'
	[ "$output" = out ]
	[ "$stderr" = err ]
	run -143 tug run --rm busybox sh -c 'kill -TERM $$; trap - TERM; sh -c "kill -TERM \$\$"; exit $?'
}

@test "input is piped through, all of it" {
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	tug run --rm -i busybox cat <"$BATS_TEST_TMPDIR/data" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/back"
	[ "$(echo data | tug run --rm -i busybox wc -c)" = 5 ]
	[ "$(echo data | tug run --rm busybox wc -c)" = 0 ]
}

@test "a program that is not there or cannot be run" {
	run -127 tug run --rm busybox nosuch
	[[ $output == *'exec: "nosuch": executable file not found in $PATH'* ]]
	run -126 tug run --rm busybox /etc/passwd
	[[ $output == *"permission denied"* ]]
	run -126 tug run --rm busybox /etc
	[ -z "$(tug ps -aq)" ]
}

@test "an image that is not there" {
	run -125 tug run --rm nosuch
	[[ $output == *"Unable to find image 'nosuch:latest' locally"*"registry-1.docker.io"* ]]
	run -125 tug run --rm --pull never nosuch
	[[ $output == *"No such image: nosuch:latest"* ]]
	run -125 tug create --pull always busybox
	run -125 tug run --rm busybox/../x
}

@test "create, start, stop, rm and what ps says meanwhile" {
	id=$(tug create --name one busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done')
	[ ${#id} = 64 ]
	[ "$(tug ps -a --format '{{.Names}} {{.Status}}')" = "one Created" ]
	[ "$(tug start one)" = one ]
	[[ $(tug ps --format '{{.ID}} {{.Image}} {{.Names}} {{.State}}') == "${id:0:12} busybox one running" ]]
	run -1 tug rm one
	[[ $output == *"container is running: stop the container before removing or force remove"* ]]
	[ "$(tug stop one)" = one ]
	[ "$(tug wait one)" = 3 ]
	[[ $(tug ps -a --filter status=exited --format '{{.Status}}') == "Exited (3) "* ]]
	[ "$(tug rename one two; tug rm two)" = two ]
	run -1 tug rm two
	[[ $output == "Error response from daemon: No such container: two" ]]
	tug rm -f two
}

@test "a name in use" {
	tug create --name taken busybox true >/dev/null
	run -125 tug run --name taken busybox true
	[[ $output == *'Conflict. The container name "/taken" is already in use by container'* ]]
	run -125 tug run --name x busybox true
	[[ $output == *"Invalid container name (x)"* ]]
}

@test "exec: output, input, status, user, directory, environment" {
	tug run -d --name box busybox sleep 1000 >/dev/null
	[ "$(tug exec box sh -c 'echo out; echo err >&2' 2>/dev/null)" = out ]
	[ "$(echo piped | tug exec -i box cat)" = piped ]
	run -5 tug exec box sh -c 'exit 5'
	[ "$(tug exec -w /www -e A=b box sh -c 'pwd; echo $A')" = $'/www\nb' ]
	[ "$(tug exec -u 7:8 box id -u)" = 7 ]
	run -127 tug exec box nosuch
	run -1 tug exec nosuch true
	tug exec -d box touch /made
	wait_for tug exec box test -e /made
	run -1 tug exec box sh -c 'kill -9 1; exit 1' # the first process is not ours to end from inside
	tug stop -t 0 box
	run -1 tug exec box true
	[[ $output == *"is not running"* ]]
}

@test "logs: all, the last, stamped, followed" {
	tug run -d --name talk busybox sh -c 'echo one; echo two >&2; printf "\000\377x"' >/dev/null
	tug wait talk
	[ "$(tug logs talk 2>/dev/null | head -n 1)" = one ]
	[ "$(tug logs talk 2>&1 >/dev/null)" = two ]
	[ "$(tug logs talk 2>/dev/null | tail -n 1 | xxd -p)" = 00ff78 ]
	[[ $(tug logs -t --tail 2 talk 2>&1 >/dev/null) =~ ^20[0-9-]{8}T[0-9:.]+Z\ two$ ]]
	tug run -d --name more busybox sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done' >/dev/null
	[ "$(timeout 20 "$TUG_BIN/tug" logs -f more)" = $'1\n2\n3' ]
	run -1 tug logs nosuch
}

@test "a million bytes a line, and lines without an end" {
	tug run --name long busybox sh -c 'head -c 1000000 /dev/zero | tr "\0" x; echo; printf end' >"$BATS_TEST_TMPDIR/direct"
	tug logs long >"$BATS_TEST_TMPDIR/log"
	cmp "$BATS_TEST_TMPDIR/direct" "$BATS_TEST_TMPDIR/log"
}

@test "attach joins a running container" {
	tug run -d -i --name joined busybox sh -c 'read line; echo got $line; exit 4' >/dev/null
	run -4 sh -c "echo word | nsenter --net=$NET $TUG_BIN/tug attach joined"
	[ "$output" = "got word" ]
	run -1 tug attach joined
	[[ $output == *"You cannot attach to a stopped container, start it first"* ]]
	run -4 sh -c "echo again | nsenter --net=$NET $TUG_BIN/tug start -ai joined"
	[ "$output" = "got again" ]
}

@test "signals reach the container" {
	tug run --name sig busybox sh -c 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done' \
		>"$BATS_TEST_TMPDIR/out" 3>&- &
	wait_for grep -q ready "$BATS_TEST_TMPDIR/out"
	pid=$(pgrep -P $! -x tug || echo $!)
	kill -INT "$pid"
	status=0
	wait $! || status=$?
	[ "$status" = 9 ]
	grep -q caught "$BATS_TEST_TMPDIR/out"
	tug run -d --name ke busybox sleep 1000 >/dev/null
	[ "$(tug kill -s KILL ke)" = ke ]
	[ "$(tug wait ke)" = 137 ]
	run -1 tug kill ke
	[[ $output == *"is not running"* ]]
}

@test "a terminal" {
	run -3 on_terminal '# ' 'tty; stty size\n' '# ' 'exit 3\n' -- run --rm -it busybox sh
	[[ $output == *"/dev/pts/0"* && $output == *"24 80"* ]]
	tug run -d --name term busybox sleep 1000 >/dev/null
	run -4 on_terminal '# ' 'tty\n' '# ' 'exit 4\n' -- exec -it term sh
	[[ $output == *"/dev/pts/"* ]]
	run -1 tug exec -it term sh </dev/null
	[[ $output == *"the input device is not a TTY"* ]]
}

@test "the detach keys leave a container running" {
	run -0 on_terminal '# ' 'echo fir""st\n' 'first' '\020\021' -- run --name left -it busybox sh
	[[ $(tug inspect -f '{{.State.Status}}' left) == running ]]
	run -6 on_terminal '' 'echo sec""ond\n' 'second' 'exit 6\n' -- attach left
	[ "$(tug wait left)" = 6 ]
	[[ $(tug logs left) == *first*second* ]]
	tug start left >/dev/null
	run -0 on_terminal '' 'x' -- attach --detach-keys x left
}

@test "limits, user, host name, mounts, read-only root" {
	mkdir -p "$BATS_TEST_TMPDIR/shared"
	echo here >"$BATS_TEST_TMPDIR/shared/file"
	run -0 tug run --rm -m 64m --pids-limit 50 --cpus 0.5 -u 7:8 --hostname inside -w /shared -e A=b --read-only \
		-v "$BATS_TEST_TMPDIR/shared:/shared:ro" --tmpfs /scratch busybox sh -c \
		'id -u; id -g; hostname; pwd; echo $A; cat file; touch file; touch /x; touch /scratch/x && echo made'
	[ "${lines[0]}" = 7 ] && [ "${lines[1]}" = 8 ] && [ "${lines[2]}" = inside ] && [ "${lines[3]}" = /shared ]
	[ "${lines[4]}" = b ] && [ "${lines[5]}" = here ]
	[[ $output == *"file: Read-only file system"* && $output == *"/x: Read-only file system"* && $output == *made* ]]
	run -125 tug run --rm -v "$BATS_TEST_TMPDIR/none:/x" --mount "type=bind,source=$BATS_TEST_TMPDIR/nosuch,target=/y" busybox true
	[[ $output == *"bind source path does not exist"* ]]
}

@test "out of memory is told" {
	tug run --name big -m 16m --memory-swap 16m busybox sh -c 'x=y; while :; do x=$x$x; done' || [ $? = 137 ]
	[ "$(tug inspect -f '{{.State.OOMKilled}}' big)" = true ]
}

@test "inspect and formats" {
	tug run -d --name seen --label k=v -p 127.0.0.1:0:80 busybox sleep 1000 >/dev/null
	tug inspect seen | jq -e '.[0].Name == "/seen" and .[0].State.Running and .[0].Config.Labels.k == "v"'
	[ "$(tug inspect -f '{{.Name}} {{json .Config.Cmd}} {{len .Args}}' seen)" = '/seen ["sleep","1000"] 1' ]
	[[ $(tug ps --format 'table {{.Names}}\t{{.Ports}}') == *NAMES*PORTS*seen*'127.0.0.1:'*'->80/tcp' ]]
	tug ps --format json | jq -e '.Names == "seen" and .Labels == "k=v"'
	run -1 tug inspect nosuch
	[[ $output == *"[]"*"No such object: nosuch"* ]]
	run -1 tug inspect --format '{{.Nope.Nope}}' seen
	[[ $(tug top seen) == *PID*"sleep 1000"* ]]
}

@test "cidfile, --rm, detached" {
	tug run --cidfile "$BATS_TEST_TMPDIR/cid" -d --rm busybox true >/dev/null
	[ "$(wc -c <"$BATS_TEST_TMPDIR/cid")" = 64 ]
	run -125 tug run --cidfile "$BATS_TEST_TMPDIR/cid" busybox true
	[[ $output == *"container ID file found"* ]]
	gone() { [ -z "$(tug ps -aq)" ]; }
	wait_for gone
}

@test "images: tag, list, inspect, remove" {
	tug tag busybox other:v1
	[[ $(tug images --format '{{.Repository}}:{{.Tag}}') == *other:v1* ]]
	[ "$(tug image inspect -f '{{json .RepoTags}}' other:v1 | jq length)" = 2 ]
	[ "$(tug rmi other:v1)" = "Untagged: other:v1" ]
	tug create --name user busybox true >/dev/null
	run -1 tug rmi busybox
	[[ $output == *"conflict"* ]]
	run -1 tug rmi nosuch
	[[ $output == *"No such image: nosuch:latest"* ]]
}

@test "many at once" {
	for i in 1 2 3 4 5 6 7 8; do tug run --rm busybox sh -c "echo $i" >"$BATS_TEST_TMPDIR/$i" 3>&- & done
	wait
	for i in 1 2 3 4 5 6 7 8; do [ "$(cat "$BATS_TEST_TMPDIR/$i")" = $i ]; done
}

@test "what a container reaches as its monitor's program is sealed memory (R-01)" {
	tug run -d --name sealed busybox sleep 1000
	local pid
	pid=$(tug inspect -f '{{.State.Pid}}' sealed)
	pid=$(awk '/^PPid/ {print $2}' "/proc/$pid/status")
	[[ $(readlink "/proc/$pid/exe") == *memfd:tug-monitor* ]]
	[ "$(cat "/proc/$pid/comm")" = tug-monitor ]
	python3 -c 'import fcntl, sys; assert fcntl.fcntl(open(sys.argv[1], "rb"), 1034) == 15' "/proc/$pid/exe"
	tug rm -f sealed
}
