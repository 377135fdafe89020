/* build: a context goes up, the image's making shows, its ID remains. */
#include "cli/commands.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/build_output.h"
#include "cli/build_progress.h"
#include "cli/build_source.h"
#include "cli/create_options.h"
#include "cli/credentials.h"
#include "cli/pairs.h"
#include "docker/host_config.h"
#include "docker/reference.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_SIZE_MAX = 8 << 20, TICK_MS = 100, SECRET_MAX = 500 << 10, PATH_SIZE = 1 << 20 };

struct build_options {
	char **tag, **build_arg, **label, **no_cache_filter, **secret, **ssh, **build_context, **add_host, **ulimit,
	    **output, **cache_from, **cache_to, **attest, **annotation, **allow, **security_opt, **platform;
	const char *file, *target, *network, *progress, *iidfile, *metadata_file, *on_error, *cpuset_cpus, *cpuset_mems,
	    *cgroup_parent, *call, *builder, *provenance, *sbom, *isolation;
	bool no_cache, pull, quiet, check, load, push, rm, force_rm, compress, squash, content_trust;
	int64_t memory, memory_swap, shm_size, cpu_shares, cpu_period, cpu_quota;
};

static const struct option_row build_rows[] = {
    O_LIST(struct build_options, add_host, "add-host", 0, "list",
	   "Add a custom host-to-IP mapping (format: \"host:ip\")"),
    O_LIST(struct build_options, build_arg, "build-arg", 0, "stringArray", "Set build-time variables"),
    O_LIST(struct build_options, build_context, "build-context", 0, "stringArray",
	   "Additional build contexts (e.g., name=path)"),
    O_BOOL(struct build_options, check, "check", 0, "Check the Dockerfile, build nothing"),
    O_NUMBER(struct build_options, cpu_period, "cpu-period", 0, "Limit the CPU CFS (Completely Fair Scheduler) period"),
    O_NUMBER(struct build_options, cpu_quota, "cpu-quota", 0, "Limit the CPU CFS (Completely Fair Scheduler) quota"),
    O_NUMBER(struct build_options, cpu_shares, "cpu-shares", 'c', "CPU shares (relative weight)"),
    O_STRING(struct build_options, cpuset_cpus, "cpuset-cpus", 0, "string",
	     "CPUs in which to allow execution (0-3, 0,1)"),
    O_STRING(struct build_options, cpuset_mems, "cpuset-mems", 0, "string",
	     "MEMs in which to allow execution (0-3, 0,1)"),
    O_STRING(struct build_options, file, "file", 'f', "string",
	     "Name of the Dockerfile (default: \"PATH/Dockerfile\")"),
    O_STRING(struct build_options, iidfile, "iidfile", 0, "string", "Write the image ID to a file"),
    O_LIST(struct build_options, label, "label", 0, "stringArray", "Set metadata for an image"),
    O_BOOL(struct build_options, load, "load", 0, "Shorthand for \"--output=type=docker\": what is always done"),
    O_SIZE(struct build_options, memory, "memory", 'm', "Memory limit", 0),
    O_SIZE(struct build_options, memory_swap, "memory-swap", 0,
	   "Swap limit equal to memory plus swap: -1 to enable unlimited swap", OPTION_MINUS_ONE),
    O_STRING(struct build_options, metadata_file, "metadata-file", 0, "string",
	     "Write build result metadata to a file"),
    O_STRING(struct build_options, network, "network", 0, "string",
	     "Set the networking mode for the \"RUN\" instructions during build"),
    O_BOOL(struct build_options, no_cache, "no-cache", 0, "Do not use cache when building the image"),
    O_LIST(struct build_options, no_cache_filter, "no-cache-filter", 0, "stringArray", "Do not cache specified stages"),
    O_STRING(struct build_options, on_error, "on-error", 0, "string",
	     "\"shell\": open a shell in the state that a failed step has left"),
    O_LIST(struct build_options, output, "output", 'o', "stringArray",
	   "Output destination (format: \"type=local,dest=path\")"),
    O_LIST(struct build_options, platform, "platform", 0, "stringArray", "Set target platform for build"),
    O_STRING(struct build_options, progress, "progress", 0, "string",
	     "Set type of progress output (\"auto\", \"plain\", \"tty\", \"quiet\", \"rawjson\")"),
    O_BOOL(struct build_options, pull, "pull", 0, "Always attempt to pull all referenced images"),
    O_BOOL(struct build_options, quiet, "quiet", 'q', "Suppress the build output and print image ID on success"),
    O_LIST(struct build_options, secret, "secret", 0, "stringArray",
	   "Secret to expose to the build (format: \"id=mysecret[,src=/local/secret]\")"),
    O_SIZE(struct build_options, shm_size, "shm-size", 0, "Shared memory size for build containers", 0),
    O_LIST(struct build_options, ssh, "ssh", 0, "stringArray",
	   "SSH agent socket to expose to the build (format: \"default|<id>=<socket>\")"),
    O_LIST(struct build_options, tag, "tag", 't', "stringArray",
	   "Image identifier (format: \"[registry/]repository[:tag]\")"),
    O_STRING(struct build_options, target, "target", 0, "string", "Set the target build stage to build"),
    O_LIST(struct build_options, ulimit, "ulimit", 0, "ulimit", "Ulimit options"),
    /* Of Docker's older builder: what they ask for is always so, or has no meaning here. */
    {.name = "rm",
     .type = OPTION_BOOL,
     .offset = offsetof(struct build_options, rm),
     .flags = OPTION_HIDDEN,
     .help = ""},
    {.name = "force-rm",
     .type = OPTION_BOOL,
     .offset = offsetof(struct build_options, force_rm),
     .flags = OPTION_HIDDEN,
     .help = ""},
    {.name = "compress",
     .type = OPTION_BOOL,
     .offset = offsetof(struct build_options, compress),
     .flags = OPTION_HIDDEN,
     .help = ""},
    O_ABSENT("allow", "stringArray", "Allow extra privileged entitlement (e.g., \"network.host\")"),
    O_ABSENT("annotation", "stringArray", "Add annotation to the image"),
    O_ABSENT("attest", "stringArray", "Attestation parameters"),
    O_ABSENT("builder", "string", "Override the configured builder instance"),
    O_ABSENT("cache-from", "stringArray", "External cache sources"),
    O_ABSENT("cache-to", "stringArray", "Cache export destinations"),
    O_ABSENT("call", "string", "Set method for evaluating build"),
    O_ABSENT("cgroup-parent", "string", "Set the parent cgroup for the \"RUN\" instructions during build"),
    O_ABSENT("isolation", "string", "Container isolation technology"),
    O_ABSENT("provenance", "string", "Shorthand for \"--attest=type=provenance\""),
    O_ABSENT_BOOL("push", "Shorthand for \"--output=type=registry\""),
    O_ABSENT("sbom", "string", "Shorthand for \"--attest=type=sbom\""),
    O_ABSENT("security-opt", "stringArray", "Security options"),
    O_ABSENT_BOOL("squash", "Squash newly built layers into a single new layer"),
    O_END,
};

