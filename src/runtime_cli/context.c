#include "runtime_cli/context.h"

#include "base/buffer.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "runtime_cli/rootless.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_MAX_SIZE = 64 << 10 };

static char *root_default(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");
	/* Who is root of a user namespace may have come there as root, with root's environment. */
	bool own = geteuid() != 0 || (rootless_here() && !(user && text_equal(user, "root")));
	if (own && !text_empty(runtime))
		return x_printf("%s/tug-runtime", runtime);
	return x_strdup("/run/tug-runtime");
}

int context_open(struct context *context, bool make, struct err *err)
{
	if (!context->root)
		context->root = context->own_root = root_default();
	context->root_fd = open(context->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (context->root_fd < 0 && errno == ENOENT && make) {
		auto_free char *path = x_strdup(context->root);
		for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = 0;
			(void)mkdir(path, 0755);
			*slash = '/';
		}
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, "make the state directory %s", context->root);
		context->root_fd = open(context->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (context->root_fd < 0)
		return err_set(err, errno, "open the state directory %s: %s", context->root,
			       errno == ENOENT ? "no such file or directory" : strerror(errno));
	return 0;
}

static void line_make(const struct context *context, const char *level, const char *text, struct buf *line)
{
	char time[TIME_TEXT];
	time_rfc3339(time_wall_ns(), time);
	if (context->log_format && text_equal(context->log_format, "json")) {
		buf_printf(line, "{\"level\":\"%s\",\"msg\":", level);
		json_encode_string(line, text);
		buf_printf(line, ",\"time\":\"%s\"}\n", time);
	} else {
		buf_printf(line, "time=\"%s\" level=%s msg=", time, level);
		json_encode_string(line, text);
		buf_char(line, '\n');
	}
}

static void log_append(const struct context *context, const struct buf *line)
{
	auto_fd int fd = open(context->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || fd_write_full(fd, line->data, line->len) < 0)
		fprintf(stderr, "tug-runtime: log %s: %s\n", context->log, strerror(errno));
}

static void tell(const struct context *context, const char *level, const char *text)
{
	auto_buf line = BUF_INIT(LINE_MAX_SIZE);
	fflush(stdout);
	fprintf(stderr, "tug-runtime: %s\n", text);
	if (text_empty(context->log))
		return;
	line_make(context, level, text, &line);
	log_append(context, &line);
}

int context_failed(const struct context *context, const struct err *err)
{
	tell(context, "error", err->msg);
	return EXIT_FAILURE;
}

void context_warn(const struct context *context, const char *sentence)
{
	tell(context, "warning", sentence);
}

void context_warn_of(void *context, const char *sentence)
{
	context_warn(context, sentence);
}

void context_debug_of(void *pointer, const char *sentence)
{
	const struct context *context = pointer;
	auto_buf line = BUF_INIT(LINE_MAX_SIZE);
	line_make(context, "debug", sentence, &line);
	if (text_empty(context->log))
		fputs(buf_str(&line), stderr);
	else
		log_append(context, &line);
}
