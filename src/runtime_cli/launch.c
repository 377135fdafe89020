#include "runtime_cli/launch.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "runtime/cgroup.h"
#include "runtime/cgroup_process.h"
#include "runtime/cgroup_scope.h"
#include "runtime/hook.h"
#include "runtime/plan_compile.h"
#include "runtime/plan_wire.h"
#include "runtime_cli/console.h"
#include "runtime_cli/container.h"
#include "runtime_cli/host_mount.h"
#include "runtime_cli/net_device.h"
#include "runtime_cli/program.h"
#include "runtime_cli/resctrl.h"
#include "runtime_cli/rootless.h"
#include "runtime_cli/trace.h"
#include "security/user.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

/* --- small parts --- */

int launch_preserve(int64_t asked, uint32_t *out_count, struct err *err)
{
	enum { PRESERVE_MAX = 65536 };
	const char *listen = getenv("LISTEN_FDS");
	int64_t more = 0;
	struct err ignored;
	if (listen && number_parse(listen, 0, PRESERVE_MAX, "LISTEN_FDS", &more, &ignored) < 0)
		more = 0;
	if (asked < 0 || asked + more > PRESERVE_MAX)
		return err_set(err, EINVAL, "--preserve-fds: not from 0 to %d", PRESERVE_MAX);
	for (int fd = 3; fd < 3 + asked + more; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			return err_sys(err, "please check that preserved-fd %d (of %lld) is present", fd - 3,
				       (long long)asked);
	}
	*out_count = (uint32_t)(asked + more);
	return 0;
}

