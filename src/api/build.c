/*
 * POST /build: the context flows into the engine, what happens flows back: in Docker's lines for classic clients, as
 * docker/build.h's events for tug's own (progress=tug). The cache of builds.
 */
#include "api/resource.h"

#include "api/exchange.h"
#include "base/base64.h"
#include "base/text.h"
#include "docker/duration.h"
#include "docker/filters.h"
#include "docker/reference.h"
#include "docker/size.h"
#include "engine/build.h"

#include <string.h>

enum { LINE_MAX_SIZE = 8 << 20, ID_SHORT = 12 };

struct build_exchange {
	struct engine_build_sink sink;
	struct engine_build *build;
	struct exchange *x;
	bool events, quiet;
	char **tags;
	char *image;  /* its ID, once it is made */
	int64_t code; /* exit code of the step that failed */
	char *command;
};

/* --- lines --- */

static void line_send(struct build_exchange *at, struct buf *line)
{
	if (!exchange_streams(at->x))
		exchange_stream(at->x, 200, "application/json");
	buf_text(line, "\r\n");
	if (!line->overflow)
		exchange_write(at->x, line->data, line->len);
}

static void stream_send(struct build_exchange *at, const char *format, ...) printf_like(2, 3);
static void stream_send(struct build_exchange *at, const char *format, ...)
{
	auto_buf text = BUF_INIT(LINE_MAX_SIZE), line = BUF_INIT(LINE_MAX_SIZE);
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	buf_text(&line, "{\"stream\":");
	json_encode_string(&line, buf_str(&text));
	buf_char(&line, '}');
	line_send(at, &line);
}

static void event_send(struct build_exchange *at, const struct build_event *event)
{
	auto_buf line = BUF_INIT(LINE_MAX_SIZE);
	json_encode(&line, &table_build_event, event);
	line_send(at, &line);
}

static const char *short_id(const char *id)
{
	const char *hex = text_after(id, "sha256:");
	return hex ? hex : id;
}

static void step_send(struct build_exchange *at, const struct build_event *event)
{
	if (event->internal)
		return;
	if (text_equal(event->state, "started")) {
		stream_send(at, "Step %lld/%lld : %s", (long long)event->number, (long long)event->total, event->text);
		stream_send(at, "\n");
	} else if (text_equal(event->state, "running")) {
		stream_send(at, " ---> Running in %.*s\n", ID_SHORT, event->id);
	} else if (text_equal(event->state, "cached")) {
		stream_send(at, " ---> Using cache\n");
	} else if (text_equal(event->state, "done") && event->id) {
		stream_send(at, " ---> Removed intermediate container %.*s\n", ID_SHORT, event->id);
	}
	if (event->image && !text_equal(event->state, "started"))
		stream_send(at, " ---> %.*s\n", ID_SHORT, short_id(event->image));
}

static void classic_send(struct build_exchange *at, const struct build_event *event)
{
	if (text_equal(event->kind, "step"))
		step_send(at, event);
	else if (text_equal(event->kind, "output"))
		stream_send(at, "%s", event->text);
	else if (text_equal(event->kind, "warning"))
		stream_send(at, " ---> [Warning] %s: %s (line %lld)\n", event->rule, event->text,
			    (long long)event->line);
}

static void build_event(struct engine_build_sink *sink, const struct build_event *event)
{
	struct build_exchange *at = container_of(sink, struct build_exchange, sink);
	if (text_equal(event->kind, "image"))
		at->image = arena_strdup(&at->x->arena, event->id);
	if (text_equal(event->kind, "error"))
		at->code = event->code;
	if (at->events)
		event_send(at, event);
	else if (!at->quiet)
		classic_send(at, event);
}

/* --- the end --- */

