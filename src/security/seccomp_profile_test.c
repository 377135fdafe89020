#include "security/seccomp_profile.h"

#include "base/text.h"
#include "security/capability.h"
#include "security/seccomp.h"
#include "security/seccomp_cache.h"
#include "security/seccomp_interpreter.h"
#include "unit/test.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifdef __x86_64__
enum { NATIVE = AUDIT_ARCH_X86_64 };
#else
enum { NATIVE = AUDIT_ARCH_AARCH64 };
#endif

static void resolve(struct arena *arena, uint64_t capabilities, struct oci_seccomp **out)
{
	struct err err;
	struct seccomp_host host;
	seccomp_host(&host);
	host.capabilities = capabilities;
	CHECK_OK(seccomp_profile_resolve(arena, seccomp_profile_default(arena), &host, out, &err));
}

static uint32_t ask(const struct seccomp_filter *filter, uint32_t arch, uint32_t number, const uint64_t *args)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch};
	for (int i = 0; args && i < 6; i++)
		data.args[i] = args[i];
	return seccomp_interpret(filter->code, filter->count, &data, NULL);
}

TEST(the_host_is_known)
{
	struct seccomp_host host;
	seccomp_host(&host);
	CHECK(host.kernel_major >= 4);
#ifdef __x86_64__
	CHECK_STR(host.architecture, "SCMP_ARCH_X86_64");
#endif
}

#ifdef __x86_64__
static uint32_t native(const struct seccomp_filter *filter, long number, uint64_t first)
{
	uint64_t args[6] = {first};
	return ask(filter, AUDIT_ARCH_X86_64, (uint32_t)number, args);
}

/* R-24 in the rows that people look for. */
TEST(the_default_profile_refuses_what_it_should)
{
	const uint32_t eperm = SECCOMP_RET_ERRNO | EPERM, allow = SECCOMP_RET_ALLOW;
	struct err err;
	auto_arena arena = {0};
	struct oci_seccomp *spec;
	struct seccomp_filter filter;
	resolve(&arena, CAPABILITY_DEFAULT, &spec);
	CHECK_OK(seccomp_compile(&arena, spec, &filter, &err));

	static const long refused[] = {
	    SYS_keyctl,		 SYS_add_key, SYS_bpf,	       SYS_userfaultfd,	  SYS_kexec_load, SYS_open_by_handle_at,
	    SYS_perf_event_open, SYS_mount,   SYS_fsopen,      SYS_unshare,	  SYS_setns,	  SYS_io_uring_setup,
	    SYS_swapon,		 SYS_reboot,  SYS_init_module, SYS_ptrace + 10000};
	for (size_t i = 0; i + 1 < array_size(refused); i++)
		CHECK_INT(native(&filter, refused[i], 0), eperm);
	CHECK_INT(native(&filter, refused[array_size(refused) - 1], 0), SECCOMP_RET_ERRNO | ENOSYS);
	static const long allowed[] = {SYS_read,  SYS_execve,	 SYS_ptrace, SYS_chroot,
				       SYS_futex, SYS_getrandom, SYS_openat2};
	for (size_t i = 0; i < array_size(allowed); i++)
		CHECK_INT(native(&filter, allowed[i], 0), allow);
	CHECK_INT(native(&filter, SYS_clone3, 0), SECCOMP_RET_ERRNO | ENOSYS);
	CHECK_INT(native(&filter, SYS_clone, 0x01200011), allow);
	CHECK_INT(native(&filter, SYS_clone, 0x10000000), eperm);	 /* CLONE_NEWUSER */
	CHECK_INT(native(&filter, SYS_socket, 38), eperm);		 /* AF_ALG */
	CHECK_INT(native(&filter, SYS_socket, 40), eperm);		 /* AF_VSOCK */
	CHECK_INT(native(&filter, SYS_socket, 0x100000000 + 38), eperm); /* the kernel cuts it to AF_ALG */
	CHECK_INT(native(&filter, SYS_socket, UINT64_MAX << 32 | 40), eperm);
	CHECK_INT(native(&filter, SYS_socket, 2), allow);
	CHECK_INT(native(&filter, SYS_socket, 39), allow);
	CHECK_INT(native(&filter, SYS_socket, 41), allow);
	CHECK_INT(native(&filter, SYS_personality, 0x20008), allow);
	CHECK_INT(native(&filter, SYS_personality, 0x40000), eperm);

	uint64_t none[6] = {0}, alg[6] = {38};
	CHECK_INT(ask(&filter, AUDIT_ARCH_X86_64, 0x40000000 + SYS_read, none), allow);
	CHECK_INT(ask(&filter, AUDIT_ARCH_X86_64, 0x40000000 + SYS_mount, none), eperm);
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 3, none), allow);
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 21, none), eperm); /* mount */
	CHECK_INT(ask(&filter, AUDIT_ARCH_I386, 359, alg), eperm);
	CHECK_INT(ask(&filter, AUDIT_ARCH_AARCH64, 0, none), SECCOMP_RET_KILL_PROCESS);
}

