# In the guest: SELinux is there, without a policy of its own.
@test "selinux is on" {
	[ -e /sys/fs/selinux/enforce ]
}
