#include "base/json.h"
#include "base/text.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/container.h"

#include <dirent.h>
#include <string.h>

/* What runc prints: the specification's state, and more. */
struct shown_state {
	char *oci_version, *id, *status, *bundle, *rootfs, *created, *owner;
	int64_t pid;
	struct json_map annotations;
};
JSON_TYPE(shown_state, F_STR(struct shown_state, oci_version, "ociVersion", 0), F_STR(struct shown_state, id, "id", 0),
	  F_I64(struct shown_state, pid, "pid", 0), F_STR(struct shown_state, status, "status", 0),
	  F_STR(struct shown_state, bundle, "bundle", 0), F_STR(struct shown_state, rootfs, "rootfs", 0),
	  F_STR(struct shown_state, created, "created", 0),
	  F_MAP(struct shown_state, annotations, "annotations", JSON_OMIT),
	  F_STR(struct shown_state, owner, "owner", 0));

static struct shown_state shown(const struct container_state *state, enum container_status status)
{
	return (struct shown_state){
	    .oci_version = state->oci_version,
	    .id = state->id,
	    .pid = status == STATUS_STOPPED ? 0 : state->pid,
	    .status = (char *)status_name(status),
	    .bundle = state->bundle,
	    .rootfs = state->rootfs,
	    .created = state->created,
	    .annotations = state->annotations,
	    .owner = state->owner,
	};
}

static int print_indented(const struct buf *text, struct err *err)
{
	auto_arena arena = {0};
	auto_buf pretty = BUF_INIT(JSON_SIZE_MAX);
	const struct json *value;
	int rc = json_parse(&arena, text->data, text->len, "the state", &value, err);
	if (rc < 0)
		return rc;
	json_indent(&pretty, value, 2);
	printf("%s\n", buf_str(&pretty));
	return 0;
}

/* --- state --- */

static int state_run(struct context *context, void *options, char **args)
{
	struct container container;
	struct err err;
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	(void)options;
	int rc = container_open(context, args[0], false, &container, &err);
	if (rc < 0)
		return context_failed(context, &err);
	struct shown_state state = shown(&container.state, container.status);
	json_encode(&text, &table_shown_state, &state);
	container_done(&container);
	rc = print_indented(&text, &err);
	return rc < 0 ? context_failed(context, &err) : 0;
}

/* --- list --- */

struct list_options {
	const char *format;
	bool quiet;
};

static const struct option_row list_rows[] = {
    O_STRING(struct list_options, format, "format", 'f', "table|json", "How to print"),
    O_BOOL(struct list_options, quiet, "quiet", 'q', "Print IDs only"),
    O_END,
};

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void row_print(const struct list_options *options, const struct shown_state *state, struct buf *json)
{
	if (options->quiet) {
		printf("%s\n", state->id);
	} else if (text_equal(options->format, "json")) {
		buf_text(json, json->len > 1 ? "," : "");
		json_encode(json, &table_shown_state, state);
	} else {
		printf("%-12s %-10lld %-10s %-30s %-30s %s\n", state->id, (long long)state->pid, state->status,
		       state->bundle, state->created ? state->created : "", state->owner ? state->owner : "");
	}
}

/* One that is half made or being removed is passed over. */
static void entry_print(struct context *context, const struct list_options *options, const char *id, struct buf *json)
{
	struct container container;
	struct err ignored;
	if (state_id_check(id, &ignored) < 0 || container_open(context, id, false, &container, &ignored) < 0)
		return;
	struct shown_state state = shown(&container.state, container.status);
	row_print(options, &state, json);
	container_done(&container);
}

static int list_run(struct context *context, void *given, char **args)
{
	struct list_options *options = given;
	auto_buf json = BUF_INIT(JSON_SIZE_MAX);
	struct dirent **entries = NULL;
	struct err err;
	(void)args;
	if (!options->format)
		options->format = "table";
	if (!text_equal(options->format, "table") && !text_equal(options->format, "json")) {
		err_set(&err, EINVAL, "invalid format option");
		return context_failed(context, &err);
	}
	bool named = context->root;
	int rc = context_open(context, false, &err);
	/* Before the first container there is none, by default. */
	if (rc < 0 && (rc != -ENOENT || named))
		return context_failed(context, &err);
	int count = rc < 0 ? 0 : scandir(context->root, &entries, NULL, compare);
	if (text_equal(options->format, "table") && !options->quiet)
		printf("%-12s %-10s %-10s %-30s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
	buf_char(&json, '[');
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			entry_print(context, options, entries[i]->d_name, &json);
		free(entries[i]);
	}
	free(entries);
	if (text_equal(options->format, "json") && !options->quiet)
		printf("%s\n", json.len > 1 ? (buf_char(&json, ']'), buf_str(&json)) : "null");
	return 0;
}

static const struct option_row no_rows[] = {O_END};

const struct command cmd_state = {
    .name = "state",
    .usage = "ID",
    .summary = "Print the state of a container",
    .rows = no_rows,
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .run = state_run,
};

const struct command cmd_list = {
    .name = "list",
    .usage = "[OPTIONS]",
    .summary = "List containers",
    .rows = list_rows,
    .size = sizeof(struct list_options),
    .args_min = 0,
    .args_max = 0,
    .mixed = true,
    .run = list_run,
};