static const struct build_options build_defaults = {.rm = true};

struct build_run {
	struct cli *cli;
	const struct build_options *options;
	struct build_source source;
	struct build_progress *progress;
	enum build_progress_mode mode;
	struct buf line;
	char *image, *shell;
	struct err failure;
	bool failed;
	int64_t warnings;
	struct client_body rest; /* a tar on standard input: what was read ahead, then the rest */
	bool ahead_sent;
};

/* --- the request --- */

static void param(struct buf *path, const char *name, const char *value)
{
	if (text_empty(value))
		return;
	buf_printf(path, "&%s=", name);
	path_escape(path, value);
}

static void param_number(struct buf *path, const char *name, int64_t value)
{
	if (value != 0)
		buf_printf(path, "&%s=%lld", name, (long long)value);
}

static void param_list(struct buf *path, const char *name, char *const *list)
{
	for (; list && *list; list++)
		param(path, name, *list);
}

static bool proxy_known(char *const *args, const char *name)
{
	size_t size = strlen(name);
	for (; args && *args; args++) {
		if (strncmp(*args, name, size) == 0 && ((*args)[size] == '=' || !(*args)[size]))
			return true;
	}
	return false;
}

/* NAME alone takes the value of our environment; without one it is null. */
static void args_param(struct build_run *run, struct buf *path)
{
	auto_buf json = BUF_INIT(PATH_SIZE);
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	buf_char(&json, '{');
	for (char *const *item = run->options->build_arg; item && *item; item++) {
		const char *equals = strchr(*item, '=');
		auto_free char *name = equals ? x_strndup(*item, (size_t)(equals - *item)) : x_strdup(*item);
		const char *value = equals ? equals + 1 : getenv(name);
		buf_text(&json, json.len > 1 ? "," : "");
		json_encode_string(&json, name);
		buf_char(&json, ':');
		if (value)
			json_encode_string(&json, value);
		else
			buf_text(&json, "null");
	}
	if (!text_empty(epoch) && !proxy_known(run->options->build_arg, "SOURCE_DATE_EPOCH")) {
		buf_text(&json, json.len > 1 ? ",\"SOURCE_DATE_EPOCH\":" : "\"SOURCE_DATE_EPOCH\":");
		json_encode_string(&json, epoch);
	}
	buf_char(&json, '}');
	if (json.len > 2)
		param(path, "buildargs", buf_str(&json));
}

