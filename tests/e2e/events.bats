# Events: all of them, in order, numbered, and none is lost on anybody who was away or slow.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

# past [ARGUMENT...]: what has happened in this test, on one line; ours: to containers.
now() { date +%s.%N; }
past() { tug events --since "$SINCE" --until "$(now)" --format '{{.Action}}' "$@" | paste -sd' '; }
ours() { past --filter type=container "$@"; }
setup() { SINCE=$(now); }
cursor() { tug events --cursor 0 --until "$(now)" --format '{{.Seq}}' | tail -n 1; }

@test "the life of a container, in Docker's order and words" {
	tug run --rm --name life --label k=v busybox true
	[ "$(past)" = "create attach connect start die disconnect destroy" ]
	tug events --since "$SINCE" --until "$(now)" --filter event=die --format json >"$BATS_TEST_TMPDIR/die"
	jq -e '.Type == "container" and .Actor.Attributes == {exitCode: "0", execDuration: "0", image: "busybox", k: "v",
		name: "life"} and .scope == "local" and
		(.timeNano / 1e9 | floor) == .time and (has("seq") | not)' "$BATS_TEST_TMPDIR/die"
	api "/v1.41/events?since=$SINCE&until=$(now)&filters=%7B%22event%22%3A%5B%22die%22%5D%7D" >"$BATS_TEST_TMPDIR/old"
	jq -e '.status == "die" and .from == "busybox" and .id == .Actor.ID' "$BATS_TEST_TMPDIR/old"
	line=$(tug events --since "$SINCE" --until "$(now)" --filter event=create)
	[[ $line =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}(Z|[+-][0-9:]{5})\ container\ create\ [0-9a-f]{64}\ \(image=busybox,\ k=v,\ name=life\)$ ]]
}

@test "stop, kill, restart, rename, update, exec, top, resize" {
	tug run -d --name busy busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	tug rename busy other
	tug update --restart no other >/dev/null
	tug exec other true
	tug top other >/dev/null
	tug restart other >/dev/null
	tug kill -s USR1 other >/dev/null
	tug stop other >/dev/null
	[ "$(past --filter event=rename --format '{{.Actor.Attributes.oldName}}')" = "/busy" ]
	[ "$(past --filter event=kill --format '{{.Actor.Attributes.signal}}')" = "15 10 15" ] ||
		[ "$(past --filter event=kill --format '{{.Actor.Attributes.signal}}')" = "15 10" ]
	[[ $(ours) == "create start rename update exec_create: true  exec_start: true  exec_die top kill die stop start restart kill"* ]]
	[ "$(past --filter event=exec_die --format '{{.Actor.Attributes.exitCode}}')" = 0 ]
	[ "$(past --filter event=exec_create)" = "exec_create: true " ]
}

@test "filters" {
	tug run --rm --name one --label a=1 busybox true
	tug run --rm --name two --label a=2 hello >/dev/null
	[ "$(past --filter container=one --filter event=start)" = start ]
	[ "$(past --filter label=a=2 --filter event=create --format '{{.Actor.Attributes.name}}')" = two ]
	[ "$(past --filter image=busybox --filter event=create --format '{{.Actor.Attributes.name}}')" = one ]
	[ "$(past --filter type=network)" = "connect disconnect connect disconnect" ]
	[ -z "$(past --filter type=volume)" ]
	[ "$(past --filter event=create --filter event=destroy)" = "create destroy create destroy" ]
	run -1 tug events --filter nope=x
	[[ $output == *"invalid filter 'nope'"* ]]
	run -64 tug events --format '{{'
	[[ $output == "Error parsing format: "* ]]
}

@test "as they happen" {
	nsenter --net="$NET" "$TUG_BIN/tug" events --filter type=container --format '{{.Action}}' >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	listener=$!
	again() { tug run --rm busybox true; grep -q destroy "$BATS_TEST_TMPDIR/out"; }
	wait_for again
	kill "$listener"
	[[ $(paste -sd' ' "$BATS_TEST_TMPDIR/out") == *"start die destroy"* ]]
}

@test "who was away goes on where it was, across a killed engine" {
	tug run -d --name lives -i busybox sh -c 'while [ ! -e /go ]; do sleep 0.05; done; exit 4' >/dev/null
	seen=$(cursor)
	[ "$seen" -gt 0 ]
	pid=$(tug inspect -f '{{.State.Pid}}' lives)
	engine_stop KILL
	touch "/proc/$pid/root/go"
	wait_for process_gone "$pid"
	engine_start
	tug rm lives >/dev/null
	tug events --cursor "$seen" --until "$(now)" --format '{{.Seq}} {{.Action}} {{.Actor.Attributes.exitCode}}' \
		>"$BATS_TEST_TMPDIR/out" || true
	[ "$(tug events --cursor "$seen" --until "$(now)" --format '{{.Seq}} {{.Action}}' | paste -sd' ')" = \
		"$((seen + 1)) die $((seen + 2)) destroy" ]
	[ "$(tug events --cursor "$seen" --until "$(now)" --filter event=die --format '{{.Actor.Attributes.exitCode}}')" = 4 ]
	run -1 tug events --cursor 99999999999
	[[ $output == *"is ahead of the newest event"* ]]
}

@test "a slow reader gets everything" {
	tug create --name renamed busybox true >/dev/null
	# Connects, and reads only after far more has happened than sockets hold.
	python3 - "$SOCKET" "$BATS_TEST_TMPDIR" <<-'END' 3>&- &
	import socket, sys, time, os, json
	s = socket.socket(socket.AF_UNIX); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096); s.connect(sys.argv[1])
	s.sendall(b"GET /events?cursor=0&filters=%7B%22event%22%3A%5B%22rename%22%5D%7D HTTP/1.0\r\n\r\n")
	first = s.recv(64)
	open(sys.argv[2] + "/connected", "w").close()
	while not os.path.exists(sys.argv[2] + "/done"): time.sleep(0.02)
	data = first; s.settimeout(20)
	while data.count(b'"rename"') < 2000: data += s.recv(1 << 20)
	lines = [json.loads(l) for l in data.split(b"\r\n\r\n", 1)[1].split(b"\n") if l.startswith(b"{") and l.endswith(b"}")]
	names = [l["Actor"]["Attributes"]["name"] for l in lines][-2000:]
	sys.exit(0 if names == ["r%d" % i for i in range(2000)] else 1)
	END
	reader=$!
	wait_for test -e "$BATS_TEST_TMPDIR/connected"
	python3 - "$SOCKET" <<-'END'
	import http.client, socket, sys
	c = http.client.HTTPConnection("tug"); c.sock = socket.socket(socket.AF_UNIX); c.sock.connect(sys.argv[1])
	old = "renamed"
	for i in range(2000):
	    c.request("POST", "/containers/%s/rename?name=r%d" % (old, i)); c.getresponse().read(); old = "r%d" % i
	END
	touch "$BATS_TEST_TMPDIR/done"
	wait "$reader"
}

@test "image events" {
	tug tag busybox other:v1
	tug rmi other:v1 >/dev/null
	[ "$(past --filter type=image)" = "tag untag" ]
}
