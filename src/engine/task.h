/*
 * A job (`tugd job KIND`) whose answer is one line: {"result":...} or {"error":{"code":errno,"message":"..."}} on its
 * descriptor 3. Inside the engine only. Jobs that read archives and report progress are job.c's.
 */
#pragma once

#include "base/buffer.h"
#include "base/json.h"
#include "base/loop.h"

struct engine;

struct task {
	/* Called once, from the loop; the task is over and may be freed or started again. result is in the arena. */
	void (*done)(struct task *task, const struct json *result, const struct err *err);
	void (*abandoned)(struct task *task); /* instead of done, by tasks_end: frees; or NULL */
	/* task.c's */
	struct engine *engine;
	struct task *next;
	struct loop_child child;
	struct loop_io report;
	struct buf output;
	struct arena arena;
	int report_fd, status;
	bool ended, report_ended;
};

/*
 * argv is {"tugd", "job", KIND, ..., NULL}. fds[i] becomes descriptor i of the job; fds[3] is made here. They stay the
 * caller's. On failure done is not called.
 */
int task_start(struct engine *engine, struct task *task, char *const *argv, int *fds, size_t fd_count,
	       struct err *err) must_check;

void tasks_end(struct engine *engine); /* kills all; nobody is told: for engine_close */
