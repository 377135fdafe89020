#include "runtime/cgroup_tree.h"

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP1_MAGIC 0x27e0eb
#define CGROUP2_MAGIC 0x63677270

enum { FILE_MAX = 1 << 20 };

enum cgroup_mode cgroup_mode(void)
{
	struct statfs info;
	return statfs(CGROUP_ROOT, &info) == 0 && info.f_type == CGROUP2_MAGIC ? CGROUP_V2 : CGROUP_V1;
}

const char *const *cgroup_hierarchies(enum cgroup_mode mode)
{
	/* freezer first: who must not join a frozen one has not joined any other yet. systemd: its own, without a
	 * controller; who stays in another unit's group there ends with that unit. */
	static const char *const v1[] = {"freezer",  "memory",	   "cpu",     "cpuacct", "cpuset", "pids",
					 "devices",  "blkio",	   "hugetlb", "rdma",	 "misc",   "net_cls",
					 "net_prio", "perf_event", "systemd", NULL};
	static const char *const v2[] = {"", NULL};
	return mode == CGROUP_V2 ? v2 : v1;
}

int cgroup_open(const char *hierarchy, const char *cgroup, bool make, int *out_fd, struct err *err)
{
	auto_free char *root = x_printf(CGROUP_ROOT "/%s", hierarchy);
	auto_fd int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), made = -1, found = -1;
	struct statfs info;
	if (top < 0 || fstatfs(top, &info) < 0)
		return err_sys(err, "cgroup %s", root);
	/* Others leave empty directories where they looked for a hierarchy. */
	if (info.f_type != CGROUP1_MAGIC && info.f_type != CGROUP2_MAGIC)
		return err_set(err, ENOENT, "cgroup %s: no control groups are mounted there", root);
	while (*cgroup == '/')
		cgroup++;
	const char *name = *cgroup ? cgroup : ".";
	int rc = make ? path_make_dirs(top, name, PATH_BENEATH, 0755, &made, err) : 0;
	if (rc == 0)
		rc = path_open(top, name, PATH_BENEATH, O_RDONLY | O_DIRECTORY, 0, &found, err);
	if (rc < 0)
		return rc;
	*out_fd = take_fd(&found);
	return 0;
}

int cgroup_open_main(const char *cgroup, int *out_fd, struct err *err)
{
	enum cgroup_mode mode = cgroup_mode();
	int rc = cgroup_open(mode == CGROUP_V2 ? "" : "freezer", cgroup, false, out_fd, err);
	const char *const *at = cgroup_hierarchies(mode);
	while (rc == -ENOENT && mode == CGROUP_V1 && *at)
		rc = cgroup_open(*at++, cgroup, false, out_fd, err);
	return rc == -ENOENT ? err_set(err, ENOENT, "control group %s: not there", cgroup) : rc;
}

bool cgroup_exists(const char *cgroup)
{
	struct err ignored;
	auto_fd int dir = -1;
	return cgroup_open_main(cgroup, &dir, &ignored) == 0;
}

int cgroup_read(int dir, const char *file, struct buf *out, struct err *err)
{
	*out = (struct buf)BUF_INIT(FILE_MAX);
	int rc = file_read(dir, file, out, err);
	while (rc == 0 && out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = 0;
	return rc;
}

static bool number_read(const char *text, uint64_t *out_value)
{
	struct err ignored;
	if (text_equal(text, "max")) {
		*out_value = UINT64_MAX;
		return true;
	}
	return number_parse_u64(text, UINT64_MAX, "number", out_value, &ignored) == 0;
}

bool cgroup_read_number(int dir, const char *file, uint64_t *out_value)
{
	auto_buf text = BUF_INIT(0);
	struct err ignored;
	return cgroup_read(dir, file, &text, &ignored) == 0 && number_read(buf_str(&text), out_value);
}

bool cgroup_find_number(const char *text, const char *key, uint64_t *out_value)
{
	size_t size = strlen(key);
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, size) != 0 || line[size] != ' ')
			continue;
		auto_free char *value = x_strndup(line + size + 1, strcspn(line + size + 1, "\n"));
		return number_read(value, out_value);
	}
	return false;
}
