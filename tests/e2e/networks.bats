# Networks of the user's own: their commands, addresses, isolation, and what survives the engine.
load lib
load network_lib

setup_file() {
	engine_begin
	engine_start
	image_busybox
	# Its table of IPv6 rules stays, once there was one.
	tug network create --ipv6 --subnet fd00:dead::/64 first >/dev/null
	tug run --rm --network first busybox true
	tug network rm first >/dev/null
	engine_rest
}
teardown_file() { engine_end; }
teardown() { networks_clean; }

reaches() { tug exec "$1" ping -c 1 -W 2 "$2" >/dev/null; } # reaches CONTAINER ADDRESS
raw() { api "$1" -X POST -H 'Content-Type: application/json' -d "$2" -w '%{http_code}' | tr -d '\n'; }

@test "create, ls, inspect, rm" {
	id=$(tug network create --subnet 10.81.0.0/24 --gateway 10.81.0.9 --ip-range 10.81.0.64/27 --label a=b red)
	[ ${#id} = 64 ]
	run -0 tug network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'
	[ "$output" = $'bridge bridge local\nhost host local\nnone null local\nred bridge local' ]
	run -0 tug network ls -q --filter label=a=b
	[ "$output" = "${id:0:12}" ]
	run -0 tug network ls --filter type=custom --format '{{.Name}}'
	[ "$output" = red ]
	run -0 tug network inspect red
	jq -e '.[0] | .Driver == "bridge" and .IPAM.Config == [{Subnet: "10.81.0.0/24", IPRange: "10.81.0.64/27",
		Gateway: "10.81.0.9"}] and .Labels == {a: "b"} and .Containers == {}' <<<"$output"
	box one red
	run -0 tug network inspect --format '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' red
	[ "$output" = "one 10.81.0.64/24" ]
	run -1 tug network rm red
	[[ $output == *'error while removing network: network red has active endpoints (name:"one" id:"'* ]]
	tug rm -f one >/dev/null
	run -0 tug network rm red
	[ "$output" = red ]
	run -1 tug network inspect red
	[[ $output == *"network red not found"* ]]
	! in_net ip link show "br-${id:0:12}"
}

