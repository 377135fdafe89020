/*
 * Groups that systemd makes: a transient scope for the container, asked for over D-Bus with our own small client
 * (dbus.h). base only.
 *
 * DBUS_SYSTEM_BUS_ADDRESS and DBUS_SESSION_BUS_ADDRESS count as for every client.
 */
#pragma once

#include "runtime/plan.h"

#include <sys/types.h>

/* Makes the scope around pid and waits until it stands. A unit of that name that has failed before is reset. */
int cgroup_scope_start(const struct plan_scope *scope, pid_t pid, struct err *err) must_check;

/* SetUnitProperties, for as long as the unit lives; nothing without properties. */
int cgroup_scope_update(const struct plan_scope *scope, const struct cgroup_settings *settings,
			struct err *err) must_check;

/* Stops and forgets the unit; one that is gone is fine. */
int cgroup_scope_stop(const struct plan_scope *scope, struct err *err) must_check;

/* Whose the user's manager is, as its bus numbers people: not 0 for root of a user namespace with somebody's manager.
 */
int cgroup_scope_owner(uint32_t *out_uid, struct err *err) must_check;

/* The manager's own group: "" for the system's, "/user.slice/user-1000.slice/user@1000.service" for a user's. */
int cgroup_scope_root(bool user, char **out_root, struct err *err) must_check;
