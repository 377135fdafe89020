#include "oci/runtime_spec.h"

JSON_TYPE(oci_console_size, F_U64(struct oci_console_size, height, "height", JSON_REQUIRED),
	  F_U64(struct oci_console_size, width, "width", JSON_REQUIRED));

JSON_TYPE(oci_user, F_U32(struct oci_user, uid, "uid", 0), F_U32(struct oci_user, gid, "gid", 0),
	  F_OPT_U32(struct oci_user, umask, "umask", JSON_OMIT),
	  F_U32V(struct oci_user, additional_gids, "additionalGids", JSON_OMIT),
	  F_STR(struct oci_user, username, "username", JSON_OMIT));

JSON_TYPE(oci_capabilities, F_STRV(struct oci_capabilities, bounding, "bounding", JSON_OMIT),
	  F_STRV(struct oci_capabilities, permitted, "permitted", JSON_OMIT),
	  F_STRV(struct oci_capabilities, effective, "effective", JSON_OMIT),
	  F_STRV(struct oci_capabilities, inheritable, "inheritable", JSON_OMIT),
	  F_STRV(struct oci_capabilities, ambient, "ambient", JSON_OMIT));

JSON_TYPE(oci_rlimit, F_STR(struct oci_rlimit, type, "type", JSON_REQUIRED),
	  F_U64(struct oci_rlimit, soft, "soft", JSON_REQUIRED), F_U64(struct oci_rlimit, hard, "hard", JSON_REQUIRED));

JSON_TYPE(oci_io_priority, F_STR(struct oci_io_priority, class_name, "class", JSON_REQUIRED),
	  F_I64(struct oci_io_priority, priority, "priority", JSON_OMIT));

JSON_TYPE(oci_scheduler, F_STR(struct oci_scheduler, policy, "policy", JSON_REQUIRED),
	  F_I64(struct oci_scheduler, nice, "nice", JSON_OMIT),
	  F_I64(struct oci_scheduler, priority, "priority", JSON_OMIT),
	  F_STRV(struct oci_scheduler, flags, "flags", JSON_OMIT),
	  F_U64(struct oci_scheduler, runtime, "runtime", JSON_OMIT),
	  F_U64(struct oci_scheduler, deadline, "deadline", JSON_OMIT),
	  F_U64(struct oci_scheduler, period, "period", JSON_OMIT));

JSON_TYPE(oci_cpu_affinity, F_STR(struct oci_cpu_affinity, initial, "initial", JSON_OMIT),
	  F_STR(struct oci_cpu_affinity, final, "final", JSON_OMIT));

JSON_TYPE(oci_process, F_BOOL(struct oci_process, terminal, "terminal", JSON_OMIT),
	  F_POINTER(struct oci_process, console_size, "consoleSize", JSON_OMIT, oci_console_size),
	  F_OBJECT(struct oci_process, user, "user", 0, oci_user), F_STRV(struct oci_process, args, "args", JSON_OMIT),
	  F_STR(struct oci_process, command_line, "commandLine", JSON_OMIT),
	  F_STRV(struct oci_process, env, "env", JSON_OMIT), F_STR(struct oci_process, cwd, "cwd", JSON_REQUIRED),
	  F_POINTER(struct oci_process, capabilities, "capabilities", JSON_OMIT, oci_capabilities),
	  F_LIST(struct oci_process, rlimits, "rlimits", JSON_OMIT, oci_rlimit),
	  F_BOOL(struct oci_process, no_new_privileges, "noNewPrivileges", JSON_OMIT),
	  F_STR(struct oci_process, apparmor_profile, "apparmorProfile", JSON_OMIT),
	  F_STR(struct oci_process, selinux_label, "selinuxLabel", JSON_OMIT),
	  F_OPT_I64(struct oci_process, oom_score_adj, "oomScoreAdj", JSON_OMIT),
	  F_POINTER(struct oci_process, scheduler, "scheduler", JSON_OMIT, oci_scheduler),
	  F_POINTER(struct oci_process, io_priority, "ioPriority", JSON_OMIT, oci_io_priority),
	  F_POINTER(struct oci_process, exec_cpu_affinity, "execCPUAffinity", JSON_OMIT, oci_cpu_affinity));

