#include "base/text.h"
#include "runtime/plan_parts.h"

#include <linux/mount.h>
#include <string.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

/* --- the words of mount(8) --- */

static const struct {
	const char *word;
	uint64_t set, clear;
} mount_words[] = {
    {"ro", MS_RDONLY, 0},
    {"rw", 0, MS_RDONLY},
    {"nosuid", MS_NOSUID, 0},
    {"suid", 0, MS_NOSUID},
    {"nodev", MS_NODEV, 0},
    {"dev", 0, MS_NODEV},
    {"noexec", MS_NOEXEC, 0},
    {"exec", 0, MS_NOEXEC},
    {"noatime", MS_NOATIME, MS_RELATIME | MS_STRICTATIME},
    {"atime", 0, MS_NOATIME},
    {"relatime", MS_RELATIME, MS_NOATIME | MS_STRICTATIME},
    {"norelatime", 0, MS_RELATIME},
    {"strictatime", MS_STRICTATIME, MS_NOATIME | MS_RELATIME},
    {"nostrictatime", 0, MS_STRICTATIME},
    {"nodiratime", MS_NODIRATIME, 0},
    {"diratime", 0, MS_NODIRATIME},
    {"nosymfollow", MS_NOSYMFOLLOW, 0},
    {"symfollow", 0, MS_NOSYMFOLLOW},
    {"sync", MS_SYNCHRONOUS, 0},
    {"async", 0, MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC, 0},
    {"mand", MS_MANDLOCK, 0},
    {"nomand", 0, MS_MANDLOCK},
    {"iversion", MS_I_VERSION, 0},
    {"noiversion", 0, MS_I_VERSION},
    {"lazytime", MS_LAZYTIME, 0},
    {"nolazytime", 0, MS_LAZYTIME},
    {"silent", MS_SILENT, 0},
    {"loud", 0, MS_SILENT},
    {"acl", MS_POSIXACL, 0},
    {"noacl", 0, MS_POSIXACL},
    {"defaults", 0, 0},
    {"remount", MS_REMOUNT, 0},
};

