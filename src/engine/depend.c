#include "engine/depend.h"

#include "base/text.h"

#include <string.h>

/* name: as a user names a container, name_size of its bytes. */
static bool is_named(const struct container *container, const char *name, size_t name_size)
{
	if (name_size > 0 && name[0] == '/') {
		name++;
		name_size--;
	}
	if (name_size == 0)
		return false;
	return (strlen(container->name) == name_size && memcmp(container->name, name, name_size) == 0) ||
	       (name_size <= strlen(container->id) && memcmp(container->id, name, name_size) == 0);
}

bool depend_on(const struct container *container, const struct container *other)
{
	const struct host_config *host = &container->document.host;
	const char *modes[] = {host->network_mode, host->ipc_mode, host->pid_mode};
	for (size_t i = 0; i < array_size(modes); i++) {
		const char *name = modes[i] ? text_after(modes[i], "container:") : NULL;
		if (name && is_named(other, name, strlen(name)))
			return true;
	}
	for (char *const *link = host->links; link && *link; link++) { /* NAME:ALIAS */
		if (is_named(other, *link, strcspn(*link, ":")))
			return true;
	}
	return false;
}
