# Pulling from registries that stall, cut, lie and redirect: right, or a clear error, and the store as before.

load lib.bash
load registry_lib.bash

setup_file() {
	engine_begin '{"registry-timeout": 1, "max-download-attempts": 3}'
	export DOCKER_CONFIG=$T/docker
	mkdir "$DOCKER_CONFIG"
	in_net ip addr add 10.99.0.1/32 dev lo
	registry_fake one 127.0.0.1 5001
	registry_fake two 127.0.0.1 5002
	registry_fake token 127.0.0.1 5003 --token http://127.0.0.1:5003/token
	registry_fake basic 127.0.0.1 5004 --basic user:pass
	engine_start
	engine_rest
}
setup() {
	local port
	for port in 5001 5002 5003 5004; do reset $port; done
}
teardown() { images_gone; engine_clean; }
teardown_file() { registries_end; engine_end; }

pull_fails() { # pull_fails REFERENCE WORDS...: and leaves the store as it was
	local reference=$1 before word
	shift
	before=$(store_state)
	run tug pull "$reference"
	[ "$status" = 1 ] || { echo "status $status: $output"; return 1; }
	for word; do [[ $output == *"$word"* ]] || { echo "not \"$word\": $output"; return 1; }; done
	wait_for staging_empty
	[ "$(store_state)" = "$before" ]
}
listed() { api /images/json | jq -e --arg name "$1" 'any(.[]; .RepoTags | index($name))' >/dev/null; }

