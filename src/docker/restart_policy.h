/*
 * Restart policies as Docker writes them: "no", "always", "unless-stopped", "on-failure", "on-failure:5".
 */
#pragma once

#include "docker/host_config.h"

/* What a user typed; the name is not checked. name is the text's copy in the arena. -EINVAL with Docker's words. */
int restart_policy_parse(struct arena *arena, const char *text, struct restart_policy *out_policy,
			 struct err *err) must_check;

/* The engine's rule. -EINVAL with Docker's words. */
int restart_policy_check(const struct restart_policy *policy, struct err *err) must_check;

bool restart_policy_is_none(const struct restart_policy *policy);
