# The command line without an engine: help, arguments, options, refusals. No engine may be started by any of it.
load lib

setup() {
	export TUG_HOST=unix://$BATS_TEST_TMPDIR/none.sock TUG_AUTO_START=off
	tug=$TUG_BIN/tug
}

@test "version" {
	run -0 "$tug" --version
	[[ $output == "tug version "* ]]
	run -0 "$tug" -v
}

@test "help lists the commands" {
	for call in "" help --help -h; do
		run -0 "$tug" $call
		[[ $output == *"Usage:  tug [OPTIONS] COMMAND"* && $output == *"  run  "* && $output == *--host* ]]
	done
	run -0 "$tug" help run
	[[ $output == *"Usage:  tug run [OPTIONS] IMAGE [COMMAND] [ARG...]"* ]]
	run -0 "$tug" container
	[[ $output == *"Usage:  tug container COMMAND"* ]]
}

@test "every command has help" {
	for command in run create start attach exec ps logs stop kill restart rename rm top wait inspect images import \
		load tag rmi version info "container ls" "container inspect" "image ls" "image inspect" "image rm"; do
		run -0 "$tug" $command --help
		[[ $output == *"Usage:  tug $command"* ]]
	done
}

@test "an unknown command is named" {
	run -1 "$tug" nonsense
	[[ $output == *"tug: unknown command: tug nonsense"*"Run 'tug --help' for more information" ]]
	run -1 "$tug" container nonsense
	[[ $output == *"tug: unknown command: tug container nonsense"*"Usage:  tug container COMMAND"* ]]
}

@test "a mistyped command is guessed" {
	run -1 "$tug" imgaes
	[[ $output == *"unknown command: tug imgaes"*"Did you mean this?  tug images"* ]]
	run -1 "$tug" container insepct
	[[ $output == *"Did you mean this?  tug container inspect"* ]]
}

@test "Docker's plugins bring commands; those that others can write to are not run (A-16)" {
	export DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
	plugin=$DOCKER_CONFIG/cli-plugins/docker-say
	mkdir -p "$DOCKER_CONFIG/cli-plugins"
	chmod 755 "$DOCKER_CONFIG" "$DOCKER_CONFIG/cli-plugins"
	printf '#!/bin/sh\necho "$DOCKER_HOST" "$@"; exit 3\n' >"$plugin"
	run -1 "$tug" say
	[[ $output == *"unknown command: tug say"* ]]
	chmod 755 "$plugin"
	run -3 "$tug" -H unix:///x.sock say --it twice
	[ "$output" = "unix:///x.sock -H unix:///x.sock say --it twice" ]
	chmod 775 "$plugin"
	run -1 "$tug" say
	[[ $output == *"$plugin is not run"*"nobody else's to write"* ]]
	chmod 755 "$plugin" && chmod 777 "$DOCKER_CONFIG/cli-plugins"
	run -1 "$tug" say
	[[ $output == *"is not run"* ]]
	mkdir "$BATS_TEST_TMPDIR/more" && mv "$plugin" "$BATS_TEST_TMPDIR/more/docker-other"
	chmod 755 "$BATS_TEST_TMPDIR/more"
	jq -n --arg d "$BATS_TEST_TMPDIR/more" '{cliPluginsExtraDirs: [$d]}' >"$DOCKER_CONFIG/config.json"
	run -3 "$tug" other
}

@test "what Docker has and tug does not yet is refused by name" {
	for command in swarm "node ls" "service ls" "stack deploy" trust; do
		run -1 "$tug" $command
		[[ $output == *"known to Docker, not there yet"* ]]
	done
	run -125 "$tug" run --cpu-count=2 hello
	[[ $output == *"--cpu-count"*"known to Docker, not there yet"* ]]
	run -125 "$tug" run --use-api-socket hello
	[[ $output == *"--use-api-socket: known to Docker, not there yet"* ]]
}

