#!/usr/bin/env bats
# What config.json may not say: each row is one violation of the runtime specification's schema, or a value that the
# specification forbids. The error names the member, the exit status is 1, nothing is left.

load runtime_lib

setup_file() { runtime_begin; }
teardown_file() { runtime_end; }
setup() { bundle_make; }
teardown() { bundle_remove; }

# member | jq's change | what the error says of the place
rows() {
	cat <<-'END'
	.ociVersion = 1|ociVersion
	.ociVersion = "x"|ociVersion
	del(.ociVersion)|ociVersion
	.ociVersion = "2.0.0"|ociVersion
	.hostname = 5|hostname
	.domainname = []|domainname
	.annotations = {"a": 1}|annotations
	.annotations = []|annotations
	.root = "x"|root
	.root.path = 7|path
	.root.path = "nosuch"|rootfs
	.root.readonly = "yes"|readonly
	.process = []|process
	.process.args = []|args
	.process.args = "true"|args
	.process.args = [1]|args
	.process.cwd = ""|cwd
	.process.cwd = "relative"|cwd
	del(.process.cwd)|cwd
	.process.env = "A=1"|env
	.process.env = [{}]|env
	.process.terminal = 1|terminal
	.process.consoleSize = {"height": -1, "width": 1}|height
	.process.consoleSize = {"height": 1, "width": "80"}|width
	.process.user.uid = -1|uid
	.process.user.uid = 4294967296|uid
	.process.user.uid = "root"|uid
	.process.user.gid = 1.5|gid
	.process.user.umask = "022"|umask
	.process.user.additionalGids = [-1]|additionalGids
	.process.user.additionalGids = 5|additionalGids
	.process.rlimits = [{"type": "RLIMIT_NONE", "hard": 1, "soft": 1}]|rlimit
	.process.rlimits = [{"type": "RLIMIT_CORE", "hard": -1, "soft": 1}]|hard
	.process.rlimits = [{"hard": 1, "soft": 1}]|type
	.process.rlimits = [{"type": "RLIMIT_CORE", "hard": 1, "soft": 1}, {"type": "RLIMIT_CORE", "hard": 1, "soft": 1}]|RLIMIT_CORE
	.process.capabilities = []|capabilities
	.process.capabilities.bounding = "CAP_KILL"|bounding
	.process.capabilities.ambient = [1]|ambient
	.process.noNewPrivileges = "true"|noNewPrivileges
	.process.oomScoreAdj = 1001|oomScoreAdj
	.process.oomScoreAdj = "1"|oomScoreAdj
	.process.apparmorProfile = 1|apparmorProfile
	.process.selinuxLabel = {}|selinuxLabel
	.process.scheduler = {"policy": "SCHED_NONE"}|SCHED_NONE
	.process.scheduler = {"nice": 5}|policy
	.process.scheduler = {"policy": "SCHED_OTHER", "nice": 100}|nice
	.process.ioPriority = {"class": "IOPRIO_NONE", "priority": 1}|IOPRIO_NONE
	.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 9}|priority
	.process.execCPUAffinity = {"initial": "x"}|initial
	.process.execCPUAffinity = {"final": 1}|final
	.mounts = {}|mounts
	.mounts += [{"type": "tmpfs", "source": "x"}]|destination
	.mounts += [{"destination": 1}]|destination
	.mounts += [{"destination": "/x", "type": 1}]|type
	.mounts += [{"destination": "/x", "type": "tmpfs", "options": "ro"}]|options
	.mounts += [{"destination": "/x", "type": "tmpfs", "options": [1]}]|options
	.mounts += [{"destination": "/x", "type": "none", "source": "/nosuch", "options": ["bind"]}]|nosuch
	.mounts += [{"destination": "/x", "type": "bind", "source": "/tmp", "options": ["bind"], "uidMappings": [{"containerID": -1, "hostID": 0, "size": 1}]}]|containerID
	.hooks = []|hooks
	.hooks.prestart = {}|prestart
	.hooks.prestart = [{}]|path
	.hooks.poststop = [{"path": "relative"}]|path
	.hooks.createRuntime = [{"path": "/bin/true", "timeout": 0}]|timeout
	.hooks.createRuntime = [{"path": "/bin/true", "timeout": -1}]|timeout
	.hooks.createRuntime = [{"path": "/bin/true", "args": "x"}]|args
	.linux = []|linux
	.linux.namespaces = {}|namespaces
	.linux.namespaces = [{"type": "nosuch"}]|nosuch
	.linux.namespaces = [{}]|type
	.linux.namespaces += [{"type": "pid"}]|pid
	.linux.namespaces = [{"type": "mount"}, {"type": "network", "path": "/nosuch"}]|nosuch
	.linux.namespaces = [{"type": "mount"}, {"type": "network", "path": "relative"}]|relative
	.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": "1"}]|size
	.linux.gidMappings = {}|gidMappings
	.linux.devices = [{"path": "/dev/x", "type": "z", "major": 1, "minor": 3}]|type
	.linux.devices = [{"type": "c", "major": 1, "minor": 3}]|path
	.linux.devices = [{"path": "/dev/x", "type": "c", "major": "1", "minor": 3}]|major
	.linux.devices = [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": -1}]|fileMode
	.linux.cgroupsPath = 1|cgroupsPath
	.linux.resources = []|resources
	.linux.resources.memory.limit = "1m"|limit
	.linux.resources.memory.swappiness = -1|swappiness
	.linux.resources.memory.swappiness = 101|swappiness
	.linux.resources.cpu.shares = -1|shares
	.linux.resources.cpu.quota = "x"|quota
	.linux.resources.cpu.period = -1|period
	.linux.resources.cpu.cpus = 1|cpus
	.linux.resources.cpu.cpus = "x"|cpus
	.linux.resources.pids.limit = "x"|limit
	.linux.resources.blockIO.weight = 70000|weight
	.linux.resources.blockIO.throttleReadBpsDevice = [{"major": 1}]|throttleReadBpsDevice
	.linux.resources.devices = [{"access": "rw"}]|allow
	.linux.resources.devices = [{"allow": true, "access": "z"}]|access
	.linux.resources.devices = [{"allow": true, "type": "z"}]|type
	.linux.resources.hugepageLimits = [{"pageSize": "huge", "limit": 1}]|pageSize
	.linux.resources.hugepageLimits = [{"pageSize": "2MB", "limit": -1}]|limit
	.linux.resources.network.classID = -1|classID
	.linux.resources.unified = {"memory.max": 1}|unified
	.linux.resources.rdma = []|rdma
	.linux.sysctl = {"kernel.msgmax": 1}|sysctl
	.linux.sysctl = {"vm.swappiness": "1"}|vm.swappiness
	.linux.maskedPaths = "/proc/kcore"|maskedPaths
	.linux.readonlyPaths = [{}]|readonlyPaths
	.linux.rootfsPropagation = "sideways"|rootfsPropagation
	.linux.mountLabel = 1|mountLabel
	.linux.personality = {"domain": "WINDOWS"}|domain
	.linux.timeOffsets = {"boottime": {"secs": "x"}}|secs
	.linux.memoryPolicy = {"mode": "MPOL_NONE", "nodes": "0"}|MPOL_NONE
	.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "x"}|nodes
	.linux.intelRdt = {"closID": 1}|closID
	.linux.netDevices = []|netDevices
	.linux.netDevices = {"nosuch0": {"name": "eth0"}}|nosuch0
	.linux.netDevices = {"lo": {"name": "a/b"}}|a/b
	.linux.seccomp = {}|defaultAction
	.linux.seccomp = {"defaultAction": "SCMP_ACT_NONE"}|SCMP_ACT_NONE
	.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_NONE"]}|SCMP_ARCH_NONE
	.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_NONE"]}|SECCOMP_FILTER_FLAG_NONE
	.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO"}]}|names
	.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"]}]}|action
	.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}|argument 6
	.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_NONE"}]}]}|SCMP_CMP_NONE
	END
}

