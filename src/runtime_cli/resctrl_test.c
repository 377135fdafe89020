/* A plain folder in the place of the kernel's file system. */
#include "runtime_cli/resctrl.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"

#include "unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct err err;

static void file_make(const char *path, const char *text)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void check_file(const char *path, const char *text)
{
	auto_buf got = BUF_INIT(4096);
	CHECK_OK(file_read(AT_FDCWD, path, &got, &err));
	CHECK_STR(buf_str(&got), text);
}

static void root_make(void)
{
	CHECK(mkdir("r", 0755) == 0 && mkdir("r/info", 0755) == 0 && mkdir("r/info/L3", 0755) == 0);
	CHECK(mkdir("r/info/MB", 0755) == 0 && mkdir("r/info/L3_MON", 0755) == 0);
	file_make("r/info/last_cmd_status", "ok\n");
}

/* As the kernel makes it together with the directory. */
static void group_fill(const char *path, const char *schemata)
{
	auto_free char *tasks = x_printf("%s/tasks", path), *file = x_printf("%s/schemata", path),
		       *monitors = x_printf("%s/mon_groups", path);
	(void)mkdir(path, 0755);
	CHECK(mkdir(monitors, 0755) == 0);
	file_make(tasks, "");
	file_make(file, schemata);
}

TEST(a_group_that_is_there_has_to_have_the_schemata)
{
	auto_arena arena = {0};
	char *group = NULL, *mine = NULL;
	struct oci_intel_rdt rdt = {.clos_id = (char *)"guests",
				    .l3_cache_schema = (char *)"L3:0=7f0;1=1F",
				    .mem_bw_schema = (char *)"MB:0=20"};
	root_make();
	group_fill("r/guests", "    MB:0= 30;1=100\n    L3:1=01f;0=7f0\n");
	CHECK_ERR(resctrl_apply("r", &rdt, "id", 7, &arena, &group, &mine, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "schemata are not \"MB:0=20\"");
	file_make("r/guests/schemata", "    MB:0= 20;1=100\n    L3:1=01f;0=7f0\n");
	CHECK_OK(resctrl_apply("r", &rdt, "id", 7, &arena, &group, &mine, &err));
	CHECK_STR(group, "r/guests");
	CHECK(!mine);
	check_file("r/guests/tasks", "7");
	rdt.l3_cache_schema = (char *)"L3:0=7f";
	CHECK_ERR(resctrl_apply("r", &rdt, "id", 7, &arena, &group, &mine, &err), EINVAL);
	CHECK(access("r/guests", F_OK) == 0);
}

TEST(a_named_group_without_schemata_has_to_be_there)
{
	auto_arena arena = {0};
	char *group = NULL, *mine = NULL;
	const struct oci_intel_rdt rdt = {.clos_id = (char *)"guests"};
	root_make();
	CHECK_ERR(resctrl_apply("r", &rdt, "id", 7, &arena, &group, &mine, &err), ENOENT);
	CHECK_CONTAINS(err.msg, "clos dir not accessible (must be pre-created");
	group_fill("r/guests", "L3:0=f\n");
	CHECK_OK(resctrl_apply("r", &rdt, "id", 7, &arena, &group, &mine, &err));
	CHECK(!mine);
}

TEST(the_container_s_own_group_is_removed_and_a_monitoring_group)
{
	auto_arena arena = {0};
	char *group = NULL, *mine = NULL;
	struct oci_intel_rdt rdt = {.clos_id = (char *)"guests", .enable_monitoring = true};
	root_make();
	group_fill("r/guests", "L3:0=f\n");
	CHECK(mkdir("r/guests/mon_groups/id", 0755) == 0);
	file_make("r/guests/mon_groups/id/tasks", "");
	CHECK_OK(resctrl_apply("r", &rdt, "id", 7, &arena, &group, &mine, &err));
	CHECK_STR(mine, "r/guests/mon_groups/id");
	check_file("r/guests/mon_groups/id/tasks", "7");
	CHECK(unlink("r/guests/mon_groups/id/tasks") == 0);
	resctrl_remove(mine);
	CHECK(access("r/guests/mon_groups/id", F_OK) < 0 && access("r/guests", F_OK) == 0);
}

/* A plain folder's new groups have no files: what was made is taken back, and the kernel's words are told. */
TEST(what_was_made_is_taken_back)
{
	auto_arena arena = {0};
	char *group = NULL, *mine = NULL;
	const struct oci_intel_rdt rdt = {.schemata = (char *[]){(char *)"L3:0=f", NULL}};
	root_make();
	CHECK_ERR(resctrl_apply("r", &rdt, "id", 7, &arena, &group, &mine, &err), ENOENT);
	CHECK_CONTAINS(err.msg, "intelrdt: unable to write");
	CHECK_CONTAINS(err.msg, "last_cmd_status: ok");
	CHECK(access("r/id", F_OK) < 0);
}

TEST(schemata_are_combined)
{
	struct oci_intel_rdt rdt = {.l3_cache_schema = (char *)"L3:0=f\nMB:0=10",
				    .mem_bw_schema = (char *)"MB:0=20",
				    .schemata = (char *[]){(char *)"L2:0=3", NULL}};
	root_make();
	group_fill("r/g", "");
	CHECK_OK(resctrl_update("r", "r/g", &rdt, &err));
	check_file("r/g/schemata", "L3:0=f\nMB:0=20\nL2:0=3\n");
}

TEST(what_the_host_cannot_is_named)
{
	struct oci_intel_rdt rdt = {.l3_cache_schema = (char *)"L3:0=f"};
	CHECK(mkdir("r", 0755) == 0);
	CHECK_ERR(resctrl_check("r", &rdt, &err), EOPNOTSUPP);
	CHECK_CONTAINS(err.msg, "Intel RDT/CAT is not enabled");
	rdt = (struct oci_intel_rdt){.mem_bw_schema = (char *)"MB:0=f"};
	CHECK_ERR(resctrl_check("r", &rdt, &err), EOPNOTSUPP);
	CHECK_CONTAINS(err.msg, "Intel RDT/MBA is not enabled");
	rdt = (struct oci_intel_rdt){.enable_monitoring = true};
	CHECK_ERR(resctrl_check("r", &rdt, &err), EOPNOTSUPP);
	static const char *const wrong[] = {".", "..", "a/b", "/a", "info", "mon_groups"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		rdt = (struct oci_intel_rdt){.clos_id = (char *)wrong[i]};
		CHECK_ERR(resctrl_check("r", &rdt, &err), EINVAL);
	}
}
