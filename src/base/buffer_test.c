#include "base/buffer.h"
#include "unit/test.h"

TEST(buffer_refuses_what_passes_its_maximum)
{
	struct err err;
	auto_buf buf = BUF_INIT(8);
	buf_text(&buf, "1234");
	buf_printf(&buf, "%d", 5678);
	CHECK_OK(buf_check(&buf, "name", &err));
	CHECK_STR(buf_str(&buf), "12345678");
	buf_char(&buf, '9');
	CHECK_ERR(buf_check(&buf, "name", &err), E2BIG);
	CHECK_STR(err.msg, "name is larger than 8 bytes");
	CHECK_STR(buf_str(&buf), "12345678");
}

TEST(buffer_consume_and_take)
{
	auto_buf buf = BUF_INIT(100);
	buf_text(&buf, "hello world");
	buf_consume(&buf, 6);
	CHECK_STR(buf_str(&buf), "world");
	auto_free char *text = buf_take(&buf);
	CHECK_STR(text, "world");
	CHECK_INT(buf.len, 0);
}