int launch_pid_file(const char *path, pid_t pid, struct err *err)
{
	char text[16];
	if (text_empty(path))
		return 0;
	auto_free char *folder = x_strdup(path), *aside = NULL;
	char *slash = strrchr(folder, '/');
	const char *name = slash ? path + (slash - folder) + 1 : path;
	if (slash)
		slash[slash == folder] = 0;
	auto_fd int dir = open(slash ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	aside = x_printf(".%s.%d", name, (int)getpid());
	auto_fd int fd = dir < 0 ? -1 : openat(dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int size = snprintf(text, sizeof text, "%d", (int)pid);
	if (fd < 0)
		return err_sys(err, "pid file %s", path);
	int rc = fd_write_full(fd, text, (size_t)size);
	if (rc == 0 && renameat(dir, aside, dir, name) < 0)
		rc = -errno;
	if (rc < 0)
		(void)unlinkat(dir, aside, 0);
	return rc < 0 ? err_set(err, -rc, "pid file %s: %s", path, strerror(-rc)) : 0;
}

int launch_pidfd_send(const char *path, pid_t pid, struct err *err)
{
	auto_fd int socket = -1, pidfd = -1;
	if (text_empty(path))
		return 0;
	int rc = console_socket_connect(path, &socket, err);
	if (rc == 0)
		rc = fd_pidfd(pid, &pidfd, err);
	if (rc < 0)
		return err_wrap(err, "pidfd socket");
	rc = fd_send(socket, "pidfd", strlen("pidfd"), &pidfd, 1);
	return rc < 0 ? err_set(err, -rc, "pidfd socket: %s", strerror(-rc)) : 0;
}

int launch_program(int *out_fd, struct err *err)
{
	return program_seal(out_fd, err);
}

static int hooks_run(const struct oci_hook *hooks, size_t count, const char *name, const char *state, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		auto_arena arena = {0};
		auto_free char *what = x_printf("%s hook #%zu", name, i);
		struct plan_hook hook;
		int rc = plan_hook_compile(&arena, &hooks[i], &hook, err);
		if (rc == 0)
			rc = hook_run(&hook, what, state, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* --- the state --- */

static char *owner_name(struct arena *arena)
{
	if (geteuid() == 0)
		return (char *)"root";
	/* No NSS: a static program has none. */
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? arena_printf(arena, "%u", geteuid()) : (char *)user_name(arena, root, geteuid());
}

static struct state_scope *scope_of(struct arena *arena, const struct plan_scope *scope)
{
	if (!scope)
		return NULL;
	struct state_scope *kept = arena_new(arena, struct state_scope);
	*kept = (struct state_scope){.unit = scope->unit, .slice = scope->slice, .user = scope->user};
	return kept;
}

static void state_fill(struct launch *launch)
{
	struct bundle *bundle = &launch->bundle;
	char created[TIME_TEXT];
	time_rfc3339_short(time_wall_ns(), created);
	launch->state = (struct container_state){
	    .oci_version = bundle->spec.oci_version,
	    .id = (char *)launch->options->id,
	    .bundle = bundle->path,
	    .rootfs = bundle->rootfs,
	    .created = arena_strdup(&bundle->arena, created),
	    .owner = owner_name(&bundle->arena),
	    .cgroup = bundle->plan->cgroup,
	    .scope = scope_of(&bundle->arena, bundle->plan->scope),
	    .no_pivot = launch->options->no_pivot,
	    .host_mount = plan_has_own(bundle->plan, CLONE_NEWNS) ? 0 : host_mount_at(bundle->rootfs),
	    .annotations = bundle->spec.annotations,
	    .hooks = bundle->spec.hooks,
	    .resources = bundle->spec.linux_part->resources,
	};
}

/* What it has as descriptors 0 to 2, for a checkpoint: a restore puts its own in the place of pipes. */
static void descriptors_note(struct launch *launch)
{
	struct arena *arena = &launch->bundle.arena;
	char path[32], text[256];
	if (launch->bundle.plan->process.terminal)
		return;
	launch->state.descriptors = arena_array(arena, char *, 4);
	for (int fd = 0; fd < 3; fd++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t size = readlink(path, text, sizeof text);
		launch->state.descriptors[fd] = arena_strndup(arena, text, size > 0 ? (size_t)size : 0);
	}
}

/* What exec takes from the container. */
static int plan_keep(const struct launch *launch, struct err *err)
{
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	plan_encode(launch->bundle.plan, &bytes);
	int rc = buf_check(&bytes, "the plan", err);
	return rc < 0 ? rc : state_file_write(launch->dir, STATE_PLAN, bytes.data, bytes.len, err);
}

/* The socket at which the created process waits. Its name is short, whatever the root's is. */
static int listener_make(int dir, int *out_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" STATE_SOCKET, dir);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0)
		return err_sys(err, "the socket of the start");
	*out_fd = take_fd(&fd);
	return 0;
}

/* --- while the process waits --- */

int launch_hooks_before(struct launch *launch, struct buf *out_state, struct err *err)
{
	const struct oci_hooks *hooks = launch->bundle.spec.hooks;
	/* Hooks may ask for the state. */
	int rc = state_write(launch->dir, &launch->state, err);
	state_document(&launch->state, "creating", out_state);
	if (rc < 0 || !hooks)
		return rc;
	rc = hooks_run(hooks->prestart.items, hooks->prestart.count, "prestart", buf_str(out_state), err);
	if (rc == 0)
		rc = hooks_run(hooks->create_runtime.items, hooks->create_runtime.count, "createRuntime",
			       buf_str(out_state), err);
	return rc;
}

static int rdt_apply(struct launch *launch, pid_t pid, struct err *err)
{
	const struct oci_intel_rdt *rdt = launch->bundle.spec.linux_part->intel_rdt;
	auto_free char *root = NULL;
	if (!rdt)
		return 0;
	int rc = resctrl_root(&root, err);
	if (rc == 0)
		rc = resctrl_apply(root, rdt, launch->options->id, pid, &launch->bundle.arena, &launch->state.rdt_group,
				   &launch->state.intel_rdt, err);
	return rc < 0 ? err_wrap(err, "linux: intelRdt") : 0;
}

static int prepared(void *context, pid_t pid, struct buf *out_state, struct err *err)
{
	struct launch *launch = context;
	launch->state.pid = pid;
	launch->state.start_time = process_start_time(pid);
	int rc = rdt_apply(launch, pid, err);
	if (rc == 0)
		rc = net_devices_move(launch->bundle.spec.linux_part, pid, err);
	return rc < 0 ? rc : launch_hooks_before(launch, out_state, err);
}

int launch_listener_send(const struct container_state *state, const struct oci_seccomp *seccomp, int fd, pid_t pid,
			 struct err *err)
{
	auto_buf document = BUF_INIT(STATE_DOCUMENT_MAX), text = BUF_INIT(STATE_DOCUMENT_MAX * 2);
	auto_fd int socket = -1;
	if (!seccomp || text_empty(seccomp->listener_path))
		return err_set(err, EINVAL, "linux: seccomp: listenerPath: missing, and an action is SCMP_ACT_NOTIFY");
	int rc = console_socket_connect(seccomp->listener_path, &socket, err);
	if (rc < 0)
		return err_wrap(err, "linux: seccomp: listenerPath");
	state_document(state, status_name(state->started ? STATUS_RUNNING : STATUS_CREATING), &document);
	buf_printf(&text, "{\"ociVersion\":\"%s\",\"fds\":[\"seccompFd\"],\"pid\":%d,\"metadata\":", state->oci_version,
		   (int)pid);
	json_encode_string(&text, seccomp->listener_metadata ? seccomp->listener_metadata : "");
	buf_printf(&text, ",\"state\":%s}", buf_str(&document));
	rc = buf_check(&text, "the state", err);
	if (rc == 0 && (rc = fd_send(socket, text.data, text.len, &fd, 1)) < 0)
		err_set(err, -rc, "linux: seccomp: listenerPath: %s", strerror(-rc));
	return rc;
}

static int listener(void *context, int fd, struct err *err)
{
	struct launch *launch = context;
	return launch_listener_send(&launch->state, launch->bundle.spec.linux_part->seccomp, fd, launch->process.pid,
				    err);
}

/* --- making --- */

static int id_free_check(const struct launch *launch, struct err *err)
{
	int rc = state_id_check(launch->options->id, err);
	if (rc == 0 && faccessat(launch->context->root_fd, launch->options->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		rc = err_set(err, EEXIST, "container with given ID already exists: %s", launch->options->id);
	return rc;
}

static int terminal_check(const struct launch *launch, struct err *err)
{
	const struct launch_options *options = launch->options;
	bool terminal = launch->bundle.plan->process.terminal, detached = options->detach || !options->at_once;
	if (terminal && detached && text_empty(options->console_socket))
		return err_set(err, EINVAL, "cannot allocate tty if runc will detach without setting console socket");
	if (!text_empty(options->console_socket) && !(terminal && detached))
		return err_set(err, EINVAL, "cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

/* Without a terminal the container has our streams. */
static int process_make(struct launch *launch, struct err *err)
{
	const struct launch_options *options = launch->options;
	const struct apply_host host = {.prepared = prepared, .listener = listener, .context = launch};
	auto_fd int program = -1, waiting = -1, console = -1;
	int exit_code, rc = launch_program(&program, err);
	if (rc == 0 && !options->at_once)
		rc = listener_make(launch->dir, &waiting, err);
	if (rc == 0 && !text_empty(options->console_socket))
		rc = console_socket_connect(options->console_socket, &console, err);
	if (rc < 0)
		return rc;
	trace("ready to clone");
	const struct apply_input input = {
	    .stdio = {0, 1, 2},
	    .slots = launch->bundle.slots,
	    .slot_count = launch->bundle.slot_count,
	    .program = program,
	    .listener = waiting,
	    .listening = waiting >= 0,
	    .preserve_fds = launch->preserve_fds,
	    .survives = options->detach || !options->at_once,
	    .host = &host,
	};
	rc = apply_create(launch->bundle.plan, &input, &launch->process, &exit_code, err);
	if (rc < 0)
		return err_wrap(err, "unable to start container process");
	trace("process prepared");
	if (console < 0)
		console_prepare(launch->process.console);
	else {
		rc = console_socket_send(take_fd(&console), launch->process.console, err);
		launch->process.console = -1;
	}
	return rc;
}

int launch_record(struct launch *launch, struct err *err)
{
	const struct launch_options *options = launch->options;
	/* Done without: what stands at its name, or will, is somebody else's. */
	if (launch->bundle.plan->cgroup_optional && !cgroup_exists(launch->bundle.plan->cgroup)) {
		launch->state.cgroup = NULL;
		launch->state.scope = NULL;
	}
	launch->state.pid = launch->process.pid;
	launch->state.start_time = process_start_time(launch->process.pid);
	launch->state.started = options->at_once;
	int rc = state_write(launch->dir, &launch->state, err);
	if (rc == 0)
		rc = launch_pid_file(options->pid_file, launch->process.pid, err);
	return rc < 0 ? rc : launch_pidfd_send(options->pidfd_socket, launch->process.pid, err);
}

static void process_end(struct launch *launch)
{
	pid_t pid = launch->process.pid;
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	launch->process.pid = 0;
	apply_release(launch->bundle.plan);
}

void launch_undo(struct launch *launch)
{
	struct err ignored;
	process_end(launch);
	host_mount_remove(launch->state.rootfs, launch->state.host_mount);
	resctrl_remove(launch->state.intel_rdt);
	(void)!state_remove(launch->context->root_fd, launch->options->id, &ignored);
}

/* In this order whoever is killed meanwhile leaves enough behind for `delete --force`. */
static int container_note(struct launch *launch, struct err *err)
{
	state_fill(launch);
	descriptors_note(launch);
	int rc = state_write(launch->dir, &launch->state, err);
	if (rc == 0)
		rc = plan_keep(launch, err);
	trace("state written");
	if (rc < 0)
		launch_undo(launch);
	return rc;
}

int launch_begin(struct launch *launch, struct err *err)
{
	const struct launch_options *options = launch->options;
	const struct bundle_options bundle = {
	    .id = options->id, .no_pivot = options->no_pivot, .no_new_keyring = options->no_new_keyring};
	launch->dir = -1;
	launch->process = (struct apply_process){.console = -1, .socket = -1};
	int rc = id_free_check(launch, err);
	if (rc == 0)
		rc = launch_preserve(options->preserve_fds, &launch->preserve_fds, err);
	if (rc == 0)
		rc = bundle_load(&launch->bundle, options->bundle, err);
	if (rc == 0 && launch->bundle.spec.linux_part && (rc = rootless_check(&launch->bundle.spec, err)) < 0)
		err_wrap(err, "config.json");
	trace("bundle read");
	if (rc == 0)
		rc = bundle_compile(launch->context, &launch->bundle, &bundle, err);
	trace("plan compiled");
	if (rc == 0)
		rc = terminal_check(launch, err);
	if (rc == 0)
		rc = state_make(launch->context->root_fd, options->id, &launch->dir, err);
	return rc < 0 ? rc : container_note(launch, err);
}

int launch_make(struct launch *launch, struct err *err)
{
	int rc = launch_begin(launch, err);
	if (rc < 0)
		return rc;
	rc = process_make(launch, err);
	if (rc == 0)
		rc = launch_record(launch, err);
	trace("process recorded");
	if (rc < 0) {
		if (launch->state.scope)
			launch_cgroup_remove(launch->context, &launch->state);
		launch_undo(launch);
	}
	return rc;
}

int launch_go(struct launch *launch, struct err *err)
{
	const struct apply_host host = {.listener = listener, .context = launch};
	struct err ignored;
	int exit_code, rc = apply_start(&launch->process, &host, &exit_code, err);
	if (rc < 0) {
		launch->process.pid = 0;
		launch_cgroup_remove(launch->context, &launch->state);
		launch_undo(launch);
		return err_wrap(err, "unable to start container process");
	}
	trace("program started");
	rc = launch_poststart(&launch->state, err);
	if (rc < 0) {
		process_end(launch);
		(void)!launch_remove(launch->context, &launch->state, &ignored);
	}
	return rc;
}

void launch_done(struct launch *launch)
{
	cleanup_fd(&launch->process.console);
	cleanup_fd(&launch->process.socket);
	cleanup_fd(&launch->dir);
	bundle_done(&launch->bundle);
}

int launch_poststart(const struct container_state *state, struct err *err)
{
	auto_buf document = BUF_INIT(STATE_DOCUMENT_MAX);
	if (!state->hooks || state->hooks->poststart.count == 0)
		return 0;
	state_document(state, "running", &document);
	return hooks_run(state->hooks->poststart.items, state->hooks->poststart.count, "poststart", buf_str(&document),
			 err);
}

/* --- the end --- */

static void processes_end(const struct container_state *state)
{
	enum { LOOK_US = 1000, LOOKS = 10000 };
	struct err err;
	pid_t pid = (pid_t)state->pid;
	if (!process_alive(pid, state->start_time))
		return; /* others that are left end with the group */
	(void)kill(pid, SIGKILL);
	if (state->cgroup && cgroup_exists(state->cgroup))
		(void)!cgroup_kill(state->cgroup, &err); /* also where it is frozen */
	for (int looks = 0; looks < LOOKS && process_alive(pid, state->start_time); looks++) {
		struct timespec nap = {.tv_nsec = LOOK_US * 1000};
		nanosleep(&nap, NULL);
	}
}

/* systemd takes the group away with the unit; what it leaves, and where it does not answer, we do. */
void launch_cgroup_remove(struct context *context, const struct container_state *state)
{
	struct err err;
	if (state->scope) {
		const struct plan_scope scope = container_scope(state);
		if (cgroup_scope_stop(&scope, &err) < 0) {
			(void)!err_wrap(&err, "stop the scope %s", scope.unit);
			context_warn(context, err.msg);
		}
	}
	if (state->cgroup)
		cgroup_remove(state->cgroup);
}

int launch_remove(struct context *context, const struct container_state *state, struct err *err)
{
	auto_buf document = BUF_INIT(STATE_DOCUMENT_MAX);
	struct container_state stopped = *state;
	processes_end(state);
	launch_cgroup_remove(context, state);
	host_mount_remove(state->rootfs, state->host_mount);
	resctrl_remove(state->intel_rdt);
	int rc = state_remove(context->root_fd, state->id, err);
	if (!state->hooks || state->hooks->poststop.count == 0)
		return rc;
	stopped.pid = 0;
	state_document(&stopped, "stopped", &document);
	for (size_t i = 0; i < state->hooks->poststop.count; i++) {
		struct err hook;
		/* One that fails keeps no other from running: the container is gone. */
		if (hooks_run(&state->hooks->poststop.items[i], 1, "poststop", buf_str(&document), &hook) < 0)
			context_warn(context, hook.msg);
	}
	return rc;
}
