#include "cli/build_source.h"

#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "docker/image.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { AHEAD = 512 };

void build_source_done(struct build_source *source)
{
	struct err ignored;
	build_context_free(source->context);
	buf_done(&source->ahead);
	if (source->temporary && path_remove_tree(AT_FDCWD, source->temporary, &ignored) < 0)
		cli_complain(&ignored);
	free(source->temporary);
	*source = (struct build_source){.input = -1};
}

static int file_text(const char *path, struct buf *out, struct err *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	return file_read_fd(fd, path, out, err);
}

/* --- what is sent of a folder --- */

static int ignore_read(struct cli *cli, const char *folder, const char *dockerfile, struct ignore *out_ignore,
		       struct err *err)
{
	auto_buf text = BUF_INIT(IGNORE_SIZE_MAX);
	struct err missing;
	auto_free char *beside = x_printf("%s.dockerignore", dockerfile), *usual = x_printf("%s/.dockerignore", folder);
	*out_ignore = (struct ignore){0};
	const char *found = access(beside, F_OK) == 0 ? beside : usual;
	if (access(found, F_OK) < 0)
		return 0;
	int rc = file_text(found, &text, &missing);
	if (rc < 0)
		return err_set(err, -rc, "%s", missing.msg);
	rc = ignore_parse(&cli->arena, buf_str(&text), text.len, out_ignore, err);
	return rc < 0 ? err_wrap(err, "%s", found) : 0;
}

/* Triggers of a base image may ask for anything; one that is not here may have some. */
static bool bases_are_plain(struct cli *cli, const struct build_needs *needs)
{
	for (char **base = needs->bases; *base; base++) {
		struct image_inspect image = {0};
		struct err missing;
		const struct client_request request = {.method = "GET",
						       .path = cli_path(cli, "/images/%s/json", *base)};
		if (client_struct(&cli->client, &request, &table_image_inspect, &image, &missing) < 0 ||
		    (image.config && image.config->on_build && image.config->on_build[0]))
			return false;
	}
	return true;
}

/* A name that a link leads elsewhere with is not what it seems. */
static bool through_link(const char *folder, const char *path)
{
	struct err ignored;
	auto_fd int top = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), found = -1;
	return top >= 0 && path_open(top, path, PATH_NO_LINKS, O_PATH, 0, &found, &ignored) == -ELOOP;
}

static void needs_find(struct cli *cli, const char *folder, const struct buf *text, struct build_needs *out_needs)
{
	struct dockerfile file;
	struct err bad;
	*out_needs = (struct build_needs){.all = true};
	/* The engine says what is wrong with it; then nothing else is needed. */
	if (dockerfile_parse(&cli->arena, "Dockerfile", buf_str(text), text->len, &file, &bad) < 0) {
		out_needs->all = false;
		return;
	}
	needs_read(&cli->arena, &file, out_needs);
	for (size_t i = 0; i < out_needs->count && !out_needs->all; i++)
		out_needs->all = through_link(folder, out_needs->paths[i]);
	if (!out_needs->all && !bases_are_plain(cli, out_needs))
		out_needs->all = true;
}

static int dockerfile_find(struct cli *cli, const char *folder, const char *file, struct buf *text,
			   const char **out_path, struct err *err)
{
	if (file && text_equal(file, "-")) {
		*out_path = "Dockerfile";
		return file_read_fd(STDIN_FILENO, "standard input", text, err);
	}
	*out_path = file ? file : arena_printf(&cli->arena, "%s/Dockerfile", folder);
	if (!file && access(*out_path, F_OK) < 0) {
		const char *lower = arena_printf(&cli->arena, "%s/dockerfile", folder);
		if (access(lower, F_OK) == 0)
			*out_path = lower;
	}
	/* -f is a name from here; one in the context is found too. */
	if (file && file[0] != '/' && access(file, F_OK) < 0)
		*out_path = arena_printf(&cli->arena, "%s/%s", folder, file);
	int rc = file_text(*out_path, text, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "failed to read dockerfile: open %s: no such file or directory",
			       file ? file : "Dockerfile");
	return rc;
}

static int folder_source(struct cli *cli, const char *folder, const char *file, struct build_source *source,
			 struct err *err)
{
	auto_buf text = BUF_INIT(DOCKERFILE_SIZE_MAX);
	struct ignore ignore;
	struct build_needs needs;
	const char *path;
	if (access(folder, F_OK) < 0)
		return err_set(err, ENOENT, "unable to prepare context: path \"%s\" not found", folder);
	int rc = dockerfile_find(cli, folder, file, &text, &path, err);
	if (rc == 0)
		rc = ignore_read(cli, folder, path, &ignore, err);
	if (rc < 0)
		return rc;
	source->context = build_context_new();
	source->contexts = 1;
	source->dockerfile = path_last(path);
	build_context_dockerfile(source->context, buf_str(&text), text.len);
	needs_find(cli, folder, &text, &needs);
	source->bases = needs.bases;
	return build_context_folder(source->context, 0, folder, &ignore, &needs, err);
}

