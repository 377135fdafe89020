/* What criu answers. */
#include "runtime_cli/criu_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct criu_answer answer;
	struct err err;
	(void)!criu_answer_decode(data, size, &answer, &err);
	return 0;
}
