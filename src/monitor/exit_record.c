#include "monitor/exit_record.h"

#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define NAME "exit"

enum { LINE_SIZE_MAX = 64 };

int exit_record_write(int dir, const struct exit_record *record, struct err *err)
{
	char line[LINE_SIZE_MAX];
	int size =
	    snprintf(line, sizeof line, "%d %d %lld\n", record->code, record->oom_killed, (long long)record->time_ns);
	return file_replace(dir, NAME, line, (size_t)size, 0600, err);
}

int exit_record_read(int dir, struct exit_record *out_record, struct err *err)
{
	auto_buf text = BUF_INIT(LINE_SIZE_MAX);
	int64_t code, oom, time_ns;
	int rc = file_read(dir, NAME, &text, err);
	if (rc < 0)
		return rc;
	if (text.len == 0 || text.data[text.len - 1] != '\n' || strlen(text.data) != text.len)
		return err_set(err, EINVAL, NAME ": not a whole record");
	text.data[text.len - 1] = 0;
	auto_strv char **words = strv_split(text.data, ' ');
	if (strv_count(words) != 3)
		return err_set(err, EINVAL, NAME ": not a record");
	rc = number_parse(words[0], 0, 255, NAME ": code", &code, err);
	if (rc == 0)
		rc = number_parse(words[1], 0, 1, NAME ": out of memory", &oom, err);
	if (rc == 0)
		rc = number_parse(words[2], 0, INT64_MAX, NAME ": time", &time_ns, err);
	if (rc < 0)
		return -EINVAL;
	*out_record = (struct exit_record){(int)code, oom == 1, time_ns};
	return 0;
}
