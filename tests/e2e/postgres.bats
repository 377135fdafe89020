# PostgreSQL on a volume, busy, while the engine and the container are killed: no committed row is lost.
load lib

PG=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)

setup_file() {
	engine_begin
	engine_start
	[ -z "$PG" ] || image_postgres
	engine_rest
}
teardown_file() { engine_end; }
teardown() { engine_clean; }

# The host's own PostgreSQL with its libraries.
image_postgres() {
	local root=$T/root version file
	version=$(basename "$(dirname "$PG")")
	mkdir -p "$root"/{bin,etc,tmp,run,usr/lib/postgresql,usr/share/postgresql,var/lib/data}
	cp "$(command -v busybox)" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp -r "/usr/lib/postgresql/$version" "$root/usr/lib/postgresql/"
	rm -rf "$root/usr/lib/postgresql/$version/lib/bitcode"
	cp -r "/usr/share/postgresql/$version" "$root/usr/share/postgresql/"
	[ ! -d /usr/share/zoneinfo ] || { mkdir -p "$root/usr/share/zoneinfo"; cp -r /usr/share/zoneinfo/UTC /usr/share/zoneinfo/Etc "$root/usr/share/zoneinfo/"; }
	for file in $(ldd "$PG"/{postgres,initdb} /usr/lib/postgresql/"$version"/lib/plpgsql.so 2>/dev/null | grep -o '/[^ ]*' | grep -v ':$' | sort -u); do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
	echo 'root:x:0:0:root:/:/bin/sh
postgres:x:70:70::/var/lib/data:/bin/sh' >"$root/etc/passwd"
	echo 'postgres:x:70:' >"$root/etc/group"
	chown 70:70 "$root/var/lib/data"
	chmod 700 "$root/var/lib/data"
	chmod 1777 "$root/tmp"
	tar -C "$root" -cf "$T/postgres.tar" .
	tug import --change 'USER postgres' --change 'VOLUME /var/lib/data' --change 'ENV LC_ALL=C' \
		--change "ENV PATH=/usr/lib/postgresql/$version/bin:/bin" "$T/postgres.tar" postgres >/dev/null
	rm -r "$root" "$T/postgres.tar"
}

ask() { in_net "$PG/psql" -X -q -t -A -h "$address" -U postgres -d postgres "$@" 2>/dev/null; }
ready() { [ "$(ask -c 'SELECT 1')" = 1 ]; }
server_start() {
	tug start db >/dev/null
	address=$(tug inspect -f '{{.NetworkSettings.IPAddress}}' db)
	server=$(tug inspect -f '{{.State.Pid}}' db)
	wait_for ready
}

written() { [ -n "$(cat log"$1".* 2>/dev/null | head -c 1)" ]; }
ended() { [ "$(tug inspect -f '{{.State.Status}}' db)" = exited ]; }

@test "no committed row is lost" {
	[ -n "$PG" ] || skip "PostgreSQL is not installed"
	tug run --rm -v pg:/var/lib/data postgres initdb -D /var/lib/data -A trust -N --no-instructions >/dev/null
	# Copy-up gave the volume its owner.
	[ "$(stat -c '%u:%g %a' "$T/data/volumes/pg/_data")" = "70:70 700" ]
	tug run --rm -v pg:/var/lib/data postgres sh -c 'echo "host all all all trust" >>/var/lib/data/pg_hba.conf'
	tug create --name db --shm-size 128m -v pg:/var/lib/data postgres postgres -D /var/lib/data -c listen_addresses=* -c unix_socket_directories=/tmp >/dev/null
	server_start
	ask -c 'CREATE TABLE rows (round int, client int, n int)'
	cd "$BATS_TEST_TMPDIR"
	printf '%s\n' '\set n :n + 1' 'INSERT INTO rows VALUES (:round, :client_id, :n);' >script
	local round pid acknowledged=0
	for round in 1 2 3 4 5 6; do
		in_net "$PG/pgbench" -n -h "$address" -U postgres -c 4 -j 2 -T 60 -l --log-prefix="log$round" -D n=0 -D round="$round" \
			-f script postgres >/dev/null 2>&1 3>&- &
		pid=$!
		wait_for written "$round"
		sleep "0.$((RANDOM % 5 + 2))"
		# First the engine: nobody notices.
		engine_stop KILL
		kill -0 "$pid"
		[ $((round % 2)) = 0 ] || { engine_start; kill -0 "$pid"; }
		# Then the container: its first process, or its monitor.
		case $((round % 3)) in
		0) engine_answers || engine_start; tug kill db >/dev/null ;;
		1) kill -9 "$(awk '{print $4}' "/proc/$server/stat")" ;;
		2) kill -9 "$server" ;;
		esac
		wait "$pid" || true
		engine_answers || engine_start
		wait_for ended
		rm -f "$T"/data/volumes/pg/_data/postmaster.pid
		server_start
	done
	for round in 1 2 3 4 5 6; do
		while read -r client count; do
			acknowledged=$((acknowledged + count))
			[ "$(ask -c "SELECT count(DISTINCT n) FROM rows WHERE round = $round AND client = $client AND n <= $count")" = "$count" ]
		done < <(cat log"$round".* | awk '{n[$1]++} END {for (c in n) print c, n[c]}')
	done
	[ "$acknowledged" -gt 100 ]
	echo "# $acknowledged committed rows, all there" >&3
	ask -c 'CHECKPOINT; SELECT count(*) FROM rows' >/dev/null
	tug rm -f db >/dev/null
	tug volume rm pg >/dev/null
}
