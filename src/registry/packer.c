#include "registry/packer.h"

#include "base/fd.h"
#include "base/text.h"
#include "image/layer.h"
#include "image/pack.h"
#include "security/confine.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { WORKER_SOCKET = 3, WORKER_STAGING, WORKER_LAYERS };

struct pack_message {
	struct digest diff_id, digest;
	char name[32];
	uint64_t size;
	int rc;
	struct err err;
};

struct packer {
	struct {
		int socket;
		struct pack_task *task;
	} workers[PACK_WORKERS_MAX];
	size_t count;
	struct pack_task *queue;
};

static int pack_bytes(void *cookie, const void *data, size_t size, struct err *err)
{
	return pack_write(cookie, data, size, err);
}

static int layer_pack(struct pack_message *message, struct err *err)
{
	struct pack *pack = NULL;
	int rc = pack_open(WORKER_STAGING, message->name, COMPRESS_GZIP, &pack, err);
	if (rc == 0)
		rc = layer_copy(WORKER_LAYERS, &message->diff_id, pack_bytes, pack, err);
	if (rc == 0)
		rc = pack_finish(pack, &message->digest, &message->size, err);
	pack_free(pack);
	return rc;
}

static _Noreturn void worker_main(int given_socket, int given_staging, int given_layers)
{
	struct err err;
	struct pack_message message;
	const struct confine_spec spec = {.dirs = {{.fd = WORKER_STAGING, .writable = true}, {.fd = WORKER_LAYERS}},
					  .dir_count = 2,
					  .messages = true};
	auto_fd int socket = fcntl(given_socket, F_DUPFD_CLOEXEC, 64),
		    layers = fcntl(given_layers, F_DUPFD_CLOEXEC, 64);
	if (socket < 0 || layers < 0 || dup2(given_staging, WORKER_STAGING) < 0 || dup2(layers, WORKER_LAYERS) < 0 ||
	    dup3(socket, WORKER_SOCKET, O_CLOEXEC) < 0 || fd_close_from(WORKER_LAYERS + 1, &err) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() == 1 || confine_enter(&spec, &err) < 0)
		_exit(1);
	for (;;) {
		size_t none;
		if (fd_receive(WORKER_SOCKET, &message, sizeof message, NULL, 0, &none) != sizeof message)
			_exit(0);
		message.name[sizeof message.name - 1] = 0;
		message.rc = layer_pack(&message, &message.err);
		if (fd_send(WORKER_SOCKET, &message, sizeof message, NULL, 0) < 0)
			_exit(1);
	}
}

int packer_start(int staging, int layers, size_t count, struct packer **out_packer, struct err *err)
{
	struct packer *packer = x_alloc(sizeof *packer);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count && i < PACK_WORKERS_MAX; i++) {
		int ends[2];
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
			rc = err_sys(err, "socketpair");
			break;
		}
		auto_fd int ours = ends[0], theirs = ends[1];
		pid_t pid = fork();
		if (pid == 0)
			worker_main(theirs, staging, layers);
		if (pid < 0)
			rc = err_sys(err, "fork");
		else
			packer->workers[packer->count++].socket = take_fd(&ours);
	}
	if (rc < 0) {
		packer_free(packer);
		return rc;
	}
	*out_packer = packer;
	return 0;
}

void packer_free(struct packer *packer)
{
	if (!packer)
		return;
	for (size_t i = 0; i < packer->count; i++)
		close(packer->workers[i].socket);
	free(packer);
}

void packer_add(struct packer *packer, struct pack_task *task)
{
	struct pack_task **link = &packer->queue;
	while (*link)
		link = &(*link)->next;
	*link = task;
	task->next = NULL;
}

int packer_step(struct packer *packer, struct err *err)
{
	for (size_t i = 0; i < packer->count; i++) {
		struct pack_message message = {0};
		struct pack_task *task = packer->workers[i].task;
		int socket = packer->workers[i].socket;
		if (task) {
			ssize_t got = recv(socket, &message, sizeof message, MSG_DONTWAIT);
			if (got < 0 && (errno == EAGAIN || errno == EINTR))
				continue;
			if (got != sizeof message)
				return err_set(err, EIO, "a worker that compresses layers has ended");
			packer->workers[i].task = NULL;
			task->rc = message.rc;
			task->err = message.err;
			task->digest = message.digest;
			task->size = message.size;
			task->done = true;
		}
		task = packer->queue;
		if (!task)
			continue;
		message = (struct pack_message){.diff_id = task->diff_id};
		memcpy(message.name, task->name, sizeof message.name);
		int rc = fd_send(socket, &message, sizeof message, NULL, 0);
		if (rc < 0)
			return err_set(err, -rc, "a worker that compresses layers has ended: %s", strerror(-rc));
		packer->queue = task->next;
		packer->workers[i].task = task;
	}
	return 0;
}

size_t packer_fds(const struct packer *packer, int out_fds[PACK_WORKERS_MAX])
{
	for (size_t i = 0; i < packer->count; i++)
		out_fds[i] = packer->workers[i].socket;
	return packer->count;
}
