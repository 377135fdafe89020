#include "monitor/log_remote.h"

#include "unit/test.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct err err;

static struct log_options options(const char *remote, const char *address, const char *format)
{
	return (struct log_options){.file = (char *)"",
				    .attributes = (char *)"",
				    .remote = (char *)remote,
				    .address = (char *)address,
				    .format = (char *)format,
				    .tag = (char *)"abc",
				    .id = (char *)"0123456789abcdef",
				    .name = (char *)"web",
				    .image = (char *)"busybox",
				    .facility = 3};
}

static int listen_at(const char *name, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, name);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	return fd;
}

TEST(syslog_formats)
{
	const struct log_message message = {LOG_STDERR, "a line", 6, false, 1732443000123456789};
	struct log_options old = options("syslog", "unixgram:///x", "rfc3164"),
			   new = options("syslog", "udp://h", "rfc5424");
	auto_buf text = BUF_INIT(4096);
	char expected[256];
	log_message_encode(&old, "host", &message, &text);
	CHECK(strncmp(text.data, "<27>", 4) == 0);
	snprintf(expected, sizeof expected, " abc[%d]: a line\n", (int)getpid());
	CHECK_CONTAINS(text.data, expected);
	buf_reset(&text);
	log_message_encode(&new, "host", &message, &text);
	snprintf(expected, sizeof expected, "<27>1 2024-11-24T10:10:00Z host abc %d abc - a line", (int)getpid());
	CHECK_STR(text.data, expected);
	buf_reset(&text);
	new.format = (char *)"rfc5424micro";
	log_message_encode(&new, "host", &message, &text);
	CHECK_CONTAINS(text.data, "<27>1 2024-11-24T10:10:00.123456Z host");
}

TEST(the_journals_fields)
{
	struct log_options journal = options("journald", "", "");
	const struct log_message message = {LOG_STDOUT, "a\nb", 3, true, 1};
	auto_buf text = BUF_INIT(4096);
	log_message_encode(&journal, "host", &message, &text);
	CHECK(memcmp(text.data, "MESSAGE\n\3\0\0\0\0\0\0\0a\nb\n", 20) == 0);
	CHECK_CONTAINS(text.data + 20, "PRIORITY=6\nCONTAINER_ID=0123456789ab\n");
	CHECK_CONTAINS(text.data + 20,
		       "CONTAINER_NAME=web\nCONTAINER_TAG=abc\nIMAGE_NAME=busybox\nSYSLOG_IDENTIFIER=abc\n");
	CHECK_CONTAINS(text.data + 20, "CONTAINER_PARTIAL_MESSAGE=true\n");
}

TEST(lines_arrive_one_by_one)
{
	struct log_options journal = options("journald", "sock", "");
	struct log_remote *remote;
	char data[4096];
	int fd = listen_at("sock", SOCK_DGRAM);
	CHECK_OK(log_remote_open(&journal, &remote, &err));
	log_remote_write(remote, LOG_STDOUT, "one\ntw", 6, 1);
	log_remote_write(remote, LOG_STDOUT, "o\nthree", 7, 1);
	log_remote_close(remote, 1);
	static const char *const lines[] = {"MESSAGE=one\n", "MESSAGE=two\n", "MESSAGE=three\n"};
	for (size_t i = 0; i < array_size(lines); i++) {
		ssize_t size = recv(fd, data, sizeof data - 1, MSG_DONTWAIT);
		CHECK(size > 0);
		data[size] = 0;
		CHECK_CONTAINS(data, lines[i]);
	}
	CHECK(recv(fd, data, sizeof data, MSG_DONTWAIT) < 0);
	close(fd);
}

TEST(a_receiver_that_is_slow_or_gone_holds_up_nothing)
{
	struct log_options log = options("syslog", "unixgram://slow", "rfc3164");
	struct log_remote *remote;
	int fd = listen_at("slow", SOCK_DGRAM);
	log.buffer = 4096;
	CHECK_OK(log_remote_open(&log, &remote, &err));
	for (int i = 0; i < 1000; i++)
		log_remote_write(remote, LOG_STDOUT, "a line of some length\n", 22, 1);
	CHECK(log_remote_dropped(remote) > 0 && log_remote_dropped(remote) < 1000);
	close(fd);
	unlink("slow");
	uint64_t before = log_remote_dropped(remote);
	for (int i = 0; i < 1000; i++)
		log_remote_write(remote, LOG_STDOUT, "a line of some length\n", 22, 1);
	CHECK(log_remote_dropped(remote) > before);
	log_remote_close(remote, 1);
	CHECK_ERR(log_remote_open(&log, &remote, &err), ENOENT);
}
