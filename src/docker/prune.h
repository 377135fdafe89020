/*
 * What the prunes share: the filter `until`, and the answer of containers' prune.
 */
#pragma once

#include "docker/filters.h"

/* POST /containers/prune */
struct container_prune_answer {
	char **deleted;
	int64_t reclaimed;
};
JSON_DECLARE(container_prune_answer);

/*
 * until=10m, until=1700000000, until=2026-01-02T03:04:05Z: only what is older. INT64_MAX without it. -EINVAL, also for
 * more than one.
 */
int prune_until(const struct filters *filters, int64_t now_ns, int64_t *out_wall_ns, struct err *err) must_check;

/* label=X has to fit, label!=X must not. */
bool prune_fits_labels(const struct filters *filters, const struct json_map *labels);
