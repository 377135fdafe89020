#include "docker/volume.h"

#include "base/text.h"
#include "docker/size.h"

#include <string.h>

enum { NAME_MAX_BYTES = 255 };
#define NAME_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define NAME_REST NAME_FIRST "_.-"

JSON_TYPE(volume_create, F_STR(struct volume_create, name, "Name", 0), F_STR(struct volume_create, driver, "Driver", 0),
	  F_MAP(struct volume_create, options, "DriverOpts", 0), F_MAP(struct volume_create, labels, "Labels", 0),
	  F_RAW(struct volume_create, cluster_spec, "ClusterVolumeSpec", JSON_OMIT | JSON_KNOWN_ONLY));

JSON_TYPE(volume_usage, F_I64(struct volume_usage, ref_count, "RefCount", 0),
	  F_I64(struct volume_usage, size, "Size", 0));

JSON_TYPE(volume_info, F_STR(struct volume_info, created_at, "CreatedAt", JSON_OMIT),
	  F_STR(struct volume_info, driver, "Driver", 0), F_MAP(struct volume_info, labels, "Labels", JSON_NULLABLE),
	  F_STR(struct volume_info, mountpoint, "Mountpoint", 0), F_STR(struct volume_info, name, "Name", 0),
	  F_MAP(struct volume_info, options, "Options", JSON_NULLABLE), F_STR(struct volume_info, scope, "Scope", 0),
	  F_POINTER(struct volume_info, usage, "UsageData", JSON_OMIT, volume_usage));

JSON_TYPE(volume_list_answer, F_LIST(struct volume_list_answer, volumes, "Volumes", 0, volume_info),
	  F_STRV(struct volume_list_answer, warnings, "Warnings", JSON_NULLABLE));

JSON_TYPE(volume_prune_answer, F_STRV(struct volume_prune_answer, deleted, "VolumesDeleted", JSON_NULLABLE),
	  F_I64(struct volume_prune_answer, reclaimed, "SpaceReclaimed", 0));

int volume_name_check(const char *name, struct err *err)
{
	size_t size = strlen(name);
	if (size == 1)
		return err_set(
		    err, EINVAL,
		    "create %s: volume name is too short, names should be at least two alphanumeric characters", name);
	if (size == 0 || size > NAME_MAX_BYTES || !strchr(NAME_FIRST, name[0]) || strspn(name, NAME_REST) != size)
		return err_set(
		    err, EINVAL,
		    "create %s: \"%s\" includes invalid characters for a local volume name, only "
		    "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use "
		    "absolute path",
		    name, name);
	return 0;
}

/* "//server:445/share": a port in the device is not what the kernel takes. */
static bool device_has_port(const char *device)
{
	const char *host = strstr(device, "//");
	if (!host)
		return false;
	host += 2;
	size_t size = strcspn(host, "/");
	const char *colon = memchr(host, ':', size);
	return colon && *host != '[';
}

int volume_options_check(const struct json_map *options, struct err *err)
{
	static const char *const known[] = {"type", "device", "o", "size"};
	static const struct {
		const char *option, *needs;
	} needed[] = {{"device", "type"}, {"type", "device"}, {"o", "device"}, {"o", "type"}};
	for (size_t i = 0; i < options->count; i++) {
		bool found = false;
		for (size_t k = 0; k < array_size(known) && !found; k++)
			found = text_equal(options->items[i].key, known[k]);
		if (!found)
			return err_set(err, EINVAL, "invalid option: \"%s\"", options->items[i].key);
	}
	const char *type = json_map_get(options, "type"), *device = json_map_get(options, "device");
	const char *size = json_map_get(options, "size");
	int64_t bytes;
	if (type && device && text_equal(type, "cifs") && device_has_port(device))
		return err_set(err, EINVAL, "port not allowed in CIFS device URL, include 'port' in 'o='");
	if (size && size_parse(size, &bytes, err) < 0)
		return err_set(err, EINVAL, "invalid size: '%s'", size);
	if (size && bytes > 0)
		return err_set(err, EINVAL, "quota size requested but no quota support");
	for (size_t i = 0; i < array_size(needed); i++) {
		if (json_map_get(options, needed[i].option) && !json_map_get(options, needed[i].needs))
			return err_set(err, EINVAL, "missing required option: \"%s\"", needed[i].needs);
	}
	return 0;
}

int volume_driver_check(const char *driver, struct err *err)
{
	if (text_empty(driver) || text_equal(driver, VOLUME_DRIVER))
		return 0;
	return err_set(err, ENOENT, "error looking up volume plugin %s: plugin \"%s\" not found", driver, driver);
}
