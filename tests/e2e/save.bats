# save and load: the archives, other tools with them, and forged ones.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	image_layers
	engine_rest
}
teardown() { engine_clean; }
teardown_file() { engine_end; }

# An image `layers` of three layers: whiteouts, an opaque directory, hard links, attributes; a config of its own.
image_layers() {
	python3 "$BATS_TEST_DIRNAME/image.py" "$T/layers.tar"
	tug load -i "$T/layers.tar" >/dev/null
}
members() { tar tf "$1"; }
member() { tar xOf "$1" "$2"; }

# Every blob of an archive is what its name says.
blobs_right() {
	local name
	for name in $(tar tf "$1" | grep '^blobs/sha256/.'); do
		[ "$(member "$1" "$name" | sha256sum | cut -d' ' -f1)" = "${name##*/}" ] || { echo "$name" >&2; return 1; }
	done
}

@test "an archive has Docker's shape and is an OCI layout" {
	tug save -o "$BATS_TEST_TMPDIR/a.tar" busybox
	blobs_right "$BATS_TEST_TMPDIR/a.tar"
	id=$(tug inspect --format '{{.Id}}' busybox)
	diff=$(tug inspect --format '{{index .RootFS.Layers 0}}' busybox)
	[ "$(member "$BATS_TEST_TMPDIR/a.tar" manifest.json | jq -r '.[0].RepoTags[0]')" = busybox:latest ]
	[ "$(member "$BATS_TEST_TMPDIR/a.tar" manifest.json | jq -r '.[0].Config')" = "blobs/sha256/${id#sha256:}" ]
	[ "$(member "$BATS_TEST_TMPDIR/a.tar" manifest.json | jq -r '.[0].Layers[0]')" = "blobs/sha256/${diff#sha256:}" ]
	[ "$(member "$BATS_TEST_TMPDIR/a.tar" repositories)" = "{\"busybox\":{\"latest\":\"${diff#sha256:}\"}}" ]
	[ "$(member "$BATS_TEST_TMPDIR/a.tar" oci-layout)" = '{"imageLayoutVersion":"1.0.0"}' ]
	[ "$(member "$BATS_TEST_TMPDIR/a.tar" index.json | jq -r '.manifests[0].annotations["io.containerd.image.name"]')" = docker.io/library/busybox:latest ]
	tug save busybox | cmp - "$BATS_TEST_TMPDIR/a.tar"
}

@test "a loaded image is saved with the very bytes of its layers" {
	tug save layers:one >"$BATS_TEST_TMPDIR/a.tar"
	for layer in $(member "$T/layers.tar" manifest.json | jq -r '.[0].Layers[]'); do
		sum=$(member "$T/layers.tar" "$layer" | sha256sum | cut -d' ' -f1)
		member "$T/layers.tar" "$layer" | cmp - <(member "$BATS_TEST_TMPDIR/a.tar" "blobs/sha256/$sum")
	done
}

@test "saved, removed and loaded again it is the same" {
	before=$(tug inspect layers:one layers:two)
	tug save -o "$BATS_TEST_TMPDIR/a.tar" layers
	tug rmi layers:one layers:two >/dev/null
	run -1 tug inspect layers:one
	run -0 tug load -i "$BATS_TEST_TMPDIR/a.tar"
	[[ $output == *"Loaded image: layers:one"* && $output == *"Loaded image: layers:two"* ]]
	after=$(tug inspect layers:one layers:two)
	diff <(jq 'del(.[].Metadata)' <<<"$before") <(jq 'del(.[].Metadata)' <<<"$after")
	[ "$(tug run --rm layers:one /bin/busybox cat /kept /new/file)" = $'kept\nnew' ]
}