JSON_TYPE(oci_root, F_STR(struct oci_root, path, "path", JSON_REQUIRED),
	  F_BOOL(struct oci_root, readonly, "readonly", JSON_OMIT));

JSON_TYPE(oci_id_mapping, F_U32(struct oci_id_mapping, container_id, "containerID", JSON_REQUIRED),
	  F_U32(struct oci_id_mapping, host_id, "hostID", JSON_REQUIRED),
	  F_U32(struct oci_id_mapping, size, "size", JSON_REQUIRED));

JSON_TYPE(oci_mount, F_STR(struct oci_mount, destination, "destination", JSON_REQUIRED),
	  F_STR(struct oci_mount, type, "type", JSON_OMIT), F_STR(struct oci_mount, source, "source", JSON_OMIT),
	  F_STRV(struct oci_mount, options, "options", JSON_OMIT),
	  F_LIST(struct oci_mount, uid_mappings, "uidMappings", JSON_OMIT, oci_id_mapping),
	  F_LIST(struct oci_mount, gid_mappings, "gidMappings", JSON_OMIT, oci_id_mapping));

JSON_TYPE(oci_hook, F_STR(struct oci_hook, path, "path", JSON_REQUIRED),
	  F_STRV(struct oci_hook, args, "args", JSON_OMIT), F_STRV(struct oci_hook, env, "env", JSON_OMIT),
	  F_OPT_I64(struct oci_hook, timeout, "timeout", JSON_OMIT));

JSON_TYPE(oci_hooks, F_LIST(struct oci_hooks, prestart, "prestart", JSON_OMIT, oci_hook),
	  F_LIST(struct oci_hooks, create_runtime, "createRuntime", JSON_OMIT, oci_hook),
	  F_LIST(struct oci_hooks, create_container, "createContainer", JSON_OMIT, oci_hook),
	  F_LIST(struct oci_hooks, start_container, "startContainer", JSON_OMIT, oci_hook),
	  F_LIST(struct oci_hooks, poststart, "poststart", JSON_OMIT, oci_hook),
	  F_LIST(struct oci_hooks, poststop, "poststop", JSON_OMIT, oci_hook));

JSON_TYPE(oci_namespace, F_STR(struct oci_namespace, type, "type", JSON_REQUIRED),
	  F_STR(struct oci_namespace, path, "path", JSON_OMIT));

JSON_TYPE(oci_time_offset, F_I64(struct oci_time_offset, secs, "secs", JSON_OMIT),
	  F_U32(struct oci_time_offset, nanosecs, "nanosecs", JSON_OMIT));

JSON_TYPE(oci_time_offsets, F_POINTER(struct oci_time_offsets, boottime, "boottime", JSON_OMIT, oci_time_offset),
	  F_POINTER(struct oci_time_offsets, monotonic, "monotonic", JSON_OMIT, oci_time_offset));

JSON_TYPE(oci_device, F_STR(struct oci_device, type, "type", JSON_REQUIRED),
	  F_STR(struct oci_device, path, "path", JSON_REQUIRED),
	  F_OPT_I64(struct oci_device, major, "major", JSON_OMIT),
	  F_OPT_I64(struct oci_device, minor, "minor", JSON_OMIT),
	  F_OPT_U32(struct oci_device, file_mode, "fileMode", JSON_OMIT),
	  F_OPT_U32(struct oci_device, uid, "uid", JSON_OMIT), F_OPT_U32(struct oci_device, gid, "gid", JSON_OMIT));

JSON_TYPE(oci_net_device, F_STR(struct oci_net_device, name, "name", JSON_OMIT));

