# The real Docker client against tug's socket: what people do all day.

load lib

setup_file() {
	command -v docker >/dev/null || skip "the docker client is not installed"
	command -v busybox >/dev/null || skip "busybox is not installed"
	engine_begin
	engine_start
	export DOCKER_CONFIG=$T/docker
	mkdir -p "$T/root/bin" "$T/root/etc" "$DOCKER_CONFIG"
	cp "$(command -v busybox)" "$T/root/bin/"
	local name
	for name in sh ls cat echo sleep id ps env hostname tty true false head yes mount touch httpd pwd wc seq kill; do
		ln -s busybox "$T/root/bin/$name"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nweb:x:33:44::/srv:/bin/sh\n' >"$T/root/etc/passwd"
	printf 'root:x:0:\nweb:x:44:\n' >"$T/root/etc/group"
	tar -C "$T/root" -cf "$T/root.tar" .
	docker import "$T/root.tar" box
	engine_rest
}
teardown_file() { [ -z "${T:-}" ] || engine_end; }
teardown() { engine_clean; }

is() { [ "$1" = "$2" ] || { printf "is '%s', not '%s'\n" "$1" "$2" >&2; return 1; }; }
has() { [[ $1 == *"$2"* ]] || { printf "'%s' is without '%s'\n" "$1" "$2" >&2; return 1; }; }

# pty COMMAND... with lines on standard input, each typed when it is quiet; prints what the terminal shows
pty() {
	python3 -c '
import os, pty, select, sys, time
lines = sys.stdin.buffer.read().splitlines(keepends=True)
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
out, end = b"", time.time() + 30
while time.time() < end:
    if select.select([fd], [], [], 0.4)[0]:
        try: data = os.read(fd, 4096)
        except OSError: break
        if not data: break
        out += data
    elif lines: os.write(fd, lines.pop(0))
sys.stdout.buffer.write(out)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "$@"
}

@test "version and info" {
	run docker version --format '{{.Server.Version}} {{.Server.Os}}'
	has "$output" linux
	run docker info --format '{{.Driver}} {{.OSType}} {{.Images}}'
	has "$output" 'overlay2 linux'
	run docker info
	is "$status" 0
	has "$output" 'Storage Driver: overlay2'
}

@test "run: output, streams, exit status" {
	is "$(docker run --rm hello | head -2 | tail -1)" 'Hello from tug!'
	is "$(docker run --rm box echo out)" out
	is "$(docker run --rm box sh -c 'echo out; echo err >&2' 2>/dev/null)" out
	is "$(docker run --rm box sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" err
	run docker run --rm box sh -c 'exit 7'
	is "$status" 7
	is "$(docker ps -aq)" ''
}

@test "run: what cannot be run, and what is not there" {
	run -127 docker run --rm box nosuch
	has "$output" 'executable file not found in $PATH'
	run docker run --rm box /etc
	is "$status" 126
	has "$output" 'permission denied'
	run docker run --rm --user nosuch box true
	[ "$status" -ne 0 ]
	has "$output" 'unable to find user nosuch'
	run docker run --rm --mount type=bind,source=/nosuch,target=/x box true
	is "$status" 125
	has "$output" 'bind source path does not exist: /nosuch'
	run docker run --rm nosuch/image true
	is "$status" 125
	has "$output" "Unable to find image 'nosuch/image:latest' locally"
	is "$(docker ps -aq)" ''
}

@test "run: standard input flows in and ends" {
	is "$(echo data | docker run --rm -i box cat)" data
	is "$(head -c 3000000 /dev/zero | docker run --rm -i box wc -c)" 3000000
	is "$(docker run --rm box sh -c 'yes | head -c 3000000' | wc -c)" 3000000
	is "$(docker run --rm box cat </dev/null)" ''
}

@test "run: a terminal" {
	run pty docker run --rm -it box sh <<<$'tty; echo $((6*7))\nexit 5'
	is "$status" 5
	has "$output" /dev/pts/0
	has "$output" 42
	run docker run --rm -it box true </dev/null
	has "$output" 'the input device is not a TTY'
}

@test "run: names, environment, user, directory, host name" {
	is "$(docker run --rm --name web -h web1 box hostname)" web1
	is "$(docker run --rm -e A=1 -e B=2 box sh -c 'echo $A$B$HOME')" 12/root
	is "$(docker run --rm -u web box id)" 'uid=33(web) gid=44(web) groups=44(web)'
	is "$(docker run --rm -u 1000:1001 box id)" 'uid=1000 gid=1001 groups=1001'
	is "$(docker run --rm -w /made/here box pwd)" /made/here
	is "$(docker run --rm --entrypoint echo box a b)" 'a b'
}

