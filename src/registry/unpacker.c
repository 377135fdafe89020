#include "registry/unpacker.h"

#include "base/fd.h"
#include "base/text.h"
#include "image/compress.h"
#include "security/confine.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { CONSUMED_EVERY = 1 << 20, WORKER_SOCKET = 3, WORKER_STAGING = 4 };

enum message_kind { MESSAGE_TASK, MESSAGE_GROWN, MESSAGE_DROP, MESSAGE_CONSUMED, MESSAGE_RESULT };

/* Both ways; TASK carries the descriptor. */
struct message {
	enum message_kind kind;
	uint64_t number; /* TASK: the size; GROWN: bytes there; CONSUMED: bytes read */
	char name[32];
	int rc;
	struct unpack_result result;
	struct err err;
};

struct unpack_worker {
	pid_t pid;
	int socket;
	struct unpack_task *task;
	bool dropping; /* was told to drop: its next result is nobody's */
};

struct unpacker {
	struct unpack_worker workers[UNPACK_WORKERS_MAX];
	size_t count;
	struct unpack_task *queue;
};

/* --- the worker --- */

struct growing {
	struct stream base;
	int socket, fd;
	uint8_t *piece;
	uint64_t at, there, size, told;
	bool dropped;
};

/* Waits until there is more. The parent's end is ours. */
static int grow(struct growing *growing, struct err *err)
{
	struct message message;
	size_t fds;
	ssize_t got = fd_receive(growing->socket, &message, sizeof message, NULL, 0, &fds);
	if (got != sizeof message)
		_exit(1);
	if (message.kind == MESSAGE_DROP) {
		growing->dropped = true;
		return err_set(err, ECANCELED, "dropped");
	}
	if (message.kind == MESSAGE_GROWN && message.number <= growing->size)
		growing->there = message.number;
	return 0;
}

static int growing_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct growing *growing = (struct growing *)base;
	while (growing->at == growing->there && growing->there < growing->size) {
		int rc = grow(growing, err);
		if (rc < 0)
			return rc;
	}
	uint64_t left = growing->there - growing->at;
	size_t wanted = left < STREAM_PIECE ? (size_t)left : STREAM_PIECE;
	ssize_t got = wanted ? pread(growing->fd, growing->piece, wanted, (off_t)growing->at) : 0;
	if (got < 0)
		return err_sys(err, "read a layer");
	if (wanted && got == 0)
		return err_set(err, EBADMSG, "a layer became shorter");
	growing->at += (uint64_t)got;
	if (growing->at - growing->told >= CONSUMED_EVERY) {
		const struct message message = {.kind = MESSAGE_CONSUMED, .number = growing->at};
		(void)send(growing->socket, &message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL); /* only for show */
		growing->told = growing->at;
	}
	*out_data = growing->piece;
	*out_size = (size_t)got;
	return 0;
}

static int layer_unpack(struct growing *growing, int staging, const char *name, struct unpack_result *out_result,
			struct err *err)
{
	struct stream *plain;
	enum compress_kind kind;
	int rc = compress_open(&growing->base, &plain, &kind, err);
	if (rc < 0)
		return rc;
	rc = unpack_staged(staging, name, plain, &(struct unpack_limits){0}, out_result, err);
	/* What stands behind the end of the archive is read too: the whole blob was, or it is not good. */
	while (rc == 0) {
		const uint8_t *data;
		size_t size;
		rc = stream_next(plain, &data, &size, err);
		if (size == 0)
			break;
	}
	stream_done(plain);
	return rc;
}

/* The parent waits for exactly one answer to each task, and drops are answered too. */
static void task_do(int socket, int staging, const struct message *task, int fd)
{
	struct growing growing = {.base = {growing_next, NULL}, .socket = socket, .fd = fd, .size = task->number};
	struct message answer = {.kind = MESSAGE_RESULT};
	growing.piece = x_alloc(STREAM_PIECE);
	answer.rc = layer_unpack(&growing, staging, task->name, &answer.result, &answer.err);
	free(growing.piece);
	close(fd);
	if (fd_send(socket, &answer, sizeof answer, NULL, 0) < 0)
		_exit(1);
}

/* Nothing of the job's is left open but the two that it needs. */
static _Noreturn void worker_main(int given_socket, int given_staging)
{
	struct err err;
	const struct confine_spec spec = {
	    .dirs = {{.fd = WORKER_STAGING, .writable = true}}, .dir_count = 1, .messages = true};
	const int socket = WORKER_SOCKET, staging = WORKER_STAGING;
	auto_fd int kept = fcntl(given_socket, F_DUPFD_CLOEXEC, 64);
	if (kept < 0 || dup2(given_staging, WORKER_STAGING) < 0 || dup3(kept, WORKER_SOCKET, O_CLOEXEC) < 0 ||
	    fd_close_from(WORKER_STAGING + 1, &err) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() == 1 ||
	    confine_enter(&spec, &err) < 0)
		_exit(1);
	for (;;) {
		struct message message;
		int fd = -1;
		size_t count = 0;
		if (fd_receive(socket, &message, sizeof message, &fd, 1, &count) != sizeof message)
			_exit(0);
		message.name[sizeof message.name - 1] = 0;
		if (message.kind == MESSAGE_TASK && count == 1)
			task_do(socket, staging, &message, fd);
		else if (count == 1)
			close(fd);
	}
}

