#include "runtime/cgroup_scope.h"

#include "base/text.h"
#include "runtime/dbus.h"

#include <string.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"

static int manager_call(struct dbus *bus, const char *member, const char *signature, const struct buf *body,
			struct dbus_message *out_answer, struct err *err)
{
	const struct dbus_call call = {.destination = SYSTEMD,
				       .path = SYSTEMD_PATH,
				       .interface = MANAGER,
				       .member = member,
				       .signature = signature,
				       .body = body};
	int rc = body ? buf_check(body, "the unit's properties", err) : 0;
	return rc < 0 ? rc : dbus_call(bus, &call, out_answer, err);
}

/* --- properties: a(sv) --- */

static void texts_put(struct buf *body, const char *lines)
{
	auto_strv char **list = strv_split(lines, '\n');
	size_t begin = dbus_put_array(body, 4);
	for (char **line = list; *line; line++) {
		if (**line)
			dbus_put_text(body, *line);
	}
	dbus_end_array(body, begin, 4);
}

/* "PATH ACCESS" a line */
static void pairs_put(struct buf *body, const char *lines)
{
	auto_strv char **list = strv_split(lines, '\n');
	size_t begin = dbus_put_array(body, 8);
	for (char **line = list; *line; line++) {
		char *space = strrchr(*line, ' ');
		if (!space)
			continue;
		*space = 0;
		dbus_align(body, 8);
		dbus_put_text(body, *line);
		dbus_put_text(body, space + 1);
	}
	dbus_end_array(body, begin, 8);
}

static int property_put(struct buf *body, const struct plan_setting *property, struct err *err)
{
	uint64_t number = 0;
	const char *type = property->group;
	dbus_align(body, 8);
	dbus_put_text(body, property->file);
	dbus_put_signature(body, type);
	if (text_equal(type, "t") || text_equal(type, "u")) {
		int rc = number_parse_u64(property->value, *type == 'u' ? UINT32_MAX : UINT64_MAX, property->file,
					  &number, err);
		if (rc < 0)
			return rc;
	}
	if (text_equal(type, "t"))
		dbus_put_u64(body, number);
	else if (text_equal(type, "u"))
		dbus_put_u32(body, (uint32_t)number);
	else if (text_equal(type, "b"))
		dbus_put_u32(body, text_equal(property->value, "true"));
	else if (text_equal(type, "s"))
		dbus_put_text(body, property->value);
	else if (text_equal(type, "as"))
		texts_put(body, property->value);
	else if (text_equal(type, "a(ss)"))
		pairs_put(body, property->value);
	else
		return err_set(err, EINVAL, "property %s: type %s is not known", property->file, type);
	return 0;
}

static int properties_put(struct buf *body, const struct plan_setting *properties, size_t count, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = property_put(body, &properties[i], err);
	return rc;
}

static void pid_put(struct buf *body, pid_t pid)
{
	dbus_align(body, 8);
	dbus_put_text(body, "PIDs");
	dbus_put_signature(body, "au");
	size_t begin = dbus_put_array(body, 4);
	dbus_put_u32(body, (uint32_t)pid);
	dbus_end_array(body, begin, 4);
}

/* --- jobs --- */

/* JobRemoved (u id, o job, s unit, s result) of the job that a call has begun. */
static int job_wait(struct dbus *bus, const char *job, const char *unit, struct err *err)
{
	for (;;) {
		struct dbus_message message;
		uint32_t id;
		size_t at = 0;
		int rc = dbus_next(bus, &message, err);
		if (rc < 0)
			return err_wrap(err, "unit %s", unit);
		if (message.kind != DBUS_SIGNAL || !message.member || !text_equal(message.member, "JobRemoved") ||
		    !dbus_get_u32(&message, &at, &id))
			continue;
		const char *path = dbus_get_text(&message, &at), *name = dbus_get_text(&message, &at);
		const char *result = dbus_get_text(&message, &at);
		if (!path || !name || !result || !text_equal(path, job))
			continue;
		if (text_equal(result, "done"))
			return 0;
		return err_set(err, EIO, "unit %s: systemd says: %s", unit, result);
	}
}

static int signals_ask(struct dbus *bus, struct err *err)
{
	auto_buf body = BUF_INIT(1024);
	struct dbus_message answer;
	const struct dbus_call match = {.destination = "org.freedesktop.DBus",
					.path = "/org/freedesktop/DBus",
					.interface = "org.freedesktop.DBus",
					.member = "AddMatch",
					.signature = "s",
					.body = &body};
	dbus_put_text(&body, "type='signal',interface='" MANAGER "',member='JobRemoved',path='" SYSTEMD_PATH "'");
	int rc = dbus_call(bus, &match, &answer, err);
	return rc < 0 ? rc : manager_call(bus, "Subscribe", NULL, NULL, &answer, err);
}

/* A call that answers with a job; done when the job is. */
static int job_run(struct dbus *bus, const char *member, const char *signature, const struct buf *body,
		   const char *unit, bool *out_exists, struct err *err)
{
	struct dbus_message answer;
	size_t at = 0;
	int rc = manager_call(bus, member, signature, body, &answer, err);
	if (rc == -EREMOTEIO && answer.error)
		*out_exists = text_equal(answer.error, SYSTEMD ".UnitExists");
	if (rc < 0)
		return rc;
	const char *path = dbus_get_text(&answer, &at);
	auto_free char *job = path ? x_strdup(path) : NULL;
	return job ? job_wait(bus, job, unit, err) : err_set(err, EPROTO, "%s: no job in the answer", member);
}

