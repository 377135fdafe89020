#include "base/buffer.h"
#include "base/text.h"
#include "runtime/plan_parts.h"
#include "security/capability.h"

#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>

static void warn(const struct plan_options *options, const char *text, char *const *names)
{
	auto_buf sentence = BUF_INIT(4096);
	buf_printf(&sentence, "%s: [", text);
	for (size_t i = 0; names[i]; i++)
		buf_printf(&sentence, "%s%s", i ? " " : "", names[i]);
	buf_char(&sentence, ']');
	if (options->warn && !sentence.overflow)
		options->warn(options->warn_context, buf_str(&sentence));
}

/* --- words and numbers --- */

struct word {
	const char *name;
	uint64_t value;
};

#define WORDS(rows) (rows), array_size(rows)

static bool word_find(const struct word *rows, size_t count, const char *name, uint64_t *out_value)
{
	for (size_t i = 0; name && i < count; i++) {
		if (text_equal(rows[i].name, name)) {
			*out_value = rows[i].value;
			return true;
		}
	}
	return false;
}

static const struct word rlimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},		{"RLIMIT_CORE", RLIMIT_CORE},	      {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},	{"RLIMIT_FSIZE", RLIMIT_FSIZE},	      {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}, {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},	{"RLIMIT_NPROC", RLIMIT_NPROC},	      {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},	{"RLIMIT_RTTIME", RLIMIT_RTTIME},     {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

static int rlimits_compile(struct arena *arena, const struct oci_process *process, struct plan_process *plan,
			   struct err *err)
{
	plan->rlimits = arena_array(arena, struct plan_rlimit, process->rlimits.count + 1);
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct oci_rlimit *limit = &process->rlimits.items[i];
		uint64_t resource;
		if (!word_find(WORDS(rlimits), limit->type, &resource))
			return err_set(err, EINVAL, "process: rlimits: [%zu]: type: unknown limit %s", i, limit->type);
		for (size_t j = 0; j < plan->rlimit_count; j++) {
			if (plan->rlimits[j].resource == resource)
				return err_set(err, EINVAL, "process: rlimits: [%zu]: type: %s is there twice", i,
					       limit->type);
		}
		if (limit->soft > limit->hard)
			return err_set(err, EINVAL, "process: rlimits: [%zu]: soft: larger than hard", i);
		plan->rlimits[plan->rlimit_count++] =
		    (struct plan_rlimit){(uint32_t)resource, limit->soft, limit->hard};
	}
	return 0;
}

/* --- scheduling --- */

/* sched(7); numbers that not every header has. */
static const struct word policies[] = {
    {"SCHED_OTHER", 0}, {"SCHED_FIFO", 1}, {"SCHED_RR", 2},	  {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},	{"SCHED_IDLE", 5}, {"SCHED_DEADLINE", 6},
};
static const struct word scheduler_flags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},	 {"SCHED_FLAG_RECLAIM", 0x02},	   {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", 0x08},	 {"SCHED_FLAG_KEEP_PARAMS", 0x10}, {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
};

static int scheduler_compile(const struct oci_scheduler *scheduler, struct plan_process *plan, struct err *err)
{
	enum { NICE_MIN = -20, NICE_MAX = 19, PRIORITY_MAX = 99, FIFO = 1, RR = 2, DEADLINE = 6 };
	uint64_t policy, flag;
	if (!scheduler)
		return 0;
	if (!word_find(WORDS(policies), scheduler->policy, &policy))
		return err_set(err, EINVAL, "process: scheduler: policy: invalid scheduler policy: %s",
			       scheduler->policy ? scheduler->policy : "");
	if (scheduler->nice < NICE_MIN || scheduler->nice > NICE_MAX)
		return err_set(err, EINVAL, "process: scheduler: nice: invalid scheduler.nice: %lld",
			       (long long)scheduler->nice);
	if (scheduler->priority != 0 && policy != FIFO && policy != RR)
		return err_set(
		    err, EINVAL,
		    "process: scheduler: priority: scheduler.priority can only be specified for SchedFIFO or "
		    "SchedRR policy");
	if (scheduler->priority < 0 || scheduler->priority > PRIORITY_MAX)
		return err_set(err, EINVAL, "process: scheduler: priority: not from 0 to 99");
	if (policy != DEADLINE && (scheduler->runtime || scheduler->deadline || scheduler->period))
		return err_set(err, EINVAL,
			       "process: scheduler: runtime, deadline, period: scheduler runtime/deadline/period can "
			       "only be specified for SchedDeadline policy");
	plan->scheduler = (struct plan_scheduler){
	    .set = true,
	    .policy = (uint32_t)policy,
	    .nice = (int32_t)scheduler->nice,
	    .priority = (uint32_t)scheduler->priority,
	    .runtime = scheduler->runtime,
	    .deadline = scheduler->deadline,
	    .period = scheduler->period,
	};
	for (char **name = scheduler->flags; name && *name; name++) {
		if (!word_find(WORDS(scheduler_flags), *name, &flag))
			return err_set(err, EINVAL, "process: scheduler: flags: invalid scheduler flag %s", *name);
		plan->scheduler.flags |= flag;
	}
	return 0;
}

