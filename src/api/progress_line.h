/*
 * What a job tells on its way, as Docker's stream of JSON lines.
 */
#pragma once

#include "api/exchange.h"
#include "docker/image.h"

/* The first line begins the answer. */
void progress_line(struct exchange *x, const struct progress *line);