struct label_item {
	struct json_map map;
};
JSON_DECLARE(label_item);
JSON_TYPE(label_item, F_MAP(struct label_item, map, "", 0));

static int labels_param(struct build_run *run, struct buf *path, struct err *err)
{
	auto_buf json = BUF_INIT(PATH_SIZE);
	struct label_item labels = {0};
	int rc = pairs_add(&run->cli->arena, run->options->label, "label", false, &labels.map, err);
	if (rc < 0 || labels.map.count == 0)
		return rc;
	json_encode(&json, &table_label_item, &labels);
	param(path, "labels", buf_str(&json));
	return 0;
}

static int ulimits_param(struct build_run *run, struct buf *path, struct err *err)
{
	auto_buf json = BUF_INIT(PATH_SIZE);
	struct host_config host = {0};
	int rc = ulimits_parse(&run->cli->arena, run->options->ulimit, &host, err);
	if (rc < 0 || host.ulimits.count == 0)
		return rc;
	buf_char(&json, '[');
	for (size_t i = 0; i < host.ulimits.count; i++) {
		buf_text(&json, i > 0 ? ",{\"Name\":" : "{\"Name\":");
		json_encode_string(&json, host.ulimits.items[i].name);
		buf_printf(&json, ",\"Soft\":%lld,\"Hard\":%lld}", (long long)host.ulimits.items[i].soft,
			   (long long)host.ulimits.items[i].hard);
	}
	buf_char(&json, ']');
	param(path, "ulimits", buf_str(&json));
	return 0;
}

static int path_make(struct build_run *run, const char *named, const char *session, struct buf *path, struct err *err)
{
	const struct build_options *options = run->options;
	buf_text(path, "/build?progress=tug");
	param_list(path, "t", options->tag);
	param(path, "dockerfile", run->source.dockerfile);
	param(path, "target", options->target);
	param(path, "networkmode", options->network);
	param(path, "cpusetcpus", options->cpuset_cpus);
	param(path, "cpusetmems", options->cpuset_mems);
	param(path, "buildsession", session);
	param_list(path, "extrahosts", options->add_host);
	param_list(path, "nocachefilter", options->no_cache_filter);
	param_number(path, "contexts", run->source.contexts);
	param_number(path, "nocache", options->no_cache);
	param_number(path, "pull", options->pull);
	param_number(path, "check", options->check);
	param_number(path, "keepfailed", text_equal(options->on_error ? options->on_error : "", "shell"));
	param_number(path, "memory", options->memory);
	param_number(path, "memswap", options->memory_swap);
	param_number(path, "shmsize", options->shm_size);
	param_number(path, "cpushares", options->cpu_shares);
	param_number(path, "cpuperiod", options->cpu_period);
	param_number(path, "cpuquota", options->cpu_quota);
	if (options->platform && options->platform[0])
		param(path, "platform", options->platform[0]);
	if (!text_equal(named, "{}"))
		param(path, "buildcontexts", named);
	args_param(run, path);
	int rc = labels_param(run, path, err);
	if (rc == 0)
		rc = ulimits_param(run, path, err);
	return rc < 0 ? rc : buf_check(path, "the request", err);
}

