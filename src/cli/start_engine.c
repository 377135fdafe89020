#include "cli/start_engine.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "base/time.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define CONFIG_PATH "/etc/tug/daemon.json"
#define LOG_PATH "/var/log/tugd.log"

enum { START_SECONDS = 10, CONFIG_MAX = 1 << 20 };

/* The rest of the file is tugd's to judge: what cannot be read here fails there, with better words. */
static bool start_allowed(void)
{
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(CONFIG_MAX);
	struct err err;
	const struct json *config;
	const char *wish = getenv("TUG_AUTO_START");
	if (!text_empty(wish))
		return !(text_equal(wish, "off") || text_equal(wish, "false") || text_equal(wish, "0"));
	if (file_read(AT_FDCWD, CONFIG_PATH, &text, &err) < 0 ||
	    json_parse(&arena, buf_str(&text), text.len, CONFIG_PATH, &config, &err) < 0)
		return true;
	const struct json *value = json_get(config, "auto-start");
	return !value || value->kind != JSON_BOOL || value->boolean;
}

/* Tries to connect until the engine listens or has ended. */
static int engine_wait(const struct endpoint *endpoint, int watch, struct err *err)
{
	int64_t end = time_monotonic_ns() + START_SECONDS * 1000000000LL;
	for (;;) {
		int fd;
		struct err unready;
		if (endpoint_connect(endpoint, &fd, &unready) == 0) {
			close(fd);
			return 0;
		}
		/* A pidfd is readable once the process has ended. */
		struct pollfd poll_fd = {.fd = watch, .events = POLLIN};
		if (poll(&poll_fd, 1, 5) > 0)
			return err_set(err, ECONNREFUSED, "tugd was started and has ended: see %s", LOG_PATH);
		if (time_monotonic_ns() > end)
			return err_set(err, ETIMEDOUT, "tugd was started and does not answer on %s: see %s",
				       endpoint->text, LOG_PATH);
	}
}

static int log_open(int *out_fd, struct err *err)
{
	*out_fd = open(LOG_PATH, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	return *out_fd < 0 ? err_sys(err, "open %s", LOG_PATH) : 0;
}

int start_engine(struct client *client, struct err *err)
{
	if (geteuid() != 0 || !start_allowed())
		return err_set(err, ECONNREFUSED, "Cannot connect to the engine at %s: none is running. Start one: %s",
			       client->endpoint.text, geteuid() == 0 ? "tugd &" : "as root, tugd");
	auto_free char *program = NULL;
	int rc = process_sibling("tugd", &program, err);
	if (rc < 0)
		return rc;
	auto_fd int turn = -1, log = -1, early = -1;
	rc = log_open(&turn, err);
	if (rc == 0)
		rc = log_open(&log, err);
	if (rc < 0)
		return rc;
	/* Of several clients one starts it; the others find it running when their turn comes. */
	if (flock(turn, LOCK_EX) < 0)
		return err_sys(err, "lock %s", LOG_PATH);
	if (endpoint_connect(&client->endpoint, &early, err) == 0)
		return 0;
	const int fds[] = {-1, -1, log};
	char *const argv[] = {(char *)"tugd", NULL};
	extern char **environ;
	struct process_spec spec = {.path = program,
				    .exe_fd = -1,
				    .argv = argv,
				    .envp = environ,
				    .fds = fds,
				    .fd_count = array_size(fds),
				    .new_session = true};
	pid_t pid;
	rc = process_spawn(&spec, &pid, err);
	if (rc < 0)
		return err_wrap(err, "start an engine");
	auto_fd int watch = -1;
	rc = fd_pidfd(pid, &watch, err);
	if (rc < 0 && rc != -ENOSYS) /* kernel 5.3: pidfd_open. Before, only the time limit counts. */
		return rc;
	fprintf(stderr, "tug: no engine was running: started one (tugd, process %d, log %s)\n", (int)pid, LOG_PATH);
	return engine_wait(&client->endpoint, watch, err);
}
