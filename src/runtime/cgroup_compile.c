#include "runtime/cgroup_compile.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct compiler {
	struct arena *arena;
	enum cgroup_mode mode;
	struct cgroup_settings *out;
	size_t room;
};

static bool v2(const struct compiler *c)
{
	return c->mode == CGROUP_V2;
}

/* A row for the host's mode; a file that is NULL is one that the mode does not have. */
static void set_text(struct compiler *c, const char *hierarchy, const char *v1_file, const char *v2_file, char *value)
{
	const char *file = v2(c) ? v2_file : v1_file;
	if (!file)
		return;
	if (c->out->limit_count == c->room)
		BUG("more settings than were counted");
	c->out->limits[c->out->limit_count++] =
	    (struct plan_setting){(char *)(v2(c) ? "" : hierarchy), (char *)file, value};
}

static void set_number(struct compiler *c, const char *hierarchy, const char *v1_file, const char *v2_file,
		       int64_t value)
{
	set_text(c, hierarchy, v1_file, v2_file, arena_printf(c->arena, "%lld", (long long)value));
}

/* A limit that v2 spells "max" when there is none. */
static void set_limit(struct compiler *c, const char *hierarchy, const char *v1_file, const char *v2_file,
		      int64_t value)
{
	if (v2(c) && value < 0)
		set_text(c, hierarchy, v1_file, v2_file, (char *)"max");
	else
		set_number(c, hierarchy, v1_file, v2_file, value);
}

static int only_v1(const char *member, struct err *err)
{
	return err_set(err, EOPNOTSUPP, "linux: resources: %s: not available with cgroup v2", member);
}

/* --- memory --- */

static int memory_check(const struct oci_memory *memory, struct err *err)
{
	int64_t limit = memory->limit ? *memory->limit : 0, swap = memory->swap ? *memory->swap : 0;
	if (limit < -1)
		return err_set(err, EINVAL, "linux: resources: memory: limit: %lld is not a size", (long long)limit);
	if (memory->reservation && *memory->reservation < -1)
		return err_set(err, EINVAL, "linux: resources: memory: reservation: %lld is not a size",
			       (long long)*memory->reservation);
	if (swap < -1)
		return err_set(err, EINVAL, "linux: resources: memory: swap: %lld is not a size", (long long)swap);
	if (swap > 0 && limit > 0 && swap < limit)
		return err_set(err, EINVAL,
			       "linux: resources: memory: swap: memory+swap limit should be >= memory limit");
	if (memory->swappiness && *memory->swappiness > 100)
		return err_set(
		    err, EINVAL,
		    "linux: resources: memory: swappiness: invalid memory swappiness value: %llu (valid range is "
		    "0-100)",
		    (unsigned long long)*memory->swappiness);
	return 0;
}

/* v1 counts memory and swap together, v2 swap alone. */
static int swap_compile(struct compiler *c, const struct oci_memory *memory, struct err *err)
{
	int64_t limit = memory->limit ? *memory->limit : 0, swap = memory->swap ? *memory->swap : 0;
	if (limit == -1 && swap == 0)
		swap = -1;
	if (swap == 0)
		return 0;
	if (v2(c) && swap > 0 && limit <= 0)
		return err_set(err, EINVAL,
			       "linux: resources: memory: swap: unable to set swap limit without memory limit");
	set_limit(c, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max",
		  v2(c) && swap > 0 ? swap - limit : swap);
	return 0;
}

