# Programs that people have, started for real against tug's socket: docker-py, Docker Compose 1 and 2, dockerode,
# testcontainers. What is not installed is skipped by name. DOCKER: a docker command, to try another version.
load ../e2e/lib

CLIENTS=$BATS_TEST_DIRNAME/clients
DOCKER=${DOCKER:-docker}

setup_file() {
	engine_begin
	engine_start
	image_busybox
	# Newer clients with the buildx plugin bring BuildKit of their own where the engine has none, unless told not to.
	export DOCKER_BUILDKIT=0
	export TESTCONTAINERS_RYUK_DISABLED=true DOCKER_CONFIG=$T/docker
	export MODE=first
	cp -r "$CLIENTS" "$T/clients"
}
teardown_file() { [ -z "${T:-}" ] || engine_end; }
teardown() {
	local names
	names=$(tug ps -aq)
	[ -z "$names" ] || tug rm -f $names >/dev/null
	tug network prune -f >/dev/null
	tug volume prune -af >/dev/null
	engine_clean
}

is() { [ "$1" = "$2" ] || { printf "is '%s', not '%s'\n" "$1" "$2" >&2; return 1; }; }
has() { [[ $1 == *"$2"* ]] || { printf "'%s' is without '%s'\n" "$1" "$2" >&2; return 1; }; }

# compose_project COMPOSE...: the whole life of the project with this command
compose_project() {
	local compose=("$@")
	cd "$T/clients"
	dc() { in_net timeout 60 "${compose[@]}" "$@" 2>"$BATS_TEST_TMPDIR/said" || { cat "$BATS_TEST_TMPDIR/said" >&2; return 1; }; }
	dc up -d
	is "$(in_net curl -sf http://127.0.0.1:18000/)" made
	is "$(tug ps --filter health=healthy -q | wc -l)" 2
	wait_for probe_said
	has "$(dc ps)" healthy
	is "$(dc port app 8000)" 127.0.0.1:18000
	is "$(dc exec -T app cat /srv/index.html)" made
	is "$(dc run --rm -T --no-deps probe echo ran)" ran
	has "$(dc top app)" httpd
	dc pause db
	is "$(tug ps --filter status=paused -q | wc -l)" 1
	dc unpause db
	dc restart -t 0 db
	dc up -d --scale probe=2
	is "$(tug ps -a --filter label=com.docker.compose.service=probe -q | wc -l)" 2
	# A changed setting makes the service anew, with its volumes.
	MODE=second dc up -d
	is "$(dc exec -T app sh -c 'echo $MODE')" second
	dc stop -t 0 app
	dc rm -f app
	dc up -d --force-recreate
	is "$(dc exec -T app cat /srv/index.html)" made
	dc down -v -t 0 --rmi local
	is "$(tug ps -aq | wc -l) $(tug network ls -q --filter type=custom | wc -l) $(tug volume ls -q | wc -l)" "0 0 0"
}
probe_said() { dc logs --no-color probe | grep -q 'all is well'; }

# npm_install PACKAGE@VERSION...: into the file's folder, once
npm_install() {
	command -v node >/dev/null || skip "node is not installed"
	command -v npm >/dev/null || skip "npm is not installed"
	[ -e "$T/clients/node_modules" ] || (cd "$T/clients" && echo '{}' >package.json && timeout 300 npm install \
		--ignore-scripts --no-audit --no-fund dockerode@4 testcontainers@10 >"$T/npm.log" 2>&1) ||
		skip "npm cannot install dockerode and testcontainers: $(tail -n 1 "$T/npm.log")"
}

@test "docker-py" {
	/usr/bin/python3 -c 'import docker' 2>/dev/null || skip "python3-docker is not installed"
	in_net timeout 100 /usr/bin/python3 "$CLIENTS/docker_py.py"
}

@test "Docker Compose of the distribution: a project of three services" {
	command -v docker-compose >/dev/null || skip "docker-compose is not installed"
	COMPOSE_DOCKER_CLI_BUILD=0 compose_project docker-compose --no-ansi
}

@test "Docker Compose 2: the same project" {
	$DOCKER compose version >/dev/null 2>&1 || skip "docker has no compose plugin"
	compose_project $DOCKER compose --progress plain
}

@test "the docker command: build, run, exec, logs, cp, events" {
	command -v "${DOCKER%% *}" >/dev/null || skip "docker is not installed"
	cd "$T/clients"
	in_net $DOCKER build -t docker-cli --build-arg text=cli web
	in_net $DOCKER run -d --name cli -p 127.0.0.1:18000:8000 docker-cli
	is "$(wait_for in_net curl -sf http://127.0.0.1:18000/)" cli
	is "$(in_net $DOCKER exec cli pwd)" /srv
	in_net $DOCKER cp cli:/srv/index.html "$T/clients/copied"
	is "$(cat "$T/clients/copied")" cli
	is "$(in_net $DOCKER ps --format '{{.Names}} {{.Ports}}')" 'cli 127.0.0.1:18000->8000/tcp'
	has "$(in_net $DOCKER info 2>&1)" 'Swarm: inactive'
	run in_net $DOCKER swarm leave
	has "$output" 'This node is not part of a swarm'
	run in_net $DOCKER node ls
	has "$output" 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'
	is "$(in_net $DOCKER plugin ls -q | wc -l)" 0
	is "$(in_net $DOCKER rm -f cli)" cli
	in_net $DOCKER rmi docker-cli
}

@test "dockerode" {
	npm_install
	in_net timeout 100 node "$T/clients/dockerode.js"
}

@test "testcontainers" {
	npm_install
	in_net timeout 100 node "$T/clients/testcontainers.js"
	tug rmi testcontainers:1
}
