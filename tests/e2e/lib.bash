# What every end-to-end file shares: an engine of its own, in a network namespace, directories, cgroups and an nftables
# table of its own, so that files can run beside each other; and a check that nothing is left: after each test of its
# containers, after the file of the engine.
#
#   setup_file() { engine_begin; engine_start; engine_rest; }     teardown() { engine_clean; }
#   teardown_file() { engine_end; }
#
# TUG_BIN is the folder of the programs. T is the file's temporary folder: T/data, T/run, T/daemon.json, T/engine.log.

export TUG_BIN=${TUG_BIN:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/release/bin}
source "$(dirname "${BASH_SOURCE[0]}")/wait.bash"
bats_require_minimum_version 1.5.0 2>/dev/null || true

# A namespace, folders and a configuration; extra keys as a JSON object.
engine_begin() {
	[ "$(id -u)" = 0 ] || { echo "end-to-end tests need root" >&2; return 1; }
	T=$(mktemp -d /tmp/tug-e2e.XXXXXX)
	NAME=e2e$(basename "$T" | tr -dc a-zA-Z0-9 | tail -c 6)
	export T NAME NET=/run/netns/$NAME SOCKET=$T/run/tug.sock
	export TUG_HOST=unix://$SOCKET DOCKER_HOST=unix://$SOCKET
	ip netns add "$NAME"
	in_net ip link set lo up
	mkdir "$T/data" "$T/run"
	engine_configure "${1:-{\}}"
	engine_traces >"$T/before"
}

# Writes daemon.json: the keys that keep engines apart, and those that are given.
engine_configure() {
	jq -n --arg t "$T" --arg name "$NAME" --argjson more "$1" '{
		"data-root": ($t + "/data"), "exec-root": ($t + "/run"), "hosts": ["unix://" + $t + "/run/tug.sock"],
		"bridge": $name, "nft-table": $name, "cgroup-parent": ("/" + $name)
	} + $more' >"$T/daemon.json"
}

# In the background call nsenter itself: $! is a shell's otherwise, which leaves its child behind.
in_net() { nsenter --net="$NET" "$@"; }
tug() { in_net "$TUG_BIN/tug" "$@"; }
tugd() { in_net "$TUG_BIN/tugd" --config-file "$T/daemon.json" "$@"; }
api() { curl -sS --max-time 20 --unix-socket "$SOCKET" "${@:2}" "http://tug$1"; } # api PATH [curl's options]
engine_pid() { cat "$T/engine.pid"; }
engine_answers() { [ "$(api /_ping 2>/dev/null)" = OK ]; }

# By strace or a stepper; or killed already: the call that it waited in was the first.
engine_is_traced() { process_gone "$(engine_pid)" || grep -q '^TracerPid:.*[1-9]' "/proc/$(engine_pid)/status"; }

process_gone() { [ ! -e "/proc/$1" ] || [ "$(awk '{print $3}' "/proc/$1/stat" 2>/dev/null || echo Z)" = Z ]; }

engine_start() {
	nsenter --net="$NET" "$TUG_BIN/tugd" --config-file "$T/daemon.json" "$@" >>"$T/engine.log" 2>&1 3>&- </dev/null &
	echo $! >"$T/engine.pid"
	wait_for engine_answers || { cat "$T/engine.log" >&2; return 1; }
}

# engine_stop [SIGNAL]: ends the engine and waits for it.
engine_stop() {
	local pid
	pid=$(engine_pid)
	kill "-${1:-TERM}" "$pid" 2>/dev/null || true
	wait_for process_gone "$pid"
}

