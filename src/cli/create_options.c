#include "cli/create_options.h"

#include "base/file.h"
#include "base/text.h"
#include "cli/create_health.h"
#include "cli/create_limits.h"
#include "cli/create_network.h"
#include "cli/create_ports.h"
#include "cli/pairs.h"
#include "docker/mount_spec.h"
#include "docker/restart_policy.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>

enum { TEXT_FILE_MAX = 4 << 20 };

static char *text_of(struct cli *cli, const char *text)
{
	return arena_strdup(&cli->arena, text ? text : "");
}

/* --- lists --- */

int env_file_read(const char *path, char ***list, struct err *err)
{
	auto_buf text = BUF_INIT(TEXT_FILE_MAX);
	int rc = file_read(AT_FDCWD, path, &text, err);
	if (rc < 0)
		return rc;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	for (char **line = lines; *line; line++) {
		char *start = *line + strspn(*line, " \t");
		size_t size = strlen(start);
		if (size > 0 && start[size - 1] == '\r')
			start[size - 1] = 0;
		if (*start == 0 || *start == '#')
			continue;
		char *equals = strchr(start, '=');
		size_t name = equals ? (size_t)(equals - start) : strlen(start);
		if (name == 0 || strcspn(start, " \t") < name)
			return err_set(
			    err, EINVAL,
			    "%s: poorly formatted environment: variable '%.*s' contains whitespaces or is empty", path,
			    (int)name, start);
		const char *value = equals ? NULL : getenv(start);
		if (equals)
			strv_push(list, x_strdup(start));
		else if (value)
			strv_push(list, x_printf("%s=%s", start, value));
	}
	return 0;
}