@test "bad input: Docker's status and words, nothing half-made" {
	tug network create --subnet 10.82.0.0/16 there >/dev/null
	in_net ip -o link >"$T/links"
	while IFS='|' read -r code body words; do
		run -0 raw /networks/create "$body"
		[[ $output == *"$words"*"$code" ]] || { echo "$body: $output" >&2; return 1; }
	done <<-'ROWS'
		409|{"Name":"there"}|network with name there already exists
		400|{"Name":""}|invalid name: name is empty
		403|{"Name":"bridge"}|operation is not permitted on predefined bridge network
		404|{"Name":"x","Driver":"bogus"}|plugin \"bogus\" not found
		404|{"Name":"x","IPAM":{"Driver":"bogus"}}|plugin \"bogus\" not found
		403|{"Name":"x","Driver":"host"}|only one instance of \"host\" network is allowed
		400|{"Name":"x","Options":{"com.docker.network.bridge.enable_icc":"maybe"}}|failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: parsing \"maybe\": invalid syntax)
		400|{"Name":"x","Options":{"com.docker.network.driver.mtu":"-1"}}|invalid MTU number: -1
		400|{"Name":"x","Options":{"com.docker.network.bridge.gateway_mode_ipv4":"y"}}|(unknown gateway mode y)
		500|{"Name":"x","Options":{"com.docker.network.bridge.gateway_mode_ipv4":"isolated"}}|gateway mode 'isolated' can only be used for an internal network
		403|{"Name":"x","IPAM":{"Config":[{"Subnet":"10.82.5.0/24"}]}}|Pool overlaps with other one on this address space
		400|{"Name":"x","IPAM":{"Config":[{"Subnet":"10.83.0.1/16"}]}}|invalid subnet 10.83.0.1/16: it should be 10.83.0.0/16
		400|{"Name":"x","IPAM":{"Config":[{"Subnet":"10.300.0.0/16"}]}}|invalid subnet 10.300.0.0/16: invalid CIDR block notation
		400|{"Name":"x","IPAM":{"Config":[{"Subnet":"10.83.0.0/16","Gateway":"10.9.0.1"}]}}|invalid gateway 10.9.0.1: parent subnet 10.83.0.0/16 doesn't contain this address
		400|{"Name":"x","IPAM":{"Config":[{"Subnet":"10.83.0.0/16","IPRange":"10.9.0.0/24"}]}}|invalid ip-range 10.9.0.0/24: parent subnet 10.83.0.0/16 doesn't contain ip-range
		403|{"Name":"x","IPAM":{"Config":[{"Subnet":"10.83.0.0/16"},{"Subnet":"10.84.0.0/16"}]}}|bridge driver doesn't support multiple subnets
		400|{"Name":"x","EnableIPv4":false}|IPv4 or IPv6 must be enabled
		403|{"Name":"x","Options":{"com.docker.network.bridge.name":"br-none"},"Ingress":true}|Ingress network can only be global scope network
	ROWS
	run -1 tug network rm bridge
	[[ $output == *"bridge is a pre-defined network and cannot be removed"* ]]
	run -125 tug run --rm --network there --ip 10.99.0.1 busybox true
	[[ $output == *"no configured subnet or ip-range contain the IP address 10.99.0.1"* ]]
	run -125 tug run --rm --network there --ip 10.82.0.1 busybox true
	[[ $output == *"Address already in use"* ]]
	run -125 tug run --rm --network bridge --ip 172.17.0.99 busybox true
	[[ $output == *"user specified IP address is supported on user defined networks only"* ]]
	run -125 tug run --rm --network bridge --network-alias x busybox true
	[[ $output == *"network-scoped aliases are only supported for user-defined networks"* ]]
	run -125 tug run --rm --network there --network there busybox true
	[[ $output == *'network "there" is specified multiple times'* ]]
	in_net ip -o link | cmp - "$T/links"
}

@test "several networks: devices, addresses, the default route" {
	tug network create --subnet 10.85.0.0/24 red >/dev/null
	tug network create --subnet 10.86.0.0/24 blue >/dev/null
	run -0 tug run --rm --network name=red,ip=10.85.0.40,mac-address=02:42:00:00:00:40 --network name=blue,gw-priority=1 \
		busybox sh -c 'ip -4 -o addr; ip route; ip link show eth0'
	[[ $output == *"eth0 "*"inet 10.85.0.40/24"* ]]
	[[ $output == *"eth1 "*"inet 10.86.0.2/24"* ]]
	[[ $output == *"default via 10.86.0.1 dev eth1"* ]]
	[[ $output == *"02:42:00:00:00:40"* ]]
}

@test "connect and disconnect while it runs; recorded over kill -9" {
	tug network create --subnet 10.87.0.0/24 red >/dev/null
	tug network create --subnet 10.88.0.0/24 blue >/dev/null
	box one red
	box two blue
	! reaches one "$(address_of two blue)"
	tug network connect --ip 10.88.0.50 --alias uno blue one
	reaches one "$(address_of two blue)"
	reaches two 10.88.0.50
	run -0 tug exec one cat /etc/hosts
	[[ $output == *"10.88.0.50"* && $output == *"10.87.0.2"* ]]
	run -1 tug network connect blue one
	[[ $output == *"endpoint with name one already exists in network blue"* ]]
	engine_stop KILL
	reaches_raw() { in_net busybox ping -c 1 -W 2 10.88.0.50 >/dev/null; }
	reaches_raw
	engine_start
	[ "$(address_of one blue)" = 10.88.0.50 ]
	run -125 tug run --rm --network blue --ip 10.88.0.50 busybox true
	[[ $output == *"Address already in use"* ]]
	tug network disconnect blue one
	! reaches two 10.88.0.50
	run -0 tug exec one ip -o link
	[[ $output != *eth1* ]]
	run -1 tug network disconnect blue one
	[[ $output == *"is not connected to network blue"* ]]
	tug run --rm --network blue --ip 10.88.0.50 busybox true
}

