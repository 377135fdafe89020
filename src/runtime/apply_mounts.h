/*
 * The root file system of a container, inside its new mount namespace. For apply.c; base only.
 *
 * Every name inside the root is resolved by openat2 from the root's descriptor; mounts go onto descriptors.
 */
#pragma once

#include "runtime/plan.h"

/* Mounts the overlay and everything in it; the root's descriptor is the caller's. */
int mounts_make(const struct plan *plan, int *out_root, struct err *err) must_check;
int devices_make(const struct plan *plan, int root, struct err *err) must_check;
/* The slave of the container's terminal onto /dev/console. */
int console_bind(int root, int slave, struct err *err) must_check;
int sysctls_write(const struct plan *plan, int root, struct err *err) must_check;
int paths_hide(const struct plan *plan, int root, struct err *err) must_check;
/* Makes root the root and leaves nothing of the old one. */
int root_pivot(const struct plan *plan, int root, struct err *err) must_check;
