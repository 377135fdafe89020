#include "security/seccomp.h"

#include "base/text.h"
#include "security/seccomp_tree.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* headers before kernel 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { X32_BIT = 0x40000000, PRIVATE_FIRST = 0xf0000 /* ARM's own calls: no sign of the profile's age */ };

/* The words of the specification; the lists of the header are made of the same rows. */
#define ACTIONS(row)                                                                                         \
	row("SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD) row("SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS) \
	    row("SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD) row("SCMP_ACT_TRAP", SECCOMP_RET_TRAP)      \
		row("SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO) row("SCMP_ACT_TRACE", SECCOMP_RET_TRACE)            \
		    row("SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW) row("SCMP_ACT_LOG", SECCOMP_RET_LOG)            \
			row("SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF)
#define OPERATORS(row)                                                                                            \
	row("SCMP_CMP_NE", SECCOMP_OP_NE) row("SCMP_CMP_LT", SECCOMP_OP_LT) row("SCMP_CMP_LE", SECCOMP_OP_LE)     \
	    row("SCMP_CMP_EQ", SECCOMP_OP_EQ) row("SCMP_CMP_GE", SECCOMP_OP_GE) row("SCMP_CMP_GT", SECCOMP_OP_GT) \
		row("SCMP_CMP_MASKED_EQ", SECCOMP_OP_MASKED_EQ)
