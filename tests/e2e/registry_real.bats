# The registry of the distribution as people run it: passwords, tokens, a private root, clients with certificates; and
# round trips with the tools that others use.

load lib.bash
load registry_lib.bash

setup_file() {
	engine_begin
	export DOCKER_CONFIG=$T/docker
	mkdir "$DOCKER_CONFIG"
	engine_configure '{"registry-timeout": 5, "max-download-attempts": 2, "registry-certs": ["'"$T/certs.d"'"]}'
	in_net ip addr add 10.99.0.1/32 dev lo
	certificates_make
	(cd "$T/tls" && openssl req -x509 -newkey rsa:2048 -nodes -keyout token.key -out token.crt -subj /CN=token -days 30) >/dev/null 2>&1
	mkdir -p "$T/certs.d/10.99.0.1:5443" "$T/certs.d/10.99.0.1:5444" "$T/certs.d/10.99.0.1:5445"
	for port in 5443 5444 5445; do cp "$T/tls/ca.crt" "$T/certs.d/10.99.0.1:$port/"; done
	tls="tls: {certificate: $T/tls/server.crt, key: $T/tls/server.key}"
	perl -e 'print "user:", crypt("pass", q($2b$05$abcdefghijklmnopqrstuu)), "\n"' >"$T/htpasswd"
	registry_real basic 10.99.0.1:5443 "$tls" "auth: {htpasswd: {realm: test, path: $T/htpasswd}}"
	registry_real mutual 10.99.0.1:5444 "${tls%\}}, clientcas: [$T/tls/ca.crt]}"
	registry_real token 10.99.0.1:5445 "$tls" \
		"auth: {token: {realm: 'http://10.99.0.1:5500/token', service: test service, issuer: test issuer, rootcertbundle: $T/tls/token.crt}}"
	nsenter --net="$NET" python3 "$BATS_TEST_DIRNAME/token_server.py" 10.99.0.1 5500 "$T/tls/token.crt" "$T/tls/token.key" \
		>>"$T/tokens.log" 2>&1 3>&- </dev/null &
	echo $! >"$T/tokens.registry"
	registry_real plain 5000
	registry_real other 5001
	engine_start
	mkdir -p "$T/root/bin"
	cp "$(command -v busybox)" "$T/root/bin/busybox"
	tar -C "$T/root" -cf "$T/root.tar" .
	rm -r "$T/root"
	engine_rest
}
teardown() {
	rm -f "$T/docker/config.json"
	images_gone
	engine_clean
}
teardown_file() { registries_end; engine_end; }

