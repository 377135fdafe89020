#include "security/seccomp.h"

#include "security/seccomp_interpreter.h"
#include "unit/test.h"

#include <linux/audit.h>
#include <seccomp.h>

#ifdef __x86_64__
enum { NATIVE = AUDIT_ARCH_X86_64 };
#else
enum { NATIVE = AUDIT_ARCH_AARCH64 };
#endif

static char *names_read[] = {(char[]){"read"}, NULL};

static uint32_t number_of(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	CHECK(number >= 0);
	return (uint32_t)number;
}

static uint32_t ask(const struct seccomp_filter *filter, uint32_t arch, uint32_t number, const uint64_t *args)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch};
	for (int i = 0; args && i < 6; i++)
		data.args[i] = args[i];
	return seccomp_interpret(filter->code, filter->count, &data, NULL);
}

/* One rule for read(2) under a default action. */
static struct oci_seccomp one_rule(const char *fallback, struct oci_seccomp_rule *rule)
{
	rule->names = names_read;
	struct oci_seccomp spec = {.default_action = (char *)(uintptr_t)fallback};
	spec.syscalls.items = rule;
	spec.syscalls.count = 1;
	return spec;
}

TEST(every_action_has_its_answer)
{
	static const struct {
		const char *action;
		int errno_ret; /* -1: absent */
		uint32_t answer;
	} rows[] = {
	    {"SCMP_ACT_KILL", -1, SECCOMP_RET_KILL_THREAD},
	    {"SCMP_ACT_KILL_THREAD", -1, SECCOMP_RET_KILL_THREAD},
	    {"SCMP_ACT_KILL_PROCESS", -1, SECCOMP_RET_KILL_PROCESS},
	    {"SCMP_ACT_TRAP", -1, SECCOMP_RET_TRAP},
	    {"SCMP_ACT_ERRNO", -1, SECCOMP_RET_ERRNO | EPERM},
	    {"SCMP_ACT_ERRNO", 0, SECCOMP_RET_ERRNO},
	    {"SCMP_ACT_ERRNO", 38, SECCOMP_RET_ERRNO | 38},
	    {"SCMP_ACT_TRACE", 7, SECCOMP_RET_TRACE | 7},
	    {"SCMP_ACT_TRACE", -1, SECCOMP_RET_TRACE | EPERM},
	    {"SCMP_ACT_LOG", -1, SECCOMP_RET_LOG},
	    {"SCMP_ACT_NOTIFY", -1, SECCOMP_RET_USER_NOTIF},
	};
	struct err err;
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		uint32_t errno_ret = (uint32_t)rows[i].errno_ret;
		struct oci_seccomp_rule rule = {.action = (char *)(uintptr_t)rows[i].action,
						.errno_ret = rows[i].errno_ret < 0 ? NULL : &errno_ret};
		struct oci_seccomp spec = one_rule("SCMP_ACT_ALLOW", &rule);
		struct seccomp_filter filter;
		CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
		CHECK_INT(ask(&filter, NATIVE, number_of("read"), NULL), rows[i].answer);
		CHECK_INT(ask(&filter, NATIVE, number_of("write"), NULL), SECCOMP_RET_ALLOW);
		CHECK_INT(ask(&filter, AUDIT_ARCH_S390X, 3, NULL), SECCOMP_RET_KILL_PROCESS);
		CHECK_INT(filter.notify, rows[i].answer == SECCOMP_RET_USER_NOTIF);
	}
}