/* --- standard input --- */

static bool is_archive(const struct buf *start)
{
	static const struct {
		const char *magic;
		size_t size;
	} kinds[] = {{"\x1f\x8b", 2},
		     {"BZh", 3},
		     {"\xfd"
		      "7zXZ",
		      5},
		     {"\x28\xb5\x2f\xfd", 4}};
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (start->len >= kinds[i].size && memcmp(start->data, kinds[i].magic, kinds[i].size) == 0)
			return true;
	}
	return start->len >= 262 && memcmp(start->data + 257, "ustar", 5) == 0;
}

static int stdin_source(const char *file, struct build_source *source, struct err *err)
{
	while (source->ahead.len < AHEAD) {
		char *room = buf_room(&source->ahead, AHEAD);
		ssize_t size = read(STDIN_FILENO, room, AHEAD);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return err_sys(err, "read standard input");
		if (size == 0)
			break;
		buf_grown(&source->ahead, (size_t)size);
	}
	if (is_archive(&source->ahead)) {
		source->dockerfile = file;
		source->input = STDIN_FILENO;
		return 0;
	}
	int rc = file_read_fd(STDIN_FILENO, "standard input", &source->ahead, err);
	if (rc < 0)
		return rc;
	if (source->ahead.len == 0)
		return err_set(err, EINVAL, "the Dockerfile on standard input is empty");
	source->context = build_context_new();
	source->contexts = 1;
	source->dockerfile = "Dockerfile";
	build_context_dockerfile(source->context, buf_str(&source->ahead), source->ahead.len);
	return 0;
}

/* --- git --- */

static int git_run(char *const *argv, struct err *err)
{
	/* No configuration, no prompt, no protocol but those that reach elsewhere (B-05, B-06). */
	auto_strv char **env = NULL;
	static const char *const kept[] = {"PATH",     "HOME",	     "SSH_AUTH_SOCK", "HTTP_PROXY", "HTTPS_PROXY",
					   "NO_PROXY", "http_proxy", "https_proxy",   "no_proxy",   "GIT_SSL_CAINFO"};
	for (size_t i = 0; i < array_size(kept); i++) {
		if (getenv(kept[i]))
			strv_push(&env, x_printf("%s=%s", kept[i], getenv(kept[i])));
	}
	strv_push(&env, x_strdup("GIT_TERMINAL_PROMPT=0"));
	strv_push(&env, x_strdup("GIT_CONFIG_NOSYSTEM=1"));
	strv_push(&env, x_strdup("GIT_ALLOW_PROTOCOL=http:https:git:ssh"));
	const int fds[] = {-1, STDERR_FILENO, STDERR_FILENO};
	const struct process_spec spec = {
	    .path = "/usr/bin/git", .exe_fd = -1, .argv = argv, .envp = env, .fds = fds, .fd_count = 3};
	pid_t pid;
	int status;
	int rc = process_spawn(&spec, &pid, err);
	if (rc < 0)
		return err_wrap(err, "unable to find 'git'");
	rc = process_wait(pid, &status, err);
	if (rc < 0)
		return rc;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0
		   ? 0
		   : err_set(err, EIO, "git %s failed", argv[1] && text_equal(argv[1], "-C") ? argv[3] : argv[1]);
}
#define GIT(err, ...) git_run((char *const[]){(char *)"git", __VA_ARGS__, NULL}, err)

static bool is_repository(const char *path)
{
	size_t size = strcspn(path, "#?");
	bool web = text_after(path, "http://") || text_after(path, "https://");
	return text_after(path, "git://") || text_after(path, "ssh://") || text_after(path, "git@") ||
	       text_after(path, "github.com/") || (web && size > 4 && strncmp(path + size - 4, ".git", 4) == 0);
}

