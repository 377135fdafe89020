#include "docker/container_config.h"

#include "base/text.h"

JSON_TYPE(health_config, F_STRV(struct health_config, test, "Test", JSON_OMIT),
	  F_I64(struct health_config, interval_ns, "Interval", JSON_OMIT),
	  F_I64(struct health_config, timeout_ns, "Timeout", JSON_OMIT),
	  F_I64(struct health_config, start_period_ns, "StartPeriod", JSON_OMIT),
	  F_I64(struct health_config, start_interval_ns, "StartInterval", JSON_OMIT),
	  F_I64(struct health_config, retries, "Retries", JSON_OMIT));

JSON_TYPE(container_config, CONTAINER_CONFIG_ROWS(struct container_config, ));

/* NONE switches the image's health check off, which is what happens anyway. */
static bool health_is_none(const struct health_config *health)
{
	return !health || !health->test || !health->test[0] || text_equal(health->test[0], "NONE");
}

int container_config_check(const struct container_config *config, struct err *err)
{
	if (!health_is_none(config->healthcheck))
		return err_set(err, EOPNOTSUPP, "Healthcheck: known, but not supported yet");
	if (!text_empty(config->mac_address))
		return err_set(err, EOPNOTSUPP, "MacAddress: known, but not supported yet");
	return 0;
}