static const struct {
	const char *word;
	uint64_t propagation;
} propagations[] = {
    {"private", MS_PRIVATE},	   {"rprivate", MS_PRIVATE | MS_REC},
    {"shared", MS_SHARED},	   {"rshared", MS_SHARED | MS_REC},
    {"slave", MS_SLAVE},	   {"rslave", MS_SLAVE | MS_REC},
    {"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE | MS_REC},
};

/* Of the mount and all that is mounted below. kernel 5.12: mount_setattr. */
static const struct {
	const char *word;
	uint64_t set, clear;
} attribute_words[] = {
    {"rro", MOUNT_ATTR_RDONLY, 0},
    {"rrw", 0, MOUNT_ATTR_RDONLY},
    {"rnosuid", MOUNT_ATTR_NOSUID, 0},
    {"rsuid", 0, MOUNT_ATTR_NOSUID},
    {"rnodev", MOUNT_ATTR_NODEV, 0},
    {"rdev", 0, MOUNT_ATTR_NODEV},
    {"rnoexec", MOUNT_ATTR_NOEXEC, 0},
    {"rexec", 0, MOUNT_ATTR_NOEXEC},
    {"rnodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"rdiratime", 0, MOUNT_ATTR_NODIRATIME},
    {"rrelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"rnorelatime", 0, MOUNT_ATTR__ATIME},
    {"rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"ratime", 0, MOUNT_ATTR__ATIME},
    {"rstrictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"rnostrictatime", 0, MOUNT_ATTR__ATIME},
    {"rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
};

static const struct {
	const char *word;
	uint32_t flags;
	bool bind, listed;
} flag_words[] = {
    {"bind", 0, true, true},
    {"rbind", PLAN_RECURSIVE, true, true},
    {"tmpcopyup", PLAN_COPY_UP, false, true},
    {"idmap", PLAN_IDMAP, false, true},
    {"ridmap", PLAN_IDMAP | PLAN_IDMAP_RECURSIVE, false, true},
    {"src-nofollow", PLAN_SOURCE_LINK, false, true},
    {"dest-nofollow", PLAN_TARGET_LINK, false, true},
    /* The engine's: a source that is missing is made; a place that a user named. */
    {"tugmake", PLAN_MAKE_SOURCE, false, false},
    {"tuguser", PLAN_USER_PLACE, false, false},
};

uint64_t plan_propagation(const char *word)
{
	for (size_t i = 0; i < array_size(propagations); i++) {
		if (text_equal(word, propagations[i].word))
			return propagations[i].propagation;
	}
	return 0;
}

char **plan_mount_options(struct arena *arena)
{
	char **names = arena_array(arena, char *,
				   array_size(mount_words) + array_size(propagations) + array_size(attribute_words) +
				       array_size(flag_words) + 1);
	size_t count = 0;
	for (size_t i = 0; i < array_size(flag_words); i++) {
		if (flag_words[i].listed)
			names[count++] = (char *)flag_words[i].word;
	}
	for (size_t i = 0; i < array_size(mount_words); i++)
		names[count++] = (char *)mount_words[i].word;
	for (size_t i = 0; i < array_size(propagations); i++)
		names[count++] = (char *)propagations[i].word;
	for (size_t i = 0; i < array_size(attribute_words); i++)
		names[count++] = (char *)attribute_words[i].word;
	return names;
}

static bool attribute_take(const char *word, struct plan_mount *mount)
{
	for (size_t i = 0; i < array_size(attribute_words); i++) {
		if (!text_equal(word, attribute_words[i].word))
			continue;
		mount->attr_set = (mount->attr_set & ~attribute_words[i].clear) | attribute_words[i].set;
		mount->attr_clear |= attribute_words[i].clear;
		if (attribute_words[i].set && !attribute_words[i].clear)
			mount->attr_clear &= ~attribute_words[i].set;
		return true;
	}
	return false;
}

/* True when the word was an option of the mount itself; others are the file system's. */
static bool word_take(const char *word, struct plan_mount *mount)
{
	for (size_t i = 0; i < array_size(mount_words); i++) {
		if (!text_equal(word, mount_words[i].word))
			continue;
		mount->mount_flags = (mount->mount_flags & ~mount_words[i].clear) | mount_words[i].set;
		mount->mount_clear = (mount->mount_clear & ~mount_words[i].set) | mount_words[i].clear;
		return true;
	}
	for (size_t i = 0; i < array_size(flag_words); i++) {
		if (!text_equal(word, flag_words[i].word))
			continue;
		mount->flags |= flag_words[i].flags;
		if (flag_words[i].bind)
			mount->kind = PLAN_MOUNT_BIND;
		return true;
	}
	if (plan_propagation(word)) {
		mount->propagation = plan_propagation(word);
		return true;
	}
	if (text_after(word, "tugsubpath=")) {
		mount->subpath = (char *)text_after(word, "tugsubpath=");
		return true;
	}
	return attribute_take(word, mount);
}

/* --- mounts --- */

static int idmap_compile(struct arena *arena, const struct oci_mount *mount, struct plan_mount *plan, struct err *err)
{
	plan->uid_count = mount->uid_mappings.count;
	plan->gid_count = mount->gid_mappings.count;
	if ((plan->uid_count == 0) != (plan->gid_count == 0))
		return err_set(err, EINVAL, "uidMappings, gidMappings: one without the other");
	if (plan->uid_count > 0)
		plan->flags |= PLAN_IDMAP;
	if (!(plan->flags & PLAN_IDMAP))
		return 0;
	if (plan->kind != PLAN_MOUNT_BIND)
		return err_set(err, EINVAL, "uidMappings: id-mapped mounts are only supported for bind-mounts");
	plan->uids = plan_ranges_compile(arena, mount->uid_mappings.items, mount->uid_mappings.count);
	plan->gids = plan_ranges_compile(arena, mount->gid_mappings.items, mount->gid_mappings.count);
	return 0;
}

/* What lies on or below /proc hides what confines the container: only what fakes its statistics may. */
static int destination_check(const struct plan_mount *mount, struct err *err)
{
	static const char *const allowed[] = {"/proc/cpuinfo",
					      "/proc/diskstats",
					      "/proc/meminfo",
					      "/proc/stat",
					      "/proc/swaps",
					      "/proc/uptime",
					      "/proc/loadavg",
					      "/proc/slabinfo",
					      "/proc/sys/kernel/ns_last_pid",
					      "/proc/sys/crypto/fips_enabled"};
	const char *below = text_after(mount->target, "/proc");
	if (!below || (*below && *below != '/'))
		return 0;
	if (!*below || text_equal(below, "/")) {
		if (mount->kind == PLAN_MOUNT_FS && !text_equal(mount->type ? mount->type : "", "proc"))
			return err_set(err, EINVAL, "\"%s\" cannot be mounted because it is not of type proc",
				       mount->target);
		return 0;
	}
	for (size_t i = 0; i < array_size(allowed); i++) {
		if (text_equal(mount->target, allowed[i]))
			return 0;
	}
	return err_set(err, EINVAL, "\"%s\" cannot be mounted because it is inside /proc", mount->target);
}

/* "//a/./b/../c/" to "/a/c": places are compared, and nothing is made above the root. */
static char *path_clean(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 2);
	size_t size = 0;
	auto_strv char **parts = strv_split(path, '/');
	for (char **part = parts; *part; part++) {
		size_t length = strlen(*part);
		if (length == 0 || text_equal(*part, "."))
			continue;
		if (text_equal(*part, "..")) {
			while (size > 0 && out[--size] != '/')
				continue;
			continue;
		}
		out[size++] = '/';
		memcpy(out + size, *part, length);
		size += length;
	}
	if (size == 0)
		out[size++] = '/';
	out[size] = 0;
	return out;
}

/* Places that the runtime itself relies on are taken as they are named: a link of the image's there is an attack. */
static bool is_own_place(const char *target)
{
	static const char *const places[] = {"/proc", "/sys", "/dev"};
	for (size_t i = 0; i < array_size(places); i++) {
		const char *rest = text_after(target, places[i]);
		if (rest && (!*rest || *rest == '/'))
			return true;
	}
	return false;
}

static int mount_compile(struct arena *arena, const struct oci_mount *mount, struct plan_mount *plan, struct err *err)
{
	auto_buf data = BUF_INIT(4096);
	*plan = (struct plan_mount){.source = mount->source, .type = mount->type};
	if (text_empty(mount->destination))
		return err_set(err, EINVAL, "destination: missing field");
	/* Paths without a slash in front were allowed once, and engines still write them. */
	plan->target = path_clean(arena, mount->destination);
	if (!is_own_place(plan->target))
		plan->flags |= PLAN_USER_PLACE;
	for (char **word = mount->options; word && *word; word++) {
		if (!word_take(*word, plan))
			buf_printf(&data, "%s%s", data.len ? "," : "", *word);
	}
	if (mount->type && text_equal(mount->type, "bind"))
		plan->kind = PLAN_MOUNT_BIND;
	if (mount->type && plan->kind != PLAN_MOUNT_BIND &&
	    (text_equal(mount->type, "cgroup") || text_equal(mount->type, "cgroup2")))
		plan->kind = PLAN_MOUNT_CGROUP;
	if (mount->type && text_equal(mount->type, "tugsecret")) /* the engine's */
		plan->kind = PLAN_MOUNT_SECRET;
	if (plan->kind == PLAN_MOUNT_BIND && (!plan->source || plan->source[0] != '/'))
		return err_set(err, EINVAL, "source: not an absolute path");
	if (plan->kind != PLAN_MOUNT_BIND && text_empty(mount->type))
		return err_set(err, EINVAL, "type: missing field");
	if (plan->flags & PLAN_COPY_UP && !text_equal(mount->type ? mount->type : "", "tmpfs"))
		return err_set(err, EINVAL, "options: tmpcopyup is for a tmpfs");
	plan->data = arena_strdup(arena, buf_str(&data));
	int rc = buf_check(&data, "options", err);
	if (rc == 0)
		rc = idmap_compile(arena, mount, plan, err);
	return rc < 0 ? rc : destination_check(plan, err);
}

static int volumes_compile(struct arena *arena, const struct plan_options *options, struct plan *plan, struct err *err)
{
	plan->volumes = arena_array(arena, struct plan_mount, options->volume_count + 1);
	for (size_t i = 0; i < options->volume_count; i++) {
		int rc = mount_compile(arena, &options->volumes[i], &plan->volumes[plan->volume_count++], err);
		if (rc < 0)
			return err_wrap(err, "error while mounting volume '%s'", options->volumes[i].destination);
	}
	return 0;
}

int plan_mounts_compile(struct arena *arena, const struct oci_spec *spec, const struct plan_options *options,
			struct plan *plan, struct err *err)
{
	plan->mounts = arena_array(arena, struct plan_mount, spec->mounts.count + 1);
	for (size_t i = 0; i < spec->mounts.count; i++) {
		int rc = mount_compile(arena, &spec->mounts.items[i], &plan->mounts[plan->mount_count++], err);
		if (rc < 0)
			return err_wrap(err, "mounts: [%zu]", i);
	}
	return volumes_compile(arena, options, plan, err);
}
