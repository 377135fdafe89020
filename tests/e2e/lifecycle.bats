# The life of containers: restart policies, update, pause, the end of what does not want to end.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

look() { tug inspect -f "$2" "$1"; } # look NAME TEMPLATE
shows() { [ "$(look "$1" "$2")" = "$3" ]; } # shows NAME TEMPLATE TEXT
counts() { [ "$(look "$1" '{{.RestartCount}}')" -ge "$2" ]; }
monitor_of() { awk '{print $4}' "/proc/$(look "$1" '{{.State.Pid}}')/stat"; }

# What a reboot does: no process and no RUN is left.
reboot() {
	local monitors=() name
	for name in "$@"; do monitors+=("$(monitor_of "$name")"); done
	engine_stop KILL
	[ "${#monitors[@]}" = 0 ] || kill -KILL "${monitors[@]}"
	local monitor
	for monitor in "${monitors[@]}"; do wait_for process_gone "$monitor"; done
	find "$T/run" -mindepth 1 -delete
	engine_start
}

@test "restart: on-failure counts, and a success ends it" {
	tug run -d --name fails --restart on-failure:2 busybox sh -c 'exit 3' >/dev/null
	wait_for shows fails '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' 'exited 2 3'
	[ "$(look fails '{{json .HostConfig.RestartPolicy}}')" = '{"Name":"on-failure","MaximumRetryCount":2}' ]
	tug run -d --name works --restart on-failure busybox true >/dev/null
	wait_for shows works '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' 'exited 0 0'
	# The user's start counts from the beginning.
	tug start fails >/dev/null
	wait_for shows fails '{{.State.Status}} {{.RestartCount}}' 'exited 2'
}

@test "restart: always restarts; stop, kill and rm end it, also while it waits" {
	tug run -d --name loops --restart always busybox sh -c 'echo again' >/dev/null
	wait_for counts loops 3
	wait_for shows loops '{{.State.Status}} {{.State.Running}} {{.State.Restarting}} {{.State.Pid}}' 'restarting true true 0'
	[[ $(tug ps --format '{{.Status}}' --filter status=restarting) == "Restarting (0) "* ]]
	run -1 tug rm loops
	[[ $output == *"container is restarting: stop the container before removing or force remove"* ]]
	run -1 tug exec loops true
	[[ $output == *"is restarting, wait until the container is running"* ]]
	tug stop loops >/dev/null
	[ "$(look loops '{{.State.Status}} {{.State.Restarting}}')" = "exited false" ]
	[ "$(tug logs loops | sort -u)" = again ]
	tug start loops >/dev/null
	wait_for shows loops '{{.State.Status}}' restarting
	tug kill loops >/dev/null
	[ "$(look loops '{{.State.Status}}')" = exited ]
	tug start loops >/dev/null
	wait_for shows loops '{{.State.Status}}' restarting
	tug restart loops >/dev/null
	tug rm -f loops >/dev/null
	run -1 tug inspect loops
}

@test "restart: what the user stopped or killed stays down; another end does not" {
	tug run -d --name stays --restart unless-stopped busybox sleep 1000 >/dev/null
	tug stop -t 0 stays >/dev/null
	[ "$(look stays '{{.State.Status}} {{.RestartCount}}')" = "exited 0" ]
	tug start stays >/dev/null
	tug kill stays >/dev/null
	[ "$(tug wait stays)" = 137 ]
	[ "$(look stays '{{.State.Status}} {{.RestartCount}}')" = "exited 0" ]
	tug start stays >/dev/null
	kill -KILL "$(look stays '{{.State.Pid}}')"
	wait_for shows stays '{{.State.Status}} {{.RestartCount}}' 'running 1'
	kill -KILL "$(monitor_of stays)"
	wait_for shows stays '{{.State.Status}} {{.RestartCount}}' 'running 2'
}

@test "restart: the delay doubles and the engine's start forgets none" {
	tug run -d --name loops --restart always busybox sh -c 'date +%s%N >>/times' >/dev/null
	wait_for counts loops 4
	engine_stop KILL
	engine_start
	count=$(look loops '{{.RestartCount}}')
	wait_for counts loops $((count + 1))
}

@test "restart: a reboot brings back what should run" {
	tug run -d --name ra --restart always busybox sleep 1000 >/dev/null
	tug run -d --name ru --restart unless-stopped busybox sleep 1000 >/dev/null
	tug run -d --name rf --restart on-failure busybox sleep 1000 >/dev/null
	tug run -d --name rn busybox sleep 1000 >/dev/null
	tug run -d --name as --restart always busybox sleep 1000 >/dev/null
	tug run -d --name us --restart unless-stopped busybox sleep 1000 >/dev/null
	tug create --name never --restart always busybox sleep 1000 >/dev/null
	tug stop -t 0 as us >/dev/null
	reboot ra ru rf rn
	for name in ra ru rf as; do wait_for shows "$name" '{{.State.Status}}' running; done
	[ "$(look rn '{{.State.Status}} {{.State.ExitCode}}')" = "exited 137" ]
	[ "$(look us '{{.State.Status}}')" = exited ]
	[ "$(look never '{{.State.Status}}')" = created ]
	# A second start of the engine changes nothing.
	before=$(tug ps -a --format '{{.Names}} {{.State}}')
	engine_stop
	engine_start
	[ "$(tug ps -a --format '{{.Names}} {{.State}}')" = "$before" ]
}

