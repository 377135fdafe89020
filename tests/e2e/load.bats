# Archives of images: what is whole is loaded, of anything else nothing stays (security: I-01, I-07, I-08, I-16).
load lib

setup_file() { engine_begin; engine_start; engine_rest; }
teardown() { engine_clean; }
teardown_file() { engine_end; }

archive() { python3 "$BATS_TEST_DIRNAME/archives.py" "$@"; }
images() { tug images -a --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort; }
stored() { find "$T"/data/{blobs,layers} | sort; }

# refused WORDS ARCHIVE...: the archive is not loaded, for this reason, and nothing of it is there
refused() {
	local before after
	before=$(images; stored)
	archive "${@:2}" >"$BATS_TEST_TMPDIR/archive.tar"
	run -1 tug load -i "$BATS_TEST_TMPDIR/archive.tar"
	[[ $output == *"$1"* ]] || { echo "said: $output" >&2; return 1; }
	after=$(images; stored)
	[ "$before" = "$after" ] || { diff <(echo "$before") <(echo "$after") >&2; return 1; }
}

@test "an archive of docker save, and an OCI layout" {
	archive docker | tug load >"$BATS_TEST_TMPDIR/out"
	grep -qx 'Loaded image: loaded:docker' "$BATS_TEST_TMPDIR/out"
	archive oci | tug load
	[ "$(tug image inspect -f '{{.Id}}' loaded:oci)" = "$(tug image inspect -f '{{.Id}}' loaded:docker)" ]
	tug rmi loaded:oci loaded:docker
}

@test "a layer that is not what its digest says" {
	refused "its content is" docker diff_id
	refused "" oci layer_bytes
	refused "" oci size
}

@test "a document that is not what its digest says" {
	refused "" oci manifest_bytes
	refused "" oci config_bytes
	refused "" oci config_size
}

@test "digests are digests before they are used" {
	refused "sha256:../../../etc" docker diff_id_text
	refused "" oci digest_text
}

@test "names are looked up in the archive alone" {
	refused "" docker config_path
	refused "" docker config_absolute
	refused "" docker link
	refused "" docker count
}

@test "names of images are checked, and nothing of them reaches the terminal" {
	refused "invalid reference format" docker tag
	[[ $output != *$'\e'* ]]
}

@test "documents that two readers could understand in two ways" {
	refused "" docker twice
	refused "" oci both
}

@test "half an archive, and none" {
	before=$(images; stored)
	for size in 1 511 512 1000 1536 2600; do
		archive docker | head -c "$size" >"$BATS_TEST_TMPDIR/cut"
		run -1 tug load -i "$BATS_TEST_TMPDIR/cut"
	done
	[ "$before" = "$(images; stored)" ]
	head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
	run -1 tug load -i "$BATS_TEST_TMPDIR/noise"
	run -1 tug load -i /dev/null
}
