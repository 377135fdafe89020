#include "cli/create_health.h"

#include "base/text.h"
#include "docker/duration.h"

int create_health(struct cli *cli, const struct create_options *options, struct health_config **out_health,
		  struct err *err)
{
	struct health_config *health = arena_new(&cli->arena, struct health_config);
	const struct {
		const char *name, *text;
		int64_t *ns;
	} rows[] = {
	    {"interval", options->health_interval, &health->interval_ns},
	    {"timeout", options->health_timeout, &health->timeout_ns},
	    {"start-period", options->health_start_period, &health->start_period_ns},
	    {"start-interval", options->health_start_interval, &health->start_interval_ns},
	};
	bool any = !text_empty(options->health_cmd) || options->health_retries != 0 || options->health_on_failure;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct err bad;
		if (!rows[i].text)
			continue;
		if (duration_parse(rows[i].text, rows[i].ns, &bad) < 0)
			return err_set(err, EINVAL, "invalid argument \"%s\" for \"--health-%s\" flag: time: %s",
				       rows[i].text, rows[i].name, bad.msg);
		if (*rows[i].ns < 0)
			return err_set(err, EINVAL, "--health-%s cannot be negative", rows[i].name);
		any = any || *rows[i].ns != 0;
	}
	if (options->health_retries < 0)
		return err_set(err, EINVAL, "--health-retries cannot be negative");
	health->retries = options->health_retries;
	health->on_failure = (char *)options->health_on_failure;
	if (options->no_healthcheck && any)
		return err_set(err, EINVAL, "--no-healthcheck conflicts with --health-* options");
	if (options->no_healthcheck) {
		health->test = arena_array(&cli->arena, char *, 2);
		health->test[0] = (char *)"NONE";
	} else if (!text_empty(options->health_cmd)) {
		health->test = arena_array(&cli->arena, char *, 3);
		health->test[0] = (char *)"CMD-SHELL";
		health->test[1] = (char *)options->health_cmd;
	}
	*out_health = any || options->no_healthcheck ? health : NULL;
	return 0;
}
