# Names in networks of the user's own: who finds whom, what is asked of others, and that it goes on without the engine.
load lib
load network_lib

# The engine sees a resolv.conf of ours, in a mount namespace of its own.
engine_start() {
	nsenter --net="$NET" unshare --mount --propagation private sh -c \
		'mount --bind "$1/resolv.conf" /etc/resolv.conf && exec "$2/tugd" --config-file "$1/daemon.json"' \
		sh "$T" "$TUG_BIN" >>"$T/engine.log" 2>&1 3>&- </dev/null &
	echo $! >"$T/engine.pid"
	wait_for engine_answers || { cat "$T/engine.log" >&2; return 1; }
}

# image_libc NAME: getent of a C library, as the program "getent" of an image.
image_glibc() {
	local root=$T/glibc file
	mkdir -p "$root"/{bin,etc}
	for file in $(command -v getent) $(ldd "$(command -v getent)" | grep -o '/[^ ]*'); do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
	cp "$(command -v getent)" "$root/bin/getent"
	echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
	tar -C "$root" -cf "$T/image.tar" .
	tug import "$T/image.tar" glibc >/dev/null
	rm -r "$root" "$T/image.tar"
}
image_musl() {
	local root=$T/musl
	mkdir -p "$root/bin"
	cat >"$T/getent.c" <<-'C'
		#include <arpa/inet.h>
		#include <netdb.h>
		#include <stdio.h>
		int main(int argc, char **argv)
		{
			struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
			char text[64];
			if (argc < 3 || getaddrinfo(argv[2], NULL, &hints, &list))
				return 2;
			for (; list; list = list->ai_next) {
				getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
				printf("%s %s\n", text, argv[2]);
			}
			return 0;
		}
	C
	musl-gcc -static -o "$root/bin/getent" "$T/getent.c"
	tar -C "$root" -cf "$T/image.tar" .
	tug import "$T/image.tar" musl >/dev/null
	rm -r "$root" "$T/image.tar" "$T/getent.c"
}

setup_file() {
	engine_begin
	in_net ip address add 10.53.0.1/32 dev lo
	in_net ip address add 10.53.0.2/32 dev lo
	echo 'nameserver 10.53.0.1' >"$T/resolv.conf"
	: >"$T/asked"
	nsenter --net="$NET" python3 "$BATS_TEST_DIRNAME/dns_server.py" "$T/asked" 10.53.0.1 10.53.0.2 >"$T/server.out" 3>&- &
	echo $! >"$T/server.pid"
	wait_for grep -q ready "$T/server.out"
	engine_start
	image_busybox
	image_glibc
	image_musl
	tug network create --ipv6 six >/dev/null # its table stays
	tug run --rm --network six busybox true
	tug network rm six >/dev/null
	engine_rest
}
teardown_file() {
	kill "$(cat "$T/server.pid")"
	wait_for process_gone "$(cat "$T/server.pid")"
	in_net ip address del 10.53.0.1/32 dev lo
	in_net ip address del 10.53.0.2/32 dev lo
	engine_end
}
setup() {
	echo 'nameserver 10.53.0.1' >"$T/resolv.conf"
	tug network create --subnet 10.81.0.0/24 red >/dev/null
}
teardown() { networks_clean; }

inside() { nsenter --net="/proc/$(pid_of "$1")/ns/net" "${@:2}"; } # the host's programs in a container's network
ask() { inside "$1" dig +time=6 +tries=1 @127.0.0.11 "${@:2}"; }      # ask CONTAINER QUESTION...: dig's words
short() { ask "$1" +short "${@:2}" | sort | tr '\n' ' '; }
status() { ask "$1" "${@:2}" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'; }
resolv_conf() { tug exec "$1" grep -v '^#' /etc/resolv.conf; }
resolver_pid() { # of the worker, which holds the sockets
	local pid
	for pid in $(ip netns pids "$NAME"); do
		if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = tug-dns ]; then echo "$pid"; fi
	done
}

@test "names, aliases, host names and short IDs, for each C library" {
	box web red --network-alias www --hostname webhost
	box client red
	web=$(address_of web red)
	id=$(tug inspect --format '{{.Id}}' web)
	for name in web WEB www webhost "${id:0:12}" web.red www.red web.; do
		[ "$(short client "$name")" = "$web " ] || { echo "$name: $(ask client "$name")" >&2; return 1; }
	done
	run -0 tug inspect --format '{{json (index .NetworkSettings.Networks "red").DNSNames}}' web
	[ "$output" = "[\"web\",\"www\",\"${id:0:12}\",\"webhost\"]" ]
	run -0 resolv_conf client
	[ "$output" = $'nameserver 127.0.0.11\noptions ndots:0' ]
	tug exec client ping -c 1 -W 2 web >/dev/null
	run -0 tug exec client nslookup web
	[[ $output == *"Address: $web"* ]]
	for image in glibc musl; do
		run -0 tug run --rm --network red "$image" /bin/getent ahosts www
		[[ $output == "$web "* ]]
		run -2 tug run --rm --network red "$image" /bin/getent ahosts none.such
	done
}

