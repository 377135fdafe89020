#include "docker/container_config.h"

#include "docker/health.h"

JSON_TYPE(health_config, F_STRV(struct health_config, test, "Test", JSON_OMIT),
	  F_I64(struct health_config, interval_ns, "Interval", JSON_OMIT),
	  F_I64(struct health_config, timeout_ns, "Timeout", JSON_OMIT),
	  F_I64(struct health_config, start_period_ns, "StartPeriod", JSON_OMIT),
	  F_I64(struct health_config, start_interval_ns, "StartInterval", JSON_OMIT),
	  F_I64(struct health_config, retries, "Retries", JSON_OMIT),
	  F_STR(struct health_config, on_failure, "OnFailure", JSON_OMIT));

JSON_TYPE(container_config, CONTAINER_CONFIG_ROWS(struct container_config, ));

int container_config_check(const struct container_config *config, struct err *err)
{
	return health_check_config(config->healthcheck, err);
}