static int memory_compile(struct compiler *c, const struct oci_memory *memory, struct err *err)
{
	if (!memory)
		return 0;
	int rc = memory_check(memory, err);
	if (rc < 0)
		return rc;
	if (v2(c) && memory->swappiness)
		return only_v1("memory: swappiness", err);
	if (v2(c) && memory->disable_oom_killer && *memory->disable_oom_killer)
		return only_v1("memory: disableOOMKiller", err);
	if (v2(c) && memory->kernel_tcp && *memory->kernel_tcp > 0)
		return only_v1("memory: kernelTCP", err);
	if (memory->limit && *memory->limit != 0)
		set_limit(c, "memory", "memory.limit_in_bytes", "memory.max", *memory->limit);
	rc = swap_compile(c, memory, err);
	if (rc < 0)
		return rc;
	if (memory->reservation && *memory->reservation != 0)
		set_limit(c, "memory", "memory.soft_limit_in_bytes", "memory.low", *memory->reservation);
	/* kernel: the kernels of today have no such limit; as runc, it is read over. */
	if (memory->kernel_tcp && *memory->kernel_tcp != 0)
		set_number(c, "memory", "memory.kmem.tcp.limit_in_bytes", NULL, *memory->kernel_tcp);
	if (memory->swappiness)
		set_number(c, "memory", "memory.swappiness", NULL, (int64_t)*memory->swappiness);
	if (memory->disable_oom_killer && *memory->disable_oom_killer)
		set_number(c, "memory", "memory.oom_control", NULL, 1);
	if (memory->check_before_update && *memory->check_before_update && memory->limit && *memory->limit > 0)
		c->out->usage_max = *memory->limit;
	return 0;
}

/* --- cpu, cpuset --- */

/* runc 1.4's curve through 2 to 1, 1024 to 100, 262144 to 10000; the straight line before put 1024 to 39. */
uint64_t cgroup_weight_from_shares(uint64_t shares)
{
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	double l = log2((double)shares), exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
	return (uint64_t)ceil(pow(10, exponent) - 1e-9);
}

static void cpu_max_compile(struct compiler *c, const struct oci_cpu *cpu)
{
	enum { PERIOD_US = 100000 };
	int64_t quota = cpu->quota ? *cpu->quota : 0;
	uint64_t period = cpu->period ? *cpu->period : 0;
	if (!v2(c)) {
		if (period != 0)
			set_number(c, "cpu", "cpu.cfs_period_us", NULL, (int64_t)period);
		if (quota != 0)
			set_number(c, "cpu", "cpu.cfs_quota_us", NULL, quota);
		return;
	}
	if (quota == 0 && period == 0)
		return;
	char *limit = quota > 0 ? arena_printf(c->arena, "%lld", (long long)quota) : (char *)"max";
	set_text(c, "cpu", NULL, "cpu.max",
		 arena_printf(c->arena, "%s %llu", limit, (unsigned long long)(period ? period : PERIOD_US)));
}

static int cpu_compile(struct compiler *c, const struct oci_cpu *cpu, struct err *err)
{
	if (!cpu)
		return 0;
	if (v2(c) &&
	    ((cpu->realtime_runtime && *cpu->realtime_runtime) || (cpu->realtime_period && *cpu->realtime_period)))
		return only_v1("cpu: realtimeRuntime", err);
	if (cpu->idle && *cpu->idle != 0 && *cpu->idle != 1)
		return err_set(err, EINVAL, "linux: resources: cpu: idle: %lld is not 0 or 1", (long long)*cpu->idle);
	if (cpu->cpus && !text_empty(cpu->cpus))
		set_text(c, "cpuset", "cpuset.cpus", "cpuset.cpus", cpu->cpus);
	if (cpu->mems && !text_empty(cpu->mems))
		set_text(c, "cpuset", "cpuset.mems", "cpuset.mems", cpu->mems);
	if (cpu->realtime_period && *cpu->realtime_period)
		set_number(c, "cpu", "cpu.rt_period_us", NULL, (int64_t)*cpu->realtime_period);
	if (cpu->realtime_runtime && *cpu->realtime_runtime)
		set_number(c, "cpu", "cpu.rt_runtime_us", NULL, *cpu->realtime_runtime);
	if (cpu->shares && *cpu->shares)
		set_number(c, "cpu", "cpu.shares", "cpu.weight",
			   (int64_t)(v2(c) ? cgroup_weight_from_shares(*cpu->shares) : *cpu->shares));
	cpu_max_compile(c, cpu);
	if (cpu->burst)
		set_number(c, "cpu", "cpu.cfs_burst_us", "cpu.max.burst", (int64_t)*cpu->burst);
	if (cpu->idle)
		set_number(c, "cpu", "cpu.idle", "cpu.idle", *cpu->idle);
	return 0;
}

