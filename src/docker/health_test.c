#include "docker/health.h"

#include "unit/test.h"

#define SECOND 1000000000LL

TEST(retries_in_a_row_make_it_unhealthy)
{
	const struct health_config config = {.retries = 2};
	const struct health_rule rule = health_rule_of(&config);
	enum health_status status = HEALTH_STARTING;
	int64_t streak = 0;
	health_step(&rule, 1, 0, &status, &streak);
	CHECK_INT(status, HEALTH_STARTING);
	health_step(&rule, 0, 0, &status, &streak);
	CHECK_INT(status, HEALTH_HEALTHY);
	CHECK_INT(streak, 0);
	health_step(&rule, 1, 0, &status, &streak);
	CHECK_INT(status, HEALTH_HEALTHY);
	health_step(&rule, -1, 0, &status, &streak);
	CHECK_INT(status, HEALTH_UNHEALTHY);
	health_step(&rule, 1, 0, &status, &streak);
	CHECK_INT(streak, 3);
	health_step(&rule, 0, 0, &status, &streak);
	CHECK_INT(status, HEALTH_HEALTHY);
}

TEST(failures_of_the_start_period_do_not_count)
{
	const struct health_config config = {.retries = 1, .start_period_ns = 10 * SECOND, .start_interval_ns = SECOND};
	const struct health_rule rule = health_rule_of(&config);
	enum health_status status = HEALTH_STARTING;
	int64_t streak = 0;
	CHECK_INT(health_wait(&rule, status, 0), SECOND);
	health_step(&rule, 1, 9 * SECOND, &status, &streak);
	CHECK_INT(status, HEALTH_STARTING);
	CHECK_INT(streak, 0);
	CHECK_INT(health_wait(&rule, status, 10 * SECOND), 30 * SECOND);
	health_step(&rule, 1, 10 * SECOND, &status, &streak);
	CHECK_INT(status, HEALTH_UNHEALTHY);
	CHECK_INT(health_wait(&rule, HEALTH_HEALTHY, 0), 30 * SECOND);
}

TEST(commands)
{
	auto_arena arena = {0};
	char *shell_test[] = {(char *)"CMD-SHELL", (char *)"a b", NULL};
	char *plain_test[] = {(char *)"CMD", (char *)"a", (char *)"b", NULL};
	char *none_test[] = {(char *)"NONE", NULL};
	char *ash[] = {(char *)"/bin/ash", (char *)"-c", NULL};
	struct health_config config = {.test = shell_test};
	char **argv = health_argv(&arena, &config, NULL);
	CHECK_STR(argv[0], "/bin/sh");
	CHECK_STR(argv[2], "a b");
	CHECK_STR(health_argv(&arena, &config, ash)[0], "/bin/ash");
	CHECK(health_is_on(&config));
	config.test = plain_test;
	CHECK_STR(health_argv(&arena, &config, ash)[0], "a");
	config.test = none_test;
	CHECK(!health_is_on(&config));
	CHECK(!health_is_on(NULL));
}

TEST(configurations_are_checked)
{
	struct err err;
	struct health_config config = {.interval_ns = 999999};
	CHECK_ERR(health_check_config(&config, &err), EINVAL);
	CHECK_STR(err.msg, "Interval in Healthcheck cannot be less than 1ms");
	config = (struct health_config){.retries = -1};
	CHECK_ERR(health_check_config(&config, &err), EINVAL);
	config = (struct health_config){.on_failure = (char *)"explode"};
	CHECK_ERR(health_check_config(&config, &err), EINVAL);
	config = (struct health_config){.on_failure = (char *)"stop", .start_period_ns = 1000000};
	CHECK_OK(health_check_config(&config, &err));
	CHECK_OK(health_check_config(NULL, &err));
}
