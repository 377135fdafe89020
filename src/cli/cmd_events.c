/* events */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/filter_query.h"
#include "cli/template.h"
#include "cli/time_query.h"
#include "docker/event.h"

#include <string.h>
#include <time.h>

enum { LINE_MAX_BYTES = 1 << 20, EXIT_TEMPLATE = 64 };

struct events_options {
	char **filter;
	const char *format, *since, *until;
	int64_t cursor;
};

static const struct events_options events_defaults = {.cursor = -1};

static const struct option_row events_rows[] = {
    O_NUMBER(struct events_options, cursor, "cursor", 0,
	     "Show what has a higher number (0: all that is kept), and the numbers"),
    O_LIST(struct events_options, filter, "filter", 'f', "filter", "Filter output based on conditions provided"),
    O_STRING(struct events_options, format, "format", 0, "string",
	     "Format output: 'json' or a Go template, such as '{{.Type}} {{.Action}}'"),
    O_STRING(struct events_options, since, "since", 0, "string", "Show all events created since timestamp"),
    O_STRING(struct events_options, until, "until", 0, "string", "Stream events until this timestamp"),
    O_END,
};

struct printer {
	struct cli *cli;
	const struct template *template; /* NULL: lines for people */
	bool json, numbered;
};

/* RFC 3339 in our zone, always nine digits. */
static void time_print(int64_t ns, char out_text[64])
{
	char stamp[32], zone[8];
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm local;
	localtime_r(&seconds, &local);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &local);
	strftime(zone, sizeof zone, "%z", &local);
	if (local.tm_gmtoff == 0)
		snprintf(out_text, 64, "%s.%09lldZ", stamp, (long long)(ns % 1000000000));
	else
		snprintf(out_text, 64, "%s.%09lld%.3s:%.2s", stamp, (long long)(ns % 1000000000), zone, zone + 3);
}

static void line_print(const struct printer *printer, const struct event_message *event)
{
	char stamp[64];
	time_print(event->time_nano, stamp);
	if (printer->numbered)
		print("%llu ", (unsigned long long)event->seq);
	print("%s %s %s %s", stamp, event->type, event->action, event->actor.id);
	for (size_t i = 0; i < event->actor.attributes.count; i++)
		print("%s%s=%s", i == 0 ? " (" : ", ", event->actor.attributes.items[i].key,
		      event->actor.attributes.items[i].value);
	print("%s\n", event->actor.attributes.count > 0 ? ")" : "");
}

/* The names that Go's struct has, which templates use. */
static int template_print(const struct printer *printer, const struct json *wire, struct arena *arena, struct err *err)
{
	static const struct {
		const char *go, *wire;
	} names[] = {{"Status", "status"},     {"ID", "id"},	   {"From", "from"},   {"Type", "Type"},
		     {"Action", "Action"},     {"Actor", "Actor"}, {"Scope", "scope"}, {"Time", "time"},
		     {"TimeNano", "timeNano"}, {"Seq", "seq"}};
	static const struct json none = {.kind = JSON_STRING, .text = ""};
	struct json data = {.kind = JSON_OBJECT, .count = array_size(names)};
	auto_buf text = BUF_INIT(TEMPLATE_OUT_MAX);
	data.keys = arena_array(arena, const char *, array_size(names));
	data.items = arena_array(arena, struct json *, array_size(names));
	for (size_t i = 0; i < array_size(names); i++) {
		const struct json *value = json_get(wire, names[i].wire);
		data.keys[i] = names[i].go;
		data.items[i] = (struct json *)(value ? value : &none);
	}
	int rc = template_run(printer->template, arena, &data, &text, err);
	if (rc == 0)
		print("%s\n", buf_str(&text));
	return rc;
}

static int event_print(const struct printer *printer, const char *line, size_t size, struct err *err)
{
	auto_arena arena = {0};
	struct event_message event = {0};
	const struct json *wire;
	if (printer->json) {
		print("%.*s\n", (int)size, line);
		return 0;
	}
	int rc = json_parse(&arena, line, size, "event", &wire, err);
	if (rc == 0 && printer->template)
		return template_print(printer, wire, &arena, err);
	if (rc == 0)
		rc = json_decode(&arena, &table_event_message, wire, 0, &event, err);
	if (rc == 0 && event.type && event.action && event.actor.id)
		line_print(printer, &event);
	return rc;
}

static int events_copy(const struct printer *printer, struct client_stream *stream, struct err *err)
{
	auto_buf in = BUF_INIT(2 * LINE_MAX_BYTES);
	auto_free char *data = x_alloc(CLIENT_READ);
	ssize_t size;
	while ((size = client_stream_read(stream, data, CLIENT_READ, err)) > 0) {
		buf_append(&in, data, (size_t)size);
		int rc = buf_check(&in, "an event", err);
		char *end;
		while (rc == 0 && in.len > 0 && (end = memchr(in.data, '\n', in.len))) {
			rc = event_print(printer, in.data, (size_t)(end - in.data), err);
			buf_consume(&in, (size_t)(end - in.data) + 1);
		}
		fflush(stdout);
		if (rc < 0)
			return rc;
	}
	return (int)size;
}

static int events_path(const struct events_options *options, struct buf *path, struct err *err)
{
	buf_text(path, "/events?");
	if (options->cursor >= 0)
		buf_printf(path, "&cursor=%lld", (long long)options->cursor);
	int rc = time_query(path, "since", options->since, err);
	if (rc == 0)
		rc = time_query(path, "until", options->until, err);
	return rc < 0 ? rc : filter_query(options->filter, path, err);
}

static int events_run(struct cli *cli)
{
	const struct events_options *options = cli->options;
	struct printer printer = {.cli = cli, .numbered = options->cursor >= 0};
	auto_buf path = BUF_INIT(1 << 20);
	struct client_stream stream;
	struct err err;
	const char *format = options->format;
	printer.json = format && (text_equal(format, "json") || text_equal(format, "{{json .}}"));
	if (!text_empty(format) && !printer.json && template_parse(&cli->arena, format, &printer.template, &err) < 0) {
		const char *cause = text_after(err.msg, "template parsing error: ");
		fprintf(stderr, "Error parsing format: %s\n", cause ? cause : err.msg);
		return EXIT_TEMPLATE;
	}
	if (events_path(options, &path, &err) < 0)
		return cli_failed(&err);
	const struct client_request request = {.method = "GET", .path = buf_str(&path)};
	if (client_open(&cli->client, &request, &stream, &err) < 0)
		return cli_failed(&err);
	int rc = events_copy(&printer, &stream, &err);
	client_stream_done(&stream);
	return rc < 0 ? cli_failed(&err) : 0;
}

const struct command command_events = {
    .path = "system events",
    .shortcut = "events",
    .usage = "",
    .summary = "Get real time events from the server",
    .args_max = 0,
    .options = events_rows,
    .options_size = sizeof(struct events_options),
    .defaults = &events_defaults,
    .run = events_run,
};