/* --- block devices --- */

uint64_t cgroup_weight_from_block(uint64_t block_weight)
{
	return block_weight < 10 ? 1 : 1 + (block_weight - 10) * 9999 / 990;
}

static int weight_check(const char *member, uint32_t weight, struct err *err)
{
	if (weight != 0 && (weight < 10 || weight > 1000))
		return err_set(err, EINVAL, "linux: resources: blockIO: %s: %u is not from 10 to 1000", member, weight);
	return 0;
}

static int block_weights_compile(struct compiler *c, const struct oci_block_io *block, struct err *err)
{
	int rc = block->weight ? weight_check("weight", *block->weight, err) : 0;
	/* io.bfq.weight takes v1's scale; where io.weight stands in for it, cgroup.c converts. */
	if (rc == 0 && block->weight && *block->weight)
		set_number(c, "blkio", "blkio.weight", "io.bfq.weight", *block->weight);
	if (rc == 0 && block->leaf_weight && *block->leaf_weight) {
		if (v2(c))
			return only_v1("blockIO: leafWeight", err);
		set_number(c, "blkio", "blkio.leaf_weight", NULL, *block->leaf_weight);
	}
	for (size_t i = 0; rc == 0 && i < block->weight_device.count; i++) {
		const struct oci_block_weight *row = &block->weight_device.items[i];
		rc = row->weight ? weight_check("weightDevice", *row->weight, err) : 0;
		if (rc == 0 && row->weight && *row->weight)
			set_text(c, "blkio", "blkio.weight_device", "io.bfq.weight",
				 arena_printf(c->arena, "%lld:%lld %u", (long long)row->major, (long long)row->minor,
					      *row->weight));
		if (rc == 0 && row->leaf_weight && *row->leaf_weight) {
			if (v2(c))
				return only_v1("blockIO: weightDevice: leafWeight", err);
			set_text(c, "blkio", "blkio.leaf_weight_device", NULL,
				 arena_printf(c->arena, "%lld:%lld %u", (long long)row->major, (long long)row->minor,
					      *row->leaf_weight));
		}
	}
	return rc;
}

