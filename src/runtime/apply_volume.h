/*
 * Volumes that their driver's options make a file system of its own: mounted on the host, once, by the monitor of the
 * first container that uses them; the engine takes them off after the last. In tug-monitor, before apply_create.
 */
#pragma once

#include "runtime/plan.h"

/* What is mounted already stays. Docker's words. */
int volumes_mount(const struct plan *plan, struct err *err) must_check;
