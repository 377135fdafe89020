# Pushing, round trips with the registry of the distribution and with other tools, TLS, logins, lists of manifests.

load lib.bash
load registry_lib.bash

setup_file() {
	engine_begin '{"registry-timeout": 2, "max-download-attempts": 3, "registry-certs": ["'"/nowhere"'"]}'
	export DOCKER_CONFIG=$T/docker
	mkdir "$DOCKER_CONFIG"
	in_net ip addr add 10.99.0.1/32 dev lo
	certificates_make
	engine_configure '{"registry-timeout": 2, "max-download-attempts": 3, "registry-certs": ["'"$T/certs.d"'"]}'
	registry_fake fake 127.0.0.1 5001
	registry_fake token 127.0.0.1 5003 --token http://127.0.0.1:5003/token
	registry_fake tls 10.99.0.1 5443 --tls "$T/tls/server.crt" "$T/tls/server.key"
	registry_fake mutual 10.99.0.1 5444 --tls "$T/tls/server.crt" "$T/tls/server.key" "$T/tls/ca.crt"
	registry_fake plain 10.99.0.1 5080
	registry_real real 5000
	engine_start
	root=$T/root
	mkdir -p "$root/bin" "$root/etc"
	cp "$(command -v busybox)" "$root/bin/busybox"
	head -c 3000000 /dev/urandom >"$root/noise"
	tar -C "$root" -cf "$T/root.tar" .
	rm -r "$root"
	engine_rest
}
teardown() {
	rm -rf "$T/certs.d" "$T/docker/config.json"
	images_gone
	engine_clean
}
teardown_file() { registries_end; engine_end; }

