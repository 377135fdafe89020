# A helper inside a container exchanges a directory with a link to the host, as fast as it can, while the engine resolves
# names there: parts of volumes, places of mounts, working directories, measuring, removal. A tree of canaries on the
# host is compared after each: C-01, C-04, C-08, C-10, C-11, C-13 as far as volumes and mounts go.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	helper_make
	engine_rest
}
teardown_file() { engine_end; }
setup() {
	mkdir -p "$T/canary/b/c"
	echo canary >"$T/canary/b/secret"
	echo canary >"$T/canary/secret"
	canary_list >"$T/canary.before"
}
teardown() {
	local status=0
	canary_list | cmp - "$T/canary.before" || status=1
	engine_clean || status=1
	tug volume rm -f $(tug volume ls -q) >/dev/null
	return $status
}
canary_list() { find "$T/canary" -printf '%p %y %m %U:%G %i %n %s %T@\n' | sort; cat "$T"/canary/secret "$T"/canary/b/secret; }

# exchange A B: renames them into each other's places until it is ended.
helper_make() {
	cat >"$T/exchange.c" <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	for (; argc == 3;)
		renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
	return 1;
}
C
	cc -O1 -static -o "$T/exchange" "$T/exchange.c"
}

# A volume `race`: /a and /link change places all the time; in the directory b/c, b/inside; the link leads to the canaries.
race_begin() {
	local root
	tug volume create race >/dev/null
	root=$T/data/volumes/race/_data
	mkdir -p "$root/a/b/c"
	echo inside >"$root/a/b/inside"
	ln -s "${1:-$T/canary}" "$root/link"
	cp "$T/exchange" "$root/exchange"
	tug run -d --name racer -v race:/v busybox /v/exchange /v/a /v/link >/dev/null
}
rounds() { seq "${TUG_RACE:-25}"; }
never_canary() { [[ $1 != *canary* && $1 != *secret* ]] || { echo "the host shows: $1"; false; }; }

@test "a part of a volume" {
	for target in "$T/canary" "../../../../../../../../../..$T/canary" /proc/1/root/etc; do
		race_begin "$target"
		local seen=0
		for round in $(rounds); do
			answer=$(tug run --rm --mount src=race,dst=/d,volume-subpath=a/b busybox sh -c 'ls /d; cat /d/secret; touch /d/made' 2>/dev/null || true)
			never_canary "$answer"
			[[ $answer != *inside* ]] || seen=$((seen + 1))
		done
		echo "# $seen of $(rounds | wc -l) saw the directory" >&3
		tug rm -f racer >/dev/null
		tug volume rm race >/dev/null
	done
}

@test "the place of a mount below another" {
	race_begin
	for round in $(rounds); do
		tug run --rm -v race:/v -v other:/v/a/b/c busybox touch /v/a/b/c/made >/dev/null 2>&1 || true
		tug run --rm -v race:/v -v other:/v/a/new/deep busybox true >/dev/null 2>&1 || true
		tug run --rm -v race:/v --tmpfs /v/a/b/t busybox touch /v/a/b/t/made >/dev/null 2>&1 || true
		tug run --rm -v race:/v -v "$T/exchange:/v/a/b/file:ro" busybox true >/dev/null 2>&1 || true
	done
}

@test "read-only stays read-only, wherever the place goes" {
	race_begin /v/elsewhere
	mkdir -p "$T/data/volumes/race/_data/elsewhere/b"
	tug volume create kept >/dev/null
	for round in $(rounds); do
		tug run --rm -v race:/v -v kept:/v/a/b:ro busybox sh -c 'touch /v/a/b/made /v/link/b/made /v/elsewhere/b/made' >/dev/null 2>&1 || true
		[ -z "$(ls "$T/data/volumes/kept/_data")" ]
	done
}

@test "a working directory" {
	race_begin
	for round in $(rounds); do
		answer=$(tug run --rm -v race:/v -w /v/a/b/w busybox sh -c 'cat ../secret; touch made' 2>/dev/null || true)
		never_canary "$answer"
	done
}

@test "measuring, copying and removing" {
	race_begin
	for round in $(rounds); do
		size=$(api '/system/df?verbose=1&type=volume' | jq '.VolumeUsage.Items[] | select(.Name == "race").UsageData.Size')
		[ "$size" -gt 0 ] && [ "$size" -lt 8000000 ]
	done
	tug rm -f racer >/dev/null
	# The link is removed, not where it leads.
	tug volume rm race >/dev/null
	wait_for trash_empty
}
trash_empty() { [ -z "$(ls "$T/data/trash")" ]; }
