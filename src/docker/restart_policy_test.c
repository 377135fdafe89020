#include "docker/restart_policy.h"

#include "unit/test.h"

TEST(policies_are_read)
{
	auto_arena arena = {0};
	struct restart_policy policy;
	struct err err;
	CHECK_OK(restart_policy_parse(&arena, "on-failure:5", &policy, &err));
	CHECK_STR(policy.name, "on-failure");
	CHECK_INT(policy.maximum_retry_count, 5);
	CHECK_OK(restart_policy_parse(&arena, "always", &policy, &err));
	CHECK_STR(policy.name, "always");
	CHECK_INT(policy.maximum_retry_count, 0);
	CHECK_OK(restart_policy_parse(&arena, "on-failure:", &policy, &err));
	CHECK_ERR(restart_policy_parse(&arena, ":1", &policy, &err), EINVAL);
	CHECK_STR(err.msg, "invalid restart policy format: no policy provided before colon");
	CHECK_ERR(restart_policy_parse(&arena, "on-failure:x", &policy, &err), EINVAL);
	CHECK_STR(err.msg, "invalid restart policy format: maximum retry count must be an integer");
}

static int check(const char *name, int64_t count, struct err *err)
{
	const struct restart_policy policy = {(char *)name, count};
	return restart_policy_check(&policy, err);
}

TEST(policies_are_checked)
{
	struct err err;
	CHECK_OK(check(NULL, 0, &err));
	CHECK_OK(check("", 0, &err));
	CHECK_OK(check("no", 0, &err));
	CHECK_OK(check("always", 0, &err));
	CHECK_OK(check("unless-stopped", 0, &err));
	CHECK_OK(check("on-failure", 0, &err));
	CHECK_OK(check("on-failure", 7, &err));
	CHECK_ERR(check("always", 1, &err), EINVAL);
	CHECK_STR(err.msg, "invalid restart policy: maximum retry count can only be used with 'on-failure'");
	CHECK_ERR(check("on-failure", -1, &err), EINVAL);
	CHECK_STR(err.msg, "invalid restart policy: maximum retry count cannot be negative");
	CHECK_ERR(check("sometimes", 0, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-");
}
