#include "cli/detach_keys.h"

#include "unit/test.h"

static struct err err;
static struct key_sequence keys;
static char out[64];
static size_t size;

static bool type(const char *text)
{
	bool done = key_sequence_filter(&keys, text, strlen(text), out, &size);
	out[size] = 0;
	return done;
}

TEST(default_is_ctrl_p_ctrl_q)
{
	CHECK_OK(detach_keys_parse(NULL, &keys, &err));
	CHECK(!type("ab\x10"));
	CHECK_STR(out, "ab");
	CHECK(!type("c"));
	CHECK_STR(out, "\x10"
		       "c");
	CHECK(!type("\x10"));
	CHECK(type("\x11rest"));
	CHECK_STR(out, "");
}

TEST(a_false_start_may_begin_a_true_one)
{
	CHECK_OK(detach_keys_parse("a,b", &keys, &err));
	CHECK(type("xaab"));
	CHECK_STR(out, "xa");
}

TEST(nonsense_is_refused)
{
	static const char *const bad[] = {"ctrl-", "ctrl-1", "ab", "a,,b", "ctrl-ab"};
	for (size_t i = 0; i < array_size(bad); i++)
		CHECK_ERR(detach_keys_parse(bad[i], &keys, &err), EINVAL);
	CHECK_OK(detach_keys_parse("ctrl-@,ctrl-_,Z", &keys, &err));
	CHECK_INT(keys.keys[0], 0);
	CHECK_INT(keys.keys[1], 31);
}
