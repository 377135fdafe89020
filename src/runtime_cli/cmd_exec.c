#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime/cgroup.h"
#include "runtime/exec.h"
#include "runtime/plan_compile.h"
#include "runtime/plan_wire.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/console.h"
#include "runtime_cli/container.h"
#include "runtime_cli/launch.h"
#include "runtime_cli/trace.h"
#include "security/capability.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { EXIT_EXEC_FAILED = 255 };

struct exec_options {
	const char *console_socket, *cwd, *user, *process, *pid_file, *pidfd_socket, *process_label, *apparmor, *cgroup;
	char **env, **groups, **caps;
	int64_t preserve_fds;
	bool tty, detach, no_new_privileges, ignore_paused, no_subreaper;
};

static const struct option_row rows[] = {
    O_STRING(struct exec_options, console_socket, "console-socket", 0, "PATH", "A socket that takes the terminal"),
    O_STRING(struct exec_options, cwd, "cwd", 0, "DIR", "Working directory"),
    O_LIST(struct exec_options, env, "env", 'e', "NAME=VALUE", "Environment"),
    O_BOOL(struct exec_options, tty, "tty", 't', "With a terminal"),
    O_STRING(struct exec_options, user, "user", 'u', "UID[:GID]", "As this user"),
    O_LIST(struct exec_options, groups, "additional-gids", 'g', "GID", "Additional groups"),
    O_STRING(struct exec_options, process, "process", 'p', "FILE", "The process as a document"),
    O_BOOL(struct exec_options, detach, "detach", 'd', "Do not wait for its end"),
    O_STRING(struct exec_options, pid_file, "pid-file", 0, "FILE", "Write its number there"),
    O_STRING(struct exec_options, pidfd_socket, "pidfd-socket", 0, "PATH", "A socket that takes a pidfd of it"),
    O_STRING(struct exec_options, process_label, "process-label", 0, "LABEL", "SELinux label"),
    O_STRING(struct exec_options, apparmor, "apparmor", 0, "PROFILE", "AppArmor profile"),
    O_BOOL(struct exec_options, no_new_privileges, "no-new-privs", 0, "It can gain no privileges"),
    O_LIST(struct exec_options, caps, "cap", 'c', "CAP", "Add a capability"),
    O_NUMBER(struct exec_options, preserve_fds, "preserve-fds", 0, "Pass so many descriptors, from 3 on"),
    O_STRING(struct exec_options, cgroup, "cgroup", 0, "PATH", "A group below the container's"),
    O_BOOL(struct exec_options, ignore_paused, "ignore-paused", 0, "Also in a container that is paused"),
    {.name = "no-subreaper",
     .type = OPTION_BOOL,
     .offset = offsetof(struct exec_options, no_subreaper),
     .flags = OPTION_HIDDEN,
     .help = ""},
    O_END,
};

/* --- the process --- */

static int plan_read(struct arena *arena, int dir, struct plan **out_plan, struct err *err)
{
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	int rc = file_read(dir, STATE_PLAN, &bytes, err);
	return rc < 0 ? rc : plan_decode(arena, bytes.data, bytes.len, out_plan, err);
}

/* With --process: the document alone, but the container's filter. */
static int process_from_file(struct context *context, struct arena *arena, const char *path, const struct plan *plan,
			     struct plan_process *out_process, struct err *err)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	struct oci_process document = {0};
	const struct seccomp_filter filter = {.code = plan->process.filter,
					      .count = plan->process.filter_count,
					      .flags = plan->process.filter_flags,
					      .notify = plan->process.filter_notify};
	const struct plan_options options = {.network_slot = PLAN_SLOT_NONE,
					     .filter = filter.count > 0 ? &filter : NULL,
					     .keyring = plan->process.keyring,
					     .warn = context_warn_of,
					     .warn_context = context};
	int rc = file_read(AT_FDCWD, path, &text, err);
	if (rc == 0)
		rc = json_load(arena, &table_oci_process, text.data, text.len, path, 0, &document, err);
	return rc < 0 ? rc : plan_process_compile(arena, &document, &options, out_process, err);
}

/* "UID" or "UID:GID": numbers, as runc takes them. */
static int user_parse(const char *text, struct plan_process *process, struct err *err)
{
	auto_strv char **parts = strv_split(text, ':');
	uint64_t value;
	int rc = number_parse_u64(parts[0], UINT32_MAX - 1, "user", &value, err);
	if (rc < 0)
		return rc;
	process->uid = (uint32_t)value;
	if (parts[1]) {
		rc = number_parse_u64(parts[1], UINT32_MAX - 1, "group", &value, err);
		if (rc == 0 && parts[2])
			rc = err_set(err, EINVAL, "user: \"%s\" is not UID[:GID]", text);
		process->gid = (uint32_t)value;
	}
	return rc;
}