TEST(every_operator_compares_64_bits)
{
	static const uint64_t values[] = {
	    0,		 1,	      2,	   0x7fffffff,	0x80000000,	    0xfffffffe,	    0xffffffff,
	    0x100000000, 0x100000001, 0x1ffffffff, 0x200000000, 0x8000000000000000, UINT64_MAX - 1, UINT64_MAX};
	struct err err;
	for (const char *const *op = seccomp_operators; *op; op++)
		for (size_t i = 0; i < array_size(values); i++) {
			auto_arena arena = {0};
			bool masked = strcmp(*op, "SCMP_CMP_MASKED_EQ") == 0;
			struct oci_seccomp_arg arg = {.index = 2,
						      .value = masked ? 0x3000000f1 : values[i],
						      .value_two = values[i],
						      .op = (char *)(uintptr_t)*op};
			struct oci_seccomp_rule rule = {.action = (char[]){"SCMP_ACT_ERRNO"}};
			rule.args.items = &arg;
			rule.args.count = 1;
			struct oci_seccomp spec = one_rule("SCMP_ACT_ALLOW", &rule);
			struct seccomp_filter filter;
			CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
			for (size_t j = 0; j < array_size(values); j++) {
				uint64_t a = values[j], v = values[i], args[6] = {5, 6, a, 7, 8, 9};
				bool hit = strcmp(*op, "SCMP_CMP_NE") == 0   ? a != v
					   : strcmp(*op, "SCMP_CMP_LT") == 0 ? a < v
					   : strcmp(*op, "SCMP_CMP_LE") == 0 ? a <= v
					   : strcmp(*op, "SCMP_CMP_EQ") == 0 ? a == v
					   : strcmp(*op, "SCMP_CMP_GE") == 0 ? a >= v
					   : strcmp(*op, "SCMP_CMP_GT") == 0 ? a > v
									     : (a & 0x3000000f1) == (v & 0x3000000f1);
				CHECK_INT(ask(&filter, NATIVE, number_of("read"), args),
					  hit ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_ALLOW);
			}
		}
}

/* Two conditions on different arguments must both hold; two on the same one are alternatives (runc, crun). */
TEST(conditions_of_one_rule)
{
	struct err err;
	auto_arena arena = {0};
	char eq[] = "SCMP_CMP_EQ", refuse[] = "SCMP_ACT_ERRNO";
	struct oci_seccomp_arg both[] = {{0, 1, 0, eq}, {1, 2, 0, eq}}, either[] = {{0, 1, 0, eq}, {0, 2, 0, eq}};
	struct oci_seccomp_rule rule = {.action = refuse, .args.items = both, .args.count = 2};
	struct oci_seccomp spec = one_rule("SCMP_ACT_ALLOW", &rule);
	struct seccomp_filter filter;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	uint64_t one_two[6] = {1, 2}, one_three[6] = {1, 3}, two_two[6] = {2, 2};
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), one_two), SECCOMP_RET_ERRNO | EPERM);
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), one_three), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), two_two), SECCOMP_RET_ALLOW);
	rule.args.items = either;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), one_three), SECCOMP_RET_ERRNO | EPERM);
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), two_two), SECCOMP_RET_ERRNO | EPERM);
	uint64_t three[6] = {3};
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), three), SECCOMP_RET_ALLOW);
}

TEST(rules_for_one_call)
{
	struct err err;
	auto_arena arena = {0};
	char eq[] = "SCMP_CMP_EQ";
	struct oci_seccomp_arg is_one = {0, 1, 0, eq};
	uint32_t seven = 7;
	struct oci_seccomp_rule rules[] = {
	    {.names = names_read, .action = (char[]){"SCMP_ACT_LOG"}, .args.items = &is_one, .args.count = 1},
	    {.names = names_read, .action = (char[]){"SCMP_ACT_TRAP"}, .args.items = &is_one, .args.count = 1},
	    {.names = names_read, .action = (char[]){"SCMP_ACT_ERRNO"}, .errno_ret = &seven},
	};
	struct oci_seccomp spec = {.default_action = (char[]){"SCMP_ACT_ALLOW"}};
	spec.syscalls.items = rules;
	spec.syscalls.count = 2;
	struct seccomp_filter filter;
	uint64_t one[6] = {1}, two[6] = {2};
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), one), SECCOMP_RET_LOG);
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), two), SECCOMP_RET_ALLOW);
	spec.syscalls.count = 3;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(ask(&filter, NATIVE, number_of("read"), one), SECCOMP_RET_ERRNO | 7);
}

TEST(newer_calls_do_not_exist)
{
	struct err err;
	auto_arena arena = {0};
	char allow[] = "SCMP_ACT_ALLOW";
	struct oci_seccomp_rule rule = {.action = allow};
	struct oci_seccomp spec = one_rule("SCMP_ACT_ERRNO", &rule);
	struct seccomp_filter filter;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	uint32_t read = number_of("read");
	CHECK_INT(ask(&filter, NATIVE, read, NULL), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&filter, NATIVE, read + 1, NULL), SECCOMP_RET_ERRNO | ENOSYS);
	CHECK_INT(ask(&filter, NATIVE, 5000, NULL), SECCOMP_RET_ERRNO | ENOSYS);
	CHECK_INT(ask(&filter, NATIVE, UINT32_MAX, NULL), SECCOMP_RET_ERRNO | EPERM);
	if (read > 0)
		CHECK_INT(ask(&filter, NATIVE, read - 1, NULL), SECCOMP_RET_ERRNO | EPERM);
}