TEST(capabilities_open_calls)
{
	struct err err;
	auto_arena arena = {0};
	struct oci_seccomp *spec;
	struct seccomp_filter filter;
	resolve(&arena, capability_bit(21), &spec); /* CAP_SYS_ADMIN */
	CHECK_OK(seccomp_compile(&arena, spec, &filter, &err));
	CHECK_INT(native(&filter, SYS_mount, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(native(&filter, SYS_clone3, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(native(&filter, SYS_clone, 0x10000000), SECCOMP_RET_ALLOW);
	CHECK_INT(native(&filter, SYS_chroot, 0), SECCOMP_RET_ERRNO | EPERM);
	CHECK_INT(native(&filter, SYS_reboot, 0), SECCOMP_RET_ERRNO | EPERM);
}

/* A search of a dozen steps per number: what loading and each call cost. */
TEST(the_tree_is_flat)
{
	struct err err;
	auto_arena arena = {0};
	struct oci_seccomp *spec;
	struct seccomp_filter filter;
	resolve(&arena, CAPABILITY_DEFAULT, &spec);
	CHECK_OK(seccomp_compile(&arena, spec, &filter, &err));
	CHECK(filter.count < 1500);
	for (int number = 0; number < 600; number++) {
		struct seccomp_data data = {.nr = number, .arch = AUDIT_ARCH_X86_64};
		uint32_t steps = 0;
		(void)seccomp_interpret(filter.code, filter.count, &data, &steps);
		if (steps > 32)
			test_fail(__FILE__, __LINE__, "call %d takes %u steps", number, steps);
	}
}
#endif

/* --- the same rules given to libseccomp, and its program asked the same questions --- */

static const struct {
	const char *name;
	enum scmp_compare op;
} compare_names[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

static void library_add(scmp_filter_ctx context, const struct oci_seccomp_rule *rule)
{
	uint32_t action = text_equal(rule->action, "SCMP_ACT_ALLOW")
			      ? SCMP_ACT_ALLOW
			      : SCMP_ACT_ERRNO(rule->errno_ret ? *rule->errno_ret : EPERM);
	struct scmp_arg_cmp args[6];
	for (size_t i = 0; i < rule->args.count; i++) {
		const struct oci_seccomp_arg *arg = &rule->args.items[i];
		for (size_t j = 0; j < array_size(compare_names); j++)
			if (text_equal(arg->op, compare_names[j].name))
				args[i] =
				    (struct scmp_arg_cmp){arg->index, compare_names[j].op, arg->value, arg->value_two};
	}
	for (char *const *name = rule->names; *name; name++) {
		int number = seccomp_syscall_resolve_name(*name);
		if (number != __NR_SCMP_ERROR)
			CHECK(seccomp_rule_add_array(context, action, number, (unsigned)rule->args.count, args) == 0);
	}
}

static void library_compile(const struct oci_seccomp *spec, struct sock_filter *code, uint32_t *count)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	CHECK(context != NULL);
#ifdef __x86_64__
	CHECK(seccomp_arch_add(context, SCMP_ARCH_X86) == 0 && seccomp_arch_add(context, SCMP_ARCH_X32) == 0);
#else
	CHECK(seccomp_arch_add(context, SCMP_ARCH_ARM) == 0);
#endif
	for (size_t i = 0; i < spec->syscalls.count; i++)
		library_add(context, &spec->syscalls.items[i]);
	auto_fd int fd = memfd_create("bpf", MFD_CLOEXEC);
	CHECK(seccomp_export_bpf(context, fd) == 0);
	seccomp_release(context);
	ssize_t size = pread(fd, code, BPF_MAXINSNS * sizeof *code, 0);
	CHECK(size > 0);
	*count = (uint32_t)((size_t)size / sizeof *code);
}

static void compare_number(const struct seccomp_filter *ours, const struct sock_filter *theirs, uint32_t count,
			   uint32_t arch, uint32_t number)
{
	static const uint64_t values[] = {
	    0, 2, 8, 38, 39, 40, 41, 0x20000, 0x20008, 0x10000000, 0x01200011, 0xffffffff, 0x100000000, UINT64_MAX};
	for (size_t i = 0; i < array_size(values); i++) {
		uint64_t args[6] = {values[i]};
		struct seccomp_data data = {.nr = (int)number, .arch = arch, .args = {values[i]}};
		uint32_t expected = seccomp_interpret(theirs, count, &data, NULL),
			 found = ask(ours, arch, number, args);
		/* Wanted differences: calls above the profile's highest do not exist; registers are cut as the kernel
		 * does. */
		if (found == (SECCOMP_RET_ERRNO | ENOSYS) && expected == (SECCOMP_RET_ERRNO | EPERM) &&
		    (number & 0xfffffff) > 440)
			continue;
		if (arch == NATIVE && values[i] > UINT32_MAX && (number == SYS_socket || number == SYS_personality))
			continue;
		if (found != expected)
			test_fail(__FILE__, __LINE__, "arch %x call %u argument %llx: %x, libseccomp says %x", arch,
				  number, (unsigned long long)values[i], found, expected);
	}
}

static void compare_profile(uint64_t capabilities)
{
	struct err err;
	auto_arena arena = {0};
	struct oci_seccomp *spec;
	struct seccomp_filter filter;
	resolve(&arena, capabilities, &spec);
	CHECK_OK(seccomp_compile(&arena, spec, &filter, &err));
	struct sock_filter *theirs = arena_array(&arena, struct sock_filter, BPF_MAXINSNS);
	uint32_t count;
	library_compile(spec, theirs, &count);
	for (uint32_t number = 0; number < 450; number++) {
#ifdef __x86_64__
		compare_number(&filter, theirs, count, AUDIT_ARCH_X86_64, number);
		compare_number(&filter, theirs, count, AUDIT_ARCH_X86_64, 0x40000000 + number);
		compare_number(&filter, theirs, count, AUDIT_ARCH_I386, number);
#else
		compare_number(&filter, theirs, count, AUDIT_ARCH_AARCH64, number);
		compare_number(&filter, theirs, count, AUDIT_ARCH_ARM, number);
#endif
	}
}

TEST(libseccomp_decides_the_same)
{
	compare_profile(CAPABILITY_DEFAULT);
}

TEST(libseccomp_decides_the_same_with_all_capabilities)
{
	compare_profile(capability_known());
}

/* --- conditions --- */

static size_t rules_left(const char *text, const struct seccomp_host *host)
{
	struct err err;
	auto_arena arena = {0};
	const struct seccomp_profile *profile;
	struct oci_seccomp *spec;
	CHECK_OK(seccomp_profile_parse(&arena, text, strlen(text), "profile", &profile, &err));
	CHECK_OK(seccomp_profile_resolve(&arena, profile, host, &spec, &err));
	return spec->syscalls.count;
}

static size_t rule_left(const char *conditions, const struct seccomp_host *host)
{
	char text[400];
	snprintf(text, sizeof text,
		 "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_"
		 "ALLOW\"%s}]}",
		 conditions);
	return rules_left(text, host);
}

TEST(conditions_decide_about_rules)
{
	const struct seccomp_host host = {"SCMP_ARCH_X86_64", 5, 10, capability_bit(0) | capability_bit(21)};
	static const struct {
		const char *conditions;
		size_t left;
	} rows[] = {
	    {"", 1},
	    {",\"includes\":{},\"excludes\":{}", 1},
	    {",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", 1},
	    {",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_BPF\"]}", 0},
	    {",\"includes\":{\"arches\":[\"arm64\",\"amd64\"]}", 1},
	    {",\"includes\":{\"arches\":[\"arm64\"]}", 0},
	    {",\"includes\":{\"arches\":[]}", 1},
	    {",\"includes\":{\"minKernel\":\"4.8\"}", 1},
	    {",\"includes\":{\"minKernel\":\"5.10\"}", 1},
	    {",\"includes\":{\"minKernel\":\"5.11\"}", 0},
	    {",\"includes\":{\"minKernel\":\"6.0\"}", 0},
	    {",\"excludes\":{\"caps\":[\"CAP_BPF\",\"CAP_CHOWN\"]}", 0},
	    {",\"excludes\":{\"caps\":[\"CAP_BPF\"]}", 1},
	    {",\"excludes\":{\"arches\":[\"amd64\"]}", 0},
	    {",\"excludes\":{\"minKernel\":\"4.8\"}", 0},
	    {",\"excludes\":{\"minKernel\":\"6.8\"}", 1},
	};
	for (size_t i = 0; i < array_size(rows); i++)
		if (rule_left(rows[i].conditions, &host) != rows[i].left)
			test_fail(__FILE__, __LINE__, "%s", rows[i].conditions);
}

TEST(profiles_are_checked)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	    {"{}", "profile: defaultAction: missing field"},
	    {"[]", "profile: an object is wanted"},
	    {"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"archMap\":[{"
	     "\"architecture\":"
	     "\"SCMP_ARCH_X86_64\"}]}",
	     "both 'architectures' and 'archMap'"},
	    {"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
	     "\"includes\":{\"minKernel\":\"new\"}}]}",
	     "profile: syscalls: [0]: minKernel: \"new\" is not MAJOR.MINOR"},
	    {"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
	     "\"excludes\":{\"caps\":[\"CAP_FLY\"]}}]}",
	     "profile: syscalls: [0]: unknown capability \"CAP_FLY\""},
	};
	struct err err;
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		const struct seccomp_profile *profile;
		CHECK_ERR(seccomp_profile_parse(&arena, rows[i].text, strlen(rows[i].text), "profile", &profile, &err),
			  EINVAL);
		CHECK_CONTAINS(err.msg, rows[i].message);
	}
}

/* --- the cache --- */

static void same_filter(const struct seccomp_filter *a, const struct seccomp_filter *b)
{
	CHECK_INT(a->count, b->count);
	CHECK_INT(a->flags, b->flags);
	CHECK_INT(a->notify, b->notify);
	CHECK(memcmp(a->code, b->code, a->count * sizeof *a->code) == 0);
}

/* The only file of the cache; the test's own directory is the cache. */
static void cache_file(char *out_name, size_t size)
{
	DIR *dir = opendir(".");
	size_t found = 0;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (strncmp(entry->d_name, "seccomp-", 8) == 0 || strncmp(entry->d_name, ".seccomp", 8) == 0) {
			snprintf(out_name, size, "%s", entry->d_name);
			found++;
		}
	closedir(dir);
	CHECK_INT(found, 1);
}

static void flip(const char *name, off_t at)
{
	auto_fd int fd = open(name, O_RDWR | O_CLOEXEC);
	char byte;
	CHECK(pread(fd, &byte, 1, at) == 1);
	byte ^= 1;
	CHECK(pwrite(fd, &byte, 1, at) == 1);
}

TEST(the_cache_gives_what_was_compiled_and_survives_damage)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct oci_seccomp *spec;
	struct seccomp_filter fresh, cached;
	resolve(&arena, CAPABILITY_DEFAULT, &spec);
	CHECK_OK(seccomp_compile(&arena, spec, &fresh, &err));
	CHECK_OK(seccomp_compile_cached(&arena, dir, spec, &cached, &err));
	same_filter(&fresh, &cached);
	char name[300];
	cache_file(name, sizeof name);
	struct stat before, after;
	CHECK(stat(name, &before) == 0);
	CHECK_OK(seccomp_compile_cached(&arena, dir, spec, &cached, &err));
	same_filter(&fresh, &cached);
	CHECK(stat(name, &after) == 0 && after.st_ino == before.st_ino);

	/* Magic, sizes, sum, key, instructions: any damage is noticed and mended. */
	const off_t places[] = {0, 9, 13, 17, 25, 40, 2000, before.st_size - 1};
	for (size_t i = 0; i < array_size(places); i++) {
		flip(name, places[i]);
		CHECK_OK(seccomp_compile_cached(&arena, dir, spec, &cached, &err));
		same_filter(&fresh, &cached);
	}
	CHECK(truncate(name, 100) == 0);
	CHECK_OK(seccomp_compile_cached(&arena, dir, spec, &cached, &err));
	CHECK(stat(name, &after) == 0 && after.st_size == before.st_size);
	cache_file(name, sizeof name);
}

