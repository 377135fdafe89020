/*
 * The documents of a container: what create takes, what inspect, list, top and wait answer.
 */
#pragma once

#include "docker/container_config.h"
#include "docker/death.h"
#include "docker/health.h"
#include "docker/host_config.h"
#include "docker/network_settings.h"

/* POST /containers/create: the members of container_config at the top, with HostConfig and NetworkingConfig. */
struct container_create {
	struct container_config config;
	struct host_config host;
	struct networking_config networking;
};
JSON_DECLARE(container_create);

/* container_config_check and host_config_check and what concerns both. */
int container_create_check(const struct container_create *request, struct err *err) must_check;

struct container_created {
	char *id;
	char **warnings;
};
JSON_DECLARE(container_created);

struct container_state {
	char *status; /* "created", "running", "paused", "restarting", "removing", "exited", "dead" */
	bool running;
	bool paused;
	bool restarting;
	bool oom_killed;
	bool dead;
	int64_t pid;
	int64_t exit_code;
	char *error;
	char *started_at; /* RFC 3339; DOCKER_TIME_NEVER */
	char *finished_at;
	struct health_state *health;   /* NULL: no check */
	int64_t log_dropped;	       /* tug's own: messages that syslog or the journal did not take */
	struct container_death *death; /* tug's own; NULL: it never ended */
};
JSON_DECLARE(container_state);
#define DOCKER_TIME_NEVER "0001-01-01T00:00:00Z"

struct graph_driver {
	struct json_map data;
	char *name; /* "overlay2" */
};
JSON_DECLARE(graph_driver);

struct mount_point {
	char *type; /* "bind", "tmpfs" */
	char *name;
	char *source;
	char *destination;
	char *driver;
	char *mode; /* as in the bind: "ro", "z" */
	bool rw;
	char *propagation;
};
JSON_DECLARE(mount_point);

/* GET /containers/{id}/json */
struct container_inspect {
	char *id;
	char *created; /* RFC 3339 */
	char *path;    /* the program and its arguments as executed */
	char **args;
	struct container_state state;
	char *image; /* "sha256:..." */
	char *resolv_conf_path;
	char *hostname_path;
	char *hosts_path;
	char *log_path;
	char *name; /* with the leading "/" */
	int64_t restart_count;
	char *driver;	/* "overlay2" */
	char *platform; /* "linux" */
	char *mount_label;
	char *process_label;
	char *apparmor_profile;
	char **exec_ids;
	struct host_config *host;
	struct graph_driver graph_driver;
	int64_t *size_rw; /* only when asked for */
	int64_t *size_root_fs;
	JSON_LIST(struct mount_point) mounts;
	struct container_config *config;
	struct network_settings network_settings;
};
JSON_DECLARE(container_inspect);

struct summary_host {
	char *network_mode;
	struct json_map annotations;
};
JSON_DECLARE(summary_host);

/* One item of GET /containers/json */
struct container_summary {
	char *id;
	char **names; /* each with the leading "/" */
	char *image;  /* as the user named it; the digest when that name means another image now */
	char *image_id;
	char *command;
	int64_t created; /* seconds since 1970 */
	JSON_LIST(struct port_summary) ports;
	int64_t *size_rw;
	int64_t *size_root_fs;
	struct json_map labels;
	char *state;
	char *status;		    /* for people: "Up 5 minutes" (docker/duration.h) */
	char *reason, *reason_kind; /* tug's own, of what does not run: why (docker/death.h) */
	struct summary_host host;
	struct summary_networks network_settings;
	JSON_LIST(struct mount_point) mounts;
};
JSON_DECLARE(container_summary);

struct wait_error {
	char *message;
};
JSON_DECLARE(wait_error);

/* POST /containers/{id}/wait */
struct container_wait {
	int64_t status_code;
	struct wait_error *error;
};
JSON_DECLARE(container_wait);

/* GET /containers/{id}/top */
struct container_top {
	char **titles;
	JSON_LIST(struct string_row) processes;
};
JSON_DECLARE(container_top);