@test "restart: many at once, all of them" {
	for i in $(seq 12); do tug run -d --name "m$i" --restart always busybox sleep 1000 >/dev/null; done
	reboot $(seq -f 'm%g' 12)
	all_run() { [ "$(tug ps -q --filter status=running | wc -l)" = 12 ]; }
	wait_for all_run
}

@test "restart: policies that do not exist, and --rm" {
	run -125 tug run --restart sometimes busybox true
	[[ $output == *"invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"* ]]
	run -125 tug run --restart always:3 busybox true
	[[ $output == *"maximum retry count can only be used with 'on-failure'"* ]]
	run -125 tug run --rm --restart always busybox true
	[[ $output == *"conflicting options: cannot specify both --restart and --rm"* ]]
	[ -z "$(tug ps -aq)" ]
}

@test "update: another restart policy, at once and for ever" {
	tug run -d --name one busybox sleep 1000 >/dev/null
	[ "$(tug update --restart on-failure:4 one)" = one ]
	[ "$(look one '{{json .HostConfig.RestartPolicy}}')" = '{"Name":"on-failure","MaximumRetryCount":4}' ]
	kill -KILL "$(look one '{{.State.Pid}}')"
	wait_for shows one '{{.State.Status}} {{.RestartCount}}' 'running 1'
	engine_stop KILL
	engine_start
	[ "$(look one '{{.HostConfig.RestartPolicy.Name}}')" = on-failure ]
	tug update --restart no one >/dev/null
	kill -KILL "$(look one '{{.State.Pid}}')"
	wait_for shows one '{{.State.Status}}' exited
	run -1 tug update one
	[[ $output == *"you must provide one or more flags when using this command"* ]]
	run -1 tug update --restart always nosuch
	[[ $output == *"No such container: nosuch"* ]]
	# A container that waits for its restart does not get it.
	tug run -d --name loops --restart always busybox true >/dev/null
	wait_for counts loops 2
	tug update --restart no loops >/dev/null
	wait_for shows loops '{{.State.Status}}' exited
}

@test "stop and rm -f of a container that is being started" {
	for i in 1 2 3 4 5; do
		tug create --name early busybox sleep 1000 >/dev/null
		tug start early >/dev/null 3>&- &
		tug rm -f early >/dev/null
		wait $! || true
		gone() { ! tug inspect early >/dev/null 2>&1; }
		wait_for gone
	done
}

ticks() { tug exec "$1" wc -l /ticks 2>/dev/null | cut -d' ' -f1; }

@test "pause and unpause: nothing of it runs meanwhile; stop and rm end it all the same" {
	since=$(date +%s.%N)
	tug run -d --name still busybox sh -c 'trap "exit 5" TERM; while :; do echo x >>/ticks; sleep 0.02; done' >/dev/null
	[ "$(tug pause still)" = still ]
	[ "$(look still '{{.State.Status}} {{.State.Running}} {{.State.Paused}}')" = "paused true true" ]
	[[ $(tug ps --format '{{.Status}}') == "Up "*" (Paused)" ]]
	pid=$(look still '{{.State.Pid}}')
	count=$(wc -l <"/proc/$pid/root/ticks")
	sleep 0.2
	[ "$(wc -l <"/proc/$pid/root/ticks")" = "$count" ]
	run -1 tug pause still
	[[ $output == *"is already paused"* ]]
	run -1 tug exec still true
	[[ $output == *"is paused, unpause the container before exec"* ]]
	run -1 tug start still
	[[ $output == *"cannot start a paused container, try unpause instead"* ]]
	# Another engine finds it as it was.
	engine_stop KILL
	engine_start
	[ "$(look still '{{.State.Status}}')" = paused ]
	[ "$(tug unpause still)" = still ]
	more() { [ "$(wc -l <"/proc/$pid/root/ticks")" -gt "$count" ]; }
	wait_for more
	run -1 tug unpause still
	[[ $output == *"is not paused"* ]]
	tug pause still >/dev/null
	tug stop still >/dev/null
	[ "$(look still '{{.State.Status}} {{.State.ExitCode}}')" = "exited 5" ]
	tug start still >/dev/null
	tug pause still >/dev/null
	tug rm -f still >/dev/null
	run -1 tug pause still
	[[ $output == *"No such container: still"* ]]
	[ "$(tug events --since "$since" --until "$(date +%s.%N)" --filter event=pause --filter event=unpause --format '{{.Action}}' |
		paste -sd' ')" = "pause unpause pause unpause pause" ]
}