/* --- secrets --- */

struct secret_spec {
	char *id;
	const char *source, *env;
	bool is_env;
};

static int secret_parse(struct cli *cli, const char *text, struct secret_spec *spec, struct err *err)
{
	auto_strv char **fields = strv_split(text, ',');
	*spec = (struct secret_spec){0};
	for (char **field = fields; *field; field++) {
		char *equals = strchr(*field, '=');
		if (!equals)
			return err_set(err, EINVAL, "invalid field '%s' must be a key=value pair", *field);
		*equals++ = 0;
		char *value = arena_strdup(&cli->arena, equals);
		if (text_equal(*field, "id"))
			spec->id = value;
		else if (text_equal(*field, "src") || text_equal(*field, "source"))
			spec->source = value;
		else if (text_equal(*field, "env"))
			spec->env = value;
		else if (text_equal(*field, "type") && text_equal(value, "env"))
			spec->is_env = true;
		else if (!text_equal(*field, "type") || !text_equal(value, "file"))
			return err_set(err, EINVAL, "unexpected key '%s' in '%s'", *field, text);
	}
	if (text_empty(spec->id))
		return err_set(err, EINVAL, "invalid secret \"%s\": it has no id", text);
	if (spec->is_env && !spec->env)
		spec->env = spec->source ? spec->source : spec->id;
	if (!spec->env && !spec->source) {
		spec->env = getenv(spec->id) ? spec->id : NULL;
		spec->source = spec->env ? NULL : spec->id;
	}
	return 0;
}

static int secret_add(struct cli *cli, const char *text, struct buf *json, bool first, struct err *err)
{
	struct secret_spec spec;
	auto_buf value = BUF_INIT(SECRET_MAX), encoded = BUF_INIT(2 * SECRET_MAX);
	int rc = secret_parse(cli, text, &spec, err);
	if (rc < 0)
		return rc;
	if (spec.env) {
		if (!getenv(spec.env))
			return err_set(err, EINVAL, "secret %s: the environment has no %s", spec.id, spec.env);
		buf_text(&value, getenv(spec.env));
	} else {
		rc = file_read(AT_FDCWD, spec.source, &value, err);
		if (rc < 0)
			return err_wrap(err, "failed to read secret %s", spec.id);
	}
	base64_encode(&encoded, buf_str(&value), value.len, false);
	buf_text(json, first ? "" : ",");
	json_encode_string(json, spec.id);
	buf_char(json, ':');
	json_encode_string(json, buf_str(&encoded));
	if (value.data)
		explicit_bzero(value.data, value.len);
	if (encoded.data)
		explicit_bzero(encoded.data, encoded.len);
	return 0;
}

/* "default", "id", "id=/path/of/a/socket" */
static int socket_add(const char *text, struct buf *json, bool first, struct err *err)
{
	const char *equals = strchr(text, '='), *path = equals ? equals + 1 : getenv("SSH_AUTH_SOCK");
	struct stat info;
	char *real;
	if (text_empty(path))
		return err_set(err, EINVAL, "invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set");
	if (stat(path, &info) < 0)
		return err_sys(err, "ssh %s", path);
	if (!S_ISSOCK(info.st_mode))
		return err_set(
		    err, EINVAL,
		    "ssh %s: known, but not supported yet: keys of one's own; add them to an agent and give its "
		    "socket",
		    path);
	real = realpath(path, NULL);
	auto_free char *id = equals ? x_strndup(text, (size_t)(equals - text)) : x_strdup(text);
	buf_text(json, first ? "" : ",");
	json_encode_string(json, id);
	buf_char(json, ':');
	json_encode_string(json, real ? real : path);
	free(real);
	return 0;
}

