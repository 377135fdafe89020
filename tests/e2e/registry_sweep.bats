# kill -9 at system calls of a small pull: of the engine, of its job, of the workers that unpack. Each is followed by a
# restart of the engine: no partial image is listed, a second pull completes, and after `image prune -a` the store is
# empty to the byte. F-01.
#
# TUG_SWEEP=all takes every system call, TUG_SWEEP=N every N-th; without it a few of each kind, others every time.

load lib.bash
load registry_lib.bash

setup_file() { registry_kill_begin; }
teardown_file() { registries_end; engine_end; }

# step KIND N: a pull that is killed there; says how that went.
step() {
	python3 "$BATS_TEST_DIRNAME/step.py" "$(engine_pid)" "$1" "$2" >"$T/step" 2>&1 3>&- &
	local stepper=$!
	wait_for engine_is_traced
	api '/images/create?fromImage=localhost:5001/small&tag=1' -X POST >/dev/null 2>&1 || true
	kill "$stepper" 2>/dev/null || true
	wait "$stepper" 2>/dev/null || true
	cat "$T/step"
}

images() { api /images/json | jq -r '[.[].RepoTags[]] | sort | join(" ")'; }
whole() {
	[ "$(find "$T/data/layers" -mindepth 3 -maxdepth 3 -path '*/diff/*' -printf '%f\n' | sort | tr -d '\n')" = ab ] &&
		[ "$(cat "$T"/data/layers/*/diff/[ab] | sort | tr -d '\n')" = onetwo ]
}
left() { find "$T"/data/{blobs/sha256,layers,downloads,staging,trash} -mindepth 1; }
nothing_left() { [ -z "$(left)" ]; }

# What has to be true now, whoever was killed.
holds() {
	local there
	there=$(images)
	case $there in
	"") ;;
	localhost:5001/small:1) whole || { echo "half an image is listed"; return 1; } ;;
	*) echo "there are $there"; return 1 ;;
	esac
	tug pull -q localhost:5001/small:1 >/dev/null || { echo "the second pull fails"; return 1; }
	whole || { echo "the second pull is not whole"; return 1; }
	tug image prune -af >/dev/null || { echo "prune fails"; return 1; }
	wait_for nothing_left 2>/dev/null || { echo "left: $(left)"; return 1; }
}

@test "kill -9 at system calls of a pull, and a restart (F-01)" {
	[ -z "$(python3 "$BATS_TEST_DIRNAME/step.py" 0 engine 1 2>&1 | grep 'not permitted')" ] || skip "ptrace is not allowed here"
	! grep -q __asan_init "$TUG_BIN/tugd" || skip "the sanitizer cannot be traced"
	local kind total counts points point said answer swept=0
	counts=$(step none 0)
	[ "$(images)" = localhost:5001/small:1 ]
	holds
	for kind in engine spawn job worker; do
		total=$(grep -o "$kind [0-9]*" <<<"$counts")
		total=${total#* }
		[ "$total" -gt 0 ] || { echo "no call of $kind: $counts"; false; }
		case ${TUG_SWEEP:-} in
		all) points=$(seq "$total") ;;
		[0-9]*) points=$(seq 1 "$TUG_SWEEP" "$total") ;;
		*) points=$(shuf -n 8 -i "1-$total") ;;
		esac
		for point in $points; do
			said=$(step "$kind" "$point")
			engine_stop KILL
			engine_start
			answer=$(holds) || { echo "$kind, killed at its call $point of $total ($said): $answer"; false; }
			swept=$((swept + 1))
		done
	done
	echo "# swept $swept points of kill -9: $counts" >&3
	wait_for engine_answers
}
