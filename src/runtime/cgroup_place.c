#include "runtime/cgroup_compile.h"

#include "base/text.h"

#include <string.h>

/* --- systemd --- */

/* "a-b.slice" lies in "a.slice" (systemd.slice(5)); "-.slice" is the root. */
static int slice_path(struct arena *arena, const char *slice, char **out_path, struct err *err)
{
	auto_buf path = BUF_INIT(4096);
	size_t size = strlen(slice);
	if (!text_ends(slice, ".slice") || size == strlen(".slice") || strchr(slice, '/'))
		return err_set(err, EINVAL, "linux: cgroupsPath: invalid slice name: %s", slice);
	if (text_equal(slice, "-.slice")) {
		*out_path = arena_strdup(arena, "");
		return 0;
	}
	size -= strlen(".slice");
	if (slice[0] == '-' || slice[size - 1] == '-' || strstr(slice, "--"))
		return err_set(err, EINVAL, "linux: cgroupsPath: invalid slice name: %s", slice);
	for (size_t i = 0; i <= size; i++) {
		if (i == size || slice[i] == '-')
			buf_printf(&path, "/%.*s.slice", (int)i, slice);
	}
	*out_path = arena_strdup(arena, buf_str(&path));
	return buf_check(&path, "linux: cgroupsPath", err);
}

static bool unit_name_is_good(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@+";
	enum { UNIT_NAME_MAX = 255 };
	return *name && strlen(name) <= UNIT_NAME_MAX && strspn(name, allowed) == strlen(name);
}

static void property_add(struct plan_scope *scope, const char *type, const char *name, char *value)
{
	scope->properties[scope->property_count++] = (struct plan_setting){(char *)type, (char *)name, value};
}

static int scope_compile(struct arena *arena, char *const *parts, bool user, const char *own,
			 struct cgroup_place *out_place, struct err *err)
{
	enum { OWN_PROPERTIES = 8 };
	struct plan_scope *scope = arena_new(arena, struct plan_scope);
	char *above;
	scope->user = user;
	scope->slice = arena_strdup(arena, *parts[0] ? parts[0] : user ? "user.slice" : "system.slice");
	bool slice = text_ends(parts[2], ".slice");
	scope->unit = slice	  ? arena_strdup(arena, parts[2])
		      : *parts[1] ? arena_printf(arena, "%s-%s.scope", parts[1], parts[2])
				  : arena_printf(arena, "%s.scope", parts[2]);
	if (slice || !unit_name_is_good(scope->unit))
		return err_set(err, EINVAL, "linux: cgroupsPath: %s: not the name of a scope", scope->unit);
	int rc = slice_path(arena, scope->slice, &above, err);
	if (rc < 0)
		return rc;
	scope->properties = arena_array(arena, struct plan_setting, OWN_PROPERTIES);
	property_add(scope, "s", "Description", arena_printf(arena, "container %s", parts[2]));
	property_add(scope, "s", "Slice", scope->slice);
	property_add(scope, "b", "Delegate", (char *)"true");
	property_add(scope, "b", "DefaultDependencies", (char *)"false");
	property_add(scope, "s", "CollectMode", (char *)"inactive-or-failed");
	out_place->scope = scope;
	out_place->path = arena_printf(arena, "%s%s/%s", own, above, scope->unit);
	return 0;
}

/* --- cgroupfs --- */

static bool has_part(const char *path, const char *part)
{
	auto_strv char **parts = strv_split(path, '/');
	for (char **at = parts; *at; at++) {
		if (text_equal(*at, part))
			return true;
	}
	return false;
}

int cgroup_place_compile(struct arena *arena, const char *cgroups_path, const char *id, bool systemd, bool user,
			 const char *own, struct cgroup_place *out_place, struct err *err)
{
	const char *path = cgroups_path ? cgroups_path : "";
	struct cgroup_place place = {0};
	if (!systemd) {
		if (has_part(path, ".."))
			return err_set(err, EINVAL, "linux: cgroupsPath: %s: \"..\" leads out of it", path);
		place.path =
		    *path ? arena_printf(arena, "%s%s", *path == '/' ? "" : "/", path) : arena_printf(arena, "/%s", id);
		*out_place = place;
		return 0;
	}
	auto_free char *standard = x_printf(":runc:%s", id);
	auto_strv char **parts = strv_split(*path ? path : standard, ':');
	if (strv_count(parts) != 3 || !*parts[2])
		return err_set(
		    err, EINVAL,
		    "linux: cgroupsPath: expected cgroupsPath to be of format \"slice:prefix:name\" for systemd "
		    "cgroups, got \"%s\" instead",
		    path);
	int rc = scope_compile(arena, parts, user, own, &place, err);
	if (rc == 0)
		*out_place = place;
	return rc;
}

