#include "engine/usage.h"

#include "base/fd.h"
#include "base/text.h"
#include "engine/engine_state.h"

enum { NAMES_MAX = 16 << 20 };

static int sizes_read(const struct json *result, size_t count, int64_t *sizes, struct err *err)
{
	const struct json *list = json_get(result, "sizes");
	if (!list || list->kind != JSON_ARRAY || list->count != count)
		return err_set(err, EPROTO, "the job measured something else");
	for (size_t i = 0; i < count; i++) {
		if (list->items[i]->kind != JSON_NUMBER || json_number_i64(list->items[i], &sizes[i]) < 0)
			return err_set(err, EPROTO, "the job measured no number");
	}
	return 0;
}

static void task_done(struct task *task, const struct json *result, const struct err *err)
{
	struct usage *usage = container_of(task, struct usage, task);
	auto_free int64_t *sizes = x_alloc((usage->count + 1) * sizeof *sizes);
	struct err wrong;
	if (!err && sizes_read(result, usage->count, sizes, &wrong) < 0)
		err = &wrong;
	usage->done(usage, err ? NULL : sizes, err);
}

static void task_abandoned(struct task *task)
{
	struct usage *usage = container_of(task, struct usage, task);
	if (usage->abandoned)
		usage->abandoned(usage);
}

int usage_start(struct engine *engine, struct usage *usage, char *const *names, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"usage", NULL};
	auto_buf text = BUF_INIT(NAMES_MAX);
	auto_fd int list = -1;
	usage->count = 0;
	for (; names[usage->count]; usage->count++)
		buf_printf(&text, "%s\n", names[usage->count]);
	int rc = buf_check(&text, "the list of directories", err);
	if (rc == 0)
		rc = fd_sealed("tug-usage", buf_str(&text), text.len, &list, err);
	if (rc < 0)
		return rc;
	int fds[] = {list, -1, STDERR_FILENO, -1, engine->data};
	usage->task.done = task_done;
	usage->task.abandoned = task_abandoned;
	return task_start(engine, &usage->task, argv, fds, array_size(fds), err);
}
