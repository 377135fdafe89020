# Damage to the store (F-06): contained to its object, named by fsck, never in the way of the engine's start.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	engine_rest
	python3 "$BATS_TEST_DIRNAME/image.py" "$T/layers.tar"
}
teardown_file() { engine_end; }
setup() { tug load -i "$T/layers.tar" >/dev/null; }
teardown() {
	local status=0
	[ ! -e "$T/registry.pid" ] || { kill "$(cat "$T/registry.pid")"; rm "$T/registry.pid"; }
	engine_clean || status=1
	tug rmi -f layers:one layers:two localhost:5000/layers:two >/dev/null 2>&1 || true
	return $status
}

layer() { tug inspect --format "{{index .RootFS.Layers $2}}" "$1" | sed 's/sha256://'; }
image_id() { tug inspect --format '{{.Id}}' "$1" | sed 's/sha256://'; }

# damages WHAT FILE: zeroed, torn, gone, a folder, another's
damage() {
	case $1 in
	zeroed) dd if=/dev/zero of="$2" bs="$(stat -c %s "$2")" count=1 conv=notrunc status=none ;;
	torn) truncate -s "$(($(stat -c %s "$2") / 2))" "$2" ;;
	gone) rm "$2" ;;
	folder) rm "$2"; mkdir "$2" ;;
	swapped) cp "$(find "$(dirname "$2")" -type f ! -samefile "$2" | head -1)" "$2" ;;
	esac
}
# A child of the engine that was just being started may hold its socket for a moment longer.
socket_dead() { ! socat -u OPEN:/dev/null "UNIX-CONNECT:$SOCKET" 2>/dev/null; }
engine_killed() { engine_stop KILL; wait_for socket_dead; }
restore() { rm -rf "$2"; cp -p "$1" "$2"; }

@test "a whole store" {
	tug run --rm hello >/dev/null
	tug save hello | tar t >/dev/null
	run -0 tug system fsck
	[[ $output == *" read: nothing is damaged" ]]
	[ "$(api '/system/fsck' -X POST | jq '.Problems | length')" = 0 ]
}

@test "a file of a layer" {
	new=$T/data/layers/$(layer layers:two 1)
	cp -p "$new/diff/new/file" "$BATS_TEST_TMPDIR/file"
	for kind in zeroed torn gone folder; do
		damage $kind "$new/diff/new/file"
		run -1 tug system fsck
		[[ $output == *"layer sha256:${new##*/} of "*"layers:one"*"layers:two"* ]]
		[[ $output == *"1 damaged, 0 repaired" ]]
		[ "$(tug run --rm layers:one /bin/busybox cat /kept)" = kept ]
		engine_killed; engine_start
		tug images -q >/dev/null
		restore "$BATS_TEST_TMPDIR/file" "$new/diff/new/file"
	done
	tug system fsck >/dev/null
}

@test "what a layer's tar is made of" {
	new=$T/data/layers/$(layer layers:two 1)
	cp -p "$new/split" "$BATS_TEST_TMPDIR/split"
	for kind in zeroed torn gone folder; do
		damage $kind "$new/split"
		run -1 tug system fsck
		[[ $output == *"layer sha256:${new##*/}"*"1 damaged, 0 repaired" ]]
		run -1 tug save -o "$BATS_TEST_TMPDIR/out.tar" layers:two
		[ "$(tug run --rm layers:two /bin/busybox cat /top)" = top ]
		restore "$BATS_TEST_TMPDIR/split" "$new/split"
	done
	tug system fsck >/dev/null
}

@test "an image's configuration" {
	config=$T/data/blobs/sha256/$(image_id layers:two)
	cp -p "$config" "$BATS_TEST_TMPDIR/config"
	for kind in zeroed torn gone swapped folder; do
		damage $kind "$config"
		run -1 tug system fsck
		[[ $output == *"blob sha256:${config##*/} of layers:two: "*"1 damaged, 0 repaired" ]]
		[ "$(tug images --format '{{.Repository}}:{{.Tag}}' | grep -c layers)" = 2 ]
		run ! tug run --rm layers:two /bin/busybox true
		[ "$(tug run --rm layers:one /bin/busybox cat /kept)" = kept ]
		engine_killed; engine_start
		[ "$(tug images --format '{{.Repository}}:{{.Tag}}' | grep -c layers)" = 2 ]
		restore "$BATS_TEST_TMPDIR/config" "$config"
	done
	tug rmi layers:two >/dev/null
}

@test "the layers of two images swapped" {
	one=$T/data/layers/$(layer layers:two 1) two=$T/data/layers/$(layer layers:two 2)
	mv "$one" "$T/data/x"; mv "$two" "$one"; mv "$T/data/x" "$two"
	run -1 tug system fsck
	[[ $output == *"${one##*/}"*"its content is sha256:${two##*/}"* && $output == *"2 damaged, 0 repaired" ]]
	mv "$one" "$T/data/x"; mv "$two" "$one"; mv "$T/data/x" "$two"
	tug system fsck >/dev/null
}

@test "a layer is unpacked again from its blob, and a blob is forgotten" {
	command -v docker-registry >/dev/null || skip "docker-registry is not installed"
	mkdir -p "$BATS_TEST_TMPDIR/registry"
	cat >"$BATS_TEST_TMPDIR/registry.yml" <<-END
		version: 0.1
		storage: {filesystem: {rootdirectory: $BATS_TEST_TMPDIR/registry}}
		http: {addr: "127.0.0.1:5000"}
	END
	nsenter --net="$NET" docker-registry serve "$BATS_TEST_TMPDIR/registry.yml" >/dev/null 2>&1 3>&- &
	echo $! >"$T/registry.pid"
	wait_for in_net curl -s -o /dev/null http://127.0.0.1:5000/v2/
	tug tag layers:two localhost:5000/layers:two
	tug push -q localhost:5000/layers:two
	tug rmi -f localhost:5000/layers:two layers:one layers:two >/dev/null
	tug pull -q localhost:5000/layers:two
	new=$T/data/layers/$(layer localhost:5000/layers:two 1)
	damage zeroed "$new/diff/new/file"
	rm "$new/diff/opaque/young"
	run -1 tug system fsck
	tug run -d --name user localhost:5000/layers:two /bin/busybox sleep 1000 >/dev/null
	run -1 tug system fsck --repair
	[[ $output == *"stop the containers that run on it"* ]]
	tug rm -f user >/dev/null
	run -0 tug system fsck --repair
	[[ $output == *"repaired: unpacked again from the blob that it came in"*"1 damaged, 1 repaired" ]]
	[ "$(tug run --rm localhost:5000/layers:two /bin/busybox cat /new/file /opaque/young)" = $'new\nyoung' ]
	blob=$(find "$T/data/blobs/sha256" -type f -size +100k | head -1)
	damage torn "$blob"
	run -0 tug system fsck --repair
	[[ $output == *"blob sha256:${blob##*/}"*"repaired: forgotten"* ]]
	tug system fsck >/dev/null
	tug push -q localhost:5000/layers:two
	tug rmi -f localhost:5000/layers:two >/dev/null
}