JSON_TYPE(oci_device_rule, F_BOOL(struct oci_device_rule, allow, "allow", JSON_REQUIRED),
	  F_STR(struct oci_device_rule, type, "type", JSON_OMIT),
	  F_OPT_I64(struct oci_device_rule, major, "major", JSON_OMIT),
	  F_OPT_I64(struct oci_device_rule, minor, "minor", JSON_OMIT),
	  F_STR(struct oci_device_rule, access, "access", JSON_OMIT));

JSON_TYPE(oci_memory, F_OPT_I64(struct oci_memory, limit, "limit", JSON_OMIT),
	  F_OPT_I64(struct oci_memory, reservation, "reservation", JSON_OMIT),
	  F_OPT_I64(struct oci_memory, swap, "swap", JSON_OMIT),
	  F_OPT_I64(struct oci_memory, kernel, "kernel", JSON_OMIT),
	  F_OPT_I64(struct oci_memory, kernel_tcp, "kernelTCP", JSON_OMIT),
	  F_OPT_U64(struct oci_memory, swappiness, "swappiness", JSON_OMIT),
	  F_OPT_BOOL(struct oci_memory, disable_oom_killer, "disableOOMKiller", JSON_OMIT),
	  F_OPT_BOOL(struct oci_memory, use_hierarchy, "useHierarchy", JSON_OMIT),
	  F_OPT_BOOL(struct oci_memory, check_before_update, "checkBeforeUpdate", JSON_OMIT));

JSON_TYPE(oci_cpu, F_OPT_U64(struct oci_cpu, shares, "shares", JSON_OMIT),
	  F_OPT_I64(struct oci_cpu, quota, "quota", JSON_OMIT), F_OPT_U64(struct oci_cpu, burst, "burst", JSON_OMIT),
	  F_OPT_U64(struct oci_cpu, period, "period", JSON_OMIT),
	  F_OPT_I64(struct oci_cpu, realtime_runtime, "realtimeRuntime", JSON_OMIT),
	  F_OPT_U64(struct oci_cpu, realtime_period, "realtimePeriod", JSON_OMIT),
	  F_STR(struct oci_cpu, cpus, "cpus", JSON_OMIT), F_STR(struct oci_cpu, mems, "mems", JSON_OMIT),
	  F_OPT_I64(struct oci_cpu, idle, "idle", JSON_OMIT));

JSON_TYPE(oci_pids, F_OPT_I64(struct oci_pids, limit, "limit", JSON_OMIT));

JSON_TYPE(oci_block_weight, F_I64(struct oci_block_weight, major, "major", JSON_REQUIRED),
	  F_I64(struct oci_block_weight, minor, "minor", JSON_REQUIRED),
	  F_OPT_U32(struct oci_block_weight, weight, "weight", JSON_OMIT),
	  F_OPT_U32(struct oci_block_weight, leaf_weight, "leafWeight", JSON_OMIT));

JSON_TYPE(oci_block_throttle, F_I64(struct oci_block_throttle, major, "major", JSON_REQUIRED),
	  F_I64(struct oci_block_throttle, minor, "minor", JSON_REQUIRED),
	  F_U64(struct oci_block_throttle, rate, "rate", JSON_OMIT));

JSON_TYPE(
    oci_block_io, F_OPT_U32(struct oci_block_io, weight, "weight", JSON_OMIT),
    F_OPT_U32(struct oci_block_io, leaf_weight, "leafWeight", JSON_OMIT),
    F_LIST(struct oci_block_io, weight_device, "weightDevice", JSON_OMIT, oci_block_weight),
    F_LIST(struct oci_block_io, throttle_read_bps_device, "throttleReadBpsDevice", JSON_OMIT, oci_block_throttle),
    F_LIST(struct oci_block_io, throttle_write_bps_device, "throttleWriteBpsDevice", JSON_OMIT, oci_block_throttle),
    F_LIST(struct oci_block_io, throttle_read_iops_device, "throttleReadIOPSDevice", JSON_OMIT, oci_block_throttle),
    F_LIST(struct oci_block_io, throttle_write_iops_device, "throttleWriteIOPSDevice", JSON_OMIT, oci_block_throttle));

