#include "engine/task.h"

#include "base/fd.h"
#include "base/process.h"
#include "engine/engine_state.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { OUTPUT_MAX = 8 << 20, REPORT = 3 };

struct task_error {
	int64_t code;
	char *message;
};
struct task_line {
	struct task_error *error;
	const struct json *result;
};
JSON_DECLARE(task_error);
JSON_DECLARE(task_line);
JSON_TYPE(task_error, F_I64(struct task_error, code, "code", 0), F_STR(struct task_error, message, "message", 0));
JSON_TYPE(task_line, F_POINTER(struct task_line, error, "error", JSON_OMIT, task_error),
	  F_RAW(struct task_line, result, "result", JSON_OMIT));

static void task_forget(struct task *task)
{
	struct task **link = &task->engine->tasks;
	while (*link && *link != task)
		link = &(*link)->next;
	if (*link)
		*link = task->next;
	loop_child_remove(&task->child);
	loop_io_remove(&task->report);
	cleanup_fd(&task->report_fd);
	task->report_fd = -1;
}

static int result_read(struct task *task, const struct json **out_result, struct err *err)
{
	struct task_line line = {0};
	if (task->output.len > 0) {
		int rc = json_load(&task->arena, &table_task_line, task->output.data, task->output.len,
				   "the job's report", 0, &line, err);
		if (rc < 0)
			return rc;
	}
	if (line.error)
		return err_set(err, line.error->code > 0 ? (int)line.error->code : EIO, "%s",
			       line.error->message ? line.error->message : "the job failed");
	if (WIFSIGNALED(task->status))
		return err_set(err, EIO, "the job was ended by signal %d", WTERMSIG(task->status));
	if (WEXITSTATUS(task->status) != 0 || !line.result)
		return err_set(err, EIO, "the job ended with status %d", WEXITSTATUS(task->status));
	*out_result = line.result;
	return 0;
}

static void task_over(struct task *task)
{
	const struct json *result = NULL;
	struct err err;
	if (!task->ended || !task->report_ended)
		return;
	task_forget(task);
	int rc = buf_check(&task->output, "the job's report", &err);
	if (rc == 0)
		rc = result_read(task, &result, &err);
	/* done may free the task. */
	struct arena arena = task->arena;
	buf_done(&task->output);
	task->arena = (struct arena){0};
	task->done(task, result, rc < 0 ? &err : NULL);
	arena_done(&arena);
}

static void report_ready(struct loop_io *io, uint32_t events)
{
	struct task *task = container_of(io, struct task, report);
	char data[4096];
	(void)events;
	ssize_t size = read(io->fd, data, sizeof data);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size > 0) {
		buf_append(&task->output, data, (size_t)size);
		return;
	}
	loop_io_remove(&task->report);
	task->report_ended = true;
	task_over(task);
}

static void child_ended(struct loop_child *child, int status)
{
	struct task *task = container_of(child, struct task, child);
	task->ended = true;
	task->status = status;
	task_over(task);
}

static int task_spawn(struct task *task, char *const *argv, const int *fds, size_t fd_count, struct err *err)
{
	const struct process_spec spec = {.path = task->engine->tugd,
					  .exe_fd = -1,
					  .argv = argv,
					  .fds = fds,
					  .fd_count = fd_count,
					  .new_session = true,
					  .die_with_parent = true};
	pid_t pid;
	int rc = process_spawn(&spec, &pid, err);
	return rc < 0 ? rc : loop_child_add(task->engine->loop, &task->child, pid, child_ended, err);
}

int task_start(struct engine *engine, struct task *task, char *const *argv, int *fds, size_t fd_count, struct err *err)
{
	int pair[2];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, "pipe2");
	auto_fd int theirs = pair[1];
	*task = (struct task){.done = task->done,
			      .abandoned = task->abandoned,
			      .engine = engine,
			      .next = engine->tasks,
			      .output = BUF_INIT(OUTPUT_MAX),
			      .report_fd = pair[0]};
	engine->tasks = task;
	fds[REPORT] = theirs;
	int rc = fd_set_nonblock(task->report_fd, true, err);
	if (rc == 0)
		rc = loop_io_add(engine->loop, &task->report, task->report_fd, EPOLLIN, report_ready, err);
	if (rc == 0)
		rc = task_spawn(task, argv, fds, fd_count, err);
	fds[REPORT] = -1;
	if (rc < 0)
		task_forget(task);
	return rc;
}

void tasks_end(struct engine *engine)
{
	while (engine->tasks) {
		struct task *task = engine->tasks;
		int status;
		struct err ignored;
		pid_t pid = task->child.pid;
		bool runs = pid > 0 && !task->ended;
		if (runs)
			(void)kill(pid, SIGKILL);
		task_forget(task);
		if (runs && process_wait(pid, &status, &ignored) < 0)
			task->ended = true;
		buf_done(&task->output);
		arena_done(&task->arena);
		if (task->abandoned)
			task->abandoned(task);
	}
}