@test "run: limits, mounts, read-only" {
	is "$(docker run --rm -m 64m --cpus 0.5 --pids-limit 50 box echo ok)" ok
	echo content >"$T/file"
	is "$(docker run --rm -v "$T/file:/f:ro" box cat /f)" content
	run docker run --rm -v "$T:/t:ro" box touch /t/x
	has "$output" 'Read-only file system'
	run docker run --rm --read-only box touch /x
	has "$output" 'Read-only file system'
	is "$(docker run --rm --tmpfs /t:size=1m box sh -c 'touch /t/x && echo made')" made
	run docker run --rm -m 1m box true
	is "$status" 125
	has "$output" 'Minimum memory limit allowed is 6MB'
}

@test "detached: ps, inspect, top, exec, logs, stop, rm" {
	local id
	id=$(docker run -d --name web box sh -c 'echo started; sleep 1000')
	is "${#id}" 64
	is "$(docker ps --format '{{.Names}} {{.Image}} {{.State}}')" 'web box running'
	is "$(docker inspect web -f '{{.State.Running}} {{.Config.Image}} {{.HostConfig.NetworkMode}}')" 'true box bridge'
	has "$(docker top web)" 'sleep 1000'
	is "$(docker exec web echo inside)" inside
	is "$(echo data | docker exec -i web cat)" data
	run docker exec web sh -c 'exit 4'
	is "$status" 4
	run -127 docker exec web nosuch
	wait_for has_log web started
	run docker rm web
	has "$output" 'container is running: stop the container before removing or force remove'
	is "$(docker stop -t 1 web)" web
	is "$(docker inspect web -f '{{.State.Status}}')" exited
	is "$(docker start web)" web
	is "$(docker restart -t 0 web)" web
	is "$(docker rename web web2; docker ps --format '{{.Names}}')" web2
	is "$(docker kill web2)" web2
	is "$(docker wait web2)" 137
	is "$(docker rm web2)" web2
}
has_log() { docker logs "$1" 2>&1 | grep -q "$2"; }

@test "exec with a terminal" {
	docker run -d --name web box sleep 1000
	run pty docker exec -it web sh <<<$'tty; echo $((6*7))\nexit 3'
	is "$status" 3
	has "$output" 42
}

@test "logs: follow, tail, timestamps, streams" {
	docker run -d --name log box sh -c 'for i in 1 2 3; do echo line $i; echo err $i >&2; sleep 0.1; done'
	is "$(docker logs -f log 2>/dev/null | paste -sd,)" 'line 1,line 2,line 3'
	is "$(docker logs log 2>&1 >/dev/null | paste -sd,)" 'err 1,err 2,err 3'
	is "$(docker logs --tail 1 log 2>&1 | wc -l)" 1
	[[ $(docker logs -t --tail 1 log 2>&1) =~ ^20[0-9-]+T[0-9:.]+Z\  ]]
	is "$(docker logs --since 1h log 2>/dev/null | wc -l)" 3
	is "$(docker logs --until 1h log 2>/dev/null | wc -l)" 0
}

@test "published ports, and the same one twice" {
	docker run -d --name web -p 18080:80 box httpd -f -h /etc
	is "$(docker port web)" '80/tcp -> 0.0.0.0:18080'
	has "$(docker ps --format '{{.Ports}}')" '0.0.0.0:18080->80/tcp'
	has "$(wait_for in_net curl -sf http://127.0.0.1:18080/passwd)" root
	run docker run -d --name second -p 18080:80 box true
	is "$status" 125
	has "$output" 'port is already allocated'
	docker rm -f web
	is "$(docker run -d -p 18080:80 box true | wc -c)" 65
}

@test "detach keys leave the container running" {
	run pty docker run --name kept -it box sh <<<$'echo $((6*7))\n\x10\x11'
	has "$output" 42
	is "$(docker inspect kept -f '{{.State.Running}}')" true
}

@test "filters and formats of ps" {
	docker run -d --name one --label a=1 box sleep 1000
	docker create --name two --label a=2 box true
	is "$(docker ps -q | wc -l)" 1
	is "$(docker ps -aq | wc -l)" 2
	is "$(docker ps -a --filter label=a=2 --format '{{.Names}}')" two
	is "$(docker ps -a --filter status=created --format '{{.Names}}')" two
	is "$(docker ps -a --filter name=^one$ --format '{{.Names}}')" one
	is "$(docker ps -a --filter ancestor=box --format '{{.Names}}' | paste -sd' ')" 'two one'
	is "$(docker ps -n 1 --format '{{.Names}}')" two
}

