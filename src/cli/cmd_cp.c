/* cp: paths of a container to this host and back, with Docker's rules about what becomes a directory. */
#include "cli/commands.h"

#include "base/base64.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "docker/archive.h"
#include "docker/size.h"
#include "image/extract.h"
#include "image/tar_tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct cp_options {
	bool archive, follow, quiet;
};

static const struct option_row cp_rows[] = {
    O_BOOL(struct cp_options, archive, "archive", 'a', "Archive mode (copy all uid/gid information)"),
    O_BOOL(struct cp_options, follow, "follow-link", 'L', "Always follow symbol link in SRC_PATH"),
    O_BOOL(
	struct cp_options, quiet, "quiet", 'q',
	"Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached"),
    O_END,
};

/* One side of the copy. */
struct side {
	const char *container; /* NULL: this host */
	char *path;
	bool exists, directory;
};

/* "container:path"; a name with a slash or a dot in front is of this host, as is one without a colon. */
static struct side side_parse(struct cli *cli, const char *argument)
{
	const char *colon = strchr(argument, ':');
	if (argument[0] == '/' || argument[0] == '.' || !colon || colon == argument)
		return (struct side){.path = arena_strdup(&cli->arena, argument)};
	return (struct side){.container = arena_strndup(&cli->arena, argument, (size_t)(colon - argument)),
			     .path = arena_strdup(&cli->arena, colon + 1)};
}

static bool asserts_directory(const char *path)
{
	return text_ends(path, "/") || text_ends(path, "/.") || text_equal(path, ".");
}

/* "/a/b/" is "/a" and "b"; "/a/." is "/a" and "." */
static void path_split(struct cli *cli, const char *path, char **out_parent, char **out_base)
{
	size_t size = strlen(path);
	while (size > 1 && path[size - 1] == '/')
		size--;
	size_t start = size;
	while (start > 0 && path[start - 1] != '/')
		start--;
	*out_base = size == 1 && path[0] == '/' ? (char *)"/" : arena_strndup(&cli->arena, path + start, size - start);
	size_t end = start;
	while (end > 1 && path[end - 1] == '/')
		end--;
	*out_parent = end == 0 ? (char *)"." : arena_strndup(&cli->arena, path, end);
}

/* --- paths in the container --- */

static const char *archive_path(struct cli *cli, const struct side *side, const char *more)
{
	auto_buf path = BUF_INIT(256 << 10);
	buf_text(&path, cli_path(cli, "/containers/%s/archive?path=", side->container));
	path_escape(&path, side->path);
	buf_text(&path, more);
	return arena_strdup(&cli->arena, buf_str(&path));
}

static int stat_decode(struct cli *cli, const char *header, struct path_stat *out_stat, struct err *err)
{
	auto_buf text = BUF_INIT(256 << 10);
	if (text_empty(header))
		return err_set(err, EPROTO, "the engine's answer has no " PATH_STAT_HEADER);
	int rc = base64_decode(&text, header, err);
	return rc < 0 ? rc
		      : json_load(&cli->arena, &table_path_stat, buf_str(&text), text.len, PATH_STAT_HEADER,
				  JSON_FOLD_CASE, out_stat, err);
}

static int container_stat(struct cli *cli, const struct side *side, struct path_stat *out_stat, struct err *err)
{
	const struct client_request request = {.method = "HEAD", .path = archive_path(cli, side, "")};
	struct client_stream stream;
	int rc = client_open(&cli->client, &request, &stream, err);
	if (rc < 0)
		return rc;
	rc = stat_decode(cli, stream.head.path_stat, out_stat, err);
	client_stream_done(&stream);
	return rc;
}

/* A link's target counts from the link's own directory. */
static char *target_join(struct cli *cli, const char *path, const char *target)
{
	char *parent, *base;
	if (target[0] == '/')
		return arena_strdup(&cli->arena, target);
	path_split(cli, path, &parent, &base);
	return arena_printf(&cli->arena, "%s/%s", parent, target);
}

/* --- from the container --- */

static uint64_t copied; /* bytes that went over the connection */

struct body {
	struct stream base;
	struct client_stream *from;
	uint8_t *piece;
};

static int body_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct body *body = (struct body *)base;
	ssize_t size = client_stream_read(body->from, body->piece, CLIENT_READ, err);
	if (size < 0)
		return (int)size;
	*out_data = body->piece;
	*out_size = (size_t)size;
	copied += (uint64_t)size;
	return 0;
}

static int body_to_stdout(struct stream *body, struct err *err)
{
	for (;;) {
		const uint8_t *data;
		size_t size;
		int rc = stream_next(body, &data, &size, err);
		if (rc < 0 || size == 0)
			return rc;
		rc = fd_write_full(STDOUT_FILENO, data, size);
		if (rc < 0)
			return err_set(err, -rc, "write: %s", strerror(-rc));
	}
}

