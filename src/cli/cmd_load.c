/* import and load: an archive goes up, progress comes back as JSON lines. */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/image_query.h"
#include "docker/image.h"

#include <fcntl.h>
#include <string.h>

enum { LINE_SIZE_MAX = 1 << 20 };

struct transfer {
	struct cli *cli;
	struct buf line;
	bool quiet;
};

static int line_show(struct transfer *transfer, struct err *err)
{
	struct progress line = {0};
	if (transfer->line.len == 0)
		return 0;
	int rc = json_load(&transfer->cli->arena, &table_progress, buf_str(&transfer->line), transfer->line.len,
			   "the engine's answer", JSON_FOLD_CASE, &line, err);
	buf_reset(&transfer->line);
	if (rc < 0)
		return rc;
	const char *error = line.error_detail ? line.error_detail->message : line.error;
	if (!text_empty(error))
		return err_set(err, EIO, "%s", error);
	/* Bars are for terminals; ours is not drawn yet: what counts is what was done. */
	if (line.detail && (line.detail->current > 0 || line.detail->total > 0))
		return 0;
	auto_buf shown = BUF_INIT(4 * LINE_SIZE_MAX);
	if (!text_empty(line.stream)) {
		buf_printable(&shown, line.stream, "\n\t");
	} else if (!text_empty(line.status) && !transfer->quiet) {
		buf_printable(&shown, line.id ? line.id : "", "");
		buf_text(&shown, line.id ? ": " : "");
		buf_printable(&shown, line.status, "");
		buf_char(&shown, '\n');
	}
	print("%s", buf_str(&shown));
	return 0;
}

static int answer_show(struct transfer *transfer, struct client_stream *stream, struct err *err)
{
	auto_free char *data = x_alloc(CLIENT_READ);
	ssize_t size;
	int rc = 0;
	while (rc == 0 && (size = client_stream_read(stream, data, CLIENT_READ, err)) != 0) {
		if (size < 0)
			return (int)size;
		for (ssize_t i = 0; i < size && rc == 0; i++) {
			if (data[i] == '\n')
				rc = line_show(transfer, err);
			else if (data[i] != '\r')
				buf_char(&transfer->line, data[i]);
		}
		if (rc == 0)
			rc = buf_check(&transfer->line, "a line of the engine's answer", err);
	}
	return rc == 0 ? line_show(transfer, err) : rc;
}

static int transfer_run(struct cli *cli, const char *path, int fd, bool quiet, struct err *err)
{
	struct transfer transfer = {.cli = cli, .line = BUF_INIT(LINE_SIZE_MAX), .quiet = quiet};
	const struct client_request request = {.method = "POST", .path = path, .body = true, .body_fd = fd};
	struct client_stream stream;
	int rc = client_open(&cli->client, &request, &stream, err);
	if (rc < 0)
		return rc;
	rc = answer_show(&transfer, &stream, err);
	client_stream_done(&stream);
	buf_done(&transfer.line);
	return rc;
}

/* "-" is standard input. */
static int input_open(const char *path, int *out_fd, struct err *err)
{
	int fd = text_equal(path, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open %s: %s", path,
			       errno == ENOENT ? "no such file or directory" : strerror(errno));
	*out_fd = fd;
	return 0;
}

/* --- load --- */

struct load_options {
	const char *input;
	bool quiet;
};

static const struct option_row load_rows[] = {
    O_STRING(struct load_options, input, "input", 'i', "string", "Read from tar archive file, instead of STDIN"),
    O_BOOL(struct load_options, quiet, "quiet", 'q', "Suppress the load output"),
    O_ABSENT("platform", "strings", ""),
    O_END,
};

static int load_run(struct cli *cli)
{
	const struct load_options *options = cli->options;
	struct err err;
	auto_fd int fd = -1;
	if (text_empty(options->input) && isatty(STDIN_FILENO)) {
		fprintf(stderr, "requested load from stdin, but stdin is empty\n");
		return EXIT_FAILED;
	}
	if (input_open(text_empty(options->input) ? "-" : options->input, &fd, &err) < 0 ||
	    transfer_run(cli, "/images/load?quiet=1", fd, options->quiet, &err) < 0)
		return cli_failed(&err);
	return 0;
}

const struct command command_load = {
    .path = "image load",
    .shortcut = "load",
    .usage = "",
    .summary = "Load an image from a tar archive or STDIN",
    .args_max = 0,
    .options = load_rows,
    .options_size = sizeof(struct load_options),
    .run = load_run,
};

/* --- import --- */

struct import_options {
	char **change;
	const char *message, *platform;
};

static const struct option_row import_rows[] = {
    O_LIST(struct import_options, change, "change", 'c', "list", "Apply Dockerfile instruction to the created image"),
    O_STRING(struct import_options, message, "message", 'm', "string", "Set commit message for imported image"),
    O_STRING(struct import_options, platform, "platform", 0, "string",
	     "Set platform if server is multi-platform capable"),
    O_END,
};

static int import_run(struct cli *cli)
{
	const struct import_options *options = cli->options;
	struct err err;
	auto_fd int fd = -1;
	auto_buf path = BUF_INIT(1 << 20);
	const char *source = cli->args[0];
	if (text_after(source, "http://") || text_after(source, "https://")) {
		fprintf(stderr, "tug import: from a URL: known to Docker, not there yet: fetch it first\n");
		return EXIT_FAILED;
	}
	buf_text(&path, "/images/create?fromSrc=-");
	if (cli->arg_count > 1)
		query_target(&path, cli->args[1]);
	query_parameter(&path, "message", options->message);
	query_parameter(&path, "platform", options->platform);
	for (char **change = options->change; change && *change; change++)
		query_parameter(&path, "changes", *change);
	if (input_open(source, &fd, &err) < 0 || transfer_run(cli, buf_str(&path), fd, false, &err) < 0)
		return cli_failed(&err);
	return 0;
}

const struct command command_import = {
    .path = "image import",
    .shortcut = "import",
    .usage = "file|- [REPOSITORY[:TAG]]",
    .summary = "Import the contents from a tarball to create a filesystem image",
    .args_min = 1,
    .args_max = 2,
    .options = import_rows,
    .options_size = sizeof(struct import_options),
    .run = import_run,
};
