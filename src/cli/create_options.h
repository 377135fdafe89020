/*
 * The options of `run` and `create`, and the request that they make.
 */
#pragma once

#include "cli/command.h"
#include "docker/container.h"

struct create_options {
	/* run only */
	bool detach;
	bool sig_proxy;
	const char *detach_keys;

	bool no_healthcheck, init;
	const char *health_cmd, *health_interval, *health_timeout, *health_start_period, *health_start_interval,
	    *health_on_failure;
	int64_t health_retries;

	bool interactive, tty, remove, privileged, publish_all, read_only, quiet;
	const char *name, *cidfile, *platform, *pull;
	const char *entrypoint, *workdir, *user, *hostname, *domainname, *stop_signal;
	const char *ip, *ip6, *mac_address;
	char **network, **network_alias, **link, **link_local_ip;
	const char *ipc, *pid, *uts, *userns, *cgroupns, *cgroup_parent, *runtime;
	const char *gpus, *volume_driver, *log_driver, *restart, *cpuset_cpus, *cpuset_mems;
	char **attach, **env, **env_file, **label, **label_file, **annotation, **publish, **expose, **volume, **mount,
	    **tmpfs, **volumes_from, **device_cgroup_rule;
	char **cap_add, **cap_drop, **security_opt, **device, **ulimit, **sysctl, **group_add, **log_opt;
	char **dns, **dns_option, **dns_search, **add_host;
	int64_t memory, memory_reservation, memory_swap, shm_size, cpus;
	bool oom_kill_disable;
	char **blkio_weight_device, **device_read_bps, **device_write_bps, **device_read_iops, **device_write_iops;
	int64_t blkio_weight, cpu_rt_period, cpu_rt_runtime, memory_swappiness, ignored;
	int64_t cpu_shares, cpu_period, cpu_quota, pids_limit, oom_score_adj, stop_timeout;
};
extern const struct create_options create_defaults;
extern const struct option_row create_rows[], run_rows[];

/* Arguments are the image and the command. -EINVAL with Docker's words; -EOPNOTSUPP by name. In the cli's arena. */
int create_build(struct cli *cli, const struct create_options *options, struct container_create *out_request,
		 struct err *err) must_check;

/* NAME=SOFT[:HARD] items into host->ulimits. -EINVAL. */
int ulimits_parse(struct arena *arena, char *const *items, struct host_config *host, struct err *err) must_check;

/* Lines NAME=VALUE or NAME of a file, '#' and empty ones left out, appended to list. NAME alone: from our environment.
 */
int env_file_read(const char *path, char ***list, struct err *err) must_check;

/* Sends it; an image that is missing, or wanted anew (--pull), is pulled before. */
int create_send(struct cli *cli, const struct create_options *options, const struct container_create *request,
		struct container_created *out_created, struct err *err) must_check;
