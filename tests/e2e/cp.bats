# cp, export, diff: a container's files from outside, while it runs and while it does not.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
setup() { cd "$BATS_TEST_TMPDIR"; }
teardown() { engine_clean; }

# both NAME [OPTION]... -- a container that runs as NAME-on, and one that was stopped as NAME-off
both() {
	tug run -d --name "$1-on" "${@:2}" busybox sh -c "$SETUP; echo ready; exec sleep 1000" >/dev/null
	wait_for sh -c "'$TUG_BIN/tug' logs $1-on | grep -q ready"
	tug create --name "$1-off" "${@:2}" busybox sh -c "$SETUP" >/dev/null
	tug start -a "$1-off" >/dev/null
}

@test "a file to a file, to a new name, into a directory, and back" {
	SETUP='mkdir -p /d /srv/x; echo old >/old' both c
	echo text >file; chmod 640 file
	for c in c-on c-off; do
		tug cp file $c:/new
		tug cp file $c:/old
		tug cp file $c:/d
		tug cp file $c:/d/other
		tug cp file $c:/srv/x/
		run -1 tug cp file $c:/nosuch/file
		[[ $output == *"Could not find the file /nosuch in container $c"* ]]
		run -1 tug cp file $c:/nosuch/
		[[ $output == *"no such directory"* ]]
		for path in new old d/file d/other srv/x/file; do
			tug cp $c:/$path back
			cmp file back
			[ "$(stat -c %a back)" = 640 ]
			rm back
		done
		mkdir dir
		tug cp $c:/d/other dir
		tug cp $c:/d/other dir/third
		[ "$(cat dir/other dir/third)" = $'text\ntext' ]
		rm -r dir
		run -1 tug cp $c:/nosuch back
		[[ $output == *"Could not find the file /nosuch in container $c"* ]]
		run -1 tug cp $c:/d/other nosuch/
		[[ $output == *"no such directory"* ]]
		run -1 tug cp $c:/d/other no/such
		[[ $output == *'directory "no" does not exist'* ]]
	done
	run -1 tug cp nosuch c-on:/
	[[ $output == "lstat "*"nosuch: no such file or directory" ]]
	run -1 tug cp c-on:/x c-off:/y
	[ "$output" = "copying between containers is not supported" ]
	run -1 tug cp file file2
	[ "$output" = "must specify at least one container source" ]
	run -1 tug cp file nosuch:/x
	[[ $output == *"No such container: nosuch"* ]]
}

@test "what is copied takes no device's place" {
	SETUP='ln -s x /link' both c
	mknod device c 1 3
	mkfifo fifo
	for c in c-on c-off; do
		for path in /link /bin/busybox; do
			run -1 tug cp $c:$path device
			[[ $output == *'invalid output path: "device" must be a directory or a regular file: got a device'* ]]
			run -1 tug cp $c:$path fifo
		done
	done
	[ -c device ]
	[ -p fifo ]
}

@test "directories: whole, their contents, new names" {
	SETUP='mkdir -p /have; echo f >/plain' both c
	mkdir -p src/sub; echo a >src/a; echo b >src/sub/b; ln -s a src/link
	for c in c-on c-off; do
		tug cp src $c:/have
		tug cp src $c:/fresh
		tug cp src/. $c:/have
		tug cp src/. $c:/fresher
		run -1 tug cp src $c:/plain
		[[ $output == *"cannot copy directory"* ]]
		for path in have/src fresh have fresher; do
			tug cp $c:/$path back
			[ "$(cat back/a back/sub/b; readlink back/link)" = $'a\nb\na' ]
			rm -r back
		done
		mkdir back
		tug cp $c:/fresh back
		tug cp $c:/fresh/. back
		[ "$(cat back/fresh/sub/b back/sub/b)" = $'b\nb' ]
		rm -r back
		# a directory where a file is, and the other way round
		mkdir -p clash/a
		run -1 tug cp clash/. $c:/fresh
		[[ $output == *"cannot overwrite non-directory"*"with directory"* ]]
		rm -r clash
		mkdir clash; echo x >clash/sub
		run -1 tug cp clash/. $c:/fresh
		[[ $output == *"cannot overwrite directory"*"with non-directory"* ]]
		rm -r clash
	done
}

