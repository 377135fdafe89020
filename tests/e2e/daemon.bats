# The engine's process: configuration, lock, sockets, signals.
load lib

setup_file() {
	engine_begin
	engine_start
	engine_rest
}
teardown() { engine_clean; }
teardown_file() { engine_end; }

# A configuration file of its own for one test.
other_config() {
	jq --arg d "$BATS_TEST_TMPDIR" '. + {"data-root": ($d + "/data"), "exec-root": ($d + "/run"),
		"hosts": ["unix://" + $d + "/tug.sock"]} + '"${1:-{\}}" "$T/daemon.json" >"$BATS_TEST_TMPDIR/daemon.json"
}
other() { in_net timeout 20 "$TUG_BIN/tugd" --config-file "$BATS_TEST_TMPDIR/daemon.json" "$@"; }

@test "version and help" {
	run -0 "$TUG_BIN/tugd" --version
	[[ $output == "tugd version "* ]]
	run -0 "$TUG_BIN/tugd" --help
	[[ $output == *--data-root* && $output == *--nft-table* ]]
}

@test "a bad configuration is named with its place" {
	other_config '{"log-level": "loud"}'
	run -2 other --validate
	[[ $output == *"$BATS_TEST_TMPDIR/daemon.json: log-level: "*loud* ]]
	other_config '{"log-levle": "info"}'
	run -2 other --validate
	[[ $output == *log-levle* ]]
	other_config '{"mtu": 1}'
	run -2 other --validate
	[[ $output == *mtu*68* ]]
	other_config '{"mtu": true}'
	run -2 other --validate
	[[ $output == *mtu* ]]
	other_config '{"mtu": "big"}'
	run -2 other --validate
	[[ $output == *mtu* ]]
	other_config '{"ipv6": true}'
	run -2 other --validate
	[[ $output == *ipv6* ]]
	echo '{' >"$BATS_TEST_TMPDIR/daemon.json"
	run -2 other --validate
	[[ $output == *"$BATS_TEST_TMPDIR/daemon.json"* ]]
	other_config '{"log-level": "${LEVEL:-debug}"}'
	run -0 other --validate
	LEVEL=loud run -2 other --validate
	run -2 other --log-level
}

@test "the socket is 0660, what is below data-root is private" {
	[ "$(stat -c %a "$SOCKET")" = 660 ]
	[ "$(stat -c %a "$T/data")" = 700 ]
}

@test "a second engine is kept away and told who is there" {
	run -1 tugd
	[[ $output == *"$T/data"*"$(engine_pid)"* ]]
	run -1 tugd --purge
	[[ $output == *"$(engine_pid)"* ]]
	engine_answers
}

@test "a socket that another engine serves is not taken" {
	other_config
	jq --arg s "unix://$SOCKET" '.hosts = [$s]' "$BATS_TEST_TMPDIR/daemon.json" >"$BATS_TEST_TMPDIR/x"
	mv "$BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/daemon.json"
	run -1 other
	[[ $output == *"$SOCKET"* ]]
	engine_answers
}

@test "SIGHUP reloads; a bad file changes nothing" {
	engine_configure '{"log-level": "debug"}'
	kill -HUP "$(engine_pid)"
	wait_for grep -q 'configuration reloaded' "$T/engine.log"
	grep -q 'configuration changed.*log-level' "$T/engine.log"
	engine_configure '{"log-level": "loud"}'
	kill -HUP "$(engine_pid)"
	wait_for grep -q 'configuration not reloaded' "$T/engine.log"
	grep -q 'loud' "$T/engine.log"
	engine_configure '{}'
	engine_answers
}

@test "SIGTERM ends it cleanly, the socket goes with it" {
	engine_stop TERM
	[ ! -e "$SOCKET" ]
	engine_start
}

@test "kill -9: the next one takes over lock and socket" {
	engine_stop KILL
	[ -e "$SOCKET" ]
	engine_start
	engine_answers
}

@test "TCP when asked for twice; web pages may not use it (A-07)" {
	other_config '{"hosts": ["tcp://127.0.0.1:2385"]}'
	run -1 other
	[[ $output == *"tcp://127.0.0.1:2385: whoever reaches this address is root"*'"tls": false'* ]]
	other_config '{"hosts": ["tcp://127.0.0.1:2385"], "tls": false}'
	nsenter --net="$NET" "$TUG_BIN/tugd" --config-file "$BATS_TEST_TMPDIR/daemon.json" 3>&- >"$BATS_TEST_TMPDIR/log" 2>&1 &
	pid=$!
	answers() { [ "$(in_net curl -s http://127.0.0.1:2385/_ping)" = OK ]; }
	wait_for answers
	asks() { in_net curl -s -o /dev/null -w '%{http_code}' "$@" http://127.0.0.1:2385/info; }
	[ "$(asks -H 'Host: localhost:2385')" = 200 ]
	[ "$(asks -H 'Origin: http://evil.example')" = 403 ]
	[ "$(asks -H 'Sec-Fetch-Site: cross-site')" = 403 ]
	[ "$(asks -H 'Host: evil.example')" = 403 ]
	[ "$(asks -X POST -H 'Content-Type: text/plain' -d x)" = 403 ]
	DOCKER_HOST=tcp://127.0.0.1:2385 TUG_HOST= in_net "$TUG_BIN/tug" version >/dev/null
	kill "$pid"
	wait_for process_gone "$pid"
}

@test "idle it needs less than 8 MiB" {
	[[ $TUG_BIN != */dev/* ]] || skip "AddressSanitizer needs more"
	pss=$(awk '/^Pss:/ {print $2}' "/proc/$(engine_pid)/smaps_rollup")
	echo "$pss KiB"
	[ "$pss" -lt 8192 ]
}

@test "purge can be repeated" {
	engine_stop
	run -0 tugd --purge
	run -0 tugd --purge
	engine_start
	engine_rest # with a bridge and veths of its own
}