/* TSYNC: the filter is loaded before there are threads, nothing is to be synchronised. */
#define FLAGS(row)                                                                                  \
	row("SECCOMP_FILTER_FLAG_TSYNC", 0) row("SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG) \
	    row("SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW)                   \
		row("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

struct word {
	const char *name;
	uint32_t value;
};
#define WORD(name, value) {name, (uint32_t)(value)},
#define NAME(name, value) name,
static const struct word actions[] = {ACTIONS(WORD)}, operators[] = {OPERATORS(WORD)}, flags[] = {FLAGS(WORD)};
const char *const seccomp_actions[] = {ACTIONS(NAME) NULL};
const char *const seccomp_operators[] = {OPERATORS(NAME) NULL};
const char *const seccomp_flags[] = {FLAGS(NAME) NULL};

/* Architectures that a machine of ours can run. The first row of a family is the machine's own. */
struct architecture {
	const char *name;
	uint32_t audit, library; /* AUDIT_ARCH_..., libseccomp's */
	bool low;		 /* arguments have 32 bits */
};
#if defined(__x86_64__)
static const struct architecture architectures[] = {
    {"SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64, false},
    {"SCMP_ARCH_X86", AUDIT_ARCH_I386, SCMP_ARCH_X86, true},
    {"SCMP_ARCH_X32", AUDIT_ARCH_X86_64, SCMP_ARCH_X32, true}, /* the first one's numbers, with X32_BIT */
};
const char *const seccomp_architectures[] = {"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", NULL};
#elif defined(__aarch64__)
static const struct architecture architectures[] = {
    {"SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64, false},
    {"SCMP_ARCH_ARM", AUDIT_ARCH_ARM, SCMP_ARCH_ARM, true},
};
const char *const seccomp_architectures[] = {"SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", NULL};
#else
#error "seccomp: an architecture without a table of its system-call families"
#endif

/* The specification's other architectures: right in a profile, without meaning on this machine. */
static const char *const foreign[] = {
    "SCMP_ARCH_X86",	     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",	    "SCMP_ARCH_ARM",	"SCMP_ARCH_AARCH64",
    "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",	   "SCMP_ARCH_MIPS",	    "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",	     "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",	"SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",     "SCMP_ARCH_S390",	   "SCMP_ARCH_S390X",	    "SCMP_ARCH_SH",	"SCMP_ARCH_SHEB",
    "SCMP_ARCH_PARISC",	     "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",
};

/*
 * i386 has most socket and IPC calls twice: alone (since kernel 4.3 and 5.1) and as a function of socketcall(2) or
 * ipc(2), whose first argument is the number behind libseccomp's pseudo number: -101 is socketcall's function 1.
 */
enum { I386_SOCKETCALL = 102, I386_IPC = 117 };
static const struct {
	int pseudo;
	int alone; /* -1: there is none */
} i386_multiplexed[] = {
    {-101, 359}, {-102, 361}, {-103, 362}, {-104, 363}, {-105, -1},  {-106, 367}, {-107, 368}, {-108, 360},
    {-109, -1},	 {-110, -1},  {-111, 369}, {-112, 371}, {-113, 373}, {-114, 366}, {-115, 365}, {-116, 370},
    {-117, 372}, {-118, 364}, {-119, 337}, {-120, 345}, {-201, -1},  {-202, 393}, {-203, 394}, {-204, -1},
    {-211, 400}, {-212, 401}, {-213, 399}, {-214, 402}, {-221, 397}, {-222, 398}, {-223, 395}, {-224, 396},
};

/* Calls that are younger than the libseccomp of the oldest distribution; one number on every architecture. */
static const struct word young[] = {
    {"cachestat", 451},		{"fchmodat2", 452},	    {"map_shadow_stack", 453}, {"futex_wake", 454},
    {"futex_wait", 455},	{"futex_requeue", 456},	    {"statmount", 457},	       {"listmount", 458},
    {"lsm_get_self_attr", 459}, {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
    {"setxattrat", 463},	{"getxattrat", 464},	    {"listxattrat", 465},      {"removexattrat", 466},
    {"open_tree_attr", 467},	{"file_getattr", 468},	    {"file_setattr", 469},
};

/*
 * Arguments that the kernel itself cuts to 32 bits: bit n for argument n. A comparison of the whole register would let
 * 2^32 + 38 pass as a socket family that is not 38 (CVE-2019-7303, CVE-2023-28100: the same with ioctl).
 */
static const struct word narrow[] = {
    {"socket", 7},     {"socketpair", 7}, {"personality", 1}, {"ioctl", 3},	 {"fcntl", 3},
    {"fcntl64", 3},    {"prctl", 1},	  {"setsockopt", 7},  {"getsockopt", 7}, {"bpf", 1},
    {"keyctl", 1},     {"setns", 3},	  {"kill", 3},	      {"tkill", 3},	 {"tgkill", 7},
    {"arch_prctl", 1}, {"seccomp", 3},	  {"madvise", 4},     {"semctl", 7},	 {"shmctl", 3},
    {"msgctl", 3},     {"open", 2},	  {"openat", 5},      {"ptrace", 0},	 {"sched_setscheduler", 3},
    {"quotactl", 1},   {"syslog", 1},	  {"sysfs", 1},	      {"pidfd_open", 3}, {"io_uring_register", 3},
};

/* One rule for one number. */
struct entry {
	uint32_t number;
	uint32_t order; /* in which it was added: that of the document */
	struct seccomp_case what;
};

struct entries {
	struct entry *items;
	size_t count, capacity;
};

struct compiler {
	struct arena *arena;
	uint32_t fallback; /* the default answer */
	uint32_t newer;	   /* the answer to numbers above all that are named */
	bool listed[array_size(architectures)];
	struct entries per_arch[array_size(architectures)];
	bool notify;
};

static const struct word *word_find(const struct word *words, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(words[i].name, name))
			return &words[i];
	return NULL;
}

static int answer_of(const char *action, const uint32_t *errno_ret, const char *where, uint32_t *out_answer,
		     struct err *err)
{
	const struct word *word = word_find(actions, array_size(actions), action);
	if (!word)
		return err_set(err, EINVAL, "%s: unknown action \"%s\"", where, action);
	bool takes = word->value == SECCOMP_RET_ERRNO || word->value == SECCOMP_RET_TRACE;
	uint32_t max = word->value == SECCOMP_RET_ERRNO ? 4095 : SECCOMP_RET_DATA;
	uint32_t data = takes ? EPERM : 0;
	if (errno_ret) {
		if (!takes && *errno_ret != 0)
			return err_set(err, EINVAL, "%s: an errno value means nothing with %s", where, action);
		if (takes && *errno_ret > max)
			return err_set(err, ERANGE, "%s: errno value %u is larger than %u", where, *errno_ret, max);
		data = takes ? *errno_ret : 0;
	}
	*out_answer = word->value | data;
	return 0;
}

/* --- rules to entries --- */

static void entry_add(struct compiler *compiler, size_t arch, uint32_t number, struct seccomp_case what)
{
	struct entries *list = &compiler->per_arch[arch];
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 512;
		struct entry *items = arena_array(compiler->arena, struct entry, capacity);
		if (list->count)
			memcpy(items, list->items, list->count * sizeof *items);
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count] = (struct entry){number, (uint32_t)list->count, what};
	list->count++;
}

static void i386_add(struct compiler *compiler, size_t arch, int pseudo, struct seccomp_case what)
{
	for (size_t i = 0; i < array_size(i386_multiplexed); i++)
		if (i386_multiplexed[i].pseudo == pseudo && i386_multiplexed[i].alone >= 0)
			entry_add(compiler, arch, (uint32_t)i386_multiplexed[i].alone, what);
	/* The call's own arguments are behind a pointer there, which a filter cannot follow. */
	if (what.count)
		return;
	struct seccomp_test *test = arena_new(compiler->arena, struct seccomp_test);
	*test = (struct seccomp_test){.op = SECCOMP_OP_EQ, .value = (uint64_t)(-pseudo % 100), .low = true};
	what.tests = test;
	what.count = 1;
	entry_add(compiler, arch, pseudo > -200 ? I386_SOCKETCALL : I386_IPC, what);
}

/* The same tests, on the lower halves where that is all there is. */
static struct seccomp_case case_cut(struct compiler *compiler, const char *name, size_t arch, struct seccomp_case what)
{
	const struct word *word = word_find(narrow, array_size(narrow), name);
	uint32_t cut = architectures[arch].low ? 63 : word ? word->value : 0;
	if (!what.count || !cut)
		return what;
	struct seccomp_test *tests = arena_array(compiler->arena, struct seccomp_test, what.count);
	for (size_t i = 0; i < what.count; i++) {
		tests[i] = what.tests[i];
		tests[i].low = cut >> tests[i].index & 1;
	}
	what.tests = tests;
	return what;
}

static void name_add(struct compiler *compiler, const char *name, struct seccomp_case whole)
{
	for (size_t i = 0; i < array_size(architectures); i++) {
		if (!compiler->listed[i])
			continue;
		struct seccomp_case what = case_cut(compiler, name, i, whole);
		int number = seccomp_syscall_resolve_name_arch(architectures[i].library, name);
		const struct word *new = number < 0 ? word_find(young, array_size(young), name) : NULL;
		if (new)
			number = (int)(new->value | (architectures[i].library == SCMP_ARCH_X32 ? X32_BIT : 0));
		if (number >= 0)
			entry_add(compiler, i, (uint32_t)number, what);
		else if (architectures[i].library == SCMP_ARCH_X86 && number <= -101 && number > -300)
			i386_add(compiler, i, number, what);
	}
}

static int test_of(const struct oci_seccomp_arg *arg, const char *where, struct seccomp_test *out_test, struct err *err)
{
	const struct word *op = word_find(operators, array_size(operators), arg->op);
	if (!op)
		return err_set(err, EINVAL, "%s: unknown operator \"%s\"", where, arg->op);
	if (arg->index > 5)
		return err_set(err, EINVAL, "%s: argument %u: a system call has arguments 0 to 5", where, arg->index);
	bool masked = op->value == SECCOMP_OP_MASKED_EQ;
	*out_test = (struct seccomp_test){
	    .index = arg->index,
	    .op = (enum seccomp_op)op->value,
	    .value = masked ? arg->value_two & arg->value : arg->value,
	    .mask = masked ? arg->value : 0,
	};
	return 0;
}

static int rule_add(struct compiler *compiler, const struct oci_seccomp_rule *rule, uint32_t order, struct err *err)
{
	char where[64];
	snprintf(where, sizeof where, "seccomp: syscalls: [%u]", order);
	uint32_t answer;
	int r = answer_of(rule->action, rule->errno_ret, where, &answer, err);
	if (r < 0)
		return r;
	if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
		compiler->notify = true;

	struct seccomp_test *tests = arena_array(compiler->arena, struct seccomp_test, rule->args.count + 1);
	unsigned seen = 0;
	bool alternatives = false; /* several conditions on one argument */
	for (size_t i = 0; i < rule->args.count; i++) {
		r = test_of(&rule->args.items[i], where, &tests[i], err);
		if (r < 0)
			return r;
		alternatives |= (seen & (1U << tests[i].index)) != 0;
		seen |= 1U << tests[i].index;
	}
	if (answer == compiler->fallback)
		return 0;
	for (char *const *name = rule->names; name && *name; name++) {
		/* The listener's own write would wait for itself. */
		if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF && text_equal(*name, "write"))
			return err_set(err, EINVAL, "%s: SCMP_ACT_NOTIFY cannot be used for the write syscall", where);
		if (!alternatives) {
			name_add(compiler, *name, (struct seccomp_case){tests, rule->args.count, answer});
			continue;
		}
		for (size_t i = 0; i < rule->args.count; i++)
			name_add(compiler, *name, (struct seccomp_case){&tests[i], 1, answer});
	}
	return 0;
}

/* --- entries to ranges --- */

static int entry_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	/* One without conditions first; then as in the document. */
	if (!a->what.count != !b->what.count)
		return a->what.count ? 1 : -1;
	return a->order < b->order ? -1 : a->order > b->order;
}

