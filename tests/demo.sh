#!/bin/bash
# Shows tug at work on real input and leaves nothing behind. `make demo` installs, builds and calls this.
#
# An engine of its own in build/demo: own data, own bridge, own nft table, own cgroups; an installed tug or docker is not
# touched.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
work=$top/build/demo
bin=${TUG_BIN:-$top/build/release/bin}
name=tugdemo
socket=$work/run/tug.sock
export DOCKER_HOST= TUG_HOST=unix://$socket

[ "$(id -u)" = 0 ] || { echo "demo: please run as root" >&2; exit 1; }
# One demo at a time: they would share the bridge's name.
mkdir -p "$work"
exec 8>"$work.lock"
flock -n 8 || { echo "demo: another demo is running" >&2; exit 1; }

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { # prints a command as a user would type it, and runs it
	printf '\033[32m# %s\033[0m\n' "$*"
	"$@"
}
tug() { "$bin/tug" "$@"; }

# What a container could leave behind.
traces() {
	# Other mounts come and go with whatever else runs here.
	awk -v folder="$work/" 'index($5, folder) == 1 {print "mount", $5}' /proc/self/mountinfo
	ip -o link show | awk -F': ' '{print "link", $2}'
	nft list tables | sed 's/^/nft /'
	find /sys/fs/cgroup -type d -name "$name*" | sed 's/^/cgroup /'
	for exe in /proc/[0-9]*/exe; do
		target=$(readlink "$exe" 2>/dev/null) || continue
		case $target in "$bin"/*) echo "process ${target##*/} ${exe//[^0-9]/}" ;; esac
	done
	sysctl -n net.ipv4.ip_forward | sed 's/^/forward /'
}

engine=
end() {
	status=$?
	set +e
	if [ -n "$engine" ]; then kill "$engine" 2>/dev/null; wait "$engine" 2>/dev/null; fi
	[ -e "$work/daemon.json" ] && "$bin/tugd" --config-file "$work/daemon.json" --purge >>"$work.log" 2>&1
	rm -rf "$work"
	[ "$status" = 0 ] || echo "demo: failed; the engine's log is $work.log" >&2
	exit $status
}
traces >"$work.before"
trap end EXIT

say "An engine of its own, in a private directory"
mkdir -p "$work"/{data,run,site}
cat >"$work/daemon.json" <<JSON
{
    "data-root": "$work/data", "exec-root": "$work/run", "hosts": ["unix://$socket"],
    "bridge": "$name", "nft-table": "$name", "cgroup-parent": "/$name"
}
JSON
printf '\033[32m# %s\033[0m\n' "tugd --config-file $work/daemon.json &"
"$bin/tugd" --config-file "$work/daemon.json" 2>"$work.log" &
engine=$!
for _ in $(seq 200); do tug version >/dev/null 2>&1 && break; sleep 0.05; done
tug version || { cat "$work.log" >&2; exit 1; }

say "The embedded image"
show tug run --rm hello

say "A root file system from this distribution's own packages, imported as an image"
. /etc/os-release
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' "Origin: ${ID^}" \
	"Codename: $VERSION_CODENAME" | sort -u >"$work/sources"
apt-config dump Acquire | grep -iE 'proxy|Check-Valid-Until|ForceIPv4' >"$work/apt.conf" || true
if ! show mmdebstrap --quiet --variant=essential --include=busybox-static --aptopt="$work/apt.conf" \
	"$VERSION_CODENAME" "$work/root.tar" - <"$work/sources" 2>"$work/mmdebstrap.log"; then
	cat "$work/mmdebstrap.log" >&2
	echo "demo: the packages of $VERSION_CODENAME could not be fetched; is there a network?" >&2
	exit 1
fi
show tug import --change 'CMD ["busybox", "httpd", "-f", "-vv", "-p", "80", "-h", "/srv"]' "$work/root.tar" "$ID:minimal"
rm "$work/root.tar"
show tug images

say "A web server in it: a memory limit, a bind mount, a published port"
echo "<h1>Served from a container by tug</h1>" >"$work/site/index.html"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
show tug run -d --name web -m 64m --cpus 0.5 --pids-limit 50 -v "$work/site:/srv:ro" -p "$port:80" "$ID:minimal"
for _ in $(seq 100); do curl -sf -o /dev/null "http://127.0.0.1:$port/" && break; sleep 0.05; done
page=$(show curl -sS "http://127.0.0.1:$port/")
echo "$page"
[[ $page == *"Served from a container by tug"* ]] || { echo "demo: not the page" >&2; exit 1; }
show tug ps
show tug logs web
show tug inspect --format '{{.Name}} {{.State.Status}} memory={{.HostConfig.Memory}} ip={{.NetworkSettings.IPAddress}}' web
memory=$(tug exec web cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || tug exec web cat /sys/fs/cgroup/memory.max)
echo "the limit as the container sees it: $memory"
[ "$memory" = 67108864 ] || { echo "demo: the memory limit is not there" >&2; exit 1; }

say "An interactive shell, through a terminal"
printf '# tug run --rm -it %s sh\n' "$ID:minimal"
python3 - "$bin/tug" "$ID:minimal" <<'PY'
import os, pty, sys, select
tug, image = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(tug, [tug, "run", "--rm", "-it", image, "sh"])
seen = b""
sent = False
while True:
    ready, _, _ = select.select([terminal], [], [], 30)
    if not ready:
        sys.exit("demo: the shell does not answer")
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    sys.stdout.write(data.decode(errors="replace")); sys.stdout.flush()
    if not sent and b"# " in seen:
        os.write(terminal, b"tty && id -u && echo sum=$((40 + 2)) && exit 7\n"); sent = True
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if status != 7 or b"/dev/" not in seen or b"sum=42" not in seen:
    sys.exit("demo: the shell step went wrong (exit status %d)" % status)
PY

say "Stop, remove"
show tug stop --time 1 web
show tug ps -a
show tug rm web
show tug rmi "$ID:minimal"

say "Nothing stays"
kill "$engine"; wait "$engine" || true; engine=
"$bin/tugd" --config-file "$work/daemon.json" --purge
rm -rf "$work"
traces >"$work.after"
if diff "$work.before" "$work.after"; then
	rm -f "$work".{before,after,lock,log}
	echo "no mount, no network device, no cgroup, no nft table, no process, no file"
else
	echo "demo: the lines above were left behind" >&2
	exit 1
fi
trap - EXIT
