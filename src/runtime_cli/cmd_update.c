#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "docker/size.h"
#include "runtime/cgroup.h"
#include "runtime/cgroup_compile.h"
#include "runtime/cgroup_scope.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/container.h"
#include "runtime_cli/resctrl.h"

#include <fcntl.h>

struct update_options {
	const char *resources, *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period,
	    *cpu_rt_runtime, *cpuset_cpus, *cpuset_mems, *cpu_idle, *memory, *memory_reservation, *memory_swap,
	    *pids_limit, *kernel_memory, *kernel_memory_tcp, *l3_cache_schema, *mem_bw_schema;
};
#define ROW(member, name, value, help) O_STRING(struct update_options, member, name, 0, value, help)
static const struct option_row rows[] = {
    O_STRING(struct update_options, resources, "resources", 'r', "FILE|-", "linux.resources as a document"),
    ROW(blkio_weight, "blkio-weight", "10..1000", "Share of block I/O"),
    ROW(cpu_period, "cpu-period", "us", "Period of the CPU quota"),
    ROW(cpu_quota, "cpu-quota", "us", "CPU time per period, -1: no limit"),
    ROW(cpu_burst, "cpu-burst", "us", "What may be saved up"),
    ROW(cpu_share, "cpu-share", "int", "Share of CPU time"),
    ROW(cpu_rt_period, "cpu-rt-period", "us", "Period of real-time quota"),
    ROW(cpu_rt_runtime, "cpu-rt-runtime", "us", "Real-time quota"),
    ROW(cpuset_cpus, "cpuset-cpus", "list", "Processors"),
    ROW(cpuset_mems, "cpuset-mems", "list", "Memory nodes"),
    ROW(cpu_idle, "cpu-idle", "0|1", "Only what others leave"),
    ROW(memory, "memory", "bytes", "Memory, -1: no limit"),
    ROW(memory_reservation, "memory-reservation", "bytes", "Soft limit of memory"),
    ROW(memory_swap, "memory-swap", "bytes", "Memory and swap together, -1: no limit"),
    ROW(pids_limit, "pids-limit", "int", "Processes, -1: no limit"),
    {.name = "kernel-memory",
     .type = OPTION_STRING,
     .offset = offsetof(struct update_options, kernel_memory),
     .flags = OPTION_HIDDEN,
     .help = ""},
    {.name = "kernel-memory-tcp",
     .type = OPTION_STRING,
     .offset = offsetof(struct update_options, kernel_memory_tcp),
     .flags = OPTION_HIDDEN,
     .help = ""},
    ROW(l3_cache_schema, "l3-cache-schema", "text", "Intel RDT's cache schema"),
    ROW(mem_bw_schema, "mem-bw-schema", "text", "Intel RDT's memory bandwidth schema"),
    O_END,
};

/* --- what was given --- */

static int signed_read(struct arena *arena, const char *text, const char *name, int64_t **out_value, struct err *err)
{
	int64_t value;
	if (!text)
		return 0;
	int rc = number_parse(text, INT64_MIN, INT64_MAX, name, &value, err);
	if (rc < 0)
		return rc;
	*out_value = arena_new(arena, int64_t);
	**out_value = value;
	return 0;
}

static int unsigned_read(struct arena *arena, const char *text, const char *name, uint64_t **out_value, struct err *err)
{
	uint64_t value;
	if (!text)
		return 0;
	int rc = number_parse_u64(text, UINT64_MAX, name, &value, err);
	if (rc < 0)
		return rc;
	*out_value = arena_new(arena, uint64_t);
	**out_value = value;
	return 0;
}

static int bytes_read(struct arena *arena, const char *text, const char *name, int64_t **out_value, struct err *err)
{
	int64_t value = -1;
	if (!text)
		return 0;
	int rc = text_equal(text, "-1") ? 0 : size_parse(text, &value, err);
	if (rc < 0)
		return err_wrap(err, "invalid value for %s", name);
	*out_value = arena_new(arena, int64_t);
	**out_value = value;
	return 0;
}