/* What is at the destination on this host, through links. */
static int host_look(struct side *side, struct err *err)
{
	struct stat info;
	side->exists = stat(side->path, &info) == 0;
	side->directory = side->exists && S_ISDIR(info.st_mode);
	if (!side->exists && errno != ENOENT)
		return err_sys(err, "%s", side->path);
	/* What is copied replaces what is there: never a device. */
	if (side->exists && !side->directory && !S_ISREG(info.st_mode))
		return err_set(err, EINVAL, "invalid output path: \"%s\" must be a directory or a regular file: got %s",
			       side->path,
			       S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode) ? "a device" : "an irregular file");
	return 0;
}

/* Where an archive whose first entry is `base` is unpacked, and what that entry is called there; NULL: as it is. */
static int place_find(struct cli *cli, const struct side *to, bool source_is_directory, char **out_dir, char **out_name,
		      struct err *err)
{
	if (to->exists && to->directory) {
		*out_dir = to->path;
		*out_name = NULL;
		return 0;
	}
	if (to->exists && source_is_directory)
		return err_set(err, ENOTDIR, "cannot copy directory");
	if (!source_is_directory && !to->exists && asserts_directory(to->path))
		return err_set(err, ENOENT, "no such directory");
	path_split(cli, to->path, out_dir, out_name);
	return 0;
}

static int body_extract(struct cli *cli, struct stream *body, const char *base, bool directory, struct side *to,
			struct err *err)
{
	const struct cp_options *options = cli->options;
	char *dir, *name;
	int rc = host_look(to, err);
	if (rc == 0)
		rc = place_find(cli, to, directory, &dir, &name, err);
	if (rc < 0)
		return rc;
	auto_fd int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return errno == ENOENT
			   ? err_set(err, ENOENT, "invalid output path: directory \"%s\" does not exist", dir)
			   : err_sys(err, "open %s", dir);
	const struct extract_options extraction = {
	    .root = root,
	    .path = "/",
	    .keep_kind = true,
	    .has_owner = !options->archive || geteuid() != 0,
	    .uid = geteuid(),
	    .gid = getegid(),
	    .base = name ? base : NULL,
	    .name = name,
	};
	return extract(&extraction, body, err);
}

static int copy_from(struct cli *cli, struct side *from, struct side *to, struct err *err)
{
	const struct cp_options *options = cli->options;
	struct path_stat stat = {0};
	char *parent, *base, *rebase = NULL;
	path_split(cli, from->path, &parent, &base);
	if (options->follow) {
		struct err unseen; /* the engine says it again with the archive */
		if (container_stat(cli, from, &stat, &unseen) == 0 && stat.mode & GO_MODE_SYMLINK) {
			from->path = target_join(cli, from->path, stat.link_target);
			rebase = base;
			path_split(cli, from->path, &parent, &base);
		}
	}
	struct client_stream stream;
	const struct client_request request = {.method = "GET", .path = archive_path(cli, from, "")};
	int rc = client_open(&cli->client, &request, &stream, err);
	if (rc < 0)
		return rc;
	struct body body = {.base = {body_next, NULL}, .from = &stream, .piece = x_alloc(CLIENT_READ)};
	rc = stat_decode(cli, stream.head.path_stat, &stat, err);
	if (rc == 0 && text_equal(to->path, "-"))
		rc = body_to_stdout(&body.base, err);
	else if (rc == 0) {
		/* A link that was followed keeps its own name. */
		struct side named = *to;
		rc = host_look(&named, err);
		if (rc == 0 && rebase && named.directory)
			named.path = arena_printf(&cli->arena, "%s/%s", named.path, rebase);
		if (rc == 0)
			rc = body_extract(cli, &body.base, stat.name, stat.mode & GO_MODE_DIR, &named, err);
	}
	free(body.piece);
	client_stream_done(&stream);
	return rc;
}

/* --- to the container --- */

/*
 * What is at the destination in the container: a link leads on, as with Docker's client. What cannot be looked at is
 * left to the engine to refuse.
 */
static int destination_look(struct cli *cli, struct side *to, struct err *err)
{
	struct path_stat stat = {0};
	struct err unseen;
	if (container_stat(cli, to, &stat, &unseen) < 0)
		return 0;
	if (stat.mode & GO_MODE_SYMLINK) {
		to->path = target_join(cli, to->path, stat.link_target);
		if (container_stat(cli, to, &stat, &unseen) < 0)
			return 0;
	}
	bool other = stat.mode & (1U << 26 | 1U << 25 | 1U << 24);
	if (other)
		return err_set(err, EINVAL, "destination \"%s:%s\" must be a directory or a regular file",
			       to->container, to->path);
	to->exists = true;
	to->directory = stat.mode & GO_MODE_DIR;
	return 0;
}