static int io_priority_compile(const struct oci_io_priority *priority, struct plan_process *plan, struct err *err)
{
	static const struct word classes[] = {{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
					      {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
					      {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE}};
	enum { PRIORITY_MAX = 7 };
	uint64_t class;
	if (!priority)
		return 0;
	if (!word_find(WORDS(classes), priority->class_name, &class))
		return err_set(err, EINVAL, "process: ioPriority: class: invalid ioPriority.Class: %s",
			       priority->class_name ? priority->class_name : "");
	if (priority->priority < 0 || priority->priority > PRIORITY_MAX)
		return err_set(err, EINVAL, "process: ioPriority: priority: invalid ioPriority.Priority: %lld",
			       (long long)priority->priority);
	plan->has_io_priority = true;
	plan->io_priority = (int32_t)(class << IOPRIO_CLASS_SHIFT | (uint64_t)priority->priority);
	return 0;
}

/* --- memory policy, personality --- */

/* "0-3,7" into a mask; mask NULL: only checked. An empty text is an empty list. */
static int numbers_parse(const char *text, int64_t max, const char *what, uint64_t *mask, struct err *err)
{
	auto_strv char **parts = text_empty(text) ? NULL : strv_split(text, ',');
	for (char **part = parts; part && *part; part++) {
		int64_t first, last;
		char *dash = strchr(*part, '-');
		if (dash)
			*dash = 0;
		int rc = number_parse(*part, 0, max, what, &first, err);
		last = first;
		if (rc == 0 && dash)
			rc = number_parse(dash + 1, first, max, what, &last, err);
		if (rc < 0)
			return rc;
		for (int64_t number = first; mask && number <= last; number++)
			mask[number / 64] |= UINT64_C(1) << number % 64;
	}
	return 0;
}

static int cpu_affinity_compile(const struct oci_cpu_affinity *affinity, struct plan_process *plan, struct err *err)
{
	enum { CPU_MAX = 1023 }; /* of a cpu_set_t */
	if (!affinity)
		return 0;
	plan->cpus_initial = affinity->initial;
	plan->cpus_final = affinity->final;
	int rc = numbers_parse(affinity->initial, CPU_MAX, "process: execCPUAffinity: initial", NULL, err);
	return rc < 0 ? rc : numbers_parse(affinity->final, CPU_MAX, "process: execCPUAffinity: final", NULL, err);
}

static int memory_policy_compile(const struct oci_memory_policy *policy, struct plan_memory_policy *plan,
				 struct err *err)
{
	static const struct word modes[] = {
	    {"MPOL_DEFAULT", 0},
	    {"MPOL_PREFERRED", 1},
	    {"MPOL_BIND", 2},
	    {"MPOL_INTERLEAVE", 3},
	    {"MPOL_LOCAL", 4},
	    {"MPOL_PREFERRED_MANY", 5},
	    {"MPOL_WEIGHTED_INTERLEAVE", 6},
	};
	static const struct word flags[] = {
	    {"MPOL_F_STATIC_NODES", 1 << 15}, {"MPOL_F_RELATIVE_NODES", 1 << 14}, {"MPOL_F_NUMA_BALANCING", 1 << 13}};
	uint64_t mode, flag;
	if (!policy)
		return 0;
	if (!word_find(WORDS(modes), policy->mode, &mode))
		return err_set(err, EINVAL, "linux: memoryPolicy: mode: invalid memory policy mode \"%s\"",
			       policy->mode ? policy->mode : "");
	for (char **name = policy->flags; name && *name; name++) {
		if (!word_find(WORDS(flags), *name, &flag))
			return err_set(err, EINVAL, "linux: memoryPolicy: flags: invalid memory policy flag \"%s\"",
				       *name);
		mode |= flag;
	}
	plan->set = true;
	plan->mode = (int32_t)mode;
	return numbers_parse(policy->nodes, PLAN_NODES * 64 - 1, "linux: memoryPolicy: nodes", plan->nodes, err);
}

int plan_attributes_compile(const struct oci_linux *part, const struct plan_options *options,
			    struct plan_process *process, struct err *err)
{
	static const struct word domains[] = {{"LINUX", PER_LINUX}, {"LINUX32", PER_LINUX32}};
	const struct oci_personality *personality = part->personality;
	if (personality) {
		if (personality->flags && personality->flags[0])
			warn(options, "linux: personality: flags: ignoring unsupported personality flags",
			     personality->flags);
		if (!word_find(WORDS(domains), personality->domain, &process->personality))
			return err_set(err, EINVAL, "linux: personality: domain: invalid personality domain %s",
				       personality->domain ? personality->domain : "");
		process->has_personality = true;
	}
	return memory_policy_compile(part->memory_policy, &process->memory_policy, err);
}

/* --- identity --- */

static uint64_t capabilities_read(char *const *names, char ***unknown)
{
	uint64_t set = 0;
	for (; names && *names; names++) {
		int number = capability_number(*names);
		bool told = false;
		for (size_t i = 0; *unknown && (*unknown)[i]; i++)
			told = told || text_equal((*unknown)[i], *names);
		if (number >= 0)
			set |= capability_bit(number);
		else if (!told)
			strv_push(unknown, x_strdup(*names));
	}
	return set;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void ambient_check(const struct plan_process *plan, const struct plan_options *options)
{
	uint64_t lost = plan->ambient & ~(plan->permitted & plan->inheritable);
	for (int number = 0; lost && number < CAPABILITY_NAMED; number++) {
		auto_buf sentence = BUF_INIT(256);
		if (!(lost & capability_bit(number)) || !options->warn)
			continue;
		buf_printf(&sentence, "can't raise ambient capability %s: operation not permitted",
			   capability_name(number));
		options->warn(options->warn_context, buf_str(&sentence));
	}
}

/* Names that this file does not know are dropped with a warning, as runc does: the engine's list may be newer. */
static int capabilities_compile(const struct oci_capabilities *sets, const struct plan_options *options,
				struct plan_process *plan, struct err *err)
{
	auto_strv char **unknown = NULL;
	if (!sets)
		return 0;
	plan->bounding = capabilities_read(sets->bounding, &unknown);
	plan->permitted = capabilities_read(sets->permitted, &unknown);
	plan->effective = capabilities_read(sets->effective, &unknown);
	plan->inheritable = capabilities_read(sets->inheritable, &unknown);
	plan->ambient = capabilities_read(sets->ambient, &unknown);
	if (unknown) {
		qsort(unknown, strv_count(unknown), sizeof *unknown, name_compare);
		warn(options, "ignoring unknown or unavailable capabilities", unknown);
	}
	ambient_check(plan, options);
	if (plan->effective & ~plan->permitted)
		return err_set(err, EINVAL, "process: capabilities: effective: not a part of permitted");
	return 0;
}

static int user_compile(const struct oci_process *process, const struct plan_options *options,
			struct plan_process *plan, struct err *err)
{
	const struct oci_user *user = &process->user;
	enum { UMASK_DEFAULT = 0022, UMASK_MAX = 0777 };
	plan->user = (char *)options->user;
	plan->groups = (char **)(void *)options->groups;
	plan->uid = user->uid;
	plan->gid = user->gid;
	plan->gids = user->additional_gids.items;
	plan->gid_count = user->additional_gids.count;
	plan->umask = user->umask ? *user->umask : UMASK_DEFAULT;
	if (user->uid == UINT32_MAX || user->gid == UINT32_MAX)
		return err_set(err, ERANGE, "process: user: uid, gid: not from 0 to 4294967294");
	if (plan->umask > UMASK_MAX)
		return err_set(err, EINVAL, "process: user: umask: not from 0 to 511");
	return 0;
}

static int oom_score_compile(const struct oci_process *process, struct plan_process *plan, struct err *err)
{
	enum { OOM_SCORE_MAX = 1000 };
	if (!process->oom_score_adj)
		return 0;
	if (*process->oom_score_adj < -OOM_SCORE_MAX || *process->oom_score_adj > OOM_SCORE_MAX)
		return err_set(err, EINVAL, "process: oomScoreAdj: not from -1000 to 1000");
	plan->has_oom_score = true;
	plan->oom_score = (int32_t)*process->oom_score_adj;
	return 0;
}

static bool named_again(char *const *rest, const char *pair)
{
	size_t size = strcspn(pair, "=") + 1;
	for (; *rest; rest++) {
		if (strncmp(*rest, pair, size) == 0)
			return true;
	}
	return false;
}

int plan_environment_compile(struct arena *arena, char *const *list, char ***out_list, struct err *err)
{
	char **kept = arena_array(arena, char *, strv_count(list) + 1);
	size_t count = 0;
	for (size_t i = 0; list && list[i]; i++) {
		if (!strchr(list[i], '=') || list[i][0] == '=')
			return err_set(err, EINVAL, "[%zu]: invalid environment variable: %s", i,
				       list[i][0] == '=' ? "name cannot be empty" : "missing '='");
		if (!named_again(list + i + 1, list[i]))
			kept[count++] = list[i];
	}
	*out_list = kept;
	return 0;
}

static int terminal_compile(const struct oci_process *process, struct plan_process *plan, struct err *err)
{
	const struct oci_console_size *size = process->console_size;
	plan->terminal = process->terminal;
	if (!size)
		return 0;
	if (size->height > UINT16_MAX || size->width > UINT16_MAX)
		return err_set(err, EINVAL, "process: consoleSize: more than 65535");
	plan->height = (uint16_t)size->height;
	plan->width = (uint16_t)size->width;
	return 0;
}

int plan_process_compile(struct arena *arena, const struct oci_process *process, const struct plan_options *options,
			 struct plan_process *out_process, struct err *err)
{
	struct plan_process plan = {
	    .argv = process->args,
	    .cwd = process->cwd,
	    .no_new_privileges = process->no_new_privileges,
	    .apparmor = text_empty(process->apparmor_profile) ? NULL : process->apparmor_profile,
	    .selinux = text_empty(process->selinux_label) ? NULL : process->selinux_label,
	    .keyring = (char *)options->keyring,
	};
	if (!process->args || !process->args[0])
		return err_set(err, EINVAL, "process: args: no program");
	if (!process->cwd || process->cwd[0] != '/')
		return err_set(err, EINVAL, "process: cwd: not an absolute path");
	if (options->filter) {
		plan.filter = options->filter->code;
		plan.filter_count = options->filter->count;
		plan.filter_flags = options->filter->flags;
		plan.filter_notify = options->filter->notify;
	}
	int rc = plan_environment_compile(arena, process->env, &plan.env, err);
	if (rc < 0)
		return err_wrap(err, "process: env");
	rc = cpu_affinity_compile(process->exec_cpu_affinity, &plan, err);
	if (rc == 0)
		rc = user_compile(process, options, &plan, err);
	if (rc == 0)
		rc = terminal_compile(process, &plan, err);
	if (rc == 0)
		rc = oom_score_compile(process, &plan, err);
	if (rc == 0)
		rc = capabilities_compile(process->capabilities, options, &plan, err);
	if (rc == 0)
		rc = rlimits_compile(arena, process, &plan, err);
	if (rc == 0)
		rc = scheduler_compile(process->scheduler, &plan, err);
	if (rc == 0)
		rc = io_priority_compile(process->io_priority, &plan, err);
	if (rc == 0)
		*out_process = plan;
	return rc;
}