static void error_send(struct build_exchange *at, const struct err *err)
{
	auto_buf line = BUF_INIT(LINE_MAX_SIZE), message = BUF_INIT(LINE_MAX_SIZE);
	const char *command = text_after(err->msg, "process \""), *end = strstr(err->msg, "\" did not complete");
	/* The words of the builder that classic clients know. */
	if (at->code > 0 && command && end)
		buf_printf(&message, "The command '%.*s' returned a non-zero code: %lld", (int)(end - command), command,
			   (long long)at->code);
	else
		buf_text(&message, err->msg);
	buf_text(&line, "{\"errorDetail\":{");
	if (at->code > 0)
		buf_printf(&line, "\"code\":%lld,", (long long)at->code);
	buf_text(&line, "\"message\":");
	json_encode_string(&line, buf_str(&message));
	buf_text(&line, "},\"error\":");
	json_encode_string(&line, buf_str(&message));
	buf_char(&line, '}');
	line_send(at, &line);
}

static void success_send(struct build_exchange *at)
{
	auto_buf line = BUF_INIT(LINE_MAX_SIZE);
	if (at->quiet) {
		stream_send(at, "%s\n", at->image);
		return;
	}
	buf_text(&line, "{\"aux\":{\"ID\":");
	json_encode_string(&line, at->image);
	buf_text(&line, "}}");
	line_send(at, &line);
	stream_send(at, "Successfully built %.*s\n", ID_SHORT, short_id(at->image));
	for (char **tag = at->tags; tag && *tag; tag++) {
		struct reference reference;
		struct err ignored;
		char text[REFERENCE_TEXT_MAX];
		if (reference_parse(*tag, &reference, &ignored) < 0)
			continue;
		reference_set_default_tag(&reference);
		reference_familiar(&reference, text);
		stream_send(at, "Successfully tagged %s\n", text);
	}
}

static void build_ended(struct engine_build_sink *sink, const struct err *err)
{
	struct build_exchange *at = container_of(sink, struct build_exchange, sink);
	struct exchange *x = at->x;
	at->build = NULL;
	if (err && !exchange_streams(x)) {
		exchange_fail(x, err);
		return;
	}
	if (err && !at->events)
		error_send(at, err);
	if (!err && at->image && !at->events)
		success_send(at);
	if (!exchange_streams(x))
		exchange_stream(x, 200, "application/json");
	exchange_end(x);
}

static void build_writable(struct engine_build_sink *sink)
{
	exchange_body_resume(container_of(sink, struct build_exchange, sink)->x);
}

static bool build_full(struct engine_build_sink *sink)
{
	struct exchange *x = container_of(sink, struct build_exchange, sink)->x;
	return exchange_streams(x) && exchange_room(x) == 0;
}

static void build_drained(struct exchange *x)
{
	struct build_exchange *at = x->state;
	if (at->build)
		engine_build_resume(at->build);
}

static size_t build_data(struct exchange *x, const char *data, size_t size)
{
	struct build_exchange *at = x->state;
	return at->build ? engine_build_write(at->build, data, size) : size;
}

static void build_end(struct exchange *x)
{
	struct build_exchange *at = x->state;
	if (at->build)
		engine_build_finish_input(at->build);
}

static void build_gone(struct exchange *x)
{
	struct build_exchange *at = x->state;
	if (at->build)
		engine_build_cancel(at->build);
}

/* --- the request --- */

static int json_param(struct exchange *x, const char *name, const struct json **out_value, struct err *err)
{
	const char *text = query_get(&x->query, name);
	*out_value = NULL;
	if (text_empty(text))
		return 0;
	int rc = json_parse(&x->arena, text, strlen(text), name, out_value, err);
	return rc < 0 ? err_wrap(err, "error reading build parameters") : 0;
}

static int labels_param(struct exchange *x, struct json_map *out_labels, struct err *err)
{
	const struct json *value;
	int rc = json_param(x, "labels", &value, err);
	if (rc < 0 || !value || value->kind == JSON_NULL)
		return rc;
	if (value->kind != JSON_OBJECT)
		return err_set(err, EINVAL, "labels: not an object");
	out_labels->items = arena_array(&x->arena, struct json_pair, value->count + 1);
	for (size_t i = 0; i < value->count; i++) {
		if (value->items[i]->kind != JSON_STRING)
			return err_set(err, EINVAL, "labels: %s: not a text", value->keys[i]);
		out_labels->items[out_labels->count++] =
		    (struct json_pair){(char *)value->keys[i], (char *)value->items[i]->text};
	}
	return 0;
}