@test "port" {
	tug run -d --name ports -p 127.0.0.1:18081:80 -p 18053:53/udp busybox sleep 1000 >/dev/null
	[ "$(tug port ports 80)" = "127.0.0.1:18081" ]
	[[ $(tug port ports 53/udp) == *":18053"* ]]
	[ "$(tug port ports | head -n 1)" = "53/udp -> 0.0.0.0:18053" ]
	run -1 tug port ports 81
	[ "$output" = "Error: No public port '81/tcp' published for ports" ]
}

@test "what cannot be ended is named in time, and holds up nothing else" {
	tug run -d --name held busybox sleep 1000 >/dev/null
	# Frozen from above, where it is not ours to thaw: as dead as on a disk that does not answer.
	group=$(ls -d /sys/fs/cgroup/freezer/"$NAME" /sys/fs/cgroup/"$NAME" 2>/dev/null | head -n 1)
	if [ -e "$group/freezer.state" ]; then on=FROZEN off=THAWED file=$group/freezer.state; else on=1 off=0 file=$group/cgroup.freeze; fi
	echo $on >"$file"
	tug rm -f held >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	remover=$!
	for i in 1 2 3; do
		timeout 1 nsenter --net="$NET" "$TUG_BIN/tug" ps >/dev/null
		timeout 1 nsenter --net="$NET" "$TUG_BIN/tug" inspect held >/dev/null
		timeout 1 nsenter --net="$NET" "$TUG_BIN/tug" logs held >/dev/null
	done
	status=0
	wait "$remover" || status=$?
	echo $off >"$file"
	[ "$status" = 1 ]
	[[ $(cat "$BATS_TEST_TMPDIR/out") == *"cannot remove container \"held\": could not kill: tried to kill container, but did not receive an exit event: process "*"(sleep) is stuck in "*"frozen from outside"* ]]
	# What was asked for is done as soon as it can be.
	gone() { ! tug inspect held >/dev/null 2>&1; }
	wait_for gone
}

