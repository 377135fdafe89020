/* tugd job changes: what a container has changed in its file system. */
#include "base/path.h"
#include "image/changes.h"
#include "image/job_root.h"
#include "image/report.h"
#include "security/confine.h"
#include "storage/overlay.h"

#include <fcntl.h>

enum { ANSWER_MAX = 7 << 20 };

/* The upper directory, enclosed, before the data directory goes out of sight. *out_upper -1: it never ran. */
static int upper_open(const struct archive_spec *spec, int *out_upper, struct err *err)
{
	auto_free char *path = x_printf("%s/upper", spec->directory);
	auto_fd int fd = -1;
	int rc = path_open(ROOT_FD, path, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	int tree; /* stays open, or the copy of the mounts falls apart */
	rc = confine_tree(fd, false, &tree, err);
	if (rc < 0)
		return rc;
	*out_upper = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out_upper < 0 ? err_sys(err, "open what container %s has changed", spec->container) : 0;
}

static int changes_run(struct arena *arena, struct buf *out, struct err *err)
{
	struct archive_spec spec = {0};
	auto_fd int upper = -1, lower = -1;
	int rc = root_spec_read(arena, &spec, err);
	if (rc == 0)
		rc = upper_open(&spec, &upper, err);
	if (rc < 0)
		return rc;
	if (upper < 0) {
		buf_text(out, "[]");
		return 0;
	}
	if (spec.lower && spec.lower[0])
		rc = layers_mount(ROOT_FD, &(struct overlay_spec){.lower = spec.lower}, &lower, err);
	if (rc < 0)
		return rc;
	bool has_lower = lower >= 0;
	close(ROOT_FD);
	const struct confine_spec confine = {.dirs = {{.fd = upper, .enclosed = true}, {.fd = lower}},
					     .dir_count = has_lower ? 2 : 1};
	rc = confine_enter(&confine, err);
	return rc < 0 ? rc : changes_list(upper, lower, out, err);
}

int image_job_changes_main(int argc, char **argv)
{
	auto_arena arena = {0};
	auto_buf out = BUF_INIT(ANSWER_MAX);
	struct err err;
	(void)argc, (void)argv;
	int rc = changes_run(&arena, &out, &err);
	if (rc < 0)
		return report_error(&err);
	report_answer(buf_str(&out));
	return 0;
}