static int session_open(struct build_run *run, char **out_token, struct err *err)
{
	char *const *secrets = run->options->secret, *const *sockets = run->options->ssh;
	auto_buf json = BUF_INIT(32 << 20);
	struct id_response answer = {0};
	int rc = 0;
	*out_token = NULL;
	if ((!secrets || !secrets[0]) && (!sockets || !sockets[0]))
		return 0;
	buf_text(&json, "{\"Secrets\":{");
	for (size_t i = 0; rc == 0 && secrets && secrets[i]; i++)
		rc = secret_add(run->cli, secrets[i], &json, i == 0, err);
	buf_text(&json, "},\"Ssh\":{");
	for (size_t i = 0; rc == 0 && sockets && sockets[i]; i++)
		rc = socket_add(sockets[i], &json, i == 0, err);
	buf_text(&json, "}}");
	const struct client_request request = {.method = "POST", .path = "/build/session", .json = buf_str(&json)};
	if (rc == 0)
		rc = client_struct(&run->cli->client, &request, &table_id_response, &answer, err);
	if (json.data)
		explicit_bzero(json.data, json.len);
	if (rc == 0)
		*out_token = arena_strdup(&run->cli->arena, answer.id);
	return rc;
}

/* --- credentials --- */

/* Of the registries that the Dockerfile names: {"HOST": {...}} in base64. */
static int registries_param(struct build_run *run, char **out_header, struct err *err)
{
	struct arena *arena = &run->cli->arena;
	auto_buf json = BUF_INIT(PATH_SIZE), header = BUF_INIT(2 * PATH_SIZE);
	*out_header = NULL;
	buf_char(&json, '{');
	for (char **base = run->source.bases; base && *base; base++) {
		struct reference reference;
		struct auth_config auth = {0};
		struct err ignored;
		if (reference_parse(*base, &reference, &ignored) < 0)
			continue; /* the engine says what is wrong with it */
		int rc = credentials_find(arena, reference.domain, &auth, err);
		if (rc < 0)
			return rc;
		if (text_empty(auth.username) && text_empty(auth.identity_token) && text_empty(auth.registry_token))
			continue;
		buf_text(&json, json.len > 1 ? "," : "");
		json_encode_string(&json, credentials_key(reference.domain));
		buf_char(&json, ':');
		json_encode(&json, &table_auth_config, &auth);
	}
	buf_char(&json, '}');
	if (json.len == 2)
		return 0;
	base64_encode(&header, json.data, json.len, true);
	*out_header = arena_strndup(arena, buf_str(&header), header.len);
	return buf_check(&header, "the credentials", err);
}

/* --- the answer --- */

static int event_take(struct build_run *run, struct err *err)
{
	struct build_event event = {0};
	auto_arena arena = {0};
	if (run->line.len == 0)
		return 0;
	if (run->mode == PROGRESS_RAW)
		fprintf(stderr, "%s\n", buf_str(&run->line));
	int rc = json_load(&arena, &table_build_event, buf_str(&run->line), run->line.len, "the engine's answer",
			   JSON_FOLD_CASE, &event, err);
	buf_reset(&run->line);
	if (rc < 0)
		return rc;
	if (text_equal(event.kind, "image")) {
		run->image = arena_strdup(&run->cli->arena, event.id);
	} else if (text_equal(event.kind, "error")) {
		run->failed = true;
		err_set(&run->failure, EIO, "%s", event.text ? event.text : "the build failed");
	} else if (text_equal(event.kind, "shell")) {
		run->shell = arena_strdup(&run->cli->arena, event.id);
	} else if (text_equal(event.kind, "warning")) {
		run->warnings++;
		if (run->options->check)
			build_check_print(&event);
	}
	if (!run->options->check)
		build_progress_event(run->progress, &event);
	return 0;
}

