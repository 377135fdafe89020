# What is killed and what survives it: the engine, a monitor, both.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

kill_engine() { engine_stop KILL; }
monitor_of() { # the process that made the container's first one
	awk '{print $4}' "/proc/$(tug inspect -f '{{.State.Pid}}' "$1")/stat"
}
status_of() { tug inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$1"; }

@test "containers, their logs and ports outlive a killed engine" {
	tug run -d --name ticks -p 18080:80 busybox sh -c 'httpd -h /www; i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done' >/dev/null
	pid=$(tug inspect -f '{{.State.Pid}}' ticks)
	kill_engine
	[ -e "/proc/$pid" ]
	[ "$(in_net curl -s http://127.0.0.1:18080/)" = "a page" ]
	engine_start
	[ "$(status_of ticks)" = "running 0" ]
	[ "$(tug inspect -f '{{.State.Pid}}' ticks)" = "$pid" ]
	[ "$(in_net curl -s http://127.0.0.1:18080/)" = "a page" ]
	[ "$(tug exec ticks echo hi)" = hi ]
	tug stop -t 0 ticks
	tug logs ticks >"$BATS_TEST_TMPDIR/log"
	seq 0 $(($(wc -l <"$BATS_TEST_TMPDIR/log") - 1)) | cmp - "$BATS_TEST_TMPDIR/log"
	run ! in_net curl -s --max-time 5 http://127.0.0.1:18080/
}

@test "what ended while no engine ran is known by its exit code" {
	tug run -d --name ends -i busybox sh -c 'while [ ! -e /go ]; do sleep 0.05; done; echo last; exit 5' >/dev/null
	pid=$(tug inspect -f '{{.State.Pid}}' ends)
	kill_engine
	touch "/proc/$pid/root/go"
	wait_for process_gone "$pid"
	engine_start
	[ "$(status_of ends)" = "exited 5" ]
	[ "$(tug wait ends)" = 5 ]
	[ "$(tug logs ends)" = last ]
	[ "$(tug start ends)" = ends ]
}

@test "with --rm it is removed then, too" {
	tug run -d --rm --name brief busybox sh -c 'while [ ! -e /go ]; do sleep 0.05; done' >/dev/null
	pid=$(tug inspect -f '{{.State.Pid}}' brief)
	kill_engine
	touch "/proc/$pid/root/go"
	wait_for process_gone "$pid"
	engine_start
	[ -z "$(tug ps -aq)" ]
}

@test "a client that is attached reads on without the engine" {
	tug run --name stays busybox sh -c 'echo before; while [ ! -e /go ]; do sleep 0.05; done; echo after' \
		>"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	wait_for grep -q before "$BATS_TEST_TMPDIR/out"
	pid=$(tug inspect -f '{{.State.Pid}}' stays)
	kill_engine
	touch "/proc/$pid/root/go"
	wait_for grep -q after "$BATS_TEST_TMPDIR/out"
	wait $! || true # whom it would ask for the status is gone
	engine_start
	[ "$(status_of stays)" = "exited 0" ]
}

@test "the end of a monitor is the end of its container, and the engine says so" {
	tug run -d --name lost busybox sleep 1000 >/dev/null
	pid=$(tug inspect -f '{{.State.Pid}}' lost)
	tug wait lost >"$BATS_TEST_TMPDIR/code" 3>&- &
	kill -KILL "$(monitor_of lost)"
	wait $!
	[ "$(cat "$BATS_TEST_TMPDIR/code")" = 137 ]
	wait_for process_gone "$pid"
	[ "$(status_of lost)" = "exited 137" ]
	tug start lost >/dev/null
	[ "$(status_of lost)" = "running 137" ] || [ "$(status_of lost)" = "running 0" ]
}

@test "a monitor killed while no engine ran" {
	tug run -d --name both busybox sleep 1000 >/dev/null
	monitor=$(monitor_of both) pid=$(tug inspect -f '{{.State.Pid}}' both)
	kill_engine
	kill -KILL "$monitor"
	wait_for process_gone "$pid"
	engine_start
	[ "$(status_of both)" = "exited 137" ]
	tug rm both
}

@test "an engine killed at any moment of a run leaves nothing half" {
	for delay in 0 1 2 3 4 6 8 10 14 18 25 40; do
		tug run --rm busybox true >/dev/null 2>&1 3>&- &
		sleep "0.0$(printf %02d "$delay")"
		kill_engine
		wait $! || true
		engine_start
		gone() { [ -z "$(tug ps -q)" ]; }
		wait_for gone
		ids=$(tug ps -aq)
		[ -z "$ids" ] || tug rm -f $ids >/dev/null
	done
}

@test "ended monitors are reaped" {
	for i in 1 2 3; do tug run --rm busybox true; done
	no_children() { [ -z "$(ps -o pid= --ppid "$(engine_pid)" | head -n 1)" ]; }
	wait_for no_children
}
