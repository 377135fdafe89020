#include "runtime/plan_wire.h"

#include <string.h>

/* A coder walks the members: it either appends them to out or reads them from data. */
struct coder {
	struct buf *out; /* writing; NULL: reading */
	struct arena *arena;
	const char *data;
	size_t left;
	bool bad;
};

enum { ITEMS_MAX = 65536 };
#define MAGIC UINT32_C(0x32677574) /* "tug2" */

static void bytes(struct coder *c, void *value, size_t size)
{
	if (c->out) {
		buf_append(c->out, value, size);
	} else if (c->bad || size > c->left) {
		c->bad = true;
		memset(value, 0, size);
	} else {
		memcpy(value, c->data, size);
		c->data += size;
		c->left -= size;
	}
}
#define number(c, member) bytes((c), &(member), sizeof(member))

static void flag(struct coder *c, bool *value)
{
	uint8_t byte = *value;
	bytes(c, &byte, 1);
	*value = byte != 0;
}

static size_t count(struct coder *c, size_t value)
{
	uint32_t items = (uint32_t)value;
	number(c, items);
	if (items > ITEMS_MAX) {
		c->bad = true;
		return 0;
	}
	return items;
}

/* NULL and "" are different. */
static void text(struct coder *c, char **value)
{
	uint32_t size = c->out && *value ? (uint32_t)strlen(*value) : UINT32_MAX;
	number(c, size);
	if (c->out) {
		if (*value)
			buf_append(c->out, *value, size);
		return;
	}
	*value = NULL;
	if (c->bad || size == UINT32_MAX)
		return;
	if (size > c->left || memchr(c->data, 0, size)) {
		c->bad = true;
		return;
	}
	*value = arena_strndup(c->arena, c->data, size);
	c->data += size;
	c->left -= size;
}

static void texts(struct coder *c, char ***value)
{
	size_t items = 0;
	while (c->out && *value && (*value)[items])
		items++;
	items = count(c, items);
	if (!c->out)
		*value = arena_array(c->arena, char *, items + 1);
	for (size_t i = 0; i < items && !c->bad; i++)
		text(c, &(*value)[i]);
}

#define list(c, items, items_count, type, code)                          \
	do {                                                             \
		size_t n_ = count((c), (items_count));                   \
		if (!(c)->out) {                                         \
			(items) = arena_array((c)->arena, type, n_ + 1); \
			(items_count) = n_;                              \
		}                                                        \
		for (size_t i_ = 0; i_ < n_ && !(c)->bad; i_++)          \
			code((c), &(items)[i_]);                         \
	} while (0)

static void range_code(struct coder *c, struct plan_id_range *range)
{
	number(c, range->inside);
	number(c, range->outside);
	number(c, range->size);
}

static void join_code(struct coder *c, struct plan_join *join)
{
	number(c, join->flag);
	number(c, join->slot);
}

static void hook_code(struct coder *c, struct plan_hook *hook)
{
	text(c, &hook->path);
	texts(c, &hook->argv);
	texts(c, &hook->env);
	number(c, hook->timeout_s);
	c->bad = c->bad || (!c->out && !hook->path);
}

static void mount_code(struct coder *c, struct plan_mount *mount)
{
	number(c, mount->kind);
	number(c, mount->flags);
	text(c, &mount->target);
	text(c, &mount->source);
	text(c, &mount->type);
	text(c, &mount->data);
	text(c, &mount->subpath);
	number(c, mount->mount_flags);
	number(c, mount->mount_clear);
	number(c, mount->propagation);
	number(c, mount->attr_set);
	number(c, mount->attr_clear);
	list(c, mount->uids, mount->uid_count, struct plan_id_range, range_code);
	list(c, mount->gids, mount->gid_count, struct plan_id_range, range_code);
	c->bad = c->bad || (!c->out && !mount->target);
}

static void device_code(struct coder *c, struct plan_device *device)
{
	text(c, &device->path);
	number(c, device->type);
	number(c, device->major);
	number(c, device->minor);
	number(c, device->mode);
	number(c, device->uid);
	number(c, device->gid);
	c->bad = c->bad || (!c->out && !device->path);
}

static void setting_code(struct coder *c, struct plan_setting *setting)
{
	text(c, &setting->group);
	text(c, &setting->file);
	text(c, &setting->value);
	c->bad = c->bad || (!c->out && (!setting->group || !setting->file || !setting->value));
}

/* What may be NULL carries a mark in front. */
static void scope_code(struct coder *c, struct plan_scope **scope)
{
	bool there = *scope != NULL;
	flag(c, &there);
	if (!there || c->bad)
		return;
	if (!c->out)
		*scope = arena_new(c->arena, struct plan_scope);
	text(c, &(*scope)->unit);
	text(c, &(*scope)->slice);
	flag(c, &(*scope)->user);
	list(c, (*scope)->properties, (*scope)->property_count, struct plan_setting, setting_code);
	c->bad = c->bad || (!c->out && (!(*scope)->unit || !(*scope)->slice));
}

static void rlimit_code(struct coder *c, struct plan_rlimit *limit)
{
	number(c, limit->resource);
	number(c, limit->soft);
	number(c, limit->hard);
}

static void id_code(struct coder *c, uint32_t *id)
{
	number(c, *id);
}

static void filter_code(struct coder *c, struct sock_filter *instruction)
{
	number(c, *instruction);
}

static void scheduler_code(struct coder *c, struct plan_scheduler *scheduler)
{
	flag(c, &scheduler->set);
	number(c, scheduler->policy);
	number(c, scheduler->nice);
	number(c, scheduler->priority);
	number(c, scheduler->flags);
	number(c, scheduler->runtime);
	number(c, scheduler->deadline);
	number(c, scheduler->period);
}