# Lines that name what an engine could leave on the host.
engine_traces() {
	# Other mounts come and go with whatever else runs on this machine.
	awk -v folder="$T/" 'index($5, folder) == 1 {print "mount", $5}' /proc/self/mountinfo | sort
	in_net ip -o link show | awk -F': ' '{print "link", $2}' | sort
	in_net nft list tables | sed 's/^/nft /' | sort
	in_net sysctl -n net.ipv4.ip_forward | sed 's/^/forward /'
	find /sys/fs/cgroup -type d -name "$NAME*" 2>/dev/null | sed 's/^/cgroup /' | sort
	local place
	# Whoever is in the file's network namespace but the engine, and whoever holds its folders.
	for place in $(ip netns pids "$NAME"); do
		[ "$place" = "$(cat "$T/engine.pid" 2>/dev/null)" ] ||
			echo "process $(tr '\0' ' ' <"/proc/$place/cmdline" 2>/dev/null)"
	done | grep -v '^process $' | sort
	find /proc/[0-9]*/{fd,cwd} -maxdepth 1 -printf '%p %l\n' 2>/dev/null | grep -F -e " $T/data" -e " $T/run" |
		cut -d/ -f3 | sort -u | while read -r place; do
			echo "process $(tr '\0' ' ' <"/proc/$place/cmdline" 2>/dev/null)"
		done | sort -u
}

# Lines that name what containers could leave with an engine that runs: the above, files, the engine's descriptors.
idle_traces() {
	engine_traces | grep -v '^link veth' # the pool's: pool_is_full
	find "$T"/data/{containers,staging,trash} "$T/run/containers" -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/file /' | sort
	find "/proc/$(engine_pid)/fd" -mindepth 1 -printf 'descriptor %l\n' 2>/dev/null | sed -E 's/[0-9]+\]?$//' | sort
}
# What an idle engine needs, once its first container has come and gone; engine_clean compares with it.
engine_rest() {
	tug run --rm hello >/dev/null
	engine_pid >"$T/idle.pid"
	wait_for engine_rests
}
engine_rests() { # the pool is full again, what the kernel takes away later is gone
	idle_traces >"$T/idle"
	sleep 0.3
	engine_is_idle
}
pool_is_full() { [ "$(in_net ip -o link show | grep -c ': veth')" = 2 ]; } # network-pool's default
engine_is_idle() {
	idle_traces >"$T/now"
	# Another engine process may hold less by now.
	if [ "$(cat "$T/idle.pid")" = "$(engine_pid)" ]; then
		cmp -s "$T/idle" "$T/now" && pool_is_full
	else
		! comm -13 <(grep -v '^descriptor' "$T/idle" | sort) \
			<(grep -v '^descriptor' "$T/now" | sort) | grep -q .
	fi
}
# After each test: takes all containers away, and fails where anything of them is still there.
engine_clean() {
	engine_answers || engine_start
	local id
	for id in $(api '/containers/json?all=1' | jq -r '.[].Id'); do api "/containers/$id?force=1" -X DELETE >/dev/null; done
	wait_for engine_is_idle 2>/dev/null && return 0
	echo "left behind by this test:" >&2
	diff "$T/idle" "$T/now" >&2
	cp "$T/now" "$T/idle" # the next test is not to blame
	engine_pid >"$T/idle.pid"
	return 1
}

engine_settled() { engine_traces >"$T/after" && cmp -s "$T/before" "$T/after"; }

# Ends all containers and the engine, removes what is left, and says what should not have been.
engine_end() {
	local status=0 ids
	if engine_answers; then
		ids=$(api '/containers/json?all=1' | jq -r '.[].Id')
		for id in $ids; do api "/containers/$id?force=1" -X DELETE >/dev/null; done
	fi
	[ ! -e "$T/engine.pid" ] || engine_stop
	tugd --purge >>"$T/engine.log" 2>&1 || { echo "purge failed" >&2; status=1; }
	# Namespaces and cgroups go a moment after the last process.
	if ! wait_for engine_settled 2>/dev/null; then
		echo "left behind:" >&2
		diff "$T/before" "$T/after" >&2
		status=1
	fi
	[ "$status" = 0 ] || cat "$T/engine.log" >&2
	ip netns del "$NAME"
	rm -rf "$T"
	return $status
}

# An image `busybox` with a shell, httpd and nc, made from the host's static busybox; calls engine_rest.
image_busybox() {
	local root=$T/busybox
	mkdir -p "$root"/{bin,tmp,www,etc}
	cp "$(command -v busybox)" "$root/bin/busybox"
	"$root/bin/busybox" --install "$root/bin"
	echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
	echo 'a page' >"$root/www/index.html"
	tar -C "$root" -cf "$T/busybox.tar" .
	tug import --change 'CMD ["sh"]' "$T/busybox.tar" busybox >/dev/null
	rm -r "$root" "$T/busybox.tar"
	engine_rest
}
