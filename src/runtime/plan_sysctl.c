#include "base/text.h"
#include "runtime/plan_parts.h"

#include <sched.h>
#include <string.h>

/* Which namespace a sysctl belongs to; a name that ends in "." stands for all below. */
static const struct {
	const char *name;
	uint64_t flag;
	const char *word;
} rows[] = {
    {"kernel.msgmax", CLONE_NEWIPC, "ipc"},	{"kernel.msgmnb", CLONE_NEWIPC, "ipc"},
    {"kernel.msgmni", CLONE_NEWIPC, "ipc"},	{"kernel.sem", CLONE_NEWIPC, "ipc"},
    {"kernel.shmall", CLONE_NEWIPC, "ipc"},	{"kernel.shmmax", CLONE_NEWIPC, "ipc"},
    {"kernel.shmmni", CLONE_NEWIPC, "ipc"},	{"kernel.shm_rmid_forced", CLONE_NEWIPC, "ipc"},
    {"fs.mqueue.", CLONE_NEWIPC, "ipc"},	{"net.", CLONE_NEWNET, "network"},
    {"kernel.domainname", CLONE_NEWUTS, "uts"},
};

/* Components of letters, digits, "_" and "-"; an interface's name may hold more, but no slash and nothing that leads
 * elsewhere. Both spellings: a.b.c, and a/b/c with points in the components. */
static bool name_is_sound(const char *name)
{
	char separator = strchr(name, '/') ? '/' : '.';
	auto_strv char **parts = strv_split(name, separator);
	for (char **part = parts; *part; part++) {
		if (!**part || text_equal(*part, ".") || text_equal(*part, ".."))
			return false;
		for (const char *c = *part; *c; c++) {
			if (*c <= ' ' || *c == 0x7f || *c == '/' || *c == '+' || *c == '=')
				return false;
		}
	}
	return true;
}

int plan_sysctl_check(const struct plan *plan, const char *name, struct err *err)
{
	auto_free char *dotted = x_strdup(name);
	if (!name_is_sound(name))
		return err_set(err, EINVAL, "linux: sysctl: \"%s\": not the name of a sysctl", name);
	for (char *c = dotted; strchr(name, '/') && *c; c++)
		*c = *c == '/' ? '.' : *c;
	if (text_equal(dotted, "kernel.hostname") && plan_has_own(plan, CLONE_NEWUTS))
		return err_set(err, EINVAL, "linux: sysctl: \"%s\": is set by hostname", name);
	for (size_t i = 0; i < array_size(rows); i++) {
		bool all = rows[i].name[strlen(rows[i].name) - 1] == '.';
		if (all ? !text_after(dotted, rows[i].name) : !text_equal(dotted, rows[i].name))
			continue;
		if (!plan_has_own(plan, rows[i].flag))
			return err_set(err, EINVAL, "linux: sysctl: \"%s\": is not allowed in the hosts %s namespace",
				       name, rows[i].word);
		return 0;
	}
	return err_set(err, EINVAL, "linux: sysctl: \"%s\": is not in a separate kernel namespace", name);
}