/* The files first: what is said on the command line counts more. */
static int env_build(struct cli *cli, const struct create_options *options, char ***out_env, struct err *err)
{
	auto_strv char **env = NULL;
	for (char **path = options->env_file; path && *path; path++) {
		int rc = env_file_read(*path, &env, err);
		if (rc < 0)
			return rc;
	}
	for (char **item = options->env; item && *item; item++) {
		const char *value = strchr(*item, '=') ? NULL : getenv(*item);
		if (**item == '=' || **item == 0)
			return err_set(err, EINVAL, "invalid environment variable: %s", *item);
		strv_push(&env, value ? x_printf("%s=%s", *item, value) : x_strdup(*item));
	}
	size_t count = strv_count(env);
	char **list = arena_array(&cli->arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		list[i] = arena_strdup(&cli->arena, env[i]);
	*out_env = list;
	return 0;
}

static int labels_build(struct cli *cli, const struct create_options *options, struct json_map *map, struct err *err)
{
	auto_strv char **lines = NULL;
	for (char **path = options->label_file; path && *path; path++) {
		int rc = env_file_read(*path, &lines, err);
		if (rc < 0)
			return rc;
	}
	int rc = pairs_add(&cli->arena, lines, "label", false, map, err);
	return rc < 0 ? rc : pairs_add(&cli->arena, options->label, "label", false, map, err);
}

/* --- mounts and devices --- */

/* A source like ./data counts from where we are. */
static const char *bind_absolute(struct cli *cli, const char *text)
{
	char here[PATH_MAX];
	if (text[0] != '.' || !getcwd(here, sizeof here))
		return text;
	return arena_printf(&cli->arena, "%s/%s", here, text);
}

/* `-v /path` alone asks for an anonymous volume. */
static int binds_build(struct cli *cli, const struct create_options *options, struct container_create *request,
		       struct err *err)
{
	struct host_config *host = &request->host;
	size_t count = strv_count(options->volume), binds = 0;
	host->binds = count > 0 ? arena_array(&cli->arena, char *, count + 1) : NULL;
	request->config.volumes.items = arena_array(&cli->arena, struct set_member, count + 1);
	for (size_t i = 0; i < count; i++) {
		const char *text = bind_absolute(cli, options->volume[i]);
		struct bind_spec spec;
		int rc = bind_spec_parse(&cli->arena, text, &spec, err);
		if (rc < 0)
			return rc;
		if (spec.source)
			host->binds[binds++] = arena_strdup(&cli->arena, text);
		else
			request->config.volumes.items[request->config.volumes.count++].key = spec.target;
	}
	if (binds == 0)
		host->binds = NULL;
	host->volumes_from = options->volumes_from;
	host->volume_driver = text_of(cli, options->volume_driver);
	count = strv_count(options->mount);
	host->mounts.items = arena_array(&cli->arena, struct mount_request, count + 1);
	for (size_t i = 0; i < count; i++) {
		int rc =
		    mount_spec_parse(&cli->arena, options->mount[i], &host->mounts.items[host->mounts.count++], err);
		if (rc < 0)
			return rc;
	}
	count = strv_count(options->tmpfs);
	host->tmpfs.items = arena_array(&cli->arena, struct json_pair, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct json_pair *pair = &host->tmpfs.items[host->tmpfs.count++];
		int rc = tmpfs_spec_parse(&cli->arena, options->tmpfs[i], &pair->key, &pair->value, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Devices by name: GPUs, and what specifications of this host describe. */
static int requests_build(struct cli *cli, const struct create_options *options, char **ids, struct host_config *host,
			  struct err *err)
{
	struct device_request *requests = arena_array(&cli->arena, struct device_request, 3);
	size_t count = 0;
	if (options->gpus) {
		int rc = gpus_parse(&cli->arena, options->gpus, &requests[count++], err);
		if (rc < 0)
			return rc;
	}
	if (ids[0])
		requests[count++] = (struct device_request){.driver = (char *)"cdi", .device_ids = ids};
	host->device_requests.items = requests;
	host->device_requests.count = count;
	return 0;
}

/* HOST[:CONTAINER[:rwm]], or a device by name */
static int devices_build(struct cli *cli, const struct create_options *options, struct host_config *host,
			 struct err *err)
{
	size_t count = strv_count(options->device), names = 0;
	char *kind, *name, **ids = arena_array(&cli->arena, char *, count + 1);
	host->devices.items = arena_array(&cli->arena, struct device_mapping, count + 1);
	for (size_t i = 0; i < count; i++) {
		if (cdi_name_parse(&cli->arena, options->device[i], &kind, &name)) {
			ids[names++] = options->device[i];
			continue;
		}
		auto_strv char **parts = strv_split(options->device[i], ':');
		size_t size = strv_count(parts);
		const char *access = size == 3 ? parts[2] : size == 2 && parts[1][0] != '/' ? parts[1] : "rwm";
		const char *inside = size > 1 && parts[1][0] == '/' ? parts[1] : parts[0];
		if (size > 3 || parts[0][0] != '/' || *access == 0 || access[strspn(access, "rwm")] != 0)
			return err_set(err, EINVAL, "invalid device specification: %s", options->device[i]);
		host->devices.items[host->devices.count++] = (struct device_mapping){
		    .path_on_host = arena_strdup(&cli->arena, parts[0]),
		    .path_in_container = arena_strdup(&cli->arena, inside),
		    .cgroup_permissions = arena_strdup(&cli->arena, access),
		};
	}
	return requests_build(cli, options, ids, host, err);
}

int ulimits_parse(struct arena *arena, char *const *items, struct host_config *host, struct err *err)
{
	size_t count = strv_count(items);
	host->ulimits.items = arena_array(arena, struct ulimit, count + 1);
	for (size_t i = 0; i < count; i++) {
		const char *text = items[i], *equals = strchr(text, '=');
		if (!equals || equals == text)
			return err_set(err, EINVAL, "invalid ulimit argument: %s", text);
		struct ulimit *limit = &host->ulimits.items[host->ulimits.count++];
		auto_strv char **parts = strv_split(equals + 1, ':');
		limit->name = arena_strndup(arena, text, (size_t)(equals - text));
		int rc = strv_count(parts) > 2 ? err_set(err, EINVAL, "too many limit value arguments - %s", equals + 1)
					       : number_parse(parts[0], -1, INT64_MAX, "ulimit", &limit->soft, err);
		limit->hard = limit->soft;
		if (rc == 0 && parts[1])
			rc = number_parse(parts[1], -1, INT64_MAX, "ulimit", &limit->hard, err);
		if (rc < 0)
			return rc;
		if (limit->hard != -1 && (limit->soft == -1 || limit->soft > limit->hard))
			return err_set(err, EINVAL, "ulimit soft limit must be less than or equal to hard limit: %s",
				       text);
	}
	return 0;
}

/* A seccomp profile is a file of ours: its content is sent. */
static int security_build(struct cli *cli, const struct create_options *options, struct host_config *host,
			  struct err *err)
{
	size_t count = strv_count(options->security_opt);
	host->security_opt = count > 0 ? arena_array(&cli->arena, char *, count + 1) : NULL;
	for (size_t i = 0; i < count; i++) {
		const char *text = options->security_opt[i];
		const char *path = text_after(text, "seccomp=");
		host->security_opt[i] = arena_strdup(&cli->arena, text);
		if (!path || text_equal(path, "unconfined") || text_equal(path, "builtin"))
			continue;
		auto_buf content = BUF_INIT(TEXT_FILE_MAX), compact = BUF_INIT(TEXT_FILE_MAX);
		const struct json *value;
		int rc = file_read(AT_FDCWD, path, &content, err);
		if (rc == 0)
			rc = json_parse(&cli->arena, buf_str(&content), content.len, path, &value, err);
		if (rc < 0)
			return err_wrap(err, "opening seccomp profile");
		json_encode_value(&compact, value);
		host->security_opt[i] = arena_printf(&cli->arena, "seccomp=%s", buf_str(&compact));
	}
	return 0;
}

/* --- the whole --- */

static int attach_build(const struct create_options *options, struct container_config *config, struct err *err)
{
	config->tty = options->tty;
	config->open_stdin = options->interactive;
	if (options->detach) {
		if (options->attach && options->attach[0])
			return err_set(err, EINVAL, "conflicting options: cannot specify both --attach and --detach");
		return 0;
	}
	if (!options->attach || !options->attach[0]) {
		config->attach_stdout = config->attach_stderr = true;
		config->attach_stdin = options->interactive;
	}
	for (char **name = options->attach; name && *name; name++) {
		if (strcasecmp(*name, "stdin") == 0)
			config->attach_stdin = true;
		else if (strcasecmp(*name, "stdout") == 0)
			config->attach_stdout = true;
		else if (strcasecmp(*name, "stderr") == 0)
			config->attach_stderr = true;
		else
			return err_set(err, EINVAL,
				       "invalid argument \"%s\" for \"-a, --attach\" flag: valid streams are STDIN, "
				       "STDOUT and STDERR",
				       *name);
	}
	config->stdin_once = config->open_stdin && config->attach_stdin;
	return 0;
}

static int config_build(struct cli *cli, const struct create_options *options, struct container_config *config,
			struct err *err)
{
	config->image = cli->args[0];
	config->cmd = cli->arg_count > 1 ? cli->args + 1 : NULL;
	config->hostname = text_of(cli, options->hostname);
	config->domainname = text_of(cli, options->domainname);
	config->user = text_of(cli, options->user);
	config->working_dir = text_of(cli, options->workdir);
	config->stop_signal = text_of(cli, options->stop_signal);
	if (options->entrypoint) {
		config->entrypoint = arena_array(&cli->arena, char *, 2);
		config->entrypoint[0] = text_of(cli, options->entrypoint);
	}
	if (options->stop_timeout != -2) {
		config->stop_timeout = arena_new(&cli->arena, int64_t);
		*config->stop_timeout = options->stop_timeout;
	}
	int rc = create_health(cli, options, &config->healthcheck, err);
	if (rc == 0)
		rc = attach_build(options, config, err);
	if (rc == 0)
		rc = env_build(cli, options, &config->env, err);
	return rc < 0 ? rc : labels_build(cli, options, &config->labels, err);
}

static int host_build(struct cli *cli, const struct create_options *options, struct container_create *request,
		      struct err *err)
{
	struct host_config *host = &request->host;
	host->auto_remove = options->remove;
	if (options->init) {
		host->init = arena_new(&cli->arena, bool);
		*host->init = true;
	}
	host->privileged = options->privileged;
	host->publish_all_ports = options->publish_all;
	host->readonly_rootfs = options->read_only;
	host->container_id_file = text_of(cli, options->cidfile);
	host->ipc_mode = text_of(cli, options->ipc);
	host->pid_mode = text_of(cli, options->pid);
	host->uts_mode = text_of(cli, options->uts);
	host->userns_mode = text_of(cli, options->userns);
	host->cgroupns_mode = text_of(cli, options->cgroupns);
	host->cgroup_parent = text_of(cli, options->cgroup_parent);
	host->runtime = text_of(cli, options->runtime);
	host->log.type = text_of(cli, options->log_driver);
	host->cap_add = options->cap_add;
	host->cap_drop = options->cap_drop;
	host->group_add = options->group_add;
	host->device_cgroup_rules = options->device_cgroup_rule;
	host->dns = options->dns;
	host->dns_options = options->dns_option;
	host->dns_search = options->dns_search;
	host->extra_hosts = options->add_host;
	int rc = create_limits(cli, options, host, err);
	if (rc == 0)
		rc = restart_policy_parse(&cli->arena, text_empty(options->restart) ? "no" : options->restart,
					  &host->restart_policy, err);
	if (rc == 0)
		rc = pairs_add(&cli->arena, options->log_opt, "log option", true, &host->log.config, err);
	if (rc == 0)
		rc = pairs_add(&cli->arena, options->sysctl, "sysctl", true, &host->sysctls, err);
	if (rc == 0)
		rc = pairs_add(&cli->arena, options->annotation, "annotation", true, &host->annotations, err);
	if (rc == 0)
		rc = binds_build(cli, options, request, err);
	if (rc == 0)
		rc = devices_build(cli, options, host, err);
	if (rc == 0)
		rc = ulimits_parse(&cli->arena, options->ulimit, host, err);
	return rc < 0 ? rc : security_build(cli, options, host, err);
}

/* What is there only in part: its other values are refused by name. */
static int options_check(const struct create_options *options, struct err *err)
{
	if (options->pull && !text_equal(options->pull, "missing") && !text_equal(options->pull, "never") &&
	    !text_equal(options->pull, "always"))
		return err_set(err, EINVAL,
			       "invalid pull option: '%s': must be one of \"always\", \"missing\" or \"never\"",
			       options->pull);
	if (options->tty && !options->detach && options->interactive && !isatty(STDIN_FILENO))
		return err_set(err, EINVAL, "the input device is not a TTY");
	return 0;
}

int create_build(struct cli *cli, const struct create_options *options, struct container_create *out_request,
		 struct err *err)
{
	struct container_create request = {0};
	int rc = options_check(options, err);
	if (rc == 0)
		rc = config_build(cli, options, &request.config, err);
	if (rc == 0)
		rc = host_build(cli, options, &request, err);
	if (rc == 0 && options->remove && !restart_policy_is_none(&request.host.restart_policy))
		rc = err_set(err, EINVAL, "conflicting options: cannot specify both --restart and --rm");
	if (rc == 0)
		rc = create_ports(cli, options, &request, err);
	if (rc == 0)
		rc = create_network(cli, options, &request, err);
	if (rc < 0)
		return rc;
	struct winsize size = {0};
	request.host.console_size.items = arena_array(&cli->arena, struct number_item, 2);
	request.host.console_size.count = 2;
	if (options->tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		request.host.console_size.items[0].value = size.ws_row;
		request.host.console_size.items[1].value = size.ws_col;
	}
	*out_request = request;
	return 0;
}
