#include "runtime/apply_process.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

enum { CAPABILITY_LAST = 63, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

/* --- terminal and streams --- */

int console_open(const struct plan_process *process, int root, int *out_master, int *out_slave, struct err *err)
{
	auto_fd int master = -1;
	int unlock = 0;
	int rc = path_open(root, "dev/pts/ptmx", PATH_NO_LINKS, O_RDWR | O_NOCTTY, 0, &master, err);
	if (rc < 0)
		return rc;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(err, "unlock the terminal");
	/* kernel 4.13: TIOCGPTPEER, which needs no name. */
	auto_fd int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(err, "open the terminal");
	struct winsize size = {.ws_row = process->height, .ws_col = process->width};
	if (process->height > 0 && process->width > 0)
		(void)ioctl(master, TIOCSWINSZ, &size);
	*out_master = take_fd(&master);
	*out_slave = take_fd(&slave);
	return 0;
}

static int streams_set(const int stdio[3], int console, struct err *err)
{
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3; i++) {
		int from = console >= 0 ? console : stdio[i] >= 0 ? stdio[i] : null;
		if (from < 0 || dup2(from, i) < 0)
			return err_sys(err, "standard streams");
	}
	if (console >= 0 && ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, "controlling terminal");
	return 0;
}

/* Whatever we inherited is reset: handlers are not, masks and ignored signals are. */
static void signals_reset(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int number = 1; number < _NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* --- the program --- */

static const char *env_get(char *const *env, const char *name)
{
	size_t size = strlen(name);
	for (; env && *env; env++) {
		if (strncmp(*env, name, size) == 0 && (*env)[size] == '=')
			return *env + size + 1;
	}
	return NULL;
}

/* runc's words, which Docker's clients look for. */
static int program_check(const char *path, const char *shown, int *out_exit_code, struct err *err)
{
	struct stat info;
	*out_exit_code = EXIT_NOT_FOUND;
	if (stat(path, &info) < 0)
		return err_set(err, errno, "exec: \"%s\": stat %s: %s", shown, path,
			       errno == ENOENT	  ? "no such file or directory"
			       : errno == ENOTDIR ? "not a directory"
						  : strerror(errno));
	*out_exit_code = EXIT_NOT_RUNNABLE;
	if (S_ISDIR(info.st_mode))
		return err_set(err, EISDIR, "exec: \"%s\": is a directory: permission denied", shown);
	if (!(info.st_mode & 0111))
		return err_set(err, EACCES, "exec: \"%s\": permission denied", shown);
	return 0;
}

static int program_find(struct arena *arena, const struct plan_process *process, char **out_program, int *out_exit_code,
			struct err *err)
{
	const char *name = process->argv[0], *path = env_get(process->env, "PATH");
	if (strchr(name, '/')) {
		*out_program = arena_strdup(arena, name);
		return program_check(name, name, out_exit_code, err);
	}
	auto_strv char **dirs = strv_split(path ? path : "", ':');
	bool denied = false;
	for (char **dir = dirs; *dir && *name; dir++) {
		struct err each;
		char *program = arena_printf(arena, "%s/%s", **dir ? *dir : ".", name);
		int rc = program_check(program, name, out_exit_code, &each);
		if (rc == 0) {
			*out_program = program;
			return 0;
		}
		denied = denied || rc == -EACCES;
	}
	*out_exit_code = denied ? EXIT_NOT_RUNNABLE : EXIT_NOT_FOUND;
	if (denied)
		return err_set(err, EACCES, "exec: \"%s\": permission denied", name);
	return err_set(err, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

static char **env_with_home(struct arena *arena, char *const *env, const char *home)
{
	size_t count = strv_count(env);
	char **list = arena_array(arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		list[i] = env[i];
	const char *own = env_get(env, "HOME");
	if (text_empty(own))
		list[count] = arena_printf(arena, "HOME=%s", home);
	return list;
}

static int limits_set(const struct plan_process *process, struct err *err)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct plan_rlimit *limit = &process->rlimits[i];
		struct rlimit value = {limit->soft, limit->hard};
		if (setrlimit((int)limit->resource, &value) < 0)
			return err_sys(err, "set limit %u", limit->resource);
	}
	return 0;
}

/* A working directory that the image does not have is made. */
static int cwd_enter(const char *cwd, struct err *err)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), made = -1;
	int rc = path_make_dirs(root, cwd, PATH_IN_ROOT, 0755, &made, err);
	if (rc < 0)
		return err_wrap(err, "mkdir %s", cwd);
	if (fchdir(made) < 0)
		return err_sys(err, "chdir to cwd (\"%s\")", cwd);
	return 0;
}

