#include "base/loop.h"
#include "base/process.h"
#include "unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static struct loop *loop;
static int order[8], order_count;

struct pipe_end {
	struct loop_io io;
	struct pipe_end *other;
	int calls;
};

static void remove_other(struct loop_io *io, uint32_t events)
{
	struct pipe_end *end = container_of(io, struct pipe_end, io);
	(void)events;
	end->calls++;
	loop_io_remove(&end->other->io);
	loop_io_remove(io);
	loop_stop(loop);
}

TEST(a_callback_may_remove_any_source)
{
	struct err err;
	int a[2], b[2];
	struct pipe_end first = {0}, second = {0};
	CHECK(pipe2(a, O_CLOEXEC) == 0 && pipe2(b, O_CLOEXEC) == 0);
	CHECK(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
	CHECK_OK(loop_new(&loop, &err));
	CHECK_OK(loop_io_add(loop, &first.io, a[0], EPOLLIN, remove_other, &err));
	CHECK_OK(loop_io_add(loop, &second.io, b[0], EPOLLIN, remove_other, &err));
	first.other = &second;
	second.other = &first;
	CHECK_OK(loop_run(loop, &err));
	CHECK_INT(first.calls + second.calls, 1);
	loop_free(loop);
	close(a[0]), close(a[1]), close(b[0]), close(b[1]);
}

struct numbered {
	struct loop_timer timer;
	int number;
};

static void note(struct loop_timer *timer)
{
	order[order_count++] = container_of(timer, struct numbered, timer)->number;
	if (order_count == 3)
		loop_stop(loop);
}

TEST(timers_fire_in_order)
{
	struct err err;
	struct numbered timers[5] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
	static const int64_t due_ms[] = {30, 10, 20, 5, 40};
	CHECK_OK(loop_new(&loop, &err));
	for (int i = 0; i < 5; i++)
		loop_timer_start(loop, &timers[i].timer, due_ms[i] * 1000000, note);
	loop_timer_stop(&timers[3].timer);
	loop_timer_start(loop, &timers[4].timer, 1, note); /* restarted */
	CHECK_OK(loop_run(loop, &err));
	CHECK_INT(order[0], 4);
	CHECK_INT(order[1], 1);
	CHECK_INT(order[2], 2);
	loop_timer_stop(&timers[0].timer);
	loop_free(loop);
}

struct work {
	struct loop_task task;
	struct loop_task *next;
};

static void run_work(struct loop_task *task)
{
	struct work *work = container_of(task, struct work, task);
	order[order_count++] = work->next ? 1 : 2;
	if (work->next)
		loop_task_add(loop, work->next, run_work);
	else
		loop_stop(loop);
}

TEST(tasks_run_in_the_same_turn)
{
	struct err err;
	struct work second = {0}, first = {.next = &second.task}, gone = {0};
	CHECK_OK(loop_new(&loop, &err));
	loop_task_add(loop, &first.task, run_work);
	loop_task_add(loop, &gone.task, run_work);
	loop_task_remove(&gone.task);
	CHECK_OK(loop_run(loop, &err));
	CHECK_INT(order_count, 2);
	CHECK_INT(order[1], 2);
	loop_free(loop);
}

static int child_status = -1;
static void child_ended(struct loop_child *child, int status)
{
	(void)child;
	child_status = status;
	loop_stop(loop);
}

TEST(children_are_reaped)
{
	struct err err;
	struct loop_child child = {0};
	const int fds[] = {-1, -1, 2};
	char *argv[] = {"sh", "-c", "exit 9", NULL};
	struct process_spec spec = {.path = "/bin/sh", .argv = argv, .fds = fds, .fd_count = 3};
	pid_t pid;
	CHECK_OK(loop_new(&loop, &err));
	CHECK_OK(process_spawn(&spec, &pid, &err));
	CHECK_OK(loop_child_add(loop, &child, pid, child_ended, &err));
	CHECK_OK(loop_run(loop, &err));
	CHECK_INT(WEXITSTATUS(child_status), 9);
	CHECK(waitpid(pid, NULL, WNOHANG) < 0);
	loop_free(loop);
}

static int signal_seen;
static void got_signal(struct loop_signal *source, const struct signalfd_siginfo *info)
{
	(void)source;
	signal_seen = (int)info->ssi_signo;
	loop_stop(loop);
}

TEST(signals_arrive_in_the_loop)
{
	struct err err;
	struct loop_signal hangup = {0};
	CHECK_OK(loop_new(&loop, &err));
	CHECK_OK(loop_signal_add(loop, &hangup, SIGHUP, got_signal, &err));
	kill(getpid(), SIGHUP);
	CHECK_OK(loop_run(loop, &err));
	CHECK_INT(signal_seen, SIGHUP);
	loop_signal_remove(&hangup);
	loop_free(loop);
}
