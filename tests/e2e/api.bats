# The Engine API on its raw socket: status codes, versions, bad input, hijack, waits.

load lib

setup_file() { engine_begin; engine_start; image_busybox; }
teardown() { engine_clean; }
teardown_file() { engine_end; }

# status PATH [curl's options]: the HTTP status alone
status() { curl -s -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' --max-time 20 --unix-socket "$SOCKET" "${@:2}" "http://tug$1"; }
body() { cat "$BATS_TEST_TMPDIR/body"; }
message() { jq -r .message <"$BATS_TEST_TMPDIR/body"; }
json() { status "$1" -X POST -H 'Content-Type: application/json' -d "$2"; }
is() { [ "$1" = "$2" ] || { echo "is '$1', not '$2'; body: $(body)" >&2; return 1; }; }
has() { [[ $1 == *"$2"* ]] || { echo "'$1' is without '$2'" >&2; return 1; }; }
create() { api "/containers/create${2:+?name=$2}" -X POST -H 'Content-Type: application/json' -d "$1" | jq -re .Id; }

@test "ping has Docker's headers, also for HEAD" {
	run api /_ping -i
	has "$output" $'\r\nApi-Version: 1.56\r'
	has "$output" 'Ostype: linux'
	has "$output" 'Docker-Experimental: false'
	has "$output" 'Cache-Control: no-cache, no-store, must-revalidate'
	[[ $output == *OK ]]
	run api /_ping -I
	has "$output" 'HTTP/1.1 200 OK'
	has "$output" 'Content-Length: 2'
}

@test "versions from 1.24 to 1.56 are spoken" {
	is "$(status /v1.24/version)" 200
	is "$(status /v1.56/version)" 200
	is "$(jq -r .ApiVersion <"$BATS_TEST_TMPDIR/body")" 1.56
	is "$(status /v1.23/version)" 400
	is "$(body)" 'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version'
	is "$(status /v1.99/version)" 400
	is "$(jq -r .message <"$BATS_TEST_TMPDIR/body")" 'client version 1.99 is too new. Maximum supported API version is 1.56'
}

@test "what is not there is said" {
	is "$(status /nothing)" 404
	is "$(jq -r .message <"$BATS_TEST_TMPDIR/body")" 'page not found'
	is "$(status /version -X DELETE)" 405
	is "$(status /containers/nosuch/json)" 404
	is "$(jq -r .message <"$BATS_TEST_TMPDIR/body")" 'No such container: nosuch'
	is "$(status /images/nosuch/json)" 404
	is "$(jq -r .message <"$BATS_TEST_TMPDIR/body")" 'No such image: nosuch:latest'
	is "$(status /exec/nosuch/json)" 404
	is "$(status /containers/x/checkpoints)" 501
	has "$(body)" 'checkpoints: known, but not supported yet'
}

@test "malformed bodies are refused" {
	is "$(json /containers/create '{')" 400
	has "$(body)" 'invalid JSON'
	is "$(json /containers/create '{"Image":1}')" 400
	is "$(json /containers/create '{"Image":"hello","Image":"hello"}')" 400
	is "$(json /containers/create '')" 400
	is "$(status /containers/create -X POST -d '{}')" 400
	has "$(body)" "must be 'application/json'"
	is "$(json /containers/create '{"Image":"hello","HostConfig":{"Memory":99999999999999999999}}')" 400
	is "$(json /containers/create '{"Image":"hello","HostConfig":{"Memory":-5}}')" 400
	is "$(json /containers/create '{"Image":"nosuch"}')" 404
	is "$(json '/containers/create?name=%2e' '{"Image":"hello"}')" 400
	has "$(body)" 'Invalid container name'
	head -c 5000000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/large"
	is "$(status /containers/create -X POST -H 'Content-Type: application/json' --data-binary "@$BATS_TEST_TMPDIR/large")" 413
	is "$(api '/containers/json?all=1' | jq length)" 0
}

@test "what tug does not do yet is refused by name" {
	local host
	for host in '"StorageOpt":{"size":"1g"}' '"CpuCount":2'; do
		[[ $(json /containers/create "{\"Image\":\"hello\",\"HostConfig\":{$host}}") =~ ^(400|501)$ ]]
		has "$(body)" 'known, but not supported'
	done
}

@test "queries are strict about numbers and generous about booleans" {
	is "$(status '/containers/json?limit=abc')" 400
	is "$(status '/containers/json?limit=99999999999999999999')" 400
	is "$(status '/containers/json?all=false&size=none')" 200
	is "$(status '/containers/json?filters=%7B%22nope%22%3A%5B%22a%22%5D%7D')" 400
	is "$(jq -r .message <"$BATS_TEST_TMPDIR/body")" "invalid filter 'nope'"
	is "$(status '/containers/json?filters=%7B')" 400
	is "$(status '/containers/json?a=%zz')" 400
	is "$(status '/containers/%zz/json')" 400
	local id
	id=$(create '{"Image":"hello"}')
	is "$(status "/containers/$id/stop?t=abc" -X POST)" 400
	is "$(status "/containers/$id/stop" -X POST)" 304
	is "$(status "/containers/$id/kill" -X POST)" 409
	is "$(status "/containers/$id/wait?condition=never" -X POST)" 400
	is "$(status "/containers/$id/logs")" 400
	has "$(body)" 'you must choose at least one stream'
	is "$(status "/containers/$id" -X DELETE)" 204
}

@test "a start with a body is refused" {
	local id
	id=$(create '{"Image":"hello"}')
	is "$(json "/containers/$id/start" '{"Binds":["/:/host"]}')" 400
	is "$(status "/containers/$id" -X DELETE)" 204
}

@test "names are taken once" {
	local id
	id=$(create '{"Image":"hello"}' taken)
	is "$(json '/containers/create?name=taken' '{"Image":"hello"}')" 409
	has "$(body)" 'The container name \"/taken\" is already in use by container'
	is "$(status "/containers/$id/rename?name=other" -X POST)" 204
	is "$(status /containers/other/json)" 200
	is "$(status "/containers/${id:0:8}" -X DELETE)" 204
}

@test "a container goes its way from create to removal" {
	local id
	id=$(create '{"Image":"hello"}')
	is "$(status "/containers/$id/start" -X POST)" 204
	is "$(api "/containers/$id/wait" -X POST | jq .StatusCode)" 0
	has "$(api "/containers/$id/logs?stdout=1" --output - | tr -d '\0')" 'Hello from tug!'
	is "$(api "/containers/$id/json" | jq -r .State.Status)" exited
	is "$(status "/containers/$id" -X DELETE)" 204
	is "$(status "/containers/$id/json")" 404
}

@test "several clients wait for one end, and one that leaves disturbs nobody" {
	local id number
	id=$(create '{"Image":"hello"}')
	for number in 1 2 3; do
		api "/containers/$id/wait?condition=next-exit" -X POST >"$BATS_TEST_TMPDIR/wait$number" &
	done
	timeout 0.5 curl -s --unix-socket "$SOCKET" -X POST "http://tug/containers/$id/wait?condition=next-exit" || true
	is "$(status "/containers/$id/start" -X POST)" 204
	wait
	for number in 1 2 3; do is "$(jq .StatusCode <"$BATS_TEST_TMPDIR/wait$number")" 0; done
	is "$(status "/containers/$id" -X DELETE)" 204
}

# attach ID HEADERS: what comes back on a raw connection, started while it is attached
attach() {
	python3 - "$SOCKET" "$1" "$2" <<-'END'
	import socket, sys
	path, container, headers = sys.argv[1:]
	def connect():
	    s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(path); return s
	s = connect()
	s.sendall(f"POST /containers/{container}/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
	data = b""
	while b"\r\n\r\n" not in data:
	    data += s.recv(1)
	t = connect()
	t.sendall(f"POST /containers/{container}/start HTTP/1.1\r\nHost: x\r\n\r\n".encode())
	assert b" 204 " in t.recv(4096)
	while True:
	    piece = s.recv(65536)
	    if not piece: break
	    data += piece
	sys.stdout.buffer.write(data.replace(b"\0", b""))
	END
}

@test "attach upgrades when it is asked to, and is plain otherwise" {
	local id
	id=$(create '{"Image":"hello","AttachStdout":true}')
	run attach "$id" $'Connection: Upgrade\r\nUpgrade: tcp\r\n'
	has "$output" 'HTTP/1.1 101 UPGRADED'
	has "$output" 'application/vnd.docker.multiplexed-stream'
	has "$output" 'Hello from tug!'
	is "$(status "/containers/$id" -X DELETE)" 204
	id=$(create '{"Image":"hello","AttachStdout":true}')
	run attach "$id" ''
	has "$output" 'HTTP/1.1 200 OK'
	has "$output" 'Hello from tug!'
	is "$(status "/containers/$id" -X DELETE)" 204
	is "$(status /containers/nosuch/attach -X POST)" 404
}

@test "attach gives what was written before, then what is written" {
	local id answer
	id=$(create '{"Image":"busybox","Cmd":["sh","-c","echo one; echo two >&2; read line; echo $line"],"OpenStdin":true}')
	is "$(status "/containers/$id/start" -X POST)" 204
	wait_for logged "$id" two
	frames() { tr -d '\0' | tr '\1\2\4\6' OE46; }
	is "$(api "/containers/$id/attach?logs=1&stdout=1&stderr=1" -X POST | frames)" $'O4one\nE4two'
	is "$(api "/containers/$id/attach?logs=1&stderr=1" -X POST | frames)" E4two
	is "$(api "/containers/$id/attach?stdout=1" -X POST | frames)" ''
	is "$(api "/containers/$id/attach?stream=1" -X POST | frames)" ''
	python3 - "$SOCKET" "$id" >"$BATS_TEST_TMPDIR/both" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])
	s.sendall(f"POST /containers/{sys.argv[2]}/attach?logs=1&stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n"
	          "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\nthree\n".encode())
	data = b""
	while True:
	    piece = s.recv(65536)
	    if not piece: break
	    data += piece
	sys.stdout.buffer.write(data.split(b"\r\n\r\n", 1)[1])
	END
	is "$(frames <"$BATS_TEST_TMPDIR/both")" $'O4one\nO6three'
	is "$(status "/containers/$id" -X DELETE)" 204
}
logged() { tug logs "$1" 2>&1 | grep -q "$2"; }

