#include "resolver/worker.h"

#include "base/fd.h"

#include <sys/socket.h>

void worker_settle(struct worker *worker)
{
	if (worker->engine < 0 && worker->guests.count == 0)
		loop_stop(worker->loop);
}

static void bury(struct loop_task *task)
{
	struct worker *worker = container_of(task, struct worker, bury);
	clients_bury(worker);
	guests_bury(worker);
}

void worker_bury(struct worker *worker)
{
	loop_task_add(worker->loop, &worker->bury, bury);
}

/* The next engine: the one before is gone, or is told by its end of file that it is. */
static void listener_ready(struct loop_io *io, uint32_t events)
{
	struct worker *worker = container_of(io, struct worker, listener_io);
	struct ucred peer;
	socklen_t size = sizeof peer;
	struct err ignored;
	(void)events;
	/* cppcheck-suppress nullPointer; accept(2) takes it */
	auto_fd int fd = accept4(worker->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != 0)
		return;
	link_close(worker);
	worker->engine = take_fd(&fd);
	if (link_open(worker, &ignored) < 0)
		link_close(worker);
}

/* Without the keeper nobody can be asked: an engine starts both anew. */
static void keeper_ready(struct loop_io *io, uint32_t events)
{
	struct worker *worker = container_of(io, struct worker, keeper_io);
	(void)events;
	loop_stop(worker->loop);
}

static int run(struct worker *worker, struct err *err)
{
	int rc = loop_new(&worker->loop, err);
	if (rc == 0)
		rc = fd_set_nonblock(worker->listener, true, err);
	if (rc == 0 && worker->engine >= 0)
		rc = fd_set_nonblock(worker->engine, true, err);
	if (rc == 0)
		rc = loop_io_add(worker->loop, &worker->listener_io, worker->listener, EPOLLIN, listener_ready, err);
	if (rc == 0)
		rc = loop_io_add(worker->loop, &worker->keeper_io, worker->keeper, EPOLLRDHUP, keeper_ready, err);
	if (rc == 0 && worker->engine >= 0)
		rc = link_open(worker, err);
	return rc < 0 ? rc : loop_run(worker->loop, err);
}

static void guests_drop(struct worker *worker)
{
	size_t position = 0;
	const char *id;
	void *guest;
	while (map_next(&worker->guests, &position, &id, &guest)) {
		guest_drop(guest);
		position = 0;
	}
	map_done(&worker->guests);
}

int worker_run(int engine, int listener, int keeper, struct err *err)
{
	struct worker worker = {.engine = engine, .listener = listener, .keeper = keeper};
	int rc = run(&worker, err);
	if (worker.loop) {
		guests_drop(&worker);
		link_close(&worker);
		loop_timer_stop(&worker.orphans);
		loop_task_remove(&worker.bury);
		clients_bury(&worker);
		guests_bury(&worker);
		loop_io_remove(&worker.listener_io);
		loop_io_remove(&worker.keeper_io);
	}
	loop_free(worker.loop);
	table_done(&worker.table);
	cleanup_fd(&worker.engine);
	cleanup_fd(&worker.listener);
	cleanup_fd(&worker.keeper);
	return rc;
}