@test "each violation of the schema names its member" {
	local change place wrong=0
	cp "$B/config.json" "$B/good.json"
	while IFS='|' read -r change place; do
		jq "$change" "$B/good.json" >"$B/config.json"
		if rt create -b "$B" "$ID" >"$B/said" 2>&1 </dev/null; then
			echo "accepted: $change"
			rt delete --force "$ID"
			wrong=1
		elif [ "$(rt create -b "$B" "$ID" >/dev/null 2>&1 </dev/null; echo $?)" != 1 ] || ! grep -qF -- "$place" "$B/said"; then
			echo "$change: $(cat "$B/said")"
			wrong=1
		fi
		nothing_left || wrong=1
	done < <(rows)
	[ "$wrong" = 0 ]
}

@test "a config.json that is no JSON, too large, nested too deeply, or missing" {
	for bad in '' '{' '[]' 'null' '{"a":1}{' '{"ociVersion":"1.0.0","ociVersion":"1.0.0"}'; do
		printf '%s' "$bad" >"$B/config.json"
		run -1 rt create -b "$B" "$ID"
		[[ $output == *config.json* ]]
	done
	python3 -c 'print("[" * 100000)' >"$B/config.json"
	run -1 rt create -b "$B" "$ID"
	truncate -s 100M "$B/config.json"
	run -1 rt create -b "$B" "$ID"
	rm "$B/config.json"
	run -1 rt create -b "$B" "$ID"
	[[ $output == *config.json*"not found in bundle"* ]]
	run -1 rt create -b /nosuch "$ID"
	nothing_left
}

@test "ids that are none" {
	for id in '' . .. a/b 'a b' -- "$(printf 'x%.0s' {1..2000})" $'a\nb'; do
		run -1 rt create -b "$B" "$id"
		[ -n "$output" ]
	done
	[ -z "$(rt list -q)" ]
}
