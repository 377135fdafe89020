#include "docker/host_config.h"

#include "base/text.h"
#include "docker/mount_spec.h"
#include "docker/restart_policy.h"

JSON_TYPE(log_config, F_STR(struct log_config, type, "Type", 0), F_MAP(struct log_config, config, "Config", 0));

JSON_TYPE(restart_policy, F_STR(struct restart_policy, name, "Name", 0),
	  F_I64(struct restart_policy, maximum_retry_count, "MaximumRetryCount", 0));

JSON_TYPE(device_mapping, F_STR(struct device_mapping, path_on_host, "PathOnHost", 0),
	  F_STR(struct device_mapping, path_in_container, "PathInContainer", 0),
	  F_STR(struct device_mapping, cgroup_permissions, "CgroupPermissions", 0));

JSON_TYPE(weight_device, F_STR(struct weight_device, path, "Path", 0),
	  F_U32(struct weight_device, weight, "Weight", 0));

JSON_TYPE(throttle_device, F_STR(struct throttle_device, path, "Path", 0),
	  F_U64(struct throttle_device, rate, "Rate", 0));

JSON_TYPE(ulimit, F_STR(struct ulimit, name, "Name", JSON_REQUIRED), F_I64(struct ulimit, hard, "Hard", 0),
	  F_I64(struct ulimit, soft, "Soft", 0));

JSON_TYPE(bind_options, F_STR(struct bind_options, propagation, "Propagation", JSON_OMIT),
	  F_BOOL(struct bind_options, non_recursive, "NonRecursive", JSON_OMIT),
	  F_BOOL(struct bind_options, create_mountpoint, "CreateMountpoint", JSON_OMIT),
	  F_BOOL(struct bind_options, read_only_non_recursive, "ReadOnlyNonRecursive", JSON_OMIT),
	  F_BOOL(struct bind_options, read_only_force_recursive, "ReadOnlyForceRecursive", JSON_OMIT));

JSON_TYPE(tmpfs_options, F_I64(struct tmpfs_options, size_bytes, "SizeBytes", JSON_OMIT),
	  F_I64(struct tmpfs_options, mode, "Mode", JSON_OMIT),
	  F_LIST(struct tmpfs_options, options, "Options", JSON_OMIT, string_row));

JSON_TYPE(driver_config, F_STR(struct driver_config, name, "Name", JSON_OMIT),
	  F_MAP(struct driver_config, options, "Options", JSON_OMIT));

JSON_TYPE(volume_options, F_BOOL(struct volume_options, no_copy, "NoCopy", JSON_OMIT),
	  F_MAP(struct volume_options, labels, "Labels", JSON_OMIT),
	  F_POINTER(struct volume_options, driver, "DriverConfig", JSON_OMIT, driver_config),
	  F_STR(struct volume_options, subpath, "Subpath", JSON_OMIT));

JSON_TYPE(image_options, F_STR(struct image_options, subpath, "Subpath", JSON_OMIT));

JSON_TYPE(mount_request, F_STR(struct mount_request, type, "Type", JSON_OMIT),
	  F_STR(struct mount_request, source, "Source", JSON_OMIT),
	  F_STR(struct mount_request, target, "Target", JSON_OMIT),
	  F_BOOL(struct mount_request, read_only, "ReadOnly", JSON_OMIT),
	  F_STR(struct mount_request, consistency, "Consistency", JSON_OMIT),
	  F_POINTER(struct mount_request, bind, "BindOptions", JSON_OMIT, bind_options),
	  F_POINTER(struct mount_request, volume, "VolumeOptions", JSON_OMIT, volume_options),
	  F_POINTER(struct mount_request, image, "ImageOptions", JSON_OMIT, image_options),
	  F_POINTER(struct mount_request, tmpfs, "TmpfsOptions", JSON_OMIT, tmpfs_options),
	  F_RAW(struct mount_request, cluster_options, "ClusterOptions", JSON_OMIT | JSON_KNOWN_ONLY));