JSON_TYPE(oci_hugepage_limit, F_STR(struct oci_hugepage_limit, page_size, "pageSize", JSON_REQUIRED),
	  F_U64(struct oci_hugepage_limit, limit, "limit", JSON_REQUIRED));

JSON_TYPE(oci_interface_priority, F_STR(struct oci_interface_priority, name, "name", JSON_REQUIRED),
	  F_U32(struct oci_interface_priority, priority, "priority", JSON_REQUIRED));

JSON_TYPE(oci_network_class, F_OPT_U32(struct oci_network_class, class_id, "classID", JSON_OMIT),
	  F_LIST(struct oci_network_class, priorities, "priorities", JSON_OMIT, oci_interface_priority));

JSON_TYPE(oci_rdma, F_OPT_U32(struct oci_rdma, hca_handles, "hcaHandles", JSON_OMIT),
	  F_OPT_U32(struct oci_rdma, hca_objects, "hcaObjects", JSON_OMIT));

JSON_TYPE(oci_resources, F_LIST(struct oci_resources, devices, "devices", JSON_OMIT, oci_device_rule),
	  F_POINTER(struct oci_resources, memory, "memory", JSON_OMIT, oci_memory),
	  F_POINTER(struct oci_resources, cpu, "cpu", JSON_OMIT, oci_cpu),
	  F_POINTER(struct oci_resources, pids, "pids", JSON_OMIT, oci_pids),
	  F_POINTER(struct oci_resources, block_io, "blockIO", JSON_OMIT, oci_block_io),
	  F_LIST(struct oci_resources, hugepage_limits, "hugepageLimits", JSON_OMIT, oci_hugepage_limit),
	  F_POINTER(struct oci_resources, network, "network", JSON_OMIT, oci_network_class),
	  F_OBJECT_MAP(struct oci_resources, rdma, "rdma", JSON_OMIT, oci_rdma),
	  F_MAP(struct oci_resources, unified, "unified", JSON_OMIT));

JSON_TYPE(oci_seccomp_arg, F_U32(struct oci_seccomp_arg, index, "index", JSON_REQUIRED),
	  F_U64(struct oci_seccomp_arg, value, "value", JSON_REQUIRED),
	  F_U64(struct oci_seccomp_arg, value_two, "valueTwo", JSON_OMIT),
	  F_STR(struct oci_seccomp_arg, op, "op", JSON_REQUIRED));

JSON_TYPE(oci_seccomp_rule, F_STRV(struct oci_seccomp_rule, names, "names", JSON_REQUIRED),
	  F_STR(struct oci_seccomp_rule, action, "action", JSON_REQUIRED),
	  F_OPT_U32(struct oci_seccomp_rule, errno_ret, "errnoRet", JSON_OMIT),
	  F_LIST(struct oci_seccomp_rule, args, "args", JSON_OMIT, oci_seccomp_arg));

JSON_TYPE(oci_seccomp, F_STR(struct oci_seccomp, default_action, "defaultAction", JSON_REQUIRED),
	  F_OPT_U32(struct oci_seccomp, default_errno_ret, "defaultErrnoRet", JSON_OMIT),
	  F_STRV(struct oci_seccomp, architectures, "architectures", JSON_OMIT),
	  F_STRV(struct oci_seccomp, flags, "flags", JSON_OMIT),
	  F_STR(struct oci_seccomp, listener_path, "listenerPath", JSON_OMIT),
	  F_STR(struct oci_seccomp, listener_metadata, "listenerMetadata", JSON_OMIT),
	  F_LIST(struct oci_seccomp, syscalls, "syscalls", JSON_OMIT, oci_seccomp_rule));