remote_digest() { in_net skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"; }

@test "an image that came as a tar is compressed once, pushed, and pulled by others" {
	tug import --change 'CMD ["/bin/busybox"]' "$T/root.tar" localhost:5000/bb:1 >/dev/null
	run -0 tug push localhost:5000/bb:1
	[[ ${lines[0]} == "The push refers to repository [localhost:5000/bb]" ]]
	[[ $output == *": Preparing"*": Pushed"*"1: digest: sha256:"*" size: "* ]]
	digest=$(grep -o 'sha256:[0-9a-f]*' <<<"${lines[-1]}")
	[ "$(remote_digest localhost:5000/bb:1)" = "$digest" ]
	# again: nothing is sent, nothing made
	run -0 tug push localhost:5000/bb:1
	[[ $output == *": Layer already exists"*"$digest"* ]]
	# another name on the same registry: mounted
	tug tag localhost:5000/bb:1 localhost:5000/team/bb:2
	run -0 tug push localhost:5000/team/bb:2
	[[ $output == *": Mounted from bb"*"$digest"* ]]
	run -0 tug push -q localhost:5000/bb:1
	[ "$output" = localhost:5000/bb:1 ]
	api /events\?since=1\&until="$(($(date +%s) + 1))" | grep -q '"Action":"push"'
	images_gone
	tug pull -q localhost:5000/team/bb:2
	[ "$(tug image inspect -f '{{index .RepoDigests 0}}' localhost:5000/team/bb:2)" = "localhost:5000/team/bb@$digest" ]
	run -0 tug run --rm localhost:5000/team/bb:2 /bin/busybox echo hello
	[ "$output" = hello ]
}

@test "what others made keeps its digests on its way through tug" {
	command -v skopeo >/dev/null && command -v umoci >/dev/null || skip "needs skopeo and umoci"
	tug import "$T/root.tar" localhost:5000/src:docker >/dev/null
	tug push -q localhost:5000/src:docker
	# OCI, and OCI with zstd, by skopeo; a layer more by umoci
	in_net skopeo copy -q --src-tls-verify=false -f oci docker://localhost:5000/src:docker "oci:$T/oci:one"
	mkdir -p "$T/more"
	echo more >"$T/more/file"
	umoci insert --image "$T/oci:one" --tag two "$T/more" /more >/dev/null 2>&1
	in_net skopeo copy -q --dest-tls-verify=false "oci:$T/oci:two" docker://localhost:5000/src:umoci
	in_net skopeo copy -q --dest-tls-verify=false --dest-compress-format zstd "oci:$T/oci:one" docker://localhost:5000/src:zstd
	images_gone
	for tag in docker umoci zstd; do
		tug pull -q "localhost:5000/src:$tag"
		tug tag "localhost:5000/src:$tag" "localhost:5000/dst:$tag"
		tug push -q "localhost:5000/dst:$tag"
		[ "$(remote_digest "localhost:5000/src:$tag")" = "$(remote_digest "localhost:5000/dst:$tag")" ]
	done
	run -0 tug run --rm localhost:5000/dst:umoci /bin/busybox cat /more/file
	[ "$output" = more ]
	rm -rf "$T/oci" "$T/more"
}

@test "all tags; tags that are not here" {
	tug import "$T/root.tar" localhost:5000/all:a >/dev/null
	tug tag localhost:5000/all:a localhost:5000/all:b
	run -0 tug push -a localhost:5000/all
	[[ $output == *"a: digest:"* && $output == *"b: digest:"* ]]
	run -1 tug push localhost:5000/all:c
	[[ $output == *"tag does not exist: localhost:5000/all:c"* ]]
	run -1 tug push -a localhost:5000/none
	[[ $output == *"An image does not exist locally with the tag: localhost:5000/none"* ]]
	[ "$(api '/images/localhost:5000/none/push?tag=x' -X POST -o /dev/null -w '%{http_code}')" = 404 ]
}

@test "an upload that is cut goes on behind what the registry has; one that is too large goes in pieces" {
	tug import "$T/root.tar" 127.0.0.1:5001/up:1 >/dev/null
	reset 5001
	fault 5001 '{"match": "PUT .*uploads/s[01]", "times": 2, "take": 1000000}'
	run tug push 127.0.0.1:5001/up:1
	[ "$status" = 0 ] || { echo "$output"; requests 5001 '.[] | "\(.method) \(.path)"'; return 1; }
	[ "$(requests 5001 '[.[] | select(.method == "PATCH")] | length')" = 1 ]
	reset 5001
	tug tag 127.0.0.1:5001/up:1 127.0.0.1:5001/up:2
	fault 5001 '{"match": "HEAD .*blobs", "times": -1, "status": 404}'
	fault 5001 '{"match": "PUT .*uploads.*", "status": 413}'
	run -0 tug push 127.0.0.1:5001/up:2
	[ "$(requests 5001 '[.[] | select(.method == "PATCH")] | length')" -ge 2 ]
	reset 5001
	fault 5001 '{"match": "PUT .*manifests", "status": 403}'
	run -1 tug push 127.0.0.1:5001/up:2
	[[ $output == *"denied: requested access to the resource is denied"* ]]
}

@test "TLS: a private root, a client's certificate, and never less (I-12)" {
	run -1 tug pull 10.99.0.1:5443/small:1
	[[ $output == *certificate* ]]
	mkdir -p "$T/certs.d/10.99.0.1:5443" "$T/certs.d/10.99.0.1:5444"
	cp "$T/tls/ca.crt" "$T/certs.d/10.99.0.1:5443/"
	cp "$T/tls/ca.crt" "$T/certs.d/10.99.0.1:5444/"
	# an address of this host is refused to a registry that is not of it, unless it is named insecure
	run tug pull 10.99.0.1:5443/small:1
	[ "$status" = 0 ]
	run -1 tug pull 10.99.0.1:5444/small:1
	cp "$T/tls/client.crt" "$T/certs.d/10.99.0.1:5444/client.cert"
	run -1 tug pull 10.99.0.1:5444/small:1
	[[ $output == *"missing key client.key for client certificate client.cert"* ]]
	cp "$T/tls/client.key" "$T/certs.d/10.99.0.1:5444/client.key"
	tug pull -q 10.99.0.1:5444/small:2
	# plain http is no answer to https
	run -1 tug pull 10.99.0.1:5080/small:1
	[[ $output == *"http: server gave HTTP response to HTTPS client"* ]]
	# nor is a redirect to it, or a realm there, or one of this host's own addresses (I-13)
	in_net curl -sSk -o /dev/null https://10.99.0.1:5443/_reset -d ''
	in_net curl -sSk -o /dev/null https://10.99.0.1:5443/_fault \
		-d '{"match": "GET .*blobs", "times": -1, "status": 307, "headers": {"Location": "http://10.99.0.1:5080/x"}}'
	run -1 tug pull 10.99.0.1:5443/big:1
	[[ $output == *"redirects from https to http"* ]]
	in_net curl -sSk -o /dev/null https://10.99.0.1:5443/_reset -d ''
	in_net curl -sSk -o /dev/null https://10.99.0.1:5443/_fault \
		-d '{"match": "GET .*blobs", "times": -1, "status": 307, "headers": {"Location": "https://127.0.0.1:5443/x"}}'
	run -1 tug pull 10.99.0.1:5443/big:1
	[[ $output == *"must not lead there"* ]]
	in_net curl -sSk -o /dev/null https://10.99.0.1:5443/_reset -d ''
	in_net curl -sSk -o /dev/null https://10.99.0.1:5443/_fault \
		-d '{"match": "GET .*", "times": -1, "status": 401, "headers": {"WWW-Authenticate": "Bearer realm=\"http://10.99.0.1:5080/token\""}}'
	DOCKER_AUTH_CONFIG='{"auths": {"10.99.0.1:5443": {"auth": "dXNlcjpwYXNz"}}}' run -1 tug pull 10.99.0.1:5443/big:1
	[[ $output == *"plain http"* ]]
	in_net curl -sSk -o /dev/null https://10.99.0.1:5443/_reset -d ''
}

@test "insecure registries: by name and by network, with a reload" {
	engine_configure '{"registry-timeout": 2, "insecure-registries": ["10.99.0.1:5443", "10.99.0.0/24"]}'
	kill -HUP "$(engine_pid)"
	wait_for grep -q 'configuration changed.*insecure-registries' "$T/engine.log"
	tug pull -q 10.99.0.1:5443/small:1
	tug pull -q 10.99.0.1:5080/small:2
	engine_configure '{"registry-timeout": 2, "registry-certs": ["'"$T/certs.d"'"]}'
	kill -HUP "$(engine_pid)"
}

@test "a proxy, and hosts without one" {
	nsenter --net="$NET" python3 - <<-'PY' 3>&- &
		import http.server, urllib.request
		class P(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        r = urllib.request.Request(self.path, headers={"Accept": self.headers.get("Accept", "")})
		        with urllib.request.urlopen(r) as a:
		            data = a.read()
		            self.send_response(200)
		            for n in ("Content-Type", "Docker-Content-Digest"):
		                if a.headers.get(n): self.send_header(n, a.headers[n])
		            self.send_header("Content-Length", str(len(data))); self.send_header("Via", "proxy"); self.end_headers()
		            self.wfile.write(data)
		        seen.append(1)
		        if len(seen) == 4: raise SystemExit
		    def log_message(self, *_): pass
		seen = []
		http.server.HTTPServer(("127.0.0.1", 5128), P).serve_forever()
	PY
	proxy=$!
	wait_for in_net bash -c 'exec 9<>/dev/tcp/127.0.0.1/5128' 2>/dev/null
	engine_configure '{"registry-timeout": 2, "insecure-registries": ["10.99.0.1:5080"],
		"proxies": {"http-proxy": "http://127.0.0.1:5128", "no-proxy": "10.99.0.9,example.com"}}'
	kill -HUP "$(engine_pid)"
	wait_for grep -q 'configuration changed.*proxies' "$T/engine.log"
	in_net curl -sS -o /dev/null http://10.99.0.1:5080/_reset -d ''
	tug pull -q 10.99.0.1:5080/small:1
	wait $proxy || true
	[ "$(in_net curl -sS http://10.99.0.1:5080/_log | jq '[.[] | select(.agent | test("urllib"))] | length')" = 4 ]
	engine_configure '{"registry-timeout": 2, "registry-certs": ["'"$T/certs.d"'"]}'
	kill -HUP "$(engine_pid)"
}

@test "login and logout: wrong and right passwords, identity tokens, config.json as it was" {
	printf '{"detachKeys": "ctrl-x", "auths": {"https://other/v1/": {"auth": "eDp5"}}}' >"$DOCKER_CONFIG/config.json"
	run -1 tug login -u user -p wrong 127.0.0.1:5003
	[[ $output == *"unauthorized: "*"incorrect username or password"* ]]
	[ "$(api /auth -X POST -H 'Content-Type: application/json' -o /dev/null -w '%{http_code}' \
		-d '{"username": "user", "password": "wrong", "serveraddress": "127.0.0.1:5003"}')" = 401 ]
	run -0 tug login -u user --password-stdin 127.0.0.1:5003 <<<pass
	[[ $output == *"Login Succeeded"* ]]
	[[ $output == *"stored unencrypted in '$DOCKER_CONFIG/config.json'"* ]]
	[ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 600 ]
	jq -e '.detachKeys == "ctrl-x" and .auths["https://other/v1/"].auth == "eDp5"
		and .auths["127.0.0.1:5003"].identitytoken == "refresh"' "$DOCKER_CONFIG/config.json"
	tug pull -q 127.0.0.1:5003/small:1
	run -0 tug logout 127.0.0.1:5003
	[ "${lines[0]}" = "Removing login credentials for 127.0.0.1:5003" ]
	jq -e '(.auths | keys) == ["https://other/v1/"]' "$DOCKER_CONFIG/config.json"
	run -0 tug logout 127.0.0.1:5003
	[[ $output == *"Not logged in to 127.0.0.1:5003"* ]]
	run -1 tug login 127.0.0.1:5003 </dev/null
	[[ $output == *"Error: Cannot perform an interactive login from a non TTY device"* ]]
	run -1 tug login --password-stdin 127.0.0.1:5003 </dev/null
	[[ $output == *"Must provide --username with --password-stdin"* ]]
}

@test "credential helpers: for a host, for all, and one that is not there" {
	mkdir -p "$T/helpers"
	cat >"$T/helpers/docker-credential-test" <<-SH
		#!/bin/sh
		echo "\$1 \$(cat | tr -d '\n' | tee $T/helpers/in)" >>$T/helpers/log
		case \$1 in
		get) if grep -q 127.0.0.1:5003 $T/helpers/in; then echo '{"ServerURL":"x","Username":"user","Secret":"pass"}'
			else echo "credentials not found in native keychain"; exit 1; fi ;;
		esac
	SH
	chmod +x "$T/helpers/docker-credential-test"
	export PATH=$T/helpers:$PATH
	echo '{"credHelpers": {"127.0.0.1:5003": "test"}}' >"$DOCKER_CONFIG/config.json"
	tug pull -q 127.0.0.1:5003/small:1
	grep -q '^get 127.0.0.1:5003$' "$T/helpers/log"
	tug pull -q 127.0.0.1:5001/small:1
	echo '{"credsStore": "test"}' >"$DOCKER_CONFIG/config.json"
	tug pull -q 127.0.0.1:5001/small:2
	run -0 tug login -u user -p pass 127.0.0.1:5003
	[[ $output != *unencrypted* ]]
	grep -q '^store .*"Secret":"refresh"' "$T/helpers/log"
	run -0 tug logout 127.0.0.1:5003
	grep -q '^erase 127.0.0.1:5003$' "$T/helpers/log"
	echo '{"credsStore": "absent"}' >"$DOCKER_CONFIG/config.json"
	run -1 tug pull 127.0.0.1:5001/small:1
	[[ $output == *'exec: "docker-credential-absent": executable file not found in $PATH'* ]]
	rm -r "$T/helpers"
}