remote_digest() { in_net skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"; }
# Everything that an image is made of, by digest.
remote_all() { in_net skopeo inspect --tls-verify=false --raw "docker://$1" | jq -S '[.config.digest, (.layers[] | [.digest, .size])]'; }

@test "passwords in htpasswd, over TLS with a private root" {
	tug import "$T/root.tar" 10.99.0.1:5443/team/app:1 >/dev/null
	run -1 tug push 10.99.0.1:5443/team/app:1
	[[ $output == *"no basic auth credentials"* ]]
	run -1 tug login -u user -p wrong 10.99.0.1:5443
	[[ $output == *unauthorized* ]]
	tug login -u user --password-stdin 10.99.0.1:5443 <<<pass
	run -0 tug push 10.99.0.1:5443/team/app:1
	digest=$(grep -o 'sha256:[0-9a-f]*' <<<"${lines[-1]}")
	images_gone
	tug pull -q 10.99.0.1:5443/team/app:1
	[ "$(tug image inspect -f '{{index .RepoDigests 0}}' 10.99.0.1:5443/team/app:1)" = "10.99.0.1:5443/team/app@$digest" ]
	[ "$(SSL_CERT_FILE=$T/tls/ca.crt in_net skopeo inspect --creds user:pass --format '{{.Digest}}' docker://10.99.0.1:5443/team/app:1)" = "$digest" ]
	images_gone
	tug logout 10.99.0.1:5443
	run -1 tug pull 10.99.0.1:5443/team/app:1
	[[ $output == *"no basic auth credentials"* ]]
	[ "$(api '/images/create?fromImage=10.99.0.1:5443/team/app&tag=1' -X POST -o /dev/null -w '%{http_code}')" = 401 ]
}

@test "clients with certificates" {
	tug import "$T/root.tar" 10.99.0.1:5444/app:1 >/dev/null
	run -1 tug push 10.99.0.1:5444/app:1
	[[ $output == *10.99.0.1:5444* && $output == *certificate* ]] || { echo "$output"; false; }
	cp "$T/tls/client.crt" "$T/certs.d/10.99.0.1:5444/client.cert"
	cp "$T/tls/client.key" "$T/certs.d/10.99.0.1:5444/client.key"
	tug push -q 10.99.0.1:5444/app:1
	images_gone
	tug pull -q 10.99.0.1:5444/app:1
	run -0 tug run --rm 10.99.0.1:5444/app:1 /bin/busybox echo there
	[ "$output" = there ]
	rm "$T"/certs.d/10.99.0.1:5444/client.*
}

@test "tokens of a server of their own: for whoever logs in, and what is open to all" {
	engine_configure '{"registry-timeout": 5, "max-download-attempts": 2, "registry-certs": ["'"$T/certs.d"'"]}'
	tug import "$T/root.tar" 10.99.0.1:5445/open/app:1 >/dev/null
	# the realm is asked in plain text: nobody's password goes there
	run -1 tug login -u user -p pass 10.99.0.1:5445
	[[ $output == *"plain http"* ]]
	engine_configure '{"registry-timeout": 5, "max-download-attempts": 2, "registry-certs": ["'"$T/certs.d"'"],
		"insecure-registries": ["10.99.0.1:5445"]}'
	kill -HUP "$(engine_pid)"
	wait_for grep -q 'configuration changed.*insecure-registries' "$T/engine.log"
	run -1 tug push 10.99.0.1:5445/open/app:1
	[[ $output == *"unauthorized: authentication required"* ]] || { echo "$output"; false; }
	run -1 tug login -u user -p wrong 10.99.0.1:5445
	[[ $output == *"incorrect username or password"* ]] || { echo "$output"; false; }
	tug login -u user -p pass 10.99.0.1:5445
	run -0 tug push 10.99.0.1:5445/open/app:1
	digest=$(grep -o 'sha256:[0-9a-f]*' <<<"${lines[-1]}")
	# mounted from another repository: by one token for both
	tug tag 10.99.0.1:5445/open/app:1 10.99.0.1:5445/closed/app:1
	run -0 tug push 10.99.0.1:5445/closed/app:1
	[[ $output == *"Mounted from open/app"* ]] || { echo "$output"; in_net curl -s http://10.99.0.1:5500/log; false; }
	images_gone
	tug pull -q 10.99.0.1:5445/closed/app:1
	images_gone
	tug logout 10.99.0.1:5445
	tug pull -q 10.99.0.1:5445/open/app:1
	[ "$(tug image inspect -f '{{index .RepoDigests 0}}' 10.99.0.1:5445/open/app:1)" = "10.99.0.1:5445/open/app@$digest" ]
	run -1 tug pull 10.99.0.1:5445/closed/app:1
	[[ $output == *"pull access denied for 10.99.0.1:5445/closed/app"* ]] || { echo "$output"; false; }
}

@test "what buildah, umoci and skopeo made keeps every digest on its way through tug" {
	local tag
	mkdir -p "$T/oci" "$T/more"
	echo more >"$T/more/file"
	tug import "$T/root.tar" localhost:5000/src:tug >/dev/null
	tug push -q localhost:5000/src:tug
	in_net skopeo copy -q --src-tls-verify=false -f oci docker://localhost:5000/src:tug "oci:$T/oci:one"
	umoci insert --image "$T/oci:one" --tag two "$T/more" /more >/dev/null 2>&1
	in_net skopeo copy -q --dest-tls-verify=false "oci:$T/oci:two" docker://localhost:5000/src:umoci
	in_net skopeo copy -q --dest-tls-verify=false --dest-compress-format zstd "oci:$T/oci:one" docker://localhost:5000/src:skopeo
	buildah="in_net env -u DOCKER_CONFIG buildah --root $T/buildah --runroot $T/buildah.run --storage-driver vfs"
	for kind in oci docker; do
		working=$($buildah from scratch)
		$buildah copy -q "$working" "$T/more" /more >/dev/null
		$buildah config --cmd '["/more"]' --label made=here "$working"
		$buildah commit -q -f $kind "$working" "made:$kind" >/dev/null
		$buildah push -q --tls-verify=false "made:$kind" "docker://localhost:5000/src:buildah-$kind"
		$buildah rm "$working" >/dev/null
	done
	images_gone
	for tag in tug umoci skopeo buildah-oci buildah-docker; do
		tug pull -q "localhost:5000/src:$tag"
		tug tag "localhost:5000/src:$tag" "localhost:5001/dst:$tag"
		tug push -q "localhost:5001/dst:$tag"
		[ "$(remote_digest "localhost:5000/src:$tag")" = "$(remote_digest "localhost:5001/dst:$tag")" ] || { echo "$tag"; false; }
		[ "$(remote_all "localhost:5000/src:$tag")" = "$(remote_all "localhost:5001/dst:$tag")" ]
		[ "$(tug image inspect -f '{{.Id}}' "localhost:5001/dst:$tag")" = \
			"$(in_net skopeo inspect --tls-verify=false --raw "docker://localhost:5000/src:$tag" | jq -r .config.digest)" ]
	done
	rm -rf "$T/oci" "$T/more"
}

@test "what tug pushed: skopeo copies it, umoci unpacks it, buildah has the same image" {
	tug import --change 'ENV A=b' "$T/root.tar" localhost:5000/made:1 >/dev/null
	tug push -q localhost:5000/made:1
	id=$(tug image inspect -f '{{.Id}}' localhost:5000/made:1)
	in_net skopeo copy -q --preserve-digests --src-tls-verify=false --dest-tls-verify=false docker://localhost:5000/made:1 docker://localhost:5001/copied:1
	[ "$(remote_digest localhost:5001/copied:1)" = "$(remote_digest localhost:5000/made:1)" ]
	in_net skopeo copy -q --src-tls-verify=false -f oci docker://localhost:5000/made:1 "oci:$T/oci:made"
	umoci unpack --image "$T/oci:made" "$T/bundle" >/dev/null 2>&1
	cmp "$T/bundle/rootfs/bin/busybox" "$(command -v busybox)"
	jq -e '.process.env | index("A=b")' "$T/bundle/config.json"
	buildah="in_net env -u DOCKER_CONFIG buildah --root $T/buildah --runroot $T/buildah.run --storage-driver vfs"
	[ "sha256:$($buildah pull -q --tls-verify=false docker://localhost:5000/made:1)" = "$id" ]
	$buildah push -q --tls-verify=false localhost:5000/made:1 docker://localhost:5001/back:1
	tug pull -q localhost:5001/back:1
	[ "$(tug image inspect -f '{{.Id}}' localhost:5001/back:1)" = "$id" ]
	rm -rf "$T/oci" "$T/bundle"
	$buildah rmi -a >/dev/null
	rm -rf "$T/buildah" "$T/buildah.run"
}