/* In Docker's order, which is what people see in inspect. */
JSON_TYPE(
    host_config, F_STRV(struct host_config, binds, "Binds", JSON_NULLABLE),
    F_STR(struct host_config, container_id_file, "ContainerIDFile", 0),
    F_OBJECT(struct host_config, log, "LogConfig", 0, log_config),
    F_STR(struct host_config, network_mode, "NetworkMode", 0),
    F_OBJECT_MAP(struct host_config, port_bindings, "PortBindings", 0, port_map_entry),
    F_OBJECT(struct host_config, restart_policy, "RestartPolicy", 0, restart_policy),
    F_BOOL(struct host_config, auto_remove, "AutoRemove", 0),
    F_STR(struct host_config, volume_driver, "VolumeDriver", 0),
    F_STRV(struct host_config, volumes_from, "VolumesFrom", JSON_NULLABLE),
    F_LIST(struct host_config, console_size, "ConsoleSize", 0, number_item),
    F_MAP(struct host_config, annotations, "Annotations", JSON_OMIT),
    F_STRV(struct host_config, cap_add, "CapAdd", JSON_NULLABLE),
    F_STRV(struct host_config, cap_drop, "CapDrop", JSON_NULLABLE),
    F_STR(struct host_config, cgroupns_mode, "CgroupnsMode", 0), F_STRV(struct host_config, dns, "Dns", 0),
    F_STRV(struct host_config, dns_options, "DnsOptions", 0), F_STRV(struct host_config, dns_search, "DnsSearch", 0),
    F_STRV(struct host_config, extra_hosts, "ExtraHosts", JSON_NULLABLE),
    F_STRV(struct host_config, group_add, "GroupAdd", JSON_NULLABLE), F_STR(struct host_config, ipc_mode, "IpcMode", 0),
    F_STR(struct host_config, cgroup, "Cgroup", JSON_KNOWN_ONLY),
    F_STRV(struct host_config, links, "Links", JSON_NULLABLE),
    F_I64(struct host_config, oom_score_adj, "OomScoreAdj", 0), F_STR(struct host_config, pid_mode, "PidMode", 0),
    F_BOOL(struct host_config, privileged, "Privileged", 0),
    F_BOOL(struct host_config, publish_all_ports, "PublishAllPorts", 0),
    F_BOOL(struct host_config, readonly_rootfs, "ReadonlyRootfs", 0),
    F_STRV(struct host_config, security_opt, "SecurityOpt", JSON_NULLABLE),
    F_MAP(struct host_config, storage_opt, "StorageOpt", JSON_KNOWN_ONLY | JSON_OMIT),
    F_MAP(struct host_config, tmpfs, "Tmpfs", JSON_OMIT), F_STR(struct host_config, uts_mode, "UTSMode", 0),
    F_STR(struct host_config, userns_mode, "UsernsMode", 0), F_I64(struct host_config, shm_size, "ShmSize", 0),
    F_MAP(struct host_config, sysctls, "Sysctls", JSON_OMIT), F_STR(struct host_config, runtime, "Runtime", JSON_OMIT),
    F_STR(struct host_config, isolation, "Isolation", 0), F_I64(struct host_config, cpu_shares, "CpuShares", 0),
    F_I64(struct host_config, memory, "Memory", 0), F_I64(struct host_config, nano_cpus, "NanoCpus", 0),
    F_STR(struct host_config, cgroup_parent, "CgroupParent", 0),
    F_U32(struct host_config, blkio_weight, "BlkioWeight", 0),
    F_LIST(struct host_config, blkio_weight_device, "BlkioWeightDevice", 0, weight_device),
    F_LIST(struct host_config, blkio_read_bps, "BlkioDeviceReadBps", 0, throttle_device),
    F_LIST(struct host_config, blkio_write_bps, "BlkioDeviceWriteBps", 0, throttle_device),
    F_LIST(struct host_config, blkio_read_iops, "BlkioDeviceReadIOps", 0, throttle_device),
    F_LIST(struct host_config, blkio_write_iops, "BlkioDeviceWriteIOps", 0, throttle_device),
    F_I64(struct host_config, cpu_period_us, "CpuPeriod", 0), F_I64(struct host_config, cpu_quota_us, "CpuQuota", 0),
    F_I64(struct host_config, cpu_realtime_period_us, "CpuRealtimePeriod", 0),
    F_I64(struct host_config, cpu_realtime_runtime_us, "CpuRealtimeRuntime", 0),
    F_STR(struct host_config, cpuset_cpus, "CpusetCpus", 0), F_STR(struct host_config, cpuset_mems, "CpusetMems", 0),
    F_LIST(struct host_config, devices, "Devices", 0, device_mapping),
    F_STRV(struct host_config, device_cgroup_rules, "DeviceCgroupRules", JSON_NULLABLE),
    F_LIST(struct host_config, device_requests, "DeviceRequests", JSON_NULLABLE, device_request),
    F_I64(struct host_config, kernel_memory_tcp, "KernelMemoryTCP", JSON_OMIT),
    F_I64(struct host_config, memory_reservation, "MemoryReservation", 0),
    F_I64(struct host_config, memory_swap, "MemorySwap", 0),
    F_OPT_I64(struct host_config, memory_swappiness, "MemorySwappiness", 0),
    F_OPT_BOOL(struct host_config, oom_kill_disable, "OomKillDisable", 0),
    F_OPT_I64(struct host_config, pids_limit, "PidsLimit", 0),
    F_LIST(struct host_config, ulimits, "Ulimits", 0, ulimit),
    F_I64(struct host_config, cpu_count, "CpuCount", JSON_KNOWN_ONLY),
    F_I64(struct host_config, cpu_percent, "CpuPercent", JSON_KNOWN_ONLY),
    F_I64(struct host_config, io_maximum_iops, "IOMaximumIOps", JSON_KNOWN_ONLY),
    F_I64(struct host_config, io_maximum_bandwidth, "IOMaximumBandwidth", JSON_KNOWN_ONLY),
    F_LIST(struct host_config, mounts, "Mounts", JSON_OMIT, mount_request),
    F_STRV(struct host_config, masked_paths, "MaskedPaths", JSON_NULLABLE),
    F_STRV(struct host_config, readonly_paths, "ReadonlyPaths", JSON_NULLABLE),
    F_OPT_BOOL(struct host_config, init, "Init", JSON_OMIT));

