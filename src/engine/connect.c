/* network connect and disconnect */
#include "engine/engine_state.h"
#include "engine/launch_network.h"

#include "base/log.h"
#include "base/text.h"

#include <string.h>

/* connect and disconnect change what a container is asked to have: the record first, then the world. */

static int mode_check(const struct container *container, const struct network_record *record, struct err *err)
{
	const char *mode = container->document.host.network_mode;
	if (text_equal(mode, "host") || text_equal(record->name, "host"))
		return err_set(err, EPERM,
			       "cannot connect container to host network - container must be created in host network "
			       "mode");
	if (text_equal(mode, "none") || text_equal(record->name, "none"))
		return err_set(err, EPERM,
			       "container cannot be connected to multiple networks with one of the networks in private "
			       "(none) mode");
	if (text_after(mode, "container:"))
		return err_set(err, EPERM,
			       "container sharing network namespace with another container or host cannot be connected "
			       "to any other network");
	if (container->state == STATE_REMOVING || container->state == STATE_DEAD)
		return err_set(err, EBUSY, "container is marked for removal and cannot be connected or disconnected");
	return 0;
}

static int networks_save(struct container *container, struct err *err)
{
	return container_save_document(container, &container->document, err);
}

/* Takes a network out of the document; the list is small, and is copied. */
static void settings_drop(struct container *container, const char *network)
{
	struct container_document *document = &container->document;
	size_t count = 0;
	struct endpoint_settings *items =
	    arena_array(&container->arena, struct endpoint_settings, document->networks.count + 1);
	for (size_t i = 0; i < document->networks.count; i++) {
		if (!text_equal(document->networks.items[i].key, network))
			items[count++] = document->networks.items[i];
	}
	document->networks.items = items;
	document->networks.count = count;
}

static bool has_namespace(const struct container *container)
{
	return state_is_running(container->state) && container->pid > 0;
}

static int connect_live(struct container *container, const struct network_record *record, struct err *err)
{
	int rc = launch_network_join(container, record, err);
	return rc < 0 ? rc : container_save(container, err);
}

int engine_network_connect(struct engine *engine, const char *name, const struct network_connect *request,
			   struct err *err)
{
	struct network_record *record;
	struct container *container = NULL;
	struct err ignored;
	int rc = networks_find(engine, name, &record, err);
	if (rc == 0)
		rc = container_find(engine, text_empty(request->container) ? "" : request->container, &container, err);
	if (rc == 0)
		rc = mode_check(container, record, err);
	if (rc == 0 && container->state == STATE_STARTING)
		rc = err_set(err, EBUSY, "container %s is being started", container->id);
	if (rc == 0)
		rc = membership_join(container, record->id, request->endpoint, false, err);
	if (rc < 0)
		return rc;
	rc = networks_save(container, err);
	if (rc < 0) {
		settings_drop(container, record->id);
		return rc;
	}
	if (has_namespace(container))
		rc = connect_live(container, record, err);
	if (rc < 0) {
		settings_drop(container, record->id);
		if (networks_save(container, &ignored) < 0)
			log_error(LOG_LEVEL_ERROR, &ignored, "cannot record that a connect failed", NULL);
		return rc;
	}
	networks_event(engine, record, "connect", container->id);
	return 0;
}

static int say_not_connected(const struct container *container, const struct network_record *record, struct err *err)
{
	return err_set(err, EPERM, "container %s is not connected to network %s", container->id, record->name);
}

int engine_network_disconnect(struct engine *engine, const char *name, const struct network_disconnect *request,
			      struct err *err)
{
	struct network_record *record;
	struct container *container;
	int rc = networks_find(engine, name, &record, err);
	if (rc == 0)
		rc = container_find(engine, text_empty(request->container) ? "" : request->container, &container, err);
	if (rc == -ENOENT && request->force && strstr(err->msg, "No such container"))
		return 0; /* gone, and its endpoint with it */
	if (rc < 0)
		return rc;
	if (!membership_settings(container, record->id))
		return say_not_connected(container, record, err);
	if (!record->network || !network_has_addresses(record->network))
		return err_set(err, EPERM, "container cannot be disconnected from %s network", record->name);
	struct endpoint_settings *before = container->document.networks.items;
	settings_drop(container, record->id);
	rc = networks_save(container, err);
	if (rc < 0) { /* it stays as it was */
		container->document.networks.items = before;
		container->document.networks.count++;
		return rc;
	}
	if (has_namespace(container)) {
		rc = launch_network_leave(container, record->id, err);
		if (rc == -ESRCH)
			rc = 0; /* it has ended meanwhile */
		if (rc == 0)
			rc = container_save(container, err);
	}
	if (rc == 0)
		networks_event(engine, record, "disconnect", container->id);
	return rc;
}
