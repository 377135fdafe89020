#include "runtime_cli/state.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/cgroup.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { STATE_SIZE_MAX = 4 << 20 };

JSON_TYPE(state_scope, F_STR(struct state_scope, unit, "unit", JSON_REQUIRED),
	  F_STR(struct state_scope, slice, "slice", JSON_REQUIRED),
	  F_BOOL(struct state_scope, user, "user", JSON_OMIT));

JSON_TYPE(container_state, F_STR(struct container_state, oci_version, "ociVersion", JSON_REQUIRED),
	  F_STR(struct container_state, id, "id", JSON_REQUIRED),
	  F_STR(struct container_state, bundle, "bundle", JSON_REQUIRED),
	  F_STR(struct container_state, rootfs, "rootfs", JSON_OMIT),
	  F_STR(struct container_state, created, "created", JSON_OMIT),
	  F_STR(struct container_state, owner, "owner", JSON_OMIT),
	  F_STR(struct container_state, cgroup, "cgroup", JSON_OMIT),
	  F_POINTER(struct container_state, scope, "scope", JSON_OMIT, state_scope),
	  F_I64(struct container_state, pid, "pid", 0), F_U64(struct container_state, start_time, "startTime", 0),
	  F_BOOL(struct container_state, started, "started", 0),
	  F_BOOL(struct container_state, no_pivot, "noPivot", JSON_OMIT),
	  F_U64(struct container_state, host_mount, "hostMount", JSON_OMIT),
	  F_MAP(struct container_state, annotations, "annotations", JSON_OMIT),
	  F_POINTER(struct container_state, hooks, "hooks", JSON_OMIT, oci_hooks),
	  F_POINTER(struct container_state, resources, "resources", JSON_OMIT, oci_resources),
	  F_STRV(struct container_state, descriptors, "descriptors", JSON_OMIT),
	  F_STR(struct container_state, rdt_group, "rdtGroup", JSON_OMIT),
	  F_STR(struct container_state, intel_rdt, "intelRdt", JSON_OMIT));

const char *status_name(enum container_status status)
{
	static const char *const names[] = {"creating", "created", "running", "paused", "stopped"};
	return names[status];
}

int state_id_check(const char *id, struct err *err)
{
	enum { ID_MAX = 255 };
	size_t size = strlen(id);
	if (size == 0)
		return err_set(err, EINVAL, "container id cannot be empty");
	bool dots = text_equal(id, ".") || text_equal(id, "..");
	if (size > ID_MAX || dots ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.") != size)
		return err_set(err, EINVAL,
			       "invalid container ID format: \"%.64s\" (letters, digits, and _ + - . only)", id);
	return 0;
}

/* --- the directory --- */

static int lock(int dir, struct err *err)
{
	while (flock(dir, LOCK_EX) < 0) {
		if (errno != EINTR)
			return err_sys(err, "lock the container's state");
	}
	return 0;
}

int state_make(int root, const char *id, int *out_dir, struct err *err)
{
	int rc = state_id_check(id, err);
	if (rc < 0)
		return rc;
	if (mkdirat(root, id, 0700) < 0) {
		if (errno == EEXIST)
			return err_set(err, EEXIST, "container with given ID already exists: %s", id);
		return err_sys(err, "make the state of container %s", id);
	}
	auto_fd int dir = -1;
	rc = path_open(root, id, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &dir, err);
	if (rc == 0)
		rc = lock(dir, err);
	if (rc == 0)
		*out_dir = take_fd(&dir);
	return rc;
}

int state_open(int root, const char *id, bool locked, int *out_dir, struct err *err)
{
	auto_fd int dir = -1;
	struct stat info;
	int rc = state_id_check(id, err);
	if (rc == 0)
		rc = path_open(root, id, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &dir, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "container does not exist: %s", id);
	if (rc == 0 && locked)
		rc = lock(dir, err);
	if (rc < 0)
		return rc;
	/* Whoever had the lock may have removed it. */
	if (fstat(dir, &info) == 0 && info.st_nlink == 0)
		return err_set(err, ENOENT, "container does not exist: %s", id);
	*out_dir = take_fd(&dir);
	return 0;
}

int state_read(struct arena *arena, int dir, const char *id, struct container_state *out_state, struct err *err)
{
	auto_buf text = BUF_INIT(STATE_SIZE_MAX);
	int rc = file_read(dir, STATE_FILE, &text, err);
	if (rc == 0)
		rc = json_load(arena, &table_container_state, text.data, text.len, "the container's state", 0,
			       out_state, err);
	if (rc < 0)
		return err_wrap(err, "container %s", id);
	return 0;
}

int state_file_write(int dir, const char *name, const void *data, size_t size, struct err *err)
{
	char aside[64];
	snprintf(aside, sizeof aside, "%s.new", name);
	auto_fd int fd = openat(dir, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "write %s", name);
	int rc = fd_write_full(fd, data, size);
	if (rc < 0)
		return err_set(err, -rc, "write %s: %s", name, strerror(-rc));
	/* Not made durable: the state does not outlive a boot. */
	return renameat(dir, aside, dir, name) < 0 ? err_sys(err, "write %s", name) : 0;
}

int state_write(int dir, const struct container_state *state, struct err *err)
{
	auto_buf text = BUF_INIT(STATE_SIZE_MAX);
	json_encode(&text, &table_container_state, state);
	int rc = buf_check(&text, "the state", err);
	return rc < 0 ? rc : state_file_write(dir, STATE_FILE, text.data, text.len, err);
}

int state_remove(int root, const char *id, struct err *err)
{
	int rc = state_id_check(id, err);
	return rc < 0 ? rc : path_remove_tree(root, id, err);
}

/* --- its process --- */

const char *process_stat(pid_t pid, char text[PROCESS_STAT])
{
	char path[32];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : fd_read_full(fd, text, PROCESS_STAT - 1);
	if (size <= 0)
		return NULL;
	text[size] = 0;
	const char *at = strrchr(text, ')');
	return at && at[1] == ' ' ? at + 2 : NULL;
}

static uint64_t process_look(pid_t pid, char *out_state)
{
	enum { STATE_FIELD = 3, START_FIELD = 22 };
	char text[PROCESS_STAT];
	const char *at = process_stat(pid, text);
	if (!at)
		return 0;
	*out_state = *at;
	for (int field = STATE_FIELD; at && field < START_FIELD; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	uint64_t start = 0;
	for (; at && *at >= '0' && *at <= '9'; at++)
		start = start * 10 + (uint64_t)(*at - '0');
	return start;
}

uint64_t process_start_time(pid_t pid)
{
	char state;
	return pid > 0 ? process_look(pid, &state) : 0;
}

bool process_alive(pid_t pid, uint64_t start_time)
{
	char state = 0;
	uint64_t start = pid > 0 ? process_look(pid, &state) : 0;
	return start != 0 && (start_time == 0 || start == start_time) && state != 'Z' && state != 'X';
}

enum container_status state_status(const struct container_state *state)
{
	if (state->pid == 0)
		return STATUS_CREATING;
	if (!process_alive((pid_t)state->pid, state->start_time))
		return STATUS_STOPPED;
	if (!state->started)
		return STATUS_CREATED;
	return STATUS_RUNNING;
}

void state_document(const struct container_state *state, const char *status, struct buf *out)
{
	const struct oci_state document = {
	    .oci_version = state->oci_version,
	    .id = state->id,
	    .status = (char *)status,
	    .pid = state->pid,
	    .bundle = state->bundle,
	    .annotations = state->annotations,
	};
	json_encode(out, &table_oci_state, &document);
}
