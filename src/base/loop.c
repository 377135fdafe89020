#include "base/loop.h"
#include "base/fd.h"
#include "base/time.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

enum { EVENTS_MAX = 64 };

struct loop {
	int epoll;
	bool stopped;
	struct epoll_event events[EVENTS_MAX]; /* of this turn; a removed source is struck out */
	int event_count;
	struct loop_timer **timers; /* a binary heap by due_ns */
	size_t timer_count, timer_room;
	struct loop_task *tasks, **tasks_end;
};

int loop_new(struct loop **out_loop, struct err *err)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return err_sys(err, "epoll_create1");
	struct loop *loop = x_alloc(sizeof *loop);
	loop->epoll = epoll;
	loop->tasks_end = &loop->tasks;
	*out_loop = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->epoll);
	free(loop->timers);
	free(loop);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

/* --- descriptors --- */

int loop_io_add(struct loop *loop, struct loop_io *io, int fd, uint32_t events,
		void (*ready)(struct loop_io *io, uint32_t events), struct err *err)
{
	struct epoll_event event = {.events = events, .data.ptr = io};
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_sys(err, "watch descriptor %d", fd);
	*io = (struct loop_io){.loop = loop, .fd = fd, .events = events, .ready = ready};
	return 0;
}

void loop_io_modify(struct loop_io *io, uint32_t events)
{
	if (!io->loop || io->events == events)
		return;
	struct epoll_event event = {.events = events, .data.ptr = io};
	if (epoll_ctl(io->loop->epoll, EPOLL_CTL_MOD, io->fd, &event) < 0)
		BUG("descriptor %d is not watched: %s", io->fd, strerror(errno));
	io->events = events;
}

void loop_io_remove(struct loop_io *io)
{
	struct loop *loop = io->loop;
	if (!loop)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, io->fd, NULL);
	for (int i = 0; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == io)
			loop->events[i].data.ptr = NULL;
	io->loop = NULL;
}

/* --- timers --- */

static void place(struct loop *loop, size_t slot, struct loop_timer *timer)
{
	loop->timers[slot] = timer;
	timer->slot = slot;
}

static void sift_up(struct loop *loop, size_t slot)
{
	struct loop_timer *timer = loop->timers[slot];
	while (slot > 0 && loop->timers[(slot - 1) / 2]->due_ns > timer->due_ns) {
		place(loop, slot, loop->timers[(slot - 1) / 2]);
		slot = (slot - 1) / 2;
	}
	place(loop, slot, timer);
}

static void sift_down(struct loop *loop, size_t slot)
{
	struct loop_timer *timer = loop->timers[slot];
	for (;;) {
		size_t child = 2 * slot + 1;
		if (child >= loop->timer_count)
			break;
		if (child + 1 < loop->timer_count && loop->timers[child + 1]->due_ns < loop->timers[child]->due_ns)
			child++;
		if (loop->timers[child]->due_ns >= timer->due_ns)
			break;
		place(loop, slot, loop->timers[child]);
		slot = child;
	}
	place(loop, slot, timer);
}

void loop_timer_start(struct loop *loop, struct loop_timer *timer, int64_t delay_ns,
		      void (*fired)(struct loop_timer *timer))
{
	loop_timer_stop(timer);
	if (loop->timer_count == loop->timer_room) {
		loop->timer_room = loop->timer_room ? loop->timer_room * 2 : 16;
		loop->timers = x_realloc(loop->timers, loop->timer_room * sizeof(struct loop_timer *));
	}
	*timer = (struct loop_timer){.loop = loop, .due_ns = time_monotonic_ns() + delay_ns, .fired = fired};
	loop->timers[loop->timer_count] = timer;
	sift_up(loop, loop->timer_count++);
}

void loop_timer_stop(struct loop_timer *timer)
{
	struct loop *loop = timer->loop;
	if (!loop)
		return;
	struct loop_timer *last = loop->timers[--loop->timer_count];
	if (last != timer) {
		place(loop, timer->slot, last);
		sift_down(loop, last->slot);
		sift_up(loop, last->slot);
	}
	timer->loop = NULL;
}