@test "several addresses, both families, reverse, UDP and TCP" {
	tug network create --ipv6 --subnet 10.82.0.0/24 --subnet fd00:82::/64 blue >/dev/null
	box one blue --network-alias all
	box two blue --network-alias all
	[ "$(short one all)" = "10.82.0.2 10.82.0.3 " ]
	[ "$(short one all +tcp)" = "10.82.0.2 10.82.0.3 " ]
	[ "$(short one all AAAA)" = "fd00:82::2 fd00:82::3 " ]
	[ "$(short one -x 10.82.0.3)" = "two.blue. " ]
	[ "$(short one -x fd00:82::2)" = "one.blue. " ]
	[ "$(short one localhost)" = "127.0.0.1 " ]
	# There is nothing else behind a name of ours, here or elsewhere.
	box four red
	[ "$(status four four MX)/$(short four four AAAA)" = NOERROR/ ]
	! grep -w four "$T/asked"
}

@test "links, connect and disconnect, rename, stop: names follow" {
	box db red
	box client red --link db:store
	box other red
	db=$(address_of db red)
	[ "$(short client store)" = "$db " ]
	[ "$(short other store)" = "9.9.9.9 " ] # nobody's here: the world's
	tug network create --subnet 10.83.0.0/24 green >/dev/null
	box far green --network-alias distant
	[ "$(short client far)" = "9.9.9.9 " ]
	tug network connect --alias near red far
	[ "$(short client far near)" = "$(address_of far red) $(address_of far red) " ]
	[ "$(short client distant)" = "9.9.9.9 " ] # an alias of the other network
	[ "$(short far distant)" = "10.83.0.2 " ]
	tug rename far away
	[ "$(short client away)" = "$(address_of away red) " ]
	[ "$(short client far)" = "9.9.9.9 " ]
	tug network disconnect red away
	[ "$(short client away)" = "9.9.9.9 " ]
	tug stop -t 0 db >/dev/null
	[ "$(short client db)" = "9.9.9.9 " ]
	tug start db >/dev/null
	[ "$(short client db)" = "$(address_of db red) " ]
	# The default bridge has no names; with the first network that has, they are there, and gone with it.
	box plain bridge
	run -0 resolv_conf plain
	[ "$output" = 'nameserver 10.53.0.1' ]
	tug network connect red plain
	tug exec plain ping -c 1 -W 2 db >/dev/null
	tug network disconnect red plain
	run -0 resolv_conf plain
	[ "$output" = 'nameserver 10.53.0.1' ]
}

@test "the world's names are the host's servers', and a change is followed" {
	box client red
	[ "$(short client who.test)" = "10.53.0.1 " ]
	[ "$(short client +tcp who.test)" = "10.53.0.1 " ]
	[ "$(status client none.test)" = NXDOMAIN ]
	[ "$(ask client +short big.test | wc -l)" = 100 ] # cut, and asked for again over TCP
	[ "$(short client forged.test)" = "1.1.1.1 " ]
	# Another server answers for one that is broken, does not answer or is not there.
	printf 'nameserver 10.53.0.9\nnameserver 10.53.0.2\n' >"$T/resolv.conf"
	follows() { [ "$(short client who.test)" = "10.53.0.2 " ]; }
	SECONDS=0
	wait_for follows
	[ "$SECONDS" -lt 6 ]
	printf 'nameserver 10.53.0.1\nnameserver 10.53.0.2\n' >"$T/resolv.conf"
	[ "$(status client fail.test)" = SERVFAIL ]
	wait_for grep -q '10.53.0.2 udp fail.test' "$T/asked"
	[ "$(status client slow.test)" = SERVFAIL ]
	: >"$T/resolv.conf"
}

@test "--dns is asked from inside, --dns-search and --dns-option are written" {
	box client red --dns 127.0.0.1 --dns-search corp.test --dns-option ndots:2 --add-host fixed:10.1.2.3
	run -0 resolv_conf client
	[ "$output" = $'nameserver 127.0.0.11\nsearch corp.test\noptions ndots:2' ]
	run -0 tug exec client cat /etc/hosts
	[[ $output == *$'10.1.2.3\tfixed'* && $output == *$'10.81.0.1\thost.docker.internal'* ]]
	nsenter --net="/proc/$(pid_of client)/ns/net" python3 "$BATS_TEST_DIRNAME/dns_server.py" "$T/asked" 127.0.0.1 >"$T/own.out" 3>&- &
	server=$!
	wait_for grep -q ready "$T/own.out"
	first=$(short client who.test) second=$(short client +tcp who.test)
	kill $server
	wait_for process_gone $server
	[ "$first $second" = "127.0.0.1  127.0.0.1 " ]
	[ "$(status client who.test)" = SERVFAIL ]
	# It is not asked in circles.
	box circle red --dns 127.0.0.11
	[ "$(status circle who.test)" = SERVFAIL ]
}

