#include "security/confine.h"

#include "base/arena.h"
#include "base/fd.h"
#include "security/capability.h"
#include "security/seccomp.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 1024, CAPABILITY_LAST = 63 };

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

/* --- directories --- */

/* nodev, nosuid, noexec, and read-only where it may be. kernel 5.12: mount_setattr. */
static int tree_restrict(int tree, bool writable, unsigned flags, struct err *err)
{
	struct {
		uint64_t attr_set, attr_clr, propagation, userns_fd;
	} attr = {.attr_set = 2 /* nosuid */ | 4 /* nodev */ | 8 /* noexec */ | (writable ? 0 : 1)};
	enum { MOUNT_SETATTR = 442 };
	if (syscall(MOUNT_SETATTR, tree, "", AT_EMPTY_PATH | flags, &attr, sizeof attr) < 0 && errno != ENOSYS)
		return err_sys(err, "mount_setattr");
	return 0;
}

/*
 * A mount of its own whose root is the directory: from there ".." leads nowhere. kernel 5.2: open_tree; before, the
 * walls are the empty root and openat2's.
 */
static int dir_enclose(const struct confine_dir *dir, struct err *err)
{
	auto_fd int tree =
	    (int)syscall(SYS_open_tree, dir->fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return errno == ENOSYS ? 0 : err_sys(err, "open_tree");
	int rc = tree_restrict(tree, dir->writable, 0, err);
	if (rc < 0)
		return rc;
	auto_fd int inside = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (inside < 0 || dup3(inside, dir->fd, O_CLOEXEC) < 0)
		return err_sys(err, "enclose a directory");
	return 0;
}

int confine_tree(int dir, bool writable, int *out_tree, struct err *err)
{
	int tree =
	    (int)syscall(SYS_open_tree, dir, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 && errno == ENOSYS)
		tree = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else if (tree >= 0 && tree_restrict(tree, writable, AT_RECURSIVE, err) < 0) {
		close(tree);
		return -err->code;
	}
	if (tree < 0)
		return err_sys(err, "open_tree");
	*out_tree = tree;
	return 0;
}

int confine_tree_of(int mount_namespace, bool writable, int *out_tree, struct err *err)
{
	auto_fd int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), root = -1;
	int tree = -1;
	if (own < 0)
		return err_sys(err, "open the own mount namespace");
	if (setns(mount_namespace, CLONE_NEWNS) < 0)
		return err_sys(err, "enter the container's mount namespace");
	root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = root < 0 ? err_sys(err, "open the container's root") : confine_tree(root, writable, &tree, err);
	if (setns(own, CLONE_NEWNS) < 0) {
		cleanup_fd(&tree);
		return err_sys(err, "leave the container's mount namespace");
	}
	if (rc == 0)
		*out_tree = tree;
	return rc;
}

/* Below the new root, before it is one. Each file is in a directory of its own right below the root. */
static int files_write(const struct confine_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->file_count; i++) {
		const struct confine_file *file = &spec->files[i];
		auto_free char *path = x_printf("/proc%s", file->path);
		auto_free char *folder = x_strndup(path, (size_t)(strrchr(path, '/') - path));
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			return err_sys(err, "make %s", file->path);
		auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0 || fd_write_full(fd, file->data, file->size) < 0)
			return err_sys(err, "make %s", file->path);
	}
	return 0;
}

static int root_empty(const struct confine_spec *spec, struct err *err)
{
	const char *options = spec->file_count ? "size=1m,nr_inodes=64,mode=0755" : "size=0,nr_inodes=2,mode=0";
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return err_sys(err, "private mounts");
	if (mount("tmpfs", "/proc", "tmpfs", flags, options) < 0)
		return err_sys(err, "an empty root");
	int rc = files_write(spec, err);
	if (rc < 0)
		return rc;
	if (spec->file_count && mount(NULL, "/proc", NULL, MS_REMOUNT | MS_RDONLY | flags, options) < 0)
		return err_sys(err, "a read-only root");
	if (chdir("/proc") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0)
		return err_sys(err, "enter the empty root");
	return 0;
}

/* --- privileges --- */

/* What unpacking needs; trusted.* attributes ask for CAP_SYS_ADMIN, which the filter makes useless for all else. */
static const int kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP, CAP_SYS_ADMIN};

static int privileges_drop(const struct confine_spec *spec, struct err *err)
{
	uint64_t set = 0;
	for (size_t i = 0; !spec->network && i < array_size(kept); i++)
		set |= capability_bit(kept[i]);
	for (int number = 0; number <= CAPABILITY_LAST; number++) {
		if (!(set & capability_bit(number)) && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0 && errno != EINVAL)
			return err_sys(err, "drop capability %d", number);
	}
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{(uint32_t)set, (uint32_t)set, 0},
						 {(uint32_t)(set >> 32), (uint32_t)(set >> 32), 0}};
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(err, "set capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, "no_new_privs");
	return 0;
}

static int limit_set(int resource, rlim_t value, struct err *err)
{
	struct rlimit limit = {value, value};
	return setrlimit(resource, &limit) < 0 ? err_sys(err, "set limit %d", resource) : 0;
}

static rlim_t descriptors_max(const struct confine_spec *spec)
{
	struct rlimit limit;
	rlim_t wanted = spec->descriptors ? spec->descriptors : DESCRIPTORS_MAX;
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < wanted ? limit.rlim_max : wanted;
}

static int limits_set(const struct confine_spec *spec, struct err *err)
{
	int rc = limit_set(RLIMIT_CORE, 0, err);
	if (rc == 0)
		rc = limit_set(RLIMIT_NOFILE, descriptors_max(spec), err);
	if (rc == 0 && spec->file_max > 0)
		rc = limit_set(RLIMIT_FSIZE, spec->file_max, err);
	return rc;
}

