# The engine is killed at system calls of create, start, stop, rm, volume create and rm, network create, rm and
# disconnect, and system calls fail
# under it (ENOSPC, EIO, EMFILE). After each: what was acknowledged is there, a name is a listed object or free, nothing
# is left over. F-03, F-04, F-16, F-28.
#
# Each sweep prints how many points it swept. TUG_SWEEP=all takes every system call; without it a few per operation,
# others every time.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	engine_rest
}
teardown_file() { engine_end; }
teardown() {
	engine_answers || engine_start
	tug volume rm -f swept >/dev/null
	tug rm -f swept >/dev/null 2>&1 || true
	tug network rm swept >/dev/null 2>&1 || true
	engine_clean
}

can_trace() { strace -o /dev/null true 2>/dev/null; }
sanitized() { grep -q __asan_init "$TUG_BIN/tugd"; }

# Attaches to the engine: trace_begin OPTIONS...
trace_begin() {
	strace -qq -p "$(engine_pid)" -o "$BATS_TEST_TMPDIR/trace" "$@" 2>/dev/null 3>&- &
	tracer=$!
	wait_for engine_is_traced
}
trace_end() {
	kill "$tracer" 2>/dev/null || true
	wait "$tracer" 2>/dev/null || true
}

# What an operation needs to be there, and how it is asked for.
prepare() {
	case $1 in
	create | volume_create | network_create) ;;
	network_rm) tug network create swept >/dev/null ;;
	connect | disconnect)
		tug network create swept >/dev/null
		tug run -d --name swept busybox sleep 100 >/dev/null
		[ "$1" = connect ] || tug network connect swept swept
		;;
	volume_rm) tug volume create swept >/dev/null ;;
	start | rm) tug create --name swept -v swept:/v -v /anon busybox sleep 100 >/dev/null ;;
	stop) tug run -d --name swept -v swept:/v -v /anon busybox sleep 100 >/dev/null ;;
	esac
}
operate() {
	case $1 in
	create) ask create --name swept -v swept:/v -v /anon busybox sleep 100 ;;
	start) ask start swept ;;
	stop) ask stop -t 0 swept ;;
	rm) ask rm -f -v swept ;;
	volume_create) ask volume create swept ;;
	volume_rm) ask volume rm swept ;;
	network_create) ask network create --subnet 10.66.0.0/24 swept ;;
	network_rm) ask network rm swept ;;
	connect) ask network connect --alias other swept swept ;;
	disconnect) ask network disconnect swept swept ;;
	esac >/dev/null 2>&1
}
# A client that finds no engine must not start one of its own.
ask() { TUG_AUTO_START=0 nsenter --net="$NET" timeout 20 "$TUG_BIN/tug" "$@"; }

state() { tug inspect -f '{{.State.Status}}' swept 2>/dev/null; }
listed() { tug ps -a --format '{{.Names}}' | grep -qx swept; }
network_listed() { tug network ls --format '{{.Name}}' | grep -qx swept; }
connected() { tug inspect -f '{{json .NetworkSettings.Networks}}' swept | jq -e 'has("swept")' >/dev/null; }
# Devices are those of the record; a container that runs has what it is said to have, and a resolver if there are names.
networks_agree() {
	local devices names
	devices=$(in_net ip -o link show type bridge | grep -o ' br-[0-9a-f]*' | tr -d ' ' | sort)
	[ "$devices" = "$(tug network ls -q --filter type=custom | sed 's/^/br-/' | sort)" ] || { echo "bridges differ: $devices"; return 1; }
	[ "$(state)" = running ] || return 0
	names=$(tug exec swept cat /etc/resolv.conf | grep -c '127.0.0.11')
	devices=$(tug exec swept ls /sys/class/net | grep -c '^eth')
	if connected; then
		[ "$devices $names" = "2 1" ] || { echo "connected, but $devices devices, $names resolvers"; return 1; }
		tug exec swept nslookup swept >/dev/null || { echo "connected, but without names"; return 1; }
	else
		[ "$devices $names" = "1 0" ] || { echo "not connected, but $devices devices, $names resolvers"; return 1; }
	fi
}
volume_listed() { tug volume ls -q | grep -qx swept; }

