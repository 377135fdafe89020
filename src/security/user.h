/*
 * Users and groups of a container, from /etc/passwd and /etc/group below its root.
 *
 * Nothing here uses NSS or any other library: the files are opened by base/path.h inside the pinned root (links resolve
 * inside it), without blocking, must be regular files, and are read in a stream with bounds: 10 MiB of file, lines of
 * 64 KiB, USER_GROUPS_MAX groups. A missing file is an empty one. Needs base only, so that it also runs where the root
 * first exists: in the container's own mount namespace, before the program starts.
 *
 * Rules (moby's, made strict: CVE-2026-30892, CVE-2024-40635, CVE-2026-46680, CVE-2023-25173):
 * - "", "user", "user:group", "user:", ":group"; a text of digits is a number, never a name, and at most 2^31 - 1;
 * - a name that is not in the file is an error, a number that is not in it is taken as it is, with group 0;
 * - without an explicit group, the group is that of the passwd entry, and the supplementary groups are all whose
 *   member list names the user;
 * - the list of groups for setgroups(2) is exactly: the primary group, these, those asked for; each once.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

enum { USER_GROUPS_MAX = 65536, USER_ID_MAX = 2147483647 };

struct user_identity {
	uint32_t uid, gid;
	uint32_t *groups; /* for setgroups(2) */
	size_t group_count;
	const char *home; /* of the passwd entry; "/root" for 0 without one, "/" otherwise */
};

/*
 * Resolves `text` (NULL or "": 0:0) and the additional groups (names or numbers; NULL: none) below the directory
 * `root`. The result lives in the arena. -ENOENT for a name that is missing, with Docker's words; -EINVAL; -ERANGE.
 */
int user_resolve(struct arena *arena, int root, const char *text, char *const *additional,
		 struct user_identity *out_user, struct err *err) must_check;

/* The home of a numeric user, as in user_identity. Errors of reading give the fallback: a runtime sets HOME on a best
 * effort. */
const char *user_home(struct arena *arena, int root, uint32_t uid);
/* The name, or the number where there is none. */
const char *user_name(struct arena *arena, int root, uint32_t uid);