struct ranges {
	struct seccomp_range *items;
	size_t count;
};

/* Leaves without cases are shared, so that neighbours with one answer become one range. */
static struct seccomp_leaf *plain_leaf(struct compiler *compiler, const struct ranges *ranges, uint32_t answer)
{
	for (size_t i = ranges->count; i-- > 0;)
		if (!ranges->items[i].leaf->count && ranges->items[i].leaf->answer == answer)
			return ranges->items[i].leaf;
	struct seccomp_leaf *leaf = arena_new(compiler->arena, struct seccomp_leaf);
	leaf->answer = answer;
	return leaf;
}

static void range_add(struct ranges *ranges, uint32_t first, struct seccomp_leaf *leaf)
{
	if (ranges->count && ranges->items[ranges->count - 1].first == first)
		ranges->count--;
	if (ranges->count && ranges->items[ranges->count - 1].leaf == leaf)
		return;
	ranges->items[ranges->count++] = (struct seccomp_range){first, leaf};
}

/* All entries of one number as a leaf. */
static struct seccomp_leaf *entry_leaf(struct compiler *compiler, const struct ranges *ranges,
				       const struct entry *first, size_t count)
{
	if (!first->what.count)
		return plain_leaf(compiler, ranges, first->what.answer);
	struct seccomp_leaf *leaf = arena_new(compiler->arena, struct seccomp_leaf);
	struct seccomp_case *cases = arena_array(compiler->arena, struct seccomp_case, count);
	for (size_t i = 0; i < count; i++)
		cases[i] = first[i].what;
	*leaf = (struct seccomp_leaf){.cases = cases, .count = count, .answer = compiler->fallback};
	return leaf;
}

