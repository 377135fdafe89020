# Why a container ended: one sentence and one field, for every way to end.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

look() { tug inspect -f "$2" "$1"; }
ended() { [ "$(look "$1" '{{.State.Running}}')" = false ]; }
# why NAME JQ-CONDITION: about State.Death
why() { wait_for ended "$1"; tug inspect "$1" | jq -e ".[0].State.Death | $2"; }

@test "its own exit code" {
	tug run --name fine busybox true
	why fine '.Kind == "exit" and .ExitCode == 0 and .Reason == "ended by itself, with success (exit code 0)"'
	tug run --name bad busybox sh -c 'exit 3' || true
	why bad '.Kind == "exit" and .ExitCode == 3 and (has("Signal") | not)'
	[ "$(tug ps -a --filter name=bad --format '{{.ReasonKind}}: {{.Reason}}')" = "exit: ended by itself with exit code 3" ]
	[ "$(api '/containers/json?all=1&filters=%7B%22name%22%3A%5B%22bad%22%5D%7D' | jq -r '.[0].ReasonKind')" = exit ]
	tug run -d --name lives busybox sleep 1000 >/dev/null
	tug inspect lives | jq -e '.[0].State | has("Death") | not'
}

@test "the user, through the engine" {
	tug run -d --name stopped busybox sleep 1000 >/dev/null
	tug stop -t 0 stopped >/dev/null
	why stopped '.Kind == "signal" and .Sender == "user" and .SignalName == "SIGKILL" and
		.Reason == "the user stopped it; it did not end within 0 seconds and was killed (SIGKILL)"'
	tug run -d --name asked busybox sh -c 'trap "exit 5" TERM; while :; do sleep 0.05; done' >/dev/null
	tug stop asked >/dev/null
	why asked '.Kind == "exit" and .Sender == "user" and .ExitCode == 5 and
		.Reason == "the user stopped it (SIGTERM): it ended with exit code 5"'
	tug run -d --name killed busybox sleep 1000 >/dev/null
	tug kill killed >/dev/null
	why killed '.Sender == "user" and .Reason == "the user killed it: ended by SIGKILL through the engine"'
}

@test "another process, and the kernel" {
	tug run -d --name shot busybox sleep 1000 >/dev/null
	kill -KILL "$(look shot '{{.State.Pid}}')"
	why shot '.Kind == "signal" and .Sender == "process" and .Signal == 9'
	tug run -d --name faults --pid host busybox sleep 1000 >/dev/null
	kill -SEGV "$(look faults '{{.State.Pid}}')"
	why faults '.Kind == "signal" and .Sender == "kernel" and .SignalName == "SIGSEGV" and
		(.Reason | startswith("ended by the kernel with SIGSEGV: an invalid memory access"))'
	tug run -d --name lost busybox sleep 1000 >/dev/null
	kill -KILL "$(awk '{print $4}' "/proc/$(look lost '{{.State.Pid}}')/stat")"
	why lost '.Kind == "monitor"'
}

@test "out of memory: itself" {
	since=$(date +%s.%N)
	tug run --name big -m 16m --memory-swap 16m busybox sh -c 'x=y; while :; do x=$x$x; done' || true
	why big '.Kind == "oom" and .Sender == "kernel" and .OOM.Limit == 16777216 and .OOM.Kills >= 1 and
		(.Reason | startswith("ran out of memory: the kernel killed "))'
	[ "$(look big '{{.State.OOMKilled}}')" = true ]
	[ "$(tug events --since "$since" --until "$(date +%s.%N)" --filter event=oom --format '{{.Action}}' | sort -u)" = oom ]
	# The kernel's log names the victim, where it may be read.
	if dmesg >/dev/null 2>&1; then why big '.OOM.VictimPid > 0 and .OOM.VictimName == "sh"'; fi
}

