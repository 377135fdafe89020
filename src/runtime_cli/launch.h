/*
 * Makes a container out of a bundle and starts it: what create, run and start share. Runs in tug-runtime.
 */
#pragma once

#include "runtime_cli/bundle.h"
#include "runtime_cli/state.h"

struct launch_options {
	const char *id, *bundle, *console_socket, *pid_file, *pidfd_socket;
	int64_t preserve_fds;
	bool no_pivot, no_new_keyring, no_subreaper, detach, keep, dry_run;
	bool at_once; /* it is let go without a start */
};

struct launch {
	struct context *context;
	const struct launch_options *options;
	struct bundle bundle;
	struct container_state state;
	int dir; /* of the state, locked */
	uint32_t preserve_fds;
	struct apply_process process;
};
enum { STATE_DOCUMENT_MAX = 128 << 10 }; /* what hooks read */

/* Nothing is left after a failure. */
int launch_make(struct launch *launch, struct err *err) must_check;
/* Right after launch_make, for at_once. */
int launch_go(struct launch *launch, struct err *err) must_check;
void launch_done(struct launch *launch);

/* The parts of launch_make, for what brings its process by other means: the bundle's plan and the state's directory. */
int launch_begin(struct launch *launch, struct err *err) must_check;
/* prestart and createRuntime, with the state's process; out_state: what they read. */
int launch_hooks_before(struct launch *launch, struct buf *out_state, struct err *err) must_check;
/* launch->process is there: in the state, the pid file, the pidfd's socket. */
int launch_record(struct launch *launch, struct err *err) must_check;
/* Takes back all of it after a failure. */
void launch_undo(struct launch *launch);

/* What has to be done for any container that is let go, by whichever command. */
int launch_poststart(const struct container_state *state, struct err *err) must_check;
/* Its control group, and the unit around it. */
void launch_cgroup_remove(struct context *context, const struct container_state *state);
/* The whole end: processes, groups, hooks, state. */
int launch_remove(struct context *context, const struct container_state *state, struct err *err) must_check;

/* The program that becomes the container's, sealed. */
int launch_program(int *out_fd, struct err *err) must_check;
/* Descriptors 3 and on that are to be passed are there; LISTEN_FDS counts too. */
int launch_preserve(int64_t asked, uint32_t *out_count, struct err *err) must_check;
int launch_pid_file(const char *path, pid_t pid, struct err *err) must_check;
int launch_pidfd_send(const char *path, pid_t pid, struct err *err) must_check;
/* Passes a seccomp listener on to listenerPath. */
int launch_listener_send(const struct container_state *state, const struct oci_seccomp *seccomp, int fd, pid_t pid,
			 struct err *err) must_check;
