#include "runtime_cli/rootless.h"

#include "base/text.h"
#include "runtime/cgroup_scope.h"
#include "runtime/id_map.h"

#include <strings.h>
#include <unistd.h>

bool rootless_here(void)
{
	return geteuid() != 0 || !id_map_is_first();
}

/* 1, 0, or -1 for "auto". */
static int word_read(const char *given, struct err *err)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
	    {"true", true},   {"True", true},	{"TRUE", true},	  {"t", true},	{"T", true},  {"1", true},
	    {"false", false}, {"False", false}, {"FALSE", false}, {"f", false}, {"F", false}, {"0", false},
	};
	if (text_empty(given) || strcasecmp(given, "auto") == 0)
		return -1;
	for (size_t i = 0; i < array_size(words); i++) {
		if (text_equal(given, words[i].word))
			return words[i].value;
	}
	return err_set(err, EINVAL, "invalid value \"%s\" for --rootless (true, false, auto)", given);
}

int rootless_word_check(const struct context *context, struct err *err)
{
	int word = word_read(context->rootless, err);
	return word < -1 ? word : 0;
}

bool rootless_groups(const struct context *context)
{
	struct err ignored;
	uint32_t owner;
	int word = word_read(context->rootless, &ignored);
	if (word >= 0 || !rootless_here())
		return word > 0;
	if (geteuid() != 0 || !context->systemd_cgroup)
		return true;
	return cgroup_scope_owner(&owner, &ignored) == 0 && owner != 0;
}

static bool is_mapped(const struct oci_id_mapping *items, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (id >= items[i].container_id && id < (int64_t)items[i].container_id + items[i].size)
			return true;
	}
	return false;
}

/* "uid=5", "gid=5": whom nobody in the container is. */
static int options_check(const struct oci_linux *part, char *const *options, struct err *err)
{
	for (; options && *options; options++) {
		const char *uid = text_after(*options, "uid="), *gid = text_after(*options, "gid=");
		struct err ignored;
		int64_t id;
		if ((!uid && !gid) || number_parse(uid ? uid : gid, 0, UINT32_MAX, "id", &id, &ignored) < 0)
			continue; /* the file system says what it thinks of it */
		bool mapped = uid ? is_mapped(part->uid_mappings.items, part->uid_mappings.count, id)
				  : is_mapped(part->gid_mappings.items, part->gid_mappings.count, id);
		if (!mapped)
			return err_set(err, EINVAL,
				       "options: cannot specify %s mount option for rootless container: the user "
				       "namespace has no such id",
				       *options);
	}
	return 0;
}

int rootless_check(const struct oci_spec *spec, struct err *err)
{
	const struct oci_linux *part = spec->linux_part;
	const struct oci_namespace *user = NULL;
	if (geteuid() == 0)
		return 0;
	for (size_t i = 0; i < part->namespaces.count; i++) {
		const struct oci_namespace *space = &part->namespaces.items[i];
		if (space->type && text_equal(space->type, "user"))
			user = space;
	}
	if (!user)
		return err_set(err, EINVAL, "linux: namespaces: rootless container requires user namespaces");
	if (!text_empty(user->path))
		return 0; /* the maps are somebody else's */
	for (size_t i = 0; i < spec->mounts.count; i++) {
		if (options_check(part, spec->mounts.items[i].options, err) < 0)
			return err_wrap(err, "mounts: [%zu]", i);
	}
	return 0;
}
