# Volumes and mounts: the commands, what containers see of them, copy-up, removal, prune, and what is refused.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	image_data
}
teardown_file() { engine_end; }
teardown() {
	local ids
	ids=$(tug ps -aq)
	[ -z "$ids" ] || tug rm -f $ids >/dev/null
	ids=$(tug volume ls -q)
	[ -z "$ids" ] || tug volume rm $ids >/dev/null
	engine_clean
}

# An image with two layers: data in both, links, a place behind a link, and volumes of its own.
image_data() {
	local root=$T/root
	mkdir -p "$root"/{bin,srv/data/sub,etc,tmp,run,var}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in sh ls cat stat id touch mkdir ln test sleep mount readlink; do ln -s busybox "$root/bin/$applet"; done
	echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
	echo one >"$root/srv/data/one"
	echo two >"$root/srv/data/sub/two"
	ln "$root/srv/data/one" "$root/srv/data/same"
	ln -s /etc/passwd "$root/srv/data/link"
	chown 70:71 "$root/srv/data"
	chmod 1770 "$root/srv/data"
	chmod 4711 "$root/srv/data/sub/two"
	ln -s /srv/data "$root/through"
	ln -s ../../../../../../etc "$root/up"
	ln -s /run "$root/var/run"
	tar -C "$root" -cf "$T/data.tar" .
	tug import "$T/data.tar" data >/dev/null
	tug import --change 'VOLUME /srv/data' --change 'VOLUME /../../up' --change 'CMD ["sh"]' "$T/data.tar" withvolume >/dev/null
	rm -r "$root" "$T/data.tar"
}