@test "links of the container lead where they lead in the container" {
	SETUP='mkdir -p /real/deep; echo in >/real/f; ln -s /real /abs; ln -s ../real/f /real/rel; ln -s /etc/hostname-of-host /dangling; ln -s /../../real /up; ln -s /real/f /tof' both c
	echo new >file
	for c in c-on c-off; do
		tug cp $c:/abs/f back; [ "$(cat back)" = in ]; rm back
		tug cp $c:/up/f back; [ "$(cat back)" = in ]; rm back
		tug cp $c:/abs back; [ "$(readlink back)" = /real ]; rm back
		tug cp -L $c:/abs back; [ "$(cat back/f)" = in ]; rm -r back
		mkdir back
		tug cp -L $c:/tof back; [ "$(cat back/tof)" = in ]; rm -r back
		tug cp $c:/abs/ back; [ "$(cat back/f)" = in ]; rm -r back
		tug cp file $c:/abs
		tug cp $c:/real/file back; [ "$(cat back)" = new ]; rm back
		tug cp file $c:/tof
		tug cp $c:/real/f back; [ "$(cat back)" = new ]; rm back
		run -1 tug cp $c:/dangling/x back
	done
	ln -s file link
	tug cp link c-on:/copied; tug cp c-on:/copied back; [ "$(readlink back)" = file ]; rm back
	tug cp -L link c-on:/copied2; tug cp c-on:/copied2 back; [ "$(cat back)" = new ]
}

@test "tars from standard input and to standard output" {
	SETUP='mkdir /d' both c
	mkdir src; echo a >src/a; mknod src/null c 1 3; mkfifo src/pipe; chown 12:34 src/a; setfattr -n user.note -v yes src/a
	for c in c-on c-off; do
		tar -C src --xattrs -c . | tug cp - $c:/d
		tar -C src --xattrs -cz . | tug cp - $c:/d
		tug cp $c:/d - | tar tvf - --numeric-owner >list
		grep -qE '^-rw-r--r-- 12/34 .* d/a$' list
		grep -qE '^crw.* 1,3 .* d/null$' list
		grep -qE '^p.* d/pipe$' list
		run -1 tug cp - $c:/d/a <src/a
		[[ $output == *"must be a directory"* ]]
		run -1 tug cp - $c:/d <src/a
		[[ $output == *"bad archive"* ]]
	done
	tug cp c-on:/d/. back
	getfattr -n user.note back/a | grep -q yes
}

@test "volumes and binds are part of it; read-only ones are not written" {
	mkdir bind ro; echo b >bind/b; echo r >ro/r; echo x >x
	SETUP=true both c -v "$PWD/bind:/bind" -v "$PWD/ro:/ro:ro"
	for c in c-on c-off; do
		tug cp $c:/bind/b back; [ "$(cat back)" = b ]; rm back
		tug cp x $c:/bind/$c; [ "$(cat bind/$c)" = x ]
		run -1 tug cp x $c:/ro/x
		[[ $output == *"mounted volume is marked read-only"* ]]
		[ "$(api "/containers/$c/archive?path=/ro" -X PUT --data-binary @/dev/null -o /dev/null -w '%{http_code}')" = 403 ]
	done
	tug rm -f c-on c-off >/dev/null
	SETUP=true both c --read-only -v "$PWD/bind:/bind"
	for c in c-on c-off; do
		run -1 tug cp x $c:/tmp
		[[ $output == *"container rootfs is marked read-only"* ]]
		tug cp x $c:/bind/x2
		rm bind/x2
	done
}

@test "owners: the archive's, or the container's user with -a" {
	SETUP=true both c -u 123:45
	echo x >x; chown 7:8 x
	for c in c-on c-off; do
		tug cp x $c:/tmp/plain
		tug cp -a x $c:/tmp/archive
		tug cp $c:/tmp - | tar tvf - --numeric-owner >list
		grep -qE ' 7/8 .*tmp/plain$' list
		grep -qE ' 123/45 .*tmp/archive$' list
		tug cp $c:/tmp/archive back; [ "$(stat -c %u back)" = 0 ]; rm back
		tug cp -a $c:/tmp/archive back; [ "$(stat -c %u:%g back)" = 123:45 ]; rm back
	done
}

@test "a container that never ran" {
	tug create --name one busybox true >/dev/null
	echo x >x
	tug cp x one:/tmp/x
	tug cp one:/tmp/x back
	cmp x back
	[ "$(tug diff one)" = $'C /tmp\nA /tmp/x' ]
	tug create --name two busybox true >/dev/null
	[ -z "$(tug diff two)" ]
	tug cp two:/etc/passwd - | tar xO | grep -q root
}

