/* Any bytes are a line or are refused; what comes out lies inside of what went in. */
#include "observe/log_line.h"

#include "base/error.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_line line;
	auto_free char *bytes = x_alloc(size + 1);
	memcpy(bytes, data, size);
	if (log_line_decode(bytes, size, &line) && (line.text < bytes || line.text + line.size > bytes + size))
		BUG("the text lies outside");
	return 0;
}