static int cpu_read(struct arena *arena, const struct update_options *options, struct oci_cpu *cpu, struct err *err)
{
	int rc = unsigned_read(arena, options->cpu_period, "cpu-period", &cpu->period, err);
	if (rc == 0)
		rc = signed_read(arena, options->cpu_quota, "cpu-quota", &cpu->quota, err);
	if (rc == 0)
		rc = unsigned_read(arena, options->cpu_burst, "cpu-burst", &cpu->burst, err);
	if (rc == 0)
		rc = unsigned_read(arena, options->cpu_share, "cpu-share", &cpu->shares, err);
	if (rc == 0)
		rc = unsigned_read(arena, options->cpu_rt_period, "cpu-rt-period", &cpu->realtime_period, err);
	if (rc == 0)
		rc = signed_read(arena, options->cpu_rt_runtime, "cpu-rt-runtime", &cpu->realtime_runtime, err);
	if (rc == 0)
		rc = signed_read(arena, options->cpu_idle, "cpu-idle", &cpu->idle, err);
	if (options->cpuset_cpus)
		cpu->cpus = (char *)options->cpuset_cpus;
	if (options->cpuset_mems)
		cpu->mems = (char *)options->cpuset_mems;
	return rc;
}

static int memory_read(struct arena *arena, const struct update_options *options, struct oci_memory *memory,
		       struct err *err)
{
	int rc = bytes_read(arena, options->memory, "memory", &memory->limit, err);
	if (rc == 0)
		rc = bytes_read(arena, options->memory_reservation, "memory-reservation", &memory->reservation, err);
	return rc < 0 ? rc : bytes_read(arena, options->memory_swap, "memory-swap", &memory->swap, err);
}

static int words_read(struct arena *arena, const struct update_options *options, struct oci_resources *resources,
		      struct err *err)
{
	enum { WEIGHT_MAX = 1000 };
	int64_t *pids = NULL;
	resources->cpu = arena_new(arena, struct oci_cpu);
	resources->memory = arena_new(arena, struct oci_memory);
	int rc = cpu_read(arena, options, resources->cpu, err);
	if (rc == 0)
		rc = memory_read(arena, options, resources->memory, err);
	if (rc == 0)
		rc = signed_read(arena, options->pids_limit, "pids-limit", &pids, err);
	if (pids) {
		resources->pids = arena_new(arena, struct oci_pids);
		resources->pids->limit = pids;
	}
	if (rc == 0 && options->blkio_weight) {
		int64_t weight;
		rc = number_parse(options->blkio_weight, 0, WEIGHT_MAX, "blkio-weight", &weight, err);
		if (rc < 0 || weight == 0)
			return rc;
		resources->block_io = arena_new(arena, struct oci_block_io);
		resources->block_io->weight = arena_new(arena, uint32_t);
		*resources->block_io->weight = (uint32_t)weight;
	}
	return rc;
}

static int given_read(struct arena *arena, const struct update_options *options, struct oci_resources *resources,
		      struct err *err)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	if (!options->resources)
		return words_read(arena, options, resources, err);
	int rc = text_equal(options->resources, "-") ? file_read_fd(0, "standard input", &text, err)
						     : file_read(AT_FDCWD, options->resources, &text, err);
	return rc < 0
		   ? rc
		   : json_load(arena, &table_oci_resources, text.data, text.len, options->resources, 0, resources, err);
}

/* --- over what was there --- */

#define OVER(member)                                \
	do {                                        \
		if (given->member)                  \
			own.member = given->member; \
	} while (0)

static struct oci_cpu *cpu_merge(struct arena *arena, const struct oci_cpu *before, const struct oci_cpu *given)
{
	struct oci_cpu own = before ? *before : (struct oci_cpu){0};
	if (!given)
		return (struct oci_cpu *)before;
	OVER(shares);
	OVER(quota);
	OVER(burst);
	OVER(period);
	OVER(realtime_runtime);
	OVER(realtime_period);
	OVER(cpus);
	OVER(mems);
	OVER(idle);
	struct oci_cpu *merged = arena_new(arena, struct oci_cpu);
	*merged = own;
	return merged;
}

