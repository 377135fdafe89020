# commit: what a container changed becomes an image.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	engine_rest
}
teardown_file() { engine_end; }
setup() { cd "$BATS_TEST_TMPDIR"; }
teardown() {
	local ids status=0
	engine_clean || status=1
	ids=$(tug images -q --filter reference='made*')
	[ -z "$ids" ] || tug rmi -f $ids >/dev/null
	return $status
}

@test "files, whiteouts and directories that were made anew" {
	tug run --name box busybox sh -c 'echo n >/new; rm /www/index.html; rm -r /tmp; mkdir /tmp; touch /tmp/t; ln /new /hard' >/dev/null
	id=$(tug commit -a "A Uthor" -m "a message" box made:one)
	[[ $id == sha256:* ]]
	[ "$(tug inspect --format '{{.Id}} {{.Author}} {{.Comment}}' made:one)" = "$id A Uthor a message" ]
	[ "$(tug inspect --format '{{len .RootFS.Layers}}' made:one)" = 2 ]
	[ "$(tug run --rm made:one sh -c 'cat /hard; ls /www /tmp')" = $'n\n/tmp:\nt\n\n/www:' ]
	[ "$(tug inspect --format '{{index .Config.Cmd 0}}' made:one)" = sh ]
	# the history, the tar of the layer
	[ "$(api /images/made:one/history | jq -r '.[0].Comment')" = "a message" ]
	tug save made:one | tar xO --wildcards 'manifest.json' | jq -r '.[0].Layers[1]' >layer
	tug save made:one | tar xO "$(cat layer)" | tar t | sort >list
	[ "$(cat list)" = $'etc/\nhard\nnew\ntmp/\ntmp/.wh..wh..opq\ntmp/t\nwww/\nwww/.wh.index.html' ]
}

@test "the same changes give the same layer" {
	tug run --name aa busybox sh -c 'echo x >/x; touch -d @1000000 /x' >/dev/null
	tug run --name bb busybox sh -c 'echo x >/x; touch -d @1000000 /x' >/dev/null
	tug commit aa made:a >/dev/null
	tug commit bb made:b >/dev/null
	[ "$(tug inspect --format '{{json .RootFS}}' made:a)" = "$(tug inspect --format '{{json .RootFS}}' made:b)" ]
}

@test "changes of the configuration" {
	tug create --name box -e OWN=1 -l from=container busybox sh >/dev/null
	tug commit -c 'CMD ["echo", "hi"]' -c 'ENV A=b' -c 'EXPOSE 80' -c 'LABEL k=v' -c 'WORKDIR /tmp' -c 'USER 12' \
		-c 'VOLUME /data' -c 'STOPSIGNAL INT' -c 'ONBUILD RUN true' box made >/dev/null
	tug inspect made | jq -e '.[0].Config | .Cmd == ["echo","hi"] and (.Env | index("A=b")) and (.Env | index("OWN=1"))
		and .ExposedPorts["80/tcp"] == {} and .Labels == {"k":"v","from":"container"} and .WorkingDir == "/tmp"
		and .User == "12" and .Volumes["/data"] == {} and .StopSignal == "INT" and .OnBuild == ["RUN true"]'
	# nothing changed in the files: no layer
	[ "$(tug inspect --format '{{len .RootFS.Layers}}' made)" = 1 ]
	[ "$(tug run --rm made)" = hi ]
	run -1 tug commit -c 'FROM x' box made:bad
	[[ $output == *"FROM is not a valid change command"* ]]
	run -1 tug commit box MADE
	[[ $output == *"must be lowercase"* ]]
	run -1 tug commit nosuch made
	[[ $output == *"No such container: nosuch"* ]]
	run -1 tug inspect made:bad
}

@test "a running container stands still meanwhile, and goes on" {
	tug run -d --name box busybox sh -c 'i=0; while :; do i=$((i+1)); echo $i >/t; mv /t /count; echo $i >/t; mv /t /count2; done' >/dev/null
	for ((n = 0; n < 5; n++)); do
		tug commit box made:run >/dev/null
		[ "$(tug run --rm made:run sh -c 'test -s /count && test -s /count2 && a=$(cat /count) b=$(cat /count2) && [ $((a-b)) -le 1 ] && echo same')" = same ]
	done
	before=$(tug exec box cat /count)
	wait_for sh -c "[ \"\$('$TUG_BIN/tug' exec box cat /count)\" != '$before' ]"
	tug commit --no-pause box made:run >/dev/null
	[ "$(tug inspect --format '{{.State.Status}}' box)" = running ]
}

@test "kill -9 of the engine during a commit leaves the container running" {
	tug run -d --name box busybox sh -c 'dd if=/dev/zero of=/big bs=1M count=300 2>/dev/null; while :; do date >/d; sleep 0.05; done' >/dev/null
	wait_for sh -c "'$TUG_BIN/tug' exec box test -e /d"
	tug commit box made:killed >/dev/null 2>&1 &
	wait_for sh -c "grep -qs FROZEN /sys/fs/cgroup/freezer/$NAME/*/freezer.state || ls '$T/data/staging' | grep -q ."
	engine_stop KILL
	wait || true
	engine_start
	[ "$(tug inspect --format '{{.State.Status}}' box)" = running ]
	tug exec box true
	run -1 tug inspect made:killed
	[ -z "$(ls "$T/data/staging")" ]
}

@test "over the API, and by docker's own client" {
	tug create --name box busybox sh >/dev/null
	[ "$(api '/commit?container=box&repo=made&tag=api&changes=ENV%20X=1' -X POST -H 'Content-Type: application/json' \
		-d '{"Env":["Z=3"],"Cmd":["ls"]}' -o body -w '%{http_code}')" = 201 ]
	[ "$(jq -r .Id body)" = "$(tug inspect --format '{{.Id}}' made:api)" ]
	tug inspect made:api | jq -e '.[0].Config | (.Env | index("X=1")) and (.Env | index("Z=3")) and .Cmd == ["ls"]'
	[ "$(api '/commit?container=nosuch' -X POST -o body -w '%{http_code}')" = 404 ]
	command -v docker >/dev/null || skip "docker is not installed"
	[[ $(in_net docker commit box made:docker) == sha256:* ]]
}
