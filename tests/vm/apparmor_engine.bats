# In the guest: the engine's default profile of AppArmor's, and others that are asked for.
load ../e2e/lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	printf 'profile tug-other { file, capability, network, umount, mount, signal, ptrace, }\n' >"$T/other"
	apparmor_parser -Kr "$T/other"
}
teardown_file() {
	apparmor_parser -R "$T/other"
	engine_end
}
teardown() { engine_clean; }

label() { tug run --rm "$@" busybox cat /proc/self/attr/current; }

@test "who asks for nothing has docker-default, in exec too; stop reaches it" {
	[ "$(label)" = "docker-default (enforce)" ]
	tug run -d --name web busybox sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done' >/dev/null
	[ "$(tug inspect -f '{{.AppArmorProfile}}' web)" = docker-default ]
	[ "$(tug exec web cat /proc/self/attr/current)" = "docker-default (enforce)" ]
	[ "$(tug exec --privileged web cat /proc/self/attr/current)" = unconfined ]
	tug stop web
	[ "$(tug inspect -f '{{.State.ExitCode}}' web)" = 7 ]
	[[ $(tug info -f '{{json .SecurityOptions}}') == *name=apparmor* ]]
}

@test "it denies mounts, the host's files in /proc and /sys; not what containers do" {
	run tug run --rm --cap-add SYS_ADMIN --security-opt seccomp=unconfined busybox mount -t tmpfs tmpfs /tmp
	[[ $status != 0 && $output == *"ermission denied"* ]]
	tug run --rm --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined busybox mount -t tmpfs tmpfs /tmp
	run tug run --rm --security-opt systempaths=unconfined busybox sh -c 'echo x >/proc/sysrq-trigger; echo 3 >/proc/sys/vm/drop_caches; cat /sys/firmware/acpi/tables/FACP'
	[[ $status != 0 && $(grep -ci 'permission denied\|read-only' <<<"$output") -ge 2 ]]
	run -0 tug run --rm busybox sh -c 'echo a >/tmp/f && echo 5 >/proc/self/oom_score_adj && ls /sys/fs/cgroup >/dev/null && kill -0 1 && ping -c 1 -W 1 127.0.0.1 >/dev/null; echo done'
	[ "${lines[-1]}" = done ]
	[[ $output != *denied* ]]
}

@test "unconfined, privileged, another profile, and one that is not there" {
	[ "$(label --security-opt apparmor=unconfined)" = unconfined ]
	[ "$(label --privileged)" = unconfined ]
	[ "$(label --security-opt apparmor=tug-other)" = "tug-other (enforce)" ]
	tug create --name one --security-opt apparmor=unconfined busybox >/dev/null
	tug create --name two --security-opt apparmor=tug-other busybox >/dev/null
	tug create --name three --privileged busybox >/dev/null
	[ "$(tug inspect -f '{{.AppArmorProfile}}' one two three | tr '\n' ' ')" = "unconfined tug-other unconfined " ]
	run -127 tug run --rm --security-opt apparmor=tug-nosuch busybox true
	[[ $output == *apparmor*tug-nosuch* ]]
}
