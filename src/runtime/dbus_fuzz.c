/* Messages of a bus, and the strings of their bodies. */
#include "runtime/dbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dbus_message message;
	size_t taken, at = 0;
	uint32_t number;
	struct err err;
	if (dbus_parse((const char *)data, size, &message, &taken, &err) < 0 || taken == 0)
		return 0;
	if (!dbus_get_u32(&message, &at, &number))
		return 0;
	while (dbus_get_text(&message, &at))
		continue;
	return 0;
}