#ifdef __x86_64__
TEST(families_of_x86)
{
	struct err err;
	auto_arena arena = {0};
	char *families[] = {(char[]){"SCMP_ARCH_X86_64"}, (char[]){"SCMP_ARCH_X86"}, NULL, NULL};
	char *names[] = {(char[]){"socket"}, (char[]){"no_such_call"}, NULL};
	char allow[] = "SCMP_ACT_ALLOW";
	struct oci_seccomp_rule rule = {.names = names, .action = allow};
	struct oci_seccomp spec = {.default_action = (char[]){"SCMP_ACT_ERRNO"}, .architectures = families};
	spec.syscalls.items = &rule;
	spec.syscalls.count = 1;
	struct seccomp_filter filter;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(ask(&filter, AUDIT_ARCH_X86_64, 41, NULL), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&filter, AUDIT_ARCH_X86_64, 0x40000000 + 41, NULL), SECCOMP_RET_KILL_PROCESS);
	CHECK_INT(ask(&filter, AUDIT_ARCH_X86_64, UINT32_MAX, NULL), SECCOMP_RET_ERRNO | EPERM);
	/* i386: alone, and as function 1 of socketcall. */
	uint64_t one[6] = {1}, two[6] = {2};
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 359, NULL), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 102, one), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 102, two), SECCOMP_RET_ERRNO | EPERM);
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 41, NULL), SECCOMP_RET_ERRNO | EPERM);
	families[2] = (char[]){"SCMP_ARCH_X32"};
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(ask(&filter, AUDIT_ARCH_X86_64, 0x40000000 + 41, NULL), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&filter, AUDIT_ARCH_X86_64, 0x40000000 + 40, NULL), SECCOMP_RET_ERRNO | EPERM);
}

/* int 0x80 from 64-bit code leaves the upper halves of the registers as they were; the kernel looks at the lower. */
TEST(upper_halves_do_not_hide_i386_arguments)
{
	struct err err;
	auto_arena arena = {0};
	char *families[] = {(char[]){"SCMP_ARCH_X86"}, NULL};
	struct oci_seccomp_arg arg = {0, 38, 0, (char[]){"SCMP_CMP_EQ"}};
	struct oci_seccomp_rule rule = {.action = (char[]){"SCMP_ACT_ERRNO"}, .args.items = &arg, .args.count = 1};
	struct oci_seccomp spec = one_rule("SCMP_ACT_ALLOW", &rule);
	spec.architectures = families;
	struct seccomp_filter filter;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	uint64_t dirty[6] = {0xdeadbeef00000000 | 38};
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 3, dirty), SECCOMP_RET_ERRNO | EPERM);
	CHECK_INT(ask(&filter, AUDIT_ARCH_X86_64, 0, dirty), SECCOMP_RET_ALLOW);
	/* Every 32-bit number is below this one. */
	arg = (struct oci_seccomp_arg){0, 0x100000000, 0, (char[]){"SCMP_CMP_LT"}};
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 3, dirty), SECCOMP_RET_ERRNO | EPERM);
	arg.op = (char[]){"SCMP_CMP_GT"};
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 3, dirty), SECCOMP_RET_ALLOW);
}
#endif