@test "networks do not reach each other, published ports do" {
	tug network create --subnet 10.89.0.0/24 red >/dev/null
	tug network create --subnet 10.90.0.0/24 blue >/dev/null
	tug run -d --name web --network red -p 8085:80 busybox httpd -f -p 80 -h /www >/dev/null
	box two blue
	serves() { [ "$(in_net curl -s --max-time 3 http://127.0.0.1:8085/)" = "a page" ]; }
	wait_for serves
	! tug exec two timeout 2 wget -q -O - http://10.89.0.2/
	run -0 tug exec two timeout 5 wget -q -O - http://10.89.0.1:8085/
	[ "$output" = "a page" ]
}

@test "an internal network leads nowhere" {
	tug network create --internal --subnet 10.91.0.0/24 inside >/dev/null
	box one inside
	box two inside
	reaches one "$(address_of two inside)"
	run -0 tug exec one ip route
	[[ $output != *default* ]]
	in_net ip addr add 10.99.9.9/32 dev lo
	! tug run --rm --cap-add NET_ADMIN --network inside busybox sh -c 'ip route add default via 10.91.0.1; ping -c 1 -W 1 10.99.9.9'
	in_net ip addr del 10.99.9.9/32 dev lo
}

@test "without icc containers only reach what is published" {
	tug network create -o com.docker.network.bridge.enable_icc=false --subnet 10.92.0.0/24 apart >/dev/null
	box one apart
	box two apart
	! reaches one "$(address_of two apart)"
}

