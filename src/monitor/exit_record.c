#include "monitor/exit_record.h"

#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define NAME "exit"

enum { LINE_SIZE_MAX = 256, WORDS_OLD = 3, WORDS = 9, SIGNAL_MAX = 64 };

int exit_record_write(int dir, const struct exit_record *record, struct err *err)
{
	char line[LINE_SIZE_MAX], name[sizeof record->oom.name];
	snprintf(name, sizeof name, "%s", record->oom.name);
	for (char *c = name; *c; c++)
		*c = *c == '\n' ? '?' : *c;
	int size = snprintf(line, sizeof line, "%d %d %lld %d %d %d %lld %lld %d %s\n", record->code,
			    record->oom_killed, (long long)record->time_ns, record->signal, record->core, record->sent,
			    (long long)record->oom.kills, (long long)record->oom.limit, record->oom.pid, name);
	return file_replace(dir, NAME, line, (size_t)size, 0600, err);
}

int exit_record_read(int dir, struct exit_record *out_record, struct err *err)
{
	static const struct {
		const char *what;
		int64_t max;
	} rows[WORDS] = {{NAME ": code", 255},		{NAME ": out of memory", 1}, {NAME ": time", INT64_MAX},
			 {NAME ": signal", SIGNAL_MAX}, {NAME ": core", 1},	     {NAME ": sent", SIGNAL_MAX},
			 {NAME ": kills", INT64_MAX},	{NAME ": limit", INT64_MAX}, {NAME ": pid", INT32_MAX}};
	auto_buf text = BUF_INIT(LINE_SIZE_MAX);
	int64_t values[WORDS] = {0};
	int rc = file_read(dir, NAME, &text, err);
	if (rc < 0)
		return rc;
	if (text.len == 0 || text.data[text.len - 1] != '\n' || strlen(text.data) != text.len)
		return err_set(err, EINVAL, NAME ": not a whole record");
	text.data[text.len - 1] = 0;
	char *at = text.data;
	size_t count = 0;
	while (at && count < WORDS) {
		char *end = strchr(at, ' ');
		if (end)
			*end = 0;
		if (number_parse(at, 0, rows[count].max, rows[count].what, &values[count], err) < 0)
			return -EINVAL;
		count++;
		at = end ? end + 1 : NULL;
	}
	/* Three words: of a monitor before 0.2. */
	if (count != WORDS_OLD && (count != WORDS || !at))
		return err_set(err, EINVAL, NAME ": not a record");
	*out_record = (struct exit_record){.code = (int32_t)values[0],
					   .oom_killed = values[1] == 1,
					   .time_ns = values[2],
					   .signal = (int32_t)values[3],
					   .core = values[4] == 1,
					   .sent = (int32_t)values[5],
					   .oom = {values[6], values[7], (int32_t)values[8], ""}};
	if (at)
		snprintf(out_record->oom.name, sizeof out_record->oom.name, "%s", at);
	return 0;
}
