#include "engine/restart.h"

#include "unit/test.h"

static bool wanted(const char *name, enum restart_when when, int exit_code, int64_t restarts, bool stopped)
{
	const struct restart_policy policy = {(char *)name, 0};
	return restart_wanted(&policy, when, exit_code, restarts, stopped);
}

TEST(a_policy_decides_at_the_end)
{
	CHECK(!wanted("no", RESTART_AT_END, 1, 0, false));
	CHECK(!wanted("", RESTART_AT_END, 1, 0, false));
	CHECK(!wanted(NULL, RESTART_AT_END, 1, 0, false));
	CHECK(wanted("always", RESTART_AT_END, 0, 1000, false));
	CHECK(wanted("unless-stopped", RESTART_AT_END, 0, 0, false));
	CHECK(wanted("on-failure", RESTART_AT_END, 1, 1000, false));
	CHECK(!wanted("on-failure", RESTART_AT_END, 0, 0, false));
}

TEST(what_the_user_stopped_stays_stopped)
{
	CHECK(!wanted("always", RESTART_AT_END, 137, 0, true));
	CHECK(!wanted("unless-stopped", RESTART_AT_END, 137, 0, true));
	CHECK(!wanted("on-failure", RESTART_AT_END, 137, 0, true));
}

TEST(only_always_comes_back_with_the_engine)
{
	CHECK(wanted("always", RESTART_AT_START, 0, 0, true));
	CHECK(!wanted("unless-stopped", RESTART_AT_START, 0, 0, true));
	CHECK(wanted("unless-stopped", RESTART_AT_START, 137, 0, false));
	CHECK(!wanted("on-failure", RESTART_AT_START, 137, 0, true));
	CHECK(wanted("on-failure", RESTART_AT_START, 137, 0, false));
	CHECK(!wanted("no", RESTART_AT_START, 137, 0, false));
}

TEST(failures_are_counted)
{
	const struct restart_policy policy = {(char *)"on-failure", 3};
	CHECK(restart_wanted(&policy, RESTART_AT_END, 1, 2, false));
	CHECK(!restart_wanted(&policy, RESTART_AT_END, 1, 3, false));
}

TEST(delays_double_up_to_a_minute_and_begin_anew)
{
	int64_t delay = 0;
	static const int64_t ms[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000};
	for (size_t i = 0; i < array_size(ms); i++) {
		delay = restart_delay(delay, 9999999999);
		CHECK_INT(delay / 1000000, ms[i]);
	}
	CHECK_INT(restart_delay(delay, 10000000000) / 1000000, 100);
}
