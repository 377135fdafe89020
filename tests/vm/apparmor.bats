# In the guest: profiles of AppArmor are applied, hold, and are missed when they are not there.
load ../e2e/runtime_lib

setup_file() {
	runtime_begin
	cat >"$T/profile" <<-'END'
		profile tug-test flags=(attach_disconnected,mediate_deleted) {
		  file, capability, network, umount, signal, ptrace, unix, mount, pivot_root,
		  deny /tmp/no w,
		}
	END
	apparmor_parser -Kr "$T/profile"
}
teardown_file() {
	apparmor_parser -R "$T/profile"
	runtime_end
}
setup() { bundle_make; }
teardown() { bundle_remove; }

@test "a profile is applied, and denies" {
	command_is 'cat /proc/self/attr/current; echo x >/tmp/yes && echo wrote; echo x >/tmp/no'
	config '.process.apparmorProfile = "tug-test"'
	run -1 run_it
	[[ $output == "tug-test (enforce)"*wrote*"/tmp/no: Permission denied"* ]]
	nothing_left
}

@test "exec has it too" {
	config '.process.apparmorProfile = "tug-test" | .process.args = ["sleep", "1000"]'
	rt create -b "$B" "$ID" </dev/null
	rt start "$ID"
	run -0 rt exec "$ID" cat /proc/self/attr/current
	[[ $output == "tug-test (enforce)"* ]]
	rt delete --force "$ID"
	nothing_left
}

@test "a profile that is not loaded is an error" {
	config '.process.apparmorProfile = "tug-nosuch"'
	run -1 run_it
	[[ $output == *apparmor*tug-nosuch* ]]
	nothing_left
}
