#include "docker/restart_policy.h"

#include "base/text.h"

#include <string.h>

int restart_policy_parse(struct arena *arena, const char *text, struct restart_policy *out_policy, struct err *err)
{
	const char *colon = strchr(text, ':');
	struct restart_policy policy = {0};
	struct err ignored;
	if (colon == text)
		return err_set(err, EINVAL, "invalid restart policy format: no policy provided before colon");
	if (colon && colon[1] &&
	    number_parse(colon + 1, INT32_MIN, INT32_MAX, "maximum retry count", &policy.maximum_retry_count,
			 &ignored) < 0)
		return err_set(err, EINVAL, "invalid restart policy format: maximum retry count must be an integer");
	policy.name = arena_strndup(arena, text, colon ? (size_t)(colon - text) : strlen(text));
	*out_policy = policy;
	return 0;
}

bool restart_policy_is_none(const struct restart_policy *policy)
{
	return text_empty(policy->name) || text_equal(policy->name, "no");
}

int restart_policy_check(const struct restart_policy *policy, struct err *err)
{
	static const char *const plain[] = {"no", "always", "unless-stopped"};
	if (text_empty(policy->name) && policy->maximum_retry_count == 0)
		return 0;
	for (size_t i = 0; i < array_size(plain); i++) {
		if (!text_equal(policy->name ? policy->name : "no", plain[i]))
			continue;
		if (policy->maximum_retry_count == 0)
			return 0;
		return err_set(err, EINVAL,
			       "invalid restart policy: maximum retry count can only be used with 'on-failure'%s",
			       policy->maximum_retry_count < 0 ? " and cannot be negative" : "");
	}
	if (text_equal(policy->name, "on-failure"))
		return policy->maximum_retry_count >= 0
			   ? 0
			   : err_set(err, EINVAL, "invalid restart policy: maximum retry count cannot be negative");
	return err_set(err, EINVAL,
		       "invalid restart policy: unknown policy '%s'; use one of 'no', 'always', 'on-failure', or "
		       "'unless-stopped'",
		       policy->name);
}
