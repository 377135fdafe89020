# A pull that ends at any system call, or finds no room: no partial image, the next pull completes, nothing is left.

load lib.bash
load registry_lib.bash

setup_file() {
	registry_kill_begin
	store_state >"$T/empty"
}
teardown() { images_gone; }
teardown_file() { registries_end; engine_end; }

# The job's and its workers' calls that can leave something behind; each is hit once, by number.
calls=openat,renameat,pwrite64,mkdirat,unlinkat,ftruncate,fsetxattr,utimensat,write,sendmsg

state_is() { [ "$(store_state)" = "$(cat "$T/empty")" ]; }
listed() { api /images/json | jq -e 'any(.[]; .RepoTags | index("localhost:5001/small:1"))' >/dev/null; }
whole() { [ "$(find "$T/data/layers" -mindepth 3 -maxdepth 3 -path '*/diff/*' | sed 's|.*/diff/||' | sort | grep -cx '[ab]')" = 2 ]; }

@test "kill -9 of the job at each of its calls: never half an image, and the next pull is whole (F-01)" {
	for number in 1 2 4 7 11 18 40; do
		pull_with_fault "$number"
		if listed; then
			whole
			[ "$number" -gt 4 ] || { echo "call $number did not hurt"; return 1; }
			images_gone
			break
		fi
		state_is || { echo "after call $number:"; diff "$T/empty" <(store_state); return 1; }
		tug pull -q localhost:5001/small:1
		whole
		images_gone
		wait_for state_is
	done
}

# The pull's job is stopped at its N-th call by strace, attached as soon as it is there, and killed with its workers.
pull_with_fault() {
	local number=$1 job client
	fault 5001 '{"match": "GET .*manifests", "pause": 0.4}'
	api '/images/create?fromImage=localhost:5001/small&tag=1' -X POST >/dev/null 2>&1 3>&- &
	client=$!
	wait_for job_there
	job=$(job_pids | head -n 1)
	timeout 20 strace -f -qq -o /dev/null -p "$job" $(job_pids | tail -n +2 | sed 's/^/-p /') -e trace="$calls" \
		-e "inject=$calls:signal=KILL:when=$number" 3>&- &
	wait $client 2>/dev/null || true
	wait $! 2>/dev/null || true
	wait_for job_gone
	wait_for staging_empty
	reset 5001
}
job_pids() { pgrep -P "$(engine_pid)" -f 'tugd job pull' | while read -r pid; do echo "$pid"; pgrep -P "$pid"; done; }
job_there() { [ "$(job_pids | wc -l)" -ge 3 ]; }
job_gone() { [ -z "$(job_pids)" ]; }

@test "kill -9 of the engine in the middle: what was downloaded stays, the image comes whole (F-01)" {
	size=$(size_of 5001 big 1)
	for stop in 100000 3000000 6000000; do
		reset 5001
		fault 5001 "{\"match\": \"GET .*$(layer_of 5001 big 1)\", \"stall\": $stop}"
		api '/images/create?fromImage=localhost:5001/big&tag=1' -X POST >/dev/null 2>&1 3>&- &
		wait_for downloaded "$stop"
		engine_stop KILL
		wait $! 2>/dev/null || true
		engine_start
		engine_pid >"$T/idle.pid"
		wait_for staging_empty
		state_is || { diff "$T/empty" <(store_state); return 1; }
		tug pull -q localhost:5001/big:1
		[ "$(sent 5001)" -le $((size + 524288)) ]
		images_gone
		wait_for state_is
		[ -z "$(ls "$T/data/downloads")" ]
	done
}

@test "after image prune -a the store is empty to the byte, unfinished downloads too" {
	fault 5001 "{\"match\": \"GET .*$(layer_of 5001 big 1)\", \"stall\": 3000000}"
	tug pull -q localhost:5001/small:1
	api '/images/create?fromImage=localhost:5001/big&tag=1' -X POST --max-time 1 >/dev/null 2>&1 || true
	wait_for staging_empty
	[ -n "$(ls "$T/data/downloads")" ]
	wait_for process_none
	tug image prune -af
	wait_for staging_empty
	[ -z "$(find "$T"/data/{blobs/sha256,layers,downloads,staging,trash} -mindepth 1)" ]
}
process_none() { [ -z "$(pgrep -P "$(engine_pid)" -f 'tugd job pull')" ]; }

downloaded() { [ "$(stat -c %s "$T"/data/downloads/*[0-9a-f] 2>/dev/null | sort -n | tail -n 1)" = "$1" ]; }

@test "no room: the error says so, the store is as before, and what was there still works (F-07)" {
	engine_stop
	mkdir -p "$T/small"
	mount -t tmpfs -o size=110m tmpfs "$T/small"
	engine_configure '{"data-root": "'"$T/small"'", "registry-timeout": 2}'
	engine_start
	tug pull -q localhost:5001/small:1
	for free in 9 3; do
		head -c "$(($(stat -f -c '%a * %S' "$T/small") - free * 1048576))" /dev/zero >"$T/small/fill"
		run -1 tug pull localhost:5001/big:1
		[[ $output == *"o space left on device"* || $output == *"free space"* || $output == *"must stay free"* ]] || { echo "$output"; false; }
		rm "$T/small/fill"
		wait_for [ -z "$(ls "$T/small/staging")" ]
		[ -z "$(ls "$T/small/downloads")" ]
		[ "$(tug images -q | wc -l)" = 1 ]
	done
	engine_stop
	umount "$T/small"
	engine_configure '{"registry-timeout": 2}'
	engine_start
}
