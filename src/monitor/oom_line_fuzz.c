#include "monitor/oom_line.h"

#include "base/buffer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf text = BUF_INIT(1 << 20);
	pid_t pid;
	char name[20];
	buf_append(&text, data, size);
	if (oom_line_read(buf_str(&text), "/tug/abc", &pid, name, sizeof name) &&
	    (pid <= 0 || strlen(name) >= sizeof name))
		__builtin_trap();
	return 0;
}