/* The numbers of one architecture, from base on. */
static void ranges_of(struct compiler *compiler, struct entries *list, uint32_t base, struct ranges *ranges)
{
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, entry_compare);
	uint32_t end = base; /* behind the highest number that is named */
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].number - base < PRIVATE_FIRST)
			end = list->items[i].number + 1;
	range_add(ranges, base, plain_leaf(compiler, ranges, end > base ? compiler->fallback : compiler->newer));
	size_t i = 0;
	while (i < list->count) {
		uint32_t number = list->items[i].number;
		size_t count = 1;
		while (i + count < list->count && list->items[i + count].number == number)
			count++;
		range_add(ranges, number, entry_leaf(compiler, ranges, &list->items[i], count));
		uint32_t answer = number + 1 >= end ? compiler->newer : compiler->fallback;
		range_add(ranges, number + 1, plain_leaf(compiler, ranges, answer));
		i += count;
	}
}

static void section_make(struct compiler *compiler, size_t arch, struct seccomp_section *section)
{
	const struct architecture *own = &architectures[arch];
	size_t room = 2 * compiler->per_arch[arch].count + 8;
	for (size_t i = arch + 1; i < array_size(architectures); i++)
		room += architectures[i].audit == own->audit ? 2 * compiler->per_arch[i].count + 8 : 0;
	struct ranges ranges = {.items = arena_array(compiler->arena, struct seccomp_range, room)};
	ranges_of(compiler, &compiler->per_arch[arch], 0, &ranges);
	for (size_t i = arch + 1; i < array_size(architectures); i++) {
		if (architectures[i].audit != own->audit)
			continue;
		if (compiler->listed[i])
			ranges_of(compiler, &compiler->per_arch[i], X32_BIT, &ranges);
		else
			range_add(&ranges, X32_BIT, plain_leaf(compiler, &ranges, SECCOMP_RET_KILL_PROCESS));
	}
	/* -1 is what a tracer leaves when it has answered the call itself. */
	range_add(&ranges, UINT32_MAX, plain_leaf(compiler, &ranges, compiler->fallback));
	*section = (struct seccomp_section){own->audit, ranges.items, ranges.count};
}