struct sent {
	struct client_body base;
	struct stream *tar;
};

static int sent_next(struct client_body *base, const void **out_data, size_t *out_size, struct err *err)
{
	const uint8_t *data;
	int rc = stream_next(((struct sent *)base)->tar, &data, out_size, err);
	if (rc < 0)
		return rc;
	*out_data = data;
	copied += *out_size;
	return 0;
}

static int put(struct cli *cli, struct client_request *request, struct err *err)
{
	struct client_stream stream;
	request->method = "PUT";
	int rc = client_open(&cli->client, request, &stream, err);
	if (rc == 0)
		client_stream_done(&stream);
	return rc;
}

static int stdin_upload(struct cli *cli, const struct side *to, const char *query, struct err *err)
{
	if (!to->directory)
		return err_set(err, EINVAL, "destination \"%s:%s\" must be a directory", to->container, to->path);
	struct client_request request = {.path = archive_path(cli, to, query), .body = true, .body_fd = STDIN_FILENO};
	return put(cli, &request, err);
}

/* The source on this host: what it is, and the names it is reached by. */
static int source_open(struct cli *cli, const struct side *from, int *out_dir, char **out_leaf, char **out_base,
		       bool *out_directory, struct err *err)
{
	const struct cp_options *options = cli->options;
	struct stat info;
	char *parent, *base;
	bool whole = asserts_directory(from->path);
	path_split(cli, from->path, &parent, &base);
	if (fstatat(AT_FDCWD, from->path, &info, options->follow || whole ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, errno, "lstat %s: %s", from->path,
			       errno == ENOENT ? "no such file or directory" : strerror(errno));
	*out_directory = S_ISDIR(info.st_mode);
	*out_base = base;
	*out_leaf = base;
	const char *dir = parent;
	if (*out_directory) {
		dir = from->path;
		*out_leaf = (char *)".";
	} else if (options->follow) {
		auto_free char *real = realpath(from->path, NULL);
		char *name;
		if (!real)
			return err_sys(err, "%s", from->path);
		path_split(cli, real, &parent, &name);
		dir = parent;
		*out_leaf = name;
	}
	*out_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out_dir < 0 ? err_sys(err, "open %s", dir) : 0;
}

static int copy_to(struct cli *cli, struct side *from, struct side *to, struct err *err)
{
	const struct cp_options *options = cli->options;
	const char *query =
	    options->archive ? "&noOverwriteDirNonDir=true&copyUIDGID=true" : "&noOverwriteDirNonDir=true";
	int rc = destination_look(cli, to, err);
	if (rc < 0)
		return rc;
	if (text_equal(from->path, "-"))
		return stdin_upload(cli, to, query, err);
	char *leaf, *base, *dir, *name;
	auto_fd int source = -1;
	bool directory;
	rc = source_open(cli, from, &source, &leaf, &base, &directory, err);
	if (rc == 0)
		rc = place_find(cli, to, directory, &dir, &name, err);
	if (rc < 0)
		return rc;
	struct stream *tar;
	struct side place = {.container = to->container, .path = dir};
	rc = tar_tree_open(source, leaf, &(struct tar_tree_options){.name = name ? name : base}, &tar, err);
	if (rc < 0)
		return rc;
	struct sent sent = {.base = {sent_next}, .tar = tar};
	struct client_request request = {.path = archive_path(cli, &place, query), .made_body = &sent.base};
	rc = put(cli, &request, err);
	stream_done(tar);
	return rc;
}

static int cp_run(struct cli *cli)
{
	const struct cp_options *options = cli->options;
	struct side from = side_parse(cli, cli->args[0]), to = side_parse(cli, cli->args[1]);
	struct err err;
	int rc;
	if (from.container && to.container)
		rc = err_set(&err, EINVAL, "copying between containers is not supported");
	else if (!from.container && !to.container)
		rc = err_set(&err, EINVAL, "must specify at least one container source");
	else
		rc = from.container ? copy_from(cli, &from, &to, &err) : copy_to(cli, &from, &to, &err);
	if (rc < 0)
		return cli_failed(&err);
	if (!options->quiet && isatty(STDOUT_FILENO) && !text_equal(cli->args[1], "-")) {
		char size[SIZE_TEXT];
		size_decimal((int64_t)copied, 4, size);
		fprintf(stderr, "Successfully copied %s to %s\n", size, cli->args[1]);
	}
	return 0;
}

const struct command command_cp = {
    .path = "container cp",
    .shortcut = "cp",
    .usage = "CONTAINER:SRC_PATH DEST_PATH|-",
    .summary = "Copy files/folders between a container and the local filesystem",
    .args_min = 2,
    .args_max = 2,
    .options = cp_rows,
    .options_size = sizeof(struct cp_options),
    .run = cp_run,
};