static int groups_parse(struct arena *arena, char *const *texts, struct plan_process *process, struct err *err)
{
	size_t count = process->gid_count, more = strv_count(texts);
	if (more == 0)
		return 0;
	uint32_t *gids = arena_array(arena, uint32_t, count + more);
	for (size_t i = 0; i < count; i++)
		gids[i] = process->gids[i];
	for (size_t i = 0; i < more; i++) {
		uint64_t value;
		int rc = number_parse_u64(texts[i], UINT32_MAX - 1, "additional-gids", &value, err);
		if (rc < 0)
			return rc;
		gids[count + i] = (uint32_t)value;
	}
	process->gids = gids;
	process->gid_count = count + more;
	return 0;
}

static int env_add(struct arena *arena, char *const *more, struct plan_process *process, struct err *err)
{
	size_t count = strv_count(process->env), extra = strv_count(more);
	char **env = arena_array(arena, char *, count + extra + 1), **ignored;
	if (plan_environment_compile(arena, more, &ignored, err) < 0)
		return err_wrap(err, "--env");
	for (size_t i = 0; i < count; i++)
		env[i] = process->env[i];
	for (size_t i = 0; i < extra; i++)
		env[count + i] = more[i];
	return plan_environment_compile(arena, env, &process->env, err);
}

static int capabilities_add(char *const *names, struct plan_process *process, struct err *err)
{
	uint64_t set = 0;
	int rc = capability_set(names, &set, err);
	process->bounding |= set;
	process->permitted |= set;
	process->effective |= set;
	/* As runc: what --cap gives a user who is not root stays with him only so. */
	if (set && process->inheritable)
		process->ambient |= set & process->inheritable;
	return rc;
}

/* From the command line: the container's process with changes. */
static int process_from_words(struct arena *arena, const struct exec_options *options, char **words,
			      const struct plan *plan, struct plan_process *out_process, struct err *err)
{
	struct plan_process process = plan->process;
	process.argv = words;
	process.terminal = options->tty;
	process.height = process.width = 0;
	if (!options->tty && !plan->process.terminal)
		process.terminal = false;
	if (options->cwd)
		process.cwd = (char *)options->cwd;
	if (process.cwd[0] != '/')
		return err_set(err, EINVAL, "Cwd must be an absolute path");
	if (options->apparmor)
		process.apparmor = (char *)options->apparmor;
	if (options->process_label)
		process.selinux = (char *)options->process_label;
	process.no_new_privileges = process.no_new_privileges || options->no_new_privileges;
	int rc = env_add(arena, options->env, &process, err);
	if (rc == 0 && options->user)
		rc = user_parse(options->user, &process, err);
	if (rc == 0)
		rc = groups_parse(arena, options->groups, &process, err);
	if (rc == 0)
		rc = capabilities_add(options->caps, &process, err);
	if (rc == 0)
		*out_process = process;
	return rc;
}

/* --- running it --- */

static int status_check(const struct container *container, const struct exec_options *options, struct err *err)
{
	if (container->status == STATUS_STOPPED || container->status == STATUS_CREATING)
		return err_set(err, EINVAL, "cannot exec in a stopped container");
	if (container->status == STATUS_PAUSED && !options->ignore_paused)
		return err_set(err, EINVAL, "cannot exec in a paused container (use --ignore-paused to override)");
	return 0;
}

