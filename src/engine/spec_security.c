/* SecurityOpt and the paths that it opens. */
#include "engine/spec.h"

#include "base/text.h"
#include "engine/engine_state.h"
#include "security/apparmor.h"

#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

static int bad(const char *text, struct err *err)
{
	return err_set(err, EINVAL, "invalid --security-opt: \"%s\"", text);
}

static int flag_read(const char *text, const char *value, bool *out_flag, struct err *err)
{
	if (!*value || text_equal(value, "true"))
		*out_flag = true;
	else if (text_equal(value, "false"))
		*out_flag = false;
	else
		return bad(text, err);
	return 0;
}

static int take_privileges(struct spec_security *security, const char *text, const char *value, struct err *err)
{
	return flag_read(text, value, &security->no_new_privileges, err);
}

static int take_seccomp(struct spec_security *security, const char *text, const char *value, struct err *err)
{
	if (!*value)
		return bad(text, err);
	security->seccomp_off = text_equal(value, "unconfined");
	security->profile = security->seccomp_off || text_equal(value, "builtin") ? NULL : value;
	return 0;
}

static int take_paths(struct spec_security *security, const char *text, const char *value, struct err *err)
{
	if (!text_equal(value, "unconfined"))
		return bad(text, err);
	security->paths_unconfined = true;
	return 0;
}

/* ALL, or paths and patterns with ":" between. */
static int take_unmask(struct spec_security *security, const char *text, const char *value, struct err *err)
{
	if (text_equal(value, "ALL")) {
		security->paths_unconfined = true;
		return 0;
	}
	if (value[0] != '/')
		return bad(text, err);
	security->unmask = value;
	return 0;
}

/* The kernel says whether it has the profile, when the program is about to run. */
static int take_apparmor(struct spec_security *security, const char *text, const char *value, struct err *err)
{
	if (!*value)
		return bad(text, err);
	security->apparmor_off = text_equal(value, "unconfined");
	security->apparmor = security->apparmor_off ? NULL : value;
	if (security->apparmor && access("/sys/kernel/security/apparmor/profiles", F_OK) < 0)
		return err_set(err, EINVAL, "AppArmor is not enabled on this system: cannot use profile \"%s\"", value);
	return 0;
}

/* Without SELinux labels mean nothing, as with Docker; with it tug would have to give them. */
static int take_label(struct spec_security *security, const char *text, const char *value, struct err *err)
{
	static const char *const kinds[] = {"user:", "role:", "type:", "level:", "filetype:"};
	(void)security;
	bool known = text_equal(value, "disable") || text_equal(value, "nested");
	for (size_t i = 0; i < array_size(kinds); i++) {
		const char *rest = text_after(value, kinds[i]);
		known = known || (rest && *rest);
	}
	if (!known)
		return bad(text, err);
	if (!text_equal(value, "disable") && access("/sys/fs/selinux/enforce", F_OK) == 0)
		return err_set(err, EOPNOTSUPP, "SecurityOpt: \"%s\" is known, but not supported yet", text);
	return 0;
}

static int take_cgroups(struct spec_security *security, const char *text, const char *value, struct err *err)
{
	return flag_read(text, value, &security->writable_cgroups, err);
}

/* "KEY=VALUE", and of old "KEY:VALUE". */
static const struct {
	const char *key;
	bool alone; /* may stand without a value */
	int (*read)(struct spec_security *security, const char *text, const char *value, struct err *err);
} rows[] = {
    {"no-new-privileges", true, take_privileges}, {"seccomp", false, take_seccomp},
    {"systempaths", false, take_paths},		  {"unmask", false, take_unmask},
    {"apparmor", false, take_apparmor},		  {"label", false, take_label},
    {"writable-cgroups", true, take_cgroups},
};

int spec_security(const struct host_config *host, bool default_no_new_privileges, struct spec_security *out_security,
		  struct err *err)
{
	struct spec_security security = {.no_new_privileges = default_no_new_privileges,
					 .seccomp_off = host->privileged};
	for (char *const *item = host->security_opt; item && *item; item++) {
		size_t size = strcspn(*item, "=:"), at = 0;
		const char *value = (*item)[size] ? *item + size + 1 : "";
		while (at < array_size(rows) &&
		       (strlen(rows[at].key) != size || strncmp(rows[at].key, *item, size) != 0))
			at++;
		if (at == array_size(rows) || (!(*item)[size] && !rows[at].alone))
			return bad(*item, err);
		int rc = rows[at].read(&security, *item, value, err);
		if (rc < 0)
			return rc;
	}
	*out_security = security;
	return 0;
}

const char *spec_apparmor(const struct engine *engine, const struct host_config *host,
			  const struct spec_security *security)
{
	if (security->apparmor || security->apparmor_off || host->privileged)
		return security->apparmor;
	return engine->apparmor_default ? APPARMOR_DEFAULT : NULL;
}

bool spec_unmasked(const struct spec_security *security, const char *path)
{
	auto_strv char **patterns = strv_split(security->unmask ? security->unmask : "", ':');
	for (char **pattern = patterns; *pattern; pattern++) {
		if (**pattern && fnmatch(*pattern, path, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}
