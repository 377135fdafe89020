/*
 * The prunes of all kinds, each alone and together in `system prune`.
 */
#pragma once

#include "cli/command.h"

struct prune_kind {
	const char *path;  /* "/volumes/prune" */
	const char *list;  /* the answer's member */
	const char *title; /* "Deleted Volumes:" */
};
extern const struct prune_kind prune_containers, prune_networks, prune_volumes, prune_images, prune_builds;

/* Prints what was removed; adds what it says it freed. Filters are KEY=VALUE; more is one of them, or NULL. */
int prune_run(struct cli *cli, const struct prune_kind *kind, char *const *filters, const char *more,
	      int64_t *reclaimed, struct err *err) must_check;
void prune_total(int64_t reclaimed); /* "Total reclaimed space: 1.5MB" */