# limit NAME V1-FILE V2-FILE: as the kernel has it.
limit() {
	local id file
	id=$(look "$1" '{{.Id}}')
	for file in /sys/fs/cgroup/*/"$NAME/$id/$2" "/sys/fs/cgroup/$NAME/$id/$3"; do
		if [ -e "$file" ]; then cat "$file"; return; fi
	done
}

@test "update: every limit of a container that runs, and of the next run" {
	tug run -d --name limited -m 64m --pids-limit 100 busybox sleep 1000 >/dev/null
	tug update -m 128m --memory-swap 256m --memory-reservation 32m --cpu-shares 512 --cpu-period 50000 --cpu-quota 25000 \
		--pids-limit 50 --cpuset-cpus 0 limited >/dev/null
	[ "$(limit limited memory.limit_in_bytes memory.max)" = 134217728 ]
	[ "$(limit limited pids.max pids.max)" = 50 ]
	[ "$(limit limited cpuset.cpus cpuset.cpus)" = 0 ]
	[ "$(limit limited cpu.cfs_quota_us cpu.max | cut -d' ' -f1)" = 25000 ]
	tug inspect limited | jq -e '.[0].HostConfig | .Memory == 134217728 and .MemorySwap == 268435456 and .CpuShares == 512 and
		.PidsLimit == 50 and .CpuQuota == 25000 and .CpusetCpus == "0" and .MemoryReservation == 33554432'
	tug update --pids-limit -1 limited >/dev/null
	[ "$(limit limited pids.max pids.max)" = max ]
	run -1 tug update -m 1g limited
	[[ $output == *"Cannot update container $(look limited '{{.Id}}'): Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"* ]]
	run -1 tug update --cpus 1 limited
	[[ $output == *"as CPU Period/Quota has already been set"* ]]
	engine_stop KILL
	engine_start
	tug restart -t 0 limited >/dev/null
	[ "$(limit limited memory.limit_in_bytes memory.max)" = 134217728 ]
	[ "$(limit limited cpu.cfs_quota_us cpu.max | cut -d' ' -f1)" = 25000 ]
	tug stop -t 0 limited >/dev/null
	tug update -m 200m limited >/dev/null
	tug start limited >/dev/null
	[ "$(limit limited memory.limit_in_bytes memory.max)" = 209715200 ]
}

@test "exec: sessions are bounded, and none is left when it has ended" {
	tug run -d --name many busybox sleep 1000 >/dev/null
	python3 - "$SOCKET" <<-'END'
	import http.client, json, socket, sys
	c = http.client.HTTPConnection("tug"); c.sock = socket.socket(socket.AF_UNIX); c.sock.connect(sys.argv[1])
	def post(path, body):
	    c.request("POST", path, json.dumps(body), {"Content-Type": "application/json"}); r = c.getresponse()
	    return r.status, r.read()
	def new(cmd):
	    status, body = post("/containers/many/exec", {"Cmd": cmd})
	    return json.loads(body)["Id"] if status == 201 else (status, body)
	first = new(["true"])
	assert post("/exec/%s/start" % first, {"Detach": True})[0] == 200
	running = []
	for i in range(256):
	    id = new(["sleep", "1000"])
	    assert post("/exec/%s/start" % id, {"Detach": True})[0] == 200, i
	    running.append(id)
	status, body = new(["true"])
	assert status == 409 and b"no more at once" in body, (status, body)
	END
	[ "$(tug inspect many | jq '.[0].ExecIDs | length')" = 256 ]
	for i in 1 2 3 4; do tug exec many true 2>/dev/null && false; done
	pkill_inside() { for pid in $(pgrep -P "$(awk '{print $4}' "/proc/$(look many '{{.State.Pid}}')/stat")"); do
		[ "$pid" = "$(look many '{{.State.Pid}}')" ] || kill -KILL "$pid"; done; }
	pkill_inside
	none() { [ "$(tug inspect many | jq '.[0].ExecIDs | length')" = 0 ]; }
	wait_for none
	# The monitor has nothing of them either: no process, and no descriptor beyond its own few.
	monitor=$(monitor_of many)
	few() { [ "$(ls "/proc/$monitor/fd" | wc -l)" -lt 24 ]; }
	wait_for few
	for i in $(seq 300); do echo; done | python3 -c '
import http.client, json, socket, sys
c = http.client.HTTPConnection("tug"); c.sock = socket.socket(socket.AF_UNIX); c.sock.connect(sys.argv[1])
for line in sys.stdin:
    c.request("POST", "/containers/many/exec", json.dumps({"Cmd": ["true"]}), {"Content-Type": "application/json"})
    r = c.getresponse(); assert r.status == 201, r.read(); r.read()
' "$SOCKET"
}

@test "exec: user, directory, environment, privilege, terminal size" {
	tug run -d --name box -e A=own busybox sleep 1000 >/dev/null
	[ "$(tug exec -u 7:8 -w /www -e A=b -e C=d box sh -c 'id -u; id -g; pwd; echo $A $C')" = $'7\n8\n/www\nb d' ]
	[ "$(tug exec --privileged box sh -c 'grep CapBnd /proc/self/status')" != "$(tug exec box sh -c 'grep CapBnd /proc/self/status')" ]
	id=$(api /containers/box/exec -X POST -H 'Content-Type: application/json' \
		-d '{"Cmd":["sh","-c","stty size"],"Tty":true,"AttachStdout":true,"ConsoleSize":[33,77]}' | jq -r .Id)
	[ "$(api "/exec/$id/start" -X POST -H 'Content-Type: application/json' -d '{"Tty":true,"ConsoleSize":[33,77]}' | tr -d '\r')" = "33 77" ]
	api "/exec/$id/json" | jq -e '.ExitCode == 0 and .Running == false and .ProcessConfig.tty and .ProcessConfig.entrypoint == "sh"'
}

@test "--init: signals are handed on, orphans reaped, the status is the program's" {
	run -7 tug run --rm --init busybox sh -c 'exit 7'
	run -127 tug run --rm --init busybox nosuch
	run -143 tug run --rm --init busybox sh -c 'kill -TERM $$'
	[ "$(echo in | tug run --rm -i --init busybox cat)" = in ]
	# Two forks down, whose parent has gone: a zombie without somebody who reaps.
	tug run -d --name reaped --init busybox sh -c 'for i in 1 2 3 4 5; do sh -c "sleep 0.1 & exit"; done; exec sleep 1000' >/dev/null
	[ "$(tug exec reaped cat /proc/1/comm)" = docker-init ]
	settled() { ! tug exec reaped ps -o stat,comm | grep -q '^Z' && [ "$(tug exec reaped ps | grep -c 'sleep 0.1$')" = 0 ]; }
	wait_for settled
	[ "$(look reaped '{{.Path}} {{.HostConfig.Init}}')" = "sh true" ]
	# sleep as the first process would not hear it.
	tug stop -t 10 reaped >/dev/null
	[ "$(look reaped '{{.State.ExitCode}}')" = 143 ]
	run -1 tug run --rm --init busybox sh -c 'echo x >>/sbin/docker-init'
	[[ $output == *"Read-only file system"* || $output == *"Text file busy"* || $output == *"can't create"* ]]
}
