#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"
#include "runtime/id_map.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int userns_joined(const struct plan *plan, const int *slots, size_t slot_count)
{
	for (size_t i = 0; i < plan->join_count; i++) {
		int32_t slot = plan->joins[i].slot;
		if (plan->joins[i].flag == CLONE_NEWUSER && slot >= 0 && (size_t)slot < slot_count)
			return slots[slot];
	}
	return -1;
}

/* The mount's own ranges, or the container's. kernel 5.12: mount_setattr with MOUNT_ATTR_IDMAP. */
static int tree_idmap(const struct plan *plan, const struct plan_mount *mount, int joined, int tree, struct err *err)
{
	auto_fd int made = -1;
	int userns = joined, rc = 0;
	if (mount->uid_count > 0)
		rc = id_map_namespace(mount->uids, mount->uid_count, mount->gids, mount->gid_count, &made, err);
	else if (plan->uid_count > 0 && joined < 0)
		rc = id_map_namespace(plan->uids, plan->uid_count, plan->gids, plan->gid_count, &made, err);
	if (rc < 0)
		return rc;
	if (made >= 0)
		userns = made;
	if (userns < 0)
		return err_set(err, EINVAL, "idmap: neither the mount nor the container has a mapping");
	rc = tree_attributes(tree, mount->flags & PLAN_IDMAP_RECURSIVE, MOUNT_ATTR_IDMAP, 0, 0, userns);
	return rc < 0 ? err_set(err, -rc, "failed to set MOUNT_ATTR_IDMAP on %s: %s", mount->source, strerror(-rc)) : 0;
}

int source_make(const struct plan_mount *mount, struct err *err)
{
	struct stat info;
	auto_fd int top = -1, made = -1;
	if (!(mount->flags & PLAN_MAKE_SOURCE) || stat(mount->source, &info) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, "mount source %s", mount->source);
	top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return path_make_dirs(top, mount->source + 1, PATH_IN_ROOT, 0755, &made, err);
}

int subpath_open(int dir, const struct plan_mount *mount, int *out_fd, struct err *err)
{
	int rc = path_open(dir, mount->subpath, PATH_IN_ROOT, O_PATH, 0, out_fd, err);
	return rc < 0 ? err_set(err, -rc, "cannot access path %s/%s: %s", mount->source, mount->subpath,
				rc == -ENOENT ? "no such file or directory" : strerror(-rc))
		      : 0;
}

/* --- one source --- */

const char *source_inside(const struct plan *plan, const struct plan_mount *mount)
{
	const char *rest = plan->rootfs && mount->kind == PLAN_MOUNT_BIND && mount->source
			       ? text_after(mount->source, plan->rootfs)
			       : NULL;
	return rest && *rest == '/' ? rest : NULL;
}

int source_open(const struct plan *plan, const struct plan_mount *mount, int joined, int root, int *out_tree,
		struct err *err)
{
	const char *inside = source_inside(plan, mount);
	int rc = source_make(mount, err);
	if (rc < 0)
		return rc;
	auto_fd int whole = -1, part = -1;
	if (inside && root >= 0) {
		rc = path_open(root, inside, PATH_IN_ROOT, O_PATH | (mount->flags & PLAN_SOURCE_LINK ? O_NOFOLLOW : 0),
			       0, &part, err);
		if (rc < 0)
			return err_set(err, -rc, "open %s: %s", mount->source,
				       rc == -ENOENT ? "no such file or directory" : strerror(-rc));
	} else if (mount->subpath) {
		whole = open(mount->source, O_PATH | O_CLOEXEC);
		rc =
		    whole < 0 ? err_sys(err, "mount source %s", mount->source) : subpath_open(whole, mount, &part, err);
		if (rc < 0)
			return rc;
	}
	auto_fd int tree = tree_open(part >= 0 ? part : AT_FDCWD, part >= 0 ? "" : mount->source,
				     mount->flags & PLAN_RECURSIVE, !(mount->flags & PLAN_SOURCE_LINK));
	if (tree < 0)
		return err_set(err, -tree, "open %s: %s", mount->source,
			       tree == -ENOENT ? "no such file or directory" : strerror(-tree));
	if (mount->flags & PLAN_IDMAP)
		rc = tree_idmap(plan, mount, joined, tree, err);
	if (rc == 0)
		*out_tree = take_fd(&tree);
	return rc;
}

/* --- all that can be opened before --- */

bool source_wants_opener(const struct plan *plan, const struct plan_mount *mount)
{
	return mount->flags & PLAN_IDMAP && source_inside(plan, mount);
}