static void identity_code(struct coder *c, struct plan_process *process)
{
	text(c, &process->user);
	texts(c, &process->groups);
	number(c, process->uid);
	number(c, process->gid);
	list(c, process->gids, process->gid_count, uint32_t, id_code);
	number(c, process->bounding);
	number(c, process->permitted);
	number(c, process->effective);
	number(c, process->inheritable);
	number(c, process->ambient);
	text(c, &process->apparmor);
	text(c, &process->selinux);
}

/* What the kernel keeps per process besides identity. */
static void attributes_code(struct coder *c, struct plan_process *process)
{
	number(c, process->umask);
	text(c, &process->keyring);
	flag(c, &process->has_personality);
	number(c, process->personality);
	scheduler_code(c, &process->scheduler);
	flag(c, &process->has_io_priority);
	number(c, process->io_priority);
	flag(c, &process->memory_policy.set);
	number(c, process->memory_policy.mode);
	number(c, process->memory_policy.nodes);
	text(c, &process->cpus_initial);
	text(c, &process->cpus_final);
}

static void process_code(struct coder *c, struct plan_process *process)
{
	size_t filter_count = process->filter_count;
	texts(c, &process->argv);
	texts(c, &process->env);
	text(c, &process->cwd);
	identity_code(c, process);
	flag(c, &process->no_new_privileges);
	flag(c, &process->terminal);
	number(c, process->height);
	number(c, process->width);
	flag(c, &process->has_oom_score);
	number(c, process->oom_score);
	list(c, process->rlimits, process->rlimit_count, struct plan_rlimit, rlimit_code);
	list(c, process->filter, filter_count, struct sock_filter, filter_code);
	process->filter_count = (uint32_t)filter_count;
	number(c, process->filter_flags);
	flag(c, &process->filter_notify);
	attributes_code(c, process);
	c->bad = c->bad || (!c->out && (!process->argv[0] || !process->cwd));
}

static void namespaces_code(struct coder *c, struct plan *plan)
{
	number(c, plan->namespaces);
	list(c, plan->joins, plan->join_count, struct plan_join, join_code);
	list(c, plan->uids, plan->uid_count, struct plan_id_range, range_code);
	list(c, plan->gids, plan->gid_count, struct plan_id_range, range_code);
	flag(c, &plan->has_time_offsets);
	number(c, plan->boottime_s);
	number(c, plan->boottime_ns);
	number(c, plan->monotonic_s);
	number(c, plan->monotonic_ns);
	text(c, &plan->hostname);
	text(c, &plan->domainname);
}

static void root_code(struct coder *c, struct plan *plan)
{
	text(c, &plan->rootfs);
	texts(c, &plan->lower);
	text(c, &plan->upper);
	text(c, &plan->work);
	flag(c, &plan->overlay_volatile);
	flag(c, &plan->root_readonly);
	flag(c, &plan->no_pivot);
	number(c, plan->root_propagation);
	text(c, &plan->mount_label);
	list(c, plan->mounts, plan->mount_count, struct plan_mount, mount_code);
	list(c, plan->volumes, plan->volume_count, struct plan_mount, mount_code);
	list(c, plan->devices, plan->device_count, struct plan_device, device_code);
	texts(c, &plan->masked);
	texts(c, &plan->readonly);
	c->bad = c->bad || (!c->out && !plan->rootfs && !plan->upper);
}

static void plan_code(struct coder *c, struct plan *plan)
{
	namespaces_code(c, plan);
	root_code(c, plan);
	list(c, plan->sysctls, plan->sysctl_count, struct plan_setting, setting_code);
	list(c, plan->create_hooks, plan->create_hook_count, struct plan_hook, hook_code);
	list(c, plan->start_hooks, plan->start_hook_count, struct plan_hook, hook_code);
	flag(c, &plan->host_steps);
	text(c, &plan->cgroup);
	flag(c, &plan->cgroup_optional);
	scope_code(c, &plan->scope);
	list(c, plan->limits, plan->limit_count, struct plan_setting, setting_code);
	list(c, plan->device_rules, plan->device_rule_count, struct plan_setting, setting_code);
	process_code(c, &plan->process);
}

void plan_encode(const struct plan *plan, struct buf *out)
{
	struct coder c = {.out = out};
	uint32_t magic = MAGIC;
	number(&c, magic);
	plan_code(&c, (struct plan *)plan);
}

void plan_process_encode(const struct plan_process *process, struct buf *out)
{
	struct coder c = {.out = out};
	uint32_t magic = MAGIC;
	number(&c, magic);
	process_code(&c, (struct plan_process *)process);
}

static int coder_end(const struct coder *c, uint32_t magic, struct err *err)
{
	if (c->bad || c->left > 0 || magic != MAGIC)
		return err_set(err, EPROTO, "the plan is damaged");
	return 0;
}

int plan_decode(struct arena *arena, const void *data, size_t size, struct plan **out_plan, struct err *err)
{
	struct coder c = {.arena = arena, .data = data, .left = size};
	struct plan *plan = arena_new(arena, struct plan);
	uint32_t magic;
	number(&c, magic);
	plan_code(&c, plan);
	int rc = coder_end(&c, magic, err);
	if (rc == 0)
		*out_plan = plan;
	return rc;
}

int plan_process_decode(struct arena *arena, const void *data, size_t size, struct plan_process **out_process,
			struct err *err)
{
	struct coder c = {.arena = arena, .data = data, .left = size};
	struct plan_process *process = arena_new(arena, struct plan_process);
	uint32_t magic;
	number(&c, magic);
	process_code(&c, process);
	int rc = coder_end(&c, magic, err);
	if (rc == 0)
		*out_process = process;
	return rc;
}
