# Logs: drivers and their options, details, rotation under a follower, and receivers that are slow or gone.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

look() { tug inspect -f "$2" "$1"; }

@test "details: labels, environment, tag" {
	tug run -d --name told --label a=1 --label b='x y' --label other=z -e FROM=env -e NOT=this \
		--log-opt labels=a,b --log-opt env-regex='^FR' --log-opt tag='{{.Name}}/{{.ID}}' busybox echo line >/dev/null
	tug wait told >/dev/null
	id=$(look told '{{.Id}}')
	[ "$(tug logs --details told)" = "FROM=env,a=1,b=x+y,tag=told%2F${id:0:12} line" ]
	[[ $(tug logs --details -t told) =~ ^20[^\ ]+Z\ FROM=env,a=1,b=x\+y,tag=[^\ ]+\ line$ ]]
	[ "$(tug logs told)" = line ]
	jq -e '.log == "line\n" and .stream == "stdout" and .attrs.a == "1" and .attrs.b == "x y"' "$(look told '{{.LogPath}}')"
	tug run -d --name plain busybox echo line >/dev/null
	tug wait plain >/dev/null
	[ "$(tug logs --details plain)" = " line" ]
}

@test "what a driver does not know is an error" {
	run -125 tug run --log-driver nosuch busybox true
	[[ $output == *"logger: no log driver named 'nosuch' is registered"* ]]
	run -125 tug run --log-opt nosuch=1 busybox true
	[[ $output == *"unknown log opt 'nosuch' for json-file log driver"* ]]
	run -125 tug run --log-driver local --log-opt labels=a busybox true
	[[ $output == *"unknown log opt 'labels' for local log driver"* ]]
	run -125 tug run --log-opt mode=sometimes busybox true
	[[ $output == *"logger: logging mode not supported: sometimes"* ]]
	run -125 tug run --log-driver syslog --log-opt syslog-address=ftp://x busybox true
	[[ $output == *"syslog-address should be in form proto://address"* ]]
	[ -z "$(tug ps -aq)" ]
}

@test "local and none" {
	tug run -d --name own --log-driver local --log-opt max-size=1m busybox sh -c 'echo out; echo err >&2' >/dev/null
	tug wait own >/dev/null
	[ "$(tug logs own 2>/dev/null)" = out ]
	[ "$(tug logs own 2>&1 >/dev/null)" = err ]
	[ -z "$(look own '{{.LogPath}}')" ]
	tug run -d --name quiet --log-driver none busybox echo x >/dev/null
	tug wait quiet >/dev/null
	run -1 tug logs quiet
	[[ $output == *"configured logging driver does not support reading"* ]]
}

@test "a follower over many rotations: no line missing, none twice" {
	tug run -d --name fast --log-opt max-size=50k --log-opt max-file=1000 busybox \
		sh -c 'i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done' >/dev/null
	timeout 60 nsenter --net="$NET" "$TUG_BIN/tug" logs -f fast >"$BATS_TEST_TMPDIR/followed"
	seq -f 'line %g' 0 19999 | cmp - "$BATS_TEST_TMPDIR/followed"
	tug logs fast | cmp - "$BATS_TEST_TMPDIR/followed"
	[ "$(tug logs --tail 3 fast | paste -sd,)" = "line 19997,line 19998,line 19999" ]
	middle=$(tug logs -t fast | sed -n 10000p)
	[ "$(tug logs --since "${middle%% *}" fast | head -n 1)" = "$(tug logs -t fast | awk -v t="${middle%% *}" '$1 >= t' | head -n 1 | cut -d' ' -f2-)" ]
	[ "$(tug logs --until "${middle%% *}" fast | tail -n 1)" = "$(tug logs -t fast | awk -v t="${middle%% *}" '$1 <= t' | tail -n 1 | cut -d' ' -f2-)" ]
}

@test "logs -f goes on over a restart by policy" {
	tug run -d --name again --restart on-failure:2 busybox sh -c 'echo turn; exit 1' >/dev/null
	[ "$(timeout 20 nsenter --net="$NET" "$TUG_BIN/tug" logs -f again | paste -sd,)" = "turn,turn,turn" ]
}

@test "syslog gets a message per line, and logs can be read all the same" {
	python3 - "$BATS_TEST_TMPDIR/sock" "$BATS_TEST_TMPDIR/got" <<-'END' 3>&- &
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); s.settimeout(20)
	with open(sys.argv[2], "wb") as f:
	    for i in range(2): f.write(s.recv(65536)); f.flush()
	END
	wait_for test -S "$BATS_TEST_TMPDIR/sock"
	tug run -d --name sent --log-driver syslog --log-opt "syslog-address=unixgram://$BATS_TEST_TMPDIR/sock" \
		--log-opt tag=mine --log-opt syslog-facility=local3 busybox sh -c 'echo out; sleep 0.2; echo err >&2' >/dev/null
	wait $!
	grep -Eq '^<158>.* mine\[[0-9]+\]: out$' "$BATS_TEST_TMPDIR/got"
	grep -Eq '^<155>.* mine\[[0-9]+\]: err$' "$BATS_TEST_TMPDIR/got"
	tug wait sent >/dev/null
	[ "$(tug logs sent 2>&1 | sort | paste -sd,)" = "err,out" ]
	run -125 tug run --log-driver syslog --log-opt syslog-address=unixgram:///nosuch/sock busybox true
	[[ $output == *"log: nobody listens at /nosuch/sock"* ]]
}

@test "a receiver that reads nothing holds up no container, and what it misses is counted" {
	python3 - "$BATS_TEST_TMPDIR/slow" "$BATS_TEST_TMPDIR/end" <<-'END' 3>&- &
	import os, socket, sys, time
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1])
	while not os.path.exists(sys.argv[2]): time.sleep(0.05)
	END
	wait_for test -S "$BATS_TEST_TMPDIR/slow"
	tug run --name ahead --log-driver syslog --log-opt "syslog-address=unixgram://$BATS_TEST_TMPDIR/slow" \
		--log-opt mode=non-blocking --log-opt max-buffer-size=64k busybox seq 10000 >"$BATS_TEST_TMPDIR/out"
	touch "$BATS_TEST_TMPDIR/end"
	wait $!
	seq 10000 | cmp - "$BATS_TEST_TMPDIR/out"
	[ "$(look ahead '{{.State.LogDropped}}')" -gt 1000 ]
	[ "$(tug logs ahead | wc -l)" = 10000 ]
}
