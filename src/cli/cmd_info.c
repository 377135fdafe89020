/* info */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/template.h"
#include "docker/size.h"
#include "docker/system.h"

struct info_options {
	const char *format;
};

static const struct option_row info_rows[] = {
    O_STRING(struct info_options, format, "format", 'f', "string", "Format output: 'json' or 'TEMPLATE'"),
    O_END,
};

static void words_print(const char *title, char *const *words)
{
	print("%s", title);
	for (; words && *words; words++)
		print(" %s", *words);
	print("\n");
}

static void counts_print(const struct system_info *info)
{
	print(" Containers: %lld\n  Running: %lld\n  Paused: %lld\n  Stopped: %lld\n Images: %lld\n",
	      (long long)info->containers, (long long)info->containers_running, (long long)info->containers_paused,
	      (long long)info->containers_stopped, (long long)info->images);
	print(" Server Version: %s\n Storage Driver: %s\n", info->server_version, info->driver);
	for (size_t i = 0; i < info->driver_status.count; i++) {
		char **pair = info->driver_status.items[i].values;
		if (pair && pair[0] && pair[1])
			print("  %s: %s\n", pair[0], pair[1]);
	}
	print(" Logging Driver: %s\n Cgroup Driver: %s\n Cgroup Version: %s\n", info->logging_driver,
	      info->cgroup_driver, info->cgroup_version);
}

/* "name=seccomp,profile=builtin" */
static void security_print(char *const *options)
{
	print(" Security Options:\n");
	for (; options && *options; options++) {
		auto_strv char **parts = strv_split(*options, ',');
		for (char **part = parts; *part; part++) {
			const char *name = text_after(*part, "name="), *profile = text_after(*part, "profile=");
			if (name)
				print("  %s\n", name);
			else if (profile)
				print("   Profile: %s\n", profile);
		}
	}
}

static void server_print(const struct system_info *info)
{
	char memory[SIZE_TEXT];
	size_binary(info->mem_total, memory);
	print("Server:\n");
	counts_print(info);
	print(" Plugins:\n");
	words_print("  Volume:", info->plugins.volume);
	words_print("  Network:", info->plugins.network);
	words_print("  Log:", info->plugins.log);
	print(" Swarm: %s\n Runtimes:",
	      text_empty(info->swarm.local_node_state) ? "inactive" : info->swarm.local_node_state);
	for (size_t i = 0; i < info->runtimes.count; i++)
		print(" %s", info->runtimes.items[i].key);
	print("\n Default Runtime: %s\n", info->default_runtime);
	security_print(info->security_options);
	print(" Kernel Version: %s\n Operating System: %s\n OSType: %s\n Architecture: %s\n CPUs: %lld\n Total Memory: "
	      "%s\n",
	      info->kernel_version, info->operating_system, info->os_type, info->architecture, (long long)info->cpus,
	      memory);
	print(" Name: %s\n ID: %s\n Docker Root Dir: %s\n Debug Mode: %s\n", info->name, info->id,
	      info->docker_root_dir, info->debug ? "true" : "false");
	for (char **label = info->labels; label && *label; label++)
		print("%s  %s\n", label == info->labels ? " Labels:\n" : "", *label);
	print(" Experimental: %s\n Live Restore Enabled: %s\n", info->experimental_build ? "true" : "false",
	      info->live_restore_enabled ? "true" : "false");
	for (size_t i = 0; i < info->default_address_pools.count; i++)
		print("%s   Base: %s, Size: %lld\n", i == 0 ? " Default Address Pools:\n" : "",
		      info->default_address_pools.items[i].base, (long long)info->default_address_pools.items[i].size);
	if (!text_empty(info->firewall.driver))
		print(" Firewall Backend: %s\n", info->firewall.driver);
	print("\n");
	fflush(stdout);
	for (char **warning = info->warnings; warning && *warning; warning++)
		cli_say("", *warning);
}

static int info_run(struct cli *cli)
{
	const struct info_options *options = cli->options;
	const struct client_request request = {.method = "GET", .path = "/info"};
	const struct json *value = NULL;
	const struct template *template = NULL;
	struct system_info info = {0};
	struct err err;
	const char *format = options->format && text_equal(options->format, "json") ? "{{json .}}" : options->format;
	if (!text_empty(format) && template_parse(&cli->arena, format, &template, &err) < 0) {
		cli_failed(&err);
		return 64;
	}
	if (!template)
		print("Client:\n Version:    %s\n Host:       %s\n\n", TUG_VERSION, cli->client.endpoint.text);
	if (client_json(&cli->client, &request, &value, &err) < 0 ||
	    json_decode(&cli->arena, &table_system_info, value, JSON_FOLD_CASE, &info, &err) < 0)
		return cli_failed(&err);
	if (!template) {
		server_print(&info);
		return 0;
	}
	auto_buf text = BUF_INIT(TEMPLATE_OUT_MAX);
	if (template_run(template, &cli->arena, value, &text, &err) < 0)
		return cli_failed(&err);
	print("%s\n", buf_str(&text));
	return 0;
}

const struct command command_info = {
    .path = "system info",
    .shortcut = "info",
    .usage = "",
    .summary = "Display system-wide information",
    .args_max = 0,
    .options = info_rows,
    .options_size = sizeof(struct info_options),
    .run = info_run,
};
