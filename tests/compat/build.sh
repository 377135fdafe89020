#!/bin/bash
# Builds the Dockerfiles of build_cases.txt with tug and with buildah, and compares the trees and configurations that
# come out; prints TAP. TUG_BIN: the folder of the programs. BUILDAH: the command, when it is not `buildah`; it runs in
# the folder of the context. build.sh PATTERN: only cases whose name contains it.
cd "$(dirname "$0")/../.." || exit 1
here=$PWD/tests/compat
export BATS_TEST_DIRNAME=$PWD/tests/e2e
bats_require_minimum_version() { :; }
. tests/e2e/lib.bash
BUILDAH=${BUILDAH:-buildah}
command -v ${BUILDAH%% *} >/dev/null || { echo "1..0 # SKIP buildah is not installed"; exit 0; }

engine_begin || exit 1
trap 'engine_end >/dev/null 2>&1; exit $status' EXIT
status=1
engine_start || exit 1
image_busybox || exit 1
mkdir "$T/work" "$T/context" && cd "$T/context" || exit 1
export reference_options="--root $T/work/store --runroot $T/work/run --storage-driver vfs"
reference() { $BUILDAH $reference_options "$@"; }

mkdir -p d/e sub/deep links t/in
echo a >a && echo b >b && echo 1 >d/1 && echo 2 >d/2.md && echo 3 >d/e/3 && echo x >sub/deep/x && echo s >'with space'
printf '#!/bin/sh\n' >exec.sh && chmod 755 exec.sh && chmod 640 d/1
ln -s ../a links/to-a && ln -s nowhere links/dangling && echo t >t/in/f
tar --owner=7 --group=8 -C t -cf plain.tar in && tar --owner=0 --group=0 -C t -czf packed.tar.gz in && rm -r t

tug save -o "$T/work/busybox.tar" busybox && reference pull -q "docker-archive:$T/work/busybox.tar" >/dev/null 2>&1 &&
	reference tag docker.io/library/busybox:latest localhost/busybox:latest 2>/dev/null
rm -f "$T/work/busybox.tar"

number=0 failed=0
compare() { # NAME REASON, with the Dockerfile in the context
	local name=$1 reason=$2 id container ours theirs differ=
	number=$((number + 1))
	if ! tug build -q -o "type=tar,dest=$T/work/ours.tar" --iidfile "$T/work/iid" . >"$T/work/log" 2>&1; then
		sed 's/^/# /' "$T/work/log"; echo "not ok $number $name: tug does not build it"; failed=1; return
	fi
	if ! reference bud --isolation chroot --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 -q --format docker -t case . >"$T/work/log" 2>&1; then
		echo "ok $number $name # SKIP the reference does not build it: $(tail -n 1 "$T/work/log" | tr -d '#')"; return
	fi
	tug image inspect "$(cat "$T/work/iid")" >"$T/work/ours.json"
	reference inspect --type image case >"$T/work/theirs.json"
	container=$(reference from case)
	"$here/build_compare.py" tar "$T/work/ours.tar" >"$T/work/ours"
	"$here/build_compare.py" tree "$(reference mount "$container")" >"$T/work/theirs"
	reference rm "$container" >/dev/null
	"$here/build_compare.py" config "$T/work/ours.json" >>"$T/work/ours"
	"$here/build_compare.py" config "$T/work/theirs.json" >>"$T/work/theirs"
	diff -u "$T/work/theirs" "$T/work/ours" >"$T/work/diff" || differ=1
	if [ -n "$differ" ] && [ -z "$reason" ]; then
		tail -n +3 "$T/work/diff" | grep '^[-+]' | sed 's/^/# /'
		echo "not ok $number $name"; failed=1
	else
		echo "ok $number $name${differ:+ (differs: $reason)}"
	fi
}

name= reason=
finish() { [ -z "$name" ] || [[ $name != *"$pattern"* ]] || compare "$name" "$reason"; }
pattern=${1:-}
while IFS= read -r line || [ -n "$line" ]; do
	case $line in
	"=== "*) finish; name=${line#=== } reason=; : >Dockerfile ;;
	"#! differs: "*) reason=${line#*: } ;;
	*) [ -z "$name" ] || { [ "$name" = "windows line ends" ] && printf '%s\r\n' "$line" || printf '%s\n' "$line"; } >>Dockerfile ;;
	esac
done <"$here/build_cases.txt"
finish
echo "1..$number"
status=$failed