static struct oci_memory *memory_merge(struct arena *arena, const struct oci_memory *before,
				       const struct oci_memory *given)
{
	struct oci_memory own = before ? *before : (struct oci_memory){0};
	if (!given)
		return (struct oci_memory *)before;
	OVER(limit);
	OVER(reservation);
	OVER(swap);
	OVER(swappiness);
	OVER(disable_oom_killer);
	OVER(check_before_update);
	struct oci_memory *merged = arena_new(arena, struct oci_memory);
	*merged = own;
	return merged;
}

static struct oci_resources resources_merge(struct arena *arena, const struct oci_resources *before,
					    const struct oci_resources *given)
{
	struct oci_resources own = before ? *before : (struct oci_resources){0};
	own.cpu = cpu_merge(arena, own.cpu, given->cpu);
	own.memory = memory_merge(arena, own.memory, given->memory);
	OVER(pids);
	OVER(block_io);
	OVER(network);
	if (given->devices.count > 0)
		own.devices = given->devices;
	if (given->hugepage_limits.count > 0)
		own.hugepage_limits = given->hugepage_limits;
	if (given->rdma.count > 0)
		own.rdma = given->rdma;
	if (given->unified.count > 0)
		own.unified = given->unified;
	return own;
}

/* systemd would write what it knows again, one day. */
static int unit_update(struct arena *arena, const struct container_state *state, struct cgroup_settings *settings,
		       struct err *err)
{
	const struct plan_scope scope = container_scope(state);
	int rc = cgroup_properties_compile(arena, settings, err);
	return rc < 0 ? rc : cgroup_scope_update(&scope, settings, err);
}

/* A container without a group of its own gets one, as with runc. */
static int rdt_update(struct container *container, const struct update_options *options, struct err *err)
{
	struct container_state *state = &container->state;
	const struct oci_intel_rdt rdt = {.l3_cache_schema = (char *)options->l3_cache_schema,
					  .mem_bw_schema = (char *)options->mem_bw_schema};
	auto_free char *root = NULL;
	if (text_empty(rdt.l3_cache_schema) && text_empty(rdt.mem_bw_schema))
		return 0;
	int rc = resctrl_root(&root, err);
	if (rc == 0)
		rc = resctrl_check(root, &rdt, err);
	if (rc == 0 && state->rdt_group)
		rc = resctrl_update(root, state->rdt_group, &rdt, err);
	else if (rc == 0)
		rc = resctrl_apply(root, &rdt, state->id, (pid_t)state->pid, &container->arena, &state->rdt_group,
				   &state->intel_rdt, err);
	return rc < 0 ? err_wrap(err, "Intel RDT") : 0;
}

static int update(struct container *container, const struct update_options *options, struct err *err)
{
	struct arena *arena = &container->arena;
	struct container_state *state = &container->state;
	struct oci_resources given = {0};
	struct cgroup_settings settings;
	if (container->status == STATUS_STOPPED)
		return err_set(err, EINVAL, "container not running");
	if (!state->cgroup)
		return err_set(err, EOPNOTSUPP, "the container has no control group");
	int rc = given_read(arena, options, &given, err);
	if (rc < 0)
		return rc;
	struct oci_resources merged = resources_merge(arena, state->resources, &given);
	/* What was not asked for is not written again: rules of devices are denied for a moment. */
	struct oci_resources asked = merged;
	asked.devices = given.devices;
	rc = cgroup_compile(arena, &asked, cgroup_mode(), &settings, err);
	if (rc == 0 && state->scope)
		rc = unit_update(arena, state, &settings, err);
	if (rc == 0)
		rc = cgroup_update(state->cgroup, &settings, err);
	if (rc < 0)
		return rc;
	state->resources = &merged;
	rc = rdt_update(container, options, err);
	return rc < 0 ? rc : state_write(container->dir, state, err);
}

static int run(struct context *context, void *given, char **args)
{
	struct container container;
	struct err err;
	int rc = container_open(context, args[0], true, &container, &err);
	if (rc == 0) {
		rc = update(&container, given, &err);
		container_done(&container);
	}
	return rc < 0 ? context_failed(context, &err) : 0;
}

const struct command cmd_update = {
    .name = "update",
    .usage = "[OPTIONS] ID",
    .summary = "Change a container's limits",
    .rows = rows,
    .size = sizeof(struct update_options),
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .run = run,
};
