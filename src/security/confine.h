/*
 * Confinement of a job before it reads its first byte from outside.
 *
 * After confine_enter the process has: no network (an empty network namespace), no file tree but the given directories
 * (an empty root; each descriptor is replaced by one that cannot be left upwards, nodev, nosuid, noexec), only the
 * capabilities that unpacking needs, no_new_privs, limits on descriptors, files and core files, and a list of allowed
 * system calls; another call ends the process with SIGSYS. It cannot start a program or a thread.
 *
 * kernel 5.2: open_tree; 5.12: mount_setattr. Without them the empty root and the other walls do the same work.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum { CONFINE_DIRS_MAX = 4 };

struct confine_dir {
	int fd; /* keeps its number */
	bool writable;
	bool enclosed; /* from confine_tree: is what it should be already */
};

/* A file that the empty root has, with its directory: "/etc/resolv.conf". */
struct confine_file {
	const char *path;
	const void *data;
	size_t size;
};

struct confine_spec {
	struct confine_dir dirs[CONFINE_DIRS_MAX];
	size_t dir_count;
	uint64_t file_max; /* largest file in bytes; 0: no limit */
	bool messages;	   /* sockets that are open already may be used */
	/*
	 * The network of the host, for a job that speaks with other hosts and does nothing else: no capability at all
	 * is kept then. Threads cannot be started: a library that tries gets an error.
	 */
	bool network;
	bool serves;			  /* with network: connections may be taken on sockets that listen already */
	uint32_t descriptors;		  /* that may be open, as far as that is allowed now; 0: 1024 */
	const struct confine_file *files; /* with network: what looking up names needs */
	size_t file_count;
};

/* Needs root. What is open besides standard streams, descriptor 3 and the directories stays open: open nothing else. */
int confine_enter(const struct confine_spec *spec, struct err *err) must_check;

/*
 * A copy of a directory with all that is mounted below it, which cannot be left upwards: nodev, nosuid, noexec, and
 * read-only unless writable. What is mounted there later is not in it; with the last copy of *out_tree's descriptor it
 * falls apart. The directory is of the caller's own mount
 * namespace, or, the second function, the root of another one (a running container's). kernel 5.2: open_tree.
 */
int confine_tree(int dir, bool writable, int *out_tree, struct err *err) must_check;
int confine_tree_of(int mount_namespace, bool writable, int *out_tree, struct err *err) must_check;
