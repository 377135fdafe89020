/*
 * POST /containers/{id}/update: the resources and the restart policy of a host configuration. What is 0, "" or NULL
 * stays as it is.
 */
#pragma once

#include "docker/host_config.h"

extern const struct json_table table_container_update; /* of struct host_config: those members only */

struct container_updated {
	char **warnings;
};
JSON_DECLARE(container_updated);

/*
 * Puts what the update says into the configuration, by Docker's rules. Strings stay the update's. -EINVAL: what does
 * not go with what is there.
 */
int update_merge(struct host_config *host, const struct host_config *update, struct err *err) must_check;
