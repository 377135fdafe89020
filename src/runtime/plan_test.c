#include "runtime/plan_compile.h"
#include "runtime/plan_wire.h"

#include "unit/test.h"

#include <linux/mount.h>
#include <sched.h>

static struct err err;
static struct arena arena;

static const char spec_text[] =
    "{\"ociVersion\":\"1.3.0\",\"hostname\":\"web\",\"process\":{\"args\":[\"sh\",\"-c\",\"x\"],\"env\":[\"A=1\"],"
    "\"cwd\":\"/\","
    "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]},\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":5,\"hard\":6}],"
    "\"oomScoreAdj\":7},\"root\":{\"path\":\"r\",\"readonly\":true},\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\",\"noexec\"]},"
    "{\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"/srv\",\"options\":[\"rbind\",\"rslave\",\"rro\"]},"
    "{\"destination\":\"/"
    "t\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"mode=755\",\"size=1m\",\"nodev\"]}],"
    "\"linux\":{\"namespaces\":[{\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"network\"}],"
    "\"cgroupsPath\":\"/t/"
    "x\","
    "\"maskedPaths\":[\"/proc/kcore\"],\"sysctl\":{\"net.a.b\":\"1\"},"
    "\"resources\":{\"memory\":{\"limit\":64},\"pids\":{\"limit\":5},\"devices\":[{\"allow\":false},{\"allow\":true,"
    "\"type\":\"c\",\"major\":1,\"access\":\"rw\"}]}}}";

static struct plan *compile(int slot)
{
	struct oci_spec *spec = arena_new(&arena, struct oci_spec);
	struct plan *plan = NULL;
	char *lower[] = {(char *)"/l/1", (char *)"/l/2", NULL};
	struct plan_options options = {.lower = lower, .upper = "/u", .work = "/w", .network_slot = slot, .user = "me"};
	CHECK_OK(json_load(&arena, &table_oci_spec, spec_text, strlen(spec_text), "spec", 0, spec, &err));
	CHECK_OK(plan_compile(&arena, spec, &options, &plan, &err));
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	plan_encode(plan, &bytes);
	CHECK_OK(plan_decode(&arena, bytes.data, bytes.len, &plan, &err));
	return plan;
}

TEST(specification_becomes_a_plan_and_survives_the_wire)
{
	const struct plan *plan = compile(1);
	CHECK_INT(plan->namespaces, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS);
	CHECK_INT(plan->joins[0].flag, CLONE_NEWNET);
	CHECK_INT(plan->joins[0].slot, 1);
	CHECK_STR(plan->hostname, "web");
	CHECK(!plan->domainname && plan->root_readonly);
	CHECK_STR(plan->lower[1], "/l/2");
	CHECK(!plan->lower[2]);
	CHECK_INT(plan->mount_count, 3);
	CHECK_INT(plan->mounts[0].mount_flags, MS_NOSUID | MS_NOEXEC);
	CHECK_INT(plan->mounts[1].kind, PLAN_MOUNT_BIND);
	CHECK_INT(plan->mounts[1].flags, PLAN_RECURSIVE | PLAN_USER_PLACE);
	CHECK_INT(plan->mounts[1].attr_set, MOUNT_ATTR_RDONLY);
	CHECK_INT(plan->mounts[1].propagation, MS_SLAVE | MS_REC);
	CHECK_STR(plan->mounts[2].data, "mode=755,size=1m");
	CHECK_STR(plan->masked[0], "/proc/kcore");
	CHECK_STR(plan->sysctls[0].file, "net.a.b");
	CHECK_STR(plan->limits[0].file, "memory.limit_in_bytes");
	CHECK_STR(plan->device_rules[0].value, "a");
	CHECK_STR(plan->device_rules[1].value, "c 1:* rw");
	CHECK_STR(plan->process.argv[2], "x");
	CHECK_STR(plan->process.user, "me");
	CHECK_INT(plan->process.bounding, 1);
	CHECK_INT(plan->process.rlimits[0].hard, 6);
	CHECK(plan->process.has_oom_score && plan->process.oom_score == 7);
	arena_done(&arena);
}

TEST(without_a_slot_the_namespace_is_new)
{
	CHECK(compile(PLAN_SLOT_NONE)->namespaces & CLONE_NEWNET);
	arena_done(&arena);
}

TEST(damaged_plans_are_refused)
{
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	struct plan *plan = compile(1);
	plan_encode(plan, &bytes);
	for (size_t size = 0; size < bytes.len; size += 7)
		CHECK_ERR(plan_decode(&arena, bytes.data, size, &plan, &err), EPROTO);
	buf_char(&bytes, 0);
	CHECK_ERR(plan_decode(&arena, bytes.data, bytes.len, &plan, &err), EPROTO);
	arena_done(&arena);
}