/* A collision of the hash: the file holds another key. */
TEST(the_cache_compares_the_whole_key)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct oci_seccomp *one, *two;
	struct seccomp_filter filter, expected;
	char first[300], second[300];
	resolve(&arena, CAPABILITY_DEFAULT, &one);
	CHECK_OK(seccomp_compile_cached(&arena, dir, one, &filter, &err));
	cache_file(first, sizeof first);
	CHECK(rename(first, "kept") == 0);
	resolve(&arena, 0, &two);
	CHECK_OK(seccomp_compile_cached(&arena, dir, two, &expected, &err));
	cache_file(second, sizeof second);
	CHECK(strcmp(first, second) != 0);
	CHECK(rename("kept", second) == 0);
	CHECK_OK(seccomp_compile_cached(&arena, dir, two, &filter, &err));
	same_filter(&expected, &filter);
}

TEST(the_cache_trusts_only_our_own_files)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct oci_seccomp *spec;
	struct seccomp_filter filter, fresh;
	char name[300];
	struct stat before, after;
	resolve(&arena, CAPABILITY_DEFAULT, &spec);
	CHECK_OK(seccomp_compile_cached(&arena, dir, spec, &fresh, &err));
	cache_file(name, sizeof name);
	CHECK(stat(name, &before) == 0);
	CHECK(chmod(name, 0622) == 0);
	CHECK_OK(seccomp_compile_cached(&arena, dir, spec, &filter, &err));
	CHECK(stat(name, &after) == 0 && after.st_ino != before.st_ino);
	CHECK_INT(after.st_mode & 0777, 0600);
	CHECK(rename(name, "elsewhere") == 0 && symlink("elsewhere", name) == 0);
	CHECK_OK(seccomp_compile_cached(&arena, dir, spec, &filter, &err));
	CHECK(lstat(name, &after) == 0 && S_ISREG(after.st_mode));
	same_filter(&fresh, &filter);
	CHECK_OK(seccomp_compile_cached(&arena, -1, spec, &filter, &err));
	same_filter(&fresh, &filter);
}
