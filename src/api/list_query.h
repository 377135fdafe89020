/*
 * What the lists of containers and images have in common: their filters, as the engine takes them.
 */
#pragma once

#include "api/exchange.h"
#include "engine/engine.h"

/* Fills query's filters from the parameter "filters". -EINVAL. */
int list_filters(struct exchange *x, struct engine_query *query, struct err *err) must_check;
