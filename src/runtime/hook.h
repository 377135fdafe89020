/*
 * Runs one hook of the runtime-spec: its program with its own environment and nothing of ours, in /, with the state on
 * standard input, within its time. On either side of a container's boundary. base only.
 */
#pragma once

#include "runtime/plan.h"

/* "what" names the hook, "createRuntime hook #0". Its last words are in the message when it fails. */
int hook_run(const struct plan_hook *hook, const char *what, const char *state, struct err *err) must_check;
