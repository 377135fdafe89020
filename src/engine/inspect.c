/* inspect */
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"
#include "engine/health.h"
#include "engine/run.h"
#include "engine/size.h"
#include "engine/spec.h"
#include "engine/view.h"

#include <string.h>

static char *time_text(struct arena *arena, int64_t ns)
{
	char text[TIME_TEXT];
	if (ns == 0)
		return (char *)DOCKER_TIME_NEVER;
	time_rfc3339_short(ns, text);
	return arena_strdup(arena, text);
}

static void state_fill(const struct container *container, struct arena *arena, struct container_state *state)
{
	const char *status = container_status(container);
	bool running = state_is_running(container->state), restarting = text_equal(status, "restarting");
	*state = (struct container_state){
	    .status = (char *)status,
	    .running = running || restarting,
	    .paused = container->state == STATE_PAUSED,
	    .restarting = restarting,
	    .oom_killed = container->oom_killed,
	    .dead = container->state == STATE_DEAD,
	    .pid = running ? container->pid : 0,
	    .exit_code = container->exit_code,
	    .error = container->error ? container->error : (char *)"",
	    .started_at = time_text(arena, container->started_ns),
	    .health = health_view(container, arena),
	    .log_dropped = container->life.log_dropped,
	    .death = container->life.death,
	    .finished_at = time_text(arena, running && !restarting ? 0 : container->finished_ns),
	};
}

static void network_fill(const struct container *container, struct arena *arena, struct network_settings *settings)
{
	static const struct endpoint_settings none = {.endpoint_id = (char *)"",
						      .gateway = (char *)"",
						      .global_ipv6_address = (char *)"",
						      .ip_address = (char *)"",
						      .ipv6_gateway = (char *)"",
						      .mac_address = (char *)""};
	const struct endpoint_settings *bridge = &none;
	size_t count;
	struct endpoint_settings *networks = view_networks(container, arena, &count, &bridge);
	*settings = (struct network_settings){
	    .bridge = (char *)"",
	    .sandbox_id = (char *)(state_is_running(container->state) ? container->id : ""),
	    .sandbox_key = state_is_running(container->state) ? arena_printf(arena, "/proc/%d/ns/net", container->pid)
							      : (char *)"",
	    .link_local_ipv6_address = (char *)"",
	    .endpoint_id = bridge->endpoint_id,
	    .gateway = bridge->gateway,
	    .global_ipv6_address = bridge->global_ipv6_address,
	    .global_ipv6_prefix_len = bridge->global_ipv6_prefix_len,
	    .ip_address = bridge->ip_address,
	    .ip_prefix_len = bridge->ip_prefix_len,
	    .ipv6_gateway = bridge->ipv6_gateway,
	    .mac_address = bridge->mac_address,
	};
	settings->ports.items = view_port_map(container, arena, &settings->ports.count);
	settings->networks.items = networks;
	settings->networks.count = count;
}

/* Files of a container that it sees as its own, below DATA. */
static char *data_path(const struct container *container, struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/containers/%s/%s", container->engine->config.data_root, container->id, name);
}

static int driver_fill(const struct container *container, struct arena *arena, struct graph_driver *driver,
		       struct err *err)
{
	struct digest image;
	char **lower;
	auto_buf path = BUF_INIT(1 << 20);
	int rc = digest_parse(container->document.image_id, &image, err);
	if (rc == 0)
		rc = image_lower_dirs(container->engine->images, arena, &image, &lower, err);
	if (rc < 0)
		return rc;
	for (char **layer = lower; *layer; layer++)
		buf_printf(&path, "%s%s/%s", layer == lower ? "" : ":", container->engine->config.data_root, *layer);
	struct json_pair *pairs = arena_array(arena, struct json_pair, 3);
	pairs[0] = (struct json_pair){(char *)"LowerDir", arena_strdup(arena, buf_str(&path))};
	pairs[1] = (struct json_pair){(char *)"UpperDir", data_path(container, arena, "upper")};
	pairs[2] = (struct json_pair){(char *)"WorkDir", data_path(container, arena, "work")};
	driver->name = (char *)"overlay2";
	driver->data = (struct json_map){pairs, 3};
	return 0;
}

/* As Docker shows it: nothing where the host has no AppArmor. */
static char *apparmor_of(const struct container *container)
{
	const struct host_config *host = &container->document.host;
	struct spec_security security;
	struct err ignored;
	if (!container->engine->apparmor || spec_security(host, false, &security, &ignored) < 0)
		return (char *)"";
	const char *profile = spec_apparmor(container->engine, host, &security);
	return (char *)(profile ? profile : "unconfined");
}

int engine_inspect(struct engine *engine, struct arena *arena, const char *name, bool size,
		   struct container_inspect *out_inspect, struct err *err)
{
	struct container *container;
	struct container_inspect inspect = {0};
	int rc = container_find(engine, name, &container, err);
	if (rc < 0)
		return rc;
	struct container_document *document = &container->document;
	inspect.id = container->id;
	inspect.created = time_text(arena, container->created_ns);
	inspect.path = document->argv[0];
	inspect.args = document->argv + 1;
	state_fill(container, arena, &inspect.state);
	inspect.image = document->image_id;
	inspect.resolv_conf_path = data_path(container, arena, "resolv.conf");
	inspect.hostname_path = data_path(container, arena, "hostname");
	inspect.hosts_path = data_path(container, arena, "hosts");
	if (text_equal(document->host.log.type, "json-file")) {
		auto_free char *log = x_printf("%s-json.log", container->id);
		inspect.log_path = data_path(container, arena, log);
	}
	inspect.name = arena_printf(arena, "/%s", container->name);
	inspect.restart_count = container->life.restart_count;
	inspect.apparmor_profile = apparmor_of(container);
	inspect.driver = (char *)"overlay2";
	inspect.platform = (char *)"linux";
	inspect.exec_ids = run_exec_ids(container, arena);
	inspect.host = &document->host;
	inspect.config = &document->config;
	network_fill(container, arena, &inspect.network_settings);
	inspect.mounts.items = mounts_view(container, arena, &inspect.mounts.count);
	rc = driver_fill(container, arena, &inspect.graph_driver, err);
	if (rc == 0 && size)
		rc = size_of(container, arena, &inspect.size_rw, &inspect.size_root_fs, err);
	if (rc == 0)
		*out_inspect = inspect;
	return rc;
}
