/*
 * COPY and ADD into a root file system: what select.h finds below one root goes below another, with owners and modes as
 * asked for. Names of the destination resolve inside its root; what is replaced is replaced, a link at the end of a
 * name too. Runs in a confined job.
 */
#pragma once

#include "build/select.h"

#include <stdint.h>

struct copy {
	int from, to; /* the two roots; not O_PATH */
	char *const *sources, *const *excludes;
	bool parents;
	const char *destination; /* absolute; with "/" at its end: a directory */
	bool many;		 /* several sources: the destination is a directory */
	uint32_t uid, gid;
	bool keep_owner;  /* of an archive: owners as they are */
	const char *mode; /* "0644", "u=rwX,go=rX"; NULL: as it is */
	int64_t newest;	  /* out: seconds, of files copied */
	/* Takes over a source that is a file instead of a copy (an archive that is unpacked); 1: it did. NULL: none. */
	int (*consume)(void *cookie, int file, const struct select_entry *entry, struct err *err);
	void *cookie;
};

int copy_run(struct copy *copy, struct err *err) must_check;

/* A file with this content. name: its name when the destination is a directory. */
int copy_text(struct copy *copy, const char *name, const char *text, size_t size, int64_t mtime,
	      struct err *err) must_check;

/* The directory, with parents that are missing: owner as asked for, 0755. */
int copy_make_dirs(struct copy *copy, const char *path, int *out_dir, struct err *err) must_check;

/* The mode that a chmod expression gives. It was checked by the planner. */
mode_t copy_mode(const char *expression, mode_t now);
