#!/bin/bash
# Runs in the guest as its first process, or below systemd as that: finishes the boot, runs the tests of this KIND, and
# powers off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
. /tmp/out/settings
cd "$TOP" || exit 1

quietly() { "$@" 2>/dev/null; }
boot_finish() {
	mkdir -p /dev/pts /dev/shm /dev/mqueue /run/netns /var/tmp
	mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs tmpfs /dev/shm
	for pair in fd: stdin:/0 stdout:/1 stderr:/2; do ln -sfn "/proc/self/fd${pair#*:}" "/dev/${pair%%:*}"; done
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	quietly mount -t securityfs securityfs /sys/kernel/security
	quietly mount -t selinuxfs selinuxfs /sys/fs/selinux
	mkdir -p /lib/modules/"$(uname -r)"
	mount --bind "$MODULES" /lib/modules/"$(uname -r)"
	hostname guest
	ip link set lo up
}

# systemd becomes the first process, with nothing to start but a bus and ourselves.
unit() { cat >/run/systemd/system/"$1"; }
systemd_begin() {
	mkdir -p /run/systemd/system /run/dbus
	unit dbus.socket <<-'END'
		[Unit]
		DefaultDependencies=no
		[Socket]
		ListenStream=/run/dbus/system_bus_socket
	END
	unit dbus.service <<-'END'
		[Unit]
		DefaultDependencies=no
		Requires=dbus.socket
		[Service]
		Type=notify
		NotifyAccess=main
		ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation
	END
	unit tug-tests.service <<-END
		[Unit]
		DefaultDependencies=no
		Requires=dbus.socket dbus.service
		After=dbus.socket dbus.service
		[Service]
		ExecStart=/bin/bash $TOP/tests/vm/guest.sh
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/console
	END
	exec /lib/systemd/systemd --system --unit=tug-tests.service --show-status=no --log-target=console --log-level=warning
}

if [ $$ = 1 ]; then
	boot_finish
	[ "$KIND" != systemd ] || systemd_begin
fi
export TUG_BIN=$BIN TUG_VM=$KIND

start=$SECONDS
# TAP of a program, as lines of "NAME: ...", kept as it comes: a guest that hangs shows how far it was.
number=0
run() { # run NAME SECONDS COMMAND...
	local name=$1 seconds=$2 line got=0
	shift 2
	while IFS= read -r line; do
		case $line in
		"ok "*) number=$((number + 1)) got=1; echo "ok $number $name: ${line#ok * }" ;;
		"not ok "*) number=$((number + 1)) got=1; echo "not ok $number $name: ${line#not ok * }" ;;
		1..*) ;;
		*) echo "# ${line#\# }" ;;
		esac
	done < <(timeout -k 5 "$seconds" "$@" 2>&1 </dev/null) >>/tmp/out/tap
	echo "# $name: $((SECONDS - start)) s after the boot" >>/tmp/out/tap
	[ "$got" = 1 ] || { number=$((number + 1)); echo "not ok $number $name: ran no test" >>/tmp/out/tap; }
}

case $KIND in
apparmor)
	run cgroup_test 60 "$TOP/build/release/tests/runtime_cgroup_test"
	run apparmor.bats 100 bats --tap "$TOP/tests/vm/apparmor.bats"
	run apparmor_engine.bats 100 bats --tap "$TOP/tests/vm/apparmor_engine.bats"
	run v2.bats 100 bats --tap "$TOP/tests/vm/v2.bats"
	run limits.bats 200 bats --tap -f 'memory|update|only v1|read-only|not in the list|pause' "$TOP/tests/e2e/limits.bats"
	run checkpoint.bats 120 bats --tap -f 'criu: there' "$TOP/tests/e2e/checkpoint.bats"
	run runtime.bats 120 bats --tap -f 'create, state|exec: |pause, exec|kill: names' "$TOP/tests/e2e/runtime.bats"
	;;
systemd)
	run systemd.bats 150 bats --tap "$TOP/tests/vm/systemd.bats"
	;;
selinux)
	run selinux.bats 120 bats --tap "$TOP/tests/vm/selinux.bats"
	;;
esac
touch /tmp/out/done
sync
echo o >/proc/sysrq-trigger
sleep 10
