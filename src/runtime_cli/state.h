/*
 * The record of a container of tug-runtime: a directory ROOT/ID (0700) with
 *
 *   state.json   what is known of it; replaced atomically, also by a process that is killed meanwhile
 *   plan         the plan's bytes: what exec takes from the container
 *   start.sock   where the created process waits to be let go; gone once it was
 *
 * The directory's flock serialises create, start, update and delete. An ID is checked by its letters before anything is
 * looked up. Runs in tug-runtime only.
 */
#pragma once

#include "base/arena.h"
#include "oci/runtime_spec.h"

#include <sys/types.h>

#define STATE_FILE "state.json"
#define STATE_PLAN "plan"
#define STATE_SOCKET "start.sock"

/* The unit of systemd's around the container's control group. */
struct state_scope {
	char *unit, *slice;
	bool user;
};

struct container_state {
	char *oci_version, *id, *bundle, *rootfs, *created, *owner;
	char *cgroup;		   /* NULL: none */
	struct state_scope *scope; /* NULL: the group is made by ourselves */
	int64_t pid;
	uint64_t start_time; /* of the process, in ticks since boot: another with its number is another */
	bool started;	     /* it was let go */
	bool no_pivot;
	uint64_t host_mount; /* without a mount namespace: the mount under the root file system; 0: it has one */
	struct json_map annotations;
	struct oci_hooks *hooks;
	struct oci_resources *resources; /* as last updated */
	char **descriptors;		 /* what 0 to 2 were, as /proc names it; NULL with a terminal */
	char *rdt_group;		 /* its directory in resctrl */
	char *intel_rdt;		 /* the one there that is ours to remove */
};
JSON_DECLARE(container_state);

enum container_status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };
const char *status_name(enum container_status status);

/* -EINVAL: letters, digits and _ + - . only. */
int state_id_check(const char *id, struct err *err) must_check;

/* A new directory, locked. -EEXIST. */
int state_make(int root, const char *id, int *out_dir, struct err *err) must_check;
/* -ENOENT "container does not exist". lock: waits for whoever works on it. */
int state_open(int root, const char *id, bool lock, int *out_dir, struct err *err) must_check;
int state_read(struct arena *arena, int dir, const char *id, struct container_state *out_state,
	       struct err *err) must_check;
int state_write(int dir, const struct container_state *state, struct err *err) must_check;
int state_remove(int root, const char *id, struct err *err) must_check;

/* Any file of the directory, replaced at once. */
int state_file_write(int dir, const char *name, const void *data, size_t size, struct err *err) must_check;

enum container_status state_status(const struct container_state *state);
/* /proc/PID/stat from field 3 on, the state; the name before it may hold anything. Points into text; NULL: it is gone.
 */
enum { PROCESS_STAT = 1024 };
const char *process_stat(pid_t pid, char text[PROCESS_STAT]);
bool process_alive(pid_t pid, uint64_t start_time); /* and not a zombie */
uint64_t process_start_time(pid_t pid);		    /* 0: there is none */

/* The document that hooks read and `state` prints part of. */
void state_document(const struct container_state *state, const char *status, struct buf *out);
