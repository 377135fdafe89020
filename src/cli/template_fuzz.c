/* A template from any bytes, run on a small document. */
#include "cli/template.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char document[] =
	    "{\"Name\":\"/web\",\"Pid\":42,\"Args\":[\"a\",\"b\"],\"Labels\":{\"k\":\"v\"},\"None\":null}";
	auto_arena arena = {0};
	auto_buf out = BUF_INIT(64 << 10);
	auto_free char *text = x_strndup((const char *)data, size < 4096 ? size : 4096);
	const struct template *template;
	const struct json *value;
	struct err err;
	if (json_parse(&arena, document, strlen(document), "document", &value, &err) < 0)
		__builtin_trap();
	if (template_parse(&arena, text, &template, &err) == 0 &&
	    template_run(template, &arena, value, &out, &err) == 0 && out.overflow)
		__builtin_trap();
	return 0;
}