int sources_open(const struct plan *plan, const int *slots, size_t slot_count, struct arena *arena, int **out_sources,
		 struct err *err)
{
	int *sources = arena_array(arena, int, plan->mount_count + 1);
	int joined = userns_joined(plan, slots, slot_count);
	for (size_t i = 0; i < plan->mount_count; i++) {
		sources[i] = -1;
		/* What lies in the root may be another mount's, which is not there yet. */
		if (plan->mounts[i].kind != PLAN_MOUNT_BIND || source_inside(plan, &plan->mounts[i]))
			continue;
		int rc = source_open(plan, &plan->mounts[i], joined, -1, &sources[i], err);
		/* EPERM: without privilege only who is in the user namespace opens any. */
		if (rc == -EPERM && !(plan->mounts[i].flags & PLAN_IDMAP))
			continue;
		if (rc < 0 && rc != -ENOSYS)
			return err_wrap(err, "error mounting \"%s\" to rootfs at \"%s\"", plan->mounts[i].source,
					plan->mounts[i].target);
	}
	sources[plan->mount_count] = -1;
	if (plan->rootfs) {
		int tree = tree_open(AT_FDCWD, plan->rootfs, true, true);
		if (tree < 0 && tree != -ENOSYS && tree != -EPERM)
			return err_set(err, -tree, "open the root file system %s: %s", plan->rootfs, strerror(-tree));
		sources[plan->mount_count] = tree >= 0 ? tree : -1;
	}
	*out_sources = sources;
	return 0;
}

/* --- the opener --- */

/*
 * What is to be id-mapped and lies in another mount of the container can be opened neither before, when it is not
 * there, nor from inside, where nobody may map. So a process with the privilege stays behind: it joins the new mount
 * namespace and opens there what it is asked for.
 */
struct opener_answer {
	struct err err; /* code 0: the tree comes along */
};

static int request_serve(const struct plan *plan, int joined, uint32_t number, const int fds[2], int *out_tree,
			 struct err *err)
{
	if (number >= plan->mount_count)
		return err_set(err, EPROTO, "a mount that is not there");
	if (setns(fds[0], CLONE_NEWNS) < 0)
		return err_sys(err, "enter the mount namespace");
	return source_open(plan, &plan->mounts[number], joined, fds[1], out_tree, err);
}

static _Noreturn void opener_main(const struct plan *plan, int joined, int socket)
{
	for (;;) {
		uint32_t number = 0;
		int fds[2] = {-1, -1};
		size_t count = 0;
		auto_fd int tree = -1;
		struct opener_answer answer = {0};
		if (fd_receive(socket, &number, sizeof number, fds, array_size(fds), &count) != sizeof number)
			_exit(0);
		if (count != array_size(fds))
			err_set(&answer.err, EPROTO, "a request without descriptors");
		else if (request_serve(plan, joined, number, fds, &tree, &answer.err) == 0)
			answer.err.code = 0;
		cleanup_fds(fds, array_size(fds));
		if (fd_send(socket, &answer, sizeof answer, &tree, tree >= 0 ? 1 : 0) < 0)
			_exit(0);
	}
}

int opener_start(const struct plan *plan, const int *slots, size_t slot_count, int *out_socket, struct err *err)
{
	bool wanted = false;
	int pair[2];
	for (size_t i = 0; i < plan->mount_count; i++)
		wanted = wanted || source_wants_opener(plan, &plan->mounts[i]);
	if (!wanted)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "socketpair");
	auto_fd int mine = pair[0], theirs = pair[1];
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		return err_sys(err, "clone");
	if (pid == 0) {
		struct err ignored;
		int joined = userns_joined(plan, slots, slot_count);
		/* It ends when the container's process closes its end, and keeps nothing else open. */
		int socket = dup2(theirs, 0), userns = joined >= 0 ? dup2(joined, 1) : -1;
		if (socket < 0 || fd_close_from(2, &ignored) < 0)
			_exit(1);
		opener_main(plan, userns, socket);
	}
	*out_socket = take_fd(&mine);
	return 0;
}

int opener_ask(int opener, const struct plan *plan, const struct plan_mount *mount, int root, int *out_tree,
	       struct err *err)
{
	uint32_t number = (uint32_t)(mount - plan->mounts);
	struct opener_answer answer = {0};
	auto_fd int space = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int fds[2] = {space, root}, tree = -1;
	size_t count = 0;
	if (space < 0)
		return err_sys(err, "open the mount namespace");
	int rc = fd_send(opener, &number, sizeof number, fds, array_size(fds));
	if (rc == 0 && fd_receive(opener, &answer, sizeof answer, &tree, 1, &count) != sizeof answer)
		rc = -EPIPE;
	if (rc < 0)
		return err_set(err, -rc, "whoever opens sources is gone");
	if (answer.err.code != 0 || count != 1) {
		*err = answer.err;
		err->msg[sizeof err->msg - 1] = 0;
		return -(err->code ? err->code : EPROTO);
	}
	*out_tree = tree;
	return 0;
}
