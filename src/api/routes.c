/*
 * The Engine API, row by row. Rows with ROUTE_ABSENT are known to Docker and not there yet.
 *
 * Of two patterns that fit a path the upper one counts.
 */
#include "api/resource.h"
#include "api/route.h"

#define ABSENT(method, pattern, since, what)                     \
	{                                                        \
		method, pattern, NULL, since, ROUTE_ABSENT, what \
	}

/* What only a manager of a swarm can answer: the collection, and all that is below it. */
#define SWARM(path, since)                                                                                            \
	{"GET", path, handle_swarm_manage, since, 0, NULL}, {"GET", path "/{}", handle_swarm_manage, since, 0, NULL}, \
	    {"POST", path "/{}", handle_swarm_manage, since, ROUTE_BODY, NULL},                                       \
	{                                                                                                             \
		"DELETE", path "/{}", handle_swarm_manage, since, 0, NULL                                             \
	}

const struct route routes[] = {
    /* system */
    {"GET", "/_ping", handle_system_ping, 24, 0, NULL},
    {"HEAD", "/_ping", handle_system_ping, 24, 0, NULL},
    {"GET", "/version", handle_system_version, 24, 0, NULL},
    {"GET", "/info", handle_system_info, 24, 0, NULL},
    {"POST", "/system/fsck", handle_system_fsck, 24, 0, NULL}, /* tug's own */
    {"GET", "/events", handle_system_events, 24, 0, NULL},
    {"GET", "/system/df", handle_system_usage, 25, 0, NULL},
    {"POST", "/auth", handle_system_auth, 24, ROUTE_BODY, NULL},

    /* containers */
    {"GET", "/containers/json", handle_container_list, 24, 0, NULL},
    {"POST", "/containers/create", handle_container_create, 24, ROUTE_BODY, NULL},
    {"POST", "/containers/prune", handle_container_prune, 25, 0, NULL},
    {"GET", "/containers/{}/json", handle_container_inspect, 24, 0, NULL},
    {"GET", "/containers/{}/top", handle_container_top, 24, 0, NULL},
    {"GET", "/containers/{}/logs", handle_container_logs, 24, 0, NULL},
    {"POST", "/containers/{}/start", handle_container_start, 24, 0, NULL},
    {"POST", "/containers/{}/stop", handle_container_stop, 24, 0, NULL},
    {"POST", "/containers/{}/restart", handle_container_restart, 24, 0, NULL},
    {"POST", "/containers/{}/kill", handle_container_kill, 24, 0, NULL},
    {"POST", "/containers/{}/pause", handle_container_pause, 24, 0, NULL},
    {"POST", "/containers/{}/unpause", handle_container_unpause, 24, 0, NULL},
    {"POST", "/containers/{}/wait", handle_container_wait, 24, 0, NULL},
    {"POST", "/containers/{}/resize", handle_container_resize, 24, 0, NULL},
    {"POST", "/containers/{}/update", handle_container_update, 24, ROUTE_BODY, NULL},
    {"POST", "/containers/{}/rename", handle_container_rename, 24, 0, NULL},
    {"POST", "/containers/{}/attach", handle_container_attach, 24, ROUTE_HIJACK, NULL},
    {"POST", "/containers/{}/exec", handle_exec_create, 24, ROUTE_BODY, NULL},
    ABSENT("GET", "/containers/{}/attach/ws", 24, "attach by WebSocket"),
    {"GET", "/containers/{}/changes", handle_container_changes, 24, 0, NULL},
    {"GET", "/containers/{}/export", handle_container_export, 24, 0, NULL},
    {"GET", "/containers/{}/stats", handle_container_stats, 24, 0, NULL},
    {"HEAD", "/containers/{}/archive", handle_archive_stat, 24, 0, NULL},
    {"GET", "/containers/{}/archive", handle_archive_get, 24, 0, NULL},
    {"PUT", "/containers/{}/archive", handle_archive_put, 24, ROUTE_BODY_STREAM, NULL},
    ABSENT("GET", "/containers/{}/checkpoints", 25, "checkpoints"),
    ABSENT("POST", "/containers/{}/checkpoints", 25, "checkpoints"),
    {"DELETE", "/containers/{}", handle_container_remove, 24, 0, NULL},

    /* exec sessions */
    {"POST", "/exec/{}/start", handle_exec_start, 24, ROUTE_BODY | ROUTE_HIJACK, NULL},
    {"POST", "/exec/{}/resize", handle_exec_resize, 24, 0, NULL},
    {"GET", "/exec/{}/json", handle_exec_inspect, 24, 0, NULL},

    /* images */
    {"GET", "/images/json", handle_image_list, 24, 0, NULL},
    {"GET", "/images/search", handle_image_search, 24, 0, NULL},
    {"GET", "/images/get", handle_image_save_all, 24, 0, NULL},
    {"POST", "/images/create", handle_image_create, 24, ROUTE_BODY_STREAM, NULL},
    {"POST", "/images/load", handle_image_load, 24, ROUTE_BODY_STREAM, NULL},
    {"POST", "/images/prune", handle_image_prune, 25, 0, NULL},
    {"GET", "/images/{}/json", handle_image_inspect, 24, 0, NULL},
    {"GET", "/images/{}/history", handle_image_history, 24, 0, NULL},
    {"GET", "/images/{}/get", handle_image_save, 24, 0, NULL},
    {"POST", "/images/{}/tag", handle_image_tag, 24, 0, NULL},
    {"POST", "/images/{}/push", handle_image_push, 24, 0, NULL},
    {"DELETE", "/images/{}", handle_image_remove, 24, 0, NULL},
    {"GET", "/distribution/{}/json", handle_distribution_inspect, 30, 0, NULL},

    /* tug's own: what Docker's client asks of registries itself */
    {"GET", "/registry/{}/manifest", handle_registry_ask, 24, 0, NULL},
    {"GET", "/registry/{}/tags", handle_registry_ask, 24, 0, NULL},
    {"GET", "/registry/{}/catalog", handle_registry_ask, 24, 0, NULL},
    {"GET", "/registry/{}/referrers", handle_registry_ask, 24, 0, NULL},
    {"PUT", "/registry/{}/manifest", handle_registry_ask, 24, ROUTE_BODY, NULL},
    {"DELETE", "/registry/{}/manifest", handle_registry_ask, 24, 0, NULL},

    /* what is made of containers and for them */
    {"POST", "/commit", handle_commit, 24, ROUTE_BODY, NULL},
    {"POST", "/build", handle_build, 24, ROUTE_BODY_STREAM, NULL},
    {"POST", "/build/prune", handle_build_prune, 31, 0, NULL},
    {"POST", "/build/session", handle_build_session, 24, ROUTE_BODY, NULL}, /* tug's own: secrets, in memory */
    {"POST", "/session", handle_session, 31, 0, NULL},
    ABSENT("POST", "/grpc", 38, "BuildKit"),
    ABSENT("POST", "/build/cancel", 39, "BuildKit"),
    {"GET", "/volumes", handle_volume_list, 24, 0, NULL},
    {"POST", "/volumes/create", handle_volume_create, 24, ROUTE_BODY, NULL},
    {"POST", "/volumes/prune", handle_volume_prune, 25, 0, NULL},
    {"GET", "/volumes/{}", handle_volume_inspect, 24, 0, NULL},
    ABSENT("PUT", "/volumes/{}", 42, "volume update"),
    {"DELETE", "/volumes/{}", handle_volume_remove, 24, 0, NULL},
    {"GET", "/networks", handle_network_list, 24, 0, NULL},
    {"POST", "/networks/create", handle_network_create, 24, ROUTE_BODY, NULL},
    {"POST", "/networks/prune", handle_network_prune, 25, 0, NULL},
    {"POST", "/networks/{}/connect", handle_network_connect, 24, ROUTE_BODY, NULL},
    {"POST", "/networks/{}/disconnect", handle_network_disconnect, 24, ROUTE_BODY, NULL},
    {"GET", "/networks/{}", handle_network_inspect, 24, 0, NULL},
    {"DELETE", "/networks/{}", handle_network_remove, 24, 0, NULL},

    /* an engine without managed plugins, in no swarm: what would need one is not supported, the rest has its answer */
    ABSENT("GET", "/plugins/privileges", 25, "plugin install"),
    ABSENT("POST", "/plugins/pull", 24, "plugin install"),
    ABSENT("POST", "/plugins/create", 25, "plugin create"),
    {"GET", "/plugins", handle_plugin_list, 24, 0, NULL},
    {"GET", "/plugins/{}/json", handle_plugin_missing, 24, 0, NULL},
    {"POST", "/plugins/{}/enable", handle_plugin_missing, 24, 0, NULL},
    {"POST", "/plugins/{}/disable", handle_plugin_missing, 24, 0, NULL},
    {"POST", "/plugins/{}/push", handle_plugin_missing, 24, 0, NULL},
    {"POST", "/plugins/{}/set", handle_plugin_missing, 24, ROUTE_BODY, NULL},
    {"POST", "/plugins/{}/upgrade", handle_plugin_missing, 26, ROUTE_BODY, NULL},
    {"DELETE", "/plugins/{}", handle_plugin_missing, 24, 0, NULL},
    ABSENT("POST", "/swarm/init", 24, "swarm init"),
    ABSENT("POST", "/swarm/join", 24, "swarm join"),
    {"POST", "/swarm/leave", handle_swarm_leave, 24, 0, NULL},
    SWARM("/swarm", 24),
    SWARM("/nodes", 24),
    SWARM("/services", 24),
    SWARM("/tasks", 24),
    SWARM("/secrets", 25),
    SWARM("/configs", 30),
};

const size_t route_count = sizeof routes / sizeof routes[0];
