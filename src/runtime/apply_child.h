/*
 * The new process's side of apply.h and exec.h, from its birth to its program, and the messages to the side that made
 * it. For apply.c, exec.c and tug-init; base only.
 */
#pragma once

#include "runtime/apply.h"

enum apply_kind {
	APPLY_FAILED = 1,
	APPLY_READY,	/* fds: the terminal's master, if any */
	APPLY_MAP,	/* the maps of the user namespace of the sender are wanted */
	APPLY_PREPARED, /* the host's steps are wanted */
	APPLY_LISTENER, /* fds: the seccomp listener */
};

/* What the process reports over its socket before the program runs. Every report but the first is answered. */
struct apply_report {
	uint32_t kind;
	int32_t exit_code;
	struct err err;
};

/* An answer: this and, with APPLY_PREPARED, the state document. */
enum { APPLY_GO = 'g', APPLY_STATE_MAX = 128 << 10 };

struct apply_child {
	const struct plan *plan;
	const int *stdio;
	const int *slots;
	size_t slot_count;
	int socket;
	int listener; /* -1: none */
	uint32_t preserve_fds;
	bool survives;
	bool in_cgroup; /* or it has none */
	int opener;	/* of sources that others bring; -1: none. Closed with the mounts made */
	int *sources;	/* of binds that were opened before a user namespace was entered; NULL: none */
	char *state;
	struct arena arena;
};

/* Namespaces that clone cannot make by itself take a process in between. */
bool apply_needs_stage(const struct plan *plan);
/* What the first clone makes: nothing with a stage. */
uint64_t apply_clone_flags(const struct plan *plan);

_Noreturn void apply_child_main(struct apply_child *child);

/* A message to the maker, and its answer where there is one; state may be NULL. */
int apply_tell(int socket, enum apply_kind kind, const int *fds, size_t fd_count, struct err *err) must_check;
int apply_answer(int socket, struct arena *arena, char **out_state, struct err *err) must_check;
_Noreturn void apply_fail(int socket, int exit_code, const struct err *err);

/* Joins and makes what clone does not, in the process in between; returns in the container's process. */
int namespaces_enter(struct apply_child *child, struct err *err) must_check;
