/*
 * Limits of a container before they are set: Docker's rules in Docker's words, and what this host does not have is
 * taken out with a warning (moby's verifyPlatformContainerResources).
 */
#pragma once

#include "docker/host_config.h"

/* -EINVAL. */
int resource_check(const struct host_config *host, bool cgroup_v2, struct err *err) must_check;

/* Appends to *warnings (strv_push). */
void resource_adapt(struct host_config *host, bool cgroup_v2, char ***warnings);
