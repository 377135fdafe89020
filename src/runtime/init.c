#include "runtime/init.h"

#include "base/fd.h"
#include "base/text.h"
#include "runtime/apply_child.h"
#include "runtime/exec_child.h"
#include "runtime/plan_wire.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EXIT_SETUP = 125, STACK_SIZE = 64 << 10 };

enum orders_kind { ORDERS_CONTAINER = 1, ORDERS_EXEC };

/* The first message: fds are the plan, then the listener where there is one, then the slots. */
struct orders {
	uint32_t kind, slot_count;
	bool listening, survives, chrooted, no_cgroup;
	int32_t target;
	char cgroup[512]; /* of exec */
};

/* --- the maker's side --- */

struct spawn {
	int program, socket;
	const int *stdio;
	uint32_t preserve_fds;
	int error;
};

static int spawn_place(int from, int to)
{
	if (from == to)
		return fcntl(to, F_SETFD, 0);
	return dup2(from, to);
}

/* Shares our memory until it executes: no allocation, no lock. */
static int spawn_child(void *argument)
{
	struct spawn *spawn = argument;
	int target = 3 + (int)spawn->preserve_fds;
	char socket[12], preserve[12];
	char *const argv[] = {(char *)INIT_NAME, socket, preserve, NULL};
	static char *const env[] = {NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Out of the way of what is put into place. */
	int channel = fcntl(spawn->socket, F_DUPFD_CLOEXEC, target + 2);
	int program = fcntl(spawn->program, F_DUPFD_CLOEXEC, target + 2);
	int low[3];
	for (int i = 0; i < 3; i++)
		low[i] = fcntl(spawn->stdio[i] >= 0 ? spawn->stdio[i] : null, F_DUPFD_CLOEXEC, target + 2);
	if (channel < 0 || program < 0 || low[0] < 0 || low[1] < 0 || low[2] < 0)
		goto failed;
	for (int i = 0; i < 3; i++) {
		if (spawn_place(low[i], i) < 0)
			goto failed;
	}
	for (int fd = 3; fd < target; fd++)
		(void)fcntl(fd, F_SETFD, 0);
	struct err err;
	if (fd_sweep(target, &err) < 0 || spawn_place(channel, target) < 0)
		goto failed;
	sigset_t none;
	sigemptyset(&none);
	for (int number = 1; number < _NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(socket, sizeof socket, "%d", target);
	snprintf(preserve, sizeof preserve, "%u", spawn->preserve_fds);
	syscall(SYS_execveat, program, "", argv, env, AT_EMPTY_PATH);
failed:
	spawn->error = errno;
	_exit(EXIT_SETUP);
}

static int spawn(struct spawn *spawn, uint64_t flags, pid_t *out_pid, struct err *err)
{
	auto_free char *stack = x_alloc(STACK_SIZE);
	sigset_t all, before;
	sigfillset(&all);
	/* No handler of ours may run in memory that two share. */
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	int pid = clone(spawn_child, stack + STACK_SIZE, (int)flags | CLONE_VM | CLONE_VFORK | SIGCHLD, spawn);
	int saved = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	if (pid < 0)
		return err_sys(err, "clone");
	*out_pid = pid;
	return spawn->error ? err_set(err, spawn->error, "execute " INIT_NAME ": %s", strerror(spawn->error)) : 0;
}

static int orders_send(int socket, const struct orders *orders, const struct buf *plan, int listener, const int *slots,
		       struct err *err)
{
	int fds[FD_SEND_MAX];
	size_t count = 0;
	auto_fd int sealed = -1;
	int rc = buf_check(plan, "the plan", err);
	if (rc == 0)
		rc = fd_sealed("plan", plan->data, plan->len, &sealed, err);
	if (rc < 0)
		return rc;
	fds[count++] = sealed;
	if (orders->listening)
		fds[count++] = listener;
	if (orders->slot_count + count > FD_SEND_MAX)
		return err_set(err, E2BIG, "more than %d descriptors for the container", APPLY_SLOTS_MAX);
	for (size_t i = 0; i < orders->slot_count; i++)
		fds[count++] = slots[i];
	rc = fd_send(socket, orders, sizeof *orders, fds, count);
	return rc < 0 ? err_set(err, -rc, "orders: %s", strerror(-rc)) : 0;
}

int init_spawn_container(const struct plan *plan, const struct apply_input *input, bool no_cgroup, int theirs, int mine,
			 pid_t *out_pid, struct err *err)
{
	struct spawn child = {
	    .program = input->program, .socket = theirs, .stdio = input->stdio, .preserve_fds = input->preserve_fds};
	struct orders orders = {.kind = ORDERS_CONTAINER,
				.slot_count = (uint32_t)input->slot_count,
				.listening = input->listening,
				.survives = input->survives,
				.no_cgroup = no_cgroup};
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	plan_encode(plan, &bytes);
	/* Before it runs: what is wrong with them is known earlier, and they wait in the socket. */
	int rc = orders_send(mine, &orders, &bytes, input->listener, input->slots, err);
	return rc < 0 ? rc : spawn(&child, apply_clone_flags(plan), out_pid, err);
}

int init_spawn_exec(const struct plan_process *process, const struct exec_input *input, int theirs, int mine,
		    pid_t *out_pid, struct err *err)
{
	struct spawn child = {
	    .program = input->program, .socket = theirs, .stdio = input->stdio, .preserve_fds = input->preserve_fds};
	struct orders orders = {
	    .kind = ORDERS_EXEC, .target = input->target, .survives = input->survives, .chrooted = input->chrooted};
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	if (input->cgroup && strlen(input->cgroup) >= sizeof orders.cgroup)
		return err_set(err, ENAMETOOLONG, "the name of the cgroup is too long");
	snprintf(orders.cgroup, sizeof orders.cgroup, "%s", input->cgroup ? input->cgroup : "");
	plan_process_encode(process, &bytes);
	int rc = orders_send(mine, &orders, &bytes, -1, NULL, err);
	return rc < 0 ? rc : spawn(&child, 0, out_pid, err);
}

int init_seal(int program, const char *name, int *out_fd, struct err *err)
{
	struct stat info;
	auto_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || fstat(program, &info) < 0)
		return err_sys(err, "seal the program");
	for (off_t at = 0; at < info.st_size;) {
		ssize_t size = sendfile(fd, program, &at, (size_t)(info.st_size - at));
		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return err_sys(err, "seal the program");
	}
	if (fchmod(fd, 0555) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(err, "seal the program");
	*out_fd = take_fd(&fd);
	return 0;
}

/* --- the program's side --- */

struct plan_bytes {
	void *data;
	size_t size;
};

static int plan_map(int fd, struct plan_bytes *bytes, struct err *err)
{
	struct stat info;
	if (fstat(fd, &info) < 0 || info.st_size <= 0 || info.st_size > PLAN_SIZE_MAX)
		return err_set(err, EPROTO, "no plan came with the orders");
	bytes->size = (size_t)info.st_size;
	bytes->data = mmap(NULL, bytes->size, PROT_READ, MAP_PRIVATE, fd, 0);
	return bytes->data == MAP_FAILED ? err_sys(err, "map the plan") : 0;
}

static int orders_receive(int socket, struct orders *orders, int fds[FD_SEND_MAX], size_t *out_count, struct err *err)
{
	ssize_t size = fd_receive(socket, orders, sizeof *orders, fds, FD_SEND_MAX, out_count);
	if (size < 0)
		return err_set(err, (int)-size, "orders: %s", strerror((int)-size));
	size_t first = 1 + (size != 0 && orders->listening);
	if (size != (ssize_t)sizeof *orders || *out_count != first + orders->slot_count)
		return err_set(err, EPROTO, "the orders are damaged");
	orders->cgroup[sizeof orders->cgroup - 1] = 0;
	return 0;
}

static _Noreturn void container_main(int socket, uint32_t preserve_fds, const struct orders *orders, const int *fds)
{
	static const int stdio[3] = {0, 1, 2};
	struct apply_child child = {
	    .stdio = stdio,
	    .slots = fds + 1 + orders->listening,
	    .slot_count = orders->slot_count,
	    .socket = socket,
	    .listener = orders->listening ? fds[1] : -1,
	    .preserve_fds = preserve_fds,
	    .survives = orders->survives,
	    .in_cgroup = orders->no_cgroup,
	    .opener = -1,
	};
	struct plan_bytes bytes;
	struct plan *plan;
	struct err err;
	if (plan_map(fds[0], &bytes, &err) < 0 || plan_decode(&child.arena, bytes.data, bytes.size, &plan, &err) < 0)
		apply_fail(socket, EXIT_SETUP, &err);
	close(fds[0]);
	child.plan = plan;
	apply_child_main(&child);
}

static _Noreturn void exec_main(int socket, uint32_t preserve_fds, const struct orders *orders, const int *fds)
{
	static const int stdio[3] = {0, 1, 2};
	struct exec_child child = {
	    .cgroup = orders->cgroup[0] ? orders->cgroup : NULL,
	    .stdio = stdio,
	    .target = orders->target,
	    .socket = socket,
	    .preserve_fds = preserve_fds,
	    .survives = orders->survives,
	    .chrooted = orders->chrooted,
	};
	struct plan_bytes bytes;
	struct plan_process *process;
	struct err err;
	if (plan_map(fds[0], &bytes, &err) < 0 ||
	    plan_process_decode(&child.arena, bytes.data, bytes.size, &process, &err) < 0)
		apply_fail(socket, EXIT_SETUP, &err);
	close(fds[0]);
	child.process = process;
	exec_child_main(&child);
}

int init_main(int argc, char **argv)
{
	enum { FDS_MAX = 1 << 20 };
	struct orders orders = {0};
	int fds[FD_SEND_MAX];
	size_t count = 0;
	int64_t socket, preserve;
	struct err err;
	if (argc != 3 || number_parse(argv[1], 3, FDS_MAX, "socket", &socket, &err) < 0 ||
	    number_parse(argv[2], 0, FDS_MAX, "descriptors", &preserve, &err) < 0)
		return EXIT_SETUP;
	(void)prctl(PR_SET_NAME, INIT_NAME, 0, 0, 0);
	/* Nobody looks into a process that is neither quite here nor quite there (CVE-2016-9962). */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (fcntl((int)socket, F_SETFD, FD_CLOEXEC) < 0 || orders_receive((int)socket, &orders, fds, &count, &err) < 0)
		return EXIT_SETUP;
	if (orders.kind == ORDERS_EXEC)
		exec_main((int)socket, (uint32_t)preserve, &orders, fds);
	container_main((int)socket, (uint32_t)preserve, &orders, fds);
}
