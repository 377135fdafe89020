#include "runtime_cli/criu.h"

#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { REQUEST_MAX = 4 << 20, ANSWER_MAX = 64 << 10, SOCKET_FD = 3 };

extern char **environ;

/* --- the process --- */

static int program_find(char **out_path, struct err *err)
{
	const char *given = getenv("PATH");
	auto_strv char **folders =
	    strv_split(given ? given : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ':');
	for (char **folder = folders; *folder; folder++) {
		struct stat info;
		auto_free char *path = x_printf("%s/criu", **folder ? *folder : ".");
		if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0) {
			*out_path = path;
			path = NULL;
			return 0;
		}
	}
	return err_set(
	    err, ENOENT,
	    "exec: \"criu\": executable file not found in $PATH: checkpoint and restore need it (package criu)");
}

int criu_start(const struct criu_start *start, struct criu *out_criu, struct err *err)
{
	static char *const argv[] = {(char *)"criu", (char *)"swrk", (char *)"3", NULL};
	auto_free char *path = NULL;
	int fds[CRIU_INHERIT_FIRST + CRIU_INHERIT_MAX] = {-1, -1, -1}, pair[2];
	int rc = program_find(&path, err);
	if (rc < 0)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "a socket for criu");
	auto_fd int mine = pair[0], theirs = pair[1];
	if (start->stdio)
		memcpy(fds, start->stdio, 3 * sizeof *fds);
	fds[SOCKET_FD] = theirs;
	if (start->inherit_count > CRIU_INHERIT_MAX)
		return err_set(err, E2BIG, "more than %d descriptors for criu", CRIU_INHERIT_MAX);
	for (size_t i = 0; i < start->inherit_count; i++)
		fds[CRIU_INHERIT_FIRST + i] = start->inherit[i];
	const struct process_spec spec = {.path = path,
					  .exe_fd = -1,
					  .argv = argv,
					  .envp = environ,
					  .fds = fds,
					  .fd_count = CRIU_INHERIT_FIRST + start->inherit_count};
	rc = process_spawn(&spec, &out_criu->pid, err);
	if (rc == 0)
		out_criu->socket = take_fd(&mine);
	return rc;
}

int criu_end(struct criu *criu, bool must_succeed, struct err *err)
{
	int status, rc;
	if (criu->pid <= 0)
		return 0;
	cleanup_fd(&criu->socket);
	criu->socket = -1;
	rc = process_wait(criu->pid, &status, err);
	criu->pid = 0;
	if (rc < 0 || !must_succeed || status == 0)
		return rc;
	return err_set(err, EIO, "criu failed: %s %d", WIFEXITED(status) ? "exit status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* --- the conversation --- */

static int send_request(const struct criu *criu, const struct criu_request *request, struct err *err)
{
	auto_buf bytes = BUF_INIT(REQUEST_MAX);
	criu_request_encode(request, &bytes);
	int rc = buf_check(&bytes, "the request to criu", err);
	if (rc < 0)
		return rc;
	/* One datagram: the socket has to hold all of it. */
	int room = (int)bytes.len * 2;
	(void)setsockopt(criu->socket, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	rc = fd_send(criu->socket, bytes.data, bytes.len, NULL, 0);
	return rc < 0 ? err_set(err, -rc, "ask criu: %s", strerror(-rc)) : 0;
}

static int receive_answer(const struct criu *criu, struct criu_answer *answer, int *out_fd, struct err *err)
{
	auto_free char *data = x_alloc(ANSWER_MAX);
	size_t fd_count = 0;
	int fd = -1;
	ssize_t size = fd_receive(criu->socket, data, ANSWER_MAX, &fd, 1, &fd_count);
	if (size <= 0)
		return size == 0 ? err_set(err, EPIPE, "criu ended without an answer")
				 : err_set(err, (int)-size, "criu's answer: %s", strerror((int)-size));
	*out_fd = fd_count ? fd : -1;
	int rc = criu_answer_decode(data, (size_t)size, answer, err);
	if (rc == 0 && !answer->success)
		rc = err_set(err, EIO, "criu failed: type %s errno %d", criu_kind_name((enum criu_kind)answer->kind),
			     (int)answer->error);
	return rc;
}

int criu_ask(struct criu *criu, const struct criu_request *request, criu_notice notice, void *context,
	     struct criu_answer *out_answer, struct err *err)
{
	const struct criu_request done = {.kind = CRIU_NOTIFY, .notify_success = true};
	int rc = send_request(criu, request, err);
	while (rc == 0) {
		struct criu_answer answer = {0};
		auto_fd int fd = -1;
		rc = receive_answer(criu, &answer, &fd, err);
		if (rc < 0)
			return rc;
		if (answer.kind == (int64_t)request->kind) {
			*out_answer = answer;
			return 0;
		}
		if (answer.kind != CRIU_NOTIFY || !notice)
			return err_set(err, EPROTO, "criu answered what was not asked");
		rc = notice(context, &answer, fd, err);
		if (rc == 0)
			rc = send_request(criu, &done, err);
	}
	return rc;
}

/* --- what it can --- */

static int ask_once(const struct criu_request *request, struct criu_answer *answer, struct err *err)
{
	const struct criu_start start = {0};
	struct criu criu = {.socket = -1};
	struct err ignored;
	int rc = criu_start(&start, &criu, err);
	if (rc == 0)
		rc = criu_ask(&criu, request, NULL, NULL, answer, err);
	(void)!criu_end(&criu, false, &ignored);
	return rc;
}

int criu_check(bool mem_track, bool lazy_pages, struct err *err)
{
	const struct criu_request version = {.kind = CRIU_VERSION};
	const struct criu_request features = {
	    .kind = CRIU_FEATURE_CHECK, .mem_track = mem_track, .lazy_pages = lazy_pages};
	struct criu_answer answer;
	int rc = ask_once(&version, &answer, err);
	if (rc == -ENOENT)
		return rc;
	if (rc < 0)
		return err_wrap(err, "CRIU version check failed");
	/* As criu numbers itself. */
	int64_t number = answer.major * 10000 + answer.minor * 100 + answer.sublevel;
	if (number < CRIU_VERSION_MIN)
		return err_set(err, EOPNOTSUPP, "CRIU version %lld must be %d or higher", (long long)number,
			       CRIU_VERSION_MIN);
	if (!mem_track && !lazy_pages)
		return 0;
	rc = ask_once(&features, &answer, err);
	if (rc < 0)
		return err_wrap(err, "CRIU feature check failed");
	bool no_track = mem_track && !answer.mem_track, no_lazy = lazy_pages && !answer.lazy_pages;
	if (!no_track && !no_lazy)
		return 0;
	return err_set(err, EOPNOTSUPP, "criu is missing features: %s%s%s (of the kernel or of criu)",
		       no_track ? "MemTrack" : "", no_track && no_lazy ? ", " : "", no_lazy ? "LazyPages" : "");
}