int process_prepare(struct arena *arena, const struct plan_process *process, const int stdio[3], int console,
		    struct process_ready *out_ready, int *out_exit_code, struct err *err)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*out_exit_code = EXIT_NOT_RUNNABLE;
	if (root < 0)
		return err_sys(err, "open /");
	umask(0022);
	int rc = streams_set(stdio, console, err);
	if (rc == 0)
		rc = user_resolve(arena, root, process->user, process->groups, &out_ready->user, err);
	if (rc == 0)
		rc = limits_set(process, err);
	if (rc == 0)
		rc = cwd_enter(process->cwd, err);
	if (rc == 0)
		rc = program_find(arena, process, &out_ready->program, out_exit_code, err);
	if (rc < 0)
		return rc;
	out_ready->env = env_with_home(arena, process->env, out_ready->user.home);
	/* The terminal is the user's. */
	if (console >= 0 && fchown(0, out_ready->user.uid, (gid_t)-1) < 0)
		return err_sys(err, "hand the terminal over");
	return 0;
}

/* --- privileges --- */

static int bounding_drop(uint64_t keep, struct err *err)
{
	for (int number = 0; number <= CAPABILITY_LAST; number++) {
		if (keep & UINT64_C(1) << number)
			continue;
		if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0) {
			if (errno == EINVAL)
				return 0; /* beyond the last that this kernel has */
			return err_sys(err, "drop capability %d", number);
		}
	}
	return 0;
}

static int capabilities_set(uint64_t set, struct err *err)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{(uint32_t)set, (uint32_t)set, 0},
						 {(uint32_t)(set >> 32), (uint32_t)(set >> 32), 0}};
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(err, "set capabilities");
	return 0;
}

static int filter_load(const struct plan_process *process, struct err *err)
{
	struct sock_fprog program = {(unsigned short)process->filter_count, process->filter};
	if (process->filter_count == 0)
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, process->filter_flags, &program) < 0)
		return err_sys(err, "load the seccomp filter");
	return 0;
}

static int user_set(const struct process_ready *ready, struct err *err)
{
	const struct user_identity *user = &ready->user;
	if (setgroups(user->group_count, user->groups) < 0)
		return err_sys(err, "setgroups");
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return err_sys(err, "setresgid %u", user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return err_sys(err, "setresuid %u", user->uid);
	return 0;
}

int process_run(const struct plan_process *process, const struct process_ready *ready, int *out_exit_code,
		struct err *err)
{
	int rc = 0;
	*out_exit_code = EXIT_NOT_RUNNABLE;
	/* Without no_new_privs loading a filter needs a privilege that goes below. */
	if (!process->no_new_privileges)
		rc = filter_load(process, err);
	if (rc == 0)
		rc = bounding_drop(process->capabilities, err);
	if (rc == 0)
		rc = user_set(ready, err);
	/* The container ends with its monitor; a change of the user has taken that back. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* The kernel has taken them from any other user than root. */
	if (rc == 0 && ready->user.uid == 0)
		rc = capabilities_set(process->capabilities, err);
	if (rc == 0 && process->no_new_privileges) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return err_sys(err, "no_new_privs");
		rc = filter_load(process, err);
	}
	if (rc == 0)
		rc = fd_sweep(3, err);
	if (rc < 0)
		return rc;
	signals_reset();
	execve(ready->program, process->argv, ready->env);
	*out_exit_code = errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
	return err_set(err, errno, "exec %s: %s", ready->program,
		       errno == ENOENT	  ? "no such file or directory"
		       : errno == EACCES  ? "permission denied"
		       : errno == ENOEXEC ? "exec format error"
					  : strerror(errno));
}
