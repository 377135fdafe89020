#include "runtime_cli/resctrl.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define RESCTRL_PLACE "/sys/fs/resctrl"
#define RESCTRL_MAGIC 0x7655821

enum { TEXT_MAX = 1 << 20 };

/* --- where it is --- */

/* Field 5 of a line is the place, and the first behind " - " the type. */
static char *place_of(char *line)
{
	char *type = strstr(line, " - "), *at = line;
	if (!type || !text_after(type, " - resctrl "))
		return NULL;
	for (int field = 1; at && field < 5; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? x_strndup(at, strcspn(at, " ")) : NULL;
}

int resctrl_root(char **out_root, struct err *err)
{
	auto_buf text = BUF_INIT(16 << 20);
	struct statfs info;
	if (statfs(RESCTRL_PLACE, &info) == 0 && info.f_type == RESCTRL_MAGIC) {
		*out_root = x_strdup(RESCTRL_PLACE);
		return 0;
	}
	int rc = file_read(AT_FDCWD, "/proc/self/mountinfo", &text, err);
	if (rc < 0)
		return rc;
	for (char *line = text.data, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		char *place = place_of(line);
		if (place) {
			*out_root = place;
			return 0;
		}
	}
	return err_set(
	    err, ENOENT,
	    "intelRdt is specified in config, but Intel RDT is not enabled (mount -t resctrl resctrl " RESCTRL_PLACE
	    ")");
}

/* --- what is asked for --- */

static bool has_feature(const char *root, const char *name)
{
	auto_free char *path = x_printf("%s/info/%s", root, name);
	return access(path, F_OK) == 0;
}

int resctrl_check(const char *root, const struct oci_intel_rdt *rdt, struct err *err)
{
	const char *id = rdt->clos_id ? rdt->clos_id : "";
	if (text_equal(id, ".") || text_equal(id, "..") || strchr(id, '/') || text_equal(id, "info") ||
	    text_equal(id, "mon_groups") || text_equal(id, "mon_data"))
		return err_set(err, EINVAL, "closID: invalid intelRdt.ClosID \"%s\"", id);
	if (!text_empty(rdt->l3_cache_schema) && !has_feature(root, "L3") && !has_feature(root, "L3CODE"))
		return err_set(err, EOPNOTSUPP,
			       "l3CacheSchema: intelRdt.l3CacheSchema is specified in config, but Intel RDT/CAT is not "
			       "enabled");
	if (!text_empty(rdt->mem_bw_schema) && !has_feature(root, "MB"))
		return err_set(err, EOPNOTSUPP,
			       "memBwSchema: intelRdt.memBwSchema is specified in config, but Intel RDT/MBA is not "
			       "enabled");
	if (rdt->enable_monitoring && !has_feature(root, "L3_MON"))
		return err_set(err, EOPNOTSUPP, "enableMonitoring: this host has no monitoring of Intel RDT");
	return 0;
}

static void line_put(struct buf *out, const char *line)
{
	if (!text_empty(line))
		buf_printf(out, "%s\n", line);
}

/* In the specification's order. memBwSchema counts more than a line about memory in l3CacheSchema. */
static void schemata_make(const struct oci_intel_rdt *rdt, struct buf *out)
{
	auto_strv char **cache = strv_split(rdt->l3_cache_schema ? rdt->l3_cache_schema : "", '\n');
	for (char **line = cache; *line; line++) {
		if (text_empty(rdt->mem_bw_schema) || !text_after(*line, "MB:"))
			line_put(out, *line);
	}
	line_put(out, rdt->mem_bw_schema);
	for (char *const *line = rdt->schemata; line && *line; line++)
		line_put(out, *line);
}

/* --- reading and writing --- */

/* The kernel says more in a file than in an errno. */
static int told(const char *root, int code, struct err *err, const char *what)
{
	auto_buf text = BUF_INIT(TEXT_MAX);
	auto_free char *path = x_printf("%s/info/last_cmd_status", root);
	struct err ignored;
	if (file_read(AT_FDCWD, path, &text, &ignored) < 0)
		return err_set(err, code, "intelrdt: %s: %s", what, strerror(code));
	text.data[strcspn(buf_str(&text), "\n")] = 0;
	return err_set(err, code, "intelrdt: %s: %s, last_cmd_status: %s", what, strerror(code), buf_str(&text));
}

static int write_file(const char *root, const char *group, const char *file, const char *text, struct err *err)
{
	auto_free char *what = x_printf("unable to write \"%s\" to %s", text, file),
		       *path = x_printf("%s/%s", group, file);
	struct err each;
	int rc = file_control(AT_FDCWD, path, text, &each);
	return rc < 0 ? told(root, -rc, err, what) : 0;
}

/* "0=7f0;1=1F" and "1=01f;0=7f0" are the same; numbers of the first only have to be in the second. */
static bool values_match(const char *wanted, const char *there)
{
	auto_strv char **parts = strv_split(wanted, ';');
	auto_strv char **others = strv_split(there, ';');
	for (char **part = parts; *part; part++) {
		bool found = **part == 0;
		for (char **other = others; *other && !found; other++) {
			size_t id = strcspn(*part, "="), same = strcspn(*other, "=");
			const char *a = *part + id, *b = *other + same;
			a += strspn(a, "= 0");
			b += strspn(b, "= 0");
			found = id == same && strncmp(*part, *other, id) == 0 && strcasecmp(a, b) == 0;
		}
		if (!found)
			return false;
	}
	return true;
}

static bool line_is_there(const char *line, char *const *lines)
{
	size_t name = strcspn(line, ":");
	for (; *lines; lines++) {
		const char *other = *lines + strspn(*lines, " ");
		if (line[name] && strncmp(other, line, name + 1) == 0 &&
		    values_match(line + name + 1, other + name + 1))
			return true;
	}
	return false;
}

static int schemata_compare(const char *group, const struct buf *wanted, struct err *err)
{
	auto_buf text = BUF_INIT(TEXT_MAX);
	auto_free char *path = x_printf("%s/schemata", group);
	int rc = file_read(AT_FDCWD, path, &text, err);
	if (rc < 0)
		return rc;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	auto_strv char **asked = strv_split(buf_str(wanted), '\n');
	for (char **line = asked; *line; line++) {
		if (**line && !line_is_there(*line, lines))
			return err_set(err, EINVAL, "closID: the group is there and its schemata are not \"%s\"",
				       *line);
	}
	return 0;
}

static int group_make(const char *root, const char *path, bool *out_made, struct err *err)
{
	*out_made = mkdir(path, 0755) == 0;
	auto_free char *what = x_printf("make the group %s", path);
	return *out_made || errno == EEXIST ? 0 : told(root, errno, err, what);
}

static int process_put(const char *root, const char *group, pid_t pid, struct err *err)
{
	char number[16];
	snprintf(number, sizeof number, "%d", (int)pid);
	return write_file(root, group, "tasks", number, err);
}

/* --- the group --- */

struct group {
	const char *root, *path, *monitor;
	bool named, made;
};

static int group_set(const struct group *group, const struct oci_intel_rdt *rdt, pid_t pid, struct err *err)
{
	auto_buf schemata = BUF_INIT(TEXT_MAX);
	bool monitored;
	schemata_make(rdt, &schemata);
	int rc = buf_check(&schemata, "the schemata", err);
	if (rc == 0 && schemata.len && group->named && !group->made)
		rc = schemata_compare(group->path, &schemata, err);
	else if (rc == 0 && schemata.len)
		rc = write_file(group->root, group->path, "schemata", buf_str(&schemata), err);
	if (rc == 0)
		rc = process_put(group->root, group->path, pid, err);
	if (rc == 0 && group->monitor)
		rc = group_make(group->root, group->monitor, &monitored, err);
	if (rc == 0 && group->monitor)
		rc = process_put(group->root, group->monitor, pid, err);
	return rc;
}

int resctrl_apply(const char *root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid, struct arena *arena,
		  char **out_group, char **out_mine, struct err *err)
{
	bool named = !text_empty(rdt->clos_id);
	bool bare =
	    text_empty(rdt->l3_cache_schema) && text_empty(rdt->mem_bw_schema) && !(rdt->schemata && rdt->schemata[0]);
	char *path = arena_printf(arena, "%s/%s", root, named ? rdt->clos_id : id);
	char *monitor = rdt->enable_monitoring ? arena_printf(arena, "%s/mon_groups/%s", path, id) : NULL;
	struct group group = {.root = root, .path = path, .monitor = monitor, .named = named};
	if (named && bare && access(path, F_OK) < 0)
		return err_sys(err,
			       "closID: clos dir not accessible (must be pre-created when schemata, l3CacheSchema and "
			       "memBwSchema are empty): %s",
			       path);
	int rc = group_make(root, path, &group.made, err);
	if (rc < 0)
		return rc;
	rc = group_set(&group, rdt, pid, err);
	if (rc < 0) {
		resctrl_remove(monitor);
		resctrl_remove(group.made ? path : NULL);
		return rc;
	}
	*out_group = path;
	/* A group with a name may have other processes in it, now or later: it stays. */
	*out_mine = !named && group.made ? path : monitor;
	return 0;
}

int resctrl_update(const char *root, const char *group, const struct oci_intel_rdt *rdt, struct err *err)
{
	auto_buf schemata = BUF_INIT(TEXT_MAX);
	schemata_make(rdt, &schemata);
	int rc = buf_check(&schemata, "the schemata", err);
	return rc < 0 || !schemata.len ? rc : write_file(root, group, "schemata", buf_str(&schemata), err);
}

void resctrl_remove(const char *mine)
{
	if (mine)
		(void)rmdir(mine);
}
