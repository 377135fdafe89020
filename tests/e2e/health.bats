# Health checks: results, states, time-outs, what follows, and what they leave behind (nothing).
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

look() { tug inspect -f "$2" "$1"; }
shows() { [ "$(look "$1" "$2")" = "$3" ]; }
health() { shows "$1" '{{.State.Health.Status}}' "$2"; }
probes() { [ "$(look "$1" '{{len .State.Health.Log}}')" -ge "$2" ]; }

@test "starting, healthy, unhealthy, healthy again: inspect, ps, filter, events" {
	since=$(date +%s.%N)
	tug run -d --name turns --health-cmd 'cat /ok' --health-interval 100ms --health-retries 2 busybox sleep 1000 >/dev/null
	[[ $(tug ps --format '{{.Status}}') == "Up "*" (health: starting)" ]] || health turns unhealthy
	wait_for health turns unhealthy
	[[ $(tug ps --format '{{.Status}}') == "Up "*" (unhealthy)" ]]
	tug inspect turns | jq -e '.[0].State.Health | .FailingStreak >= 2 and (.Log | length) >= 2 and
		(.Log[-1] | .ExitCode == 1 and (.Output | contains("can'"'"'t open")) and .Start < .End)'
	tug exec turns touch /ok
	wait_for health turns healthy
	[ "$(look turns '{{.State.Health.FailingStreak}}')" = 0 ]
	[ "$(tug ps -q --filter health=healthy | wc -l)" = 1 ]
	[ -z "$(tug ps -q --filter health=none)" ]
	wait_for probes turns 5
	sleep 0.3
	[ "$(look turns '{{len .State.Health.Log}}')" = 5 ]
	[ "$(tug events --since "$since" --until "$(date +%s.%N)" --filter event=health_status --format '{{.Action}}' |
		paste -sd,)" = "health_status: unhealthy,health_status: healthy" ]
	[ -n "$(tug events --since "$since" --until "$(date +%s.%N)" --format '{{.Action}}' | grep -x 'exec_create: /bin/sh -c cat /ok')" ]
	[ "$(look turns '{{json .Config.Healthcheck}}')" = '{"Interval":100000000,"Retries":2,"Test":["CMD-SHELL","cat /ok"]}' ] ||
		tug inspect turns | jq -e '.[0].Config.Healthcheck == {Interval: 100000000, Retries: 2, Test: ["CMD-SHELL", "cat /ok"]}'
	tug stop -t 0 turns >/dev/null
	[ "$(look turns '{{.State.Health.Status}}')" = unhealthy ]
}

@test "a probe that hangs is ended with its children, and the next one comes" {
	tug run -d --name hangs --health-cmd 'echo before; sleep 1001 & setsid sleep 1002 & sleep 1003' --health-interval 50ms \
		--health-timeout 200ms --health-retries 1 busybox sleep 1000 >/dev/null
	wait_for health hangs unhealthy
	wait_for probes hangs 3
	tug inspect hangs | jq -e '.[0].State.Health.Log[0] | .ExitCode == -1 and
		.Output == "Health check exceeded timeout (200ms): before\n"'
	# At most one probe's processes at any time.
	[ "$(tug exec hangs ps | grep -c ' sleep 100[123]$')" -le 3 ]
}

@test "what a probe leaves behind ends with it; output is bounded" {
	tug run -d --name leaves --health-cmd 'setsid sleep 1001 >/dev/null 2>&1 & yes | head -c 1000000' \
		--health-interval 50ms busybox sleep 1000 >/dev/null
	wait_for health leaves healthy
	wait_for probes leaves 4
	[ "$(look leaves '{{len (index .State.Health.Log 0).Output}}')" = 4096 ]
	[ "$(tug exec leaves ps | grep -c ' sleep 1001$')" -le 1 ]
	[ "$(tug inspect leaves | jq '.[0].ExecIDs | length')" -le 1 ]
}

@test "the start period forgives" {
	tug run -d --name slow --health-cmd 'cat /ok' --health-interval 1h --health-retries 1 --health-start-period 1h \
		--health-start-interval 50ms busybox sleep 1000 >/dev/null
	wait_for probes slow 3
	[ "$(look slow '{{.State.Health.Status}} {{.State.Health.FailingStreak}}')" = "starting 0" ]
	tug exec slow touch /ok
	wait_for health slow healthy
}

@test "a probe runs as the container does, and one that cannot is not healthy" {
	tug run -d --name as -u 7:8 -w /www -e A=b --health-cmd 'id -u; pwd; echo $A' --health-interval 50ms busybox sleep 1000 >/dev/null
	wait_for health as healthy
	[ "$(look as '{{(index .State.Health.Log 0).Output}}')" = $'7\n/www\nb' ]
	api '/containers/create?name=nosuch' -X POST -H 'Content-Type: application/json' -d '{"Image":"busybox","Cmd":["sleep","1000"],
		"Healthcheck":{"Test":["CMD","/nosuch"],"Interval":50000000,"Retries":1}}' >/dev/null
	tug start nosuch >/dev/null
	wait_for health nosuch unhealthy
	tug inspect nosuch | jq -e '.[0].State.Health.Log[0] | .ExitCode == -1 and (.Output | contains("no such file"))'
}

@test "what follows: restart, stop, kill" {
	for action in stop kill; do
		tug run -d --name "$action" --health-cmd false --health-interval 50ms --health-retries 1 \
			--health-on-failure "$action" --stop-timeout 0 busybox sleep 1000 >/dev/null
		wait_for shows "$action" '{{.State.Status}} {{.State.ExitCode}}' 'exited 137'
	done
	tug run -d --name again --health-cmd false --health-interval 50ms --health-retries 1 --health-on-failure restart \
		--stop-timeout 0 busybox sleep 1000 >/dev/null
	restarted() { [ "$(look again '{{.RestartCount}}')" -ge 2 ]; }
	wait_for restarted
	tug rm -f again >/dev/null
	run -125 tug run --health-cmd true --health-on-failure explode busybox true
	[[ $output == *"invalid health on-failure action 'explode'"* ]]
}

@test "an engine that is killed forgets no state, and goes on" {
	tug run -d --name lives --health-cmd 'cat /ok' --health-interval 100ms busybox sh -c 'touch /ok; sleep 1000' >/dev/null
	wait_for health lives healthy
	engine_stop KILL
	engine_start
	[ "$(look lives '{{.State.Health.Status}}')" = healthy ]
	tug exec lives rm /ok
	wait_for health lives unhealthy
}

# image_with NAME JSON: busybox with this as Healthcheck of its configuration.
image_with() {
	local folder=$BATS_TEST_TMPDIR/$1
	mkdir -p "$folder/root/bin"
	cp "$(command -v busybox)" "$folder/root/bin/busybox"
	ln -s busybox "$folder/root/bin/sh"
	tar -C "$folder/root" -cf "$folder/layer.tar" .
	jq -n --arg id "sha256:$(sha256sum <"$folder/layer.tar" | cut -d' ' -f1)" --argjson health "$2" '{architecture: "amd64",
		os: "linux", config: {Cmd: ["/bin/busybox", "sleep", "1000"], Healthcheck: $health},
		rootfs: {type: "layers", diff_ids: [$id]}}' >"$folder/config.json"
	jq -n --arg name "$1:latest" '[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' >"$folder/manifest.json"
	tar -C "$folder" -cf "$folder/image.tar" config.json manifest.json layer.tar
	tug load -i "$folder/image.tar" >/dev/null
}

@test "the image's check, what the user adds to it, and none" {
	image_with checked '{"Test":["CMD","/bin/busybox","true"],"Interval":50000000,"Retries":7}'
	tug run -d --name own checked >/dev/null
	wait_for health own healthy
	tug run -d --name added --health-cmd '/bin/busybox false' --health-retries 1 checked >/dev/null
	wait_for health added unhealthy
	tug run -d --name none --no-healthcheck checked >/dev/null
	tug inspect none | jq -e '.[0].State | has("Health") | not'
	[[ $(tug ps --filter name=none --format '{{.Status}}') != *health* ]]
	run -125 tug run --no-healthcheck --health-cmd true checked
	[[ $output == *"--no-healthcheck conflicts with --health-* options"* ]]
	run -125 tug run --health-interval 1ns --health-cmd true checked
	[[ $output == *"Interval in Healthcheck cannot be less than 1ms"* ]]
	tug rm -f own added none >/dev/null
	tug rmi checked >/dev/null
}
