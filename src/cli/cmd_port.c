/* port */
#include "cli/commands.h"

#include "base/text.h"
#include "docker/container.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Numbers in texts by their value. */
static int natural_order(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static const char *binding_text(struct cli *cli, const struct port_binding *binding)
{
	bool colons = strchr(binding->host_ip ? binding->host_ip : "", ':') != NULL;
	return arena_printf(&cli->arena, colons ? "[%s]:%s" : "%s:%s", binding->host_ip ? binding->host_ip : "",
			    binding->host_port ? binding->host_port : "");
}

/* wanted: "80", "80/tcp", or NULL for all. */
static char **lines_make(struct cli *cli, const struct network_settings *network, const char *wanted, size_t *out_count)
{
	size_t room = 0, count = 0;
	for (size_t i = 0; i < network->ports.count; i++)
		room += network->ports.items[i].bindings.count;
	char **lines = arena_array(&cli->arena, char *, room + 1);
	for (size_t i = 0; i < network->ports.count; i++) {
		const struct port_map_entry *entry = &network->ports.items[i];
		if (wanted && strcasecmp(entry->key, wanted) != 0)
			continue;
		for (size_t k = 0; k < entry->bindings.count; k++) {
			const char *text = binding_text(cli, &entry->bindings.items[k]);
			lines[count++] =
			    wanted ? (char *)text : arena_printf(&cli->arena, "%s -> %s", entry->key, text);
		}
	}
	*out_count = count;
	return lines;
}

static int port_run(struct cli *cli)
{
	const struct client_request request = {.method = "GET",
					       .path = cli_path(cli, "/containers/%s/json", cli->args[0])};
	struct container_inspect inspect = {0};
	const char *wanted = NULL;
	size_t count;
	struct err err;
	if (client_struct(&cli->client, &request, &table_container_inspect, &inspect, &err) < 0)
		return cli_failed(&err);
	if (cli->arg_count > 1) {
		const char *slash = strchr(cli->args[1], '/');
		wanted = slash ? cli->args[1] : arena_printf(&cli->arena, "%s/tcp", cli->args[1]);
	}
	char **lines = lines_make(cli, &inspect.network_settings, wanted, &count);
	if (wanted && count == 0) {
		fprintf(stderr, "Error: No public port '%s' published for %s\n", wanted, cli->args[0]);
		return EXIT_FAILED;
	}
	qsort(lines, count, sizeof *lines, natural_order);
	for (size_t i = 0; i < count; i++)
		print("%s\n", lines[i]);
	return 0;
}

const struct command command_port = {
    .path = "container port",
    .shortcut = "port",
    .usage = "CONTAINER [PRIVATE_PORT[/PROTO]]",
    .summary = "List port mappings or a specific mapping for the container",
    .args_min = 1,
    .args_max = 2,
    .run = port_run,
};
