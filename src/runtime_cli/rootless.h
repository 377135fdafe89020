/*
 * Running without root: who we are, and what cannot be then. Sources: user_namespaces(7), and runc's global option
 * --rootless, which is about control groups alone: "auto" is true for everybody but the root of the host.
 */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime_cli/context.h"

/* Not the host's root: somebody else, or root of a user namespace. */
bool rootless_here(void);

/* Whether control groups that may not be made are done without. -EINVAL: --rootless has no such value. */
int rootless_groups(const struct context *context, bool *out_rootless, struct err *err) must_check;

/* What the kernel would refuse anybody who is not root, by the member's name. */
int rootless_check(const struct oci_spec *spec, struct err *err) must_check;