static int wait_ms(const struct loop *loop, int timeout_ms)
{
	if (loop->stopped || loop->tasks)
		return 0;
	if (loop->timer_count == 0)
		return timeout_ms;
	int64_t left = loop->timers[0]->due_ns - time_monotonic_ns();
	int64_t ms = left <= 0 ? 0 : (left + 999999) / 1000000;
	if (timeout_ms >= 0 && ms > timeout_ms)
		return timeout_ms;
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static void run_timers(struct loop *loop)
{
	int64_t now = time_monotonic_ns();
	while (loop->timer_count && loop->timers[0]->due_ns <= now) {
		struct loop_timer *timer = loop->timers[0];
		loop_timer_stop(timer);
		timer->fired(timer);
	}
}

/* --- tasks --- */

void loop_task_add(struct loop *loop, struct loop_task *task, void (*run)(struct loop_task *task))
{
	if (task->loop)
		return;
	*task = (struct loop_task){.loop = loop, .run = run};
	*loop->tasks_end = task;
	loop->tasks_end = &task->next;
}

void loop_task_remove(struct loop_task *task)
{
	struct loop *loop = task->loop;
	if (!loop)
		return;
	for (struct loop_task **at = &loop->tasks; *at; at = &(*at)->next) {
		if (*at != task)
			continue;
		*at = task->next;
		if (loop->tasks_end == &task->next)
			loop->tasks_end = at;
		break;
	}
	task->loop = NULL;
}

static void run_tasks(struct loop *loop)
{
	while (loop->tasks) {
		struct loop_task *task = loop->tasks;
		loop_task_remove(task);
		task->run(task);
	}
}

/* --- turns --- */

int loop_once(struct loop *loop, int timeout_ms, struct err *err)
{
	int count = epoll_wait(loop->epoll, loop->events, EVENTS_MAX, wait_ms(loop, timeout_ms));
	if (count < 0 && errno != EINTR)
		return err_sys(err, "epoll_wait");
	loop->event_count = count < 0 ? 0 : count;
	for (int i = 0; i < loop->event_count; i++) {
		struct loop_io *io = loop->events[i].data.ptr;
		if (io)
			io->ready(io, loop->events[i].events);
	}
	loop->event_count = 0;
	run_timers(loop);
	run_tasks(loop);
	return 0;
}

int loop_run(struct loop *loop, struct err *err)
{
	loop->stopped = false;
	while (!loop->stopped)
		if (loop_once(loop, -1, err) < 0)
			return -err->code;
	return 0;
}

/* --- signals --- */

static void signal_ready(struct loop_io *io, uint32_t events)
{
	(void)events;
	struct loop_signal *signal = container_of(io, struct loop_signal, io);
	struct signalfd_siginfo info;
	if (read(io->fd, &info, sizeof info) == sizeof info)
		signal->received(signal, &info);
}

int loop_signal_add(struct loop *loop, struct loop_signal *signal, int number,
		    void (*received)(struct loop_signal *signal, const struct signalfd_siginfo *info), struct err *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, number);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, "block signal %d", number);
	auto_fd int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(err, "signalfd");
	if (loop_io_add(loop, &signal->io, fd, EPOLLIN, signal_ready, err) < 0)
		return -err->code;
	signal->received = received;
	take_fd(&fd);
	return 0;
}

void loop_signal_remove(struct loop_signal *signal)
{
	if (!signal->io.loop)
		return;
	loop_io_remove(&signal->io);
	close(signal->io.fd);
}

/* --- children --- */

static void child_ready(struct loop_io *io, uint32_t events)
{
	(void)events;
	struct loop_child *child = container_of(io, struct loop_child, io);
	int status;
	pid_t r = waitpid(child->pid, &status, WNOHANG);
	if (r == 0 || (r < 0 && errno == EINTR))
		return;
	loop_child_remove(child);
	child->ended(child, r < 0 ? 0xff00 : status); /* reaped by somebody else: as an exit with 255 */
}

int loop_child_add(struct loop *loop, struct loop_child *child, int pid,
		   void (*ended)(struct loop_child *child, int status), struct err *err)
{
	auto_fd int fd = -1;
	if (fd_pidfd(pid, &fd, err) < 0 || loop_io_add(loop, &child->io, fd, EPOLLIN, child_ready, err) < 0)
		return -err->code;
	child->pid = pid;
	child->ended = ended;
	take_fd(&fd);
	return 0;
}

void loop_child_remove(struct loop_child *child)
{
	if (!child->io.loop)
		return;
	loop_io_remove(&child->io);
	close(child->io.fd);
}
