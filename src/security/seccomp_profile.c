#include "security/seccomp_profile.h"

#include "base/text.h"
#include "security/capability.h"

#include <string.h>
#include <sys/utsname.h>

struct profile_conditions {
	char **caps, **arches;
	char *min_kernel;
};

struct profile_rule {
	struct oci_seccomp_rule rule;
	char *name; /* instead of names, in old profiles */
	char *comment;
	struct profile_conditions *includes, *excludes;
};

struct profile_family {
	char *architecture;
	char **sub_architectures;
};

struct seccomp_profile {
	struct oci_seccomp seccomp; /* all but the rules */
	JSON_LIST(struct profile_family) families;
	JSON_LIST(struct profile_rule) syscalls;
};

JSON_TYPE(profile_conditions, F_STRV(struct profile_conditions, caps, "caps", JSON_OMIT),
	  F_STRV(struct profile_conditions, arches, "arches", JSON_OMIT),
	  F_STR(struct profile_conditions, min_kernel, "minKernel", JSON_OMIT));

JSON_TYPE(profile_rule, F_STRV(struct profile_rule, rule.names, "names", JSON_OMIT),
	  F_STR(struct profile_rule, name, "name", JSON_OMIT),
	  F_STR(struct profile_rule, rule.action, "action", JSON_REQUIRED),
	  F_OPT_U32(struct profile_rule, rule.errno_ret, "errnoRet", JSON_OMIT),
	  F_LIST(struct profile_rule, rule.args, "args", JSON_OMIT, oci_seccomp_arg),
	  F_STR(struct profile_rule, comment, "comment", JSON_OMIT),
	  F_POINTER(struct profile_rule, includes, "includes", JSON_OMIT, profile_conditions),
	  F_POINTER(struct profile_rule, excludes, "excludes", JSON_OMIT, profile_conditions));

JSON_TYPE(profile_family, F_STR(struct profile_family, architecture, "architecture", JSON_REQUIRED),
	  F_STRV(struct profile_family, sub_architectures, "subArchitectures", JSON_OMIT));

JSON_TYPE(seccomp_profile, F_STR(struct seccomp_profile, seccomp.default_action, "defaultAction", JSON_REQUIRED),
	  F_OPT_U32(struct seccomp_profile, seccomp.default_errno_ret, "defaultErrnoRet", JSON_OMIT),
	  F_STRV(struct seccomp_profile, seccomp.architectures, "architectures", JSON_OMIT),
	  F_STRV(struct seccomp_profile, seccomp.flags, "flags", JSON_OMIT),
	  F_STR(struct seccomp_profile, seccomp.listener_path, "listenerPath", JSON_OMIT),
	  F_STR(struct seccomp_profile, seccomp.listener_metadata, "listenerMetadata", JSON_OMIT),
	  F_LIST(struct seccomp_profile, families, "archMap", JSON_OMIT, profile_family),
	  F_LIST(struct seccomp_profile, syscalls, "syscalls", JSON_OMIT, profile_rule));

static const unsigned char default_profile[] = {
#include "security/seccomp_default.inc"
};

/* The words of "arches" are Go's, those of the specification libseccomp's. */
static const struct {
	const char *word, *architecture;
} arch_words[] = {
    {"amd64", "SCMP_ARCH_X86_64"},	  {"x86", "SCMP_ARCH_X86"},	{"x32", "SCMP_ARCH_X32"},
    {"arm64", "SCMP_ARCH_AARCH64"},	  {"arm", "SCMP_ARCH_ARM"},	{"ppc64le", "SCMP_ARCH_PPC64LE"},
    {"s390", "SCMP_ARCH_S390"},		  {"s390x", "SCMP_ARCH_S390X"}, {"riscv64", "SCMP_ARCH_RISCV64"},
    {"loong64", "SCMP_ARCH_LOONGARCH64"},
};

static int kernel_parse(const char *text, unsigned *out_major, unsigned *out_minor, struct err *err)
{
	char **parts = strv_split(text, '.');
	int64_t major = 0, minor = 0;
	int r = strv_count(parts) == 2 ? 0 : err_set(err, EINVAL, "minKernel: \"%s\" is not MAJOR.MINOR", text);
	if (r == 0)
		r = number_parse(parts[0], 0, 65535, "minKernel", &major, err);
	if (r == 0)
		r = number_parse(parts[1], 0, 65535, "minKernel", &minor, err);
	strv_free(parts);
	if (r < 0)
		return r;
	*out_major = (unsigned)major;
	*out_minor = (unsigned)minor;
	return 0;
}

static int conditions_check(const struct profile_conditions *conditions, size_t rule, struct err *err)
{
	if (!conditions)
		return 0;
	unsigned major, minor;
	uint64_t set;
	int r = capability_set(conditions->caps, &set, err);
	if (r == 0 && conditions->min_kernel)
		r = kernel_parse(conditions->min_kernel, &major, &minor, err);
	return r < 0 ? err_wrap(err, "syscalls: [%zu]", rule) : 0;
}

