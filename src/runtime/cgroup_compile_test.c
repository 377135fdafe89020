#include "runtime/cgroup_compile.h"

#include "unit/test.h"

static struct err err;
static struct arena arena;

static int compile(const char *text, enum cgroup_mode mode, struct cgroup_settings *out)
{
	struct oci_resources *resources = arena_new(&arena, struct oci_resources);
	CHECK_OK(json_load(&arena, &table_oci_resources, text, strlen(text), "resources", 0, resources, &err));
	return cgroup_compile(&arena, resources, mode, out, &err);
}

/* All settings as lines "hierarchy/file=value". */
static const char *shown(const char *text, enum cgroup_mode mode)
{
	struct cgroup_settings settings;
	auto_buf lines = BUF_INIT(8192);
	CHECK_OK(compile(text, mode, &settings));
	for (size_t i = 0; i < settings.device_rule_count; i++)
		buf_printf(&lines, "%s %s\n", settings.device_rules[i].file, settings.device_rules[i].value);
	for (size_t i = 0; i < settings.limit_count; i++)
		buf_printf(&lines, "%s/%s=%s\n", settings.limits[i].group, settings.limits[i].file,
			   settings.limits[i].value);
	return arena_strdup(&arena, buf_str(&lines));
}

TEST(memory)
{
	static const char text[] = "{\"memory\":{\"limit\":64000,\"swap\":100000,\"reservation\":32000}}";
	CHECK_STR(shown(text, CGROUP_V1), "memory/memory.limit_in_bytes=64000\n"
					  "memory/memory.memsw.limit_in_bytes=100000\n"
					  "memory/memory.soft_limit_in_bytes=32000\n");
	CHECK_STR(shown(text, CGROUP_V2), "/memory.max=64000\n/memory.swap.max=36000\n/memory.low=32000\n");
	CHECK_STR(shown("{\"memory\":{\"limit\":-1}}", CGROUP_V1),
		  "memory/memory.limit_in_bytes=-1\nmemory/memory.memsw.limit_in_bytes=-1\n");
	CHECK_STR(shown("{\"memory\":{\"limit\":-1}}", CGROUP_V2), "/memory.max=max\n/memory.swap.max=max\n");
	CHECK_STR(shown("{\"memory\":{\"limit\":5000,\"swap\":5000}}", CGROUP_V2),
		  "/memory.max=5000\n/memory.swap.max=0\n");
	CHECK_STR(shown("{\"memory\":{\"limit\":5000,\"swap\":-1}}", CGROUP_V2),
		  "/memory.max=5000\n/memory.swap.max=max\n");
	CHECK_STR(
	    shown("{\"memory\":{\"swappiness\":60,\"disableOOMKiller\":true,\"kernelTCP\":9}}", CGROUP_V1),
	    "memory/memory.kmem.tcp.limit_in_bytes=9\nmemory/memory.swappiness=60\nmemory/memory.oom_control=1\n");
	CHECK_STR(shown("{\"memory\":{\"limit\":0,\"disableOOMKiller\":false}}", CGROUP_V2), "");
	arena_done(&arena);
}

TEST(memory_is_checked_before_an_update)
{
	struct cgroup_settings settings;
	CHECK_OK(compile("{\"memory\":{\"limit\":7000,\"checkBeforeUpdate\":true}}", CGROUP_V2, &settings));
	CHECK_INT(settings.usage_max, 7000);
	CHECK_OK(compile("{\"memory\":{\"limit\":7000}}", CGROUP_V2, &settings));
	CHECK_INT(settings.usage_max, 0);
	arena_done(&arena);
}