@test "an image is pulled, once: its layers are shared, its manifest kept" {
	run -0 tug pull localhost:5001/small:1
	[[ ${lines[0]} == "1: Pulling from small" ]]
	[[ $output == *"Pull complete"*"Digest: sha256:"*"Status: Downloaded newer image for localhost:5001/small:1"* ]]
	[ "${lines[-1]}" = localhost:5001/small:1 ]
	run -0 tug pull localhost:5001/small:2
	[ "$(grep -c 'Already exists' <<<"$output")" = 1 ]
	run -0 tug pull localhost:5001/small:1
	[[ $output == *"Status: Image is up to date for localhost:5001/small:1"* ]]
	digest=$(api /images/json | jq -r '.[] | select(.RepoTags[0] == "localhost:5001/small:1").RepoDigests[0]')
	[ -e "$T/data/blobs/sha256/${digest##*sha256:}" ]
	[ "$(sha256sum <"$T/data/blobs/sha256/${digest##*sha256:}" | cut -c1-64)" = "${digest##*sha256:}" ]
	run -0 tug pull -q "$digest"
	[ "$output" = "$digest" ]
	run -0 tug rmi localhost:5001/small:1
	[[ $output == *"Untagged: localhost:5001/small:1"*"Untagged: $digest"*"Deleted: "* ]]
}

@test "all tags, page by page" {
	run -0 tug pull -a localhost:5001/small
	listed localhost:5001/small:1
	listed localhost:5001/small:2
	run -1 tug pull -a localhost:5001/small:1
	[[ $output == *"tag can't be used with --all-tags/-a"* ]]
}

@test "a list: the host's platform, or the one that is asked for" {
	tug pull -q localhost:5001/multi:1
	[ "$(tug image inspect -f '{{.Architecture}}' localhost:5001/multi:1)" = "$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')" ]
	tug pull -q --platform linux/arm/v7 localhost:5001/multi:1
	[ "$(tug image inspect -f '{{.Architecture}}{{.Variant}}' localhost:5001/multi:1)" = armv6 ]

	run -1 tug pull --platform linux/s390x localhost:5001/multi:1
	[[ $output == *"no matching manifest for linux/s390x in the manifest list entries"* ]]
	run -1 tug pull --platform linux/arm64 localhost:5001/small:1
	[[ $output == *"does not match the specified platform"* ]]
}

@test "what is not there, and names that are none" {
	pull_fails localhost:5001/small:9 "manifest for localhost:5001/small:9 not found: manifest unknown: manifest unknown"
	[ "$(api '/images/create?fromImage=localhost:5001/small&tag=9' -X POST -o /dev/null -w '%{http_code}')" = 404 ]
	pull_fails nowhere.invalid/x:1 'lookup nowhere.invalid'
	pull_fails localhost:5099/x:1 'localhost:5099'
	run -1 tug pull localhost:5001/Small:1
	[[ $output == *"repository name (Small) must be lowercase"* ]]
	run -1 tug pull localhost:5001/small@sha256:12
	[[ $output == *"invalid"* ]]
	[ "$(api '/images/create?fromImage=UPPER&tag=1' -X POST -o /dev/null -w '%{http_code}')" = 400 ]
	pull_fails "localhost:5001/small@sha256:$(printf '0%.0s' {1..64})" "not found"
}

@test "cut and reset: it goes on at the byte, within size plus one piece per cut (F-24)" {
	size=$(size_of 5001 big 1)
	layer=$(layer_of 5001 big 1)
	fault 5001 "{\"match\": \"GET .*$layer\", \"cut\": 3000000}"
	fault 5001 "{\"match\": \"GET .*$layer\", \"cut\": 1000000, \"reset\": true}"
	run -0 tug pull localhost:5001/big:1
	[[ $output == *"Retrying in 1 second"* ]]
	[ "$(requests 5001 '[.[] | select(.range)] | length')" -ge 1 ]
	[ "$(sent 5001)" -le $((size + 2 * 524288)) ]
	[ -z "$(ls "$T/data/downloads")" ]
}

@test "a stall is noticed, and what came before it is kept (F-24)" {
	fault 5001 "{\"match\": \"GET .*$(layer_of 5001 big 1)\", \"stall\": 2000000}"
	run -0 tug pull localhost:5001/big:1
	[ "$(requests 5001 '[.[] | select(.range == "bytes=2000000-")] | length')" = 1 ]
}

@test "a registry without ranges, and one that says no length" {
	fault 5001 "{\"match\": \"GET .*$(layer_of 5001 big 1)\", \"cut\": 3000000}"
	fault 5001 '{"match": "GET .*blobs", "norange": true, "times": -1}'
	tug pull -q localhost:5001/big:1
	images_gone
	reset 5001
	fault 5001 "{\"match\": \"GET .*$(layer_of 5001 big 1)\", \"cut\": 3000000, \"nolength\": true}"
	tug pull -q localhost:5001/big:1
}

@test "429 and 503 with Retry-After: as long as it asks for, and no longer than sense" {
	fault 5001 '{"match": "GET .*manifests", "status": 429, "headers": {"Retry-After": "1"}}'
	fault 5001 '{"match": "GET .*blobs", "status": 503, "headers": {"Retry-After": "0"}}'
	run -0 tug pull localhost:5001/small:1
	[[ $output == *"Retrying in 1 second"* ]]
	images_gone
	fault 5001 '{"match": "GET .*manifests", "times": -1, "status": 429, "headers": {"Retry-After": "86400"}}'
	pull_fails localhost:5001/small:1 toomanyrequests localhost 86400
	reset 5001
	fault 5001 '{"match": "GET .*blobs", "times": -1, "status": 500, "body": "oops", "headers": {"Retry-After": "0"}}'
	pull_fails localhost:5001/small:1 "unexpected status 500" localhost:5001
	[ "$(requests 5001 '[.[] | select(.path | test("blobs"))] | group_by(.path) | map(length) | max')" = 3 ]
}

@test "content that is not what its digest says counts for nothing (I-07)" {
	fault 5001 '{"match": "GET .*blobs", "times": -1, "flip": 2000000}'
	pull_fails localhost:5001/big:1 "verification failed"
	[ -z "$(ls "$T/data/downloads")" ]
	reset 5001
	fault 5001 '{"match": "GET .*manifests", "flip": 3}'
	pull_fails localhost:5001/small:1 "manifest verification failed"
	pull_fails localhost:5001/bad:diffid "filesystem layer verification failed"
}

@test "sizes that lie (I-07)" {
	fault 5001 '{"match": "GET .*blobs", "times": -1, "append": "more"}'
	pull_fails localhost:5001/one:1 "the manifest says"
	reset 5001
	fault 5001 '{"match": "GET .*blobs", "times": -1, "append": "more", "nolength": true}'
	pull_fails localhost:5001/one:1 "bytes"
	reset 5001
	fault 5001 '{"match": "GET .*blobs", "times": -1, "length": 100}'
	pull_fails localhost:5001/one:1 "the manifest says"
	pull_fails localhost:5001/bad:size "the manifest says"
}

@test "documents that confuse (I-08, I-09, I-10, I-17)" {
	local row
	while IFS='|' read -r tag words; do
		pull_fails "localhost:5001/bad:$tag" "$words" || { echo "tag $tag: $output"; return 1; }
	done <<-'ROWS'
		both|an index and an image at once
		duplicate|stands twice
		huge|larger than
		deep|invalid manifest
		path|is not a digest
		negative|size
		number|schemaVersion
		trailing|invalid manifest
		schema1|schema 1
		escape|unsupported media type
		foreign|blob unknown
	ROWS
	fault 5001 '{"match": "GET .*manifests", "type": "application/vnd.docker.distribution.manifest.list.v2+json"}'
	pull_fails localhost:5001/small:1 "but it came as"
	# nobody went where the manifest points to (I-11)
	[ "$(requests 5001 '[.[] | select(.path == "/stolen")] | length')" = 0 ]
	# the job's and the engine's lines hold nothing that a terminal would obey
	! grep -q $'\033' "$T/engine.log"
}

@test "redirects: blobs may live elsewhere, credentials stay (I-11)" {
	export DOCKER_AUTH_CONFIG='{"auths": {"127.0.0.1:5004": {"auth": "dXNlcjpwYXNz"}}}'
	layer=$(in_net curl -sS -u user:pass http://127.0.0.1:5004/v2/one/manifests/1 | jq -r '.layers[0].digest')
	fault 5004 "{\"match\": \"GET .*blobs/$layer\", \"times\": -1, \"status\": 307,
		\"headers\": {\"Location\": \"http://127.0.0.1:5002/storage/$layer\"}}"
	tug pull -q 127.0.0.1:5004/one:1
	[ "$(requests 5002 '[.[] | select(.path | test("storage"))] | length')" = 1 ]
	[ "$(requests 5002 '[.[] | select(.authorization)] | length')" = 0 ]
	[ "$(requests 5004 '[.[] | select(.authorization)] | length')" -ge 1 ]
	images_gone
	reset 5004
	fault 5004 '{"match": "GET .*blobs", "times": -1, "status": 302, "headers": {"Location": "/v2/one/blobs/again"}}'
	pull_fails 127.0.0.1:5004/one:1 "redirects"
	reset 5004
	fault 5004 '{"match": "GET .*blobs", "times": -1, "status": 302, "headers": {"Location": "file:///etc/passwd"}}'
	pull_fails 127.0.0.1:5004/one:1 "not a URL"
}

@test "basic credentials: none, wrong ones, right ones" {
	pull_fails 127.0.0.1:5004/small:1 "no basic auth credentials"
	[ "$(api '/images/create?fromImage=127.0.0.1:5004/small&tag=1' -X POST -o /dev/null -w '%{http_code}')" = 401 ]
	DOCKER_AUTH_CONFIG='{"auths": {"127.0.0.1:5004": {"auth": "dXNlcjp3cm9uZw=="}}}' \
		pull_fails 127.0.0.1:5004/small:1 "pull access denied for 127.0.0.1:5004/small" "unauthorized: authentication required"
	DOCKER_AUTH_CONFIG='{"auths": {"127.0.0.1:5004": {"auth": "dXNlcjpwYXNz"}}}' tug pull -q 127.0.0.1:5004/small:1
	[ "$(api '/images/create?fromImage=x&tag=1' -X POST -H 'X-Registry-Auth: %%' -o /dev/null -w '%{http_code}')" = 400 ]
}

@test "bearer tokens, from the realm, by a password and by an identity token" {
	pull_fails 127.0.0.1:5003/small:1 "incorrect username or password"
	reset 5003
	DOCKER_AUTH_CONFIG='{"auths": {"127.0.0.1:5003": {"auth": "dXNlcjpwYXNz"}}}' tug pull -q 127.0.0.1:5003/small:1
	[ "$(requests 5003 '[.[] | select(.path | test("^/token.*scope=repository:small:pull"))] | length')" = 1 ]
	images_gone
	DOCKER_AUTH_CONFIG='{"auths": {"127.0.0.1:5003": {"identitytoken": "refresh"}}}' tug pull -q 127.0.0.1:5003/small:1
	images_gone
	DOCKER_AUTH_CONFIG='{"auths": {"127.0.0.1:5003": {"registrytoken": "good"}}}' tug pull -q 127.0.0.1:5003/small:1
	# credentials of another registry are not for this one
	reset 5003
	DOCKER_AUTH_CONFIG='{"auths": {"other:5003": {"auth": "dXNlcjpwYXNz"}}}' pull_fails 127.0.0.1:5003/small:2 denied
	[ "$(requests 5003 '[.[] | select(.authorization)] | length')" = 0 ]
}

@test "a token that expires meanwhile is fetched again; one that is malformed is not sent" {
	export DOCKER_AUTH_CONFIG='{"auths": {"127.0.0.1:5003": {"auth": "dXNlcjpwYXNz"}}}'
	fault 5003 '{"match": "GET .*blobs", "status": 401, "headers": {"WWW-Authenticate": "Bearer realm=\"http://127.0.0.1:5003/token\",service=\"test\""}}'
	tug pull -q 127.0.0.1:5003/small:1
	[ "$(requests 5003 '[.[] | select(.path | test("^/token"))] | length')" = 2 ]
	images_gone
	fault 5003 '{"match": "GET /token", "status": 200, "body": "{\"token\": \"a\\r\\nX: y\"}"}'
	pull_fails 127.0.0.1:5003/small:1 malformed
	fault 5003 '{"match": "GET /token", "status": 200, "body": "{}"}'
	pull_fails 127.0.0.1:5003/small:1 "did not include a token"
}

@test "bad realms (I-11, I-13)" {
	for realm in 'file:///etc/passwd' 'http://169.254.169.254.invalid/' '' 'x y'; do
		reset 5001
		fault 5001 "{\"match\": \"GET .*\", \"times\": -1, \"status\": 401, \"headers\": {\"WWW-Authenticate\": \"Bearer realm=\\\"$realm\\\"\"}}"
		pull_fails localhost:5001/small:1 realm
	done
	reset 5001
	fault 5001 '{"match": "GET .*", "times": -1, "status": 401, "headers": {"WWW-Authenticate": "Bearer realm=\"open"}}'
	pull_fails localhost:5001/small:1 malformed
}

@test "fifty clients, one download; late ones catch up (F-26)" {
	size=$(size_of 5001 big 1)
	fault 5001 '{"match": "GET .*blobs", "times": -1, "pause": 0.5}'
	pids=
	for ((i = 0; i < 50; i++)); do
		api '/images/create?fromImage=localhost:5001/big&tag=1' -X POST >"$T/client.$i" 3>&- &
		pids="$pids $!"
	done
	for pid in $pids; do wait "$pid"; done
	for ((i = 0; i < 50; i++)); do grep -q 'localhost:5001/big:1"' "$T/client.$i"; done
	[ "$(sent 5001)" -le "$size" ]
	rm "$T"/client.*
}

@test "one layer in two images at once: one download (F-26)" {
	size=$(size_of 5001 big 1)
	fault 5001 '{"match": "GET .*blobs", "times": -1, "pause": 0.3}'
	tug pull -q localhost:5001/big:1 3>&- & one=$!
	tug pull -q localhost:5001/big:2 3>&- & two=$!
	wait $one
	wait $two
	[ "$(sent 5001)" -lt $((size + 1000000)) ]
	listed localhost:5001/big:1
	listed localhost:5001/big:2
}

@test "a client that goes takes its pull along; the next one goes on at the byte (F-01, F-25)" {
	size=$(size_of 5001 big 1)
	fault 5001 "{\"match\": \"GET .*$(layer_of 5001 big 1)\", \"stall\": 4000000}"
	before=$(store_state)
	curl -sS --max-time 0.7 --unix-socket "$SOCKET" -X POST 'http://tug/images/create?fromImage=localhost:5001/big&tag=1' >/dev/null || true
	wait_for staging_empty
	[ "$(store_state)" = "$before" ]
	kept=$(find "$T/data/downloads" -size +3000k)
	[ -n "$kept" ]
	tug pull -q localhost:5001/big:1
	[ "$(sent 5001)" -le $((size + 65536)) ]
	[ -z "$(ls "$T/data/downloads")" ]
}

@test "the state of a hash, or bytes, that a power cut has damaged: from the beginning, and right" {
	fault 5001 "{\"match\": \"GET .*$(layer_of 5001 big 1)\", \"stall\": 4000000}"
	curl -sS --max-time 0.7 --unix-socket "$SOCKET" -X POST 'http://tug/images/create?fromImage=localhost:5001/big&tag=1' >/dev/null || true
	wait_for staging_empty
	kept=$(find "$T/data/downloads" -size +3000k)
	printf 'xxxx' | dd of="$kept" bs=1 seek=1000 conv=notrunc 2>/dev/null
	rm -f "$kept.state"
	tug pull -q localhost:5001/big:1
	[ "$(requests 5001 '[.[] | select(.range)] | length')" = 1 ]
}

@test "mirrors: in order, with their paths, without credentials, and past those that fail" {
	engine_configure '{"registry-timeout": 1, "max-download-attempts": 2, "registry-mirrors": ["http://127.0.0.1:5099",
		"http://127.0.0.1:5001", "localhost:5004=http://127.0.0.1:5002/prefix"]}'
	kill -HUP "$(engine_pid)"
	wait_for grep -q 'configuration changed.*registry-mirrors' "$T/engine.log"
	in_net curl -sS -X PUT -H 'Content-Type: application/vnd.docker.distribution.manifest.v2+json' -o /dev/null \
		http://127.0.0.1:5001/v2/library/small/manifests/latest -d "$(in_net curl -sS http://127.0.0.1:5001/v2/small/manifests/1)"
	run -0 tug pull small
	[[ $output == "Using default tag: latest"* ]]
	[ "${lines[-1]}" = docker.io/library/small:latest ]
	listed small:latest
	export DOCKER_AUTH_CONFIG='{"auths": {"localhost:5004": {"auth": "dXNlcjpwYXNz"}}}'
	tug pull -q localhost:5004/small:2
	[ "$(requests 5002 '[.[] | select(.path == "/v2/prefix/small/manifests/2")] | length')" = 1 ]
	[ "$(requests 5002 '[.[] | select(.authorization)] | length')" = 0 ]
	[ "$(requests 5004 length)" = 0 ]
	# one that has it not, or is out of order: the registry itself is asked
	fault 5002 '{"match": "GET .*manifests", "times": -1, "status": 500}'
	tug pull -q localhost:5004/one:1
	[ "$(requests 5004 '[.[] | select(.path == "/v2/one/manifests/1")] | length')" -ge 1 ]
	engine_configure '{"registry-timeout": 1, "max-download-attempts": 3}'
	kill -HUP "$(engine_pid)"
}

@test "run and create pull what is missing, always, or never" {
	run tug create localhost:5001/small:1
	[ "$status" = 0 ]
	[[ $output == *"Unable to find image 'localhost:5001/small:1' locally"*"1: Pulling from small"* ]]
	run -0 tug create -q --pull always localhost:5001/small:1
	[[ $output != *Pulling* ]]
	images_gone || true
	for id in $(tug ps -aq); do tug rm "$id" >/dev/null; done
	images_gone
	run -125 tug create --pull never localhost:5001/small:1
	[[ $output == *"No such image: localhost:5001/small:1"* ]]
	run -125 tug create --pull sometimes localhost:5001/small:1
	[[ $output == *"invalid pull option: 'sometimes': must be one of \"always\", \"missing\" or \"never\""* ]]
	run -0 tug create --platform linux/arm64 localhost:5001/multi:1
	[[ $output == *"Unable to find image"* ]]
	run -0 tug create --platform linux/amd64 localhost:5001/multi:1
	[[ $output == *"Unable to find image"* ]]
}