/* --- the filter --- */

#if !defined(__SANITIZE_ADDRESS__)
static char *calls[] = {
#define CALL(name) (char *)#name
    CALL(read),
    CALL(pread64),
    CALL(readv),
    CALL(write),
    CALL(pwrite64),
    CALL(writev),
    CALL(close),
    CALL(lseek),
    CALL(openat),
    CALL(openat2),
    CALL(fstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(fstatfs),
    CALL(statfs),
    CALL(fcntl),
    CALL(dup),
    CALL(dup3),
    CALL(mkdirat),
    CALL(mknodat),
    CALL(symlinkat),
    CALL(linkat),
    CALL(unlinkat),
    CALL(renameat),
    CALL(renameat2),
    CALL(readlinkat),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(fchmodat2),
    CALL(fchown),
    CALL(fchownat),
    CALL(utimensat),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(copy_file_range),
    CALL(fsync),
    CALL(fdatasync),
    CALL(syncfs),
    CALL(fsetxattr),
    CALL(lsetxattr),
    CALL(setxattr),
    CALL(fgetxattr),
    CALL(lgetxattr),
    CALL(llistxattr),
    CALL(flistxattr),
    CALL(fremovexattr),
    CALL(getdents64),
    CALL(umask),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(mmap),
    CALL(munmap),
    CALL(mremap),
    CALL(mprotect),
    CALL(madvise),
    CALL(brk),
    CALL(futex),
    CALL(exit),
    CALL(exit_group),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(clock_gettime),
    CALL(clock_nanosleep),
    CALL(gettimeofday),
    CALL(getrandom),
    CALL(getpid),
    CALL(gettid),
    CALL(tgkill),
    CALL(restart_syscall),
    CALL(sched_yield),
    CALL(sysinfo),
    CALL(getuid),
    CALL(geteuid),
    NULL,
};

/* What is called on sockets that are there. */
static char *message_calls[] = {CALL(sendmsg), CALL(recvmsg), CALL(sendto), CALL(recvfrom), NULL};

/* What speaking with other hosts needs besides. */
static char *network_calls[] = {CALL(sendmsg),
				CALL(recvmsg),
				CALL(sendto),
				CALL(recvfrom),
				CALL(sendmmsg),
				CALL(recvmmsg),
				CALL(socket),
				CALL(socketpair),
				CALL(connect),
				CALL(bind),
				CALL(getsockname),
				CALL(getpeername),
				CALL(getsockopt),
				CALL(setsockopt),
				CALL(shutdown),
				CALL(poll),
				CALL(ppoll),
				CALL(select),
				CALL(pselect6),
				CALL(epoll_create1),
				CALL(epoll_ctl),
				CALL(epoll_wait),
				CALL(epoll_pwait),
				CALL(eventfd2),
				CALL(pipe2),
				CALL(pipe),
				CALL(ioctl),
				CALL(uname),
				CALL(open),
				CALL(stat),
				CALL(lstat),
				CALL(access),
				CALL(flock),
				CALL(alarm),
				CALL(getppid),
				CALL(getgid),
				CALL(getegid),
				CALL(prlimit64),
				CALL(rt_sigtimedwait),
				CALL(getrusage),
				CALL(clock_getres),
				CALL(unlink),
				CALL(sched_getaffinity),
				NULL};

static char *serve_calls[] = {CALL(accept4), NULL};

/* A library that would like a thread can do without: it hears so instead of ending us. */
static char *thread_calls[] = {CALL(clone), CALL(clone3), NULL};

static int filter_load(const struct confine_spec *confine, struct err *err)
{
	auto_arena arena = {0};
	struct seccomp_filter filter;
	char *allow = (char *)"SCMP_ACT_ALLOW";
	uint32_t no = EPERM;
	struct oci_seccomp_rule rules[] = {
	    {.names = calls, .action = allow},
	    {.names = confine->network ? network_calls : message_calls, .action = allow},
	    {.names = thread_calls, .action = (char *)"SCMP_ACT_ERRNO", .errno_ret = &no},
	    {.names = serve_calls, .action = allow},
	};
	struct oci_seccomp spec = {.default_action = (char *)"SCMP_ACT_KILL_PROCESS"};
	spec.syscalls.items = rules;
	spec.syscalls.count = confine->network ? 3 + confine->serves : confine->messages ? 2 : 1;
	int rc = seccomp_compile(&arena, &spec, &filter, err);
	if (rc < 0)
		return rc;
	struct sock_fprog program = {(unsigned short)filter.count, filter.code};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return err_sys(err, "load the filter");
	return 0;
}
#else
/* The sanitizer's own calls are many and its business. */
static int filter_load(const struct confine_spec *confine, struct err *err)
{
	(void)confine;
	(void)err;
	return 0;
}
#endif

int confine_enter(const struct confine_spec *spec, struct err *err)
{
	int rc = 0;
	/* Only what is mounted in our own namespace can be copied: before that changes. */
	for (size_t i = 0; rc == 0 && i < spec->dir_count; i++)
		rc = spec->dirs[i].enclosed ? 0 : dir_enclose(&spec->dirs[i], err);
	if (rc == 0 && unshare(CLONE_NEWNS | (spec->network ? 0 : CLONE_NEWNET) | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		rc = err_sys(err, "new namespaces");
	if (rc == 0)
		rc = root_empty(spec, err);
	if (rc == 0)
		rc = limits_set(spec, err);
	if (rc == 0)
		rc = privileges_drop(spec, err);
	if (rc == 0)
		rc = filter_load(spec, err);
	return rc < 0 ? err_wrap(err, "confine") : 0;
}