static int limits_param(struct exchange *x, struct host_config *host, struct err *err)
{
	const struct query *query = &x->query;
	const struct {
		const char *name;
		int64_t *value;
		int64_t least;
	} rows[] = {
	    {"memory", &host->memory, 0},	   {"memswap", &host->memory_swap, -1},
	    {"cpushares", &host->cpu_shares, 0},   {"cpuperiod", &host->cpu_period_us, 0},
	    {"cpuquota", &host->cpu_quota_us, -1}, {"shmsize", &host->shm_size, 0},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		int rc = query_number(query, rows[i].name, rows[i].least, INT64_MAX, 0, rows[i].value, err);
		if (rc < 0)
			return rc;
	}
	host->cpuset_cpus = (char *)query_get(query, "cpusetcpus");
	host->cpuset_mems = (char *)query_get(query, "cpusetmems");
	host->extra_hosts = query_list(&x->arena, query, "extrahosts", true);
	const char *ulimits = query_get(query, "ulimits");
	if (text_empty(ulimits))
		return 0;
	/* The rows of a container's limits read them: {"Ulimits": ...}. */
	auto_buf text = BUF_INIT(1 << 20);
	struct host_config read = {0};
	buf_printf(&text, "{\"Ulimits\":%s}", ulimits);
	int rc =
	    json_load(&x->arena, &table_host_config, buf_str(&text), text.len, "ulimits", JSON_FOLD_CASE, &read, err);
	host->ulimits.items = read.ulimits.items;
	host->ulimits.count = read.ulimits.count;
	return rc;
}

/* base64 of {"HOST": {"username": ...}} */
static int auths_read(struct exchange *x, const char **out_text, struct err *err)
{
	const char *value = http_head_field(x->head, "X-Registry-Config");
	auto_buf text = BUF_INIT(1 << 20);
	if (text_empty(value))
		return 0;
	int rc = base64_decode(&text, value, err);
	if (rc < 0)
		return err_wrap(err, "X-Registry-Config");
	*out_text = arena_strndup(&x->arena, buf_str(&text), text.len);
	return 0;
}

/* What Docker's builder knows and this one does not do is refused by name. */
static int refusals(struct exchange *x, struct err *err)
{
	const char *version = query_get(&x->query, "version"), *outputs = query_get(&x->query, "outputs");
	if (text_equal(version ? version : "", "2"))
		return err_set(
		    err, EINVAL,
		    "BuildKit's protocol (version=2) is not spoken here: use the classic one (DOCKER_BUILDKIT=0), "
		    "or tug build");
	if (query_bool(&x->query, "squash", false))
		return err_set(err, EOPNOTSUPP, "squash: known, but not supported");
	if (!text_empty(outputs) && !text_equal(outputs, "[]") && !text_equal(outputs, "null"))
		return err_set(err, EOPNOTSUPP, "outputs: known, but not supported over this protocol");
	if (!text_empty(query_get(&x->query, "remote")))
		return err_set(err, EOPNOTSUPP,
			       "remote: known, but not supported yet: fetch the context first and send it as a tar");
	return 0;
}

static int options_read(struct exchange *x, struct engine_build_options *options, struct json_map *labels,
			struct host_config *limits, struct err *err)
{
	const struct query *query = &x->query;
	int rc = refusals(x, err);
	if (rc == 0)
		rc = auths_read(x, &options->auths, err);
	if (rc == 0)
		rc = json_param(x, "buildargs", &options->args, err);
	if (rc == 0)
		rc = json_param(x, "buildcontexts", &options->named, err);
	if (rc == 0)
		rc = labels_param(x, labels, err);
	if (rc == 0)
		rc = limits_param(x, limits, err);
	if (rc == 0)
		rc = query_number(query, "contexts", 0, 64, 0, &options->contexts, err);
	if (rc < 0)
		return rc;
	options->dockerfile = query_get(query, "dockerfile");
	options->target = query_get(query, "target");
	options->platform = query_get(query, "platform");
	options->network = query_get(query, "networkmode");
	options->session = query_get(query, "buildsession");
	options->tags = query_list(&x->arena, query, "t", false);
	options->no_cache_stages = query_list(&x->arena, query, "nocachefilter", true);
	options->no_cache = query_bool(query, "nocache", false);
	options->pull = query_bool(query, "pull", false);
	options->check = query_bool(query, "check", false);
	options->keep_failed = query_bool(query, "keepfailed", false);
	options->labels = labels;
	options->limits = limits;
	return 0;
}

