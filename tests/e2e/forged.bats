# Forged layers (I-01, I-03, I-04, I-05): what tug makes of them beside GNU tar and bsdtar; bombs; full disks (F-07).
load lib

setup_file() {
	engine_begin
	mount -t tmpfs -o size=160m,nr_inodes=20000 tug-forged "$T/data"
	engine_start
	image_busybox
	engine_rest
}
teardown_file() {
	local status=0
	tugd --purge >/dev/null 2>&1 || true
	engine_stop
	umount "$T/data"
	rm -f "$T/engine.pid"
	engine_end || status=1
	return $status
}
teardown() { engine_clean; }
setup() { cd "$BATS_TEST_TMPDIR"; }

@test "hundreds of archives: every difference to other readers has its reason" {
	mkdir work
	run -0 python3 "$BATS_TEST_DIRNAME/forged.py" matrix "$TUG_BIN/tugd" "$PWD/work" "$PWD/differences"
	echo "$output"
	[[ $output == *" archives, "*" differences with a reason, 0 without"* ]]
	[ "${output%% *}" -ge 500 ]
	[ ! -e /tmp/tug-escaped ]
}

# refused WORDS: import of standard input fails with these words, the store stays as it is, and all else works
refused() {
	local before
	before=$(find "$T/data/layers" "$T/data/blobs" | sort)
	run -1 tug import - bomb
	[[ $output == *"$1"* ]] || { echo "said: $output" >&2; return 1; }
	[ "$before" = "$(find "$T/data/layers" "$T/data/blobs" | sort)" ]
	run -1 tug inspect bomb
	wait_for sh -c "[ -z \"\$(ls '$T/data/staging' '$T/data/trash' | grep -vE '^$|:$')\" ]"
	[ "$(tug run --rm busybox echo works)" = works ]
}

@test "bombs: zeros by the gigabyte, files by the thousand, depth" {
	python3 - >zeros.gz <<-END
		import gzip, sys, tarfile, io
		out = gzip.GzipFile(fileobj=sys.stdout.buffer, mode="wb", compresslevel=9)
		info = tarfile.TarInfo("zeros"); info.size = 1 << 30
		out.write(info.tobuf())
		for i in range(1024): out.write(bytes(1 << 20))
		out.write(bytes(1024)); out.close()
	END
	refused "the layer does not fit: less than 64 MiB would stay free on the disk" <zeros.gz
	python3 - >many.tar <<-END
		import sys, tarfile
		out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
		for i in range(30000): out.addfile(tarfile.TarInfo("f%d" % i))
		out.close()
	END
	refused "No space left on device" <many.tar
	python3 - >deep.tar <<-END
		import sys, tarfile
		out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT)
		out.addfile(tarfile.TarInfo("d/" * 900 + "f"))
		out.close()
	END
	refused "directories deep" <deep.tar
}

@test "a full disk: what is there goes on, and can be removed" {
	tug run -d --name runs busybox sh -c 'while :; do echo line; sleep 0.1; done' >/dev/null
	tug create --name stopped busybox true >/dev/null
	tug tag busybox second
	head -c 1G /dev/zero >"$T/data/fill" 2>/dev/null || true
	[ "$(df --output=avail "$T/data" | tail -1)" -lt 64 ]
	[ "$(tug ps --format '{{.Names}}')" = runs ]
	[ "$(tug images -q busybox | wc -l)" = 1 ]
	tug logs --tail 1 runs | grep -q line
	echo x >x; tar cf x.tar x
	run -1 tug import x.tar full
	run -1 tug inspect full
	run ! tug commit runs full
	rm "$T/data/fill"
	tug stop -t 0 runs >/dev/null
	tug rm runs stopped >/dev/null
	tug import x.tar full >/dev/null
	tug system fsck >/dev/null
}
