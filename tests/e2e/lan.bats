# What others on the link can reach, whatever they send: rows N-01 to N-13 of the list of what has broken in other engines,
# in a LAN of network namespaces. Its machines:
#
#   host       the engine's; 192.168.77.1, fd77::1, and 192.168.88.1, fd88::1 to a network behind it
#   neighbour  192.168.77.2, fd77::2     an honest client, with a web server of its own on port 8080
#   attacker   192.168.77.3, fd77::3     sets routes and forges frames
#   names      192.168.77.53, fd77::53   a name server, which the host uses
#   behind     192.168.88.2, fd88::2     somebody whom the host does not want to route to
load lib

engine_start() { # with a resolv.conf of ours, in a mount namespace of its own
	nsenter --net="$NET" unshare --mount --propagation private sh -c \
		'mount --bind "$1/resolv.conf" /etc/resolv.conf && exec "$2/tugd" --config-file "$1/daemon.json"' \
		sh "$T" "$TUG_BIN" >>"$T/engine.log" 2>&1 3>&- </dev/null &
	echo $! >"$T/engine.pid"
	wait_for engine_answers || { cat "$T/engine.log" >&2; return 1; }
}

mac_of() { "${@:2}" ip -o link show "$1" | sed 's/.*ether \([^ ]*\).*/\1/'; } # mac_of DEVICE on MACHINE
bridge_of() { echo "br-$(tug network inspect --format '{{.Id}}' "$1" | cut -c1-12)"; }
on() { nsenter --net="/run/netns/$NAME-$1" "${@:2}"; } # on MACHINE COMMAND...

machine() { # machine NAME HOSTS-DEVICE NETWORK NUMBER: on the switch, or right behind the host
	ip netns add "$NAME-$1"
	on "$1" ip link set lo up
	if [ "$2" = switch ]; then
		ip -n "$NAME-$1" link add lan0 type veth peer name "$1" netns "$NAME-switch"
		on switch ip link set dev "$1" master lan up
	else
		ip -n "$NAME-$1" link add lan0 type veth peer name "$2" netns "$NAME"
	fi
	on "$1" ip link set lan0 up
	on "$1" ip address add "192.168.$3.$4/24" dev lan0
	on "$1" ip address add "fd$3::$4/64" dev lan0 nodad
	on "$1" ip route add default via "192.168.$3.1"
	on "$1" ip route add default via "fd$3::1"
}

background() { # background MACHINE COMMAND...: until the file's end
	nsenter --net="/run/netns/$NAME-$1" "${@:2}" >>"$T/$1.out" 2>&1 3>&- &
	echo $! >>"$T/background"
}

