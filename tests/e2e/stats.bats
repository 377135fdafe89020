# What containers use: Docker's document, once and as a stream, and the table.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

@test "the document: memory, processor, processes, network, limits" {
	tug run -d --name used -m 64m --pids-limit 50 -p 18092:80 busybox \
		sh -c 'httpd -h /www; dd if=/dev/zero of=/dev/shm/x bs=1M count=8 2>/dev/null; while :; do :; done' >/dev/null
	in_net curl -s http://127.0.0.1:18092/ >/dev/null || in_net curl -s --retry 20 --retry-connrefused --retry-delay 0 http://127.0.0.1:18092/ >/dev/null
	api '/containers/used/stats?stream=0' >"$BATS_TEST_TMPDIR/stats"
	jq -e '.name == "/used" and (.id | length) == 64 and .memory_stats.limit == 67108864 and .memory_stats.usage > 8000000 and
		.pids_stats.current >= 2 and .pids_stats.limit == 50 and .cpu_stats.online_cpus > 0 and
		.cpu_stats.cpu_usage.total_usage > .precpu_stats.cpu_usage.total_usage and
		.cpu_stats.system_cpu_usage > .precpu_stats.system_cpu_usage and
		.precpu_stats.cpu_usage.total_usage > 0 and .read > .preread and
		.networks.eth0.rx_bytes > 0 and .networks.eth0.tx_packets > 0 and
		(.memory_stats.stats | length) > 10 and .storage_stats == {} and .num_procs == 0' "$BATS_TEST_TMPDIR/stats"
	api '/containers/used/stats?stream=0&one-shot=1' | jq -e '.preread == "0001-01-01T00:00:00Z" and
		.precpu_stats.cpu_usage.total_usage == 0 and .cpu_stats.cpu_usage.total_usage > 0'
	[ "$(api '/containers/used/stats?stream=1&one-shot=1' -o /dev/null -w '%{http_code}')" = 400 ]
	[ "$(api '/containers/nosuch/stats' -o /dev/null -w '%{http_code}')" = 404 ]
}

@test "the stream goes on, and ends with the container" {
	tug run -d --name streams busybox sleep 1000 >/dev/null
	curl -sSN --max-time 20 --unix-socket "$SOCKET" http://tug/containers/streams/stats >"$BATS_TEST_TMPDIR/out" 3>&- &
	reader=$!
	three() { [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -ge 3 ]; }
	wait_for three
	head -n 1 "$BATS_TEST_TMPDIR/out" | jq -e '.precpu_stats.cpu_usage.total_usage == 0'
	sed -n 2p "$BATS_TEST_TMPDIR/out" | jq -e '.precpu_stats.cpu_usage.total_usage > 0'
	tug rm -f streams >/dev/null
	wait "$reader"
}

@test "one that does not run has its name and zeros" {
	tug create --name rests busybox true >/dev/null
	api '/containers/rests/stats?stream=0' | jq -e '.name == "/rests" and .read == "0001-01-01T00:00:00Z" and
		.cpu_stats.cpu_usage.total_usage == 0 and (has("networks") | not)'
}

@test "the table and formats" {
	tug run -d --name busy -m 64m busybox sh -c 'while :; do :; done' >/dev/null
	tug run -d --name idle --network none busybox sleep 1000 >/dev/null
	tug stats --no-stream >"$BATS_TEST_TMPDIR/table"
	[[ $(head -n 1 "$BATS_TEST_TMPDIR/table") == "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O   PIDS" ]] ||
		[[ $(head -n 1 "$BATS_TEST_TMPDIR/table") =~ ^"CONTAINER ID   NAME"\ +"CPU %"\ +"MEM USAGE / LIMIT"\ +"MEM %"\ +"NET I/O"\ +"BLOCK I/O"\ +PIDS$ ]]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/table")" = 3 ]
	[[ $(grep busy "$BATS_TEST_TMPDIR/table") == *"/ 64MiB"* ]]
	percent=$(tug stats --no-stream --format '{{.CPUPerc}}' busy)
	awk -v p="${percent%\%}" 'BEGIN {exit !(p > 5)}'
	tug stats --no-stream --format json idle | jq -e '.Name == "idle" and .PIDs == "1" and .NetIO == "0B / 0B" and .Container == "idle"'
	run -1 tug stats --no-stream nosuch
	[[ $output == *"No such container: nosuch"* ]]
	tug stop -t 0 busy idle >/dev/null
	[ "$(tug stats --no-stream | wc -l)" = 1 ]
	[ "$(tug stats --no-stream -a --format '{{.Name}}' | sort | paste -sd' ')" = "busy idle" ]
}