# holds OPERATION STATUS: what is true after it, whether it was acknowledged (0) or not.
holds() {
	local status=$2
	if [ "$status" = 0 ]; then
		case $1 in
		create) [ "$(state)" = created ] ;;
		start) [ "$(state)" = running ] ;;
		stop) [ "$(state)" = exited ] ;;
		rm) ! listed ;;
		volume_create) volume_listed ;;
		volume_rm) ! volume_listed ;;
		network_create) network_listed ;;
		network_rm) ! network_listed ;;
		connect) connected ;;
		disconnect) ! connected ;;
		esac || { echo "acknowledged, but lost"; return 1; }
	fi
	# Never between two states, and directories are those of the record; looking makes up for what could not be done.
	tug volume ls -q >/dev/null
	case $(state) in "" | created | running | exited) ;; *) echo "the container is $(state)"; return 1 ;; esac
	[ "$(ls "$T/data/volumes" | sort)" = "$(tug volume ls -q | sort)" ] || { echo "volumes differ"; return 1; }
	networks_agree || return 1
	local id
	for id in $(ls "$T/data/containers"); do
		tug inspect "$id" >/dev/null || { echo "containers differ"; return 1; }
	done
	# The name is free, or a container that can be used.
	if listed; then
		[ "$(state)" = running ] || tug start swept >/dev/null || { echo "cannot be started"; return 1; }
		tug rm -f -v swept >/dev/null || { echo "cannot be removed"; return 1; }
	else
		tug create --name swept busybox true >/dev/null || { echo "the name is neither"; return 1; }
		tug rm swept >/dev/null
	fi
	! network_listed || tug network rm swept >/dev/null || { echo "the network cannot be removed"; return 1; }
	networks_agree || return 1
	tug volume rm -f swept >/dev/null || { echo "the volume cannot be removed"; return 1; }
	[ -z "$(tug volume ls -q)" ] || { echo "volumes are left: $(tug volume ls -q)"; return 1; }
	[ -z "$(ls "$T/data/volumes")" ] || { echo "directories of volumes are left"; return 1; }
}

# points OPERATION CALLS: what the engine calls meanwhile, each as NAME:N, the N-th call of that name. All of them, or a
# few, others every time.
points() {
	prepare "$1"
	trace_begin -e "trace=$2"
	operate "$1" || true
	sleep 0.1
	trace_end
	holds "$1" 0 >&2 || return 1
	sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "$BATS_TEST_TMPDIR/trace" | awk '{print $1 ":" ++n[$1]}' |
		if [ "${TUG_SWEEP:-}" = all ]; then cat; else shuf -n "${TUG_SWEEP:-8}"; fi
}

OPERATIONS='volume_create volume_rm create start stop rm network_create network_rm disconnect'

@test "kill -9 at system calls" {
	can_trace || skip "strace may not trace here"
	! sanitized || skip "the sanitizer cannot be traced"
	local operation point status swept=0 answer
	for operation in $OPERATIONS; do
		for point in $(points "$operation" all); do
			prepare "$operation"
			trace_begin -e "trace=${point%:*}" -e "inject=${point%:*}:signal=SIGKILL:when=${point#*:}"
			status=0
			operate "$operation" || status=$?
			trace_end
			engine_stop KILL
			engine_start
			answer=$(holds "$operation" "$status") || {
				echo "$operation, killed at $point ($(tail -n 2 "$BATS_TEST_TMPDIR/trace" | head -c 300)): $answer"
				false
			}
			swept=$((swept + 1))
			[ $((swept % 8)) != 0 ] || wait_for engine_is_idle || { diff "$T/idle" "$T/now"; echo "$operation, $point"; false; }
		done
	done
	echo "# swept $swept points of kill -9" >&3
	# A second start changes nothing.
	wait_for engine_is_idle
	engine_stop
	engine_start
	wait_for engine_is_idle
}

WRITES=write,pwrite64,openat,openat2,mkdirat,renameat,renameat2,fsync,fdatasync,ftruncate,fallocate,linkat,symlinkat,mknodat
OPENS=openat,openat2,socket,socketpair,accept4,pipe2,dup3,memfd_create,epoll_create1,eventfd2,timerfd_create,pidfd_open
READS=pread64,read,pwrite64,fsync,fdatasync,write,fstat,newfstatat,getdents64

# fail ERROR CALLS: one call after the other fails, once; the engine lives on.
fail() {
	local operation point status answer
	# disconnect is not among them: a container's files that cannot be written then are told in the log.
	for operation in ${OPERATIONS% disconnect}; do
		for point in $(points "$operation" "$2"); do
			prepare "$operation"
			trace_begin -e "trace=${point%:*}" -e "inject=${point%:*}:error=$1:when=${point#*:}"
			status=0
			operate "$operation" || status=$?
			trace_end
			engine_answers || { echo "$operation, $1 at $point: the engine is gone: $(tail -n 3 "$T/engine.log")"; return 1; }
			answer=$(holds "$operation" "$status") || {
				echo "$operation, $1 at $point ($(grep INJECTED "$BATS_TEST_TMPDIR/trace" | head -c 300)): $answer"
				return 1
			}
			swept=$((swept + 1))
		done
	done
}

@test "no space, no descriptor, a broken disk" {
	can_trace || skip "strace may not trace here"
	! sanitized || skip "the sanitizer cannot be traced"
	local swept=0
	fail ENOSPC "$WRITES"
	fail EMFILE "$OPENS"
	fail EIO "$READS"
	echo "# swept $swept points of ENOSPC, EMFILE and EIO" >&3
}

@test "a second engine on the same data names the first: F-36" {
	run in_net /usr/bin/timeout 10 "$TUG_BIN/tugd" --config-file "$T/daemon.json"
	[ "$status" != 0 ]
	[[ $output == *"$(engine_pid)"* ]]
	engine_answers
}
