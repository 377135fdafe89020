/*
 * Health checks: what inspect shows of them, and Docker's rules for their configuration (moby's daemon/health.go).
 */
#pragma once

#include "docker/container_config.h"

struct health_result {
	char *start, *end; /* RFC 3339 */
	int64_t exit_code; /* 0: healthy; -1: it did not end, or could not be started */
	char *output;	   /* at most HEALTH_OUTPUT_MAX bytes */
};
JSON_DECLARE(health_result);

struct health_state {
	char *status; /* "starting", "healthy", "unhealthy" */
	int64_t failing_streak;
	JSON_LIST(struct health_result) log; /* the newest last */
};
JSON_DECLARE(health_state);

enum { HEALTH_OUTPUT_MAX = 4096, HEALTH_LOG_MAX = 5 };

/* What is not set counts as Docker has it. */
struct health_rule {
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	int64_t retries;
};
struct health_rule health_rule_of(const struct health_config *config);

/* Whether there is something to run. */
bool health_is_on(const struct health_config *config);

/* -EINVAL with Docker's words. */
int health_check_config(const struct health_config *config, struct err *err) must_check;

/* The command line in the arena; shell: the image's, or NULL. */
char **health_argv(struct arena *arena, const struct health_config *config, char *const *shell);

/* The state after one more result, pure. since_start_ns: from the container's start to the beginning of the probe. */
enum health_status { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };
const char *health_status_name(enum health_status status); /* "none", "starting", ... */
enum health_status health_status_of(const char *name);
void health_step(const struct health_rule *rule, int exit_code, int64_t since_start_ns, enum health_status *status,
		 int64_t *streak);
/* How long to wait for the next probe. */
int64_t health_wait(const struct health_rule *rule, enum health_status status, int64_t since_start_ns);
