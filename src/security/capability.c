#include "security/capability.h"

#include "base/text.h"

#include <strings.h>
#include <sys/prctl.h>

static const char *const names[CAPABILITY_NAMED] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

int capability_number(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; i < CAPABILITY_NAMED; i++)
		if (strcasecmp(name, names[i] + 4) == 0)
			return i;
	return -1;
}

const char *capability_name(int number)
{
	return number >= 0 && number < CAPABILITY_NAMED ? names[number] : NULL;
}

uint64_t capability_known(void)
{
	/* Numbers are given out without holes: look for the last one from above. */
	int last = CAPABILITY_NAMED - 1;
	while (last > 0 && prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	return (capability_bit(last) << 1) - 1;
}

uint64_t capability_own(void)
{
	uint64_t set = 0;
	for (int number = 0; number < CAPABILITY_NAMED; number++) {
		if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1)
			set |= capability_bit(number);
	}
	return set;
}

int capability_set(char *const *list, uint64_t *out_set, struct err *err)
{
	uint64_t set = 0;
	for (; list && *list; list++) {
		int number = capability_number(*list);
		if (number < 0)
			return err_set(err, EINVAL, "unknown capability \"%s\"", *list);
		set |= capability_bit(number);
	}
	*out_set = set;
	return 0;
}

char **capability_names(struct arena *arena, uint64_t set)
{
	char **list = arena_array(arena, char *, CAPABILITY_NAMED + 1);
	size_t count = 0;
	for (int i = 0; i < CAPABILITY_NAMED; i++)
		if (set & capability_bit(i))
			list[count++] = arena_strdup(arena, names[i]);
	return list;
}

/* A list of --cap-add or --cap-drop; ALL sets *all and is not in the set. */
static int set_with_all(char *const *list, uint64_t known, bool *all, uint64_t *set, struct err *err)
{
	for (; list && *list; list++) {
		if (strcasecmp(*list, "ALL") == 0 || strcasecmp(*list, "CAP_ALL") == 0) {
			*all = true;
			continue;
		}
		int number = capability_number(*list);
		/* Docker's words. */
		if (number < 0)
			return err_set(err, EINVAL, "invalid CapAdd/CapDrop: unknown capability: \"%s\"", *list);
		if (!(known & capability_bit(number)))
			return err_set(err, EINVAL,
				       "invalid CapAdd/CapDrop: capability not supported by your kernel or not "
				       "available in the current environment: \"%s\"",
				       names[number]);
		*set |= capability_bit(number);
	}
	return 0;
}

int capability_adjust(uint64_t base, uint64_t known, char *const *add, char *const *drop, uint64_t *out_set,
		      struct err *err)
{
	uint64_t added = 0, dropped = 0;
	bool add_all = false, drop_all = false;
	int r = set_with_all(add, known, &add_all, &added, err);
	if (r == 0)
		r = set_with_all(drop, known, &drop_all, &dropped, err);
	if (r < 0)
		return r;
	if (add_all)
		*out_set = known & ~dropped;
	else if (drop_all)
		*out_set = added;
	else
		*out_set = (base & ~dropped) | added;
	return 0;
}
