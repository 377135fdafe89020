/* The table of drivers, and the two that have no devices. */
#include "network/driver.h"
#include "base/text.h"

static const struct network_driver *const drivers[] = {&driver_bridge, &driver_macvlan, &driver_ipvlan, &driver_host,
						       &driver_null};

const struct network_driver *driver_find(const char *name)
{
	for (size_t i = 0; i < array_size(drivers); i++) {
		if (text_equal(drivers[i]->name, name))
			return drivers[i];
	}
	return NULL;
}

const struct network_driver driver_host = {.name = "host", .single = true};
const struct network_driver driver_null = {.name = "null", .single = true};