static int answer_read(struct build_run *run, struct client_stream *stream, struct err *err)
{
	auto_free char *data = x_alloc(CLIENT_READ);
	for (;;) {
		struct pollfd wait = {.fd = stream->fd, .events = POLLIN};
		/* What is received already is not seen by poll. */
		while (stream->in.len == 0 && poll(&wait, 1, TICK_MS) == 0)
			build_progress_tick(run->progress);
		ssize_t size = client_stream_read(stream, data, CLIENT_READ, err);
		if (size <= 0)
			return (int)size;
		for (ssize_t i = 0; i < size; i++) {
			int rc = 0;
			if (data[i] == '\n')
				rc = event_take(run, err);
			else if (data[i] != '\r')
				buf_char(&run->line, data[i]);
			if (rc < 0)
				return rc;
		}
	}
}

static int rest_next(struct client_body *body, const void **out_data, size_t *out_size, struct err *err)
{
	struct build_run *run = container_of(body, struct build_run, rest);
	struct buf *ahead = &run->source.ahead;
	if (run->ahead_sent) {
		buf_reset(ahead);
		char *room = buf_room(ahead, CLIENT_READ);
		ssize_t size;
		do
			size = read(run->source.input, room, CLIENT_READ);
		while (size < 0 && errno == EINTR);
		if (size < 0)
			return err_sys(err, "read standard input");
		buf_grown(ahead, (size_t)size);
	}
	run->ahead_sent = true;
	*out_data = buf_str(ahead);
	*out_size = ahead->len;
	return 0;
}

static int build_send(struct build_run *run, struct err *err)
{
	auto_buf path = BUF_INIT(4 * PATH_SIZE), named = BUF_INIT(PATH_SIZE);
	char *session = NULL, *registries = NULL;
	struct client_stream stream;
	const struct build_source_request source = {.path = run->cli->args[0],
						    .file = run->options->file,
						    .named = run->options->build_context,
						    .out_named = &named};
	int rc = build_source_open(run->cli, &source, &run->source, err);
	if (rc == 0)
		rc = session_open(run, &session, err);
	if (rc == 0)
		rc = registries_param(run, &registries, err);
	if (rc == 0)
		rc = path_make(run, buf_str(&named), session, &path, err);
	if (rc < 0)
		return rc;
	run->rest.next = rest_next;
	const struct client_request request = {
	    .method = "POST",
	    .path = buf_str(&path),
	    .registry_config = registries,
	    .made_body = run->source.context ? build_context_body(run->source.context) : &run->rest,
	};
	rc = client_open(&run->cli->client, &request, &stream, err);
	if (rc < 0)
		return rc;
	rc = answer_read(run, &stream, err);
	client_stream_done(&stream);
	if (rc == 0 && !run->failed && !run->image && !run->options->check)
		rc = err_set(err, EPROTO, "the engine's answer broke off");
	return rc;
}

/* --- results --- */

static int metadata_write(struct build_run *run, struct err *err)
{
	auto_buf json = BUF_INIT(PATH_SIZE), names = BUF_INIT(PATH_SIZE);
	buf_text(&json, "{\n  \"containerimage.config.digest\": ");
	json_encode_string(&json, run->image);
	buf_text(&json, ",\n  \"containerimage.digest\": ");
	json_encode_string(&json, run->image);
	for (char *const *tag = run->options->tag; tag && *tag; tag++)
		buf_printf(&names, "%s%s", names.len > 0 ? "," : "", *tag);
	if (names.len > 0) {
		buf_text(&json, ",\n  \"image.name\": ");
		json_encode_string(&json, buf_str(&names));
	}
	buf_text(&json, "\n}\n");
	return file_replace(AT_FDCWD, run->options->metadata_file, json.data, json.len, 0644, err);
}

static int results_write(struct build_run *run, struct err *err)
{
	const struct build_options *options = run->options;
	int rc = 0;
	if (!text_empty(options->iidfile))
		rc = file_replace(AT_FDCWD, options->iidfile, run->image, strlen(run->image), 0644, err);
	if (rc == 0 && !text_empty(options->metadata_file))
		rc = metadata_write(run, err);
	for (char *const *output = options->output; rc == 0 && output && *output; output++)
		rc = build_output(run->cli, *output, run->image, err);
	return rc;
}

