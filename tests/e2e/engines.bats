#!/usr/bin/env bats
# tug-runtime below the real engines of the distribution: containerd, Podman, Docker. Each engine has folders of its own
# and a network namespace; an engine that is not installed is skipped.

load runtime_lib

setup_file() {
	runtime_begin
	RT=$TUG_BIN/tug-runtime
	export RT
	ip netns add "$NAME"
	ip -n "$NAME" link set lo up
}

teardown_file() {
	ip netns del "$NAME"
	runtime_end
}

# Also after a test that failed.
teardown() {
	[ ! -e "$T/daemon" ] || daemon_end "$(cat "$T/daemon")" "$T"
	rm -f "$T/daemon"
}

in_net() { nsenter --net="/run/netns/$NAME" "$@"; }

# Ends a daemon and takes what it has mounted away.
daemon_end() { # daemon_end PID FOLDER
	kill "$1" 2>/dev/null || true
	wait_for daemon_gone "$1"
	awk -v folder="$2/" 'index($5, folder) == 1 {print $5}' /proc/self/mountinfo | sort -r | xargs -r umount -l
}
daemon_gone() { [ ! -e "/proc/$1" ] || [ "$(awk '{print $3}' "/proc/$1/stat" 2>/dev/null || echo Z)" = Z ]; }

containerd_begin() {
	command -v containerd >/dev/null && command -v ctr >/dev/null || skip "containerd is not installed"
	D=$T/containerd
	mkdir -p "$D"
	cat >"$D/config.toml" <<TOML
version = 2
root = "$D/root"
state = "$D/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$D/sock"
[ttrpc]
  address = "$D/ttrpc"
TOML
	nsenter --net="/run/netns/$NAME" containerd --config "$D/config.toml" >"$D/log" 2>&1 3>&- </dev/null &
	echo $! >"$T/daemon"
	wait_for in_net ctr -a "$D/sock" version >/dev/null 2>&1
}
c() { in_net timeout 60 ctr -a "$T/containerd/sock" "$@"; }

@test "containerd: run, exec, pause, metrics, kill, delete" {
	containerd_begin
	run -5 c run --rm --rootfs --runc-binary "$RT" "$T/root" one sh -c 'echo out; exit 5' </dev/null
	[[ $output == *out* ]]
	c run -d --rootfs --runc-binary "$RT" "$T/root" two sleep 1000 </dev/null
	c task ls | grep -E 'two +[0-9]+ +RUNNING'
	run -3 c task exec --exec-id e two sh -c 'echo in; exit 3' </dev/null
	[[ $output == *in* ]]
	c task pause two
	c task ls | grep PAUSED
	c task resume two
	c task metrics two | grep -E 'pids.current +1'
	c task ps two | grep -qE '^[0-9]+'
	c task kill -s KILL two
	wait_for bash -c "nsenter --net=/run/netns/$NAME ctr -a $T/containerd/sock task ls | grep -q STOPPED"
	c task delete two || true
	c container delete two
	run ! c run --rm --rootfs --runc-binary "$RT" "$T/root" three nothing </dev/null
	[[ $output == *'exec: "nothing": executable file not found in $PATH'* ]]
	c container delete three 2>/dev/null || true
}

p() {
	in_net timeout 60 podman --root "$T/podman/root" --runroot "$T/podman/run" --tmpdir "$T/podman/tmp" --cgroup-manager cgroupfs \
		--events-backend file --runtime "$RT" "$@"
}

@test "Podman: run, exec, pause, stats, top, kill, rm" {
	command -v podman >/dev/null || skip "podman is not installed"
	# Without the privilege to raise limits, limits have to be those that we have.
	local own="--network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
	run -4 p run $own --rm --rootfs "$T/root" sh -c 'echo out; exit 4' </dev/null
	[[ $output == *out* ]]
	p run -d --name "$NAME" $own --rootfs "$T/root" sleep 1000 </dev/null
	run -6 p exec "$NAME" sh -c 'echo in; exit 6' </dev/null
	[[ $output == *in* ]]
	[ "$(echo piped | p exec -i "$NAME" cat)" = piped ]
	p pause "$NAME"
	p ps -a | grep -i paused
	p unpause "$NAME"
	p stats --no-stream "$NAME" | grep "$NAME"
	p top "$NAME" | grep 'sleep 1000'
	p kill "$NAME"
	p rm -f "$NAME"
	run -0 p run --rm $own -t --rootfs "$T/root" sh -c 'test -t 1 && echo terminal' </dev/null
	[[ $output == *terminal* ]]
	run -127 p run --rm $own --rootfs "$T/root" nothing </dev/null
	run -126 p run --rm $own --rootfs "$T/root" /etc/passwd </dev/null
	awk -v folder="$T/podman/" 'index($5, folder) == 1 {print $5}' /proc/self/mountinfo | sort -r | xargs -r umount -l
}

docker_begin() {
	command -v dockerd >/dev/null && command -v docker >/dev/null || skip "dockerd is not installed"
	D=$T/docker
	mkdir -p "$D"
	nsenter --net="/run/netns/$NAME" dockerd -H "unix://$D/sock" --data-root "$D/data" --exec-root "$D/run" --pidfile "$D/pid" --bridge none \
		--iptables=false --add-runtime "tug=$RT" >"$D/log" 2>&1 3>&- </dev/null &
	echo $! >"$T/daemon"
	wait_for d version >/dev/null 2>&1
	tar -C "$T/root" -c . | d import - image >/dev/null
}
d() { in_net timeout 60 docker -H "unix://$T/docker/sock" "$@"; }

@test "Docker: run with its seccomp profile and limits, exec, pause, stats, top, update, stop, rm" {
	docker_begin
	local own="--runtime tug --network none"
	run -4 d run --rm $own image sh -c 'grep -c . /proc/self/status >/dev/null; grep "^Seccomp:" /proc/self/status; exit 4' </dev/null
	[[ $output == *Seccomp:*2* ]]
	d run -d --name one -m 64m --cpus 0.5 --pids-limit 50 --restart no $own image sleep 1000 </dev/null
	run -6 d exec one sh -c 'echo in; exit 6'
	[[ $output == *in* ]]
	[ "$(d exec -u 1000:7 one id -u)" = 1000 ]
	d pause one
	d ps | grep Paused
	d unpause one
	d stats --no-stream one | grep '64MiB'
	d top one | grep 'sleep 1000'
	d update -m 128m --memory-swap 256m one
	d stats --no-stream one | grep '128MiB'
	d stop -t 1 one
	[ "$(d inspect -f '{{.State.ExitCode}}' one)" = 137 ]
	d start one
	d rm -f one
	run -0 d run --rm $own -t image sh -c 'test -t 1 && echo terminal'
	[[ $output == *terminal* ]]
	run -127 d run --rm $own image nothing
	run -126 d run --rm $own image /etc/passwd
	run -0 d run --rm --read-only --tmpfs /tmp -v "$T/root/etc:/bound:ro" --cap-drop ALL --security-opt no-new-privileges $own image \
		sh -c 'touch /tmp/x && ! touch /x && ! touch /bound/x && grep CapBnd /proc/self/status'
	[[ $output == *0000000000000000* ]]
}