@test "several images, IDs and names" {
	id=$(tug inspect --format '{{.Id}}' busybox)
	tug save -o "$BATS_TEST_TMPDIR/a.tar" "$id" layers:two
	[ "$(member "$BATS_TEST_TMPDIR/a.tar" manifest.json | jq -c '[.[].RepoTags]')" = '[null,["layers:two"]]' ]
	[ "$(member "$BATS_TEST_TMPDIR/a.tar" repositories | jq -r 'keys[]')" = layers ]
	run -1 tug save -o "$BATS_TEST_TMPDIR/b.tar" nosuch
	[[ $output == *"No such image: nosuch:latest"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/b.tar" ]
	run -1 tug save --platform linux/s390x busybox
	[[ $output == *"does not provide the specified platform (linux/s390x)"* ]]
}

@test "a damaged layer is not handed on" {
	tug tag layers:one damaged
	layer=$(tug inspect --format '{{index .RootFS.Layers 1}}' layers:one)
	file=$T/data/layers/${layer#sha256:}/diff/new/file
	cp -p "$file" "$BATS_TEST_TMPDIR/file"
	printf NEW | dd of="$file" conv=notrunc status=none
	run -1 tug save -o "$BATS_TEST_TMPDIR/a.tar" damaged
	[ ! -e "$BATS_TEST_TMPDIR/a.tar" ]
	cp -p "$BATS_TEST_TMPDIR/file" "$file"
	tug save -o "$BATS_TEST_TMPDIR/a.tar" damaged
	tug rmi damaged >/dev/null
}

@test "skopeo reads what tug saves, and tug what skopeo writes: ids are kept" {
	command -v skopeo >/dev/null || skip "skopeo is not installed"
	id=$(tug inspect --format '{{.Id}}' layers:one)
	tug save -o "$BATS_TEST_TMPDIR/a.tar" layers:one
	skopeo copy -q "docker-archive:$BATS_TEST_TMPDIR/a.tar" "oci-archive:$BATS_TEST_TMPDIR/b.tar:skopeo:one"
	skopeo copy -q "docker-archive:$BATS_TEST_TMPDIR/a.tar" "docker-archive:$BATS_TEST_TMPDIR/c.tar:skopeo:two"
	mkdir "$BATS_TEST_TMPDIR/layout"
	tar xf "$BATS_TEST_TMPDIR/a.tar" -C "$BATS_TEST_TMPDIR/layout"
	skopeo copy -q "oci:$BATS_TEST_TMPDIR/layout:one" "dir:$BATS_TEST_TMPDIR/dir"
	[ "$(jq -r .config.digest "$BATS_TEST_TMPDIR/dir/manifest.json")" = "$id" ]
	run -0 tug load -i "$BATS_TEST_TMPDIR/c.tar"
	[[ $output == *"Loaded image: skopeo:two"* ]]
	[ "$(tug inspect --format '{{.Id}}' skopeo:two)" = "$id" ]
	tug rmi skopeo:two >/dev/null
	run -0 tug load -i "$BATS_TEST_TMPDIR/b.tar"
	[[ $output == *"Loaded image: skopeo:one"* ]]
	# an OCI configuration is written anew by skopeo only where the media type differs
	[ "$(tug inspect --format '{{json .RootFS}}' skopeo:one)" = "$(tug inspect --format '{{json .RootFS}}' layers:one)" ]
	tug rmi skopeo:one >/dev/null
}

@test "umoci unpacks what tug saves" {
	command -v umoci >/dev/null || skip "umoci is not installed"
	mkdir "$BATS_TEST_TMPDIR/layout"
	tug save layers:one | tar x -C "$BATS_TEST_TMPDIR/layout"
	umoci unpack --image "$BATS_TEST_TMPDIR/layout:one" "$BATS_TEST_TMPDIR/bundle" >/dev/null
	[ "$(cat "$BATS_TEST_TMPDIR/bundle/rootfs/kept" "$BATS_TEST_TMPDIR/bundle/rootfs/new/file")" = $'kept\nnew' ]
	[ ! -e "$BATS_TEST_TMPDIR/bundle/rootfs/gone" ]
	[ ! -e "$BATS_TEST_TMPDIR/bundle/rootfs/opaque/old" ]
	[ -e "$BATS_TEST_TMPDIR/bundle/rootfs/opaque/young" ]
}

@test "docker's own client saves and loads" {
	command -v docker >/dev/null || skip "docker is not installed"
	in_net docker save -o "$BATS_TEST_TMPDIR/a.tar" layers:two
	blobs_right "$BATS_TEST_TMPDIR/a.tar"
	tug rmi layers:two >/dev/null
	run -0 in_net docker load -i "$BATS_TEST_TMPDIR/a.tar"
	[[ $output == *"Loaded image: layers:two"* ]]
}