TEST(processors)
{
	static const char text[] = "{\"cpu\":{\"shares\":1024,\"quota\":50000,\"period\":100000,\"burst\":2000,"
				   "\"cpus\":\"0-1\",\"mems\":\"0\",\"idle\":0}}";
	CHECK_STR(shown(text, CGROUP_V1), "cpuset/cpuset.cpus=0-1\ncpuset/cpuset.mems=0\ncpu/cpu.shares=1024\n"
					  "cpu/cpu.cfs_period_us=100000\ncpu/cpu.cfs_quota_us=50000\n"
					  "cpu/cpu.cfs_burst_us=2000\ncpu/cpu.idle=0\n");
	CHECK_STR(shown(text, CGROUP_V2), "/cpuset.cpus=0-1\n/cpuset.mems=0\n/cpu.weight=100\n"
					  "/cpu.max=50000 100000\n/cpu.max.burst=2000\n/cpu.idle=0\n");
	CHECK_STR(shown("{\"cpu\":{\"quota\":-1}}", CGROUP_V2), "/cpu.max=max 100000\n");
	CHECK_STR(shown("{\"cpu\":{\"quota\":-1}}", CGROUP_V1), "cpu/cpu.cfs_quota_us=-1\n");
	CHECK_STR(shown("{\"cpu\":{\"period\":5000}}", CGROUP_V2), "/cpu.max=max 5000\n");
	CHECK_STR(shown("{\"cpu\":{\"realtimePeriod\":9,\"realtimeRuntime\":8}}", CGROUP_V1),
		  "cpu/cpu.rt_period_us=9\ncpu/cpu.rt_runtime_us=8\n");
	arena_done(&arena);
}

TEST(shares_become_weights)
{
	static const struct {
		uint64_t shares, weight;
	} rows[] = {{0, 1}, {2, 1}, {102, 17}, {512, 59}, {1024, 100}, {2048, 174}, {262144, 10000}, {999999, 10000}};
	for (size_t i = 0; i < array_size(rows); i++)
		CHECK_INT(cgroup_weight_from_shares(rows[i].shares), rows[i].weight);
	for (uint64_t shares = 3; shares < 262144; shares = shares * 5 / 4 + 1)
		CHECK(cgroup_weight_from_shares(shares) >= cgroup_weight_from_shares(shares - 1));
	CHECK_INT(cgroup_weight_from_block(10), 1);
	CHECK_INT(cgroup_weight_from_block(500), 4950);
	CHECK_INT(cgroup_weight_from_block(1000), 10000);
}

TEST(block_devices)
{
	static const char text[] =
	    "{\"blockIO\":{\"weight\":300,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500}],"
	    "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1048576}],"
	    "\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":2048}],"
	    "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":10}],"
	    "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":0}]}}";
	CHECK_STR(shown(text, CGROUP_V1), "blkio/blkio.weight=300\nblkio/blkio.weight_device=8:0 500\n"
					  "blkio/blkio.throttle.read_bps_device=8:0 1048576\n"
					  "blkio/blkio.throttle.write_bps_device=8:0 2048\n"
					  "blkio/blkio.throttle.read_iops_device=8:16 10\n"
					  "blkio/blkio.throttle.write_iops_device=8:16 0\n");
	CHECK_STR(shown(text, CGROUP_V2), "/io.bfq.weight=300\n/io.bfq.weight=8:0 500\n/io.max=8:0 rbps=1048576\n"
					  "/io.max=8:0 wbps=2048\n/io.max=8:16 riops=10\n/io.max=8:16 wiops=max\n");
	arena_done(&arena);
}

TEST(the_rest)
{
	static const char text[] = "{\"pids\":{\"limit\":5},\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4096}],"
				   "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10}}}";
	CHECK_STR(shown(text, CGROUP_V1), "pids/pids.max=5\nhugetlb/hugetlb.2MB.limit_in_bytes=4096\n"
					  "hugetlb/hugetlb.2MB.rsvd.limit_in_bytes=4096\n"
					  "rdma/rdma.max=mlx5_1 hca_handle=3 hca_object=10\n");
	CHECK_STR(shown(text, CGROUP_V2), "/pids.max=5\n/hugetlb.2MB.max=4096\n/hugetlb.2MB.rsvd.max=4096\n"
					  "/rdma.max=mlx5_1 hca_handle=3 hca_object=10\n");
	CHECK_STR(shown("{\"pids\":{\"limit\":-1}}", CGROUP_V2), "/pids.max=max\n");
	CHECK_STR(shown("{\"unified\":{\"memory.oom.group\":\"1\",\"misc.max\":\"sev 3\"}}", CGROUP_V2),
		  "/memory.oom.group=1\n/misc.max=sev 3\n");
	CHECK_STR(shown("{\"network\":{\"classID\":7,\"priorities\":[{\"name\":\"eth0\",\"priority\":2}]}}", CGROUP_V1),
		  "net_cls/net_cls.classid=7\nnet_prio/net_prio.ifpriomap=eth0 2\n");
	CHECK_STR(shown("{}", CGROUP_V2), "");
	arena_done(&arena);
}