static int terminal_check(const struct plan_process *process, const struct exec_options *options, struct err *err)
{
	bool console = !text_empty(options->console_socket);
	if (process->terminal && options->detach && !console)
		return err_set(err, EINVAL, "cannot allocate tty if runc will detach without setting console socket");
	if (console && !(process->terminal && options->detach))
		return err_set(err, EINVAL, "cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

struct listening {
	const struct container *container;
	struct apply_process *process;
};

static int listener(void *context, int fd, struct err *err)
{
	const struct listening *listening = context;
	struct bundle bundle;
	int rc = bundle_load(&bundle, listening->container->state.bundle, err);
	if (rc == 0)
		rc = launch_listener_send(&listening->container->state,
					  bundle.spec.linux_part ? bundle.spec.linux_part->seccomp : NULL, fd,
					  listening->process->pid, err);
	bundle_done(&bundle);
	return rc;
}

static int go(const struct container *container, const struct exec_options *options, struct apply_process *process,
	      int console, struct err *err)
{
	struct listening listening = {container, process};
	const struct apply_host host = {.listener = listener, .context = &listening};
	int exit_code, rc = 0;
	if (console < 0)
		console_prepare(process->console);
	else {
		rc = console_socket_send(console, process->console, err);
		process->console = -1;
	}
	if (rc == 0)
		rc = launch_pid_file(options->pid_file, process->pid, err);
	if (rc == 0)
		rc = launch_pidfd_send(options->pidfd_socket, process->pid, err);
	if (rc < 0) {
		(void)kill(process->pid, SIGKILL);
		(void)waitpid(process->pid, NULL, 0);
		cleanup_fd(&process->socket);
		return rc;
	}
	return apply_start(process, &host, &exit_code, err);
}

static int exec(const struct container *container, const struct exec_options *options, const struct plan *plan,
		const struct plan_process *wanted, struct err *err)
{
	struct apply_process process = {.console = -1, .socket = -1};
	auto_fd int program = -1, console = -1;
	auto_free char *cgroup = NULL;
	uint32_t preserve_fds = 0;
	int exit_code, status;
	int rc = launch_preserve(options->preserve_fds, &preserve_fds, err);
	if (rc == 0)
		rc = launch_program(&program, err);
	if (rc == 0 && !text_empty(options->console_socket))
		rc = console_socket_connect(options->console_socket, &console, err);
	if (rc < 0)
		return rc;
	if (container->state.cgroup)
		cgroup =
		    x_printf("%s%s%s", container->state.cgroup, options->cgroup && options->cgroup[0] != '/' ? "/" : "",
			     options->cgroup && !text_equal(options->cgroup, "/") ? options->cgroup : "");
	const struct exec_input input = {
	    .target = (pid_t)container->state.pid,
	    .cgroup = cgroup && plan->cgroup_optional && !cgroup_exists(cgroup) ? NULL : cgroup,
	    .stdio = {0, 1, 2},
	    .program = program,
	    .preserve_fds = preserve_fds,
	    .survives = options->detach,
	    .chrooted = container->state.no_pivot || container->state.host_mount > 0,
	};
	trace("ready to clone");
	rc = exec_create(wanted, &input, &process, &exit_code, err);
	trace("process prepared");
	if (rc == 0)
		rc = go(container, options, &process, take_fd(&console), err);
	trace("program started");
	if (rc == 0 && !options->detach)
		rc = console_attend(process.pid, process.console, &status, err);
	cleanup_fd(&process.console);
	if (rc < 0 || options->detach)
		return rc;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int exec_in(struct context *context, const struct exec_options *options, struct container *container,
		   char **words, struct err *err)
{
	struct plan *plan = NULL;
	struct plan_process process;
	int rc = status_check(container, options, err);
	if (rc == 0)
		rc = plan_read(&container->arena, container->dir, &plan, err);
	if (rc == 0)
		rc = options->process
			 ? process_from_file(context, &container->arena, options->process, plan, &process, err)
			 : process_from_words(&container->arena, options, words, plan, &process, err);
	if (rc == 0)
		rc = terminal_check(&process, options, err);
	trace("plan compiled");
	return rc < 0 ? rc : exec(container, options, plan, &process, err);
}

static int run(struct context *context, void *given, char **args)
{
	const struct exec_options *options = given;
	struct container container;
	struct err err;
	int rc = !options->process && !args[1] ? err_set(&err, EINVAL, "process args cannot be empty")
					       : container_open(context, args[0], false, &container, &err);
	if (rc == 0) {
		if (!options->detach) {
			console_block();
			if (!options->no_subreaper)
				(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		}
		rc = exec_in(context, options, &container, args + 1, &err);
		container_done(&container);
	}
	if (rc >= 0)
		return rc;
	err_wrap(&err, "exec failed");
	(void)context_failed(context, &err);
	return EXIT_EXEC_FAILED;
}

const struct command cmd_exec = {
    .name = "exec",
    .usage = "[OPTIONS] ID COMMAND [ARG...] | [OPTIONS] -p FILE ID",
    .summary = "Run another process in a container",
    .rows = rows,
    .size = sizeof(struct exec_options),
    .args_min = 1,
    .args_max = -1,
    .run = run,
};
