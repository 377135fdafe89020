/*
 * What a container asks of the host: Docker's container.HostConfig, all of its members.
 *
 * A member that tug does not do yet is refused by name when it is set to something: by its row (JSON_KNOWN_ONLY) where
 * only the empty value can be accepted, by host_config_check where Docker's own client sends a default such as
 * RestartPolicy {"Name": "no"}. What tug does is checked in detail where it is used (ports, mounts, capabilities).
 *
 * Sizes are bytes, times nanoseconds unless the name says otherwise. 0, "", NULL: not set.
 */
#pragma once

#include "docker/cdi.h"
#include "docker/network_settings.h"

struct log_config {
	char *type; /* "", "json-file", "none", ... */
	struct json_map config;
};
JSON_DECLARE(log_config);

struct restart_policy {
	char *name; /* "", "no", "always", "unless-stopped", "on-failure" */
	int64_t maximum_retry_count;
};
JSON_DECLARE(restart_policy);

struct device_mapping {
	char *path_on_host;
	char *path_in_container;
	char *cgroup_permissions; /* some of "rwm" */
};
JSON_DECLARE(device_mapping);

struct weight_device {
	char *path;
	uint32_t weight; /* 10 to 1000 */
};
JSON_DECLARE(weight_device);

struct throttle_device {
	char *path;
	uint64_t rate; /* bytes or operations per second */
};
JSON_DECLARE(throttle_device);

struct ulimit {
	char *name;   /* "nofile", ... */
	int64_t hard; /* -1: unlimited */
	int64_t soft;
};
JSON_DECLARE(ulimit);

struct bind_options {
	char *propagation; /* "", "private", "rprivate", "shared", "rshared", "slave", "rslave" */
	bool non_recursive;
	bool create_mountpoint;
	bool read_only_non_recursive;
	bool read_only_force_recursive;
};
JSON_DECLARE(bind_options);

struct tmpfs_options {
	int64_t size_bytes;
	int64_t mode;			      /* permission bits, decimal in JSON */
	JSON_LIST(struct string_row) options; /* {"noexec"}, {"size", "1m"} */
};
JSON_DECLARE(tmpfs_options);

struct driver_config {
	char *name;
	struct json_map options;
};
JSON_DECLARE(driver_config);

struct volume_options {
	bool no_copy;
	struct json_map labels;
	struct driver_config *driver;
	char *subpath; /* relative; inside the volume */
};
JSON_DECLARE(volume_options);

struct image_options {
	char *subpath;
};
JSON_DECLARE(image_options);

/* One item of HostConfig.Mounts (--mount). */
struct mount_request {
	char *type; /* "bind", "volume", "tmpfs", "image" */
	char *source;
	char *target;
	bool read_only;
	char *consistency; /* macOS only; accepted and ignored, as Docker does on Linux */
	struct bind_options *bind;
	struct tmpfs_options *tmpfs;
	struct volume_options *volume;
	struct image_options *image;
	const struct json *cluster_options;
};
JSON_DECLARE(mount_request);

struct host_config {
	char **binds;		 /* "/host:/container[:options]" (docker/mount_spec.h) */
	char *container_id_file; /* the client's own business; kept for inspect */
	struct log_config log;
	char *network_mode; /* "", "default", "bridge", "none", "host", ... */
	JSON_LIST(struct port_map_entry) port_bindings;
	struct restart_policy restart_policy;
	bool auto_remove;
	char *volume_driver;
	char **volumes_from;
	JSON_LIST(struct number_item) console_size; /* height, width; host_config_console */
	struct json_map annotations;

	char **cap_add;
	char **cap_drop;
	char *cgroupns_mode; /* "", "private", "host" */
	char **dns;
	char **dns_options;
	char **dns_search;
	char **extra_hosts; /* "name:address" */
	char **group_add;
	char *ipc_mode; /* "", "private", "host", "none", "shareable" */
	char *cgroup;
	char **links;
	int64_t oom_score_adj;
	char *pid_mode; /* "", "host" */
	bool privileged;
	bool publish_all_ports;
	bool readonly_rootfs;
	char **security_opt; /* "no-new-privileges", "seccomp=unconfined", ... */
	struct json_map storage_opt;
	struct json_map tmpfs; /* path to options */
	char *uts_mode;	       /* "", "host" */
	char *userns_mode;     /* "", "host" */
	int64_t shm_size;      /* 0: 64 MiB */
	struct json_map sysctls;
	char *runtime;
	char *isolation;

	int64_t cpu_shares;
	int64_t memory;
	int64_t nano_cpus; /* 1e9 is one processor */
	char *cgroup_parent;
	uint32_t blkio_weight;
	JSON_LIST(struct weight_device) blkio_weight_device;
	JSON_LIST(struct throttle_device) blkio_read_bps, blkio_write_bps, blkio_read_iops, blkio_write_iops;
	int64_t cpu_period_us;
	int64_t cpu_quota_us;
	int64_t cpu_realtime_period_us;
	int64_t cpu_realtime_runtime_us;
	char *cpuset_cpus;
	char *cpuset_mems;
	JSON_LIST(struct device_mapping) devices;
	char **device_cgroup_rules;
	JSON_LIST(struct device_request) device_requests;
	int64_t kernel_memory_tcp;
	int64_t memory_reservation;
	int64_t memory_swap;	    /* memory and swap together; -1: unlimited, 0: twice the memory */
	int64_t *memory_swappiness; /* 0 to 100; -1 and NULL: the host's */
	bool *oom_kill_disable;
	int64_t *pids_limit; /* 0 and -1: unlimited */
	JSON_LIST(struct ulimit) ulimits;
	int64_t cpu_count, cpu_percent, io_maximum_iops, io_maximum_bandwidth; /* Windows only */

	JSON_LIST(struct mount_request) mounts;
	char **masked_paths; /* NULL: the defaults; an empty list: none */
	char **readonly_paths;
	bool *init;
};
JSON_DECLARE(host_config);

/* The rules beyond the rows, see above. -EOPNOTSUPP with the member's name; -EINVAL for values no engine accepts. */
int host_config_check(const struct host_config *host, struct err *err) must_check;

/* Height and width from console_size; 0, 0 when absent. -EINVAL unless it is two numbers from 0 to 65535. */
int console_size_read(const struct number_item *items, size_t count, uint16_t *out_height, uint16_t *out_width,
		      struct err *err) must_check;
