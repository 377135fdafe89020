/* Our side against a bus of the test's own, in a process beside it. */
#include "runtime/cgroup_compile.h"
#include "runtime/cgroup_scope.h"
#include "runtime/dbus.h"

#include "base/fd.h"
#include "base/text.h"

#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;

/* --- the bus --- */

static void message_send(int fd, enum dbus_kind kind, uint32_t reply_to, const char *member, const char *error,
			 const char *signature, const struct buf *body)
{
	auto_buf out = BUF_INIT(1 << 16);
	const char start[4] = {'l', (char)kind, 0, 1};
	buf_append(&out, start, sizeof start);
	dbus_put_u32(&out, body ? (uint32_t)body->len : 0);
	dbus_put_u32(&out, 77);
	size_t fields = dbus_put_array(&out, 8);
	const struct {
		char code;
		const char *type, *text;
	} rows[] = {{1, "o", kind == DBUS_SIGNAL ? "/org/freedesktop/systemd1" : NULL},
		    {2, "s", kind == DBUS_SIGNAL ? "org.freedesktop.systemd1.Manager" : NULL},
		    {3, "s", member},
		    {4, "s", error},
		    {8, "g", body ? signature : NULL}};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (!rows[i].text)
			continue;
		dbus_align(&out, 8);
		buf_char(&out, rows[i].code);
		dbus_put_signature(&out, rows[i].type);
		if (*rows[i].type == 'g')
			dbus_put_signature(&out, rows[i].text);
		else
			dbus_put_text(&out, rows[i].text);
	}
	if (reply_to) {
		dbus_align(&out, 8);
		buf_char(&out, 5);
		dbus_put_signature(&out, "u");
		dbus_put_u32(&out, reply_to);
	}
	dbus_end_array(&out, fields, 8);
	dbus_align(&out, 8);
	if (body)
		buf_append(&out, body->data, body->len);
	if (fd_write_full(fd, out.data, out.len) < 0)
		_exit(90);
}

static void job_send(int fd, const char *job, const char *result)
{
	auto_buf body = BUF_INIT(4096);
	dbus_put_u32(&body, 5);
	dbus_put_text(&body, job);
	dbus_put_text(&body, "runc-x.scope");
	dbus_put_text(&body, result);
	message_send(fd, DBUS_SIGNAL, 0, "JobRemoved", NULL, "uoss", &body);
}

static void line_read(int fd, char *line, size_t room)
{
	size_t size = 0;
	while (size + 1 < room && (size == 0 || line[size - 1] != '\n')) {
		if (read(fd, line + size, 1) != 1)
			_exit(91);
		size++;
	}
	line[size] = 0;
}

/* Answers as systemd would; what it was asked for goes to the file "asked". result: of the job. */
static _Noreturn void bus_serve(int fd, const char *result, int already)
{
	char nul, line[256];
	auto_file FILE *asked = fopen("asked", "we");
	struct dbus bus = {.fd = fd, .in = BUF_INIT(1 << 20), .message = BUF_INIT(1 << 20)};
	if (!asked || read(fd, &nul, 1) != 1)
		_exit(92);
	line_read(fd, line, sizeof line);
	fprintf(asked, "%s", line);
	if (fd_write_full(fd, "OK 1234\r\n", 9) < 0)
		_exit(93);
	line_read(fd, line, sizeof line);
	for (struct dbus_message message; dbus_next(&bus, &message, &err) == 0;) {
		auto_buf body = BUF_INIT(4096);
		fprintf(asked, "%s %s\n", message.member, message.signature ? message.signature : "-");
		fwrite(message.body, 1, message.body_size, asked);
		fputc('\n', asked);
		fflush(asked);
		if (text_equal(message.member, "StartTransientUnit") && already-- > 0) {
			dbus_put_text(&body, "Unit runc-x.scope already exists.");
			message_send(fd, DBUS_ERROR, message.serial, NULL, "org.freedesktop.systemd1.UnitExists", "s",
				     &body);
		} else if (text_equal(message.member, "StartTransientUnit") || text_equal(message.member, "StopUnit")) {
			/* Jobs of others come in between. */
			job_send(fd, "/org/freedesktop/systemd1/job/1", "failed");
			dbus_put_text(&body, "/org/freedesktop/systemd1/job/2");
			message_send(fd, DBUS_RETURN, message.serial, NULL, NULL, "o", &body);
			job_send(fd, "/org/freedesktop/systemd1/job/1", "failed");
			job_send(fd, "/org/freedesktop/systemd1/job/2", result);
		} else if (text_equal(message.member, "GetConnectionUnixUser")) {
			dbus_put_u32(&body, 1000);
			message_send(fd, DBUS_RETURN, message.serial, NULL, NULL, "u", &body);
		} else if (text_equal(message.member, "Get")) {
			dbus_put_signature(&body, "s");
			dbus_put_text(&body, "/user.slice/user-7.slice/user@7.service");
			message_send(fd, DBUS_RETURN, message.serial, NULL, NULL, "v", &body);
		} else {
			message_send(fd, DBUS_RETURN, message.serial, NULL, NULL, NULL, NULL);
		}
	}
	fclose(asked);
	_exit(0);
}