static bool one_of(const char *text, const char *const *words)
{
	if (text_empty(text))
		return true;
	for (; *words; words++) {
		if (text_equal(text, *words))
			return true;
	}
	return false;
}

/* Members whose text is one of a few words; "here" are those that tug does, "known" those that only Docker does. */
struct word_rule {
	const char *name;
	size_t offset;
	const char *const *here;
	const char *const *known; /* a word that ends in ':' stands for all that begin with it */
};
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
static const struct word_rule word_rules[] = {
    {"CgroupnsMode", offsetof(struct host_config, cgroupns_mode), WORDS("private", "host"), WORDS(NULL)},
    {"IpcMode", offsetof(struct host_config, ipc_mode), WORDS("private", "host", "none", "shareable", "container:"),
     WORDS(NULL)},
    {"PidMode", offsetof(struct host_config, pid_mode), WORDS("host", "container:"), WORDS(NULL)},
    {"UTSMode", offsetof(struct host_config, uts_mode), WORDS("host"), WORDS(NULL)},
    {"UsernsMode", offsetof(struct host_config, userns_mode), WORDS("host"), WORDS(NULL)},
    {"Isolation", offsetof(struct host_config, isolation), WORDS("default"), WORDS(NULL)},
};

static bool known_word(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (text_ends(*words, ":") ? text_after(text, *words) != NULL : text_equal(text, *words))
			return true;
	}
	return false;
}

static int words_check(const struct host_config *host, struct err *err)
{
	for (size_t i = 0; i < array_size(word_rules); i++) {
		const struct word_rule *rule = &word_rules[i];
		const char *text = *(char *const *)((const char *)host + rule->offset);
		if (one_of(text, rule->here) || known_word(text, rule->here))
			continue;
		if (known_word(text, rule->known))
			return err_set(err, EOPNOTSUPP, "%s: \"%s\" is known, but not supported yet", rule->name, text);
		return err_set(err, EINVAL, "invalid %s: %s", rule->name, text);
	}
	return 0;
}

static int mounts_check(const struct host_config *host, struct err *err)
{
	for (size_t i = 0; i < host->mounts.count; i++) {
		const struct mount_request *mount = &host->mounts.items[i];
		int rc = mount_request_check(mount, err);
		if (rc < 0)
			return err_wrap(err, "invalid mount config for type \"%s\"", mount->type ? mount->type : "");
	}
	return 0;
}

static int ulimits_check(const struct host_config *host, struct err *err)
{
	for (size_t i = 0; i < host->ulimits.count; i++) {
		const struct ulimit *limit = &host->ulimits.items[i];
		if (!one_of(limit->name, WORDS("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice",
					       "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack")) ||
		    text_empty(limit->name))
			return err_set(err, EINVAL, "invalid ulimit type: %s", limit->name);
		if (limit->hard != -1 && (limit->soft == -1 || limit->soft > limit->hard))
			return err_set(err, EINVAL,
				       "ulimit soft limit must be less than or equal to hard limit: %lld > %lld",
				       (long long)limit->soft, (long long)limit->hard);
	}
	return 0;
}

int host_config_check(const struct host_config *host, struct err *err)
{
	int rc = words_check(host, err);
	if (rc == 0)
		rc = restart_policy_check(&host->restart_policy, err);
	if (rc == 0)
		rc = mounts_check(host, err);
	if (rc == 0)
		rc = ulimits_check(host, err);
	if (rc < 0)
		return rc;
	if (host->auto_remove && !restart_policy_is_none(&host->restart_policy))
		return err_set(err, EINVAL, "can't create 'AutoRemove' container with restart policy");
	if (host->memory_swappiness && (*host->memory_swappiness < -1 || *host->memory_swappiness > 100))
		return err_set(err, EINVAL, "invalid value: %lld, valid memory swappiness range is 0-100",
			       (long long)*host->memory_swappiness);
	if (host->oom_score_adj < -1000 || host->oom_score_adj > 1000)
		return err_set(err, EINVAL, "invalid value %lld, range for oom score adj is [-1000, 1000]",
			       (long long)host->oom_score_adj);
	if (host->shm_size < 0)
		return err_set(err, EINVAL, "SHM size can not be less than 0");
	uint16_t height, width;
	return console_size_read(host->console_size.items, host->console_size.count, &height, &width, err);
}

int console_size_read(const struct number_item *items, size_t count, uint16_t *out_height, uint16_t *out_width,
		      struct err *err)
{
	if (count != 0 && count != 2)
		return err_set(err, EINVAL, "ConsoleSize: not a height and a width");
	for (size_t i = 0; i < count; i++) {
		if (items[i].value < 0 || items[i].value > UINT16_MAX)
			return err_set(err, EINVAL, "ConsoleSize: %lld is not a number from 0 to 65535",
				       (long long)items[i].value);
	}
	*out_height = count ? (uint16_t)items[0].value : 0;
	*out_width = count ? (uint16_t)items[1].value : 0;
	return 0;
}
