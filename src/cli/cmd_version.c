/* version */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/template.h"
#include "docker/system.h"

struct format_options {
	const char *format;
};

static const struct option_row version_rows[] = {
    O_STRING(struct format_options, format, "format", 'f', "string", "Format output: 'json' or 'TEMPLATE'"),
    O_END,
};

static const char *client_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#else
	return "unknown";
#endif
}

static void client_print(struct cli *cli)
{
	print("Client:\n Version:           %s\n API version:       %s\n OS/Arch:           linux/%s\n Host:           "
	      "   %s\n",
	      TUG_VERSION, DOCKER_API_VERSION, client_arch(), cli->client.endpoint.text);
}

static void server_print(const struct version_info *version)
{
	print("\nServer:%s%s\n Engine:\n", text_empty(version->platform.name) ? "" : " ",
	      version->platform.name ? version->platform.name : "");
	print("  Version:          %s\n", version->version);
	print("  API version:      %s (minimum version %s)\n", version->api_version, version->min_api_version);
	if (!text_empty(version->git_commit))
		print("  Git commit:       %s\n", version->git_commit);
	if (!text_empty(version->build_time))
		print("  Built:            %s\n", version->build_time);
	print("  OS/Arch:          %s/%s\n", version->os, version->arch);
	print("  Experimental:     %s\n", version->experimental ? "true" : "false");
	for (size_t i = 0; i < version->components.count; i++) {
		const struct version_component *component = &version->components.items[i];
		if (text_equal(component->name, "Engine"))
			continue;
		print(" %s:\n  Version:          %s\n", component->name, component->version);
	}
}

/* {"Client": {...}, "Server": ...} for templates. */
static int template_show(struct cli *cli, const char *format, const char *server, struct err *err)
{
	auto_buf text = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	const struct template *template;
	const struct json *data;
	buf_printf(&text,
		   "{\"Client\":{\"Version\":\"" TUG_VERSION "\",\"ApiVersion\":\"" DOCKER_API_VERSION
		   "\",\"DefaultAPIVersion\":\"" DOCKER_API_VERSION
		   "\",\"Os\":\"linux\",\"Arch\":\"%s\"},\"Server\":%s}",
		   client_arch(), server);
	int rc = template_parse(&cli->arena, text_equal(format, "json") ? "{{json .}}" : format, &template, err);
	if (rc == 0)
		rc = json_parse(&cli->arena, text.data, text.len, "version", &data, err);
	if (rc == 0)
		rc = template_run(template, &cli->arena, data, &out, err);
	if (rc == 0)
		print("%s\n", buf_str(&out));
	return rc;
}

static int version_run(struct cli *cli)
{
	const struct format_options *options = cli->options;
	struct version_info version = {0};
	const char *text = "null";
	size_t size;
	struct err err, bad;
	const struct client_request request = {.method = "GET", .path = "/version"};
	int rc = client_call(&cli->client, &request, &text, &size, &err);
	if (rc == 0)
		rc = json_load(&cli->arena, &table_version_info, text, size, "the engine's answer", JSON_FOLD_CASE,
			       &version, &err);
	if (!text_empty(options->format)) {
		if (template_show(cli, options->format, rc == 0 ? text : "null", &bad) < 0) {
			cli_failed(&bad);
			return 64;
		}
	} else {
		client_print(cli);
		if (rc == 0)
			server_print(&version);
	}
	return rc < 0 ? cli_failed(&err) : 0;
}

const struct command command_version = {
    .path = "version",
    .usage = "",
    .summary = "Show the tug version information",
    .args_max = 0,
    .options = version_rows,
    .options_size = sizeof(struct format_options),
    .run = version_run,
};
