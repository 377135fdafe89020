#include "runtime/apply_process.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

enum { EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

/* Where a document has no PATH at all. */
#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

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

static bool is_null(int fd)
{
	struct stat info;
	return fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
}

/* The host's null device becomes the container's own: its descriptor leads to a mount that nobody here can see, which a
 * checkpoint could not bring back. */
static void null_reopen(void)
{
	auto_fd int own = -1;
	for (int i = 0; i < 3; i++) {
		if (!is_null(i))
			continue;
		if (own < 0)
			own = open("/dev/null", O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
		if (own < 0 || !is_null(own) || dup2(own, i) < 0)
			return;
	}
}

static int streams_set(const int stdio[3], int console, struct err *err)
{
	bool closed = console < 0 && (stdio[0] < 0 || stdio[1] < 0 || stdio[2] < 0);
	auto_fd int null = closed ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
	for (int i = 0; i < 3; i++) {
		int from = console >= 0 ? console : stdio[i] >= 0 ? stdio[i] : null;
		if (from < 0 || dup2(from, i) < 0)
			return err_sys(err, "standard streams");
	}
	if (console >= 0 && ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, "controlling terminal");
	if (console < 0)
		null_reopen();
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
	auto_strv char **dirs = strv_split(path ? path : PATH_DEFAULT, ':');
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
	size_t count = strv_count(env), at = 0;
	char **list = arena_array(arena, char *, count + 2);
	bool own = !text_empty(env_get(env, "HOME"));
	for (size_t i = 0; i < count; i++) {
		if (own || !text_after(env[i], "HOME="))
			list[at++] = env[i];
	}
	if (!own)
		list[at] = arena_printf(arena, "HOME=%s", home);
	return list;
}

int process_limits(const struct plan_process *process, pid_t pid, struct err *err)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct plan_rlimit *limit = &process->rlimits[i];
		struct rlimit64 value = {limit->soft, limit->hard};
		if (syscall(SYS_prlimit64, pid, limit->resource, &value, NULL) < 0)
			return err_sys(err, "set limit %u", limit->resource);
	}
	return 0;
}

static int cwd_enter(const char *cwd, bool make, struct err *err)
{
	char text[PATH_MAX];
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), dir = -1;
	int rc = make ? path_make_place(root, cwd, 0755, &dir, err)
		      : path_open(root, cwd, PATH_IN_ROOT, O_PATH | O_DIRECTORY, 0, &dir, err);
	if (rc < 0)
		return err_set(err, -rc, "chdir to cwd (\"%s\") set in config.json failed: %s", cwd,
			       rc == -ENOENT	? "no such file or directory"
			       : rc == -ENOTDIR ? "not a directory"
						: strerror(-rc));
	if (fchdir(dir) < 0)
		return err_sys(err, "chdir to cwd (\"%s\") set in config.json failed", cwd);
	/* A directory that is none of the container's has no name here (CVE-2024-21626). */
	if (syscall(SYS_getcwd, text, sizeof text) < 0 || text[0] != '/')
		return err_set(err, EPERM,
			       "current working directory is outside of container mount namespace root -- "
			       "possible container breakout attempt");
	return 0;
}

static int identity_find(struct arena *arena, int root, const struct plan_process *process,
			 struct user_identity *out_user, struct err *err)
{
	if (process->user)
		return user_resolve(arena, root, process->user, process->groups, out_user, err);
	*out_user = (struct user_identity){
	    .uid = process->uid,
	    .gid = process->gid,
	    .groups = process->gids,
	    .group_count = process->gid_count,
	};
	if (text_empty(env_get(process->env, "HOME")))
		out_user->home = user_home(arena, root, process->uid);
	return 0;
}

int process_prepare(struct arena *arena, const struct plan_process *process, const int stdio[3], int console,
		    struct process_ready *ready, int *out_exit_code, struct err *err)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*out_exit_code = EXIT_NOT_RUNNABLE;
	if (root < 0)
		return err_sys(err, "open /");
	umask(0022);
	int rc = streams_set(stdio, console, err);
	if (rc == 0)
		rc = identity_find(arena, root, process, &ready->user, err);
	if (rc == 0)
		rc = attributes_set(process, err);
	if (rc == 0)
		rc = cwd_enter(process->cwd, ready->make_cwd, err);
	if (rc == 0)
		rc = program_find(arena, process, &ready->program, out_exit_code, err);
	if (rc < 0)
		return rc;
	ready->env = env_with_home(arena, process->env, ready->user.home);
	umask((mode_t)process->umask);
	/* The terminal is the user's. */
	if (console >= 0 && fchown(0, ready->user.uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EROFS)
		return err_sys(err, "hand the terminal over");
	return 0;
}

int process_run(const struct plan_process *process, const struct process_ready *ready, int *out_exit_code,
		struct err *err)
{
	*out_exit_code = EXIT_NOT_RUNNABLE;
	int rc = cpus_final_set(process, err);
	if (rc == 0)
		rc = fd_sweep(3 + (int)ready->preserve_fds, err);
	if (rc == 0)
		rc = privileges_set(process, ready, err);
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
