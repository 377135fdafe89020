# Builds, as people run them: results of instructions, mounts, the cache, errors; and what hostile ones must not reach.

load lib
load registry_lib

setup_file() {
	command -v busybox >/dev/null || skip "busybox is not installed"
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { [ -z "${T:-}" ] || engine_end; }
setup() {
	rm -rf "$T/ctx"
	mkdir "$T/ctx"
	cd "$T/ctx" || return 1
}
teardown() { cd / && engine_clean; }

is() { [ "$1" = "$2" ] || { printf "is '%s', not '%s'\n" "$1" "$2" >&2; return 1; }; }
has() { [[ $1 == *"$2"* ]] || { printf "'%s' is without '%s'\n" "$1" "$2" >&2; return 1; }; }
no() { [[ $1 != *"$2"* ]] || { printf "'%s' has '%s'\n" "$1" "$2" >&2; return 1; }; }
# build [OPTIONS]: the Dockerfile comes on standard input, the context is the working folder.
build() { cat >Dockerfile && tug build --progress plain "$@" .; }
in_image() { tug run --rm --network none "$@"; }
config() { tug image inspect "$1" | jq -c ".[0].Config$2"; }

@test "a build has its files, its configuration and its names" {
	mkdir src && echo a >src/a && echo b >b
	build -t one -t two:x --label l=v <<-'E'
		FROM busybox
		ARG WHO=world
		ENV GREETING="hello $WHO" PATH=/bin
		WORKDIR /app/sub
		WORKDIR ..
		COPY src/ b ./
		RUN echo "$GREETING" >greeting && mkdir d && ln -s greeting link
		EXPOSE 80 53/udp
		VOLUME /data
		USER 1000:1000
		STOPSIGNAL SIGQUIT
		LABEL own="x y"
		ENTRYPOINT ["cat"]
		CMD ["greeting"]
	E
	is "$(in_image one)" "hello world"
	is "$(in_image --entrypoint ls two:x -A /app)" "$(printf 'a\nb\nd\ngreeting\nlink\nsub')"
	is "$(config one .WorkingDir)" '"/app"'
	is "$(config one .User)" '"1000:1000"'
	is "$(config one .Labels)" '{"own":"x y","l":"v"}'
	is "$(config one .ExposedPorts)" '{"80/tcp":{},"53/udp":{}}'
	is "$(config one .StopSignal)" '"SIGQUIT"'
}

@test "files get owners, modes, parents and exclusions" {
	mkdir -p d/e && echo 1 >d/1 && echo 2 >d/e/2.md && echo 3 >f && chmod 640 f
	build -t files <<-'E'
		FROM busybox
		RUN echo 'app:x:77:88::/:/bin/sh' >>/etc/passwd && echo 'grp:x:99:' >/etc/group && ln -s /real /link && mkdir /real
		COPY --chown=app f /f1
		COPY --chown=app:grp f /f2
		COPY --chown=5 --chmod=0711 f /f3
		COPY --chmod=u=rwX,go=rX d /d1
		COPY --parents d/e/2.md d/./1 /p/
		COPY --exclude=**/*.md d /x
		COPY f /link/in
		COPY --link f /new/deep/f
		ARG WHO=you
		COPY <<-one <<"two" /h/
			a $WHO
		one
		b $WHO
		two
	E
	is "$(in_image files stat -c '%u:%g %a' /f1 /f2 /f3 | tr '\n' ' ')" "77:88 640 77:99 640 5:5 711 "
	is "$(in_image files stat -c '%a' /d1/1 /d1/e | tr '\n' ' ')" "644 755 "
	is "$(in_image files find /p /x -type f | sort | tr '\n' ' ')" "/p/1 /p/d/e/2.md /x/1 "
	is "$(in_image files cat /real/in /new/deep/f)" "$(printf '3\n3')"
	is "$(in_image files cat /h/one)" "a you"
	is "$(in_image files cat /h/two)" 'b $WHO'
}

@test "a local archive is unpacked, with its owners" {
	mkdir -p t/in && echo x >t/in/.name && tar --owner=7 --group=8 -C t -cf a.tar in && gzip -k a.tar
	build -t archive <<-'E'
		FROM busybox
		ADD a.tar.gz /one/
		ADD --chown=1:2 a.tar /two/
		ADD --unpack=false a.tar /three/
		COPY a.tar /four/
	E
	is "$(in_image archive find /one /two /three /four -type f -exec stat -c '%n %u:%g' {} + | sort | tr '\n' ' ')" \
		"/four/a.tar 0:0 /one/in/.name 7:8 /three/a.tar 0:0 /two/in/.name 1:2 "
}

@test "stages run at once, and those that nobody needs do not run" {
	run build -t stages <<-'E'
		FROM busybox AS one
		RUN touch /one && until [ -e /dev/shm/x ] || [ $((i += 1)) -gt 1 ]; do :; done
		FROM busybox AS unused
		RUN echo this does not run; false
		FROM scratch
		COPY --from=one /one /1
		COPY --from=0 /one /2
		COPY --from=busybox /etc/passwd /3
	E
	is "$status" 0
	no "$output" "does not run"
	tug build -q -o "$T/out" . >/dev/null
	is "$(ls "$T/out")" "$(printf '1\n2\n3')"
	rm -r "$T/out"
	tug build -q --target one -t target . >/dev/null
	in_image target ls /one
}

@test "mounts are there for one command and leave nothing" {
	echo ctx >file && mkdir sub && echo s >sub/s
	run build -t mounts <<-'E'
		FROM busybox AS src
		RUN mkdir /d && echo d >/d/f
		FROM busybox
		RUN --mount=type=bind,source=file,target=/m/file cat /m/file && ! echo x >/m/file
		RUN --mount=target=/m,rw echo gone >/m/sub/s && cat /m/sub/s
		RUN --mount=type=bind,from=src,source=/d,target=/m/deep cat /m/deep/f
		RUN --mount=type=tmpfs,target=/m,size=1m mount | grep ' /m '
		RUN --mount=type=cache,id=c1,target=/m/c echo x >>/m/c/n
		RUN --mount=type=cache,id=c1,target=/m/c,ro echo x >>/m/c/n || wc -l </m/c/n
		RUN --network=none ! ip link show eth0 2>/dev/null
	E
	is "$status" 0
	has "$output" gone
	is "$(in_image mounts ls -A / | tr '\n' ' ')" "bin dev etc proc sys tmp www "
	is "$(in_image mounts ls -A /etc | tr '\n' ' ')" "hostname hosts passwd resolv.conf "
	# What the layers hold, without the places of mounts.
	is "$(tug save mounts | tar -xO --wildcards 'blobs/*' 2>/dev/null | strings | grep -c '^m/')" 0
}

# B-09
@test "a secret is found nowhere afterwards" {
	printf s3cr3t-%s "$RANDOM$RANDOM" >"$T/secret"
	secret=$(cat "$T/secret")
	export TOKEN=$secret
	run build -t secret --secret id=file,src="$T/secret" --secret id=env,env=TOKEN <<-'E'
		FROM busybox
		RUN --mount=type=secret,id=file,mode=0440,uid=5 stat -c '%a %u' /run/secrets/file && wc -c </run/secrets/file
		RUN --mount=type=secret,id=env,env=VALUE test -n "$VALUE" && echo "length ${#VALUE}"
		RUN --mount=type=secret,id=none true
		RUN ls /run/secrets || echo no place left
	E
	is "$status" 0
	has "$output" "440 5"
	has "$output" "no place left"
	no "$output" "$secret"
	! grep -rqF -- "$secret" "$T/data" "$T/run" "$T/engine.log"
	! api '/events?since=0&until=1' | grep -qF -- "$secret"
	! tr '\0' '\n' <"/proc/$(engine_pid)/cmdline" | grep -qF -- "$secret"
	run build <<-'E'
		FROM busybox
		RUN --mount=type=secret,id=x,required true
	E
	is "$status" 1
	has "$output" "secret x: not found"
	rm "$T/secret"
}

@test "the cache goes by content, also across stages, names and engines" {
	echo 1 >a
	printf 'FROM busybox\nCOPY a /a\nRUN cat /a\n' | build -t c1 >/dev/null 2>&1
	sleep 0.01 && touch a
	run build -t c2 <<-'E'
		FROM busybox AS other
		LABEL x=y
		COPY a /a
		RUN cat /a
	E
	is "$(grep -c CACHED <<<"$output")" 2
	engine_stop KILL
	engine_start
	run tug build --progress plain .
	is "$(grep -c CACHED <<<"$output")" 2
	echo 2 >a
	run tug build --progress plain .
	no "$output" CACHED
	run tug build --progress plain --no-cache .
	no "$output" CACHED
	run tug build --progress plain --no-cache-filter other .
	no "$output" CACHED
	[ "$(api /system/df | jq .BuildCacheUsage.TotalCount)" -ge 4 ]
	has "$(tug system df)" "Build Cache"
	has "$(tug builder prune -af)" "Total reclaimed space"
	is "$(api /system/df | jq .BuildCacheUsage.TotalCount)" 0
	run tug build --progress plain .
	no "$output" CACHED
}

@test "the same build gives the same image, bit for bit" {
	echo x >f && touch -d '2020-02-02 UTC' f
	cat >Dockerfile <<-'E'
		FROM busybox
		COPY f /f
		RUN mkdir /d && date >/dev/null && echo y >/d/e
		WORKDIR /w
	E
	first=$(tug build -q .)
	tug builder prune -af >/dev/null
	sleep 1.1
	is "$(tug build -q --no-cache .)" "$first"
	epoch=$(tug build -q --build-arg SOURCE_DATE_EPOCH=1000000000 -t epoch .)
	[ "$epoch" != "$first" ]
	is "$(tug image inspect epoch | jq -r '.[0].Created')" "2001-09-09T01:46:40Z"
	is "$(in_image epoch stat -c %Y /d/e /w | tr '\n' ' ')" "1000000000 1000000000 "
}

@test "faults say where, why and what else might be meant" {
	run build <<<'FROM busybox
RUNN x'
	is "$status" 1
	has "$output" "Dockerfile:2:1: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)"
	printf 'FROM busybox\n# \351 is fine in a comment\nRUN echo \377\n' >Dockerfile
	run tug build .
	is "$status" 1
	has "$output" "Dockerfile:3:10: dockerfile parse error on line 3: the byte 0xff is no UTF-8"
	# B-10: what grows without end is refused, soon.
	{ printf 'FROM busybox\nENV A=0123456789\n' && yes 'ENV A=$A$A' | head -n 16; } >Dockerfile
	for i in $(seq 1000); do echo "ENV B$i=\$A"; done >>Dockerfile
	run tug build .
	is "$status" 1
	has "$output" "takes more than 256 MiB"
	run build <<<'FROM busybox
COPY gone /x'
	has "$output" 'Dockerfile:2:1: COPY: "/gone": not found'
	run build <<<'FROM nowhere/image'
	is "$status" 1
	has "$output" "nowhere/image"
	run build <<<'FROM busybox
RUN echo before; exit 42'
	is "$status" 1
	has "$output" 'did not complete successfully: exit code: 42'
	has "$output" '>>> RUN echo before; exit 42'
	has "$output" 'before'
	run build --target nome <<<'FROM busybox AS name'
	has "$output" 'target stage "nome" could not be found (did you mean name?)'
	run tug build "$T/none"
	is "$status" 1
	has "$output" "not found"
	run tug build --cache-to x .
	is "$status" 125
	has "$output" "cache-to"
	run build -t Bad <<<'FROM busybox'
	has "$output" "must be lowercase"
	is "$(tug images -q -f dangling=true | wc -l)" "$(tug images -q -f dangling=true | wc -l)"
}

# B-02, B-03, B-05, B-07, B-08, B-11
@test "a hostile Dockerfile or context reaches nothing of the host" {
	echo secret-of-the-host >"$T/host"
	ln -s "$T/host" link && ln -s / root && mkfifo fifo && echo '!../host' >.dockerignore
	for word in link root/etc/hostname "../../../../../..$T/host" "root$T/host"; do
		run build <<<"FROM busybox
COPY $word /x
RUN cat /x"
		no "$output" secret-of-the-host
	done
	run build <<<"FROM busybox
RUN ln -s $T /m
RUN --mount=type=bind,source=link,target=/m/x cat /m/x
"
	no "$output" secret-of-the-host
	run build <<<"FROM busybox
RUN --mount=type=cache,id=../../../host,target=/c echo x >/c/x"
	is "$status" 0
	[ ! -e "$T/data/x" ] && [ ! -d "$T/host/x" ]
	for line in 'RUN --security=insecure true' 'RUN --network=host true' 'RUN --mount=type=unknown,target=/x true'; do
		run build <<<"FROM busybox
$line"
		is "$status" 1
	done
	# The host's environment is not the build's.
	LEAK=leaked run build <<<'FROM busybox
RUN env'
	no "$output" leaked
	rm "$T/host"
}

# B-04
@test "malformed requests are answered, and the engine goes on" {
	printf 'FROM busybox\n' >Dockerfile
	tar -cf "$T/good.tar" Dockerfile
	head -c 700 "$T/good.tar" >"$T/short.tar"
	head -c 4096 /dev/urandom >"$T/noise.tar"
	post() { api "/build?$1" -X POST --data-binary "@$2" -H 'Content-Type: application/x-tar' -o /dev/null -w '%{http_code}'; }
	for query in 'buildargs=[1]' 'buildargs={' 'labels={"a":1}' 'contexts=-1' 'contexts=99' 'memory=x' 't=UPPER' \
		'dockerfile=../../../etc/passwd' 'dockerfile=none' 'buildcontexts={"a":"7"}' 'buildsession=no' 'networkmode=x' \
		'version=2' 'ulimits=[' 'buildargs={"SOURCE_DATE_EPOCH":"x"}'; do
		has "400 404 500" "$(post "$query" "$T/good.tar")"
	done
	for file in short noise; do has "400 500" "$(post q=1 "$T/$file.tar")"; done
	is "$(post q=1 "$T/good.tar")" 200
	is "$(api /build/session -X POST -H 'Content-Type: application/json' -d '{"Secrets":{"a":"*"}}' -o /dev/null -w '%{http_code}')" 400
	engine_answers
	rm "$T"/*.tar
}

# B-01
@test "steps at once may share, lock or own a cache" {
	run build <<-'E'
		FROM busybox AS a
		RUN --mount=type=cache,id=l,target=/c,sharing=locked [ ! -e /c/busy ] && touch /c/busy && sleep 0.2 && rm /c/busy && echo a >/done
		FROM busybox AS b
		RUN --mount=type=cache,id=l,target=/c,sharing=locked [ ! -e /c/busy ] && touch /c/busy && sleep 0.2 && rm /c/busy && echo b >/done
		FROM busybox
		COPY --from=a /done /a
		COPY --from=b /done /b
		RUN --mount=type=cache,target=/link,id=x ln -s / /link/l
		RUN --mount=type=cache,target=/m,id=x ls -la /m/l/ >/dev/null
	E
	is "$status" 0
}

@test "a build ends with its client, with all that its steps have started" {
	cat >Dockerfile <<-'E'
		FROM busybox
		RUN trap '' TERM INT; for i in 1 2 3 4 5 6 7 8; do (trap '' TERM; while :; do sleep 1; done) & done; echo ready; while :; do sleep 1; done
	E
	nsenter --net="$NET" "$TUG_BIN/tug" build --progress plain . >"$T/output" 2>&1 3>&- &
	wait_for grep -q ready "$T/output"
	is "$(api '/containers/json' | jq length)" 1
	kill -KILL $!
	wait "$!" || true
	no_containers() { [ "$(api '/containers/json?all=1' | jq length)" = 0 ]; }
	wait_for no_containers
	rm "$T/output"
}

@test "contexts: a tar, a Dockerfile, a file elsewhere, named ones" {
	mkdir -p ctx other && echo in >ctx/f && echo other >other/f
	printf 'FROM busybox\nCOPY f /f\nRUN cat /f\n' >ctx/Dockerfile
	cp ctx/Dockerfile ctx/Second
	run bash -c "tar -C ctx -c . | '$TUG_BIN/tug' build --progress plain -f Second -"
	is "$status" 0
	has "$output" in
	run bash -c "printf 'FROM busybox\nRUN echo only' | '$TUG_BIN/tug' build --progress plain -"
	is "$status" 0
	printf 'FROM busybox\nCOPY --from=more f /f\nCOPY --from=img /etc/passwd /p\nRUN cat /f\n' >Elsewhere
	run tug build --progress plain -f Elsewhere --build-context more=other --build-context img=docker-image://busybox ctx
	is "$status" 0
	has "$output" other
	echo 'f' >ctx/.dockerignore
	run tug build ctx
	is "$status" 1
	has "$output" '"/f": not found'
}

@test "a context that is larger than the memory for it is on the disk" {
	truncate -s 260M zeros && mkdir docker && ln -s docker/Other Dockerfile
	printf 'FROM busybox\nCOPY zeros /z\nRUN --mount=target=/ctx,ro cmp /z /ctx/zeros && ls /ctx/docker\n' >docker/Other
	run tug build --progress plain -t large .
	is "$status" 0
	is "$(in_image large stat -c %s /z)" 272629760
	# The Dockerfile behind a link, of a classic client; and a file whose bytes are looked for.
	mv zeros big.dockerignore && echo docker >.dockerignore
	printf 'FROM busybox\nCOPY . /c\nRUN ls -a /c\n' >docker/Other
	tar -c . >"$T/context.tar"
	run api '/build' -X POST --data-binary "@$T/context.tar" -H 'Content-Type: application/x-tar'
	has "$output" "Successfully built"
	has "$output" big.dockerignore
	rm "$T/context.tar" big.dockerignore
	tar -c . >"$T/context.tar"
	run api '/build' -X POST --data-binary "@$T/context.tar" -H 'Content-Type: application/x-tar'
	has "$output" "Successfully built"
	rm "$T/context.tar"
	is "$(find "$T/data/staging" -mindepth 1 | wc -l)" 0
}

@test "only what is needed is sent" {
	mkdir need big && echo n >need/n && head -c 30000000 /dev/zero >big/zeros
	cat >Dockerfile <<-'E'
		FROM busybox
		COPY need /n
	E
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=openat2,openat -o "$T/trace" "$TUG_BIN/tug" build -q . >/dev/null
	grep -q '"n"\|need/n' "$T/trace"
	! grep -q zeros "$T/trace"
	rm "$T/trace"
}

@test "--check judges and builds nothing" {
	run build --check <<<'FROM busybox as x
MAINTAINER me'
	is "$status" 1
	has "$output" "FromAsCasing"
	has "$output" "MaintainerDeprecated"
	run build --check <<<'FROM busybox'
	is "$status" 0
	has "$output" "no warnings found"
}

@test "a base that is not here is pulled, with the client's credentials" {
	registry_fake open 127.0.0.1 5001
	registry_fake closed 127.0.0.1 5004 --basic user:pass
	export DOCKER_CONFIG=$T/docker
	mkdir -p "$DOCKER_CONFIG"
	run build -t pulled <<<'FROM localhost:5001/small:1
LABEL a=b'
	is "$status" 0
	has "$output" "pull localhost:5001/small:1"
	is "$(config pulled .Labels.a)" '"b"'
	run build <<<'FROM localhost:5004/small:1
LABEL a=b'
	is "$status" 1
	printf '{"auths":{"localhost:5004":{"auth":"%s"}}}' "$(printf user:pass | base64)" >"$DOCKER_CONFIG/config.json"
	run build -t closed --pull <<<'FROM localhost:5004/small:1
LABEL a=b'
	is "$status" 0
	registries_end
	rm -r "$DOCKER_CONFIG"
}

@test "ADD fetches by HTTP, checks, follows, and looks again" {
	mkdir web && echo one >web/f && touch -d '2019-03-04 05:06:07 UTC' web/f && tar -C web -cf web/a.tar f
	(cd web && exec nsenter --net="$NET" python3 -m http.server 8099 --bind 127.0.0.1) >/dev/null 2>&1 3>&- &
	server=$!
	wait_for in_net bash -c 'exec 9<>/dev/tcp/127.0.0.1/8099' 2>/dev/null
	sum=$(sha256sum web/f | cut -c1-64)
	build -t add <<-E
		FROM busybox
		ADD http://127.0.0.1:8099/f /x/
		ADD --checksum=sha256:$sum --chmod=644 http://127.0.0.1:8099/f /named
		ADD --unpack=true http://127.0.0.1:8099/a.tar /u/
		ADD http://127.0.0.1:8099/a.tar /t/
	E
	is "$(in_image add stat -c '%a %Y' /x/f /named | tr '\n' ' ')" "600 1551675967 644 1551675967 "
	is "$(in_image add find /u /t -type f | sort | tr '\n' ' ')" "/t/a.tar /u/f "
	run tug build --progress plain .
	is "$(grep -c CACHED <<<"$output")" 4
	echo two >web/f
	run tug build --progress plain .
	is "$status" 1
	has "$output" "digest mismatch"
	run build <<<'FROM busybox
ADD http://127.0.0.1:8099/gone /x'
	has "$output" "invalid response status 404"
	kill "$server"
	wait "$server" || true
}

@test "--on-error shell: a shell in what the failed step has left" {
	printf 'FROM busybox\nRUN echo here >/state; false\n' >Dockerfile
	run nsenter --net="$NET" python3 -c '
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
out, end, sent = b"", time.time() + 20, False
while time.time() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try: data = os.read(fd, 4096)
        except OSError: break
        out += data
    elif not sent and b"# " in out.split(b"has left")[-1]:
        os.write(fd, b"cat /state >&2; echo got-$(cat /state); exit\n"); sent = True
print(out.decode(errors="replace"))
' "$TUG_BIN/tug" build --on-error shell .
	has "$output" got-here
	is "$(api '/containers/json?all=1' | jq length)" 0
}

# --- kill -9 ---

@test "kill -9 of the engine at any moment: the same build then gives the same image" {
	echo x >f && touch -d '2021-01-01 UTC' f
	cat >Dockerfile <<-'E'
		FROM busybox AS a
		COPY f /f
		RUN for i in 1 2 3 4 5; do echo $i >/n$i; done
		FROM busybox
		WORKDIR /w
		COPY --from=a /n1 /n5 ./
		RUN cat n1 n5 >all
	E
	wanted=$(tug build -q .)
	tug builder prune -af >/dev/null
	for delay in 0.02 0.05 0.08 0.12 0.16 0.2 0.25 0.3; do
		tug build -q --no-cache . >/dev/null 2>&1 3>&- &
		sleep "$delay"
		engine_stop KILL
		wait $! || true
		engine_start
		is "$(tug build -q .)" "$wanted"
		is "$(find "$T/data/staging" -mindepth 1 | wc -l)" 0
		is "$(api '/containers/json?all=1' | jq length)" 0
	done
}