@test "images: list, inspect, tag, rmi, history, load" {
	is "$(docker images box --format '{{.Repository}}:{{.Tag}}')" box:latest
	docker tag box other:1
	is "$(docker inspect --type image other:1 -f '{{index .RepoTags 0}}')" box:latest
	is "$(docker rmi other:1)" 'Untagged: other:1'
	[ "$(docker history -q box | wc -l)" = 1 ]
	run docker rmi nosuch
	has "$output" 'No such image: nosuch:latest'
	docker create --name user box true
	run docker rmi box
	has "$output" 'conflict: unable to remove repository reference "box" (must force)'
	run docker load <"$T/root.tar"
	has "$output" 'unrecognized image format'
	oci_archive | docker load | grep -q 'Loaded image: loaded:1'
	is "$(docker run --rm loaded:1)" 'from the archive'
	docker rmi loaded:1
}

# An archive of `docker save` with one layer, made by hand.
oci_archive() {
	local dir=$BATS_TEST_TMPDIR/archive diff
	mkdir "$dir"
	cp "$T/root.tar" "$dir/layer.tar"
	diff=$(sha256sum "$dir/layer.tar" | cut -d' ' -f1)
	jq -nc --arg diff "sha256:$diff" '{architecture: "amd64", os: "linux", config: {Cmd: ["echo", "from the archive"]},
		rootfs: {type: "layers", diff_ids: [$diff]}}' >"$dir/config.json"
	jq -nc '[{Config: "config.json", RepoTags: ["loaded:1"], Layers: ["layer.tar"]}]' >"$dir/manifest.json"
	tar -C "$dir" -c manifest.json config.json layer.tar
}

@test "wait, and events" {
	local since
	since=$(date +%s)
	docker run -d --name brief box sh -c 'sleep 0.3; exit 9'
	is "$(docker wait brief)" 9
	run docker events --since "$since" --until "$(($(date +%s) + 1))" --filter container=brief --format '{{.Action}}'
	is "$(paste -sd' ' <<<"$output")" 'create start die'
}

@test "the classic builder's client: steps, cache, errors, names" {
	export DOCKER_BUILDKIT=0
	mkdir -p "$T/build" && echo x >"$T/build/f"
	printf 'FROM box\nARG A=1\nCOPY f /f\nRUN echo $A && cat /f\nCMD ["cat","/f"]\n' >"$T/build/Dockerfile"
	run docker build --build-arg A=2 -t classic:1 "$T/build"
	is "$status" 0
	has "$output" "Step 1/5 : FROM box"
	has "$output" "---> Running in"
	has "$output" "Removed intermediate container"
	has "$output" "Successfully built $(docker image inspect -f '{{.Id}}' classic:1 | cut -c8-19)"
	has "$output" "Successfully tagged classic:1"
	run docker build --build-arg A=2 -t classic:1 "$T/build"
	has "$output" "---> Using cache"
	is "$(docker run --rm classic:1)" x
	run docker build -q "$T/build"
	is "$status" 0
	is "${lines[-1]:0:7}" sha256:
	printf 'FROM box\nRUN exit 3\n' >"$T/build/Dockerfile"
	run docker build "$T/build"
	is "$status" 3
	has "$output" "The command '/bin/sh -c exit 3' returned a non-zero code: 3"
	printf 'FROM box\nCOPPY x\n' >"$T/build/Dockerfile"
	run docker build "$T/build"
	is "$status" 1
	has "$output" "unknown instruction: COPPY"
	docker builder prune -af >/dev/null
}

@test "pause, update, stats, port, restart policy, health, init, details" {
	docker run -d --name many --init --restart on-failure:3 -m 64m -p 127.0.0.1:18099:80 --label k=v --log-opt labels=k \
		--health-cmd 'true' --health-interval 100ms box sh -c 'echo said; exec sleep 1000' >/dev/null
	healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' many)" = healthy ]; }
	wait_for healthy
	has "$(docker ps --format '{{.Status}}')" '(healthy)'
	is "$(docker inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' many)" 'on-failure 3'
	is "$(docker exec many cat /proc/1/comm)" docker-init
	is "$(docker logs --details many)" 'k=v said'
	is "$(docker port many 80)" 127.0.0.1:18099
	is "$(docker pause many)" many
	is "$(docker inspect -f '{{.State.Status}}' many)" paused
	is "$(docker unpause many)" many
	is "$(docker update -m 96m --memory-swap 96m many)" many
	is "$(docker inspect -f '{{.HostConfig.Memory}}' many)" 100663296
	has "$(docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' many)" '/ 96MiB'
	is "$(docker stop -t 10 many)" many
	is "$(docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}' many)" 'exited 143 0'
}