@test "the header says what it is" {
	SETUP='echo hello >/f; chmod 4755 /f; ln -s /f /l; mkdir /d; chmod 1777 /d' both c
	stat_of() { api "/containers/c-on/archive?path=$1" -I | tr -d '\r' | sed -n 's/^X-Docker-Container-Path-Stat: //p' | base64 -d; }
	[ "$(stat_of /f | jq -c '[.name,.size,.mode,.linkTarget]')" = '["f",6,8389101,""]' ]
	[ "$(stat_of /l | jq -c '[.name,.mode,.linkTarget]')" = '["l",134218239,"/f"]' ]
	[ "$(stat_of /d | jq -c '[.name,.mode]')" = '["d",2148532735]' ]
	[ "$(stat_of / | jq -c '.name')" = '"/"' ]
	[ "$(api '/containers/c-on/archive?path=/nosuch' -I -o /dev/null -w '%{http_code}')" = 404 ]
	[ "$(api '/containers/c-on/archive' -I -o /dev/null -w '%{http_code}')" = 400 ]
	[ "$(api '/containers/c-on/archive?path=/f/' -o /dev/null -w '%{http_code}')" = 400 ]
	[ "$(api '/containers/c-on/archive?path=/f' -X PUT --data-binary @/dev/null -o /dev/null -w '%{http_code}')" = 400 ]
}

@test "what the kernel makes up is left out, what lies in memory is not" {
	SETUP='echo m >/dev/shm/m' both c
	tug cp c-on:/dev/shm/m back; [ "$(cat back)" = m ]
	tug cp c-on:/ - | tar t >list
	grep -q '^/proc/$' list
	! grep -qE '^/(proc|sys)/.' list
}

@test "export is the whole root file system" {
	SETUP='echo n >/new; rm /www/index.html; ln /new /hard' both c -v /tmp:/vol
	for c in c-on c-off; do
		tug export $c | tar tv >list
		grep -qE ' bin/busybox( link to .*)?$' list
		grep -qE ' new link to hard$' list
		! grep -q 'www/index.html' list
		! grep -qE ' vol/.' list
	done
	tug export -o e.tar c-off
	tug import e.tar again >/dev/null
	[ "$(tug run --rm again /bin/busybox cat /hard)" = n ]
	tug rmi again >/dev/null
	run -1 tug export nosuch
	[[ $output == *"No such container: nosuch"* ]]
}

@test "diff: added, changed, deleted, made anew" {
	SETUP='echo n >/new; echo c >>/etc/passwd; rm /www/index.html; rm -r /tmp; mkdir /tmp; mkdir -p /a/b; touch /a/b/c' both c
	expected=$'A /a\nA /a/b\nA /a/b/c\nC /etc\nC /etc/passwd\nA /new\nC /tmp\nC /www\nD /www/index.html'
	for c in c-on c-off; do
		diff <(echo "$expected") <(tug diff $c)
	done
	[ "$(api /containers/c-off/changes | jq -c '.[] | select(.Path == "/new")')" = '{"Path":"/new","Kind":1}' ]
}

@test "a container that swaps links meanwhile reaches nothing of the host" {
	mkdir canary; echo safe >canary/file; cp -a canary before
	tug run -d --name swap busybox sh -c "mkdir -p /good $PWD/canary /at; echo in >/good/file
		while :; do ln -sfn $PWD/canary /at/x; rm -f /at/x; mkdir /at/x 2>/dev/null; rmdir /at/x 2>/dev/null; ln -sfn /good /at/x; done" >/dev/null
	mkdir src; echo evil >src/file
	for ((i = 0; i < 40; i++)); do
		tug cp src/. swap:/at/x >/dev/null 2>&1 || true
		tug cp src/file swap:/at/x/file >/dev/null 2>&1 || true
		tar -C src -c file | tug cp - swap:/at/x >/dev/null 2>&1 || true
		rm -rf back
		if tug cp swap:/at/x/file back >/dev/null 2>&1 && [ -f back ]; then
			[ "$(cat back)" != safe ]
		fi
	done
	diff -r before canary
	[ "$(stat -c %a:%u:%Y canary/file)" = "$(stat -c %a:%u:%Y before/file)" ]
}

@test "archives that want out stay in" {
	SETUP=true both c
	mkdir canary; echo safe >canary/file
	python3 "$BATS_TEST_DIRNAME/forged.py" escapes . "$PWD/canary"
	for c in c-on c-off; do
		for tar in escape-*.tar; do
			tug cp - $c:/tmp <"$tar" >/dev/null 2>&1 || true
		done
	done
	[ "$(ls canary; cat canary/file)" = $'file\nsafe' ]
	[ ! -e /tmp/tug-escaped ]
}

@test "docker's own client copies" {
	command -v docker >/dev/null || skip "docker is not installed"
	SETUP='mkdir /d' both c
	mkdir src; echo a >src/a
	for c in c-on c-off; do
		in_net docker cp -q src $c:/d
		in_net docker cp -q $c:/d/src back
		diff -r src back
		in_net docker cp -q $c:/d/src/a - | tar xO | cmp - src/a
		in_net docker diff $c | grep -q 'A /d/src/a'
		in_net docker export $c | tar xO d/src/a | cmp - src/a
		rm -r back
	done
}