TEST(devices)
{
	static const char text[] =
	    "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,"
	    "\"access\":\"rw\"},{\"allow\":true,\"type\":\"b\",\"access\":\"m\"},{\"allow\":false,\"type\":\"a\","
	    "\"major\":9,\"access\":\"w\"}]}";
	CHECK_STR(shown(text, CGROUP_V1), "devices.deny a\ndevices.allow c 1:3 rw\ndevices.allow b *:* m\n"
					  "devices.deny b 9:* w\ndevices.deny c 9:* w\n");
	CHECK_STR(shown(text, CGROUP_V2), shown(text, CGROUP_V1));
	arena_done(&arena);
}

TEST(what_cannot_be_is_named)
{
	static const struct {
		const char *text;
		enum cgroup_mode mode;
		const char *says;
	} rows[] = {
	    {"{\"memory\":{\"limit\":10,\"swap\":5}}", CGROUP_V1, "memory: swap: memory+swap limit should be >="},
	    {"{\"memory\":{\"swap\":5}}", CGROUP_V2, "memory: swap: unable to set swap limit without memory limit"},
	    {"{\"memory\":{\"limit\":-2}}", CGROUP_V1, "memory: limit: -2"},
	    {"{\"memory\":{\"swappiness\":101}}", CGROUP_V1,
	     "memory: swappiness: invalid memory swappiness value: 101"},
	    {"{\"memory\":{\"swappiness\":1}}", CGROUP_V2, "memory: swappiness: not available with cgroup v2"},
	    {"{\"memory\":{\"disableOOMKiller\":true}}", CGROUP_V2, "memory: disableOOMKiller: not available"},
	    {"{\"cpu\":{\"idle\":2}}", CGROUP_V2, "cpu: idle: 2 is not 0 or 1"},
	    {"{\"cpu\":{\"realtimePeriod\":2}}", CGROUP_V2, "cpu: realtimeRuntime: not available"},
	    {"{\"blockIO\":{\"weight\":9}}", CGROUP_V1, "blockIO: weight: 9 is not from 10 to 1000"},
	    {"{\"hugepageLimits\":[{\"pageSize\":\"2M/\",\"limit\":1}]}", CGROUP_V1, "[0]: pageSize: \"2M/\""},
	    {"{\"unified\":{\"a.b\":\"1\"}}", CGROUP_V1, "cannot use unified on cgroup v1"},
	    {"{\"unified\":{\"../a.b\":\"1\"}}", CGROUP_V2, "must be a file name (no slashes)"},
	    {"{\"devices\":[{\"allow\":true,\"type\":\"x\"}]}", CGROUP_V2, "devices: [0]: type: \"x\""},
	    {"{\"devices\":[{\"allow\":true,\"access\":\"rq\"}]}", CGROUP_V2, "devices: [0]: access: \"rq\""},
	    {"{\"network\":{\"classID\":1}}", CGROUP_V2, "network: not available"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct cgroup_settings settings;
		CHECK(compile(rows[i].text, rows[i].mode, &settings) < 0);
		CHECK_CONTAINS(err.msg, rows[i].says);
		CHECK_CONTAINS(err.msg, "linux: resources: ");
	}
	arena_done(&arena);
}