static void throttles_compile(struct compiler *c, const struct oci_block_io *block)
{
	const struct {
		const struct oci_block_throttle *items;
		size_t count;
		const char *v1_file, *v2_key;
	} rows[] = {
	    {block->throttle_read_bps_device.items, block->throttle_read_bps_device.count,
	     "blkio.throttle.read_bps_device", "rbps"},
	    {block->throttle_write_bps_device.items, block->throttle_write_bps_device.count,
	     "blkio.throttle.write_bps_device", "wbps"},
	    {block->throttle_read_iops_device.items, block->throttle_read_iops_device.count,
	     "blkio.throttle.read_iops_device", "riops"},
	    {block->throttle_write_iops_device.items, block->throttle_write_iops_device.count,
	     "blkio.throttle.write_iops_device", "wiops"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		for (size_t k = 0; k < rows[i].count; k++) {
			const struct oci_block_throttle *row = &rows[i].items[k];
			unsigned long long rate = row->rate;
			char *value =
			    v2(c) ? arena_printf(c->arena, rate ? "%lld:%lld %s=%llu" : "%lld:%lld %s=max",
						 (long long)row->major, (long long)row->minor, rows[i].v2_key, rate)
				  : arena_printf(c->arena, "%lld:%lld %llu", (long long)row->major,
						 (long long)row->minor, rate);
			set_text(c, "blkio", rows[i].v1_file, "io.max", value);
		}
	}
}

/* --- the rest --- */

static int hugepages_compile(struct compiler *c, const struct oci_resources *resources, struct err *err)
{
	for (size_t i = 0; i < resources->hugepage_limits.count; i++) {
		const struct oci_hugepage_limit *row = &resources->hugepage_limits.items[i];
		const char *size = row->page_size ? row->page_size : "";
		size_t digits = strspn(size, "0123456789");
		if (digits == 0 || (strcmp(size + digits, "KB") != 0 && strcmp(size + digits, "MB") != 0 &&
				    strcmp(size + digits, "GB") != 0))
			return err_set(
			    err, EINVAL,
			    "linux: resources: hugepageLimits: [%zu]: pageSize: \"%s\" is not a size such as 2MB", i,
			    size);
		char *limit = arena_printf(c->arena, "%llu", (unsigned long long)row->limit);
		set_text(c, "hugetlb", arena_printf(c->arena, "hugetlb.%s.limit_in_bytes", size),
			 arena_printf(c->arena, "hugetlb.%s.max", size), limit);
		set_text(c, "hugetlb", arena_printf(c->arena, "hugetlb.%s.rsvd.limit_in_bytes", size),
			 arena_printf(c->arena, "hugetlb.%s.rsvd.max", size), limit);
	}
	return 0;
}

static int rdma_compile(struct compiler *c, const struct oci_resources *resources, struct err *err)
{
	for (size_t i = 0; i < resources->rdma.count; i++) {
		const struct oci_rdma *row = &resources->rdma.items[i];
		auto_buf text = BUF_INIT(512);
		if (!row->key || !*row->key || strpbrk(row->key, " \n"))
			return err_set(err, EINVAL, "linux: resources: rdma: \"%s\" is not a device",
				       row->key ? row->key : "");
		buf_text(&text, row->key);
		if (row->hca_handles)
			buf_printf(&text, " hca_handle=%u", *row->hca_handles);
		if (row->hca_objects)
			buf_printf(&text, " hca_object=%u", *row->hca_objects);
		int rc = buf_check(&text, "linux: resources: rdma", err);
		if (rc < 0)
			return rc;
		set_text(c, "rdma", "rdma.max", "rdma.max", arena_strdup(c->arena, buf_str(&text)));
	}
	return 0;
}

static int network_compile(struct compiler *c, const struct oci_network_class *network, struct err *err)
{
	if (!network)
		return 0;
	if (v2(c) && ((network->class_id && *network->class_id) || network->priorities.count > 0))
		return only_v1("network", err);
	if (network->class_id && *network->class_id)
		set_number(c, "net_cls", "net_cls.classid", NULL, *network->class_id);
	for (size_t i = 0; i < network->priorities.count; i++)
		set_text(c, "net_prio", "net_prio.ifpriomap", NULL,
			 arena_printf(c->arena, "%s %u", network->priorities.items[i].name,
				      network->priorities.items[i].priority));
	return 0;
}

static int unified_compile(struct compiler *c, const struct json_map *unified, struct err *err)
{
	if (unified->count > 0 && !v2(c))
		return err_set(err, EOPNOTSUPP,
			       "linux: resources: unified: invalid configuration: cannot use unified on cgroup v1");
	for (size_t i = 0; i < unified->count; i++) {
		const char *file = unified->items[i].key;
		if (strchr(file, '/') || !strchr(file, '.') || file[0] == '.')
			return err_set(
			    err, EINVAL,
			    "linux: resources: unified: unified resource \"%s\" must be a file name (no slashes)",
			    file);
		set_text(c, "", NULL, file, unified->items[i].value);
	}
	return 0;
}

/* --- devices --- */

static void device_rule(struct compiler *c, const struct oci_device_rule *rule, const char *type)
{
	char major[24] = "*", minor[24] = "*";
	if (rule->major && *rule->major >= 0)
		snprintf(major, sizeof major, "%lld", (long long)*rule->major);
	if (rule->minor && *rule->minor >= 0)
		snprintf(minor, sizeof minor, "%lld", (long long)*rule->minor);
	const char *access = text_empty(rule->access) ? "rwm" : rule->access;
	c->out->device_rules[c->out->device_rule_count++] = (struct plan_setting){
	    (char *)"devices", (char *)(rule->allow ? "devices.allow" : "devices.deny"),
	    text_equal(type, "a") ? (char *)"a" : arena_printf(c->arena, "%s %s:%s %s", type, major, minor, access)};
}

static int devices_compile(struct compiler *c, const struct oci_resources *resources, struct err *err)
{
	c->out->device_rules = arena_array(c->arena, struct plan_setting, resources->devices.count * 2 + 1);
	for (size_t i = 0; i < resources->devices.count; i++) {
		const struct oci_device_rule *rule = &resources->devices.items[i];
		const char *type = text_empty(rule->type) ? "a" : rule->type;
		const char *access = text_empty(rule->access) ? "rwm" : rule->access;
		if (strlen(type) != 1 || !strchr("abc", *type))
			return err_set(err, EINVAL, "linux: resources: devices: [%zu]: type: \"%s\" is not a, b or c",
				       i, type);
		if (strspn(access, "rwm") != strlen(access))
			return err_set(err, EINVAL,
				       "linux: resources: devices: [%zu]: access: \"%s\" is not some of r, w and m", i,
				       access);
		bool numbers = (rule->major && *rule->major >= 0) || (rule->minor && *rule->minor >= 0);
		bool whole = strchr(access, 'r') && strchr(access, 'w') && strchr(access, 'm');
		if (*type == 'a' && (numbers || !whole)) { /* v1's "a" does not look at what follows */
			device_rule(c, rule, "b");
			device_rule(c, rule, "c");
		} else {
			device_rule(c, rule, type);
		}
	}
	return 0;
}

int cgroup_compile(struct arena *arena, const struct oci_resources *resources, enum cgroup_mode mode,
		   struct cgroup_settings *out_settings, struct err *err)
{
	enum { FIXED = 32 };
	struct cgroup_settings settings = {0};
	struct compiler c = {.arena = arena, .mode = mode, .out = &settings, .room = FIXED};
	if (!resources) {
		*out_settings = settings;
		return 0;
	}
	const struct oci_block_io *block = resources->block_io;
	c.room += resources->hugepage_limits.count * 2 + resources->rdma.count + resources->unified.count;
	c.room += resources->network ? resources->network->priorities.count : 0;
	if (block)
		c.room += block->weight_device.count * 2 + block->throttle_read_bps_device.count +
			  block->throttle_write_bps_device.count + block->throttle_read_iops_device.count +
			  block->throttle_write_iops_device.count;
	settings.limits = arena_array(arena, struct plan_setting, c.room);
	int rc = memory_compile(&c, resources->memory, err);
	if (rc == 0)
		rc = cpu_compile(&c, resources->cpu, err);
	if (rc == 0 && resources->pids && resources->pids->limit)
		set_text(&c, "pids", "pids.max", "pids.max",
			 *resources->pids->limit > 0 ? arena_printf(arena, "%lld", (long long)*resources->pids->limit)
						     : (char *)"max");
	if (rc == 0 && block)
		rc = block_weights_compile(&c, block, err);
	if (rc == 0 && block)
		throttles_compile(&c, block);
	if (rc == 0)
		rc = hugepages_compile(&c, resources, err);
	if (rc == 0)
		rc = rdma_compile(&c, resources, err);
	if (rc == 0)
		rc = network_compile(&c, resources->network, err);
	if (rc == 0)
		rc = unified_compile(&c, &resources->unified, err);
	if (rc == 0)
		rc = devices_compile(&c, resources, err);
	if (rc == 0)
		*out_settings = settings;
	return rc;
}
