#include "engine/spec.h"

#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/cdi.h"
#include "engine/spec_devices.h"
#include "engine/spec_join.h"
#include "engine/spec_mounts.h"
#include "engine/spec_resources.h"
#include "security/capability.h"

#include <string.h>

/* --- security --- */

int spec_capabilities(const struct host_config *host, bool privileged, uint64_t *out_set, struct err *err)
{
	uint64_t known = capability_own();
	if (privileged || host->privileged) {
		*out_set = known;
		return 0;
	}
	return capability_adjust(CAPABILITY_DEFAULT & known, known, host->cap_add, host->cap_drop, out_set, err);
}

/* --- process --- */

static size_t env_name_size(const char *text)
{
	return strcspn(text, "=");
}

/* Replaces what is there with that name or appends; a name without "=" takes it away. */
static void env_put(char **env, size_t *count, char *item)
{
	size_t size = env_name_size(item), at = 0;
	while (at < *count && (env_name_size(env[at]) != size || strncmp(env[at], item, size) != 0))
		at++;
	if (!item[size]) {
		if (at < *count)
			memmove(&env[at], &env[at + 1], (--*count - at) * sizeof *env);
		return;
	}
	env[at] = item;
	*count += at == *count;
}

char **spec_environment(struct arena *arena, const struct container_config *config, char *const *more, bool tty)
{
	enum { OWN = 3 };
	size_t count = 0;
	char **env = arena_array(arena, char *, OWN + strv_count(config->env) + strv_count(more) + 1);
	env[count++] = (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	env[count++] = arena_printf(arena, "HOSTNAME=%s", config->hostname);
	if (tty)
		env[count++] = (char *)"TERM=xterm";
	for (char *const *item = config->env; item && *item; item++)
		env_put(env, &count, *item);
	for (char *const *item = more; item && *item; item++)
		env_put(env, &count, *item);
	env[count] = NULL;
	return env;
}

static int rlimits_fill(const struct host_config *host, struct arena *arena, struct oci_process *process,
			struct err *err)
{
	process->rlimits.items = arena_array(arena, struct oci_rlimit, host->ulimits.count + 1);
	for (size_t i = 0; i < host->ulimits.count; i++) {
		const struct ulimit *limit = &host->ulimits.items[i];
		char *type = arena_printf(arena, "RLIMIT_%s", limit->name);
		for (char *c = type; *c; c++)
			*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
		if (limit->soft < -1 || limit->hard < -1)
			return err_set(err, EINVAL, "invalid ulimit %s", limit->name);
		process->rlimits.items[process->rlimits.count++] =
		    (struct oci_rlimit){type, (uint64_t)limit->soft, (uint64_t)limit->hard};
	}
	return 0;
}

bool spec_has_init(const struct host_config *host)
{
	return host->init && *host->init && text_empty(host->pid_mode);
}

static char **argv_build(const struct container *container, struct arena *arena)
{
	char *const *own = container->document.argv;
	if (!spec_has_init(&container->document.host))
		return (char **)own;
	size_t count = 0;
	char **argv = arena_array(arena, char *, strv_count(own) + 3);
	argv[count++] = (char *)SPEC_INIT_PATH;
	argv[count++] = (char *)"--";
	for (; *own; own++)
		argv[count++] = *own;
	return argv;
}

static int process_fill(const struct container *container, struct arena *arena, struct oci_process *process,
			struct err *err)
{
	const struct container_config *config = &container->document.config;
	const struct host_config *host = &container->document.host;
	struct spec_security security;
	uint64_t set;
	int rc = spec_security(host, container->engine->config.no_new_privileges, &security, err);
	if (rc == 0)
		rc = spec_capabilities(host, false, &set, err);
	if (rc < 0)
		return rc;
	process->terminal = config->tty;
	if (config->tty && host->console_size.count == 2) {
		process->console_size = arena_new(arena, struct oci_console_size);
		process->console_size->height = (uint64_t)host->console_size.items[0].value;
		process->console_size->width = (uint64_t)host->console_size.items[1].value;
	}
	process->args = argv_build(container, arena);
	process->env = spec_environment(arena, config, container->step ? container->step->env : NULL, config->tty);
	process->cwd = text_empty(config->working_dir) ? (char *)"/" : config->working_dir;
	process->no_new_privileges = security.no_new_privileges;
	process->apparmor_profile = (char *)spec_apparmor(container->engine, host, &security);
	process->capabilities = arena_new(arena, struct oci_capabilities);
	char **names = capability_names(arena, set);
	*process->capabilities = (struct oci_capabilities){.bounding = names, .permitted = names, .effective = names};
	process->oom_score_adj = arena_new(arena, int64_t);
	*process->oom_score_adj = host->oom_score_adj;
	return rlimits_fill(host, arena, process, err);
}

/* --- namespaces, paths, sysctls --- */

static int namespaces_fill(const struct container *container, struct arena *arena, struct oci_linux *part,
			   struct err *err)
{
	const struct host_config *host = &container->document.host;
	char *pid, *ipc;
	int rc = spec_join(container->engine, arena, host->pid_mode, "pid", &pid, err);
	if (rc == 0)
		rc = spec_join(container->engine, arena, host->ipc_mode, "ipc", &ipc, err);
	if (rc < 0)
		return rc;
	const struct {
		const char *type, *path;
		bool own;
	} rows[] = {
	    {"mount", "", true},
	    {"network", "", !text_equal(host->network_mode, "host")},
	    {"uts", "", !text_equal(host->uts_mode, "host")},
	    {"pid", pid, !text_equal(host->pid_mode, "host")},
	    {"ipc", ipc, !text_equal(host->ipc_mode, "host")},
	    {"cgroup", "", text_equal(host->cgroupns_mode, "private")},
	};
	part->namespaces.items = arena_array(arena, struct oci_namespace, array_size(rows));
	for (size_t i = 0; i < array_size(rows); i++) {
		if (rows[i].own)
			part->namespaces.items[part->namespaces.count++] = (struct oci_namespace){
			    .type = (char *)rows[i].type, .path = *rows[i].path ? (char *)rows[i].path : NULL};
	}
	return 0;
}

static char *masked[] = {(char *)"/proc/acpi",
			 (char *)"/proc/asound",
			 (char *)"/proc/interrupts",
			 (char *)"/proc/kcore",
			 (char *)"/proc/keys",
			 (char *)"/proc/latency_stats",
			 (char *)"/proc/sched_debug",
			 (char *)"/proc/scsi",
			 (char *)"/proc/timer_list",
			 (char *)"/proc/timer_stats",
			 (char *)"/sys/devices/virtual/powercap",
			 (char *)"/sys/firmware",
			 NULL};
static char *readonly[] = {(char *)"/proc/bus",		  (char *)"/proc/fs",
			   (char *)"/proc/irq",		  (char *)"/proc/sys",
			   (char *)"/proc/sysrq-trigger", NULL};

static char **paths_left(struct arena *arena, const struct spec_security *security, char *const *paths)
{
	size_t count = 0;
	char **left = arena_array(arena, char *, strv_count(paths) + 1);
	for (; *paths; paths++) {
		if (!spec_unmasked(security, *paths))
			left[count++] = *paths;
	}
	return left;
}

static void paths_fill(const struct host_config *host, struct arena *arena, const struct spec_security *security,
		       struct oci_linux *part)
{
	if (host->privileged || security->paths_unconfined)
		return;
	part->masked_paths = paths_left(arena, security, host->masked_paths ? host->masked_paths : masked);
	part->readonly_paths = paths_left(arena, security, host->readonly_paths ? host->readonly_paths : readonly);
}

static int sysctl_fill(const struct host_config *host, struct arena *arena, struct oci_linux *part, struct err *err)
{
	static const struct json_pair own[] = {
	    {(char *)"net.ipv4.ip_unprivileged_port_start", (char *)"0"},
	    {(char *)"net.ipv4.ping_group_range", (char *)"0 2147483647"},
	};
	bool network = !text_equal(host->network_mode, "host"), ipc = !text_equal(host->ipc_mode, "host");
	struct json_pair *pairs = arena_array(arena, struct json_pair, host->sysctls.count + array_size(own) + 1);
	size_t count = 0;
	for (size_t i = 0; network && i < array_size(own); i++) {
		if (!json_map_get(&host->sysctls, own[i].key))
			pairs[count++] = own[i];
	}
	for (size_t i = 0; i < host->sysctls.count; i++) {
		const char *key = host->sysctls.items[i].key;
		if (text_after(key, "net.") && !network)
			return err_set(err, EINVAL, "sysctl '%s' not allowed in host network namespace", key);
		if ((text_after(key, "kernel.") || text_after(key, "fs.mqueue.")) && !ipc)
			return err_set(err, EINVAL, "sysctl '%s' not allowed in host ipc namespace", key);
		pairs[count++] = host->sysctls.items[i];
	}
	part->sysctl = (struct json_map){pairs, count};
	return 0;
}

int spec_build(const struct container *container, struct arena *arena, const struct spec_paths *paths,
	       struct oci_spec *out_spec, struct err *err)
{
	const struct container_config *config = &container->document.config;
	const struct host_config *host = &container->document.host;
	struct spec_security security;
	struct oci_spec spec = {
	    .oci_version = (char *)OCI_RUNTIME_VERSION,
	    .process = arena_new(arena, struct oci_process),
	    .root = arena_new(arena, struct oci_root),
	    .linux_part = arena_new(arena, struct oci_linux),
	    .annotations = host->annotations,
	};
	spec.root->readonly = host->readonly_rootfs;
	if (!text_equal(host->uts_mode, "host")) {
		spec.hostname = config->hostname;
		spec.domainname = text_empty(config->domainname) ? NULL : config->domainname;
	}
	spec.linux_part->cgroups_path = arena_strdup(arena, paths->cgroup);
	int rc = namespaces_fill(container, arena, spec.linux_part, err);
	if (rc == 0)
		rc = spec_security(host, container->engine->config.no_new_privileges, &security, err);
	if (rc == 0)
		rc = process_fill(container, arena, spec.process, err);
	if (rc == 0)
		rc = spec_resources(host, arena, &spec.linux_part->resources, err);
	if (rc == 0)
		rc = spec_devices(host, arena, spec.linux_part, err);
	if (rc == 0)
		rc = sysctl_fill(host, arena, spec.linux_part, err);
	if (rc == 0)
		rc = spec_mounts(container, arena, paths, &spec, err);
	if (rc == 0)
		rc = cdi_inject(container, arena, &spec, err);
	if (rc < 0)
		return rc;
	paths_fill(host, arena, &security, spec.linux_part);
	*out_spec = spec;
	return 0;
}