/* --- the whole --- */

static int architectures_read(struct compiler *compiler, char *const *names, struct err *err)
{
	compiler->listed[0] = true;
	for (; names && *names; names++) {
		bool known = false;
		for (size_t i = 0; i < array_size(foreign); i++)
			known |= text_equal(*names, foreign[i]);
		if (!known)
			return err_set(err, EINVAL, "seccomp: architectures: unknown architecture \"%s\"", *names);
		for (size_t i = 0; i < array_size(architectures); i++)
			compiler->listed[i] |= text_equal(*names, architectures[i].name);
	}
	return 0;
}

static int flags_read(char *const *names, uint32_t *out_flags, struct err *err)
{
	/* runc's default, for the speed that programs had before seccomp: the kernel's own since 5.16. */
	uint32_t set = names ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (; names && *names; names++) {
		const struct word *word = word_find(flags, array_size(flags), *names);
		if (!word)
			return err_set(err, EINVAL, "seccomp: flags: unknown flag \"%s\"", *names);
		set |= word->value;
	}
	*out_flags = set;
	return 0;
}

static int compiler_read(struct compiler *compiler, const struct oci_seccomp *spec, struct err *err)
{
	int r = answer_of(spec->default_action, spec->default_errno_ret, "seccomp: defaultAction", &compiler->fallback,
			  err);
	if (r == 0 && compiler->fallback == SECCOMP_RET_USER_NOTIF)
		r = err_set(err, EINVAL, "seccomp: SCMP_ACT_NOTIFY cannot be used as default action");
	if (r == 0)
		r = architectures_read(compiler, spec->architectures, err);
	bool lets = compiler->fallback == SECCOMP_RET_ALLOW || compiler->fallback == SECCOMP_RET_LOG ||
		    (compiler->fallback & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
	compiler->newer = lets ? compiler->fallback : SECCOMP_RET_ERRNO | ENOSYS;
	for (size_t i = 0; r == 0 && i < spec->syscalls.count; i++)
		r = rule_add(compiler, &spec->syscalls.items[i], (uint32_t)i, err);
	return r;
}

int seccomp_compile(struct arena *arena, const struct oci_seccomp *spec, struct seccomp_filter *out_filter,
		    struct err *err)
{
	struct compiler compiler = {.arena = arena};
	struct seccomp_filter filter = {0};
	int r = compiler_read(&compiler, spec, err);
	if (r == 0)
		r = flags_read(spec->flags, &filter.flags, err);
	if (r < 0)
		return r;
	struct seccomp_section sections[array_size(architectures)];
	size_t count = 0;
	for (size_t i = 0; i < array_size(architectures); i++)
		if (compiler.listed[i] && (i == 0 || architectures[i].audit != architectures[0].audit))
			section_make(&compiler, i, &sections[count++]);
	filter.notify = compiler.notify;
	r = seccomp_tree_emit(arena, sections, count, SECCOMP_RET_KILL_PROCESS, &filter.code, &filter.count, err);
	if (r < 0)
		return r;
	*out_filter = filter;
	return 0;
}
