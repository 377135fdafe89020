/*
 * The root file system of a container that does not run, mounted for a job: export, cp, diff. In a mount namespace of
 * the calling process's own, so that nobody else sees it and it ends with the process.
 */
#pragma once

#include "base/error.h"

struct overlay_spec {
	char **lower;	 /* below data, top first: "layers/HEX/diff"; may be empty */
	char *container; /* below data: "containers/ID", whose upper lies on top; NULL: the layers alone */
	bool writable;	 /* into upper; otherwise nothing can be changed */
};

/* Enters a new mount namespace. *out_root is O_RDONLY. A container whose upper is not there is its layers alone. */
int layers_mount(int data, const struct overlay_spec *spec, int *out_root, struct err *err) must_check;
