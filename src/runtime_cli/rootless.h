/*
 * Running without root: who we are, and what cannot be then. Sources: user_namespaces(7), and runc's global option
 * --rootless, which is about control groups alone: "auto" is true for everybody but the root of the host.
 */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime_cli/context.h"

/* Not the host's root: somebody else, or root of a user namespace. */
bool rootless_here(void);

/* -EINVAL: --rootless has no such value. */
int rootless_word_check(const struct context *context, struct err *err) must_check;

/* Whether control groups that may not be made are done without, and those of systemd are of the user's manager. Root of
 * a user namespace with --systemd-cgroup is asked for at the user's bus: there may be a systemd of root's inside. */
bool rootless_groups(const struct context *context);

/* What the kernel would refuse anybody who is not root, by the member's name. */
int rootless_check(const struct oci_spec *spec, struct err *err) must_check;
