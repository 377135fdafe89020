# Containers on the default bridge, and their published ports.
load lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

web() { # web NAME OPTIONS...: a web server
	tug run -d --name "$1" "${@:2}" busybox httpd -f -p 80 -h /www
}
page() { in_net curl -s --max-time 5 "http://$1/"; }
serves() { [ "$(page "$1")" = "a page" ]; }
refuses() { ! in_net curl -s --max-time 5 -o /dev/null "http://$1/"; }
port_of() { tug inspect --format '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}' "$1"; }

@test "a container has eth0, a gateway and the files that say so" {
	run -0 tug run --rm --name box --hostname box busybox sh -c \
		'ip -4 -o addr show eth0; ip route; cat /etc/hosts /etc/hostname /etc/resolv.conf; ip -o link | wc -l'
	[[ $output == *"inet 172.17.0."*"/16"* ]]
	[[ $output == *"default via 172.17.0.1 dev eth0"* ]]
	[[ $output == *$'127.0.0.1\tlocalhost'* ]]
	[[ $output =~ 172\.17\.0\.[0-9]+$'\t'box ]]
	[[ $output == *nameserver* ]]
	[ "${lines[-1]}" = 2 ]
}

@test "DNS settings and extra hosts" {
	run -0 tug run --rm --dns 10.1.2.3 --dns-search a.example --dns-option ndots:2 --add-host db:10.0.0.9 \
		--add-host up:host-gateway busybox cat /etc/resolv.conf /etc/hosts
	[[ $output == *"nameserver 10.1.2.3"*"search a.example"*"options ndots:2"* ]]
	[[ $output == *$'10.0.0.9\tdb'* ]]
	[[ $output == *$'172.17.0.1\tup'* ]]
}

@test "none has only loopback, host has the host's devices" {
	run -0 tug run --rm --network none busybox ip -o link
	[ "${#lines[@]}" = 1 ]
	[[ $output == *"lo: <LOOPBACK,UP,"* ]]
	run -0 tug run --rm --network host busybox ip -o link
	[[ $output == *"$NAME"* ]]
}

@test "an unknown network is refused by name" {
	run -125 tug run --rm --network nowhere busybox true
	[[ $output == *"network nowhere not found"* ]]
}

@test "a published port: from this host, from other containers, from itself" {
	web first -p 8080:80
	wait_for serves 127.0.0.1:8080
	serves 172.17.0.1:8080
	run -0 tug run --rm busybox wget -q -O - http://172.17.0.1:8080/
	[ "$output" = "a page" ]
	run -0 tug exec first wget -q -O - http://172.17.0.1:8080/
	[ "$output" = "a page" ]
	run -0 tug ps --format '{{.Ports}}'
	[[ $output == *"0.0.0.0:8080->80/tcp"* ]]
	tug stop -t 0 first >/dev/null
	refuses 127.0.0.1:8080
	tug start first >/dev/null
	wait_for serves 127.0.0.1:8080
}

@test "published on one address only" {
	web first -p 127.0.0.1:8080:80
	wait_for serves 127.0.0.1:8080
	refuses 172.17.0.1:8080
	run -0 tug ps --format '{{.Ports}}'
	[ "$output" = "127.0.0.1:8080->80/tcp" ]
}

@test "any free port, and a range" {
	web first -p 80
	port=$(port_of first)
	[ "$port" -ge 1024 ]
	wait_for serves "127.0.0.1:$port"
	web second -p 8080-8081:80
	web third -p 8080-8081:80
	[ "$(port_of second) $(port_of third)" = "8080 8081" ]
}

@test "a port in use: 125, Docker's words, nothing half-made" {
	web first -p 8080:80
	run -125 web second -p 8081:80 -p 8080:80
	[[ $output == *"Bind for 0.0.0.0:8080 failed: port is already allocated"* ]]
	run -0 tug inspect --format '{{.State.Status}}' second
	[ "$output" = created ]
	web third -p 8081:80 # free again
	nsenter --net="$NET" busybox nc -l -p 8082 </dev/null 3>&- &
	listener=$!
	listens() { in_net ss -Hltn 'sport = :8082' | grep -q 8082; }
	wait_for listens
	run -125 web fourth -p 8082:80
	kill "$listener"
	[[ $output == *"0.0.0.0:8082/tcp: address already in use"* ]]
	serves 127.0.0.1:8081
}

@test "kill -9 of the engine: ports stay open, and are known again" {
	web first -p 8080:80
	web second -p 8083:80
	wait_for serves 127.0.0.1:8080
	address=$(tug inspect --format '{{.NetworkSettings.IPAddress}}' first)
	engine_stop KILL
	serves 127.0.0.1:8080
	engine_start
	serves 127.0.0.1:8080
	[ "$(tug inspect --format '{{.NetworkSettings.IPAddress}}' first)" = "$address" ]
	run -125 web third -p 8080:80
	[[ $output == *"port is already allocated"* ]]
	run -0 tug run --rm busybox ip -4 -o addr show eth0
	[[ $output != *"$address/"* ]]
	tug rm -f first >/dev/null
	refuses 127.0.0.1:8080
	serves 127.0.0.1:8083
}

@test "a container that ended without an engine leaves no port behind" {
	web first -p 8080:80
	wait_for serves 127.0.0.1:8080
	pid=$(tug inspect --format '{{.State.Pid}}' first)
	engine_stop KILL
	kill -9 "$pid"
	wait_for process_gone "$pid"
	engine_start
	no_element() { ! in_net nft list table ip "$NAME" | grep -q '8080 :'; }
	wait_for no_element
	web second -p 8080:80
	wait_for serves 127.0.0.1:8080
}

@test "an address comes back to use" {
	first=$(tug run --rm busybox ip -4 -o addr show eth0)
	for _ in 1 2 3 4; do last=$(tug run --rm busybox ip -4 -o addr show eth0); done
	number=${last##*inet 172.17.0.}
	[ "${number%%/*}" -le 8 ]
}