@test "it is in no swarm, and has no plugins" {
	local path
	for path in /swarm /swarm/unlockkey /nodes /nodes/x /services /services/x/logs /tasks /tasks/x /secrets /configs/x; do
		is "$(status "$path")" 503
		has "$(message)" 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join"'
	done
	for path in /swarm/update /swarm/unlock /services/create /services/x/update /secrets/create /nodes/x/update; do
		is "$(status "$path" -X POST)" 503
	done
	is "$(status /secrets/x -X DELETE)" 503
	is "$(status /swarm/leave -X POST)" 503
	is "$(message)" 'This node is not part of a swarm'
	is "$(status /v1.24/secrets)" 404
	is "$(api /plugins)" '[]'
	is "$(status /plugins/x/json)" 404
	is "$(message)" 'plugin "x" not found'
	is "$(status /plugins/x/enable -X POST)" 404
	is "$(status /swarm/init -X POST)" 501
}

@test "BuildKit is not there, and clients are told" {
	has "$(api /_ping -i)" 'Builder-Version: 1'
	is "$(status /session -X POST)" 400
	is "$(message)" 'no upgrade proto in request'
	is "$(status /session -X POST -H 'Connection: Upgrade' -H 'Upgrade: h2c')" 501
	has "$(message)" DOCKER_BUILDKIT=0
}