@test "IPv6 and dual stack" {
	tug network create --ipv6 --subnet 10.93.0.0/24 --subnet fd00:93::/64 both >/dev/null
	tug network create --ipv6 --ipv4=false --subnet fd00:94::/64 six >/dev/null
	tug run -d --name web --network both -p 8086:80 busybox httpd -f -p '[::]:80' -h /www >/dev/null
	box two both
	run -0 tug exec two ping -6 -c 1 -W 3 fd00:93::2
	run -0 tug run --rm --network six busybox ip -6 -o addr show eth0
	[[ $output == *"fd00:94::2/64"* ]]
	page() { [ "$(in_net curl -s --max-time 3 "http://$1/")" = "a page" ]; }
	wait_for page 127.0.0.1:8086
	page '[fd00:93::1]:8086'
	run -0 tug port web
	[ "$output" = $'80/tcp -> 0.0.0.0:8086\n80/tcp -> [::]:8086' ]
}

@test "the network of another container" {
	box one bridge --hostname first
	run -0 tug run --rm --network container:one busybox sh -c 'hostname; ip -4 -o addr show eth0; cat /etc/hosts'
	[[ $output == *"$(address_of one bridge)"* && $output == first* ]]
	run -125 tug run --rm --network container:one -p 80:80 busybox true
	[[ $output == *"conflicting options: port publishing and the container type network mode"* ]]
	run -125 tug run --rm --network container:nope busybox true
	[[ $output == *"joining network namespace of container: No such container: nope"* ]]
}

@test "host.docker.internal without a flag; links of the default bridge" {
	box one bridge
	run -0 tug run --rm --link one:db busybox cat /etc/hosts
	[[ $output == *$'172.17.0.1\thost.docker.internal'* ]]
	[[ $output == *"$(address_of one bridge)"$'\tdb '* ]]
}

@test "tables that somebody flushes are there again within a second" {
	tug run -d --name web -p 8087:80 busybox httpd -f -p 80 -h /www >/dev/null
	serves() { [ "$(in_net curl -s --max-time 3 http://127.0.0.1:8087/)" = "a page" ]; }
	wait_for serves
	in_net nft flush ruleset
	sleep 1
	serves
	in_net nft delete table ip "$NAME"
	sleep 1
	serves
}

@test "a container cannot take a neighbour's address" {
	box one bridge
	run -0 tug run --rm --cap-add NET_ADMIN busybox sh -c "
		ip addr flush dev eth0; ip addr add $(address_of one bridge)/16 dev eth0; ping -c 1 -W 1 172.17.0.1 || echo kept"
	[[ $output == *kept* ]]
	run -0 tug run --rm --cap-add NET_ADMIN busybox sh -c '
		ip link set eth0 down; ip link set eth0 address 02:42:de:ad:be:ef; ip link set eth0 up
		ping -c 1 -W 1 172.17.0.1 || echo kept'
	[[ $output == *kept* ]]
	reaches one 172.17.0.1
}

@test "macvlan on a wire of the host; ipvlan where the kernel has it" {
	in_net ip link add wire0 type veth peer name wire1
	in_net ip link set wire0 up
	in_net ip link set wire1 up
	tug network create -d macvlan --subnet 10.95.0.0/24 --gateway 10.95.0.1 -o parent=wire0 lan >/dev/null
	box one lan
	box two lan
	reaches one "$(address_of two lan)"
	tug rm -f one two >/dev/null
	tug network rm lan >/dev/null
	run tug network create -d ipvlan --subnet 10.96.0.0/24 -o parent=wire0 ip
	in_net ip link del wire0
	[[ $output != *"this kernel has no ipvlan"* ]] || skip "this kernel has no ipvlan"
	tug network rm ip >/dev/null
}

@test "networks and containers survive kill -9" {
	id=$(tug network create red)
	box one red
	before=$(tug network inspect red | jq -S '.[0]')
	engine_stop KILL
	engine_start
	[ "$(tug network inspect red | jq -S '.[0]')" = "$before" ]
	tug restart -t 0 one >/dev/null
	[ "$(tug network inspect --format '{{len .Containers}}' red)" = 1 ]
}

@test "one TCP stream through a published port, over 20 kills of the engine" {
	tug network create red >/dev/null
	tug run -d --name echo --network red -p 8088:7 busybox nc -ll -p 7 -e cat >/dev/null
	answers() { [ "$(echo hello | in_net socat -t 1 - TCP:127.0.0.1:8088 2>/dev/null)" = hello ]; }
	wait_for answers
	coproc STREAM { exec nsenter --net="$NET" socat - TCP:127.0.0.1:8088 3>&-; }
	for turn in {1..20}; do
		engine_stop KILL
		echo "down $turn" >&"${STREAM[1]}"
		read -r -t 5 line <&"${STREAM[0]}"
		[ "$line" = "down $turn" ]
		engine_start
		echo "up $turn" >&"${STREAM[1]}"
		read -r -t 5 line <&"${STREAM[0]}"
		[ "$line" = "up $turn" ]
	done
	kill "$STREAM_PID"
}

@test "prune: by label and age, only what nobody uses" {
	tug network create --label keep=yes kept >/dev/null
	tug network create --label keep=no gone >/dev/null
	tug network create used >/dev/null
	box one used
	run -0 tug network prune -f --filter label=keep=no
	[ "$output" = $'Deleted Networks:\ngone' ]
	run -0 tug network prune -f --filter until=1h
	[ -z "$output" ]
	run -0 tug network prune -f --filter label!=keep
	[ -z "$output" ]
	run -0 tug network prune -f --filter label!=keep=no --filter label=keep
	[ "$output" = $'Deleted Networks:\nkept' ]
	tug network create more >/dev/null
	run -0 tug network prune -f
	[ "$output" = $'Deleted Networks:\nmore' ]
	tug network inspect used >/dev/null
	run -1 tug network prune -f --filter nope=1
	[[ $output == *"invalid filter 'nope'"* ]]
}
