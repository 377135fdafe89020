# Without an engine on the default socket, tug starts one. The host's places (/run, /etc, /var) are private here.
load lib

setup_file() {
	engine_begin '{"auto-start": true}'
}
teardown_file() {
	[ "$(id -u)" != 0 ] || engine_end
}

# private COMMAND...: in a mount namespace where /run, /etc/tug, /var/lib and /var/log are this test's own
private() {
	mkdir -p "$BATS_TEST_TMPDIR"/{run,lib,log,etc,work}
	in_net env -u TUG_HOST -u DOCKER_HOST TUG_BIN="$TUG_BIN" CONFIG="$T/daemon.json" unshare --mount --propagation private bash -ec '
		top=$1
		shift
		mount -t overlay -o "lowerdir=/etc,upperdir=$top/etc,workdir=$top/work" overlay /etc
		mount --bind "$top/run" /run
		mount --bind "$top/lib" /var/lib
		mount --bind "$top/log" /var/log
		mkdir -p /etc/tug
		jq "del(.hosts, .[\"data-root\"], .[\"exec-root\"])" "$CONFIG" >/etc/tug/daemon.json
		end() { # the engine that was started, if any
			! pid=$(sed -n "s/.*started one (tugd, process \([0-9]*\),.*/\1/p" /run/said) || [ -z "$pid" ] || {
				kill "$pid"
				while [ -e "/proc/$pid" ] && ! grep -q "^State:.Z" "/proc/$pid/status"; do sleep 0.02; done
				"$TUG_BIN/tugd" --purge >/dev/null
			}
		}
		touch /run/said
		trap end EXIT
		PATH=$TUG_BIN:$PATH
		. "$0"' "$BATS_TEST_TMPDIR/steps" "$BATS_TEST_TMPDIR"
}
steps() { cat >"$BATS_TEST_TMPDIR/steps"; }

@test "an engine is started, once, and it says so" {
	steps <<-'SH'
		tug run --rm hello >/run/out 2>/run/said
		grep -q "Hello from tug!" /run/out
		[ "$(grep -c "no engine was running: started one" /run/said)" = 1 ]
		tug run --rm hello >/run/out 2>/run/again
		[ ! -s /run/again ]
		[ "$(stat -c %a /run/tug/tug.sock)" = 660 ]
		[ "$(stat -c %a /var/lib/tug)" = 700 ]
	SH
	run -0 private
}

@test "several at once start one" {
	steps <<-'SH'
		for i in 1 2 3 4; do
			tug run --rm hello >/run/out.$i 2>/run/said.$i &
		done
		wait
		cat /run/said.* >/run/said
		for i in 1 2 3 4; do grep -q "Hello from tug!" /run/out.$i || { cat /run/said.$i /var/log/tugd.log; exit 1; }; done
	SH
	run -0 private
}

@test "with auto-start off it says how to start one" {
	steps <<-'SH'
		jq '. + {"auto-start": false}' /etc/tug/daemon.json >/run/new
		cp /run/new /etc/tug/daemon.json
		! tug ps 2>/run/said
		grep -q "none is running. Start one: tugd" /run/said
		[ ! -e /run/tug/tug.sock ]
	SH
	run -0 private
	steps <<-'SH'
		! TUG_AUTO_START=off tug ps 2>/run/said
		grep -q "Start one" /run/said
	SH
	run -0 private
}

@test "a host that was named is not started" {
	steps <<-'SH'
		! tug -H unix:///run/other.sock ps 2>/run/said
		! grep -q "started one" /run/said
		[ ! -e /run/tug ]
	SH
	run -0 private
}