JSON_TYPE(oci_intel_rdt, F_STR(struct oci_intel_rdt, clos_id, "closID", JSON_OMIT),
	  F_STRV(struct oci_intel_rdt, schemata, "schemata", JSON_OMIT),
	  F_STR(struct oci_intel_rdt, l3_cache_schema, "l3CacheSchema", JSON_OMIT),
	  F_STR(struct oci_intel_rdt, mem_bw_schema, "memBwSchema", JSON_OMIT),
	  F_BOOL(struct oci_intel_rdt, enable_monitoring, "enableMonitoring", JSON_OMIT));

JSON_TYPE(oci_memory_policy, F_STR(struct oci_memory_policy, mode, "mode", JSON_REQUIRED),
	  F_STR(struct oci_memory_policy, nodes, "nodes", JSON_OMIT),
	  F_STRV(struct oci_memory_policy, flags, "flags", JSON_OMIT));

JSON_TYPE(oci_personality, F_STR(struct oci_personality, domain, "domain", JSON_OMIT),
	  F_STRV(struct oci_personality, flags, "flags", JSON_OMIT));

JSON_TYPE(oci_linux, F_LIST(struct oci_linux, namespaces, "namespaces", JSON_OMIT, oci_namespace),
	  F_LIST(struct oci_linux, uid_mappings, "uidMappings", JSON_OMIT, oci_id_mapping),
	  F_LIST(struct oci_linux, gid_mappings, "gidMappings", JSON_OMIT, oci_id_mapping),
	  F_POINTER(struct oci_linux, time_offsets, "timeOffsets", JSON_OMIT, oci_time_offsets),
	  F_LIST(struct oci_linux, devices, "devices", JSON_OMIT, oci_device),
	  F_OBJECT_MAP(struct oci_linux, net_devices, "netDevices", JSON_OMIT, oci_net_device),
	  F_STR(struct oci_linux, cgroups_path, "cgroupsPath", JSON_OMIT),
	  F_POINTER(struct oci_linux, resources, "resources", JSON_OMIT, oci_resources),
	  F_POINTER(struct oci_linux, seccomp, "seccomp", JSON_OMIT, oci_seccomp),
	  F_STR(struct oci_linux, rootfs_propagation, "rootfsPropagation", JSON_OMIT),
	  F_STRV(struct oci_linux, masked_paths, "maskedPaths", JSON_OMIT),
	  F_STRV(struct oci_linux, readonly_paths, "readonlyPaths", JSON_OMIT),
	  F_STR(struct oci_linux, mount_label, "mountLabel", JSON_OMIT),
	  F_MAP(struct oci_linux, sysctl, "sysctl", JSON_OMIT),
	  F_POINTER(struct oci_linux, intel_rdt, "intelRdt", JSON_OMIT, oci_intel_rdt),
	  F_POINTER(struct oci_linux, memory_policy, "memoryPolicy", JSON_OMIT, oci_memory_policy),
	  F_POINTER(struct oci_linux, personality, "personality", JSON_OMIT, oci_personality));

JSON_TYPE(oci_spec, F_STR(struct oci_spec, oci_version, "ociVersion", JSON_REQUIRED),
	  F_POINTER(struct oci_spec, root, "root", JSON_OMIT, oci_root),
	  F_POINTER(struct oci_spec, process, "process", JSON_OMIT, oci_process),
	  F_STR(struct oci_spec, hostname, "hostname", JSON_OMIT),
	  F_STR(struct oci_spec, domainname, "domainname", JSON_OMIT),
	  F_LIST(struct oci_spec, mounts, "mounts", JSON_OMIT, oci_mount),
	  F_POINTER(struct oci_spec, hooks, "hooks", JSON_OMIT, oci_hooks),
	  F_MAP(struct oci_spec, annotations, "annotations", JSON_OMIT),
	  F_POINTER(struct oci_spec, linux_part, "linux", JSON_OMIT, oci_linux));

