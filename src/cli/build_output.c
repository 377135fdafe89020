#include "cli/build_output.h"

#include "base/path.h"
#include "base/text.h"
#include "cli/download.h"
#include "docker/container.h"
#include "image/extract.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct output {
	char *type, *dest, *name;
};

/* A bare path is a folder, "-" a tar on standard output. */
static int output_parse(struct arena *arena, const char *text, struct output *out, struct err *err)
{
	static const char *const types[] = {"local", "tar", "docker", "oci", "image"};
	*out = (struct output){.type = (char *)"local"};
	if (!strchr(text, '=')) {
		out->type = (char *)(text_equal(text, "-") ? "tar" : "local");
		out->dest = arena_strdup(arena, text);
		return 0;
	}
	auto_strv char **fields = strv_split(text, ',');
	for (char **field = fields; *field; field++) {
		char *equals = strchr(*field, '=');
		if (!equals)
			return err_set(err, EINVAL, "invalid value %s", *field);
		*equals++ = 0;
		char *value = arena_strdup(arena, equals);
		if (text_equal(*field, "type"))
			out->type = value;
		else if (text_equal(*field, "dest"))
			out->dest = value;
		else if (text_equal(*field, "name"))
			out->name = value;
		else if (!text_equal(*field, "push") || !text_equal(value, "false"))
			return err_set(err, EOPNOTSUPP, "--output: %s: known, but not supported yet", *field);
	}
	bool known = false;
	for (size_t i = 0; i < array_size(types); i++)
		known = known || text_equal(types[i], out->type);
	if (!known)
		return err_set(err, EOPNOTSUPP, "--output: type=%s is not supported (local, tar, docker, oci, image)",
			       out->type);
	if (text_empty(out->dest) &&
	    (text_equal(out->type, "local") || text_equal(out->type, "oci") || text_equal(out->type, "tar")))
		return err_set(err, EINVAL, "dest is required for %s exporter", out->type);
	return 0;
}

int build_output_check(const char *text, struct err *err)
{
	auto_arena arena = {0};
	struct output output;
	return output_parse(&arena, text, &output, err);
}

/* --- the root file system --- */

static int container_create(struct cli *cli, const char *image, char **out_id, struct err *err)
{
	struct container_created created = {0};
	auto_buf json = BUF_INIT(4096);
	buf_text(&json, "{\"Image\":");
	json_encode_string(&json, image);
	buf_text(&json, ",\"Cmd\":[\"-\"]}");
	const struct client_request request = {.method = "POST", .path = "/containers/create", .json = buf_str(&json)};
	int rc = client_struct(&cli->client, &request, &table_container_created, &created, err);
	if (rc == 0)
		*out_id = arena_strdup(&cli->arena, created.id);
	return rc;
}

static void container_remove(struct cli *cli, const char *id)
{
	struct err ignored;
	const struct client_request request = {.method = "DELETE", .path = cli_path(cli, "/containers/%s?force=1", id)};
	(void)!client_call(&cli->client, &request, NULL, NULL, &ignored);
}

struct received {
	struct stream base;
	struct client_stream *from;
	uint8_t data[CLIENT_READ];
};

static int received_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct received *received = (struct received *)base;
	ssize_t size = client_stream_read(received->from, received->data, sizeof received->data, err);
	if (size < 0)
		return (int)size;
	*out_data = received->data;
	*out_size = (size_t)size;
	return 0;
}

static int folder_write(struct cli *cli, const char *path, const char *dest, struct err *err)
{
	struct client_stream stream;
	const struct client_request request = {.method = "GET", .path = path};
	auto_fd int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
		    here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int made = -1;
	int rc = path_make_dirs(dest[0] == '/' ? top : here, dest[0] == '/' ? dest + 1 : dest,
				dest[0] == '/' ? PATH_IN_ROOT : PATH_BENEATH, 0755, &made, err);
	if (rc == -EXDEV) { /* "../out" */
		made = mkdir(dest, 0755) == 0 || errno == EEXIST ? open(dest, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		rc = made < 0 ? err_sys(err, "%s", dest) : 0;
	}
	if (rc < 0)
		return rc;
	auto_fd int root = openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open %s", dest);
	rc = client_open(&cli->client, &request, &stream, err);
	if (rc < 0)
		return rc;
	struct received *received = x_alloc(sizeof *received);
	received->base.next = received_next;
	received->from = &stream;
	const struct extract_options options = {
	    .root = root, .path = "/", .has_owner = geteuid() != 0, .uid = geteuid(), .gid = getegid()};
	rc = extract(&options, &received->base, err);
	free(received);
	client_stream_done(&stream);
	return rc;
}

static int root_write(struct cli *cli, const struct output *output, const char *image, struct err *err)
{
	char *id = NULL;
	int rc = container_create(cli, image, &id, err);
	if (rc < 0)
		return rc;
	const char *path = cli_path(cli, "/containers/%s/export", id);
	if (text_equal(output->type, "tar"))
		rc = download(cli, path, text_equal(output->dest, "-") ? NULL : output->dest, err);
	else
		rc = folder_write(cli, path, output->dest, err);
	container_remove(cli, id);
	return rc;
}

static int image_tag(struct cli *cli, const char *image, const char *name, struct err *err)
{
	auto_buf path = BUF_INIT(16 << 10);
	const char *slash = strrchr(name, '/'), *colon = strrchr(name, ':');
	size_t size = colon && (!slash || colon > slash) ? (size_t)(colon - name) : strlen(name);
	auto_free char *repository = x_strndup(name, size);
	buf_printf(&path, "%s?repo=", cli_path(cli, "/images/%s/tag", image));
	path_escape(&path, repository);
	if (name[size]) {
		buf_text(&path, "&tag=");
		path_escape(&path, name + size + 1);
	}
	const struct client_request request = {.method = "POST", .path = buf_str(&path)};
	return client_call(&cli->client, &request, NULL, NULL, err);
}

int build_output(struct cli *cli, const char *text, const char *image, struct err *err)
{
	struct output output;
	int rc = output_parse(&cli->arena, text, &output, err);
	if (rc < 0)
		return rc;
	if (text_equal(output.type, "local") || text_equal(output.type, "tar"))
		return root_write(cli, &output, image, err);
	if (!text_empty(output.name))
		rc = image_tag(cli, image, output.name, err);
	if (rc < 0 || text_empty(output.dest))
		return rc;
	return download(cli, cli_path(cli, "/images/%s/get", text_empty(output.name) ? image : output.name),
			text_equal(output.dest, "-") ? NULL : output.dest, err);
}

/* --- --check --- */

void build_check_print(const struct build_event *warning)
{
	enum { AROUND = 2 };
	print("WARNING: %s - %s\n%s\n", warning->rule, warning->url ? warning->url : "", warning->text);
	print("\n%s:%lld\n--------------------\n", warning->id ? warning->id : "Dockerfile", (long long)warning->line);
	auto_strv char **lines = strv_split(warning->label ? warning->label : "", '\n');
	int64_t count = (int64_t)strv_count(lines);
	for (int64_t i = warning->line - AROUND; i <= warning->line + AROUND; i++) {
		if (i < 1 || i > count || (i == count && !*lines[i - 1]))
			continue;
		auto_buf text = BUF_INIT(128 << 10);
		buf_printable(&text, lines[i - 1], "\t");
		print("%4lld | %s %s\n", (long long)i, i == warning->line ? ">>>" : "   ", buf_str(&text));
	}
	print("--------------------\n\n");
}