@test "lists of manifests: inspect, create, annotate, push, rm; what a registry says" {
	run -0 tug manifest inspect 127.0.0.1:5001/multi:1
	[ "$(jq '.manifests | length' <<<"$output")" = 3 ]
	run -0 tug manifest inspect -v 127.0.0.1:5001/multi:1
	[ "$(jq -r '.[1].Descriptor.platform.architecture' <<<"$output")" = arm64 ]
	[ "$(jq -r '.[0].SchemaV2Manifest.schemaVersion' <<<"$output")" = 2 ]
	run -1 tug manifest inspect 127.0.0.1:5001/multi:9
	[[ $output == *"no such manifest: 127.0.0.1:5001/multi:9"* ]]
	tug import "$T/root.tar" localhost:5000/list:amd64 >/dev/null
	tug push -q localhost:5000/list:amd64
	tug tag localhost:5000/list:amd64 localhost:5000/elsewhere:arm64
	tug push -q localhost:5000/elsewhere:arm64
	run -0 tug manifest create localhost:5000/list:all localhost:5000/list:amd64 localhost:5000/elsewhere:arm64
	[ "$output" = "Created manifest list localhost:5000/list:all" ]
	run -1 tug manifest create localhost:5000/list:all localhost:5000/list:amd64
	[[ $output == *"refusing to amend an existing manifest list with no --amend flag"* ]]
	tug manifest annotate --arch arm64 --variant v8 localhost:5000/list:all localhost:5000/elsewhere:arm64
	run -0 tug manifest push -p localhost:5000/list:all
	digest=$output
	[ "$(in_net skopeo inspect --tls-verify=false --raw docker://localhost:5000/list:all | sha256sum | cut -c1-64)" = "${digest#sha256:}" ]
	run -1 tug manifest rm localhost:5000/list:all
	[[ $output == *"No such manifest"* ]]
	tug pull -q --platform linux/arm64 localhost:5000/list:all
	run -0 api /distribution/localhost:5000/list:all/json
	jq -e 'any(.Platforms[]; .variant == "v8")' <<<"$output"
	[ "$(api /registry/localhost:5000/list/tags | jq -c sort)" = '["all","amd64"]' ]
	api /registry/localhost:5000/catalog | jq -e 'index("elsewhere")'
	api /registry/127.0.0.1:5001/catalog | jq -e 'length >= 5'
	[ "$(api /registry/localhost:5000/list:all/referrers | jq '.manifests | length')" = 0 ]
	run -0 tug search localhost:5000/else
	[[ ${lines[1]} == elsewhere* ]]
	api /registry/localhost:5000/list:all/manifest -X DELETE
	run -1 tug pull localhost:5000/list:all
}

@test "the real client pulls and pushes through the engine" {
	command -v docker >/dev/null || skip "no docker client here"
	run -0 in_net docker pull localhost:5001/small:1
	[[ $output == *"Status: Downloaded newer image for localhost:5001/small:1"* ]]
	in_net docker tag localhost:5001/small:1 localhost:5000/by/docker:1
	run -0 in_net docker push localhost:5000/by/docker:1
	[[ $output == *"1: digest: sha256:"* ]]
}
