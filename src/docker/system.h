/*
 * What the engine says about itself and the host: /version and /info. Empty parts that a container engine of this kind
 * does not have (swarm, plugins, other runtimes) are sent as Docker sends them when they are not in use.
 */
#pragma once

#include "docker/shape.h"

/* The range of API versions, in the form 1.NN. */
enum { DOCKER_API_MINOR_MIN = 24, DOCKER_API_MINOR_MAX = 56 };
#define DOCKER_API_VERSION "1.56"
#define DOCKER_API_VERSION_MIN "1.24"

struct version_platform {
	char *name;
};
JSON_DECLARE(version_platform);

struct version_component {
	char *name;
	char *version;
	struct json_map details;
};
JSON_DECLARE(version_component);

struct version_info {
	struct version_platform platform;
	JSON_LIST(struct version_component) components;
	char *version;
	char *api_version;
	char *min_api_version;
	char *git_commit;
	char *go_version;
	char *os;
	char *arch;
	char *kernel_version;
	bool experimental;
	char *build_time;
};
JSON_DECLARE(version_info);

struct info_plugins {
	char **volume;
	char **network;
	char **authorization;
	char **log;
};
JSON_DECLARE(info_plugins);

struct info_runtime {
	char *key;
	char *path;
};
JSON_DECLARE(info_runtime);

struct info_commit {
	char *id;
};
JSON_DECLARE(info_commit);

struct info_address_pool {
	char *base; /* "172.17.0.0/16" */
	int64_t size;
};
JSON_DECLARE(info_address_pool);

struct info_swarm {
	char *node_id;
	char *node_addr;
	char *local_node_state; /* "inactive" */
	bool control_available;
	char *error;
	const struct json *remote_managers;
};
JSON_DECLARE(info_swarm);

struct info_registry {
	char **insecure_registry_cidrs;
	struct json_map index_configs;
	char **mirrors;
};
JSON_DECLARE(info_registry);

struct info_firewall {
	char *driver; /* "nftables" */
};
JSON_DECLARE(info_firewall);

struct system_info {
	char *id;
	int64_t containers;
	int64_t containers_running;
	int64_t containers_paused;
	int64_t containers_stopped;
	int64_t images;
	char *driver; /* "overlay2" */
	JSON_LIST(struct string_row) driver_status;
	struct info_plugins plugins;
	bool memory_limit;
	bool swap_limit;
	bool cpu_cfs_period;
	bool cpu_cfs_quota;
	bool cpu_shares;
	bool cpu_set;
	bool pids_limit;
	bool ipv4_forwarding;
	bool debug;
	int64_t fds;
	bool oom_kill_disable;
	int64_t goroutines;
	char *system_time; /* RFC 3339 */
	char *logging_driver;
	char *cgroup_driver;  /* "cgroupfs" */
	char *cgroup_version; /* "1", "2" */
	int64_t event_listeners;
	char *kernel_version;
	char *operating_system; /* "Debian GNU/Linux 12 (bookworm)" */
	char *os_version;
	char *os_type;	    /* "linux" */
	char *architecture; /* "x86_64" */
	char *index_server_address;
	struct info_registry registry;
	int64_t cpus;
	int64_t mem_total;
	const struct json *generic_resources;
	char *docker_root_dir;
	char *http_proxy;
	char *https_proxy;
	char *no_proxy;
	char *name; /* the host's name */
	char **labels;
	bool experimental_build;
	char *server_version;
	JSON_LIST(struct info_runtime) runtimes;
	char *default_runtime;
	struct info_swarm swarm;
	bool live_restore_enabled;
	char *isolation;
	char *init_binary;
	struct info_commit containerd_commit;
	struct info_commit runc_commit;
	struct info_commit init_commit;
	char **security_options; /* "name=seccomp,profile=builtin", "name=cgroupns" */
	JSON_LIST(struct info_address_pool) default_address_pools;
	struct info_firewall firewall;
	char **cdi_spec_dirs;
	char **warnings;
};
JSON_DECLARE(system_info);