static pid_t bus_start(const char *result, int already)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "bus"};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
	CHECK_INT(listen(listener, 1), 0);
	CHECK_INT(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=bus", 1), 0);
	CHECK_INT(setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=bus,guid=1;unix:path=other", 1), 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		/* cppcheck-suppress nullPointer; nobody asks who calls */
		bus_serve(accept4(listener, NULL, NULL, SOCK_CLOEXEC), result, already);
	close(listener);
	return pid;
}

static void bus_end(pid_t pid)
{
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	CHECK_INT(unlink("bus"), 0);
}

static bool asked_for(const void *text, size_t size)
{
	char content[16384];
	auto_file FILE *file = fopen("asked", "re");
	CHECK(file != NULL);
	size_t got = fread(content, 1, sizeof content, file);
	return memmem(content, got, text, size) != NULL;
}
#define CHECK_ASKED(text) CHECK(asked_for(text, sizeof(text) - 1))

/* --- tests --- */

static struct plan_scope *scope_of(struct arena *arena)
{
	struct cgroup_place place;
	CHECK_OK(cgroup_place_compile(arena, "a-b.slice:runc:x", "x", true, false, "", &place, &err));
	CHECK_STR(place.path, "/a.slice/a-b.slice/runc-x.scope");
	return place.scope;
}

TEST(a_scope_is_started_with_its_properties)
{
	auto_arena arena = {0};
	pid_t bus = bus_start("done", 0);
	CHECK_OK(cgroup_scope_start(scope_of(&arena), 4711, &err));
	bus_end(bus);
	char uid[16], hex[40];
	snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
	hex_encode(uid, strlen(uid), hex);
	auto_free char *hello = x_printf("AUTH EXTERNAL %s\r\n", hex);
	CHECK(asked_for(hello, strlen(hello)));
	CHECK_ASKED("Hello -\n");
	CHECK_ASKED("AddMatch s\n");
	CHECK_ASKED("StartTransientUnit ssa(sv)a(sa(sv))\n");
	CHECK_ASKED("\x0c\0\0\0runc-x.scope\0\0\0\0\7\0\0\0replace\0");
	CHECK_ASKED("\4\0\0\0PIDs\0\2au\0\0\0\0\4\0\0\0\x67\x12\0\0");
	CHECK_ASKED("\5\0\0\0Slice\0\1s\0\0\0\0\x09\0\0\0a-b.slice\0");
	CHECK_ASKED("\x08\0\0\0Delegate\0\1b\0\1\0\0\0");
}

TEST(what_systemd_could_not_do_is_said)
{
	auto_arena arena = {0};
	pid_t bus = bus_start("failed", 0);
	CHECK_ERR(cgroup_scope_start(scope_of(&arena), 4711, &err), EIO);
	CHECK_STR(err.msg, "unit runc-x.scope: systemd says: failed");
	bus_end(bus);
}

TEST(a_unit_that_failed_before_is_forgotten_once)
{
	auto_arena arena = {0};
	pid_t bus = bus_start("done", 1);
	CHECK_OK(cgroup_scope_start(scope_of(&arena), 4711, &err));
	bus_end(bus);
	CHECK_ASKED("ResetFailedUnit s\n");
	bus = bus_start("done", 2);
	CHECK_ERR(cgroup_scope_start(scope_of(&arena), 4711, &err), EREMOTEIO);
	CHECK_STR(err.msg, "StartTransientUnit: Unit runc-x.scope already exists.");
	bus_end(bus);
}

TEST(limits_become_properties)
{
	auto_arena arena = {0};
	struct plan_setting limits[] = {{(char *)"", (char *)"memory.max", (char *)"65536"},
					{(char *)"", (char *)"cpu.max", (char *)"33333 100000"},
					{(char *)"", (char *)"pids.max", (char *)"max"}};
	struct cgroup_settings settings = {.limits = limits, .limit_count = array_size(limits)};
	CHECK_OK(cgroup_properties_compile(&arena, &settings, &err));
	CHECK_INT(settings.property_count, 4);
	CHECK_STR(settings.properties[0].value, "100000");
	CHECK_STR(settings.properties[1].value, "340000");
	CHECK_STR(settings.properties[2].file, "MemoryMax");
	CHECK_STR(settings.properties[3].value, "18446744073709551615");
	pid_t bus = bus_start("done", 0);
	CHECK_OK(cgroup_scope_update(scope_of(&arena), &settings, &err));
	bus_end(bus);
	CHECK_ASKED("SetUnitProperties sba(sv)\n");
	CHECK_ASKED("MemoryMax\0\1t\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0");
}

TEST(limits_of_v1_become_properties)
{
	auto_arena arena = {0};
	struct plan_setting limits[] = {{(char *)"cpu", (char *)"cpu.cfs_period_us", (char *)"50000"},
					{(char *)"cpu", (char *)"cpu.cfs_quota_us", (char *)"20000"},
					{(char *)"blkio", (char *)"blkio.weight", (char *)"300"}};
	struct cgroup_settings settings = {.limits = limits, .limit_count = array_size(limits)};
	CHECK_OK(cgroup_properties_compile(&arena, &settings, &err));
	CHECK_INT(settings.property_count, 3);
	CHECK_STR(settings.properties[0].value, "50000");
	CHECK_STR(settings.properties[1].value, "400000");
	CHECK_STR(settings.properties[2].file, "BlockIOWeight");
	limits[1].value = (char *)"-1";
	CHECK_OK(cgroup_properties_compile(&arena, &settings, &err));
	CHECK_STR(settings.properties[1].value, "18446744073709551615");
}

TEST(a_scope_is_stopped_and_the_managers_group_found)
{
	auto_arena arena = {0};
	pid_t bus = bus_start("done", 0);
	CHECK_OK(cgroup_scope_stop(scope_of(&arena), &err));
	bus_end(bus);
	CHECK_ASKED("StopUnit ss\n");
	bus = bus_start("done", 0);
	auto_free char *root = NULL;
	CHECK_OK(cgroup_scope_root(true, &root, &err));
	CHECK_STR(root, "/user.slice/user-7.slice/user@7.service");
	bus_end(bus);
	uint32_t owner = 0;
	bus = bus_start("done", 0);
	CHECK_OK(cgroup_scope_owner(&owner, &err));
	CHECK_INT(owner, 1000);
	bus_end(bus);
}

TEST(no_bus_is_an_error_that_names_it)
{
	auto_arena arena = {0};
	CHECK_INT(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=nowhere", 1), 0);
	CHECK_ERR(cgroup_scope_start(scope_of(&arena), 1, &err), ENOENT);
	CHECK_CONTAINS(err.msg, "D-Bus: connect to unix:path=nowhere");
}

TEST(places)
{
	static const struct {
		const char *path;
		bool systemd, user;
		const char *place; /* NULL: refused */
	} rows[] = {
	    {"/a/b", false, false, "/a/b"},
	    {"a/b", false, false, "/a/b"},
	    {"", false, false, "/id"},
	    {"/a/../../b", false, false, NULL},
	    {"", true, false, "/system.slice/runc-id.scope"},
	    {"", true, true, "/own/user.slice/runc-id.scope"},
	    {"-.slice::n", true, false, "/n.scope"},
	    {"a-b-c.slice:p:n", true, true, "/own/a.slice/a-b.slice/a-b-c.slice/p-n.scope"},
	    {"a--b.slice:p:n", true, false, NULL},
	    {"a/b.slice:p:n", true, false, NULL},
	    {"x:p:n", true, false, NULL},
	    {"/a/b", true, false, NULL},
	    {"a.slice:p:n/../x", true, false, NULL},
	    {"a.slice:p:", true, false, NULL},
	};
	auto_arena arena = {0};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct cgroup_place place = {0};
		int rc = cgroup_place_compile(&arena, rows[i].path, "id", rows[i].systemd, rows[i].user,
					      rows[i].user ? "/own" : "", &place, &err);
		if (!rows[i].place) {
			CHECK_INT(rc, -EINVAL);
			CHECK_CONTAINS(err.msg, "linux: cgroupsPath: ");
			continue;
		}
		CHECK_OK(rc);
		CHECK_STR(place.path, rows[i].place);
		CHECK(rows[i].systemd == (place.scope != NULL));
	}
}

TEST(damaged_messages_are_refused)
{
	struct dbus_message message;
	size_t size;
	char data[32] = {'l', 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 5, 1, 'u', 0, 9, 0, 0, 0};
	CHECK_OK(dbus_parse(data, 15, &message, &size, &err));
	CHECK_INT(size, 0);
	CHECK_OK(dbus_parse(data, 24, &message, &size, &err));
	CHECK_INT(size, 24);
	CHECK_INT(message.reply_to, 9);
	data[17] = 100;
	CHECK_ERR(dbus_parse(data, 24, &message, &size, &err), EPROTO);
	data[0] = 'B';
	CHECK_ERR(dbus_parse(data, 24, &message, &size, &err), EPROTO);
}