static int unit_reset(struct dbus *bus, const char *unit, struct err *err)
{
	auto_buf body = BUF_INIT(4096);
	struct dbus_message answer;
	dbus_put_text(&body, unit);
	return manager_call(bus, "ResetFailedUnit", "s", &body, &answer, err);
}

int cgroup_scope_start(const struct plan_scope *scope, pid_t pid, struct err *err)
{
	auto_buf body = BUF_INIT(DBUS_MESSAGE_MAX);
	struct dbus bus;
	struct err ignored;
	bool exists = false;
	dbus_put_text(&body, scope->unit);
	dbus_put_text(&body, "replace");
	size_t begin = dbus_put_array(&body, 8);
	pid_put(&body, pid);
	int rc = properties_put(&body, scope->properties, scope->property_count, err);
	dbus_end_array(&body, begin, 8);
	dbus_end_array(&body, dbus_put_array(&body, 8), 8);
	if (rc == 0)
		rc = dbus_connect(scope->user, &bus, err);
	if (rc < 0)
		return rc;
	rc = signals_ask(&bus, err);
	if (rc == 0)
		rc = job_run(&bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, scope->unit, &exists, err);
	/* One of this name that has failed is in the way until it is forgotten; one that runs stays. */
	if (rc < 0 && exists && unit_reset(&bus, scope->unit, &ignored) == 0)
		rc = job_run(&bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, scope->unit, &exists, err);
	dbus_done(&bus);
	return rc;
}

int cgroup_scope_update(const struct plan_scope *scope, const struct cgroup_settings *settings, struct err *err)
{
	auto_buf body = BUF_INIT(DBUS_MESSAGE_MAX);
	struct dbus_message answer;
	struct dbus bus;
	if (settings->property_count == 0)
		return 0;
	dbus_put_text(&body, scope->unit);
	dbus_put_u32(&body, true); /* until the unit ends */
	size_t begin = dbus_put_array(&body, 8);
	int rc = properties_put(&body, settings->properties, settings->property_count, err);
	dbus_end_array(&body, begin, 8);
	if (rc == 0)
		rc = dbus_connect(scope->user, &bus, err);
	if (rc < 0)
		return rc;
	rc = manager_call(&bus, "SetUnitProperties", "sba(sv)", &body, &answer, err);
	dbus_done(&bus);
	return rc;
}

int cgroup_scope_stop(const struct plan_scope *scope, struct err *err)
{
	auto_buf body = BUF_INIT(4096);
	struct dbus bus;
	struct err ignored;
	bool exists;
	int rc = dbus_connect(scope->user, &bus, err);
	if (rc < 0)
		return rc;
	dbus_put_text(&body, scope->unit);
	dbus_put_text(&body, "replace");
	rc = signals_ask(&bus, err);
	if (rc == 0)
		rc = job_run(&bus, "StopUnit", "ss", &body, scope->unit, &exists, err);
	if (rc == -EREMOTEIO) /* it is gone already; a failed one is forgotten */
		rc = 0;
	if (rc == 0 && unit_reset(&bus, scope->unit, &ignored) < 0 && ignored.code != EREMOTEIO)
		rc = err_set(err, ignored.code, "%s", ignored.msg);
	dbus_done(&bus);
	return rc;
}

int cgroup_scope_owner(uint32_t *out_uid, struct err *err)
{
	auto_buf body = BUF_INIT(1024);
	struct dbus_message answer;
	struct dbus bus;
	size_t at = 0;
	const struct dbus_call call = {.destination = "org.freedesktop.DBus",
				       .path = "/org/freedesktop/DBus",
				       .interface = "org.freedesktop.DBus",
				       .member = "GetConnectionUnixUser",
				       .signature = "s",
				       .body = &body};
	dbus_put_text(&body, SYSTEMD);
	int rc = dbus_connect(true, &bus, err);
	if (rc < 0)
		return rc;
	rc = dbus_call(&bus, &call, &answer, err);
	if (rc == 0 && !dbus_get_u32(&answer, &at, out_uid))
		rc = err_set(err, EPROTO, "the owner of the manager is no number");
	dbus_done(&bus);
	return rc;
}

int cgroup_scope_root(bool user, char **out_root, struct err *err)
{
	auto_buf body = BUF_INIT(1024);
	struct dbus_message answer;
	struct dbus bus;
	size_t at = 0;
	if (!user) {
		*out_root = x_strdup("");
		return 0;
	}
	const struct dbus_call call = {.destination = SYSTEMD,
				       .path = SYSTEMD_PATH,
				       .interface = "org.freedesktop.DBus.Properties",
				       .member = "Get",
				       .signature = "ss",
				       .body = &body};
	dbus_put_text(&body, MANAGER);
	dbus_put_text(&body, "ControlGroup");
	int rc = dbus_connect(true, &bus, err);
	if (rc < 0)
		return rc;
	rc = dbus_call(&bus, &call, &answer, err);
	/* A variant: its signature, then the string. */
	if (rc == 0 && (answer.body_size < 4 || memcmp(answer.body, "\1s", 3) != 0))
		rc = err_set(err, EPROTO, "the manager's group is not a text");
	if (rc == 0) {
		at = 3;
		const char *text = dbus_get_text(&answer, &at);
		rc = text ? 0 : err_set(err, EPROTO, "the manager's group is not a text");
		if (text)
			*out_root = x_strdup(text_equal(text, "/") ? "" : text);
	}
	dbus_done(&bus);
	return rc;
}
