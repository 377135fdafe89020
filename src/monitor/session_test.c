#include "monitor/session.h"

#include "base/fd.h"
#include "base/file.h"
#include "monitor/protocol.h"
#include "unit/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct err err;
static bool is_over;

static void over(struct session *session)
{
	is_over = true;
	struct attached *next;
	for (struct attached *client = session->clients; client; client = next) {
		next = client->next;
		attached_end(client);
	}
}

/* A session whose process is this shell text. */
static struct session *session_of(struct loop *loop, uint32_t flags, const char *script)
{
	int stdio[3];
	struct session *session = session_new(loop, 0, flags);
	session->over = over;
	is_over = false;
	CHECK_OK(session_pipes(session, flags, stdio, &err));
	CHECK_OK(session_watch(session, &err));
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++) {
			if (stdio[i] >= 0)
				dup2(stdio[i], i);
		}
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	cleanup_fds(stdio, 3);
	CHECK_OK(session_child(session, pid, &err));
	return session;
}

static int client_of(struct session *session, uint32_t flags)
{
	int pair[2];
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_OK(attached_new(session, session->loop, pair[0], flags, &(struct key_sequence){0}, &err));
	return pair[1];
}

static void run_to_end(struct loop *loop, struct session *session)
{
	while (!is_over || session->clients)
		CHECK_OK(loop_once(loop, -1, &err));
}

TEST(output_arrives_in_frames_and_in_the_log)
{
	struct loop *loop;
	char text[64];
	auto_buf content = BUF_INIT(4096);
	CHECK_OK(loop_new(&loop, &err));
	struct session *session = session_of(loop, 0, "echo out; echo err >&2; exit 3");
	struct output_log log = {0};
	session->log = &log;
	CHECK_OK(log_file_open(AT_FDCWD, "log", 0, 1, &log.file, &err));
	int client = client_of(session, MONITOR_OUT);
	int other = client_of(session, MONITOR_ERR);
	run_to_end(loop, session);
	CHECK_INT(session_exit_code(session), 3);
	CHECK_INT(read(client, text, sizeof text), 12);
	CHECK(memcmp(text, "\1\0\0\0\0\0\0\4out\n", 12) == 0);
	CHECK_INT(read(client, text, sizeof text), 0);
	CHECK_INT(read(other, text, sizeof text), 12);
	CHECK(memcmp(text, "\2\0\0\0\0\0\0\4err\n", 12) == 0);
	output_log_close(&log, 0);
	CHECK_OK(file_read(AT_FDCWD, "log", &content, &err));
	CHECK_CONTAINS(buf_str(&content), "{\"log\":\"out\\n\",\"stream\":\"stdout\",");
	CHECK_CONTAINS(buf_str(&content), "{\"log\":\"err\\n\",\"stream\":\"stderr\",");
	close(client);
	close(other);
	session_free(session);
	loop_free(loop);
}

TEST(input_reaches_the_process_and_its_end_too)
{
	struct loop *loop;
	auto_buf wanted = BUF_INIT(2 << 20), got = BUF_INIT(2 << 20);
	CHECK_OK(loop_new(&loop, &err));
	struct session *session = session_of(loop, MONITOR_OPEN_STDIN | MONITOR_STDIN_ONCE, "cat | wc -c");
	int client = client_of(session, MONITOR_IN | MONITOR_OUT);
	pid_t pid = fork();
	if (pid == 0) {
		static char data[300000];
		(void)!fd_write_full(client, data, sizeof data);
		shutdown(client, SHUT_WR);
		_exit(0);
	}
	run_to_end(loop, session);
	char text[64] = {0};
	CHECK(read(client, text, sizeof text - 1) > 8);
	CHECK_STR(text + 8, "300000\n");
	close(client);
	session_free(session);
	loop_free(loop);
}

TEST(without_once_the_end_of_input_is_not_the_process_s)
{
	struct loop *loop;
	CHECK_OK(loop_new(&loop, &err));
	struct session *session = session_of(loop, MONITOR_OPEN_STDIN, "read one; echo $one; read two; echo $two");
	char text[64] = {0};
	int first = client_of(session, MONITOR_IN | MONITOR_OUT);
	CHECK_INT(fd_write_full(first, "a\n", 2), 0);
	shutdown(first, SHUT_WR);
	while (recv(first, text, sizeof text, MSG_PEEK | MSG_DONTWAIT) < 0)
		CHECK_OK(loop_once(loop, 10, &err));
	CHECK(memcmp(text + 8, "a\n", 2) == 0);
	int second = client_of(session, MONITOR_IN);
	CHECK_INT(fd_write_full(second, "b\n", 2), 0);
	run_to_end(loop, session);
	CHECK_INT(session_exit_code(session), 0);
	close(first);
	close(second);
	session_free(session);
	loop_free(loop);
}

TEST(a_slow_client_holds_the_process_and_loses_nothing)
{
	struct loop *loop;
	CHECK_OK(loop_new(&loop, &err));
	struct session *session = session_of(loop, 0, "yes | head -c 3000000");
	int client = client_of(session, MONITOR_OUT);
	size_t total = 0, frame = 0;
	char data[4096];
	CHECK_OK(fd_set_nonblock(client, true, &err));
	for (;;) {
		CHECK_OK(loop_once(loop, 0, &err));
		ssize_t size = read(client, data, sizeof data);
		if (size == 0)
			break;
		/* Frames are taken apart: their heads do not count. */
		for (ssize_t i = 0; i < size; i++) {
			static unsigned char head[8];
			static size_t seen;
			if (frame == 0) {
				head[seen++] = (unsigned char)data[i];
				if (seen < sizeof head)
					continue;
				seen = 0;
				frame = (size_t)head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
				continue;
			}
			frame--;
			total++;
		}
	}
	CHECK_INT(total, 3000000);
	CHECK(is_over);
	close(client);
	session_free(session);
	loop_free(loop);
}

TEST(streams_that_others_hold_do_not_keep_the_session)
{
	struct loop *loop;
	CHECK_OK(loop_new(&loop, &err));
	struct session *session = session_of(loop, 0, "sleep 50 & exit 0");
	int client = client_of(session, MONITOR_OUT);
	run_to_end(loop, session);
	close(client);
	session_free(session);
	loop_free(loop);
}

TEST(a_client_that_goes_is_forgotten)
{
	struct loop *loop;
	CHECK_OK(loop_new(&loop, &err));
	struct session *session = session_of(loop, 0, "yes | head -c 1000000; exit 7");
	close(client_of(session, MONITOR_OUT));
	run_to_end(loop, session);
	CHECK_INT(session_exit_code(session), 7);
	session_free(session);
	loop_free(loop);
}
