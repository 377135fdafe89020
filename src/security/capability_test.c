#include "security/capability.h"

#include "unit/test.h"

#include <sys/prctl.h>

TEST(capability_names_are_read_in_any_form)
{
	CHECK_INT(capability_number("CAP_CHOWN"), 0);
	CHECK_INT(capability_number("chown"), 0);
	CHECK_INT(capability_number("cap_Net_Raw"), 13);
	CHECK_INT(capability_number("CHECKPOINT_RESTORE"), 40);
	CHECK_INT(capability_number("CAP_"), -1);
	CHECK_INT(capability_number(""), -1);
	CHECK_INT(capability_number("CHOW"), -1);
	for (int i = 0; i < CAPABILITY_NAMED; i++)
		CHECK_INT(capability_number(capability_name(i)), i);
	CHECK(!capability_name(CAPABILITY_NAMED));
	CHECK(!capability_name(-1));
}

TEST(capability_default_set_is_dockers)
{
	auto_arena arena = {0};
	char **list = capability_names(&arena, CAPABILITY_DEFAULT);
	const char *expected[] = {
	    "CAP_CHOWN",      "CAP_DAC_OVERRIDE", "CAP_FOWNER",	     "CAP_FSETID",	     "CAP_KILL",
	    "CAP_SETGID",     "CAP_SETUID",	  "CAP_SETPCAP",     "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",
	    "CAP_SYS_CHROOT", "CAP_MKNOD",	  "CAP_AUDIT_WRITE", "CAP_SETFCAP"};
	for (size_t i = 0; i < array_size(expected); i++)
		CHECK_STR(list[i], expected[i]);
	CHECK(!list[array_size(expected)]);
	struct err err;
	uint64_t set;
	CHECK_OK(capability_set(list, &set, &err));
	CHECK(set == CAPABILITY_DEFAULT);
}

TEST(capability_own_is_a_part_of_what_is_known)
{
	CHECK((capability_own() & ~capability_known()) == 0);
	CHECK(prctl(PR_CAPBSET_DROP, capability_number("CAP_SYS_TIME"), 0, 0, 0) < 0 ||
	      !(capability_own() & capability_bit(capability_number("CAP_SYS_TIME"))));
}

TEST(capability_known_is_the_kernels)
{
	uint64_t known = capability_known();
	CHECK((known & CAPABILITY_DEFAULT) == CAPABILITY_DEFAULT);
	CHECK((known & (known + 1)) == 0);
	FILE *file = fopen("/proc/sys/kernel/cap_last_cap", "re");
	CHECK(file != NULL);
	int last = -1;
	CHECK_INT(fscanf(file, "%d", &last), 1);
	fclose(file);
	if (last >= CAPABILITY_NAMED)
		last = CAPABILITY_NAMED - 1;
	CHECK(known == (capability_bit(last) << 1) - 1);
}

TEST(capability_set_refuses_unknown_names)
{
	struct err err;
	uint64_t set = 7;
	char *list[] = {"CAP_CHOWN", "CAP_FLY", NULL};
	CHECK_ERR(capability_set(list, &set, &err), EINVAL);
	CHECK_STR(err.msg, "unknown capability \"CAP_FLY\"");
	CHECK_INT(set, 7);
	CHECK_OK(capability_set(NULL, &set, &err));
	CHECK_INT(set, 0);
}

TEST(capability_adjust_follows_docker)
{
	const uint64_t known = 0xff, base = 0x0f;
	static const struct {
		char *add[3], *drop[3];
		uint64_t expected;
	} rows[] = {
	    {{NULL}, {NULL}, 0x0f},
	    {{"kill", NULL}, {NULL}, 0x2f},
	    {{NULL}, {"CAP_CHOWN", NULL}, 0x0e},
	    {{"CHOWN", NULL}, {"CHOWN", NULL}, 0x0f},
	    {{"SETGID", "KILL", NULL}, {"all", NULL}, 0x60},
	    {{"ALL", NULL}, {"KILL", NULL}, 0xdf},
	    {{"ALL", NULL}, {"ALL", NULL}, 0xff},
	    {{NULL}, {"ALL", NULL}, 0},
	};
	struct err err;
	for (size_t i = 0; i < array_size(rows); i++) {
		uint64_t set = 0;
		CHECK_OK(capability_adjust(base, known, rows[i].add, rows[i].drop, &set, &err));
		CHECK_INT(set, rows[i].expected);
	}
	uint64_t set = 7;
	char *fly[] = {"FLY", NULL}, *bpf[] = {"BPF", NULL};
	CHECK_ERR(capability_adjust(base, known, fly, NULL, &set, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "unknown capability: \"FLY\"");
	CHECK_ERR(capability_adjust(base, known, NULL, bpf, &set, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "not supported by your kernel");
	CHECK_INT(set, 7);
}
