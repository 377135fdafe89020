#include "observe/log_line.h"

#include "unit/test.h"

static struct log_line line;
static char bytes[256];

static bool decode(const char *text, size_t size)
{
	memcpy(bytes, text, size);
	return log_line_decode(bytes, size, &line);
}
#define DECODE(literal) decode(literal, sizeof(literal) - 1)

TEST(a_line_of_docker_s_is_read)
{
	CHECK(DECODE("{\"log\":\"a\\tb\\n\",\"stream\":\"stderr\",\"attrs\":{\"k\":\"v\"},\"time\":\"1970-01-01T00:00:"
		     "01.5Z\"}"));
	CHECK_INT(line.size, 4);
	CHECK(memcmp(line.text, "a\tb\n", 4) == 0);
	CHECK(line.is_stderr);
	CHECK_INT(line.time_ns, 1500000000);
}

TEST(every_byte_comes_back)
{
	CHECK(DECODE("{\"log\":\"\\u0000\\u003c\xff\xc3\\u20ac\\ud83d\\ude00\\ud83dx\\\\\\\"\\/\"}"));
	static const char wanted[] = "\0<\xff\xc3\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbdx\\\"/";
	CHECK_INT(line.size, sizeof wanted - 1);
	CHECK(memcmp(line.text, wanted, line.size) == 0);
	CHECK(!line.is_stderr);
	CHECK_INT(line.time_ns, 0);
}

TEST(what_is_no_such_line_is_refused)
{
	static const char *const texts[] = {"",
					    "{",
					    "{}",
					    "{\"log\":\"a\"",
					    "{\"log\":\"a",
					    "{\"log\":1}",
					    "{\"stream\":\"stdout\"}",
					    "{\"log\":\"\\u12\"}",
					    "{\"log\":\"\\x\"}",
					    "{\"log\":\"\\",
					    "[\"log\"]",
					    "{\"attrs\":{\"a\":1},\"log\":\"\"}"};
	for (size_t i = 0; i < array_size(texts); i++)
		CHECK(!decode(texts[i], strlen(texts[i])));
}