@test "internal networks never forward" {
	tug network create --internal --subnet 10.84.0.0/24 inner >/dev/null
	box one inner
	box two inner
	: >"$T/asked"
	[ "$(short one two)" = "10.84.0.3 " ]
	[ "$(status one secret.test)" = NXDOMAIN ]
	[ "$(status one +tcp secret.test TXT)" = NXDOMAIN ]
	[ "$(status one -x 10.53.0.1)" = NXDOMAIN ]
	[ ! -s "$T/asked" ]
	# With a way out of its own it may ask.
	tug network connect red one
	[ "$(short one secret.test)" = "9.9.9.9 " ]
}

@test "it goes on when the engine is killed, and the next engine takes it up" {
	box web red
	box client red
	box gone red
	before=$(resolver_pid)
	gone=$(pid_of gone)
	[ -n "$before" ]
	web=$(address_of web red)
	client=$(pid_of client)
	engine_stop KILL
	alone() { nsenter --net="/proc/$client/ns/net" dig +time=2 +tries=1 +short @127.0.0.11 "$@"; }
	[ "$(alone web)/$(alone who.test)/$(alone +tcp web)" = "$web/10.53.0.1/$web" ]
	kill -9 "$gone"
	left() { [ "$(alone gone)" = 9.9.9.9 ]; } # without an engine it is known, too
	wait_for left
	engine_start
	[ "$(resolver_pid)" = "$before" ]
	[ "$(alone web)" = "$web" ]
	[ "$(alone gone)" = 9.9.9.9 ]
	box late red
	[ "$(short client late)" = "$(address_of late red) " ]
	# One that is killed is replaced, with both of its processes.
	kill -9 "$before"
	again() { [ "$(alone web)" = "$web" ]; }
	wait_for again
	[ "$(resolver_pid)" != "$before" ]
	# And with the engine, at once: the next one starts it.
	before=$(resolver_pid)
	kill -9 "$(engine_pid)" "$before"
	wait_for process_gone "$(engine_pid)"
	engine_start
	wait_for again
	# With the last container it ends, also when no engine is there to say so.
	before=$(resolver_pid)
	pids=$(tug ps -q | while read -r id; do pid_of "$id"; done)
	engine_stop KILL
	kill -9 $pids
	wait_for process_gone "$before"
	engine_start
}

@test "bounded under flood, and no byte is trusted" {
	box client red
	box other red
	echo 'nameserver 10.53.0.1' >"$T/resolv.conf"
	[ "$(short other who.test)" = "10.53.0.1 " ]
	resolver=$(resolver_pid)
	before=$(awk '/^Rss/ {print $2}' "/proc/$resolver/smaps_rollup")
	inside client python3 - <<-'P'
		import os, random, socket, struct
		chance = random.Random(1)
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.connect(("127.0.0.11", 53))
		question = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\4slow\4test\0\0\1\0\1"
		udp.settimeout(0)
		refused = 0
		for i in range(20000):
		    try:
		        udp.send(struct.pack(">H", i & 65535) + question[2:] if i % 2 else chance.randbytes(chance.randrange(300)))
		    except OSError:
		        pass
		    try:
		        refused += udp.recv(5000)[3] & 15 == 5
		    except OSError:
		        pass
		assert refused > 100, refused
		streams = []
		for i in range(200):
		    tcp = socket.socket()
		    tcp.settimeout(2)
		    try:
		        tcp.connect(("127.0.0.11", 53))
		        tcp.send(chance.choice([b"\0", struct.pack(">H", 65535) + os.urandom(3000), b"\0\x1b" + question, b"\0\0"]))
		    except OSError:
		        pass
		    streams.append(tcp)
	P
	[ "$(short other who.test)" = "10.53.0.1 " ] # the other one's share is its own
	[ "$(short client other)" = "$(address_of other red) " ]
	[ "$(resolver_pid)" = "$resolver" ]
	after=$(awk '/^Rss/ {print $2}' "/proc/$resolver/smaps_rollup")
	echo "# resident: $before kB before, $after kB after the flood" >&3
	# AddressSanitizer keeps what is freed.
	grep -q libasan "/proc/$resolver/maps" || [ "$((after - before))" -lt 4096 ]
	# When the time of the questions is over there is nothing left of them.
	quiet() { [ "$(find "/proc/$resolver/fd" -lname 'socket:*' | wc -l)" -le 12 ]; }
	wait_for quiet
	[ "$(short client who.test)" = "10.53.0.1 " ]
}
