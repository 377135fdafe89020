#include "cli/download.h"

#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int body_copy(struct cli *cli, const char *path, int fd, struct err *err)
{
	const struct client_request request = {.method = "GET", .path = path};
	auto_free char *data = x_alloc(CLIENT_READ);
	struct client_stream stream;
	ssize_t size;
	int rc = client_open(&cli->client, &request, &stream, err);
	if (rc < 0)
		return rc;
	while ((size = client_stream_read(&stream, data, CLIENT_READ, err)) > 0) {
		rc = fd_write_full(fd, data, (size_t)size);
		if (rc < 0) {
			err_set(err, -rc, "write: %s", strerror(-rc));
			break;
		}
	}
	client_stream_done(&stream);
	return size < 0 ? (int)size : rc;
}

/* Devices and pipes are written to as they are. */
static bool is_special(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static int to_special(struct cli *cli, const char *path, const char *output, struct err *err)
{
	auto_fd int fd = open(output, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open %s", output) : body_copy(cli, path, fd, err);
}

int download(struct cli *cli, const char *path, const char *output, struct err *err)
{
	if (text_empty(output)) {
		if (isatty(STDOUT_FILENO))
			return err_set(err, EINVAL,
				       "cowardly refusing to save to a terminal. Use the -o flag or redirect");
		return body_copy(cli, path, STDOUT_FILENO, err);
	}
	if (is_special(output))
		return to_special(cli, path, output, err);
	auto_free char *temporary = x_printf("%s.tug-%d", output, (int)getpid());
	auto_fd int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "open %s", output);
	int rc = body_copy(cli, path, fd, err);
	if (rc == 0 && rename(temporary, output) < 0)
		rc = err_sys(err, "write %s", output);
	if (rc < 0)
		(void)unlink(temporary);
	return rc;
}