/* --- the parent --- */

static int worker_start(struct unpacker *unpacker, int staging, struct err *err)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, "socketpair");
	auto_fd int ours = ends[0], theirs = ends[1];
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		close(ours);
		for (size_t i = 0; i < unpacker->count; i++)
			close(unpacker->workers[i].socket);
		worker_main(theirs, staging);
	}
	unpacker->workers[unpacker->count++] = (struct unpack_worker){.pid = pid, .socket = take_fd(&ours)};
	return 0;
}

int unpacker_start(int staging, size_t count, struct unpacker **out_unpacker, struct err *err)
{
	struct unpacker *unpacker = x_alloc(sizeof *unpacker);
	int rc = 0;
	if (count > UNPACK_WORKERS_MAX)
		count = UNPACK_WORKERS_MAX;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = worker_start(unpacker, staging, err);
	if (rc < 0) {
		unpacker_free(unpacker);
		return rc;
	}
	*out_unpacker = unpacker;
	return 0;
}

void unpacker_free(struct unpacker *unpacker)
{
	if (!unpacker)
		return;
	/* They end with their sockets, or with us. */
	for (size_t i = 0; i < unpacker->count; i++)
		close(unpacker->workers[i].socket);
	free(unpacker);
}

void unpacker_add(struct unpacker *unpacker, struct unpack_task *task)
{
	struct unpack_task **link = &unpacker->queue;
	while (*link)
		link = &(*link)->next;
	*link = task;
	task->next = NULL;
	task->worker = NULL;
	task->state = UNPACK_QUEUED;
	task->told = task->consumed = 0;
}

static void queue_remove(struct unpacker *unpacker, const struct unpack_task *task)
{
	for (struct unpack_task **link = &unpacker->queue; *link; link = &(*link)->next) {
		if (*link == task) {
			*link = task->next;
			return;
		}
	}
}

void unpacker_drop(struct unpacker *unpacker, struct unpack_task *task)
{
	const struct message message = {.kind = MESSAGE_DROP};
	queue_remove(unpacker, task);
	if (task->state == UNPACK_RUNNING && task->worker) {
		task->worker->task = NULL;
		task->worker->dropping = true;
		if (fd_send(task->worker->socket, &message, sizeof message, NULL, 0) < 0)
			task->worker->pid = 0;
	}
	task->state = UNPACK_DONE;
	task->worker = NULL;
}

static int worker_give(struct unpacker *unpacker, struct unpack_worker *worker, struct err *err)
{
	struct unpack_task *task = unpacker->queue;
	struct message message = {.kind = MESSAGE_TASK, .number = task->size};
	memcpy(message.name, task->name, sizeof message.name);
	int rc = fd_send(worker->socket, &message, sizeof message, &task->fd, 1);
	if (rc < 0)
		return err_set(err, -rc, "a worker that unpacks layers has ended: %s", strerror(-rc));
	unpacker->queue = task->next;
	task->state = UNPACK_RUNNING;
	task->worker = worker;
	worker->task = task;
	return 0;
}

static void worker_tell(struct unpack_worker *worker)
{
	struct unpack_task *task = worker->task;
	const struct message message = {.kind = MESSAGE_GROWN, .number = task->available};
	/* A worker that is far behind hears of it the next time. */
	if (task->available > task->told &&
	    send(worker->socket, &message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof message)
		task->told = task->available;
}

static int worker_hear(struct unpack_worker *worker, struct err *err)
{
	struct message message;
	for (;;) {
		ssize_t got = recv(worker->socket, &message, sizeof message, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (got != sizeof message)
			return err_set(err, EIO, "a worker that unpacks layers has ended");
		struct unpack_task *task = worker->task;
		if (message.kind == MESSAGE_CONSUMED && task)
			task->consumed = message.number;
		if (message.kind != MESSAGE_RESULT)
			continue;
		worker->task = NULL;
		worker->dropping = false;
		if (!task)
			continue;
		task->rc = message.rc;
		task->err = message.err;
		task->result = message.result;
		task->state = UNPACK_DONE;
		task->worker = NULL;
	}
}

int unpacker_step(struct unpacker *unpacker, struct err *err)
{
	for (size_t i = 0; i < unpacker->count; i++) {
		struct unpack_worker *worker = &unpacker->workers[i];
		int rc = worker_hear(worker, err);
		if (rc == 0 && !worker->task && !worker->dropping && unpacker->queue)
			rc = worker_give(unpacker, worker, err);
		if (rc < 0)
			return rc;
		if (worker->task)
			worker_tell(worker);
	}
	return 0;
}

size_t unpacker_fds(const struct unpacker *unpacker, int out_fds[UNPACK_WORKERS_MAX])
{
	for (size_t i = 0; i < unpacker->count; i++)
		out_fds[i] = unpacker->workers[i].socket;
	return unpacker->count;
}
