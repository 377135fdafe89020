/*
 * A command that stays with its container: run and restore without --detach.
 */
#pragma once

#include "runtime_cli/launch.h"

/* Before the container is made: signals wait; orphans of the container come to us. */
void foreground_begin(bool no_subreaper);
/* Until its end, and takes it away, or with `keep` its groups alone. The exit status; -errno. */
int foreground_attend(struct launch *launch, struct err *err) must_check;
