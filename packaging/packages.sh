#!/bin/sh
# The one list of packages that a distribution must supply (Debian's names; Ubuntu has the same).
#
#   packages.sh list  USE...    the packages for these uses: build run demo test compat vm bench
#   packages.sh check USE...    says which are missing; exit 1 if any
#   packages.sh install USE...  installs what is missing with apt (as root)
set -eu

list() {
	for use; do
		case $use in
		build) echo gcc libc6-dev linux-libc-dev make cmake ninja-build pkg-config musl-tools musl-dev libyajl-dev libssl-dev libldns-dev \
			libseccomp-dev libsqlite3-dev zlib1g-dev libzstd-dev libisal-dev libmnl-dev libnftnl-dev libcurl4-openssl-dev ;;
		run) echo libyajl2 libssl3 libseccomp2 libsqlite3-0 zlib1g libzstd1 libisal2 libmnl0 libnftnl11 libcurl4 ;;
		demo) echo mmdebstrap busybox-static curl iproute2 nftables python3 ca-certificates ;;
		test) echo bats jq curl socat xxd postgresql procps util-linux busybox-static iproute2 nftables strace bind9-dnsutils \
			mmdebstrap python3 skopeo umoci buildah docker-registry openssl libarchive-tools clang-format cppcheck gcc-aarch64-linux-gnu \
			libc6-dev-arm64-cross docker.io containerd crun runc podman uidmap criu ca-certificates ;;
		compat) echo bats jq curl iproute2 nftables busybox-static buildah docker.io docker-compose python3-docker nodejs ;;
		vm) echo qemu-system-x86 busybox-static kmod apparmor secilc bats jq iproute2 nftables python3 criu systemd dbus ;;
		bench) echo hyperfine fio crun runc podman docker.io docker-registry curl python3 ;;
		*) echo "packages.sh: unknown use $use" >&2; exit 2 ;;
		esac
	done | tr ' ' '\n' | grep -v '^$' | sort -u
}

missing() {
	list "$@" | while read -r name; do
		state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null || true)
		case $state in ii*|hi*) ;; *) echo "$name" ;; esac
	done
}

log=$(dirname "$0")/../build/packages.log
verb=${1:?list, check or install}; shift
case $verb in
list) list "$@" ;;
check)
	absent=$(missing "$@")
	[ -z "$absent" ] || { echo "missing packages:" $absent >&2; exit 1; } ;;
install)
	absent=$(missing "$@")
	[ -n "$absent" ] || exit 0
	if ! command -v apt-get >/dev/null; then
		echo "please install these packages by hand:" $absent >&2; exit 1
	fi
	if [ "$(id -u)" != 0 ]; then
		echo "as root: apt-get install" $absent >&2; exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	# Daemons that come along (docker.io) must not start on this host.
	if apt-get install -y -q --no-install-recommends -s $absent >/dev/null 2>&1 || apt-get update -q >/dev/null 2>&1; then
		policy=/usr/sbin/policy-rc.d
		if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod 755 $policy; made=1; fi
		mkdir -p "$(dirname "$log")"
		apt-get install -y -q --no-install-recommends $absent >"$log" 2>&1 || true
		[ -z "${made:-}" ] || rm -f $policy
	fi
	absent=$(missing "$@")
	[ -z "$absent" ] || { echo "could not install:" $absent "(is there a network? see build/packages.log)" >&2; exit 1; } ;;
*) echo "packages.sh: list, check or install" >&2; exit 2 ;;
esac
