#include "engine/spec_devices.h"

#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { DEVICES_MAX = 4096, DEPTH_MAX = 4 };

struct device_list {
	struct arena *arena;
	struct oci_device *devices;
	size_t count;
	struct oci_device_rule *rules;
	size_t rule_count;
};

static int64_t *number(struct arena *arena, int64_t value)
{
	int64_t *copy = arena_new(arena, int64_t);
	*copy = value;
	return copy;
}

static void rule_add(struct device_list *list, bool allow, const char *type, int64_t major, int64_t minor,
		     const char *access)
{
	list->rules[list->rule_count++] = (struct oci_device_rule){
	    .allow = allow,
	    .type = (char *)type,
	    .major = major < 0 ? NULL : number(list->arena, major),
	    .minor = minor < 0 ? NULL : number(list->arena, minor),
	    .access = (char *)access,
	};
}

static void device_add(struct device_list *list, const char *path, const struct stat *info, const char *access,
		       bool rule)
{
	struct oci_device *device = &list->devices[list->count++];
	const char *type = S_ISBLK(info->st_mode) ? "b" : "c";
	*device = (struct oci_device){
	    .type = (char *)type,
	    .path = arena_strdup(list->arena, path),
	    .major = number(list->arena, major(info->st_rdev)),
	    .minor = number(list->arena, minor(info->st_rdev)),
	    .file_mode = arena_new(list->arena, uint32_t),
	    .uid = arena_new(list->arena, uint32_t),
	    .gid = arena_new(list->arena, uint32_t),
	};
	*device->file_mode = info->st_mode & 07777;
	*device->uid = info->st_uid;
	*device->gid = info->st_gid;
	if (rule)
		rule_add(list, true, type, major(info->st_rdev), minor(info->st_rdev), access);
}

/* Every device node below the host's /dev, but what a container has of its own. dir is taken over. */
static void host_devices(struct device_list *list, int dir, const char *path, unsigned depth)
{
	static const char *const own[] = {".",	    "..",      "pts",  "shm",	      "fd",
					  "mqueue", "console", ".lxc", ".lxd-mounts", ".udev"};
	auto_dir DIR *entries = fdopendir(dir);
	const struct dirent *entry;
	if (!entries) {
		close(dir);
		return;
	}
	while ((entry = readdir(entries)) && list->count < DEVICES_MAX) {
		struct stat info;
		bool skip = false;
		for (size_t i = 0; i < array_size(own) && !skip; i++)
			skip = text_equal(entry->d_name, own[i]);
		if (skip || fstatat(dirfd(entries), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		const char *child = arena_printf(list->arena, "%s/%s", path, entry->d_name);
		if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
			device_add(list, child, &info, "rwm", false);
		} else if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX) {
			int below =
			    openat(dirfd(entries), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below >= 0)
				host_devices(list, below, child, depth + 1);
		}
	}
}

/* moby's list, then what runc always adds. */
static void default_rules(struct device_list *list)
{
	static const struct {
		const char *type;
		int major, minor;
		const char *access;
	} rows[] = {
	    {"c", 1, 5, "rwm"}, {"c", 1, 3, "rwm"},    {"c", 1, 9, "rwm"}, {"c", 1, 8, "rwm"},
	    {"c", 5, 0, "rwm"}, {"c", 5, 1, "rwm"},    {"c", -1, -1, "m"}, {"b", -1, -1, "m"},
	    {"c", 1, 7, "rwm"}, {"c", 136, -1, "rwm"}, {"c", 5, 2, "rwm"},
	};
	rule_add(list, false, "a", -1, -1, "rwm");
	for (size_t i = 0; i < array_size(rows); i++)
		rule_add(list, true, rows[i].type, rows[i].major, rows[i].minor, rows[i].access);
}

/* A number or "*": -1. False for anything else. */
static bool rule_number(const char *text, int64_t *out_number)
{
	struct err ignored;
	*out_number = -1;
	return text_equal(text, "*") || number_parse(text, 0, UINT32_MAX, "", out_number, &ignored) == 0;
}

/* "c 1:3 rwm", as in the v1 control file; the words are Docker's. */
static int rule_take(struct device_list *list, const char *text, struct err *err)
{
	auto_strv char **words = strv_split(text, ' ');
	auto_strv char **numbers = strv_split(strv_count(words) == 3 ? words[1] : "", ':');
	int64_t major, minor;
	if (strv_count(words) != 3 || strlen(words[0]) != 1 || !strchr("acb", words[0][0]) ||
	    strv_count(numbers) != 2 || !rule_number(numbers[0], &major) || !rule_number(numbers[1], &minor) ||
	    !*words[2] || strlen(words[2]) > 3 || words[2][strspn(words[2], "rwm")])
		return err_set(err, EINVAL, "invalid device cgroup rule format: '%s'", text);
	rule_add(list, true, arena_strdup(list->arena, words[0]), major, minor, arena_strdup(list->arena, words[2]));
	return 0;
}

int spec_devices(const struct host_config *host, struct arena *arena, struct oci_linux *part, struct err *err)
{
	struct device_list list = {.arena = arena};
	enum { RULES_OWN = 16 };
	size_t room = host->privileged ? DEVICES_MAX : 0;
	list.devices = arena_array(arena, struct oci_device, room + host->devices.count + 1);
	list.rules = arena_array(arena, struct oci_device_rule,
				 RULES_OWN + host->devices.count + strv_count(host->device_cgroup_rules));
	if (host->privileged) {
		int dev = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rule_add(&list, true, "a", -1, -1, "rwm");
		if (dev >= 0)
			host_devices(&list, dev, "/dev", 0);
	} else {
		default_rules(&list);
	}
	for (size_t i = 0; i < host->devices.count; i++) {
		const struct device_mapping *mapping = &host->devices.items[i];
		struct stat info;
		if (stat(mapping->path_on_host, &info) < 0)
			return err_set(
			    err, EINVAL, "error gathering device information while adding custom device \"%s\": %s",
			    mapping->path_on_host, errno == ENOENT ? "no such file or directory" : strerror(errno));
		if (!S_ISCHR(info.st_mode) && !S_ISBLK(info.st_mode))
			return err_set(err, EINVAL,
				       "error gathering device information while adding custom device \"%s\": not a "
				       "device node",
				       mapping->path_on_host);
		device_add(&list,
			   text_empty(mapping->path_in_container) ? mapping->path_on_host : mapping->path_in_container,
			   &info, text_empty(mapping->cgroup_permissions) ? "rwm" : mapping->cgroup_permissions, true);
	}
	for (char *const *rule = host->device_cgroup_rules; rule && *rule; rule++) {
		int rc = rule_take(&list, *rule, err);
		if (rc < 0)
			return rc;
	}
	part->devices.items = list.devices;
	part->devices.count = list.count;
	part->resources->devices.items = list.rules;
	part->resources->devices.count = list.rule_count;
	return 0;
}
