/* inspect, container inspect, image inspect, network inspect, volume inspect */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/template.h"

#include <string.h>

struct inspect_options {
	const char *format, *type;
	bool size;
};

static const struct option_row inspect_rows[] = {
    O_STRING(struct inspect_options, format, "format", 'f', "string", "Format output: 'json' or 'TEMPLATE'"),
    O_BOOL(struct inspect_options, size, "size", 's', "Display total file sizes if the type is container"),
    O_STRING(struct inspect_options, type, "type", 0, "string", "Only inspect objects of the given type"),
    O_END,
};
static const struct option_row container_rows[] = {
    O_STRING(struct inspect_options, format, "format", 'f', "string", "Format output: 'json' or 'TEMPLATE'"),
    O_BOOL(struct inspect_options, size, "size", 's', "Display total file sizes"),
    O_END,
};
static const struct option_row image_rows[] = {
    O_STRING(struct inspect_options, format, "format", 'f', "string", "Format output: 'json' or 'TEMPLATE'"),
    O_ABSENT("platform", "string", ""),
    O_END,
};

static const struct option_row network_rows[] = {
    O_STRING(struct inspect_options, format, "format", 'f', "string", "Format output: 'json' or 'TEMPLATE'"),
    {.name = "verbose", .letter = 'v', .type = OPTION_ABSENT_BOOL, .help = ""},
    O_END,
};

static const struct option_row volume_rows[] = {
    O_STRING(struct inspect_options, format, "format", 'f', "string", "Format output: 'json' or 'TEMPLATE'"),
    O_END,
};

/* What is looked for, in this order. */
enum kind { KIND_CONTAINER = 1, KIND_IMAGE = 2, KIND_NETWORK = 4, KIND_VOLUME = 8 };
static const struct {
	unsigned kind;
	const char *name, *path;
} kind_rows[] = {
    {KIND_CONTAINER, "container", "/containers/%s/json"},
    {KIND_IMAGE, "image", "/images/%s/json"},
    {KIND_NETWORK, "network", "/networks/%s"},
    {KIND_VOLUME, "volume", "/volumes/%s"},
};
static const unsigned kinds_all = KIND_CONTAINER | KIND_IMAGE | KIND_NETWORK | KIND_VOLUME;

static int object_get(struct cli *cli, const char *name, unsigned kinds, const struct json **out_object,
		      struct err *err)
{
	const struct inspect_options *options = cli->options;
	int rc = -ENOENT;
	for (size_t i = 0; i < array_size(kind_rows) && rc == -ENOENT; i++) {
		if (!(kinds & kind_rows[i].kind))
			continue;
		const char *path = cli_path(cli, kind_rows[i].path, name);
		if (kind_rows[i].kind == KIND_CONTAINER)
			path = arena_printf(&cli->arena, "%s?size=%d", path, options->size);
		const struct client_request request = {.method = "GET", .path = path};
		rc = client_json(&cli->client, &request, out_object, err);
	}
	if (rc == -ENOENT && kinds == kinds_all)
		return err_set(err, ENOENT, "Error: No such object: %s", name);
	return rc;
}

static int object_print(struct cli *cli, const struct template *template, const struct json *object, struct err *err)
{
	auto_buf text = BUF_INIT(TEMPLATE_OUT_MAX);
	int rc = template_run(template, &cli->arena, object, &text, err);
	if (rc < 0)
		return rc;
	print("%s\n", buf_str(&text));
	return 0;
}

/* One array of all that was found, in order. */
static void array_print(const struct json *const *objects, size_t count)
{
	auto_buf text = BUF_INIT(TEMPLATE_OUT_MAX);
	struct json array = {.kind = JSON_ARRAY, .items = (struct json **)(void *)objects, .count = count};
	json_indent(&text, &array, 4);
	print("%s%s", buf_str(&text), text_ends(buf_str(&text), "\n") ? "" : "\n");
}

static int objects_show(struct cli *cli, unsigned kinds)
{
	const struct inspect_options *options = cli->options;
	const struct template *template = NULL;
	const struct json **objects = arena_array(&cli->arena, const struct json *, cli->arg_count + 1);
	size_t count = 0;
	int status = 0;
	struct err err;
	const char *format = options->format && text_equal(options->format, "json") ? "{{json .}}" : options->format;
	if (!text_empty(format) && template_parse(&cli->arena, format, &template, &err) < 0) {
		cli_failed(&err);
		return 64;
	}
	auto_strv char **errors = NULL;
	for (size_t i = 0; i < cli->arg_count; i++) {
		const struct json *object;
		int rc = object_get(cli, cli->args[i], kinds, &object, &err);
		if (rc == 0 && template)
			rc = object_print(cli, template, object, &err);
		else if (rc == 0)
			objects[count++] = object;
		if (rc < 0)
			strv_push(&errors, x_strdup(err.msg));
	}
	if (!template)
		array_print(objects, count);
	fflush(stdout);
	for (char **message = errors; message && *message; message++) {
		cli_say("", *message);
		status = EXIT_FAILED;
	}
	return status;
}

static int inspect_run(struct cli *cli)
{
	const struct inspect_options *options = cli->options;
	if (text_empty(options->type))
		return objects_show(cli, kinds_all);
	for (size_t i = 0; i < array_size(kind_rows); i++) {
		if (text_equal(options->type, kind_rows[i].name))
			return objects_show(cli, kind_rows[i].kind);
	}
	fprintf(stderr, "\"%s\" is not a valid value for --type: container, image or volume\n", options->type);
	return EXIT_FAILED;
}

static int container_run(struct cli *cli)
{
	return objects_show(cli, KIND_CONTAINER);
}

static int image_run(struct cli *cli)
{
	return objects_show(cli, KIND_IMAGE);
}

static int volume_run(struct cli *cli)
{
	return objects_show(cli, KIND_VOLUME);
}

const struct command command_inspect = {
    .path = "inspect",
    .usage = "NAME|ID [NAME|ID...]",
    .summary = "Return low-level information on objects",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = inspect_rows,
    .options_size = sizeof(struct inspect_options),
    .run = inspect_run,
};

const struct command command_container_inspect = {
    .path = "container inspect",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Display detailed information on one or more containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = container_rows,
    .options_size = sizeof(struct inspect_options),
    .run = container_run,
};

const struct command command_image_inspect = {
    .path = "image inspect",
    .usage = "IMAGE [IMAGE...]",
    .summary = "Display detailed information on one or more images",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = image_rows,
    .options_size = sizeof(struct inspect_options),
    .run = image_run,
};

const struct command command_volume_inspect = {
    .path = "volume inspect",
    .usage = "VOLUME [VOLUME...]",
    .summary = "Display detailed information on one or more volumes",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = volume_rows,
    .options_size = sizeof(struct inspect_options),
    .run = volume_run,
};

static int network_run(struct cli *cli)
{
	return objects_show(cli, KIND_NETWORK);
}

const struct command command_network_inspect = {
    .path = "network inspect",
    .usage = "NETWORK [NETWORK...]",
    .summary = "Display detailed information on one or more networks",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = network_rows,
    .options_size = sizeof(struct inspect_options),
    .run = network_run,
};
