# images, history, image prune, rmi: what the store has, and what goes.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	engine_rest
}
teardown_file() { engine_end; }
setup() {
	cd "$BATS_TEST_TMPDIR"
	python3 "$BATS_TEST_DIRNAME/image.py" layers.tar
	tug load -i layers.tar >/dev/null
}
teardown() {
	local status=0
	engine_clean || status=1
	tug image prune -af --filter label!=keep >/dev/null
	image_busybox
	return $status
}

@test "history has the size of each layer" {
	[ "$(tug history --format '{{.CreatedBy}} {{.Size}}' layers:two | head -2)" = $'step 2 4B\nstep 1 10B' ]
	[ "$(tug history -H=false --format '{{.Size}} {{.CreatedAt}}' layers:two | head -1)" = "4 2023-11-14T22:13:20Z" ]
	[[ $(tug history layers:two | head -1) == "IMAGE "*"CREATED "*"CREATED BY "*"SIZE "*"COMMENT" ]]
	[[ $(tug history -q layers:two) == *"<missing>"* ]]
	id=$(tug inspect --format '{{.Id}}' layers:two)
	[ "$(tug history --no-trunc -q layers:two | head -1)" = "$id" ]
	run -1 tug history nosuch
	[[ $output == *"No such image: nosuch:latest"* ]]
	run -1 tug history --platform linux/s390x layers:two
	[[ $output == *"does not provide the specified platform (linux/s390x)"* ]]
}

@test "filters" {
	[ "$(tug images --filter reference='layers' --format '{{.Tag}}' | sort)" = $'one\ntwo' ]
	[ "$(tug images --filter label=tag=one --format '{{.Repository}}:{{.Tag}}')" = layers:one ]
	[ "$(tug images --filter label!=tag=one --filter reference='layers*' --format '{{.Tag}}')" = two ]
	[ "$(tug images --filter until=2023-11-15T00:00:00Z --filter reference='layers' --format '{{.Tag}}' | sort)" = $'one\ntwo' ]
	[ -z "$(tug images --filter until=2023-11-14T00:00:00Z --filter reference=layers -q)" ]
	[[ $(tug images --filter until=1m --format '{{.Repository}}') != *busybox* ]]
	run -1 tug images --filter nope=1
	[[ $output == *"invalid filter 'nope'"* ]]
	tug rmi layers:one >/dev/null
	tug load -i layers.tar >/dev/null
	tug tag layers:one other:one
	[ "$(tug images --filter reference='other:o*' --format '{{.Repository}}:{{.Tag}}')" = other:one ]
}

@test "containers and shared sizes are counted" {
	tug create --name user layers:one true >/dev/null
	[ "$(api '/images/json?shared-size=1' | jq '.[] | select(.RepoTags[0] == "layers:one") | .Containers')" = 1 ]
	one=$(tug inspect --format '{{.Size}}' layers:one)
	[ "$(api '/images/json?shared-size=1' | jq '.[] | select(.RepoTags[0] == "layers:two") | .SharedSize')" = "$one" ]
	[ "$(api '/images/json' | jq '.[] | select(.RepoTags[0] == "layers:two") | .SharedSize')" = -1 ]
}

@test "the tree" {
	tug create --name user layers:one true >/dev/null
	run -0 tug images --tree
	[[ ${lines[0]} == "IMAGE "*"ID "*"DISK USAGE"*"CONTENT SIZE"*"EXTRA" ]]
	[[ $output == *"layers:one "*"U"* ]]
	[[ $output == *"└─ linux/amd64"* ]]
	run -1 tug images --tree -q
}

@test "prune takes what is dangling, or all that nobody uses" {
	tug create --name user layers:two true >/dev/null
	tug tag busybox keepme
	echo 'FROM x' >f; tar cf other.tar f
	tug import other.tar >/dev/null
	[[ $(tug image prune <<<n) == "WARNING! This will remove all dangling images."* ]]
	[ "$(tug images -q --filter dangling=true | wc -l)" = 1 ]
	run -0 tug image prune -f
	[[ $output == "Deleted Images:"*"deleted: sha256:"*"Total reclaimed space: 7B" ]]
	[ "$(tug images -q --filter dangling=true | wc -l)" = 0 ]
	[ "$(tug image prune -f)" = "Total reclaimed space: 0B" ]
	run -0 tug image prune -af --filter label=tag=one
	[[ $output == *"untagged: layers:one"* && $output != *busybox* ]]
	run -0 tug image prune -af --filter until=1h
	[[ $output != *busybox* ]]
	run -0 tug image prune -af
	[[ $output == *"untagged: busybox:latest"*"deleted: sha256:"* ]]
	[ "$(tug images --format '{{.Repository}}:{{.Tag}}')" = layers:two ]
	tug rm user >/dev/null
	tug image prune -af >/dev/null
	# nothing is left, to the byte
	wait_for sh -c "[ -z \"\$(ls '$T'/data/layers '$T'/data/trash | grep -vE '^$|:$')\" ]"
	[ -z "$(ls "$T/data/blobs/sha256")" ]
	run -1 tug image prune -f --filter nope=1
	[[ $output == *"invalid filter 'nope'"* ]]
}

@test "rmi: names, IDs, force, what is in use" {
	tug tag layers:one second:one
	run -0 tug rmi layers:one
	[ "$output" = "Untagged: layers:one" ]
	id=$(tug inspect --format '{{.Id}}' second:one); short=${id#sha256:}; short=${short:0:12}
	tug tag second:one third:one
	run -1 tug rmi "$short"
	[[ $output == *"conflict: unable to delete $short (must be forced) - image is referenced in multiple repositories"* ]]
	tug create --name user second:one true >/dev/null
	run -1 tug rmi "$short"
	[[ $output == *"conflict: unable to delete $short (must be forced) - image is being used by stopped container"* ]]
	run -0 tug rmi -f "$short"
	[[ $output == *"Untagged: second:one"*"Untagged: third:one"*"Deleted: $id"* ]]
	# the container still has its files
	tug cp user:/kept - | tar xO | grep -q kept
	tug rm user >/dev/null
	wait_for sh -c "! ls '$T/data/blobs/sha256' | grep -q ${id#sha256:}"
	run -1 tug rmi nosuch
	[[ $output == *"No such image: nosuch:latest"* ]]
}
