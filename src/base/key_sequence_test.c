#include "base/key_sequence.h"

#include "unit/test.h"

static struct key_sequence keys = {{'a', 'b'}, 2, 0};

static void check_filter(const char *data, bool found, const char *wanted)
{
	char out[64];
	size_t size;
	CHECK(key_sequence_filter(&keys, data, strlen(data), out, &size) == found);
	out[size] = 0;
	CHECK_STR(out, wanted);
}

TEST(other_bytes_pass)
{
	check_filter("xyz", false, "xyz");
}

TEST(the_sequence_is_found_and_taken_out)
{
	check_filter("xabz", true, "x");
}

TEST(a_beginning_is_held_back)
{
	check_filter("xa", false, "x");
	check_filter("b", true, "");
}

TEST(a_false_beginning_comes_out_whole)
{
	check_filter("xa", false, "x");
	check_filter("c", false, "ac");
	check_filter("aa", false, "a");
	check_filter("b", true, "");
}

TEST(one_key_is_enough)
{
	struct key_sequence one = {{'q'}, 1, 0};
	char out[64];
	size_t size;
	CHECK(!key_sequence_filter(&one, "xyz", 3, out, &size));
	CHECK_INT(size, 3);
	CHECK(key_sequence_filter(&one, "xq", 2, out, &size));
	CHECK_INT(size, 1);
}

TEST(without_keys_nothing_is_found)
{
	struct key_sequence none = {0};
	char out[64];
	size_t size;
	CHECK(!key_sequence_filter(&none, "a\0b", 3, out, &size));
	CHECK_INT(size, 3);
}