int seccomp_profile_parse(struct arena *arena, const void *text, size_t size, const char *what,
			  const struct seccomp_profile **out_profile, struct err *err)
{
	struct seccomp_profile *profile = arena_new(arena, struct seccomp_profile);
	int r = json_load(arena, &table_seccomp_profile, text, size, what, 0, profile, err);
	if (r < 0)
		return r;
	if (profile->families.count && profile->seccomp.architectures)
		return err_set(err, EINVAL,
			       "%s: both 'architectures' and 'archMap' were specified in the seccomp profile, "
			       "use either 'architectures' or 'archMap'",
			       what);
	for (size_t i = 0; i < profile->syscalls.count; i++) {
		struct profile_rule *rule = &profile->syscalls.items[i];
		if (rule->name && rule->rule.names)
			return err_set(err, EINVAL, "%s: syscalls: [%zu]: both 'name' and 'names' were specified", what,
				       i);
		if (rule->name) {
			rule->rule.names = arena_array(arena, char *, 2);
			rule->rule.names[0] = rule->name;
		}
		r = conditions_check(rule->includes, i, err);
		if (r == 0)
			r = conditions_check(rule->excludes, i, err);
		if (r < 0)
			return err_wrap(err, "%s", what);
	}
	*out_profile = profile;
	return 0;
}

const struct seccomp_profile *seccomp_profile_default(struct arena *arena)
{
	const struct seccomp_profile *profile;
	struct err err;
	if (seccomp_profile_parse(arena, default_profile, sizeof default_profile, "default profile", &profile, &err) <
	    0)
		BUG("%s", err.msg);
	return profile;
}

void seccomp_host(struct seccomp_host *out_host)
{
	struct utsname name;
	*out_host = (struct seccomp_host)
	{
#if defined(__x86_64__)
		.architecture = "SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
		.architecture = "SCMP_ARCH_AARCH64",
#endif
	};
	if (uname(&name) < 0)
		return;
	/* "6.1.0-13-amd64": digits, a dot, digits. */
	const char *at = name.release;
	for (; *at >= '0' && *at <= '9'; at++)
		out_host->kernel_major = out_host->kernel_major * 10 + (unsigned)(*at - '0');
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++)
			out_host->kernel_minor = out_host->kernel_minor * 10 + (unsigned)(*at - '0');
}

/* --- conditions --- */

static bool arch_in(char *const *words, const char *architecture)
{
	for (; words && *words; words++)
		for (size_t i = 0; i < array_size(arch_words); i++)
			if (text_equal(*words, arch_words[i].word) &&
			    text_equal(architecture, arch_words[i].architecture))
				return true;
	return false;
}

static bool kernel_reached(const char *least, const struct seccomp_host *host)
{
	unsigned major = 0, minor = 0;
	struct err ignored;
	if (kernel_parse(least, &major, &minor, &ignored) < 0)
		return false; /* seen by seccomp_profile_parse */
	return host->kernel_major != major ? host->kernel_major > major : host->kernel_minor >= minor;
}

/* moby's rules: a rule is left out when any of its excludes holds, or any of its includes does not. */
static bool rule_applies(const struct profile_rule *rule, const struct seccomp_host *host)
{
	const struct profile_conditions *no = rule->excludes, *yes = rule->includes;
	for (char *const *cap = no ? no->caps : NULL; cap && *cap; cap++)
		if (host->capabilities & capability_bit(capability_number(*cap)))
			return false;
	if (no && (arch_in(no->arches, host->architecture) || (no->min_kernel && kernel_reached(no->min_kernel, host))))
		return false;
	for (char *const *cap = yes ? yes->caps : NULL; cap && *cap; cap++)
		if (!(host->capabilities & capability_bit(capability_number(*cap))))
			return false;
	return !yes || ((!yes->arches || !*yes->arches || arch_in(yes->arches, host->architecture)) &&
			(!yes->min_kernel || kernel_reached(yes->min_kernel, host)));
}

static char **family_of(struct arena *arena, const struct seccomp_profile *profile, const char *architecture)
{
	for (size_t i = 0; i < profile->families.count; i++) {
		const struct profile_family *family = &profile->families.items[i];
		if (!text_equal(family->architecture, architecture))
			continue;
		size_t count = family->sub_architectures ? strv_count(family->sub_architectures) : 0;
		char **list = arena_array(arena, char *, count + 2);
		list[0] = family->architecture;
		for (size_t j = 0; j < count; j++)
			list[j + 1] = family->sub_architectures[j];
		return list;
	}
	return profile->seccomp.architectures;
}

int seccomp_profile_resolve(struct arena *arena, const struct seccomp_profile *profile, const struct seccomp_host *host,
			    struct oci_seccomp **out_seccomp, struct err *err)
{
	if (text_empty(profile->seccomp.default_action))
		return err_set(err, EINVAL, "seccomp profile: defaultAction is empty");
	struct oci_seccomp *seccomp = arena_new(arena, struct oci_seccomp);
	*seccomp = profile->seccomp;
	seccomp->architectures = family_of(arena, profile, host->architecture);
	seccomp->syscalls.items = arena_array(arena, struct oci_seccomp_rule, profile->syscalls.count + 1);
	seccomp->syscalls.count = 0;
	for (size_t i = 0; i < profile->syscalls.count; i++)
		if (rule_applies(&profile->syscalls.items[i], host))
			seccomp->syscalls.items[seccomp->syscalls.count++] = profile->syscalls.items[i].rule;
	*out_seccomp = seccomp;
	return 0;
}
