/*
 * Which files the sources of a COPY stand for, below a root that was handed in: patterns, directories with all below
 * them, exclusions, kept parents. Names resolve inside the root, whatever links say (B-11). The order is that of names,
 * so that hash (content.h) and copy (copy.h) see the same, everywhere.
 */
#pragma once

#include "base/arena.h"

#include <sys/stat.h>

enum { SELECT_DEPTH_MAX = 200, SELECT_ENTRIES_MAX = 4 << 20 };

struct select_entry {
	const char *target; /* where it goes, relative to the destination: "a/b"; "": the source directory itself */
	const char *source; /* its name below the root */
	bool single;	    /* a source that is no directory: the destination may be its whole name */
	bool parent;	    /* a directory that is only kept because of what is below it */
	int dir;	    /* its directory, or itself (O_PATH for what is none) with name "." or "" */
	const char *name;
	struct stat info;
};

struct select {
	int root;
	char *const *sources;  /* relative, clean; patterns */
	char *const *excludes; /* NULL */
	bool parents;
	int (*visit)(void *cookie, const struct select_entry *entry, struct err *err);
	void *cookie;
};

/* -ENOENT: "/x": not found. A pattern that matches nothing is fine. Directories come before what is in them. */
int select_walk(const struct select *select, struct err *err) must_check;
