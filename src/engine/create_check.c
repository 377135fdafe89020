#include "engine/create_check.h"

#include "base/text.h"
#include "engine/cdi.h"
#include "docker/port_spec.h"
#include "engine/engine_state.h"
#include "engine/resource_check.h"
#include "engine/log_spec.h"
#include "engine/signal_name.h"

#include <string.h>
#include <unistd.h>

enum { HOSTNAME_MAX = 64 };

static int ports_check(const struct container_document *document, struct err *err)
{
	const struct host_config *host = &document->host;
	struct port port;
	uint16_t first, last;
	for (size_t i = 0; i < document->config.exposed_ports.count; i++) {
		int rc = port_parse(document->config.exposed_ports.items[i].key, &port, err);
		if (rc < 0)
			return err_wrap(err, "ExposedPorts");
	}
	for (size_t i = 0; i < host->port_bindings.count; i++) {
		const struct port_map_entry *entry = &host->port_bindings.items[i];
		int rc = port_parse(entry->key, &port, err);
		if (rc < 0)
			return err_wrap(err, "PortBindings");
		for (size_t k = 0; k < entry->bindings.count; k++) {
			const char *text = entry->bindings.items[k].host_port;
			rc = port_range_parse(text ? text : "", "HostPort", &first, &last, err);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int modes_check(const struct host_config *host, struct err *err)
{
	int rc = log_spec_check(&host->log, err);
	if (rc < 0)
		return rc;
	if (!text_equal(host->runtime, "tug") && !text_equal(host->runtime, "runc"))
		return err_set(err, EINVAL, "unknown or invalid runtime name: %s", host->runtime);
	return 0;
}

static int config_check(const struct container_config *config, struct err *err)
{
	int number;
	if (strlen(config->hostname) > HOSTNAME_MAX)
		return err_set(err, EINVAL, "invalid hostname: %s", config->hostname);
	if (!text_empty(config->working_dir) && config->working_dir[0] != '/')
		return err_set(err, EINVAL, "the working directory '%s' is invalid, it needs to be an absolute path",
			       config->working_dir);
	for (char *const *item = config->env; item && *item; item++) {
		if (**item == 0 || **item == '=')
			return err_set(err, EINVAL, "invalid environment variable: %s", *item);
	}
	return text_empty(config->stop_signal) ? 0 : signal_parse(config->stop_signal, &number, err);
}

int create_check(const struct engine *engine, const struct container_document *document, struct err *err)
{
	int rc = config_check(&document->config, err);
	if (rc == 0)
		rc = modes_check(&document->host, err);
	if (rc == 0)
		rc = cdi_check(&document->host, err);
	if (rc == 0)
		rc = resource_check(&document->host, engine->cgroup_v2, err);
	return rc < 0 ? rc : ports_check(document, err);
}
