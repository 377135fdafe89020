/* What the engine says about itself and the host. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

static char *text(const char *constant)
{
	return (char *)constant;
}

static const char *go_arch(const char *machine)
{
	return text_equal(machine, "x86_64") ? "amd64" : text_equal(machine, "aarch64") ? "arm64" : machine;
}

int engine_version(struct engine *engine, struct arena *arena, struct version_info *out_version, struct err *err)
{
	struct utsname host;
	(void)engine;
	if (uname(&host) < 0)
		return err_sys(err, "uname");
	struct version_component *component = arena_new(arena, struct version_component);
	struct json_pair *details = arena_array(arena, struct json_pair, 7);
	const struct json_pair values[] = {
	    {text("ApiVersion"), text(DOCKER_API_VERSION)},
	    {text("Arch"), arena_strdup(arena, go_arch(host.machine))},
	    {text("Experimental"), text("false")},
	    {text("GitCommit"), text("")},
	    {text("KernelVersion"), arena_strdup(arena, host.release)},
	    {text("MinAPIVersion"), text(DOCKER_API_VERSION_MIN)},
	    {text("Os"), text("linux")},
	};
	memcpy(details, values, sizeof values);
	*component = (struct version_component){text("Engine"), text(TUG_VERSION), {details, array_size(values)}};
	*out_version = (struct version_info){
	    .platform = {text("tug")},
	    .version = text(TUG_VERSION),
	    .api_version = text(DOCKER_API_VERSION),
	    .min_api_version = text(DOCKER_API_VERSION_MIN),
	    .git_commit = text(""),
	    .go_version = text(""),
	    .os = text("linux"),
	    .arch = values[1].value,
	    .kernel_version = values[4].value,
	    .build_time = text(""),
	};
	out_version->components.items = component;
	out_version->components.count = 1;
	return 0;
}

/* PRETTY_NAME of os-release(5). */
static char *system_name(struct arena *arena)
{
	auto_buf content = BUF_INIT(64 << 10);
	struct err ignored;
	if (file_read(AT_FDCWD, "/etc/os-release", &content, &ignored) < 0)
		return text("Linux");
	auto_strv char **lines = strv_split(buf_str(&content), '\n');
	for (char **line = lines; *line; line++) {
		const char *value = text_after(*line, "PRETTY_NAME=");
		if (!value)
			continue;
		size_t size = strlen(value);
		bool quoted = size > 1 && value[0] == '"' && value[size - 1] == '"';
		return arena_strndup(arena, value + quoted, size - 2 * quoted);
	}
	return text("Linux");
}

static bool is_one(const char *path)
{
	auto_buf content = BUF_INIT(64);
	struct err ignored;
	return file_read(AT_FDCWD, path, &content, &ignored) == 0 && buf_str(&content)[0] == '1';
}

static int64_t fd_count(void)
{
	int64_t count = -1; /* the directory's own */
	auto_dir DIR *list = opendir("/proc/self/fd");
	while (list && readdir(list))
		count++;
	return count > 2 ? count - 2 : 0;
}

static void counts_fill(const struct engine *engine, struct system_info *info)
{
	for (const struct container *at = engine->containers; at; at = at->next) {
		info->containers++;
		if (at->state == STATE_PAUSED)
			info->containers_paused++;
		else if (state_is_running(at->state))
			info->containers_running++;
		else
			info->containers_stopped++;
	}
}

static void lists_fill(const struct engine *engine, struct arena *arena, struct system_info *info)
{
	static char *networks[] = {(char *)"bridge",  (char *)"host", (char *)"ipvlan",
				   (char *)"macvlan", (char *)"null", NULL};
	static char *logs[] = {(char *)"json-file", (char *)"none", NULL};
	static char *security[] = {NULL, NULL, NULL, NULL};
	static struct info_runtime runtime = {(char *)"tug", (char *)"tug-runtime"};
	size_t count = 0;
	if (engine->apparmor)
		security[count++] = text("name=apparmor");
	security[count++] = text("name=seccomp,profile=builtin");
	if (engine->cgroup_v2)
		security[count++] = text("name=cgroupns");
	security[count] = NULL;
	info->plugins.network = networks;
	info->plugins.log = logs;
	info->security_options = security;
	info->runtimes.items = &runtime;
	info->runtimes.count = 1;
	info->default_address_pools.items = arena_array(arena, struct info_address_pool, engine->config.pool_count + 1);
	for (size_t i = 0; i < engine->config.pool_count; i++)
		info->default_address_pools.items[info->default_address_pools.count++] =
		    (struct info_address_pool){(char *)engine->config.pools[i].base, engine->config.pools[i].size};
	info->labels = (char **)(void *)engine->config.labels;
}

int engine_info(struct engine *engine, struct arena *arena, struct system_info *out_info, struct err *err)
{
	struct utsname host;
	struct sysinfo memory;
	struct image_list images;
	char now[TIME_TEXT];
	if (uname(&host) < 0 || sysinfo(&memory) < 0)
		return err_sys(err, "uname");
	int rc = image_list(engine->images, arena, &images, err);
	if (rc < 0)
		return rc;
	time_rfc3339(time_wall_ns(), now);
	*out_info = (struct system_info){
	    .id = engine->id,
	    .images = (int64_t)images.count,
	    .driver = text("overlay2"),
	    .memory_limit = true,
	    .swap_limit = true,
	    .cpu_cfs_period = true,
	    .cpu_cfs_quota = true,
	    .cpu_shares = true,
	    .cpu_set = true,
	    .pids_limit = true,
	    .ipv4_forwarding = is_one("/proc/sys/net/ipv4/ip_forward"),
	    .debug = engine->config.debug,
	    .fds = fd_count(),
	    .goroutines = 1,
	    .system_time = arena_strdup(arena, now),
	    .logging_driver = text(text_empty(engine->config.log_driver) ? "json-file" : engine->config.log_driver),
	    .cgroup_driver = text("cgroupfs"),
	    .cgroup_version = text(engine->cgroup_v2 ? "2" : "1"),
	    .kernel_version = arena_strdup(arena, host.release),
	    .operating_system = system_name(arena),
	    .os_version = text(""),
	    .os_type = text("linux"),
	    .architecture = arena_strdup(arena, host.machine),
	    .index_server_address = text("https://index.docker.io/v1/"),
	    .cpus = sysconf(_SC_NPROCESSORS_ONLN),
	    .mem_total = (int64_t)memory.totalram * memory.mem_unit,
	    .docker_root_dir = text(engine->config.data_root),
	    .name = arena_strdup(arena, host.nodename),
	    .server_version = text(TUG_VERSION),
	    .default_runtime = text("tug"),
	    .swarm = {.local_node_state = text("inactive")},
	    .live_restore_enabled = true,
	    .init_binary = text("docker-init"),
	    .firewall = {text("nftables")},
	};
	counts_fill(engine, out_info);
	lists_fill(engine, arena, out_info);
	return 0;
}
