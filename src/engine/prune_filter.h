/*
 * The filters of prune: label, label!, until. Inside the engine only.
 */
#pragma once

#include "docker/filters.h"

/* Checks the keys; *out_until_ns is 0 without "until" (RFC 3339, seconds since 1970, or "10m": so long ago). -EINVAL.
 */
int prune_filters(const struct filters *filters, int64_t *out_until_ns, struct err *err) must_check;
bool prune_fits(const struct filters *filters, const struct json_map *labels);
