/*
 * How a container's output is kept: Docker's LogConfig, checked, and as its monitor takes it. Drivers: json-file,
 * local, syslog, journald, none. Inside the engine only.
 *
 * What goes to syslog or the journal is kept in a file too, so that "logs" can read it (cache-disabled=true: not).
 */
#pragma once

#include "engine/container.h"
#include "monitor/log_options.h"

/* Strings live in the arena. -EINVAL with Docker's words: an unknown driver, an option that it does not have. */
int log_spec(const struct container *container, struct arena *arena, struct log_options *out_options,
	     struct err *err) must_check;
/* The same before there is a container. */
int log_spec_check(const struct log_config *log, struct err *err) must_check;

/* The file below DATA/containers/ID, or NULL when nothing is kept that could be read. In the arena. */
char *log_spec_file(const struct container *container, struct arena *arena);
