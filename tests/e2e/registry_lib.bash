# For files that need registries beside the engine, in its network namespace.

# registry_fake NAME ADDRESS PORT [options of registry_server.py]: starts one, ended by registries_end.
registry_fake() {
	local name=$1 address=$2 port=$3
	shift 3
	nsenter --net="$NET" python3 "$BATS_TEST_DIRNAME/registry_server.py" "$address" "$port" "$@" >>"$T/$name.log" 2>&1 3>&- </dev/null &
	echo $! >"$T/$name.registry"
	wait_for in_net bash -c "exec 9<>/dev/tcp/$address/$port" 2>/dev/null
}

# registry_real NAME [ADDRESS:]PORT [more of "http", YAML] [more of its configuration, YAML]: docker-registry.
registry_real() {
	local place=$2
	[[ $place == *:* ]] || place=127.0.0.1:$2
	mkdir -p "$T/$1.store"
	cat >"$T/$1.yml" <<-YAML
		version: 0.1
		log: {level: error, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $T/$1.store}, delete: {enabled: true}}
		http: {addr: "$place"${3:+, $3}}
		${4:-}
	YAML
	nsenter --net="$NET" docker-registry serve "$T/$1.yml" >>"$T/$1.log" 2>&1 3>&- </dev/null &
	echo $! >"$T/$1.registry"
	wait_for in_net bash -c "exec 9<>/dev/tcp/${place%:*}/${place##*:}" 2>/dev/null
}

# An engine, and one registry of the scripted kind, `one` at 127.0.0.1:5001, with nothing pulled yet.
registry_kill_begin() {
	engine_begin '{"registry-timeout": 2}'
	export DOCKER_CONFIG=$T/docker
	mkdir "$DOCKER_CONFIG"
	registry_fake one 127.0.0.1 5001
	engine_start
	engine_rest
	images_gone
}

# A root of our own, certificates for the address 10.99.0.1 and for a client, in T/tls.
certificates_make() {
	mkdir -p "$T/tls"
	(
		cd "$T/tls"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 30
		for name in server client; do
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
			printf 'subjectAltName=IP:10.99.0.1\n' >$name.ext
			openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $name.crt -days 30 -extfile $name.ext
		done
	) >/dev/null 2>&1
}

registries_end() {
	local file
	for file in "$T"/*.registry; do
		[ -e "$file" ] || continue
		kill "$(cat "$file")" 2>/dev/null
		wait_for process_gone "$(cat "$file")"
		rm -f "$file"
	done
}

# fault PORT JSON; reset PORT; requests PORT JQ-FILTER
fault() { in_net curl -sS --max-time 10 -o /dev/null "http://127.0.0.1:$1/_fault" -d "$2"; }
reset() { in_net curl -sS --max-time 10 -o /dev/null "http://127.0.0.1:$1/_reset" -d ''; }
requests() { in_net curl -sS --max-time 10 "http://127.0.0.1:$1/_log" | jq -r "$2"; }
sent() { in_net curl -sS --max-time 10 "http://127.0.0.1:$1/_bytes"; }
# The digest of the first layer of an image.
layer_of() { in_net curl -sS --max-time 10 "http://127.0.0.1:$1/v2/$2/manifests/$3" | jq -r ".layers[0].digest"; }
size_of() { in_net curl -sS --max-time 10 "http://127.0.0.1:$1/v2/$2/manifests/$3" | jq '[.config.size, .layers[].size] | add'; }

# What an image leaves behind, of which a failed pull must change nothing.
store_state() {
	find "$T/data/blobs" "$T/data/layers" -maxdepth 2 -mindepth 1 | sort
	api /images/json | jq -S '[.[] | {Id, RepoTags, RepoDigests}]'
}
staging_empty() { [ -z "$(ls "$T/data/staging" "$T/data/trash" | grep -v :)" ]; }
# Forgets all images but hello, and what was downloaded.
images_gone() {
	local id
	for id in $(tug images -q | sort -u); do tug rmi -f "$id" >/dev/null 2>&1; done
	rm -f "$T"/data/downloads/*
	wait_for staging_empty
}
