#include "docker/health.h"

#include "base/text.h"

#define SECOND_NS 1000000000LL

JSON_TYPE(health_result, F_STR(struct health_result, start, "Start", 0), F_STR(struct health_result, end, "End", 0),
	  F_I64(struct health_result, exit_code, "ExitCode", 0), F_STR(struct health_result, output, "Output", 0));

JSON_TYPE(health_state, F_STR(struct health_state, status, "Status", 0),
	  F_I64(struct health_state, failing_streak, "FailingStreak", 0),
	  F_LIST(struct health_state, log, "Log", 0, health_result));

struct health_rule health_rule_of(const struct health_config *config)
{
	return (struct health_rule){
	    .interval_ns = config->interval_ns ? config->interval_ns : 30 * SECOND_NS,
	    .timeout_ns = config->timeout_ns ? config->timeout_ns : 30 * SECOND_NS,
	    .start_period_ns = config->start_period_ns,
	    .start_interval_ns = config->start_interval_ns ? config->start_interval_ns : 5 * SECOND_NS,
	    .retries = config->retries ? config->retries : 3,
	};
}

bool health_is_on(const struct health_config *config)
{
	return config && config->test && config->test[0] && !text_equal(config->test[0], "NONE") && config->test[1];
}

int health_check_config(const struct health_config *config, struct err *err)
{
	enum { SHORTEST_NS = 1000000 };
	if (!config)
		return 0;
	const struct {
		const char *name;
		int64_t ns;
	} rows[] = {{"Interval", config->interval_ns},
		    {"Timeout", config->timeout_ns},
		    {"StartPeriod", config->start_period_ns},
		    {"StartInterval", config->start_interval_ns}};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (rows[i].ns != 0 && rows[i].ns < SHORTEST_NS)
			return err_set(err, EINVAL, "%s in Healthcheck cannot be less than 1ms", rows[i].name);
	}
	if (config->retries < 0)
		return err_set(err, EINVAL, "Retries in Healthcheck cannot be negative");
	const char *kind = config->test && config->test[0] ? config->test[0] : "";
	if (*kind && !text_equal(kind, "NONE") && !text_equal(kind, "CMD") && !text_equal(kind, "CMD-SHELL"))
		return err_set(err, EINVAL, "Unknown healthcheck type '%s' (expected 'CMD')", kind);
	static const char *const actions[] = {"", "none", "restart", "stop", "kill"};
	for (size_t i = 0; i < array_size(actions); i++) {
		if (text_equal(config->on_failure ? config->on_failure : "", actions[i]))
			return 0;
	}
	return err_set(err, EINVAL,
		       "invalid health on-failure action '%s': use one of 'none', 'restart', 'stop', 'kill'",
		       config->on_failure);
}

char **health_argv(struct arena *arena, const struct health_config *config, char *const *shell)
{
	static char *const usual[] = {(char *)"/bin/sh", (char *)"-c", NULL};
	size_t count = 0;
	if (!text_equal(config->test[0], "CMD-SHELL"))
		return config->test + 1;
	if (!shell || !shell[0])
		shell = usual;
	char **argv = arena_array(arena, char *, strv_count(shell) + 2);
	for (; *shell; shell++)
		argv[count++] = *shell;
	argv[count] = config->test[1];
	return argv;
}

/* --- rules --- */

static const char *const names[] = {"none", "starting", "healthy", "unhealthy"};

const char *health_status_name(enum health_status status)
{
	return names[status];
}

enum health_status health_status_of(const char *name)
{
	for (size_t i = 0; name && i < array_size(names); i++) {
		if (text_equal(name, names[i]))
			return (enum health_status)i;
	}
	return HEALTH_NONE;
}

void health_step(const struct health_rule *rule, int exit_code, int64_t since_start_ns, enum health_status *status,
		 int64_t *streak)
{
	if (exit_code == 0) {
		*streak = 0;
		*status = HEALTH_HEALTHY;
		return;
	}
	if (*status == HEALTH_STARTING && since_start_ns < rule->start_period_ns)
		return; /* what fails while it starts does not count */
	++*streak;
	if (*streak >= rule->retries)
		*status = HEALTH_UNHEALTHY;
}

int64_t health_wait(const struct health_rule *rule, enum health_status status, int64_t since_start_ns)
{
	bool starting = status == HEALTH_STARTING && since_start_ns < rule->start_period_ns;
	return starting ? rule->start_interval_ns : rule->interval_ns;
}
