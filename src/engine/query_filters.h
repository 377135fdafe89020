/*
 * The filters of a list or a prune, as engine_query carries them. Inside the engine only.
 */
#pragma once

#include "docker/filters.h"
#include "engine/engine.h"

/* The pairs of a query as the shape that docker/filters.h works on. */
void query_filters(struct arena *arena, const struct engine_query *query, struct filters *out_filters);
/* -EINVAL "invalid filter 'KEY'". known ends with NULL. */
int query_filters_check(const struct filters *filters, const char *const *known, struct err *err) must_check;