JSON_TYPE(oci_state, F_STR(struct oci_state, oci_version, "ociVersion", JSON_REQUIRED),
	  F_STR(struct oci_state, id, "id", JSON_REQUIRED), F_STR(struct oci_state, status, "status", JSON_REQUIRED),
	  F_I64(struct oci_state, pid, "pid", JSON_OMIT), F_STR(struct oci_state, bundle, "bundle", JSON_REQUIRED),
	  F_MAP(struct oci_state, annotations, "annotations", JSON_OMIT));

JSON_TYPE(oci_features_cgroup, F_OPT_BOOL(struct oci_features_cgroup, v1, "v1", JSON_OMIT),
	  F_OPT_BOOL(struct oci_features_cgroup, v2, "v2", JSON_OMIT),
	  F_OPT_BOOL(struct oci_features_cgroup, systemd, "systemd", JSON_OMIT),
	  F_OPT_BOOL(struct oci_features_cgroup, systemd_user, "systemdUser", JSON_OMIT),
	  F_OPT_BOOL(struct oci_features_cgroup, rdma, "rdma", JSON_OMIT));

JSON_TYPE(oci_features_seccomp, F_OPT_BOOL(struct oci_features_seccomp, enabled, "enabled", JSON_OMIT),
	  F_STRV(struct oci_features_seccomp, actions, "actions", JSON_OMIT),
	  F_STRV(struct oci_features_seccomp, operators, "operators", JSON_OMIT),
	  F_STRV(struct oci_features_seccomp, archs, "archs", JSON_OMIT),
	  F_STRV(struct oci_features_seccomp, known_flags, "knownFlags", JSON_OMIT),
	  F_STRV(struct oci_features_seccomp, supported_flags, "supportedFlags", JSON_OMIT));

JSON_TYPE(oci_features_enabled, F_OPT_BOOL(struct oci_features_enabled, enabled, "enabled", JSON_OMIT));

JSON_TYPE(oci_features_mount_extensions,
	  F_POINTER(struct oci_features_mount_extensions, idmap, "idmap", JSON_OMIT, oci_features_enabled));

JSON_TYPE(oci_features_linux, F_STRV(struct oci_features_linux, namespaces, "namespaces", JSON_OMIT),
	  F_STRV(struct oci_features_linux, capabilities, "capabilities", JSON_OMIT),
	  F_POINTER(struct oci_features_linux, cgroup, "cgroup", JSON_OMIT, oci_features_cgroup),
	  F_POINTER(struct oci_features_linux, seccomp, "seccomp", JSON_OMIT, oci_features_seccomp),
	  F_POINTER(struct oci_features_linux, apparmor, "apparmor", JSON_OMIT, oci_features_enabled),
	  F_POINTER(struct oci_features_linux, selinux, "selinux", JSON_OMIT, oci_features_enabled),
	  F_POINTER(struct oci_features_linux, intel_rdt, "intelRdt", JSON_OMIT, oci_features_enabled),
	  F_POINTER(struct oci_features_linux, mount_extensions, "mountExtensions", JSON_OMIT,
		    oci_features_mount_extensions),
	  F_POINTER(struct oci_features_linux, net_devices, "netDevices", JSON_OMIT, oci_features_enabled));

JSON_TYPE(oci_features, F_STR(struct oci_features, oci_version_min, "ociVersionMin", JSON_REQUIRED),
	  F_STR(struct oci_features, oci_version_max, "ociVersionMax", JSON_REQUIRED),
	  F_STRV(struct oci_features, hooks, "hooks", JSON_OMIT),
	  F_STRV(struct oci_features, mount_options, "mountOptions", JSON_OMIT),
	  F_POINTER(struct oci_features, linux_part, "linux", JSON_OMIT, oci_features_linux),
	  F_MAP(struct oci_features, annotations, "annotations", JSON_OMIT),
	  F_STRV(struct oci_features, potentially_unsafe_config_annotations, "potentiallyUnsafeConfigAnnotations",
		 JSON_OMIT));