/* "URL#REF:FOLDER" */
static int git_source(struct cli *cli, const char *path, const char *file, struct build_source *source, struct err *err)
{
	char pattern[] = "/tmp/tug-build-XXXXXX";
	char *url = arena_strndup(&cli->arena, path, strcspn(path, "#"));
	char *ref = path[strlen(url)] ? arena_strdup(&cli->arena, path + strlen(url) + 1) : (char *)"";
	char *folder = strchr(ref, ':');
	if (folder)
		*folder++ = 0;
	if (text_after(url, "github.com/"))
		url = arena_printf(&cli->arena, "https://%s", url);
	if (ref[0] == '-' || strpbrk(ref, " ~^\\"))
		return err_set(err, EINVAL, "invalid git reference \"%s\"", ref);
	if (!mkdtemp(pattern))
		return err_sys(err, "make a folder for the clone");
	source->temporary = x_strdup(pattern);
	int rc = GIT(err, (char *)"init", (char *)"-q", (char *)"--", pattern);
	if (rc == 0)
		rc = GIT(err, (char *)"-C", pattern, (char *)"fetch", (char *)"-q", (char *)"--depth=1",
			 (char *)"--recurse-submodules=no", (char *)"--", url, *ref ? ref : (char *)"HEAD");
	if (rc == 0)
		rc = GIT(err, (char *)"-C", pattern, (char *)"checkout", (char *)"-q", (char *)"FETCH_HEAD",
			 (char *)"--");
	if (rc < 0)
		return err_wrap(err, "unable to prepare context: unable to clone %s", url);
	auto_free char *git = x_printf("%s/.git", pattern);
	rc = path_remove_tree(AT_FDCWD, git, err);
	if (rc < 0)
		return rc;
	if (text_empty(folder))
		return folder_source(cli, pattern, file, source, err);
	/* Each part of it is a real folder (B-05). */
	auto_fd int top = open(pattern, O_PATH | O_DIRECTORY | O_CLOEXEC), found = -1;
	rc =
	    path_open(top, folder[0] == '/' ? folder + 1 : folder, PATH_NO_LINKS, O_PATH | O_DIRECTORY, 0, &found, err);
	if (rc < 0)
		return err_wrap(err, "unable to prepare context: %s", folder);
	return folder_source(cli, arena_printf(&cli->arena, "%s/%s", pattern, folder), file, source, err);
}

/* --- named contexts --- */

static int named_add(struct cli *cli, struct build_source *source, const char *item, struct buf *json, struct err *err)
{
	const char *equals = strchr(item, '=');
	struct ignore ignore;
	if (!equals || equals == item || !equals[1])
		return err_set(err, EINVAL, "invalid context value: %s, expected key=value", item);
	char *name = arena_strndup(&cli->arena, item, (size_t)(equals - item));
	const char *value = equals + 1;
	buf_text(json, json->len > 1 ? "," : "");
	json_encode_string(json, name);
	buf_char(json, ':');
	if (text_after(value, "docker-image://") || text_after(value, "target:")) {
		json_encode_string(json, value);
		return 0;
	}
	if (strstr(value, "://"))
		return err_set(err, EOPNOTSUPP,
			       "--build-context %s: known, but not supported yet: a folder, "
			       "docker-image://REFERENCE or target:STAGE",
			       item);
	if (!source->context)
		return err_set(err, EINVAL, "--build-context with a folder does not go with a tar on standard input");
	auto_free char *none = x_printf("%s/Dockerfile", value);
	int rc = ignore_read(cli, value, none, &ignore, err);
	if (rc < 0)
		return rc;
	buf_printf(json, "\"%lld\"", (long long)source->contexts);
	return build_context_folder(source->context, (unsigned)source->contexts++, value, &ignore, NULL, err);
}

int build_source_open(struct cli *cli, const struct build_source_request *request, struct build_source *out_source,
		      struct err *err)
{
	struct build_source source = {.input = -1, .ahead = BUF_INIT(DOCKERFILE_SIZE_MAX)};
	const char *path = request->path;
	int rc;
	if (text_equal(path, "-") && request->file && text_equal(request->file, "-"))
		rc = err_set(err, EINVAL, "invalid argument: can't use stdin for both build context and dockerfile");
	else if (text_equal(path, "-"))
		rc = stdin_source(request->file, &source, err);
	else if (is_repository(path))
		rc = git_source(cli, path, request->file, &source, err);
	else if (text_after(path, "http://") || text_after(path, "https://"))
		rc = err_set(err, EOPNOTSUPP, "a context from %s is not supported yet: curl it and give it as \"-\"",
			     path);
	else
		rc = folder_source(cli, path, request->file, &source, err);
	buf_char(request->out_named, '{');
	for (char *const *item = request->named; rc == 0 && item && *item; item++)
		rc = named_add(cli, &source, *item, request->out_named, err);
	buf_char(request->out_named, '}');
	if (rc < 0) {
		build_source_done(&source);
		return rc;
	}
	*out_source = source;
	return 0;
}