void handle_build(struct exchange *x)
{
	struct build_exchange *at = arena_new(&x->arena, struct build_exchange);
	const char *progress = query_get(&x->query, "progress");
	struct engine_build_options options = {0};
	struct json_map labels = {0};
	struct host_config limits = {0};
	struct err err;
	*at = (struct build_exchange){
	    .sink = {.event = build_event, .ended = build_ended, .writable = build_writable, .full = build_full},
	    .x = x,
	    .events = text_equal(progress ? progress : "", "tug"),
	    .quiet = query_bool(&x->query, "q", false)};
	int rc = options_read(x, &options, &labels, &limits, &err);
	if (rc == 0) {
		at->tags = (char **)options.tags;
		options.serial = !at->events;
		x->state = at;
		x->gone = build_gone;
		x->drained = build_drained;
		x->body_data = build_data;
		x->body_end = build_end;
		rc = engine_build_begin(x->engine, &options, &at->sink, &at->build, &err);
	}
	if (rc < 0)
		exchange_fail(x, &err);
}

/* --- secrets --- */

struct session_request {
	const struct json *secrets, *ssh;
};
JSON_DECLARE(session_request);
JSON_TYPE(session_request, F_RAW(struct session_request, secrets, "Secrets", 0),
	  F_RAW(struct session_request, ssh, "Ssh", 0));

void handle_build_session(struct exchange *x)
{
	struct session_request request = {0};
	struct err err;
	char token[65];
	if (!exchange_decode(x, &table_session_request, false, &request))
		return;
	int rc = engine_build_session(x->engine, request.secrets, request.ssh, token, &err);
	explicit_bzero(x->body.data, x->body.len);
	if (rc < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 201, &table_id_response, &(struct id_response){token});
}

/* BuildKit's. Clients that are told of it in time build by POST /build: the ping says which builder there is. */
void handle_session(struct exchange *x)
{
	if (text_empty(http_head_field(x->head, "Upgrade")))
		exchange_refuse(x, 400, "no upgrade proto in request");
	else
		exchange_refuse(x, 501, "session: BuildKit is not supported: set DOCKER_BUILDKIT=0 in the client");
}

/* --- the cache --- */

static int prune_filters(struct exchange *x, struct engine_build_prune *prune, struct err *err)
{
	static const char *const known[] = {"until", "unused-for", "id", "type", "inuse", "shared", "private", NULL};
	struct filters filters = {0};
	int rc = filters_parse(&x->arena, query_get(&x->query, "filters"), known, &filters, err);
	if (rc < 0)
		return rc;
	char *const *until = filters_values(&filters, "until");
	if (!until)
		until = filters_values(&filters, "unused-for");
	prune->ids = filters_values(&filters, "id");
	prune->types = filters_values(&filters, "type");
	return until ? duration_parse(until[0], &prune->unused_ns, err) : 0;
}

void handle_build_prune(struct exchange *x)
{
	struct engine_build_prune prune = {.all = query_bool(&x->query, "all", false)};
	struct build_pruned pruned = {0};
	struct err err;
	int64_t older;
	int rc = query_number(&x->query, "reserved-space", 0, INT64_MAX, 0, &prune.keep_bytes, &err);
	if (rc == 0)
		rc = query_number(&x->query, "keep-storage", 0, INT64_MAX, 0, &older, &err);
	if (rc == 0 && prune.keep_bytes == 0)
		prune.keep_bytes = older;
	if (rc == 0)
		rc = query_number(&x->query, "max-used-space", 0, INT64_MAX, 0, &prune.max_bytes, &err);
	if (rc == 0)
		rc = query_number(&x->query, "min-free-space", 0, INT64_MAX, 0, &prune.free_bytes, &err);
	if (rc == 0)
		rc = prune_filters(x, &prune, &err);
	if (rc == 0)
		rc = engine_build_prune(x->engine, &x->arena, &prune, &pruned, &err);
	if (rc < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_build_pruned, &pruned);
}