@test "the number of arguments is checked in Docker's words" {
	run -1 "$tug" rm
	[ "${lines[0]}" = "tug: 'tug rm' requires at least 1 argument" ]
	[[ $output == *"Usage:  tug rm [OPTIONS] CONTAINER [CONTAINER...]"*"See 'tug rm --help' for more information" ]]
	run -1 "$tug" rename one
	[ "${lines[0]}" = "tug: 'tug rename' requires 2 arguments" ]
	run -1 "$tug" ps one
	[ "${lines[0]}" = "tug: 'tug ps' accepts no arguments" ]
	run -1 "$tug" images one two
	[ "${lines[0]}" = "tug: 'tug images' requires at most 1 argument" ]
	run -1 "$tug" run
	[ "${lines[0]}" = "tug: 'tug run' requires at least 1 argument" ]
}

@test "an option that is wrong ends with 125 and Docker's words" {
	run -125 "$tug" ps --nope
	[ "${lines[0]}" = "unknown flag: --nope" ]
	[[ $output == *"Usage:  tug ps [OPTIONS]"*"Run 'tug ps --help' for more information" ]]
	run -125 "$tug" ps -z
	[ "${lines[0]}" = "unknown shorthand flag: 'z' in -z" ]
	run -125 "$tug" run -m abc hello
	[ "${lines[0]}" = "invalid argument \"abc\" for \"-m, --memory\" flag: invalid size: 'abc'" ]
	run -125 "$tug" run --name
	[ "${lines[0]}" = "flag needs an argument: --name" ]
	run -125 "$tug" run -p 99999:80 hello
	[[ $output == "tug: invalid hostPort: 99999"* ]]
	run -125 "$tug" run -a nowhere hello
	run -125 "$tug" run -d -a stdout hello
	[[ $output == *"conflicting options: cannot specify both --attach and --detach"* ]]
	run -125 "$tug" --nope
	[ "${lines[0]}" = "unknown flag: --nope" ]
}

@test "run leaves what stands behind the image alone, ps does not" {
	run -125 "$tug" run hello --nope -z
	[[ $output != *"unknown"* ]]
	run -1 "$tug" ps -a --no-trunc -q
	[[ $output != *"unknown"* ]]
}

@test "without an engine it says where it looked" {
	run -1 "$tug" ps
	[[ $output == *"Cannot connect"*"$TUG_HOST"* || $output == *"$TUG_HOST"* ]]
	run -125 "$tug" run hello
	run -1 "$tug" version
	[[ $output == *"Client:"*"Version:"* ]]
	run -1 env -u TUG_HOST DOCKER_HOST="unix://$BATS_TEST_TMPDIR/docker.sock" "$tug" ps
	[[ $output == *docker.sock* ]]
	run -1 "$tug" -H "unix://$BATS_TEST_TMPDIR/flag.sock" ps
	[[ $output == *flag.sock* ]]
	run -125 "$tug" -H http://nowhere ps
}

@test "a format that is wrong is said before anything is asked" {
	run -64 "$tug" inspect --format '{{.Id' x
	[[ $output == *"template"* ]]
}

@test "manual pages and completion cover every command" {
	manual=$TUG_BIN/../manual
	[ -d "$manual" ] || skip "not a build folder"
	for page in tug tug-run tug-exec tug-ps tug-images tug-container-inspect; do
		[ -s "$manual/$page.1" ]
	done
	grep -q 'known\|NOT THERE YET' "$manual/tug-run.1"
	bash -n "$manual/tug.bash"
	run -0 bash -c "PATH=$TUG_BIN:\$PATH; source $manual/tug.bash
		complete_words() { COMP_WORDS=(\"\$@\"); COMP_CWORD=\$((\$# - 1)); _tug; echo \"\${COMPREPLY[*]}\"; }
		complete_words tug ru; complete_words tug container re; complete_words tug run --priv; complete_words tug -H x sto"
	[ "${lines[0]}" = "run" ]
	[[ ${lines[1]} == *restart* && ${lines[1]} == *rename* ]]
	[ "${lines[2]}" = "--privileged" ]
	[ "${lines[3]}" = "stop" ]
}