setup_file() {
	engine_begin
	ip netns add "$NAME-switch"
	on switch ip link add lan type bridge
	on switch ip link set lan up
	in_net ip link add lan0 type veth peer name host netns "$NAME-switch"
	on switch ip link set dev host master lan up
	in_net ip address add 192.168.77.1/24 dev lan0
	in_net ip address add fd77::1/64 dev lan0 nodad
	in_net ip link set lan0 up
	machine neighbour switch 77 2
	machine attacker switch 77 3
	machine names switch 77 53
	machine behind inner0 88 2
	in_net ip link set inner0 up
	in_net ip address add 192.168.88.1/24 dev inner0
	in_net ip address add fd88::1/64 dev inner0 nodad
	printf 'nameserver 192.168.77.53\n' >"$T/resolv.conf"
	: >"$T/asked"
	background names python3 "$BATS_TEST_DIRNAME/dns_server.py" "$T/asked" 192.168.77.53 fd77::53
	mkdir "$T/page"
	echo neighbour >"$T/page/index.html"
	background neighbour busybox httpd -f -p '[::]:8080' -h "$T/page"
	wait_for grep -q ready "$T/names.out"
	reached() { on neighbour busybox ping -c 1 -W 1 "$1" >/dev/null 2>&1; }
	wait_for reached 192.168.77.1
	wait_for reached fd77::1
	engine_start
	image_busybox
	tug network create --ipv6 --subnet 10.71.0.0/24 --subnet fd71::/64 both >/dev/null
	engine_rest
	tug run --rm --network both busybox true
	engine_rest
	mac_of lan0 in_net >"$T/mac"
}
teardown_file() {
	local pid machine
	for pid in $(cat "$T/background"); do kill "$pid" 2>/dev/null; wait_for process_gone "$pid"; done
	for machine in neighbour attacker names behind switch; do ip netns del "$NAME-$machine"; done
	gone() { ! in_net ip link show "$1" >/dev/null 2>&1; }
	wait_for gone lan0
	wait_for gone inner0
	engine_end
}
teardown() {
	deaf
	rm -f "$T"/*.heard
	engine_clean
}

frames() { on attacker python3 "$BATS_TEST_DIRNAME/lan_frames.py" "$@"; }
box() { tug run -d --name "$1" "${@:2}" busybox sleep 1000 >/dev/null; }
web() { tug run -d --name "$1" "${@:2}" busybox sh -c 'httpd -p "[::]:80" -h /www; exec httpd -f -p "[::]:90" -h /www' >/dev/null; }
page() { "${@:2}" curl -s --max-time 1 "http://$1/"; } # page HOST on MACHINE
serves() { [ "$(page "$@")" = 'a page' ]; }
pid_of() { tug inspect --format '{{.State.Pid}}' "$1"; }
inside() { nsenter --net="/proc/$(pid_of "$1")/ns/net" "${@:2}"; }
forge() { inside "$1" python3 "$BATS_TEST_DIRNAME/lan_frames.py" "${@:2}"; } # from within a container, with all rights
listen() { # listen CONTAINER PORT: what comes is in T/CONTAINER.heard
	nsenter --net="/proc/$(pid_of "$1")/ns/net" python3 "$BATS_TEST_DIRNAME/lan_frames.py" listen "$T/$1.heard" "$2" 3>&- &
	echo $! >>"$T/listeners"
	wait_for heard "$1" ready
}
deaf() { # they keep the namespaces of their containers alive
	local pid
	for pid in $(cat "$T/listeners" 2>/dev/null); do kill "$pid" 2>/dev/null; wait_for process_gone "$pid"; done
	rm -f "$T/listeners"
}
heard() { grep -qsx "$2" "$T/$1.heard"; }
address() { tug inspect --format "{{(index .NetworkSettings.Networks \"$2\").$3}}" "$1"; }
four() { address "$1" both IPAddress; }
six() { address "$1" both GlobalIPv6Address; }

@test "N-01: a port on 127.0.0.1 is not reached by forged frames" {
	web one --network both -p 127.0.0.1:8081:80 -p 8080:80
	wait_for serves 127.0.0.1:8081 in_net
	mac=$(cat "$T/mac")
	# That the frames arrive at all: the port on all addresses answers them.
	answered() { [ "$(frames syn lan0 "$mac" "$@" 8080)" = answered ]; }
	wait_for answered 192.168.77.3 192.168.77.1
	wait_for answered fd77::3 fd77::1
	for port in 8080 8081; do
		[ "$(frames syn lan0 "$mac" 192.168.77.3 127.0.0.1 $port)" = silent ]
		[ "$(frames syn lan0 "$mac" 127.0.0.1 127.0.0.1 $port)" = silent ]
		[ "$(frames syn lan0 "$mac" fd77::3 ::1 $port)" = silent ]
	done
	[ "$(frames syn lan0 "$mac" 192.168.77.3 192.168.77.1 8081)" = silent ] || ! serves 192.168.77.1:8081 on attacker
	# A machine that routes its own loopback here is no different, and no container either.
	on attacker sysctl -qw net.ipv4.conf.all.route_localnet=1
	on attacker ip route add 127.0.0.5/32 via 192.168.77.1 table 7
	on attacker ip rule add to 127.0.0.5 lookup 7 pref 0
	! serves 127.0.0.5:8080 on attacker
	box two --network both
	[ "$(forge two syn eth0 "$(mac_of "$(bridge_of both)" in_net)" "$(four two)" 127.0.0.1 8081)" = silent ]
}

@test "N-02: a port that is not published is not reached by a route" {
	web one --network both -p 8080:80
	wait_for serves 192.168.77.1:8080 on neighbour
	on attacker ip route replace 10.71.0.0/24 via 192.168.77.1
	on attacker ip route replace fd71::/64 via fd77::1
	for port in 80 90; do
		! serves "$(four one):$port" on attacker
		! serves "[$(six one)]:$port" on attacker
	done
	! on attacker busybox ping -c 1 -W 1 "$(four one)" >/dev/null
	! on attacker busybox ping -c 1 -W 1 "$(six one)" >/dev/null
	wait_for serves '[fd77::1]:8080' on attacker
	wait_for serves "$(four one):90" in_net # the host itself may
	# A source that pretends to be of the network does not help.
	listen one 700
	frames udp lan0 "$(cat "$T/mac")" 10.71.0.77 "$(four one)" 1 700 forged
	frames udp lan0 "$(cat "$T/mac")" fd71::77 "$(six one)" 1 700 forged
	in_net python3 "$BATS_TEST_DIRNAME/lan_frames.py" udp lan0 ff:ff:ff:ff:ff:ff 1.1.1.1 1.1.1.1 1 1 nothing
	echo here | in_net socat - "UDP4:$(four one):700"
	wait_for heard one '10.71.0.1 here'
	! grep forged "$T/one.heard"
}

@test "N-04: after a flush of all rules the walls stand again" {
	web one --network both -p 8080:80 -p 127.0.0.1:8081:80
	wait_for serves 192.168.77.1:8080 on neighbour
	on attacker ip route replace 10.71.0.0/24 via 192.168.77.1
	on attacker ip route replace fd71::/64 via fd77::1
	in_net nft flush ruleset
	sleep 1
	! serves "$(four one):90" on attacker
	! serves "[$(six one)]:90" on attacker
	[ "$(frames syn lan0 "$(cat "$T/mac")" 192.168.77.3 127.0.0.1 8081)" = silent ]
	wait_for serves 192.168.77.1:8080 on neighbour
	wait_for serves '[fd77::1]:8080' on neighbour
}

@test "N-05: nobody believes a router in a container" {
	box one --network both --sysctl net.ipv6.conf.default.accept_ra=2
	box two --network both --sysctl net.ipv6.conf.default.accept_ra=2
	forge two router eth0
	forge two router eth0
	sleep 0.5
	! in_net ip -6 route | grep fd66
	! inside one ip -6 route | grep fd66
	bridge=$(bridge_of both)
	[ "$(in_net cat "/proc/sys/net/ipv6/conf/$bridge/accept_ra")" = 0 ]
	[ "$(in_net cat "/proc/sys/net/ipv6/conf/$bridge/accept_redirects")" = 0 ]
	[ "$(in_net cat "/proc/sys/net/ipv4/conf/$bridge/accept_redirects")" = 0 ]
}

@test "N-06: what is in an internal network asks no name server" {
	tug network create --internal --ipv6 --subnet 10.72.0.0/24 --subnet fd72::/64 inner >/dev/null
	box one --network inner --cap-add NET_ADMIN
	box open --network both
	ask() { inside "$1" timeout 3 dig +time=1 +tries=1 +short "${@:2}"; }
	[ "$(ask open @127.0.0.11 a.test)" = 9.9.9.9 ] # the server is there
	[ "$(ask open @192.168.77.53 a.test)" = 9.9.9.9 ]
	: >"$T/asked"
	[ -z "$(ask one @127.0.0.11 secret.test)" ]
	inside one ip route add default via 10.72.0.1
	inside one ip -6 route add default via fd72::1
	! ask one @192.168.77.53 secret.test
	! ask one @fd77::53 secret.test
	! grep secret "$T/asked"
	tug rm -f one >/dev/null
	tug network rm inner >/dev/null
}

@test "N-07: no way from one network into another, nor without icc to each other" {
	tug network create --ipv6 --subnet 10.73.0.0/24 --subnet fd73::/64 other >/dev/null
	tug network create --ipv6 --subnet 10.74.0.0/24 --subnet fd74::/64 -o com.docker.network.bridge.enable_icc=false apart >/dev/null
	web one --network both -p 8080:80
	box two --network other
	wait_for serves 127.0.0.1:8080 in_net
	for host in "$(four one):80" "[$(six one)]:80" "$(four one):90"; do ! serves "$host" inside two; done
	for host in 10.73.0.1:8080 10.71.0.1:8080 192.168.77.1:8080 '[fd73::1]:8080' '[fd71::1]:8080' '[fd77::1]:8080'; do
		wait_for serves "$host" inside two || { echo "$host" >&2; return 1; }
	done
	# Forged: straight to the other bridge's address, with the other network's source.
	listen one 700
	mac=$(mac_of "$(bridge_of other)" in_net)
	forge two udp eth0 "$mac" 10.71.0.77 "$(four one)" 1 700 forged
	forge two udp eth0 "$mac" "$(address two other IPAddress)" "$(four one)" 1 700 forged
	forge two udp eth0 "$mac" "$(address two other GlobalIPv6Address)" "$(six one)" 1 700 forged
	web three --network apart
	box four --network apart
	three=$(address three apart IPAddress)
	! serves "$three:80" inside four
	! serves "[$(address three apart GlobalIPv6Address)]:80" inside four
	local_six=$(inside three ip -6 -o addr show dev eth0 scope link | grep -o 'fe80[^/]*')
	! serves "[$local_six%eth0]:80" inside four
	echo here | in_net socat - "UDP4:$(four one):700"
	wait_for heard one '10.71.0.1 here'
	! grep forged "$T/one.heard"
	tug rm -f two three four >/dev/null
	tug network rm other apart >/dev/null
}

@test "N-08: the client's address is kept" {
	box one --network both -p 700:700/udp
	listen one 700
	echo four | on neighbour socat - UDP4:192.168.77.1:700
	wait_for heard one '192.168.77.2 four'
	echo six | on neighbour socat - 'UDP6:[fd77::1]:700'
	wait_for heard one 'fd77::2 six'
	echo own | in_net socat - UDP4:127.0.0.1:700
	wait_for heard one '10.71.0.1 own'
	! grep '^127\|^::1' "$T/one.heard"
}

@test "N-09: a published port is the host's, not everybody's of that number" {
	web one --network both -p 8080:80
	wait_for serves 127.0.0.1:8080 in_net
	[ "$(page 192.168.77.2:8080 in_net)" = neighbour ]
	[ "$(page '[fd77::2]:8080' in_net)" = neighbour ]
	[ "$(page 192.168.77.2:8080 inside one)" = neighbour ]
	[ "$(page '[fd77::2]:8080' inside one)" = neighbour ]
	[ "$(page 192.168.77.2:8080 on attacker)" = neighbour ]
}

@test "N-10: a container cannot speak for others" {
	box one --network both
	box two --network both
	box liar --network both
	bridge=$(mac_of "$(bridge_of both)" in_net)
	inside one busybox ping -c 1 -W 2 "$(four two)" >/dev/null
	inside one busybox ping -c 1 -W 2 "$(six two)" >/dev/null
	inside one busybox ping -c 1 -W 2 10.71.0.1 >/dev/null
	inside one busybox ping -c 1 -W 2 fd71::1 >/dev/null
	before=$(inside one ip neigh | grep -v fe80 | awk '{print $1, $5}' | sort)
	for address in "$(four two)" 10.71.0.1; do forge liar arp eth0 "$address"; done
	for address in "$(six two)" fd71::1; do forge liar advertise eth0 "$address"; done
	listen one 700
	mac=$(mac_of eth0 inside one)
	forge liar udp eth0 "$mac" "$(four two)" "$(four one)" 1 700 forged
	forge liar udp eth0 "$mac" "$(six two)" "$(six one)" 1 700 forged
	inside liar ip link set eth0 down
	inside liar ip link set eth0 address "$(mac_of eth0 inside two)"
	inside liar ip link set eth0 up
	forge liar udp eth0 "$mac" "$(four liar)" "$(four one)" 1 700 forged
	echo here | in_net socat - "UDP4:$(four one):700"
	wait_for heard one '10.71.0.1 here'
	! grep forged "$T/one.heard"
	[ "$(inside one ip neigh | grep -v fe80 | awk '{print $1, $5}' | sort)" = "$before" ]
	[[ $before == *"10.71.0.1 $bridge"* ]]
}

@test "N-11: the resolver answers its own container only" {
	box one --network both
	box two --network both
	[ "$(inside two dig +short @127.0.0.11 one)" = "$(four one)" ]
	for target in "$(four one)" 10.71.0.1 192.168.77.1; do
		! inside two timeout 2 dig +time=1 +tries=1 +short "@$target" one
	done
	! on attacker timeout 2 dig +time=1 +tries=1 +short @192.168.77.1 one
	! on attacker timeout 2 dig +time=1 +tries=1 +short @fd77::1 one
	# Forged frames to the address and port that it has in there: nothing comes back.
	port=$(inside one ss -Huln 'src = 127.0.0.11' | grep -o '127.0.0.11:[0-9]*' | cut -d: -f2)
	tcp=$(inside one ss -Htln 'src = 127.0.0.11' | grep -o '127.0.0.11:[0-9]*' | cut -d: -f2)
	mac=$(mac_of eth0 inside one)
	[ -n "$port" ] && [ -n "$tcp" ]
	[ "$(forge two syn eth0 "$mac" "$(four two)" 127.0.0.11 "$tcp")" = silent ]
	[ "$(forge two syn eth0 "$mac" "$(four two)" 127.0.0.11 53)" = silent ]
}

@test "N-12: a flow does not follow to the next one that has the address" {
	box old --network both -p 700:700/udp
	listen old 700
	old=$(four old) old_six=$(six old)
	say() { echo "$1" | on attacker socat -t 0 - "UDP$2:700,sourceport=7070" 2>/dev/null || true; } # refused where nobody is
	say first 4:192.168.77.1
	say first '6:[fd77::1]'
	wait_for heard old '192.168.77.3 first'
	wait_for heard old 'fd77::3 first'
	deaf
	tug rm -f old >/dev/null
	box heir --network "name=both,ip=$old,ip6=$old_six"
	listen heir 700
	for _ in 1 2 3; do say second 4:192.168.77.1; say second '6:[fd77::1]'; done
	box next --network both -p 700:700/udp
	listen next 700
	said() { say third 4:192.168.77.1; say third '6:[fd77::1]'; heard next '192.168.77.3 third' && heard next 'fd77::3 third'; }
	wait_for said
	[ "$(cat "$T/heir.heard")" = ready ]
}

@test "N-13: the host does not become a router" {
	[ "$(in_net sysctl -n net.ipv4.ip_forward)" = 1 ] # we switched it on
	[ "$(in_net sysctl -n net.ipv6.conf.all.forwarding)" = 1 ]
	on behind busybox ping -c 1 -W 2 192.168.88.1 >/dev/null
	! on neighbour busybox ping -c 1 -W 1 192.168.88.2 >/dev/null
	! on neighbour busybox ping -c 1 -W 1 fd88::2 >/dev/null
	! on behind busybox ping -c 1 -W 1 192.168.77.2 >/dev/null
	box one --network both
	inside one busybox ping -c 1 -W 2 192.168.88.2 >/dev/null # its containers go out all the same
	inside one busybox ping -c 1 -W 2 fd88::2 >/dev/null
}

@test "gateway mode routed: published ports at the container's own address, and nothing else" {
	tug network create --ipv6 --subnet 10.75.0.0/24 --subnet fd75::/64 -o com.docker.network.bridge.gateway_mode_ipv4=routed \
		-o com.docker.network.bridge.gateway_mode_ipv6=routed plain >/dev/null
	web one --network plain -p 8080:80
	on neighbour ip route replace 10.75.0.0/24 via 192.168.77.1
	on neighbour ip route replace fd75::/64 via fd77::1
	one=$(address one plain IPAddress) one_six=$(address one plain GlobalIPv6Address)
	wait_for serves "$one:80" on neighbour
	wait_for serves "[$one_six]:80" on neighbour
	! serves "$one:90" on neighbour
	! serves "[$one_six]:90" on neighbour
	! serves 192.168.77.1:8080 on neighbour
	on neighbour busybox ping -c 1 -W 2 "$one" >/dev/null
	# Its address is not translated on the way out.
	nsenter --net="/run/netns/$NAME-neighbour" python3 "$BATS_TEST_DIRNAME/lan_frames.py" listen "$T/neighbour.heard" 701 3>&- &
	echo $! >>"$T/listeners"
	wait_for heard neighbour ready
	echo out | inside one socat - UDP4:192.168.77.2:701
	echo out | inside one socat - 'UDP6:[fd77::2]:701'
	wait_for heard neighbour "$one out"
	wait_for heard neighbour "$one_six out"
	deaf
	tug rm -f one >/dev/null
	tug network rm plain >/dev/null
}

@test "gateway mode isolated: the host has no address in it" {
	tug network create --internal --ipv6 --subnet 10.76.0.0/24 --subnet fd76::/64 -o com.docker.network.bridge.gateway_mode_ipv4=isolated \
		-o com.docker.network.bridge.gateway_mode_ipv6=isolated shut >/dev/null
	web one --network shut
	box two --network shut
	! in_net ip addr show "$(bridge_of shut)" | grep -e 10.76 -e fd76
	serves_inside() { serves "$(address one shut IPAddress):80" inside two; }
	wait_for serves_inside
	wait_for serves "[$(address one shut GlobalIPv6Address)]:80" inside two
	[ "$(inside two dig +short @127.0.0.11 one)" = "$(address one shut IPAddress)" ]
	! serves "$(address one shut IPAddress):80" in_net
	[ -z "$(inside two ip route show default)$(inside two ip -6 route show default)" ]
	tug rm -f one two >/dev/null
	tug network rm shut >/dev/null
}

@test "an SCTP port: its packets come to the container, with the client's address" {
	box one --network both -p 702:703/sctp
	run -0 tug port one
	[ "$output" = $'703/sctp -> 0.0.0.0:702\n703/sctp -> [::]:702' ]
	nsenter --net="/proc/$(pid_of one)/ns/net" python3 "$BATS_TEST_DIRNAME/lan_frames.py" chunks "$T/one.heard" 703 3>&- &
	echo $! >>"$T/listeners"
	wait_for heard one ready
	came() { # the kernels here have no SCTP of their own
		frames sctp lan0 "$(cat "$T/mac")" 192.168.77.3 192.168.77.1 702
		frames sctp lan0 "$(cat "$T/mac")" fd77::3 fd77::1 702
		heard one '192.168.77.3' && heard one 'fd77::3'
	}
	wait_for came
}

@test "N-13: one that was a router stays one" {
	tug network rm both >/dev/null
	engine_stop
	tugd --purge
	[ "$(in_net sysctl -n net.ipv4.ip_forward)" = 0 ]
	[ "$(in_net sysctl -n net.ipv6.conf.all.forwarding)" = 0 ]
	in_net sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	engine_start
	tug network create --ipv6 --subnet 10.71.0.0/24 --subnet fd71::/64 both >/dev/null
	box one --network both
	on neighbour busybox ping -c 1 -W 2 192.168.88.2 >/dev/null
	on neighbour busybox ping -c 1 -W 2 fd88::2 >/dev/null
	tug rm -f one >/dev/null
	tug network rm both >/dev/null
	engine_stop
	tugd --purge
	[ "$(in_net sysctl -n net.ipv4.ip_forward)" = 1 ]
	[ "$(in_net sysctl -n net.ipv6.conf.all.forwarding)" = 1 ]
	in_net sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
	engine_start
	engine_rest
}
