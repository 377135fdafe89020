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

TEST(nothing_that_somebody_else_chose_commands_a_terminal)
{
	static const struct {
		const char *text, *keep, *shown;
	} rows[] = {
	    {"plain, gr\u00fc\u00df, \u65e5\u672c", "", "plain, gr\u00fc\u00df, \u65e5\u672c"},
	    {"\033[2J", "", "\\x1b[2J"},
	    {"a\nb\tc\rd", "\n\t", "a\nb\tc\\x0dd"},
	    {"a\nb", "", "a\\x0ab"},
	    {"\x7f", "", "\\x7f"},
	    {"\xc2\x9b"
	     "31m",
	     "", "\\u{9b}31m"},
	    {"\x9b"
	     "31m",
	     "", "\\x9b31m"},
	    {"\u202egpj.exe", "", "\\u{202e}gpj.exe"},
	    {"\xc0\x9b", "", "\\xc0\\x9b"},
	    {"\xe2\x80", "", "\\xe2\\x80"},
	    {"\xf4\x90\x80\x80", "", "\\xf4\\x90\\x80\\x80"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_buf out = BUF_INIT(256);
		buf_printable(&out, rows[i].text, rows[i].keep);
		CHECK_STR(buf_str(&out), rows[i].shown);
	}
}