@test "out of memory: a child, and the container goes on" {
	tug run -d --name parent -m 16m --memory-swap 16m busybox \
		sh -c '[ -e /go ] || (sh -c "x=y; while :; do x=\$x\$x; done"; true); while [ ! -e /go ]; do sleep 0.05; done; exit 7' >/dev/null
	told() { [ "$(look parent '{{.State.OOMKilled}} {{.State.Running}}')" = "true true" ]; }
	wait_for told
	tug exec parent touch /go
	why parent '.Kind == "oom" and .ExitCode == 7 and .OOM.Kills >= 1 and (.Reason | endswith("; then the container ended with exit code 7"))'
	# The next life begins without it.
	tug start parent >/dev/null
	wait_for ended parent
	[ "$(look parent '{{.State.OOMKilled}}')" = false ]
	why parent '.Kind == "exit" and (has("OOM") | not)'
}

@test "out of memory while no engine ran: the next one knows, and says it once" {
	since=$(date +%s.%N)
	tug run -d --name unseen -m 16m --memory-swap 16m busybox \
		sh -c 'while [ ! -e /go ]; do sleep 0.05; done; sh -c "x=y; while :; do x=\$x\$x; done"; sleep 1000; true' >/dev/null
	pid=$(look unseen '{{.State.Pid}}')
	engine_stop KILL
	touch "/proc/$pid/root/go"
	slept() { grep -qs 1000 /proc/$(pgrep -P "$pid" | head -n 1)/cmdline; }
	wait_for slept
	engine_start
	told() { [ "$(look unseen '{{.State.OOMKilled}} {{.State.Running}}')" = "true true" ]; }
	wait_for told
	engine_stop KILL
	engine_start
	wait_for told
	[ "$(tug events --since "$since" --until "$(date +%s.%N)" --filter event=oom --filter container=unseen --format '{{.Action}}' | wc -l)" = 1 ]
}

@test "a start that failed, at which step" {
	tug run --name nosuch busybox /nosuch 2>/dev/null || true
	why nosuch '.Kind == "start" and .Step == "program" and .ExitCode == 127 and (.Reason | startswith("could not be started (program): "))'
	tug run -d --name first -p 18090:80 busybox sleep 1000 >/dev/null
	tug run --name second -p 18090:80 busybox true 2>/dev/null || true
	why second '.Kind == "start" and .Step == "network"'
}

@test "its health check" {
	tug run -d --name sick --health-cmd 'echo no good; false' --health-interval 50ms --health-retries 1 \
		--health-on-failure stop --stop-timeout 0 busybox sleep 1000 >/dev/null
	why sick '.Kind == "health" and .Sender == "engine" and (.Reason | contains("the last check said: no good"))'
}

@test "what happened while no engine ran" {
	tug run -d --name away busybox sleep 1000 >/dev/null
	pid=$(look away '{{.State.Pid}}')
	engine_stop KILL
	kill -INT "$pid" # the first process of a namespace does not hear it
	kill -KILL "$pid"
	wait_for process_gone "$pid"
	engine_start
	why away '.Kind == "signal" and .Sender == "process" and .Signal == 9'
	tug run -d --name rebooted busybox sleep 1000 >/dev/null
	monitor=$(awk '{print $4}' "/proc/$(look rebooted '{{.State.Pid}}')/stat")
	engine_stop KILL
	kill -KILL "$monitor"
	wait_for process_gone "$monitor"
	find "$T/run" -mindepth 1 -delete
	# As if the machine had been started since.
	python3 - "$T/data/tug.db" <<-'END'
	import sqlite3, sys, re
	d = sqlite3.connect(sys.argv[1])
	for id, life in d.execute("SELECT id, life FROM container").fetchall():
	    d.execute("UPDATE container SET life = ? WHERE id = ?", (re.sub('"Boot":"[^"]*"', '"Boot":"another"', life), id))
	d.commit(); d.close()
	END
	engine_start
	why rebooted '.Kind == "reboot" and .Reason == "the machine was restarted or lost its power while it ran"'
}