status_of() { api "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }
post() { api "$1" -X POST -H 'Content-Type: application/json' -d "$2" "${@:3}"; }

@test "create, ls, inspect, rm" {
	[ "$(tug volume create --label a=1 --label b one)" = one ]
	[ "$(tug volume create one)" = one ]
	anonymous=$(tug volume create)
	[[ $anonymous =~ ^[0-9a-f]{64}$ ]]
	[ "$(tug volume inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{json .Labels}} {{json .Options}}' one)" = \
		"one local local $T/data/volumes/one/_data {\"a\":\"1\",\"b\":\"\"} null" ]
	[ "$(tug volume inspect -f '{{json .Labels}}' "$anonymous")" = '{"com.docker.volume.anonymous":""}' ]
	[ "$(tug inspect -f '{{.Name}}' one)" = one ]
	[ "$(tug volume ls --filter name=one)" = "$(printf 'DRIVER    VOLUME NAME\nlocal     one')" ]
	[ "$(tug volume ls -q --filter label=a=1)" = one ]
	[ "$(tug volume ls -q --filter label=a=2)" = "" ]
	[ "$(tug volume ls -q --filter driver=local --filter dangling=true | wc -l)" = 2 ]
	[ "$(tug volume ls -q --filter dangling=false)" = "" ]
	[ "$(tug volume ls --format '{{.Driver}} {{.Name}} {{.Label "a"}}' --filter name=one)" = "local one 1" ]
	[ "$(tug volume ls --format json --filter name=one | jq -r .Mountpoint)" = "$T/data/volumes/one/_data" ]
	[ "$(tug volume rm one "$anonymous")" = "$(printf 'one\n%s' "$anonymous")" ]
	[ ! -e "$T/data/volumes/one" ]
}

@test "names in their natural order" {
	for name in data10 data9 data1; do tug volume create $name >/dev/null; done
	[ "$(tug volume ls -q | tr '\n' ' ')" = "data1 data9 data10 " ]
}

@test "what the API answers, byte for byte" {
	[ "$(post /volumes/create '{"Name":"vv"}' | jq -c 'del(.CreatedAt,.Mountpoint)')" = \
		'{"Driver":"local","Labels":null,"Name":"vv","Options":null,"Scope":"local"}' ]
	[ "$(status_of /volumes/create -X POST -H 'Content-Type: application/json' -d '{"Name":"vv"}')" = 201 ]
	[[ $(api /volumes/vv | jq -r .CreatedAt) =~ ^20[0-9-]+T[0-9:]+Z$ ]]
	[ "$(api /volumes | jq -c '[.Volumes[].Name], .Warnings' | tr '\n' ' ')" = '["vv"] null ' ]
	[ "$(status_of /volumes/vv -X DELETE)" = 204 ]
	[ "$(status_of /volumes/vv -X DELETE)" = 404 ]
	[ "$(status_of '/volumes/vv?force=1' -X DELETE)" = 204 ]
	[ "$(api /volumes/vv)" = '{"message":"get vv: no such volume"}' ]
	[ "$(status_of '/volumes?filters=%7B%22x%22%3A%5B%22y%22%5D%7D')" = 400 ]
	[[ $(api '/volumes?filters=%7B%22x%22%3A%5B%22y%22%5D%7D') == *"invalid filter 'x'"* ]]
	[ "$(post /volumes/prune '')" = '{"VolumesDeleted":null,"SpaceReclaimed":0}' ]
}

@test "bad names, drivers and options are refused, and nothing is made" {
	check() { # check BODY STATUS TEXT
		[ "$(status_of /volumes/create -X POST -H 'Content-Type: application/json' -d "$1")" = "$2" ]
		[ "$(post /volumes/create "$1" | jq -r .message)" = "$3" ]
	}
	words='includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
	check '{"Name":"a"}' 400 'create a: volume name is too short, names should be at least two alphanumeric characters'
	check '{"Name":"../x"}' 400 "create ../x: \"../x\" $words"
	check '{"Name":"a/b"}' 400 "create a/b: \"a/b\" $words"
	check '{"Name":".."}' 400 "create ..: \"..\" $words"
	check '{"Name":"vv","Driver":"nosuch"}' 404 'create vv: error looking up volume plugin nosuch: plugin "nosuch" not found'
	check '{"Name":"vv","DriverOpts":{"typ":"x"}}' 400 'create vv: invalid option: "typ"'
	check '{"Name":"vv","DriverOpts":{"type":"tmpfs"}}' 400 'create vv: missing required option: "device"'
	check '{"Name":"vv","DriverOpts":{"size":"1m"}}' 400 'create vv: quota size requested but no quota support'
	[ -z "$(tug volume ls -q)" ]
	[ -z "$(ls "$T/data/volumes")" ]
}

@test "a volume outlives its containers and is shared by them" {
	tug run --rm -v shared:/data busybox sh -c 'echo kept >/data/file'
	[ "$(tug run --rm -v shared:/data:ro busybox cat /data/file)" = kept ]
	[ "$(tug run --rm --mount source=shared,target=/d,readonly busybox sh -c 'touch /d/x 2>&1; cat /d/file')" = "$(printf 'touch: /d/x: Read-only file system\nkept')" ]
	tug run -d --name holds -v shared:/data busybox sleep 100 >/dev/null
	tug exec holds sh -c 'echo more >/data/more'
	[ "$(tug run --rm -v shared:/x busybox cat /x/more)" = more ]
	[ "$(tug inspect -f '{{range .Mounts}}{{.Type}} {{.Name}} {{.Source}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}} [{{.Propagation}}]{{end}}' holds)" = \
		"volume shared $T/data/volumes/shared/_data /data local z true []" ]
	run -1 tug volume rm shared
	[ "$output" = "Error response from daemon: remove shared: volume is in use - [$(tug inspect -f '{{.Id}}' holds)]" ]
	run -1 tug volume rm -f shared
	[ "$(tug ps -q --filter volume=shared | wc -l)" = 1 ]
	[ "$(tug volume ls -q --filter dangling=false)" = shared ]
	tug rm -f holds >/dev/null
	[ "$(tug volume rm shared)" = shared ]
}

@test "copy-up: once, whole, only into what is empty" {
	tug create --name c1 -v copy:/srv/data data sh >/dev/null
	root=$T/data/volumes/copy/_data
	[ "$(cat "$root/one" "$root/sub/two")" = "$(printf 'one\ntwo')" ]
	[ "$(stat -c '%u:%g %a' "$root")" = "70:71 1770" ]
	[ "$(stat -c '%a' "$root/sub/two")" = 4711 ]
	[ "$(stat -c '%i' "$root/one")" = "$(stat -c '%i' "$root/same")" ]
	[ "$(readlink "$root/link")" = /etc/passwd ]
	rm -r "$root"/*
	tug create --name c2 -v copy:/srv/data data sh >/dev/null
	[ -z "$(ls "$root")" ]
	tug volume create full >/dev/null
	touch "$T/data/volumes/full/_data/mine"
	tug create --name c3 -v full:/srv/data data sh >/dev/null
	[ "$(ls "$T/data/volumes/full/_data")" = mine ]
	tug create --name c4 -v none:/srv/data:nocopy data sh >/dev/null
	tug create --name c5 --mount src=none2,dst=/srv/data,volume-nocopy data sh >/dev/null
	[ -z "$(ls "$T/data/volumes/none/_data" "$T/data/volumes/none2/_data" | grep -v :)" ]
	tug create --name c6 -v /srv/data data sh >/dev/null
	name=$(tug inspect -f '{{(index .Mounts 0).Name}}' c6)
	[ "$(cat "$T/data/volumes/$name/_data/one")" = one ]
	tug create --name c7 -v elsewhere:/nosuch data sh >/dev/null
	[ -z "$(ls "$T/data/volumes/elsewhere/_data")" ]
	[ -z "$(ls "$T/data/staging")" ]
	tug rm -v c6 >/dev/null
}

@test "copy-up stays inside the image: C-08" {
	canary_make
	tug create --name c1 -v v1:/through data sh >/dev/null
	[ "$(cat "$T/data/volumes/v1/_data/one")" = one ]
	tug create --name c2 -v v2:/up data sh >/dev/null
	[ "$(ls "$T/data/volumes/v2/_data")" = passwd ]
	tug create --name c3 withvolume >/dev/null
	for name in $(tug inspect -f '{{range .Mounts}}{{.Name}} {{end}}' c3); do
		[ ! -e "$T/data/volumes/$name/_data/shadow" ]
	done
	[ "$(tug inspect -f '{{range .Mounts}}{{.Destination}} {{end}}' c3)" = "/srv/data /up " ]
	tug rm -v c3 >/dev/null
	canary_same
}

# A tree on the host that no container may touch.
canary_make() {
	mkdir -p "$T/canary/sub"
	echo canary >"$T/canary/sub/file"
	canary_list >"$T/canary.before"
}
canary_list() { find "$T/canary" -printf '%p %y %m %U:%G %i %n %s %T@\n' | sort; cat "$T/canary/sub/file"; }
canary_same() { canary_list | cmp - "$T/canary.before"; }

@test "anonymous volumes go with rm -v and --rm, others stay" {
	tug run --name c1 -v /anon -v named:/named busybox sh -c 'echo x >/anon/x; echo y >/named/y'
	[ "$(tug volume ls -q | wc -l)" = 2 ]
	tug rm c1 >/dev/null
	[ "$(tug volume ls -q | wc -l)" = 2 ]
	tug run --name c2 -v /anon busybox true
	[ "$(tug volume ls -q | wc -l)" = 3 ]
	tug rm -v c2 >/dev/null
	[ "$(tug volume ls -q | wc -l)" = 2 ]
	tug run --rm -v /anon -v named2:/n busybox true
	[ "$(tug volume ls -q | wc -l)" = 3 ]
	tug run --rm withvolume test -e /srv/data/one
	[ "$(tug volume ls -q | wc -l)" = 3 ]
}

@test "volumes-from" {
	tug create --name source -v /anon -v named:/named -v "$T:/host:ro" busybox sh >/dev/null
	tug run --rm --volumes-from source busybox sh -c 'echo a >/anon/a; echo n >/named/n; test -d /host/data'
	[ "$(tug volume ls -q | wc -l)" = 2 ]
	[ "$(tug run --rm --volumes-from source:ro busybox sh -c 'cat /anon/a /named/n; touch /anon/b 2>&1')" = \
		"$(printf 'a\nn\ntouch: /anon/b: Read-only file system')" ] || [ "$?" = 1 ]
	tug create --name user --volumes-from source -v other:/named busybox sh >/dev/null
	[ "$(tug inspect user | jq -r '.[0].Mounts[] | select(.Destination == "/named").Name')" = other ]
	# in use by user: it stays
	tug rm -v source >/dev/null
	[ "$(tug volume ls -q --filter dangling=false | wc -l)" = 2 ]
	tug rm -v user >/dev/null
	[ "$(tug volume ls -q | sort | tr '\n' ' ')" = "named other " ]
	run -125 tug run --rm --volumes-from nosuch busybox true
	[[ $output == *"No such container: nosuch"* ]]
	tug create --name s2 busybox sh >/dev/null
	run -125 tug run --rm --volumes-from s2:rx busybox true
	[[ $output == *"invalid mode: rx"* ]]
}

@test "a part of a volume" {
	tug run --rm -v parts:/data busybox sh -c 'mkdir -p /data/a/b; echo deep >/data/a/b/f; ln -s ../../../../etc /data/out; ln -s /a /data/inside'
	[ "$(tug run --rm --mount src=parts,dst=/d,volume-subpath=a/b busybox cat /d/f)" = deep ]
	[ "$(tug run --rm --mount src=parts,dst=/d,volume-subpath=inside/b busybox cat /d/f)" = deep ]
	[ "$(tug run --rm --mount src=parts,dst=/d/f,volume-subpath=a/b/f busybox cat /d/f)" = deep ]
	run -127 tug run --rm --mount src=parts,dst=/d,volume-subpath=out busybox ls /d
	[[ $output != *passwd* ]]
	run -127 tug run --rm --mount src=parts,dst=/d,volume-subpath=nosuch busybox ls /d
	[ "$status" != 0 ]
	[[ $output == *"cannot access path $T/data/volumes/parts/_data/nosuch: no such file or directory"* ]]
	run -125 tug run --rm --mount src=parts,dst=/d,volume-subpath=../x busybox ls /d
	[[ $output == *"subpath must be a relative path within the volume"* ]]
}

@test "prune frees what it says" {
	tug volume create named >/dev/null
	tug run --name c1 -v /anon -v used:/used busybox sh -c 'head -c 3000000 /dev/urandom >/anon/x'
	[ "$(tug volume prune -f)" = "Total reclaimed space: 0B" ]
	tug rm c1 >/dev/null
	anonymous=$(tug volume ls -q --filter label=com.docker.volume.anonymous)
	size=$(du -s --block-size=1 "$T/data/volumes/$anonymous" | cut -f1)
	answer=$(api /volumes/prune -X POST)
	[ "$answer" = "{\"VolumesDeleted\":[\"$anonymous\"],\"SpaceReclaimed\":$size}" ]
	[ ! -e "$T/data/volumes/$anonymous" ]
	tug volume create --label keep labelled >/dev/null
	run tug volume prune -af --filter 'label!=keep'
	[[ $output == "Deleted Volumes:"*named*"Total reclaimed space: "* && $output != *labelled* ]]
	[ "$(tug volume ls -q)" = labelled ]
	[ "$(echo n | tug volume prune -a)" = "$(printf 'WARNING! This will remove all local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] ')" ]
	[[ $(echo y | tug volume prune -a) == *"Deleted Volumes:"*labelled* ]]
	# before API 1.42 named ones went too
	tug volume create old >/dev/null
	[ "$(api /v1.41/volumes/prune -X POST | jq -c .VolumesDeleted)" = '["old"]' ]
}

@test "the local driver's options: tmpfs shared while it is used, bind" {
	tug volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,mode=1770,uid=5 memory >/dev/null
	tug run -d --name c1 -v memory:/m busybox sleep 100 >/dev/null
	tug exec c1 sh -c 'echo shared >/m/f'
	[ "$(tug run --rm -v memory:/x busybox cat /x/f)" = shared ]
	[ "$(tug exec c1 stat -c '%a %u' /m)" = "1770 5" ]
	run tug exec c1 dd if=/dev/zero of=/m/big bs=1M count=2
	[[ $output == *"No space left"* ]]
	engine_stop KILL
	engine_start
	[ "$(tug run --rm -v memory:/x busybox cat /x/f)" = shared ]
	tug rm -f c1 >/dev/null
	[ -z "$(grep "$T/data/volumes" /proc/self/mountinfo)" ]
	[ -z "$(tug run --rm -v memory:/x busybox ls /x)" ]
	mkdir "$T/bound"
	tug volume create -o type=none -o device="$T/bound" -o o=bind bound >/dev/null
	tug run --rm -v bound:/b busybox touch /b/file
	[ -e "$T/bound/file" ]
	tug volume rm bound >/dev/null
	[ -e "$T/bound/file" ]
	tug volume create -o type=none -o device="$T/nosuch" -o o=bind wrong >/dev/null
	run -127 tug run --name c2 -v wrong:/b busybox true
	[ "$status" != 0 ]
	[[ $output == *"error while mounting volume '$T/data/volumes/wrong/_data': failed to mount local volume: mount $T/nosuch:$T/data/volumes/wrong/_data, flags: 0x1000: No such file or directory"* ]]
	tug volume create -o type=nosuchfs -o device=none wrong2 >/dev/null
	run tug run --rm -v wrong2:/b busybox true
	[[ $output == *"No such device"* ]]
}

@test "mount points: twice, at the root, over /proc, relative" {
	refused() { # refused STATUS TEXT ARGUMENT...
		run -"$1" tug run --rm "${@:3}" busybox true
		[[ $output == *"$2"* ]] || { echo "$output"; false; }
	}
	refused 125 "Duplicate mount point: /a" -v one:/a -v two:/a
	refused 125 "Duplicate mount point: /a" -v one:/a --mount src=two,dst=/a
	refused 125 "Duplicate mount point: /a" --tmpfs /a --mount src=two,dst=/a
	refused 125 "invalid specification: destination can't be '/'" -v one:/
	refused 125 "invalid specification: destination can't be '/'" -v one:/a/..
	refused 125 "invalid mount path: 'a' mount path must be absolute" -v one:a
	refused 125 "invalid volume specification: 'a:/b:c:d'" -v a:/b:c:d
	refused 125 "includes invalid characters for a local volume name" -v 'a/b:/c'
	refused 125 "bind source path does not exist: /nosuch" --mount type=bind,src=/nosuch,dst=/x
	refused 125 'error looking up volume plugin nosuch: plugin "nosuch" not found' --volume-driver nosuch -v one:/a
	refused 125 "must not set ReadOnly mode when using anonymous volumes" --mount type=volume,dst=/x,readonly
	[ -z "$(tug volume ls -q)" ]
	for place in /proc /proc/sys /proc/self /proc/1; do
		run tug run --rm -v one:$place busybox true
		[ "$status" != 0 ]
		[[ $output == *"cannot be mounted because it is"*proc* ]] || { echo "$output"; false; }
	done
	tug run --rm -v /proc/uptime:/proc/uptime busybox true
}

@test "mounts behind links of the image stay inside it, and work: C-07" {
	canary_make
	[ "$(tug run --rm -v one:/var/run/x data sh -c 'touch /run/x/f; ls /var/run/x')" = f ]
	[ "$(tug run --rm --tmpfs /var/run:size=1m data sh -c 'touch /run/g; ls /var/run')" = g ]
	[ "$(tug run --rm --mount type=tmpfs,dst=/var/run/y data sh -c 'touch /run/y/f; ls /var/run/y')" = f ]
	tug run --rm -v "$T/canary:/up/deep:ro" data test -e /etc/deep/sub/file
	[ ! -e /etc/deep ]
	canary_same
}

@test "a working directory behind a link is made inside: C-11" {
	[ "$(tug run --rm -w /up/made/here data sh -c 'cd -P .; /bin/busybox pwd')" = /etc/made/here ]
	[ ! -e /etc/made ]
}

@test "bind mounts: read-only all the way down, propagation, sources that are made" {
	mkdir -p "$T/tree/below"
	mount -t tmpfs tmpfs "$T/tree/below"
	[ "$(tug run --rm -v "$T/tree:/t:ro" busybox sh -c 'touch /t/below/x 2>&1')" = "touch: /t/below/x: Read-only file system" ] || [ "$?" = 1 ]
	tug run --rm --mount type=bind,src="$T/tree",dst=/t,ro,bind-recursive=writable busybox touch /t/below/y
	[ -e "$T/tree/below/y" ]
	tug run --rm --mount type=bind,src="$T/tree",dst=/t,bind-recursive=disabled busybox sh -c '! test -e /t/below/y'
	run -1 tug run --rm --mount type=bind,src="$T/tree",dst=/t,ro,bind-recursive=readonly,bind-propagation=rprivate busybox touch /t/below/z
	umount "$T/tree/below"
	tug run --rm -v "$T/made/deep:/m" busybox touch /m/f
	[ -e "$T/made/deep/f" ]
	tug run --rm --mount type=bind,src="$T/made2/deep",dst=/m,bind-create-mountpoint busybox touch /m/f
	[ -e "$T/made2/deep/f" ]
}

@test "propagation: shared both ways, slave one way, private none" {
	mkdir "$T/shared" "$T/private"
	mount -t tmpfs tmpfs "$T/shared"
	mount --make-shared "$T/shared"
	mkdir "$T/shared/host" "$T/shared/inside"
	tug run -d --name c1 -v "$T/shared:/t:rshared" --cap-add SYS_ADMIN --security-opt seccomp=unconfined busybox sleep 100 >/dev/null
	tug run -d --name c2 -v "$T/shared:/t:rslave" busybox sleep 100 >/dev/null
	tug run -d --name c3 -v "$T/shared:/t" busybox sleep 100 >/dev/null
	mount -t tmpfs tmpfs "$T/shared/host"
	touch "$T/shared/host/f"
	[ "$(tug exec c1 ls /t/host)$(tug exec c2 ls /t/host)$(tug exec c3 ls /t/host)" = ff ]
	tug exec c1 sh -c 'mount -t tmpfs tmpfs /t/inside && touch /t/inside/g'
	[ "$(ls "$T/shared/inside")" = g ]
	tug rm -f c1 c2 c3 >/dev/null
	umount "$T/shared/inside" "$T/shared/host" "$T/shared"
	mount -t tmpfs tmpfs "$T/private"
	mount --make-private "$T/private"
	run tug run --rm -v "$T/private:/t:rshared" busybox true
	[[ $output == *"path $T/private is mounted on $T/private but it is not a shared mount"* ]]
	run tug run --rm -v "$T/private:/t:rslave" busybox true
	[[ $output == *"path $T/private is mounted on $T/private but it is not a shared or slave mount"* ]]
	umount "$T/private"
}

@test "tmpfs: mode, size, options, and the look of what is below" {
	[ "$(tug run --rm --mount type=tmpfs,dst=/t,tmpfs-mode=1770,tmpfs-size=1m busybox stat -c %a /t)" = 1770 ]
	[[ $(tug run --rm --mount type=tmpfs,dst=/t,tmpfs-size=1m busybox cat /proc/mounts) == *" /t tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k"* ]]
	[[ $(tug run --rm --tmpfs /t:exec,size=2m busybox cat /proc/mounts) == *" /t tmpfs rw,nosuid,nodev,relatime,size=2048k"* ]]
	[ "$(tug run --rm --tmpfs /srv/data data stat -c %a /srv/data)" = 1770 ]
	[ "$(tug run --rm --tmpfs /new data stat -c %a /new)" = 1777 ]
	[ "$(tug run --rm --read-only --tmpfs /t busybox sh -c 'touch /t/x; touch /x 2>&1')" = "touch: /x: Read-only file system" ] || [ "$?" = 1 ]
	tug run --rm --read-only -v one:/v busybox touch /v/x
}

@test "an image as a mount" {
	[ "$(tug run --rm --mount type=image,src=data,dst=/i busybox cat /i/srv/data/one)" = one ]
	[ "$(tug run --rm --mount type=image,src=data,dst=/i,image-subpath=srv/data busybox cat /i/one)" = one ]
	tug run --name c1 --mount type=image,src=data,dst=/i busybox sh -c 'echo new >/i/new; cat /i/new'
	[ "$(tug start -a c1)" = new ]
	run tug run --rm --mount type=image,src=data,dst=/i,ro busybox touch /i/x
	[[ $output == *"Read-only file system"* ]]
	[[ $(post /containers/create '{"Image":"busybox","HostConfig":{"Mounts":[{"Type":"image","Source":"nosuch","Target":"/i"}]}}') == *"No such image: nosuch:latest"* ]]
	run -1 tug rmi data
	tug rm c1 >/dev/null
}

@test "events of volumes" {
	since=$(date +%s)
	tug run --rm -v seen:/data:ro busybox true
	tug volume rm seen >/dev/null
	events=$(api "/events?since=$since&until=$(($(date +%s) + 1))&filters=%7B%22type%22%3A%5B%22volume%22%5D%7D"  | jq -r 'select(.Actor.ID == "seen") | .Action + " " + .Actor.ID + " " + .Actor.Attributes.driver + " " + (.Actor.Attributes.destination // "-") + " " + (.Actor.Attributes["read/write"] // "-")')
	[ "$events" = "$(printf 'create seen local - -\nmount seen local /data false\nunmount seen local - -\ndestroy seen local - -')" ]
}

@test "removal is never busy: F-22" {
	tug run -d --name c1 -v busy:/data busybox sh -c 'cd /data; exec sleep 100' >/dev/null
	tug run -d --name c2 -v "$T/data:/outer" --privileged busybox sleep 100 >/dev/null
	tug rm -f c1 >/dev/null
	tug volume rm busy >/dev/null
	[ ! -e "$T/data/volumes/busy" ]
	wait_for trash_empty
	tug rm -f c2 >/dev/null
}
trash_empty() { [ -z "$(ls "$T/data/trash")" ]; }