/* `tug start -ai CONTAINER`: a shell in what the step has left, which goes with it. */
static void shell_open(struct build_run *run)
{
	char *const argv[] = {
	    (char *)"tug", (char *)"-H", run->cli->client.endpoint.text, (char *)"start", (char *)"-ai",
	    run->shell,	   NULL};
	const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
	const struct process_spec spec = {
	    .path = "/proc/self/exe", .exe_fd = -1, .argv = argv, .envp = environ, .fds = fds, .fd_count = 3};
	const struct client_request removal = {.method = "DELETE",
					       .path = cli_path(run->cli, "/containers/%s?force=1", run->shell)};
	struct err err;
	pid_t pid;
	int status;
	fprintf(stderr, "a shell in the state that the failed step has left:\n");
	int rc = process_spawn(&spec, &pid, &err);
	if (rc == 0)
		rc = process_wait(pid, &status, &err);
	if (rc < 0)
		cli_complain(&err);
	if (client_call(&run->cli->client, &removal, NULL, NULL, &err) < 0)
		cli_complain(&err);
}

static int options_check(struct build_run *run, struct err *err)
{
	const struct build_options *options = run->options;
	if (strv_count(options->platform) > 1)
		return err_set(err, EOPNOTSUPP, "--platform: known, but not supported yet: more than one");
	if (options->on_error && !text_equal(options->on_error, "shell"))
		return err_set(err, EINVAL, "invalid --on-error %s (shell)", options->on_error);
	int rc =
	    build_progress_mode(options->progress ? options->progress : getenv("BUILDKIT_PROGRESS"), &run->mode, err);
	if (rc == 0 && options->quiet)
		run->mode = PROGRESS_QUIET;
	for (char *const *output = options->output; rc == 0 && output && *output; output++)
		rc = build_output_check(*output, err);
	return rc;
}

static int build_run(struct cli *cli)
{
	struct build_run run = {
	    .cli = cli, .options = cli->options, .line = BUF_INIT(LINE_SIZE_MAX), .source = {.input = -1}};
	struct err err;
	int rc = options_check(&run, &err);
	if (rc < 0)
		return cli_failed(&err);
	run.progress = build_progress_new(run.mode);
	rc = build_send(&run, &err);
	build_source_done(&run.source);
	if (!run.options->check)
		build_progress_end(run.progress, run.failed);
	build_progress_free(run.progress);
	buf_done(&run.line);
	if (rc == 0 && run.failed) {
		auto_free char *text = x_printf("failed to build: failed to solve: %s", run.failure.msg);
		cli_say("ERROR: ", text);
		if (run.shell)
			shell_open(&run);
		return EXIT_FAILED;
	}
	if (rc == 0 && run.options->check) {
		print("Check complete, %s.\n", run.warnings ? "warnings have been found" : "no warnings found");
		return run.warnings ? EXIT_FAILED : 0;
	}
	if (rc == 0)
		rc = results_write(&run, &err);
	if (rc < 0) {
		cli_say("ERROR: ", err.msg);
		return EXIT_FAILED;
	}
	if (run.mode == PROGRESS_QUIET)
		print("%s\n", run.image);
	return 0;
}

#define BUILD_COMMAND(path_, shortcut_)                                                                             \
	{                                                                                                           \
		.path = (path_), .shortcut = (shortcut_), .usage = "PATH | URL | -",                                \
		.summary = "Build an image from a Dockerfile", .args_min = 1, .args_max = 1, .options = build_rows, \
		.options_size = sizeof(struct build_options), .defaults = &build_defaults, .run = build_run,        \
	}

const struct command command_build = BUILD_COMMAND("image build", "build");
const struct command command_builder_build = BUILD_COMMAND("builder build", NULL);
const struct command command_buildx_build = BUILD_COMMAND("buildx build", NULL);
