# In the guest: labels of SELinux, with a policy of a few lines that allows everything and knows two types.
load ../e2e/runtime_lib

policy_make() {
	local categories
	categories=$(seq -f 'c%.0f' 0 1023 | tr '\n' ' ')
	cat <<-END
		(handleunknown allow)
		(mls true)
		(class process (transition dyntransition))
		(class process2 (nnp_transition nosuid_transition))
		(policycap nnp_nosuid_transition)
		(class file (relabelfrom relabelto))
		(class dir (relabelfrom relabelto))
		(classorder (process process2 file dir))
		(sid kernel) (sid security) (sid unlabeled)
		(sidorder (kernel security unlabeled))
		(sensitivity s0) (sensitivityorder (s0))
		$(for category in $categories; do echo "(category $category)"; done)
		(categoryorder ($categories))
		(sensitivitycategory s0 (range c0 c1023))
		(type kernel_t) (type container_t) (type container_file_t) (type unlabeled_t)
		(role system_r) (role object_r)
		$(for type in kernel_t container_t container_file_t unlabeled_t; do
			echo "(roletype system_r $type) (roletype object_r $type)"
		done)
		(user system_u) (userrole system_u system_r) (userrole system_u object_r)
		(userlevel system_u (s0)) (userrange system_u ((s0) (s0 (range c0 c1023))))
		(sidcontext kernel (system_u system_r kernel_t ((s0) (s0))))
		(sidcontext security (system_u object_r unlabeled_t ((s0) (s0))))
		(sidcontext unlabeled (system_u object_r unlabeled_t ((s0) (s0))))
		(typeattribute domain) (typeattributeset domain (kernel_t container_t container_file_t unlabeled_t))
		(allow domain domain (process (transition dyntransition)))
		(allow domain domain (process2 (nnp_transition nosuid_transition)))
		(allow domain domain (file (relabelfrom relabelto)))
		(allow domain domain (dir (relabelfrom relabelto)))
	END
}

setup_file() {
	runtime_begin
	policy_make >"$T/policy.cil"
	(cd "$T" && secilc -c 33 -o policy -f /dev/null policy.cil)
	dd if="$T/policy" of=/sys/fs/selinux/load bs=4M status=none
	echo 1 >/sys/fs/selinux/enforce
}
teardown_file() { runtime_end; }
setup() { bundle_make; }
teardown() { bundle_remove; }

@test "the process has its label, and its mounts theirs" {
	command_is 'cat /proc/self/attr/current; echo; grep " /dev " /proc/mounts'
	config '.process.selinuxLabel = "system_u:system_r:container_t:s0:c1,c2" | .linux.mountLabel = "system_u:object_r:container_file_t:s0:c1,c2"'
	run -0 run_it
	[[ $output == "system_u:system_r:container_t:s0:c1,c2"*'context="system_u:object_r:container_file_t:s0:c1,c2"'* ]]
	nothing_left
}

@test "exec has the label too" {
	config '.process.selinuxLabel = "system_u:system_r:container_t:s0:c3" | .process.args = ["sleep", "1000"]'
	rt create -b "$B" "$ID" </dev/null
	rt start "$ID"
	run -0 rt exec "$ID" cat /proc/self/attr/current
	[[ $output == "system_u:system_r:container_t:s0:c3"* ]]
	rt delete --force "$ID"
	nothing_left
}

@test "a label that the policy does not know is an error" {
	config '.process.selinuxLabel = "system_u:system_r:nosuch_t:s0"'
	run -1 run_it
	[[ $output == *nosuch_t* ]]
	nothing_left
}