/* --- limits as properties, so that systemd keeps them and shows them --- */

static const struct {
	const char *file, *property;
} properties[] = {
    {"memory.max", "MemoryMax"},
    {"memory.low", "MemoryLow"},
    {"memory.high", "MemoryHigh"},
    {"memory.swap.max", "MemorySwapMax"},
    {"memory.limit_in_bytes", "MemoryLimit"},
    {"pids.max", "TasksMax"},
    {"cpu.weight", "CPUWeight"},
    {"cpu.shares", "CPUShares"},
    {"blkio.weight", "BlockIOWeight"},
};

/* Microseconds for each second, in steps of 10 ms as systemd has them, and the period. */
static int quota_compile(struct arena *arena, const char *quota_text, const char *period_text,
			 struct cgroup_settings *settings, struct err *err)
{
	enum { SECOND_US = 1000000, STEP_US = 10000 };
	uint64_t quota = UINT64_MAX, period = 0;
	int rc = number_parse_u64(period_text, UINT32_MAX, "period", &period, err);
	if (rc == 0 && !text_equal(quota_text, "max") && !text_equal(quota_text, "-1")) {
		rc = number_parse_u64(quota_text, INT64_MAX / SECOND_US, "quota", &quota, err);
		quota = quota * SECOND_US / (period ? period : 1);
		quota = (quota + STEP_US - 1) / STEP_US * STEP_US;
	}
	if (rc < 0)
		return err_wrap(err, "linux: resources: cpu");
	settings->properties[settings->property_count++] = (struct plan_setting){
	    (char *)"t", (char *)"CPUQuotaPeriodUSec", arena_printf(arena, "%llu", (unsigned long long)period)};
	settings->properties[settings->property_count++] = (struct plan_setting){
	    (char *)"t", (char *)"CPUQuotaPerSecUSec", arena_printf(arena, "%llu", (unsigned long long)quota)};
	return 0;
}

static const char *limit_find(const struct cgroup_settings *settings, const char *file, const char *otherwise)
{
	for (size_t i = 0; i < settings->limit_count; i++) {
		if (text_equal(settings->limits[i].file, file))
			return settings->limits[i].value;
	}
	return otherwise;
}

/* "QUOTA PERIOD" in one file of v2, or in two of v1. */
static int quotas_compile(struct arena *arena, struct cgroup_settings *settings, struct err *err)
{
	const char *whole = limit_find(settings, "cpu.max", NULL);
	const char *quota = limit_find(settings, "cpu.cfs_quota_us", NULL);
	const char *period = limit_find(settings, "cpu.cfs_period_us", NULL);
	if (whole) {
		auto_strv char **parts = strv_split(whole, ' ');
		return quota_compile(arena, parts[0], parts[1] ? parts[1] : "", settings, err);
	}
	return quota || period ? quota_compile(arena, quota ? quota : "-1", period ? period : "100000", settings, err)
			       : 0;
}

int cgroup_properties_compile(struct arena *arena, struct cgroup_settings *settings, struct err *err)
{
	enum { QUOTA_PROPERTIES = 2 };
	settings->properties = arena_array(arena, struct plan_setting, settings->limit_count + QUOTA_PROPERTIES + 1);
	settings->property_count = 0;
	int rc = quotas_compile(arena, settings, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < settings->limit_count; i++) {
		const struct plan_setting *limit = &settings->limits[i];
		for (size_t k = 0; k < array_size(properties); k++) {
			if (!text_equal(limit->file, properties[k].file))
				continue;
			bool none = text_equal(limit->value, "max") || text_equal(limit->value, "-1");
			settings->properties[settings->property_count++] =
			    (struct plan_setting){(char *)"t", (char *)properties[k].property,
						  none ? (char *)"18446744073709551615" : limit->value};
		}
	}
	return 0;
}