@test "an image's old ContainerConfig is there for those who ask as old clients do" {
	is "$(api /v1.44/images/busybox/json | jq -c '.ContainerConfig == .Config')" true
	is "$(api /v1.45/images/busybox/json | jq -c 'has("ContainerConfig")')" false
	is "$(api /images/busybox/json -A 'docker-compose/1.29.2 docker-py/5.0.3' | jq -c 'has("ContainerConfig")')" true
}

@test "events of the past and as they happen" {
	local since id
	since=$(date +%s)
	id=$(create '{"Image":"hello"}')
	api "/containers/$id" -X DELETE
	run api "/events?since=$since&until=$(date +%s).999999999&filters=%7B%22container%22%3A%5B%22$id%22%5D%7D"
	is "$(jq -r .Action <<<"$output" | paste -sd' ')" 'create destroy'
	is "$(jq -r .Actor.Attributes.image <<<"$output" | head -1)" hello
}

@test "broken requests end their connection and nothing else" {
	run python3 - "$SOCKET" <<-'END'
	import socket, sys
	for request in (b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
	                b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	                b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
	                b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"):
	    s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])
	    try: s.sendall(request); s.shutdown(socket.SHUT_WR)
	    except OSError: pass
	    answer = b""
	    try:
	        while True:
	            piece = s.recv(4096)
	            if not piece: break
	            answer += piece
	    except OSError: pass
	    print(answer.split(b"\r\n")[0].decode())
	END
	is "$(grep -cE '^HTTP/1.1 (4|501)' <<<"$output")" 8
	engine_answers
}
