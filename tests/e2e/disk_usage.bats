# system df and the prunes: sums that are du's, and space that is really freed.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

du_of() { du -s --block-size=1 "$@" 2>/dev/null | awk '{sum += $1} END {print sum + 0}'; }
near() { # near A B: within 1 %
	local more=$(($1 > $2 ? $1 - $2 : $2 - $1))
	[ $((more * 100)) -le "$2" ] || { echo "$1 is not $2"; false; }
}
df_of() { api '/system/df?verbose=1' | jq "$1"; }

@test "df is du within 1 %, image by image, container by container, volume by volume" {
	mkdir "$BATS_TEST_TMPDIR/small"
	for i in $(seq 500); do echo "$i" >"$BATS_TEST_TMPDIR/small/$i"; done
	tar -C "$BATS_TEST_TMPDIR/small" -cf "$BATS_TEST_TMPDIR/small.tar" .
	tug import "$BATS_TEST_TMPDIR/small.tar" small >/dev/null
	tug run --name writes -v data:/data -v /anon busybox sh -c \
		'head -c 5000000 /dev/urandom >/f; head -c 7000000 /dev/urandom >/data/f; ln /data/f /data/g; for i in $(seq 300); do echo $i >/anon/$i; done' >/dev/null
	tug run -d --name idles busybox sleep 100 >/dev/null
	sync -f "$T/data"
	near "$(df_of .ImageUsage.TotalSize)" "$(du_of "$T"/data/layers/*)"
	near "$(df_of .ContainerUsage.TotalSize)" "$(du_of "$T"/data/containers/*)"
	near "$(df_of .VolumeUsage.TotalSize)" "$(du_of "$T"/data/volumes/*)"
	near "$(df_of '[.ImageUsage.Items[] | .Size - .SharedSize] | add')" "$(du_of "$T"/data/layers/*)"
	near "$(df_of '[.ContainerUsage.Items[].SizeRw] | add')" "$(du_of "$T"/data/containers/*)"
	near "$(df_of '[.VolumeUsage.Items[].UsageData.Size] | add')" "$(du_of "$T"/data/volumes/*)"
	[ "$(df_of '[.ImageUsage, .ContainerUsage, .VolumeUsage, .BuildCacheUsage | [.TotalCount, .ActiveCount]]' | jq -c .)" = "[[$(tug images -q | wc -l),1],[2,1],[2,2],[0,0]]" ]
	[ "$(df_of '.VolumeUsage.Reclaimable')" = 0 ]
	near "$(df_of .ContainerUsage.Reclaimable)" "$(du_of "$T/data/containers/$(tug inspect -f '{{.Id}}' writes)")"
	# what the old API says
	[ "$(api /v1.51/system/df | jq -c 'keys')" = '["BuildCache","Containers","Images","LayersSize","Volumes"]' ]
	[ "$(api /v1.51/system/df | jq .LayersSize)" = "$(df_of .ImageUsage.TotalSize)" ]
	[ "$(api '/system/df?type=volume' | jq -c 'keys')" = '["VolumeUsage"]' ]
	[ "$(api '/system/df' | jq -c '.VolumeUsage | keys')" = '["ActiveCount","Reclaimable","TotalCount","TotalSize"]' ]
	[ "$(api '/system/df?type=floppy' -o /dev/null -w '%{http_code}')" = 400 ]
	tug rm -f writes idles >/dev/null
	tug volume prune -af >/dev/null
}

@test "df for people" {
	tug run --name one -v data:/data busybox true
	run -0 tug system df
	[ "${lines[0]}" = "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE" ]
	[[ "${lines[1]}" == "Images "* && "${lines[2]}" == "Containers "*"(100%)" && "${lines[3]}" == "Local Volumes   1         1 "*" 0B (0%)" ]]
	[ "${lines[4]}" = "Build Cache     0         0         0B        0B" ]
	[ "$(tug system df --format '{{.Type}}={{.TotalCount}}' | sed -n 3p)" = "Local Volumes=1" ]
	[ "$(tug system df --format json | jq -r 'select(.Type == "Containers").Active')" = 0 ]
	run -0 tug system df -v
	[[ $output == "Images space usage:"*"REPOSITORY"*"UNIQUE SIZE"*busybox*"Containers space usage:"*"LOCAL VOLUMES"*one*"Local Volumes space usage:"*"VOLUME NAME   LINKS     SIZE"*"data          1 "*"Build cache usage: 0B"*"CACHE ID"* ]]
	[ "$(tug system df -v --format '{{range .Volumes}}{{.Name}} {{.Links}}{{end}}')" = "data 1" ]
	tug rm one >/dev/null
	tug volume rm data >/dev/null
}

@test "container prune: what does not run, and its filters" {
	tug create --name made --label keep busybox true >/dev/null
	tug run --name ended busybox sh -c 'head -c 3000000 /dev/urandom >/f'
	tug run -d --name runs busybox sleep 100 >/dev/null
	[ "$(tug container prune -f --filter until=1h)" = "Total reclaimed space: 0B" ]
	size=$(du_of "$T/data/containers/$(tug inspect -f '{{.Id}}' ended)")
	id=$(tug inspect -f '{{.Id}}' ended)
	[ "$(api '/containers/prune?filters=%7B%22label!%22%3A%5B%22keep%22%5D%7D' -X POST)" = "{\"ContainersDeleted\":[\"$id\"],\"SpaceReclaimed\":$size}" ]
	id=$(tug inspect -f '{{.Id}}' made)
	[ "$(echo y | tug container prune | sed 1d)" = "$(printf 'Deleted Containers:\n%s\n\nTotal reclaimed space: 0B' "$id")" ] ||
		[ "$(tug ps -aq | wc -l)" = 1 ]
	[ "$(tug ps --format '{{.Names}}')" = runs ]
	[ "$(api '/containers/prune?filters=%7B%22name%22%3A%5B%22x%22%5D%7D' -X POST -o /dev/null -w '%{http_code}')" = 400 ]
	[ "$(api '/containers/prune?filters=%7B%22until%22%3A%5B%22soon%22%5D%7D' -X POST -o /dev/null -w '%{http_code}')" = 400 ]
}

@test "system prune" {
	tug run --name ended -v /anon -v named:/named busybox sh -c 'echo x >/anon/x'
	[ -z "$(echo n | tug system prune | grep Total)" ]
	[[ $(echo n | tug system prune --volumes --filter label=x) == "WARNING! This will remove:"*"- all stopped containers"*"- all anonymous volumes not used by at least one container"*"- all dangling images"*"Items to be pruned will be filtered with:"*"- label=x"*"[y/N] " ]]
	run -0 --separate-stderr tug system prune -f --volumes
	[[ $output == "Deleted Containers:"*"Deleted Volumes:"*"Total reclaimed space: "* ]]
	[ "$(tug volume ls -q)" = named ]
	[ -z "$(tug ps -aq)" ]
	run -1 tug system prune -f --volumes --filter until=1h
	[[ $output == 'ERROR: The "until" filter is not supported with "--volumes"' ]]
	tug volume rm named >/dev/null
}