TEST(flags)
{
	struct err err;
	auto_arena arena = {0};
	struct oci_seccomp_rule rule = {.action = (char[]){"SCMP_ACT_ALLOW"}};
	struct oci_seccomp spec = one_rule("SCMP_ACT_ERRNO", &rule);
	struct seccomp_filter filter;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(filter.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	char *none[] = {NULL},
	     *two[] = {(char[]){"SECCOMP_FILTER_FLAG_LOG"}, (char[]){"SECCOMP_FILTER_FLAG_TSYNC"}, NULL};
	spec.flags = none;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(filter.flags, 0);
	spec.flags = two;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	CHECK_INT(filter.flags, SECCOMP_FILTER_FLAG_LOG);
	two[0] = (char[]){"SECCOMP_FILTER_FLAG_FAST"};
	CHECK_ERR(seccomp_compile(&arena, &spec, &filter, &err), EINVAL);
	CHECK_STR(err.msg, "seccomp: flags: unknown flag \"SECCOMP_FILTER_FLAG_FAST\"");
}

TEST(what_is_wrong_is_named)
{
	struct err err;
	auto_arena arena = {0};
	struct oci_seccomp_arg arg = {0, 1, 0, (char[]){"SCMP_CMP_EQ"}};
	struct oci_seccomp_rule rule = {.action = (char[]){"SCMP_ACT_ERRNO"}, .args.items = &arg, .args.count = 1};
	struct oci_seccomp spec = one_rule("SCMP_ACT_ALLOW", &rule);
	struct seccomp_filter filter;
	uint32_t large = 4096;

	rule.errno_ret = &large;
	CHECK_ERR(seccomp_compile(&arena, &spec, &filter, &err), ERANGE);
	rule.errno_ret = NULL;
	arg.op = (char[]){"SCMP_CMP_LIKE"};
	CHECK_ERR(seccomp_compile(&arena, &spec, &filter, &err), EINVAL);
	CHECK_STR(err.msg, "seccomp: syscalls: [0]: unknown operator \"SCMP_CMP_LIKE\"");
	arg.op = (char[]){"SCMP_CMP_EQ"};
	arg.index = 6;
	CHECK_ERR(seccomp_compile(&arena, &spec, &filter, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "argument 6");
	arg.index = 0;
	rule.action = (char[]){"SCMP_ACT_SING"};
	CHECK_ERR(seccomp_compile(&arena, &spec, &filter, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "unknown action \"SCMP_ACT_SING\"");
	rule.action = (char[]){"SCMP_ACT_NOTIFY"};
	rule.names = (char *[]){(char[]){"write"}, NULL};
	CHECK_ERR(seccomp_compile(&arena, &spec, &filter, &err), EINVAL);
	rule.names = names_read;
	spec.architectures = (char *[]){(char[]){"SCMP_ARCH_VAX"}, NULL};
	CHECK_ERR(seccomp_compile(&arena, &spec, &filter, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "SCMP_ARCH_VAX");
	spec.architectures = (char *[]){(char[]){"SCMP_ARCH_S390X"}, NULL};
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	spec.default_action = (char[]){"SCMP_ACT_NOTIFY"};
	CHECK_ERR(seccomp_compile(&arena, &spec, &filter, &err), EINVAL);
}

/* More code for one call than a jump of 255 can pass: far jumps. */
TEST(large_leaves_are_passed_by_far_jumps)
{
	struct err err;
	auto_arena arena = {0};
	enum { COUNT = 300 };
	struct oci_seccomp_arg args[COUNT];
	struct oci_seccomp_rule rules[COUNT + 1];
	char eq[] = "SCMP_CMP_EQ", log[] = "SCMP_ACT_LOG";
	for (uint32_t i = 0; i < COUNT; i++) {
		args[i] = (struct oci_seccomp_arg){1, 3 * i, 0, eq};
		rules[i] = (struct oci_seccomp_rule){
		    .names = names_read, .action = log, .args.items = &args[i], .args.count = 1};
	}
	rules[COUNT] =
	    (struct oci_seccomp_rule){.names = (char *[]){(char[]){"write"}, (char[]){"uname"}, NULL}, .action = log};
	struct oci_seccomp spec = {.default_action = (char[]){"SCMP_ACT_ALLOW"}};
	spec.syscalls.items = rules;
	spec.syscalls.count = COUNT + 1;
	struct seccomp_filter filter;
	CHECK_OK(seccomp_compile(&arena, &spec, &filter, &err));
	for (uint64_t i = 0; i < 3 * COUNT; i++) {
		uint64_t call[6] = {0, i};
		CHECK_INT(ask(&filter, NATIVE, number_of("read"), call), i % 3 ? SECCOMP_RET_ALLOW : SECCOMP_RET_LOG);
	}
	CHECK_INT(ask(&filter, NATIVE, number_of("write"), NULL), SECCOMP_RET_LOG);
	CHECK_INT(ask(&filter, NATIVE, number_of("uname"), NULL), SECCOMP_RET_LOG);
	CHECK_INT(ask(&filter, NATIVE, number_of("close"), NULL), SECCOMP_RET_ALLOW);
}
